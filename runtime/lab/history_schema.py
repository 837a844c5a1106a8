"""The tables of the history, version by version."""

from __future__ import annotations

APPLICATION = 0x454B4854
"""What tells the file from other SQLite files: "EKHT"."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE records (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            sha256 TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            model_sha256 TEXT NOT NULL,
            target TEXT NOT NULL,
            device TEXT NOT NULL,
            commit_id TEXT NOT NULL,
            created TEXT NOT NULL,
            added TEXT NOT NULL,
            tool TEXT NOT NULL,
            report BLOB NOT NULL
        )""",
        """CREATE TABLE figures (
            record INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            value REAL NOT NULL,
            unit TEXT NOT NULL,
            low REAL,
            high REAL,
            provenance TEXT NOT NULL,
            PRIMARY KEY (record, name)
        )""",
        """CREATE TABLE tags (
            record INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE,
            tag TEXT NOT NULL,
            PRIMARY KEY (record, tag)
        )""",
    ),
    (
        "CREATE INDEX records_by_series ON records (name, target, created)",
        "CREATE INDEX figures_by_name ON figures (name, record)",
    ),
    (
        """CREATE TABLE samples (
            record INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
            data BLOB NOT NULL
        )""",
    ),
)
"""Statement lists: number i brings a file of version i to version i + 1. They only ever grow."""

VERSION = len(MIGRATIONS)
