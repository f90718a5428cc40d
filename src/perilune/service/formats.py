"""In what form an answer is wanted: JSON, or for lists CSV and Parquet, by Accept or `format`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Query, Request

from perilune.errors import InputError

Form = Literal["json", "csv", "parquet"]
Row = Mapping[str, Any]

MEDIA: Final[dict[Form, str]] = {
    "json": "application/json",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
_STATE: Final = "form_asked"


class NotAcceptableError(InputError):
    """There is no form of the answer that the client takes."""


def _asked(
    request: Request,
    format: Annotated[
        Form | None, Query(description="The answer's form, whatever Accept says.")
    ] = None,
) -> None:
    setattr(request.state, _STATE, format)


TABLES: Final[list[Any]] = [Depends(_asked)]
"""Dependencies of routes whose answers may be tables."""

TABLE_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The rows; as CSV and Parquet with dots in the names of what is nested.",
        "content": {
            MEDIA["csv"]: {"schema": {"type": "string"}},
            MEDIA["parquet"]: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


def rows_of(kind: Any) -> dict[str, Any]:
    """What a route's decorator says of an answer that is a list of rows."""
    return {"response_model": kind, "responses": TABLE_ANSWER, "dependencies": TABLES}


def wanted_form(request: Request, *, tabular: bool) -> Form:
    """The form that the client likes best of those that there are.

    Args:
        request: with `Accept` (RFC 9110, section 12.5.1), or none for JSON.
        tabular: whether the answer may be CSV or Parquet.

    Raises:
        NotAcceptableError: it takes none of them.
    """
    asked: Form | None = getattr(request.state, _STATE, None)
    if asked is not None:
        return asked
    forms: list[Form] = ["json", "csv", "parquet"] if tabular else ["json"]
    accept = ",".join(request.headers.getlist("accept")).strip()
    if not accept:
        return "json"
    ranges = [_range(part) for part in accept.split(",") if part.strip()]
    best: tuple[float, Form] | None = None
    for form in forms:
        quality = _quality(MEDIA[form], ranges)
        if quality > 0.0 and (best is None or quality > best[0]):
            best = quality, form
    if best is None:
        raise NotAcceptableError(
            "there is no such form of this answer",
            field="Accept",
            found=accept[:80],
            expected=" or ".join(MEDIA[form] for form in forms),
        )
    return best[1]


def _range(part: str) -> tuple[str, float]:
    """A media range and its quality; one that is no number counts as nought."""
    name, *parameters = part.split(";")
    quality = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            try:
                quality = float(value)
            except ValueError:
                quality = 0.0
    return name.strip().lower(), quality if 0.0 <= quality <= 1.0 else 0.0


def _quality(media: str, ranges: Sequence[tuple[str, float]]) -> float:
    """The quality of the most specific range that holds the media type."""
    for name in (media, f"{media.partition('/')[0]}/*", "*/*"):
        given = [quality for found, quality in ranges if found == name]
        if given:
            return max(given)
    return 0.0


def flat_rows(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows with one name for each value: `b_plane.xi_km`; lists stay whole."""
    return [dict(_flat("", row)) for row in rows]


def _flat(prefix: str, row: Row) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in row.items():
        if isinstance(value, Mapping):
            found += _flat(f"{prefix}{name}.", value)
        else:
            found.append((f"{prefix}{name}", value))
    return found


def _names(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def csv_text(rows: Sequence[Row]) -> bytes:
    """CSV (RFC 4180) with a header; what is not known is empty, lists are JSON."""
    flat = flat_rows(rows)
    names = _names(flat)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(names)
    for row in flat:
        writer.writerow([_cell(row.get(name)) for name in names])
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    return value


def parquet_bytes(rows: Sequence[Row], about: Mapping[str, object]) -> bytes:
    """Parquet; the envelope's signature and units stand in the schema's metadata as JSON."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    flat = flat_rows(rows)
    names = _names(flat)
    columns = {name: _column(pa, [row.get(name) for row in flat]) for name in names}
    table = pa.table(columns)
    told = {f"perilune.{key}": json.dumps(value) for key, value in about.items()}
    sink = pa.BufferOutputStream()
    pq.write_table(table.replace_schema_metadata(told), sink)
    found: bytes = sink.getvalue().to_pybytes()
    return found


def _column(pa: Any, values: list[Any]) -> Any:
    """Numbers that are whole in some rows only are floats in all; empty objects are JSON texts."""
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int, float}:
        values = [None if value is None else float(value) for value in values]
    elif kinds - {list} and len(kinds) > 1:
        values = [None if value is None else json.dumps(value) for value in values]
    try:
        return pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError):
        return pa.array([None if value is None else json.dumps(value) for value in values])
