"""What a report is made of: sections of text, tables, pictures and listings."""

from __future__ import annotations

from dataclasses import dataclass

from perilune.report.pictures import Picture
from perilune.report.tables import Table


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading within a section."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Text:
    """Paragraphs."""

    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; each entry has a lead, which may be empty, and a text."""

    entries: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines as they stand in a file."""

    title: str
    lines: tuple[str, ...]


Block = Heading | Text | Bullets | Listing | Table | Picture


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the report."""

    id: str
    title: str
    blocks: tuple[Block, ...]

    def tables(self) -> tuple[Table, ...]:
        """Its tables."""
        return tuple(block for block in self.blocks if isinstance(block, Table))

    def headings(self) -> tuple[Heading, ...]:
        """Its headings, for the table of contents."""
        return tuple(block for block in self.blocks if isinstance(block, Heading))
