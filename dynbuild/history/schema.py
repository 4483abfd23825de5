"""The tables of the history, and migrations from those of earlier versions."""

from collections.abc import Sequence
from sqlite3 import Connection

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE builds (
            id INTEGER PRIMARY KEY,
            project TEXT NOT NULL,
            ended REAL NOT NULL,
            seconds REAL NOT NULL,
            platform TEXT NOT NULL,
            lock TEXT NOT NULL,
            failed TEXT
        )
        """,
        "CREATE INDEX builds_of ON builds (project, id)",
        """
        CREATE TABLE steps (
            build INTEGER NOT NULL REFERENCES builds (id) ON DELETE CASCADE,
            step TEXT NOT NULL,
            kind TEXT NOT NULL,
            title TEXT NOT NULL,
            digest TEXT NOT NULL,
            placed TEXT NOT NULL,
            source TEXT NOT NULL,
            seconds REAL NOT NULL,
            bytes INTEGER NOT NULL,
            ran INTEGER NOT NULL,
            onto TEXT NOT NULL,
            PRIMARY KEY (build, step)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX steps_of ON steps (digest)",
        """
        CREATE TABLE locks (
            digest TEXT PRIMARY KEY,
            text TEXT NOT NULL
        ) WITHOUT ROWID
        """,
        """
        CREATE TABLE descriptions (
            digest TEXT PRIMARY KEY,
            description TEXT NOT NULL
        ) WITHOUT ROWID
        """,
    ),
)
"""The statements that migrate each version of the schema to the next one."""


class NewerError(Exception):
    """The file has the schema of a newer dynbuild."""


def migrate(
    database: Connection, migrations: Sequence[Sequence[str]] = MIGRATIONS
) -> None:
    """Migrate a database to the newest schema, in one transaction.

    SQLite's ``user_version`` counts the migrations applied. Raises NewerError if there
    are more than this version knows; nothing is touched then.
    """
    if _version(database, len(migrations)) == len(migrations):
        return
    with database:
        database.execute("BEGIN IMMEDIATE")
        # Another process may have done it meanwhile.
        for statements in migrations[_version(database, len(migrations)) :]:
            for statement in statements:
                database.execute(statement)
        database.execute(f"PRAGMA user_version = {len(migrations)}")


def _version(database: Connection, newest: int) -> int:
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version > newest:
        raise NewerError
    return int(version)
