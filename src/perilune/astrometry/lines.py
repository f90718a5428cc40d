"""Lines: a file's bytes and where each line stands in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.rejections import RejectedLine, printable

_NEWLINE = 10
_RETURN = 13
_BLANK = 32
_TAB = 9


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of a file that are not blank.

    Attributes:
        buffer: the file's bytes.
        begin, end: where each line stands, without its line break and blanks at its end (N,).
        number: the line's number, from 1 (N,).
    """

    buffer: NDArray[np.uint8]
    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    number: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.begin.shape[0])

    def bytes_of(self, row: int) -> bytes:
        """The bytes of a line."""
        return self.buffer[self.begin[row] : self.end[row]].tobytes()

    def rejected(
        self, row: int, reason: str, field: str | None = None, expected: str | None = None
    ) -> RejectedLine:
        """A line to be set aside as a whole."""
        text = printable(self.bytes_of(row))
        return RejectedLine(int(self.number[row]), reason, text, field, None, expected)

    def where(self, rows: NDArray[np.int64] | NDArray[np.bool_] | slice) -> Lines:
        """The lines that indices or a mask pick."""
        return Lines(self.buffer, self.begin[rows], self.end[rows], self.number[rows])


def lines_of(data: bytes) -> Lines:
    """Split bytes into lines, which may end as on Unix, Windows or old Macintoshes."""
    buffer = np.frombuffer(data, dtype=np.uint8)
    breaks = np.flatnonzero(buffer == _NEWLINE)
    if not breaks.size:
        breaks = np.flatnonzero(buffer == _RETURN)
    begin = np.concatenate([[0], breaks + 1]).astype(np.int64)
    end = np.concatenate([breaks, [buffer.size]]).astype(np.int64)
    # Blanks, tabs and carriage returns at the end are no part of a line; most lines have one.
    while buffer.size:
        last = buffer[np.maximum(end - 1, 0)]
        trim = (end > begin) & ((last == _RETURN) | (last == _BLANK) | (last == _TAB))
        if not trim.any():
            break
        if np.count_nonzero(trim) < 64:
            for row in np.flatnonzero(trim).tolist():
                size = len(data[begin[row] : end[row]].rstrip(b" \t\r"))
                end[row] = begin[row] + size
            break
        end[trim] -= 1
    rows = np.flatnonzero(end > begin)
    return Lines(buffer, begin[rows], end[rows], rows + 1)
