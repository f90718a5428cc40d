"""Records: named fields of many rows, as places in one buffer of bytes.

What ADES holds as PSV, CSV, XML or JSON comes to this one form, so that all of them are read by
the same rules (`ades_columns.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray, TextArray
from perilune.astrometry.rejections import Faults, printable
from perilune.astrometry.text_kernels import BAD, EMPTY, GOOD, SLOW, parse_numbers

Places = tuple[NDArray[np.int64], NDArray[np.int64]]
_LONGEST: Final = 64  # bytes of a text field that we read
_NUMBER: Final = "a decimal number"


@dataclass(frozen=True, slots=True)
class Records:
    """N rows of fields.

    Attributes:
        buffer: the bytes.
        places: field's name -> where it begins and ends in each row (N,), (N,).
        line: line (or record) numbers (N,).
        row_begin, row_end: where the whole row stands, to be shown (N,).
    """

    buffer: NDArray[np.uint8]
    places: dict[str, Places]
    line: NDArray[np.int64]
    row_begin: NDArray[np.int64]
    row_end: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.line.shape[0])

    def cell(self, name: str, row: int) -> str | None:
        """A field of a row as text that can be shown; None if there is no such field."""
        if name not in self.places:
            return None
        begins, ends = self.places[name]
        return printable(self.buffer[begins[row] : ends[row]].tobytes())

    def row_text(self, row: int) -> str:
        """A whole row as text that can be shown."""
        return printable(self.buffer[self.row_begin[row] : self.row_end[row]].tobytes())

    def is_given(self, name: str) -> NDArray[np.bool_]:
        """In which rows a field is not empty (N,)."""
        if name not in self.places:
            return np.zeros(len(self), dtype=np.bool_)
        begins, ends = self.places[name]
        return ends > begins

    def numbers(
        self, name: str, faults: Faults, expected: str = _NUMBER
    ) -> tuple[FloatArray, NDArray[np.int64]]:
        """A field as numbers, NaN where it is empty, and how many decimals each has."""
        n = len(self)
        values = np.full(n, np.nan)
        decimals = np.zeros(n, dtype=np.int64)
        if name not in self.places:
            return values, decimals
        begins, ends = self.places[name]
        status = np.empty(n, dtype=np.int64)
        parse_numbers(self.buffer, begins, ends, values, decimals, status)
        for row in np.flatnonzero(status == SLOW).tolist():
            try:
                values[row] = float(self.buffer[begins[row] : ends[row]].tobytes())
                status[row] = GOOD if np.isfinite(values[row]) else BAD
            except ValueError:
                status[row] = BAD
        faults.flag((status != GOOD) & (status != EMPTY), name, "this is no number", expected)
        return values, decimals

    def texts(self, name: str, faults: Faults) -> tuple[list[str], NDArray[np.int64]]:
        """A field's distinct texts, and which of them stands in each row (N,); "" where empty."""
        n = len(self)
        if name not in self.places:
            return [""], np.zeros(n, dtype=np.int64)
        begins, ends = self.places[name]
        length = ends - begins
        faults.flag(length > _LONGEST, name, "the text is too long", f"{_LONGEST} bytes at most")
        length = np.where(length > _LONGEST, 0, length)
        cells = gather(self.buffer, begins, length)
        is_odd = np.any((cells > 126) | ((cells < 32) & (cells > 0)), axis=1)
        faults.flag(is_odd, name, "the text holds bytes that are not printable ASCII")
        cells[is_odd] = 0
        return distinct(cells)


def gather(
    buffer: NDArray[np.uint8], begins: NDArray[np.int64], length: NDArray[np.int64]
) -> NDArray[np.uint8]:
    """Pieces of a buffer as rows of equal width, filled up with zeros (N, W), W at least 1."""
    width = max(int(length.max(initial=0)), 1)
    cells = np.zeros((begins.size, width), dtype=np.uint8)
    last = max(buffer.size - 1, 0)
    if not buffer.size:
        return cells
    for column in range(width):
        within = column < length
        cells[:, column] = np.where(within, buffer[np.minimum(begins + column, last)], 0)
    return cells


def distinct(cells: NDArray[np.uint8]) -> tuple[list[str], NDArray[np.int64]]:
    """The distinct rows of ASCII bytes as texts, and which of them each row is.

    Rows of a file come in runs, so only the head of each run is sorted.
    """
    if not cells.shape[0]:
        return [""], np.zeros(0, dtype=np.int64)
    is_head = np.ones(cells.shape[0], dtype=np.bool_)
    is_head[1:] = (cells[1:] != cells[:-1]).any(axis=1)
    heads = np.ascontiguousarray(cells[is_head]).view(f"S{cells.shape[1]}").ravel()
    texts, inverse = np.unique(heads, return_inverse=True)
    return [text.decode("ascii") for text in texts.tolist()], inverse[np.cumsum(is_head) - 1]


def spread(texts: list[str], which: NDArray[np.int64]) -> TextArray:
    """Distinct texts and which of them each row has, as a column (N,)."""
    return np.array(texts, dtype=np.str_)[which]
