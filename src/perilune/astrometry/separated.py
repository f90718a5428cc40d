"""ADES with separators: PSV blocks and CSV tables to observations.

A header names the columns; a further header starts a new block. In PSV, lines that start with #
or ! carry what was said of the telescope and the observers, which is not read.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from perilune.astrometry.ades_columns import FIELD_OF, Parsed, is_header, observations_of
from perilune.astrometry.lines import Lines
from perilune.astrometry.records import Records
from perilune.astrometry.rejections import RejectedLine
from perilune.astrometry.text_kernels import split_fields

_CHUNK: Final = 1 << 17  # lines that are worked on at a time: bounds the memory
_COMMENT: Final = (ord("#"), ord("!"))


def read_separated(lines: Lines, delimiter: str) -> tuple[list[Parsed], list[RejectedLine]]:
    """Read all blocks.

    Returns:
        The observations by chunk, with the rows that were set aside; and the lines that belong to
        no block or have another number of fields than their header.
    """
    first = lines.buffer[lines.begin]
    lines = lines.where(~np.isin(first, _COMMENT))
    parts: list[Parsed] = []
    rejected: list[RejectedLine] = []
    headers = _headers(lines, delimiter)
    stops = [row for row, _ in headers[1:]] + [len(lines)]
    head = headers[0][0] if headers else len(lines)
    rejected += [lines.rejected(row, "the line stands before any header") for row in range(head)]
    for (row, names), stop in zip(headers, stops, strict=True):
        twice = _repeated(names)
        if twice:
            reason = f"the header names {twice} twice"
            rejected.append(lines.rejected(row, reason, twice, "each column once"))
            reason = "the line follows a header that cannot be used"
            rejected += [lines.rejected(k, reason) for k in range(row + 1, stop)]
            continue
        for start in range(row + 1, stop, _CHUNK):
            block = lines.where(slice(start, min(start + _CHUNK, stop)))
            records = _records(block, names, delimiter, rejected)
            if len(records):
                parts.append(observations_of(records))
    return parts, rejected


def split_header(line: str, delimiter: str) -> list[str]:
    """The names of a header's columns."""
    return [name.strip().strip('"').strip() for name in line.split(delimiter)]


def _headers(lines: Lines, delimiter: str) -> list[tuple[int, list[str]]]:
    """Row and column names of each header.

    A header starts with a name that no record starts with, which is looked for in all lines.
    """
    headers: list[tuple[int, list[str]]] = []
    starts: set[bytes] = set()
    for row in range(min(len(lines), 200)):
        names = split_header(lines.bytes_of(row).decode("latin-1"), delimiter)
        if is_header(names):
            starts.add(lines.bytes_of(row)[:4])
    starts |= {name[:4].encode() for name in ("permID", "provID", "trkSub", "artSat")}
    for start in starts:
        is_start = np.ones(len(lines), dtype=np.bool_)
        last = max(lines.buffer.size - 1, 0)
        for k, char in enumerate(start):
            is_start &= lines.buffer[np.minimum(lines.begin + k, last)] == char
        for row in np.flatnonzero(is_start).tolist():
            names = split_header(lines.bytes_of(row).decode("latin-1"), delimiter)
            if is_header(names) and all(row != found for found, _ in headers):
                headers.append((row, names))
    return sorted(headers)


def _repeated(names: list[str]) -> str:
    """A field that we read and that two columns claim to be; "" if none."""
    fields = [field for name in names if (field := FIELD_OF.get(name.casefold()))]
    return next((field for field in fields if fields.count(field) > 1), "")


def _records(
    lines: Lines, names: list[str], delimiter: str, rejected: list[RejectedLine]
) -> Records:
    fields = [FIELD_OF.get(name.casefold()) for name in names]
    wanted = [field for field in fields if field]
    slots = np.array([wanted.index(field) if field else -1 for field in fields], dtype=np.int64)
    begins = np.zeros((len(wanted), len(lines)), dtype=np.int64)
    ends = np.zeros_like(begins)
    counts = np.zeros(len(lines), dtype=np.int64)
    split_fields(
        lines.buffer, lines.begin, lines.end, slots, ord(delimiter), delimiter == ",", begins,
        ends, counts,
    )  # fmt: skip
    is_good = counts == len(names)
    for row in np.flatnonzero(~is_good).tolist():
        reason = "a quote does not end"
        if counts[row] >= 0:
            reason = f"the line has {counts[row]} fields, its header {len(names)}"
        rejected.append(lines.rejected(row, reason))
    rows = np.flatnonzero(is_good)
    places = {field: (begins[k, rows], ends[k, rows]) for k, field in enumerate(wanted)}
    kept = lines.where(rows)
    return Records(lines.buffer, places, kept.number, kept.begin, kept.end)
