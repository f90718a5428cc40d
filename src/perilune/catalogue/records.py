"""What every table's module shares: the office's clock, digests, JSON, and writing many rows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Table, func, select, text

_T = TypeVar("_T")
CHUNK: Final = 500  # values in one IN (...): SQLite's oldest limit is 999


def utc_now() -> str:
    """This moment as the tables write it: 2026-11-22T17:40:05.123Z."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def digest(*parts: bytes | str) -> bytes:
    """SHA-256 of parts, kept apart from each other by their lengths."""
    found = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        found.update(len(data).to_bytes(8, "little") + data)
    return found.digest()


def to_json(value: object) -> str:
    """JSON on one line with sorted keys; the same value is the same text."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def from_json(given: str | None) -> Any:
    """The value of a JSON column; None where it is empty."""
    return None if given is None else json.loads(given)


def chunks(values: Sequence[_T], size: int = CHUNK) -> Iterator[Sequence[_T]]:
    """The values in pieces that fit one statement."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def next_id(connection: Connection, table: Table) -> int:
    """The first free number of a table, which nobody else can take before this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))
    return int(connection.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()) + 1


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Collection[Sequence[object]]
) -> None:
    """Insert many rows with their numbers, by the quickest way that the database has.

    Args:
        connection: in a writing transaction that has called `next_id` where `columns` names "id".
        table: where to.
        columns: the names of the values in each row.
        rows: values in the driver's own types.
    """
    if not rows:
        return
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        cursor = connection.connection.cursor()
        cursor.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", list(rows))
        cursor.close()
        return
    cursor = connection.connection.cursor()
    with cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    cursor.close()
    if "id" in columns:
        connection.execute(
            text(
                f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), "
                f"(SELECT max(id) FROM {table.name}))"
            )
        )
