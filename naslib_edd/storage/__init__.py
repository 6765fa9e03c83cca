"""Files that are read again: written whole, locked, sealed; and what a user may call them."""
