"""Lines that are set aside: each with its number, its text and the reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SHOWN: Final = 80


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line (or record) of a file of observations that is not used as it stands.

    Attributes:
        line: its number, from 1.
        reason: why, in words.
        text: the line, cut to 80 characters.
        field: the field concerned; None if it is the line as a whole.
        found: what stands there.
        expected: what should stand there.
    """

    line: int
    reason: str
    text: str
    field: str | None = None
    found: str | None = None
    expected: str | None = None

    def __str__(self) -> str:
        parts = [f"line {self.line}" + (f", {self.field}" if self.field else ""), self.reason]
        if self.found is not None:
            parts.append(f"found {self.found!r}")
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        return ": ".join(parts[:2]) + "".join(f"; {part}" for part in parts[2:])


class RowFault(Exception):
    """Why a row cannot be used: raised where rows are read or written one by one."""

    def __init__(
        self, reason: str, field: str | None, found: str | None, expected: str | None = None
    ) -> None:
        self.reason, self.field, self.found, self.expected = reason, field, found, expected
        super().__init__(reason)

    def rejected(self, line: int, text: str) -> RejectedLine:
        """The row as one that is set aside."""
        return RejectedLine(line, self.reason, text, self.field, self.found, self.expected)


def printable(data: bytes) -> str:
    """A line's bytes as text that can be shown: cut, and what is no ASCII as \\x.."""
    text = data[: _SHOWN + 1].decode("ascii", errors="backslashreplace")
    shown = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)
    return shown[:_SHOWN]


@dataclass(slots=True)
class Faults:
    """The first fault of each of N rows, gathered as the fields are read.

    Attributes:
        is_bad: which rows have a fault (N,).
        reasons: row -> (field, reason, expected).
    """

    is_bad: NDArray[np.bool_]
    reasons: dict[int, tuple[str | None, str, str | None]] = field(default_factory=dict)

    def flag(
        self, mask: NDArray[np.bool_], field: str | None, reason: str, expected: str | None = None
    ) -> None:
        """Give the rows of a mask a fault, unless they have one already."""
        rows = np.flatnonzero(mask & ~self.is_bad)
        if rows.size:
            self.is_bad[rows] = True
            self.reasons.update(dict.fromkeys(rows.tolist(), (field, reason, expected)))

    def lines(
        self,
        line: NDArray[np.int64],
        text: Callable[[int], str],
        found: Callable[[str, int], str | None],
    ) -> list[RejectedLine]:
        """The faulty rows.

        Args:
            line: the rows' line numbers (N,).
            text: of a row.
            found: what stands in a field of a row.
        """
        return [
            RejectedLine(
                int(line[row]),
                reason,
                text(row),
                name,
                found(name, row) if name else None,
                expected,
            )
            for row, (name, reason, expected) in sorted(self.reasons.items())
        ]
