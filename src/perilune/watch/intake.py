"""Files from the inbox into the catalogue: observations and orbits of any format that is read."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from perilune.astrometry import Reading, parse_observations
from perilune.catalogue import add_orbits, is_submitted, submit_observations
from perilune.catalogue.submissions import keep_submission
from perilune.errors import InputError, PeriluneError
from perilune.orbits.files import parse_orbits
from perilune.orbits.orbit import Orbit
from perilune.orbits.reading import SourceText

_UNFINISHED: Final = (".part", ".tmp", ".swp", "~")
_LARGEST_BYTES: Final = 1_000_000_000  # all of the MPC's orbits are a third of it
_NOT_RECOGNISED: Final = "the file's format is not recognised"


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file that could be read: its bytes, and what they hold."""

    file: str
    content: bytes
    reading: Reading | None
    orbits: tuple[Orbit, ...]


def inbox_files(folder: Path) -> list[Path]:
    """The files of the inbox and its folders, by name; hidden and unfinished ones are left alone.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(
            "there is no such folder", field="--inbox", found=str(folder), expected="a folder"
        )
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
        and not path.name.endswith(_UNFINISHED)
    )


def shown_name(path: Path, folder: Path) -> str:
    """A file's name within the inbox as a text; bytes that are no UTF-8 as \\xff.

    A name on Linux may be any bytes. Python carries such as lone surrogates, which neither a log
    nor a database takes.
    """
    return os.fsencode(path.relative_to(folder)).decode("utf-8", "backslashreplace")


def read_incoming(path: Path, name: str) -> Incoming:
    """Read a file as orbits or as observations; which it is shows from its content.

    Raises:
        InputError: it is neither, damaged, or too large to be read at once.
    """
    try:
        size_bytes = path.stat().st_size
        if size_bytes > _LARGEST_BYTES:
            raise InputError(
                "the file is too large",
                file=name,
                found=f"{size_bytes} bytes",
                expected=f"at most {_LARGEST_BYTES}",
                remedy="Split it; orbits by the million go in by Parquet.",
            )
        content = path.read_bytes()
    except OSError as error:
        raise InputError("the file cannot be read", file=name, found=error.strerror) from error
    return parse_incoming(content, name)


def parse_incoming(content: bytes, name: str) -> Incoming:
    """`read_incoming` for a file's bytes."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = None  # compressed observations, say
    of_orbits: PeriluneError | None = None
    if text is not None:
        try:
            return Incoming(name, content, None, tuple(parse_orbits(SourceText(text, name))))
        except PeriluneError as error:
            of_orbits = error
    try:
        return Incoming(name, content, parse_observations(content, name), ())
    except PeriluneError:
        recognised = isinstance(of_orbits, InputError) and of_orbits.problem != _NOT_RECOGNISED
        if of_orbits is not None and recognised:
            raise of_orbits from None
        raise


def take_in(connection: Connection, incoming: Incoming, by: str) -> dict[str, object]:
    """Put a file's content into the catalogue; what came of it, for the journal."""
    if incoming.reading is not None:
        done = submit_observations(connection, incoming.content, incoming.reading, by)
        return {
            "kind": "observations",
            "added": done.added,
            "known": done.known,
            "rejected": done.rejected,
        }
    keep_submission(connection, incoming.content, "orbits", incoming.file, "orbits", by)
    added = add_orbits(connection, incoming.orbits, by)
    return {"kind": "orbits", "added": added.new, "known": len(incoming.orbits) - added.new}


def is_known(connection: Connection, path: Path) -> bool:
    """Whether a file's bytes are in the catalogue already."""
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            return False
        return is_submitted(connection, path.read_bytes())
    except OSError:
        return False
