"""ADES as XML and as JSON: trees of named values to records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NoReturn
from xml.parsers import expat

import numpy as np

from perilune.astrometry.ades_columns import FIELD_OF, Parsed, observations_of
from perilune.astrometry.records import Records
from perilune.astrometry.rejections import RejectedLine, printable
from perilune.errors import InputError

_CHUNK: Final = 1 << 17
_KINDS: Final = ("optical", "radar", "offset", "occultation")
# What is no place or radar measure is set aside by these fields, whatever else it holds.
_MARKS: Final = {"offset": ("obsCenter", "an offset"), "occultation": ("raStar", "an occultation")}

_Row = tuple[int, dict[str, str]]


def read_ades_xml(data: bytes, file_name: str) -> tuple[list[Parsed], list[RejectedLine]]:
    """Read the records of an XML document; line numbers are those of their first tags.

    Where the XML breaks off or is damaged, the records before it are kept.

    Raises:
        InputError: the document defines entities, which observations have no use for.
    """
    rows: list[_Row] = []
    current: dict[str, str] = {}
    state: dict[str, Any] = {"depth": 0, "record": 0, "field": None, "text": [], "line": 0}
    parser = expat.ParserCreate()

    def start(name: str, _: dict[str, str]) -> None:
        state["depth"] += 1
        name = name.rsplit(":", 1)[-1]
        if not state["record"] and name in _KINDS:
            state["record"], state["line"] = state["depth"], parser.CurrentLineNumber
            current.clear()
            if name in _MARKS:
                current[_MARKS[name][0]] = _MARKS[name][1]
        elif state["record"] and state["depth"] == state["record"] + 1:
            state["field"], state["text"] = name, []

    def end(_: str) -> None:
        if state["record"] and state["depth"] == state["record"] + 1 and state["field"]:
            current[state["field"]] = "".join(state["text"]).strip()
            state["field"] = None
        elif state["depth"] == state["record"]:
            rows.append((state["line"], dict(current)))
            state["record"] = 0
        state["depth"] -= 1

    def characters(text: str) -> None:
        if state["field"]:
            state["text"].append(text)

    def refuse(*_: object) -> NoReturn:
        raise InputError(
            "the XML defines entities or a document type",
            file=file_name,
            line=parser.CurrentLineNumber,
            expected="an ADES document without <!DOCTYPE>",
        )

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = refuse
    parser.buffer_text = True
    rejected = []
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        lines = data.splitlines()
        text = lines[error.lineno - 1] if 0 < error.lineno <= len(lines) else b""
        reason = f"the XML is damaged here ({expat.errors.messages[error.code]})"
        rejected.append(RejectedLine(error.lineno, reason, printable(text)))
    return _read(rows), rejected


def read_ades_json(tree: Any) -> tuple[list[Parsed], list[RejectedLine]]:
    """Read the records of a JSON tree: all objects, however deep, that hold an `obsTime`.

    Line numbers count these objects.
    """
    rows = [(number, row) for number, row in enumerate(_objects(tree, ""), start=1)]
    return _read(rows), []


def json_tree(data: bytes, file_name: str) -> Any:
    """A JSON text with each number as it is printed.

    Raises:
        InputError: it is no JSON, or holds values that are no numbers.
    """

    def refuse(constant: str) -> NoReturn:
        raise InputError(
            "the file holds a value that is no finite number", file=file_name, found=constant
        )

    try:
        return json.loads(data, parse_float=str, parse_int=str, parse_constant=refuse)
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(
            "the JSON text does not end or is damaged",
            file=file_name,
            line=getattr(error, "lineno", None),
            found=str(error),
            remedy="The file may be cut short; get it again from its publisher.",
        ) from None


def _objects(node: Any, key: str) -> Iterator[dict[str, str]]:
    if isinstance(node, list):
        for item in node:
            yield from _objects(item, key)
    elif isinstance(node, dict):
        if any(str(name).casefold() == "obstime" for name in node):
            row = {
                str(name): value if isinstance(value, str) else str(value).strip()
                for name, value in node.items()
                if value is not None and not isinstance(value, dict | list | bool)
            }
            if key in _MARKS:
                row[_MARKS[key][0]] = _MARKS[key][1]
            yield row
        else:
            for name, item in node.items():
                yield from _objects(item, str(name))


def _read(rows: list[_Row]) -> list[Parsed]:
    return [
        observations_of(_records(rows[start : start + _CHUNK]))
        for start in range(0, len(rows), _CHUNK)
    ]


def _records(rows: list[_Row]) -> Records:
    """Rows of named texts as places in one buffer; what is shown of a row are all its values."""
    buffer = bytearray()
    n = len(rows)
    places: dict[str, tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]] = {}
    row_begin, row_end = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
    for k, (_, row) in enumerate(rows):
        row_begin[k] = len(buffer)
        for name, text in row.items():
            field = FIELD_OF.get(name.casefold())
            buffer += f"{name}=".encode(errors="backslashreplace")
            begin = len(buffer)
            buffer += text.strip().encode(errors="backslashreplace")
            if field:
                if field not in places:
                    places[field] = (np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64))
                places[field][0][k], places[field][1][k] = begin, len(buffer)
            buffer += b" "
        row_end[k] = len(buffer)
    line = np.array([number for number, _ in rows], dtype=np.int64)
    return Records(np.frombuffer(bytes(buffer), dtype=np.uint8), places, line, row_begin, row_end)
