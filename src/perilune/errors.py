"""Typed errors. Each carries its operands and reads as a sentence with a remedy.

Every error that Perilune raises on purpose is a `PeriluneError`; its
`exit_code` is what the command line returns for it.
"""

from __future__ import annotations

from collections.abc import Sequence


class PeriluneError(Exception):
    """Base of every error raised on purpose."""

    exit_code = 2


class InputError(PeriluneError):
    """A file, field or argument does not hold what it should.

    Args:
        problem: what is wrong, as the start of a sentence.
        file: the file's path as the user gave it, if there is one.
        line: the line's number, from 1.
        field: the field, column, key or option.
        found: what stands there.
        expected: what should stand there.
        remedy: what the user can do.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str | None = None,
        line: int | None = None,
        field: str | None = None,
        found: object = None,
        expected: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = file
        self.line = line
        self.field = field
        self.found = found
        self.expected = expected
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        where = self.file or ""
        if self.line is not None:
            where += f":{self.line}" if where else f"line {self.line}"
        if self.field is not None:
            where += f", field {self.field}" if where else f"{self.field}"
        parts = [f"{where}: {self.problem}" if where else self.problem]
        if self.found is not None:
            parts.append(f"found {self.found!r}")
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        text = "; ".join(parts) + "."
        return f"{text} {self.remedy}" if self.remedy else text


class CovarianceError(InputError):
    """A covariance is not symmetric, not finite or not positive definite."""


class UnknownNameError(PeriluneError):
    """A name is not known; near names are offered."""

    def __init__(self, kind: str, name: str, near: Sequence[str] = (), remedy: str = "") -> None:
        self.kind = kind
        self.name = name
        self.near = tuple(near)
        self.remedy = remedy
        text = f"There is no {kind} named {name!r}."
        if self.near:
            text += f" Did you mean {' or '.join(repr(n) for n in self.near)}?"
        super().__init__(f"{text} {remedy}".rstrip())


class NotConvergedError(PeriluneError):
    """An iteration did not reach its tolerance."""

    exit_code = 3


class DataMissingError(PeriluneError):
    """A data file is not installed or is damaged; the remedy says how to get it."""

    exit_code = 4


class OutOfRangeError(PeriluneError):
    """A value lies outside the range that the data cover.

    Args:
        what: the quantity, with its unit.
        found: the offending value.
        lower: the lowest value allowed.
        upper: the highest value allowed.
        source: what sets the range (a kernel's name, say).
        remedy: what the user can do.
    """

    exit_code = 4

    def __init__(
        self,
        what: str,
        found: object,
        lower: object,
        upper: object,
        source: str,
        remedy: str = "",
    ) -> None:
        self.what = what
        self.found = found
        self.lower = lower
        self.upper = upper
        self.source = source
        self.remedy = remedy
        super().__init__(
            f"{what} {found} lies outside {lower} to {upper}, the range of {source}. "
            f"{remedy}".rstrip()
        )
