"""Tables of the report: each cell says what is printed and which number it stands for.

A row is one of a command's `--json`; it is named by its place there (a JSON pointer, RFC 6901), so
that whoever runs the command can hold the two side by side, and tests do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from perilune.contract.envelope import plain
from perilune.report.typeset import number, words

Text = Callable[..., str]
_NONE: Final = ()
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d\b")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a table's numbers come from.

    Attributes:
        command: what prints them.
        inputs_sha256: the digest that its envelope carries.
    """

    command: str
    inputs_sha256: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        head: its header, with the unit.
        fields: of the row, in the order that `text` takes them; none for what is derived from the
            whole row, which `text` then takes.
        text: what is printed for them.
        is_number: set flush right.
    """

    head: str
    fields: tuple[str, ...]
    text: Text
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its place in the command's `data`, and what stands there."""

    at: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cell:
    """What is printed, and the row's own values as JSON."""

    text: str
    fields: str
    values: str
    is_number: bool

    @property
    def is_time(self) -> bool:
        """Whether it is a date, which is not to be broken at its hyphens."""
        return _DATE.match(self.text) is not None


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        id: unique in the report.
        title: its caption.
        source: where its numbers come from; None where they are the report's own.
        columns, rows: what it holds; the first column names the row.
        empty: what is printed where there are no rows.
        notes: lines under it.
    """

    id: str
    title: str
    source: Source | None
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str = "Nothing."
    notes: tuple[str, ...] = _NONE

    def cells(self, row: Row) -> list[Cell]:
        """The cells of a row."""
        found = []
        for column in self.columns:
            values = [plain(row.values[field]) for field in column.fields]
            found.append(
                Cell(
                    column.text(*values) if column.fields else column.text(row.values),
                    " ".join(column.fields),
                    json.dumps(values, ensure_ascii=False),
                    column.is_number,
                )
            )
        return found


def text_column(head: str, *fields: str, text: Text = words) -> Column:
    """A column of words."""
    return Column(head, fields, text)


def number_column(head: str, field: str, form: str, scale: float = 1.0) -> Column:
    """A column of numbers in a format of Python's, in the header's unit.

    Args:
        head: with the unit.
        field: of the row.
        form: Python's.
        scale: the header's units in one of the field's.
    """

    def text(value: float | None) -> str:
        return number(value if value is None or scale == 1.0 else value * scale, form)

    return Column(head, (field,), text, is_number=True)


def other_column(head: str, *fields: str, text: Text) -> Column:
    """A column of numbers that are printed in their own way."""
    return Column(head, fields, text, is_number=True)


def rows_at(pointer: str, values: Sequence[Mapping[str, Any]]) -> tuple[Row, ...]:
    """Rows of a list which stands at a place in `data`, in its order."""
    return tuple(Row(f"{pointer}/{index}", each) for index, each in enumerate(values))
