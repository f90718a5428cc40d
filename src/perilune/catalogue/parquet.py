"""Orbits by the million: Parquet in and out.

The columns are those of the table `orbits` that carry data, with the object's designation, name
and number; `document_json` holds what the columns cannot (see `orbit_rows`). Of a file from
elsewhere only `COLUMNS_NEEDED` must be there; others may be absent or empty.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import select

from perilune.catalogue.database import Database
from perilune.catalogue.objects import Naming
from perilune.catalogue.orbit_rows import OrbitRow, orbit_row
from perilune.catalogue.solutions import AddedOrbits, OrbitIntake
from perilune.catalogue.tables import objects, orbits
from perilune.errors import InputError
from perilune.orbits.perilune_json import parse_perilune
from perilune.orbits.reading import SourceText

Progress = Callable[[float, str], None]

SCHEMA: Final = pa.schema(
    [
        pa.field("designation", pa.string(), nullable=False),
        pa.field("name", pa.string()),
        pa.field("number", pa.int64()),
        pa.field("solution", pa.string()),
        pa.field("publisher", pa.string()),
        pa.field("solution_date", pa.string()),
        pa.field("epoch_mjd_tdb", pa.float64(), nullable=False),
        pa.field("semi_major_axis_au", pa.float64()),
        pa.field("semi_major_axis_sigma_au", pa.float64()),
        pa.field("eccentricity", pa.float64(), nullable=False),
        pa.field("inclination_deg", pa.float64(), nullable=False),
        pa.field("node_deg", pa.float64(), nullable=False),
        pa.field("argument_of_perihelion_deg", pa.float64(), nullable=False),
        pa.field("mean_anomaly_deg", pa.float64()),
        pa.field("perihelion_distance_au", pa.float64()),
        pa.field("absolute_magnitude_h", pa.float64()),
        pa.field("slope_g", pa.float64()),
        pa.field("diameter_km", pa.float64()),
        pa.field("albedo", pa.float64()),
        pa.field("document_json", pa.string()),
        pa.field("source", pa.string()),
    ]
)
COLUMNS_NEEDED: Final = (
    "designation", "epoch_mjd_tdb", "semi_major_axis_au", "eccentricity", "inclination_deg",
    "node_deg", "argument_of_perihelion_deg", "mean_anomaly_deg",
)  # fmt: skip
_BATCH: Final = 50_000


def load_parquet(
    database: Database, path: Path, by: str, progress: Progress | None = None
) -> AddedOrbits:
    """Add a Parquet file's orbits to the catalogue, all or none of them.

    Raises:
        InputError: no Parquet file, a column is missing or of a wrong type, or a row holds no
            orbit: which, and why.
    """
    table = _read(path)
    ids: list[int] = []
    new = preferred = 0
    with database.write() as connection:
        intake = OrbitIntake(connection, by, table.num_rows)
        for start in range(0, table.num_rows, _BATCH):
            if progress is not None:
                progress(start / table.num_rows, f"orbits of {path.name}")
            namings, rows = _rows(table.slice(start, _BATCH), start, path)
            added = intake.add(namings, rows)
            ids += added.object_ids
            new, preferred = new + added.new, preferred + added.preferred
    return AddedOrbits(tuple(ids), new, preferred)


def save_parquet(database: Database, path: Path, *, only_preferred: bool = True) -> int:
    """Write the catalogue's orbits to a Parquet file; how many.

    Raises:
        InputError: the file cannot be written.
    """
    names = [field.name for field in SCHEMA]
    columns = [objects.c[name] if name in objects.c else orbits.c[name] for name in names]
    query = select(*columns).join(objects, orbits.c.object_id == objects.c.id)
    query = query.order_by(orbits.c.object_id, orbits.c.id)
    if only_preferred:
        query = query.where(orbits.c.is_preferred)
    part = path.with_name(f".{path.name}.part")
    count = 0
    try:
        with database.read() as connection, pq.ParquetWriter(part, SCHEMA) as writer:
            result = connection.execution_options(yield_per=_BATCH).execute(query)
            for rows in result.partitions():
                values = zip(*rows, strict=True)
                arrays = [
                    pa.array(column, type=field.type)
                    for field, column in zip(SCHEMA, values, strict=True)
                ]
                writer.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA))
                count += len(rows)
        part.replace(path)
    except OSError as error:
        raise InputError(
            "the file cannot be written", file=str(path), found=error.strerror or str(error)
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return count


def _read(path: Path) -> pa.Table:
    try:
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            "this is no readable Parquet file",
            file=str(path),
            found=str(error).partition("\n")[0],
            expected="orbits as Parquet",
        ) from error
    missing = [name for name in COLUMNS_NEEDED if name not in table.column_names]
    if missing:
        raise InputError(
            "a column is missing",
            file=str(path),
            field=missing[0],
            found=", ".join(table.column_names[:12]),
            expected=", ".join(COLUMNS_NEEDED),
        )
    arrays = []
    for field in SCHEMA:
        if field.name not in table.column_names:
            arrays.append(pa.nulls(table.num_rows, field.type))
            continue
        try:
            arrays.append(table.column(field.name).cast(field.type))
        except pa.ArrowException as error:
            raise InputError(
                "a column is of the wrong type",
                file=str(path),
                field=field.name,
                found=str(table.schema.field(field.name).type),
                expected=str(field.type),
            ) from error
    return pa.Table.from_arrays(arrays, names=[field.name for field in SCHEMA])


def _rows(table: pa.Table, start: int, path: Path) -> tuple[list[Naming], list[OrbitRow]]:
    columns = {name: table.column(name).to_pylist() for name in table.column_names}
    _check(columns, table, start, path)
    for name in ("solution", "publisher", "source"):
        columns[name] = [value or "" for value in columns[name]]
    columns["perihelion_distance_au"] = [
        None if a is None else a * (1.0 - e)
        for a, e in zip(columns["semi_major_axis_au"], columns["eccentricity"], strict=True)
    ]
    columns["semi_major_axis_sigma_au"] = [None] * table.num_rows
    columns["has_covariance"] = [False] * table.num_rows
    rows = list(map(OrbitRow, *(columns[name] for name in OrbitRow._fields)))
    full_names = [
        f"{number} {name}" if name and number is not None else designation
        for designation, name, number in zip(
            columns["designation"], columns["name"], columns["number"], strict=True
        )
    ]
    for index, document in enumerate(columns["document_json"]):
        if document is not None:
            where = f"{path}, row {start + index + 1}"
            (orbit,) = parse_perilune(SourceText(document, where))
            full_names[index] = orbit.full_name
            rows[index] = orbit_row(dataclasses.replace(orbit, source=rows[index].source))
    of_object = (columns["designation"], columns["name"], columns["number"], full_names)
    return list(map(Naming, *of_object)), rows


def _check(columns: dict[str, list[Any]], table: pa.Table, start: int, path: Path) -> None:
    """Refuse the first row that holds no orbit; rows with a document are checked as it is read."""
    plain = np.array([document is None for document in columns["document_json"]], dtype=np.bool_)

    def numbers(name: str) -> Any:
        filled = [np.nan if value is None else value for value in columns[name]]
        return np.array(filled, dtype=np.float64)

    a, e, i = (numbers(name) for name in ("semi_major_axis_au", "eccentricity", "inclination_deg"))
    designated = np.array([bool(name) for name in columns["designation"]], dtype=np.bool_)
    is_orbit = ((e >= 0.0) & (e < 1.0) & (a > 0.0)) | ((e > 1.0) & (a < 0.0))
    checks = [
        ("designation", ~designated, "a name"),
        ("semi_major_axis_au", ~is_orbit, "a > 0 au with 0 <= e < 1, or a < 0 au with e > 1"),
        ("inclination_deg", ~((i >= 0.0) & (i <= 180.0)), "0 to 180 degrees"),
    ]
    checks += [
        (name, ~np.isfinite(numbers(name)), "a finite number")
        for name in ("epoch_mjd_tdb", "semi_major_axis_au", "node_deg",
                     "argument_of_perihelion_deg", "mean_anomaly_deg")
    ]  # fmt: skip
    for name in ("absolute_magnitude_h", "slope_g", "diameter_km", "albedo"):
        given = np.array([value is not None for value in columns[name]], dtype=np.bool_)
        checks.append((name, given & ~np.isfinite(numbers(name)), "a finite number, or nothing"))
    for name, bad, expected in checks:
        wrong = np.flatnonzero(bad if name == "designation" else bad & plain)
        if wrong.size:
            raise InputError(
                "this row holds no orbit",
                file=str(path),
                line=start + int(wrong[0]) + 1,
                field=name,
                found=columns[name][wrong[0]],
                expected=expected,
                remedy="Nothing was added.",
            )
