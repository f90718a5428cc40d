"""The one door to files of observations: recognises the format, reads, sets bad lines aside."""

from __future__ import annotations

import dataclasses
import gzip
import io
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from perilune.astrometry.ades_columns import Parsed, is_header
from perilune.astrometry.ades_records import json_tree, read_ades_json, read_ades_xml
from perilune.astrometry.epochs import mjd_tdb_of_utc
from perilune.astrometry.lines import Lines, lines_of
from perilune.astrometry.obs80 import is_record, read_obs80
from perilune.astrometry.observations import Observations, concatenate
from perilune.astrometry.radar_json import measurements_of, read_radar_json
from perilune.astrometry.rejections import RejectedLine, printable
from perilune.astrometry.rwo import read_rwo
from perilune.astrometry.separated import read_separated, split_header
from perilune.errors import InputError
from perilune.orbits.reading import LARGEST_FILE_BYTES

_LOOKED_AT: Final = 400  # lines in which a header or a record must show
_REMEDY: Final = (
    "Formats: ADES (PSV, XML, JSON, CSV), MPC 80-column, OrbFit .rwo, JPL radar JSON; "
    "each may be compressed with gzip."
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file of observations gave.

    Attributes:
        observations: the usable rows, in the order of the file.
        rejected: the lines that were set aside, in order.
        format: "ADES PSV", "ADES CSV", "ADES XML", "ADES JSON", "MPC 80-column", "rwo" or
            "radar JSON".
        file: the file's name.
    """

    observations: Observations
    rejected: tuple[RejectedLine, ...]
    format: str
    file: str


def read_observations(path: Path | str, *, file_name: str | None = None) -> Reading:
    """Read a file of observations; what it is shows from its content.

    Args:
        path: the file.
        file_name: how the file is to be called in the table and in errors; its path if None.

    Raises:
        InputError: the file cannot be read, or holds no observations at all.
    """
    name = str(path) if file_name is None else file_name
    return parse_observations(_load(Path(path), name), name)


def parse_observations(data: bytes, file_name: str) -> Reading:
    """Read observations from a file's bytes; see `read_observations`."""
    data = _plain(data, file_name)
    lines = lines_of(data)
    if not len(lines):
        raise InputError("the file is empty", file=file_name, remedy=_REMEDY)
    form, reader = _recognise(data, lines, file_name)
    parts, rejected = reader()
    for part in parts:
        rejected += part.rejected
    parts = [part for part in parts if len(part.observations)]
    rejected.sort(key=lambda row: row.line)
    if not parts:
        first = rejected[0] if rejected else None
        raise InputError(
            f"no observation could be read from this {form} file"
            + (f" ({first.reason})" if first else ""),
            file=file_name,
            line=first.line if first else None,
            field=first.field if first else None,
            found=(first.found if first.found is not None else first.text) if first else None,
            expected=first.expected if first else "observations",
            remedy=_REMEDY,
        )
    observations = concatenate([part.observations for part in parts])
    epochs = mjd_tdb_of_utc(
        np.concatenate([part.day_mjd for part in parts]),
        np.concatenate([part.seconds for part in parts]),
    )
    if np.any(observations.line[1:] < observations.line[:-1]):  # optical and radar parts
        order = np.argsort(observations.line, kind="stable")
        observations, epochs = observations.where(order), epochs[order]
    files = np.broadcast_to(np.array(file_name), (len(observations),))  # one copy for all rows
    observations = dataclasses.replace(observations, epoch_mjd_tdb=epochs, file=files)
    return Reading(observations, tuple(rejected), form, file_name)


_Reader = Callable[[], tuple[list[Parsed], list[RejectedLine]]]


def _recognise(data: bytes, lines: Lines, file_name: str) -> tuple[str, _Reader]:
    first = data.lstrip()[:1]
    if first == b"<":
        return "ADES XML", partial(read_ades_xml, data, file_name)
    if first in (b"{", b"["):
        tree = json_tree(data, file_name)
        if (rows := measurements_of(tree)) is not None:
            return "radar JSON", partial(read_radar_json, rows)
        return "ADES JSON", partial(read_ades_json, tree)
    head = [lines.bytes_of(row) for row in range(min(len(lines), _LOOKED_AT))]
    if any(line.startswith(b"END_OF_HEADER") for line in head):
        return "rwo", partial(read_rwo, lines)
    for line in head:
        for delimiter, form in (("|", "ADES PSV"), (",", "ADES CSV")):
            if is_header(split_header(line.decode("latin-1"), delimiter)):
                return form, partial(read_separated, lines, delimiter)
    if any(is_record(line) for line in head):
        return "MPC 80-column", partial(read_obs80, lines)
    raise InputError(
        "this is no file of observations",
        file=file_name,
        found=printable(head[0]),
        expected="a format of observations",
        remedy=_REMEDY,
    )


def _load(path: Path, name: str) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise InputError("the file is too large", file=name, expected="4 GiB at most")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise InputError(
            "the file cannot be read",
            file=name,
            found=getattr(error, "strerror", None) or str(error),
            expected="a readable file of observations",
            remedy="Check the path.",
        ) from None


def _plain(data: bytes, name: str) -> bytes:
    """The bytes of the text: unpacked, without a byte order mark; binary files are refused."""
    if data.startswith(b"\x1f\x8b"):
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
                data = packed.read(LARGEST_FILE_BYTES + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                "the compressed file is damaged",
                file=name,
                found=str(error),
                expected="gzip",
                remedy="Get it again from its publisher.",
            ) from None
        if len(data) > LARGEST_FILE_BYTES:
            raise InputError("the file is too large", file=name, expected="4 GiB at most")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if re.search(rb"\x00", data[:100_000]):
        raise InputError(
            "the file is not a text", file=name, found=printable(data[:20]), remedy=_REMEDY
        )
    return data
