"""Do shared weights rank cells as the table does? The supernet of a run, cell by cell."""
