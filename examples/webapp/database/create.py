"""Makes a database of a schema."""

import sqlite3
import sys
from pathlib import Path

schema, database = sys.argv[1:]
with sqlite3.connect(database) as connection:
    connection.executescript(Path(schema).read_text())
