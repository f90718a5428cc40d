"""`perilune cite`: what to cite for a result of Perilune, and where its data come from."""

from __future__ import annotations

from enum import StrEnum
from textwrap import fill
from typing import Annotated

import typer

from perilune import __version__
from perilune.cli.envelope import print_envelope
from perilune.cli.options import Json
from perilune.cli.output import PLAIN_WIDTH
from perilune.cli.references import REFERENCES, Reference


class Form(StrEnum):
    """How to print the references."""

    TEXT = "text"
    BIBTEX = "bibtex"


def cite(
    form: Annotated[Form, typer.Option("--format", help="Plain text, or BibTeX.")] = Form.TEXT,
    json: Json = False,
) -> None:
    """Print what to cite for a result."""
    references = [_software(), *REFERENCES]
    if json:
        data = [
            {
                "key": r.key,
                "used_for": r.used_for,
                "text": _text(r),
                "doi": r.doi,
                "bibtex": _bibtex(r),
            }
            for r in references
        ]
        print_envelope(data, units={}, inputs={"verb": "cite"})
    elif form is Form.BIBTEX:
        print("\n\n".join(_bibtex(r) for r in references))
    else:
        print("\n\n".join(f"{r.used_for}:\n{_wrapped(_text(r))}" for r in references))


def _software() -> Reference:
    return Reference(
        key="perilune",
        used_for="this software",
        kind="software",
        authors=("{The Perilune developers}",),
        title="Perilune: impact monitoring for the Earth and the Moon",
        year=2026,
        where=f"version {__version__}",
    )


def _text(reference: Reference) -> str:
    names = [name.strip("{}") for name in reference.authors]
    authors = ", ".join(names).replace(", others", " and others")
    doi = f" doi:{reference.doi}" if reference.doi else ""
    return f"{authors} ({reference.year}). {reference.title}. {reference.where}.{doi}"


def _wrapped(text: str) -> str:
    return fill(
        text,
        PLAIN_WIDTH,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _bibtex(reference: Reference) -> str:
    place = {"article": "journal", "software": "version", "misc": "howpublished"}[reference.kind]
    fields = {
        "author": " and ".join(reference.authors),
        "title": f"{{{reference.title}}}",
        "year": str(reference.year),
        place: reference.where.removeprefix("version "),
        "doi": reference.doi,
        "note": f"Used for {reference.used_for}",
    }
    body = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@{reference.kind}{{{reference.key},\n{body}\n}}"
