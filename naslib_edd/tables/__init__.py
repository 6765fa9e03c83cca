"""Benchmark tables: the built-in ones and any of four formats, queried one by one or whole.

>>> table = Table.open("nb201")
>>> table.query("|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|").cifar10.test.rank
15285

Importing this package loads neither torch nor any of the benchmarks' own packages; torch is needed
only while a ``.pth`` is read.
"""

from naslib_edd.tables.convert import convert
from naslib_edd.tables.locate import find_table
from naslib_edd.tables.record import DatasetRecord, Record, Score
from naslib_edd.tables.table import Table

__all__ = ["DatasetRecord", "Record", "Score", "Table", "convert", "find_table"]
