"""Observations as they were submitted: the file's own bytes, and every row that could be read.

Nothing here is ever altered: a file that is submitted again, whole or in part, adds only what is
new in it, and what cannot be used is kept with its reason.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

import numpy as np
from sqlalchemy import Connection, func, insert, select

from perilune.astrometry.observations import Observations
from perilune.astrometry.reading import Reading
from perilune.catalogue.audit import write_audit
from perilune.catalogue.objects import Naming, ObjectIntake
from perilune.catalogue.records import chunks, digest, insert_rows, next_id, to_json, utc_now
from perilune.catalogue.tables import observations, submissions
from perilune.errors import UnknownNameError
from perilune.orbits.designations import number_of

_LINE_FORMATS: Final = ("ADES PSV", "ADES CSV", "MPC 80-column", "rwo")
_FIELDS: Final = tuple(item.name for item in fields(Observations))
# What says where a row was read, not what was measured: no part of a row's digest.
_PLACE: Final = ("designation", "line", "file")
_POSITION: Final = ("position_1", "position_2", "position_3")
_VALUES: Final = tuple(
    name for each in _FIELDS for name in (_POSITION if each == "position" else (each,))
)
_INSERTED: Final = ("id", "object_id", "submission_id", "sha256", "text", *_VALUES)


@dataclass(frozen=True, slots=True)
class Submission:
    """One file as it was handed in.

    Attributes:
        id: its number in this database.
        sha256: hexadecimal digest of the bytes.
        kind: "observations" or "orbits".
        file, format: its name, and what it turned out to be.
        submitted_by, submitted_utc: who and when.
    """

    id: int
    sha256: str
    kind: Literal["observations", "orbits"]
    file: str
    format: str
    submitted_by: str
    submitted_utc: str


@dataclass(frozen=True, slots=True)
class Submitted:
    """What came of handing in a file.

    Attributes:
        submission_id: its number; the earlier one's if these very bytes are there already.
        is_new: whether they are not.
        object_ids: the objects that gained observations.
        added: rows that are new.
        known: rows that were there already.
        rejected: lines that could not be used.
    """

    submission_id: int
    is_new: bool
    object_ids: tuple[int, ...]
    added: int
    known: int
    rejected: int


def submit_observations(
    connection: Connection, content: bytes, reading: Reading, by: str
) -> Submitted:
    """Keep a file of observations and add its rows to their objects.

    Args:
        connection: in a writing transaction.
        content: the file's bytes.
        reading: what `parse_observations` made of them.
        by: who hands it in.
    """
    rejected = [
        {"line": row.line, "reason": row.reason, "text": row.text} for row in reading.rejected
    ]
    submission_id, is_new = keep_submission(
        connection, content, "observations", reading.file, reading.format, by, rejected
    )
    table = reading.observations
    if not is_new:
        return Submitted(submission_id, False, (), 0, len(table), len(rejected))
    names = [str(name) for name in table.designation]
    distinct = list(dict.fromkeys(names))
    namings = [Naming(name, None, number_of(name)) for name in distinct]
    found = ObjectIntake(connection, len(namings)).ids(namings)
    object_of = dict(zip(distinct, found, strict=True))
    object_ids = [object_of[name] for name in names]
    known = _known(connection, sorted(set(object_ids)))
    lines = _lines(content, reading)
    free = next_id(connection, observations)
    fresh: list[list[Any]] = []
    gained: dict[int, None] = {}
    for row, (object_id, values) in enumerate(zip(object_ids, _values(table), strict=True)):
        sha256 = _row_digest(values)
        if (object_id, sha256) in known:
            continue
        known.add((object_id, sha256))
        gained.setdefault(object_id)
        line = int(table.line[row])
        text = lines[line - 1] if lines and line <= len(lines) else None
        fresh.append([free + len(fresh), object_id, submission_id, sha256, text, *values.values()])
    insert_rows(connection, observations, _INSERTED, fresh)
    return Submitted(
        submission_id,
        True,
        tuple(gained),
        len(fresh),
        len(table) - len(fresh),
        len(rejected),
    )


def keep_submission(
    connection: Connection,
    content: bytes,
    kind: Literal["observations", "orbits"],
    file: str,
    form: str,
    by: str,
    rejected: Sequence[dict[str, Any]] = (),
) -> tuple[int, bool]:
    """Keep a file's bytes; its number, and whether it is new. Audited."""
    sha256 = digest(content)
    query = select(submissions.c.id).where(submissions.c.sha256 == sha256)
    present = connection.execute(query).scalar()
    if present is not None:
        return int(present), False
    result = connection.execute(
        insert(submissions).values(
            sha256=sha256,
            kind=kind,
            file=file,
            format=form,
            submitted_by=by,
            submitted_utc=utc_now(),
            content=content,
            rejected_json=to_json(list(rejected)) if rejected else None,
        )
    )
    key = result.inserted_primary_key
    assert key is not None
    write_audit(
        connection, by, "submit", f"submission:{key[0]}", {"file": file, "sha256": sha256.hex()}
    )
    return int(key[0]), True


def is_submitted(connection: Connection, content: bytes) -> bool:
    """Whether these very bytes are in the catalogue."""
    query = select(submissions.c.id).where(submissions.c.sha256 == digest(content))
    return connection.execute(query).scalar() is not None


def submissions_of(connection: Connection, *, limit: int = 100) -> list[Submission]:
    """The latest files first."""
    columns = [
        column for column in submissions.c if column.name not in ("content", "rejected_json")
    ]
    query = select(*columns).order_by(submissions.c.id.desc()).limit(limit)
    return [
        Submission(
            r.id, bytes(r.sha256).hex(), r.kind, r.file, r.format, r.submitted_by, r.submitted_utc
        )
        for r in connection.execute(query)
    ]


def submission_content(connection: Connection, submission_id: int) -> bytes:
    """A file's bytes, as they were handed in.

    Raises:
        UnknownNameError: there is no such submission.
    """
    query = select(submissions.c.content).where(submissions.c.id == submission_id)
    found = connection.execute(query).scalar()
    if found is None:
        raise UnknownNameError("submission", str(submission_id))
    return bytes(found)


def observations_of(
    connection: Connection, object_id: int, designation: str, *, last_id: int | None = None
) -> Observations:
    """Every observation of an object, in the order in which they came.

    Args:
        connection: any.
        object_id: the object.
        designation: what the rows are to call it, whatever their files did.
        last_id: the youngest that is wanted, if not all are.
    """
    columns = [observations.c[name] for name in _VALUES]
    query = select(*columns).where(observations.c.object_id == object_id)
    if last_id is not None:
        query = query.where(observations.c.id <= last_id)
    rows = connection.execute(query.order_by(observations.c.id)).all()
    table = _table(rows)
    return dataclasses.replace(table, designation=np.full(len(rows), designation))


def observations_digest(connection: Connection, object_id: int) -> bytes | None:
    """SHA-256 of an object's observations, whatever their order; None where there are none."""
    query = select(observations.c.sha256).where(observations.c.object_id == object_id)
    found = sorted(bytes(row[0]) for row in connection.execute(query))
    return digest(*found) if found else None


def count_observations(connection: Connection, object_id: int | None = None) -> int:
    """How many observations there are, of an object or in all."""
    query = select(func.count()).select_from(observations)
    if object_id is not None:
        query = query.where(observations.c.object_id == object_id)
    return int(connection.execute(query).scalar_one())


def _lines(content: bytes, reading: Reading) -> list[str]:
    """The file's lines where its format has one observation a line."""
    if reading.format not in _LINE_FORMATS or content.startswith(b"\x1f\x8b"):
        return []
    return content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace").split("\n")


def _known(connection: Connection, object_ids: Sequence[int]) -> set[tuple[int, bytes]]:
    query = select(observations.c.object_id, observations.c.sha256)
    return {
        (int(row[0]), bytes(row[1]))
        for some in chunks(object_ids)
        for row in connection.execute(query.where(observations.c.object_id.in_(some)))
    }


def _row_digest(values: dict[str, Any]) -> bytes:
    return digest(repr([value for name, value in values.items() if name not in _PLACE]))


def _values(table: Observations) -> list[dict[str, Any]]:
    """Each row as the values of `_VALUES`: NaN as None."""
    columns: dict[str, list[Any]] = {}
    for item in fields(Observations):
        array = getattr(table, item.name)
        if item.name == "position":
            for k, name in enumerate(_POSITION):
                columns[name] = _plain(array[:, k])
        else:
            columns[item.name] = _plain(array)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(array: Any) -> list[Any]:
    values = array.tolist()
    if array.dtype.kind == "f":
        return [None if value != value else value for value in values]
    return list(values)


def _table(rows: Sequence[Any]) -> Observations:
    columns: dict[str, Any] = {}
    for item in fields(Observations):
        if item.name == "position":
            values = [[getattr(row, name) for name in _POSITION] for row in rows]
            columns[item.name] = np.array(values, dtype=np.float64).reshape(-1, 3)
            continue
        column = [getattr(row, item.name) for row in rows]
        if item.type == "FloatArray":
            columns[item.name] = np.array(column, dtype=np.float64)
        elif item.type == "TextArray":
            columns[item.name] = np.array(column, dtype=np.str_)
        elif "bool" in str(item.type):
            columns[item.name] = np.array(column, dtype=np.bool_)
        elif "int8" in str(item.type):
            columns[item.name] = np.array(column, dtype=np.int8)
        else:
            columns[item.name] = np.array(column, dtype=np.int64)
    return Observations(**columns)
