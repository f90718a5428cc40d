"""States written as a SPICE SPK file of type 13: Hermite's interpolation at unequal steps.

NAIF, "DAF Required Reading" and "SPK Required Reading" (N67). Little-endian; axes J2000 (ICRF),
times TDB. Every tool that reads SPK reads it: SPICE, GMAT, STK, Cosmographia.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import DAY_S, J2000_MJD_TDB
from perilune.errors import InputError

_RECORD: Final = 1024
_WORDS: Final = _RECORD // 8
_ND, _NI = 2, 6
_SUMMARY_WORDS: Final = _ND + (_NI + 1) // 2
_MOST_SEGMENTS: Final = 25  # that fit into one summary record
_NAME_BYTES: Final = 8 * _SUMMARY_WORDS
_TYPE_HERMITE: Final = 13
_J2000: Final = 1
_DIRECTORY_STEP: Final = 100
_MOST_POINTS: Final = 14
# What shows whether a file was damaged by a transfer as text.
_TRANSFER_CHECK: Final = b"FTPSTR:\r:\n:\r\n:\r\x00:\x81:\x10\xce:ENDFTP"
_SPACECRAFT_AND_BODIES: Final = {
    "ssb": 0, "sun": 10, "mercury": 199, "venus": 299, "earth": 399, "moon": 301,
    "mars": 4, "jupiter": 5, "saturn": 6, "uranus": 7, "neptune": 8, "pluto": 9,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class SpkStates:
    """States of one body to be written.

    Attributes:
        naif_id: its number; spacecraft have negative ones.
        center: "moon", "earth", "sun", "ssb", …
        name: of the segment, up to 40 ASCII characters.
        epoch_mjd_tdb: (N,) ascending.
        states: (N, 6) ICRF, km and km/s.
        points: how many neighbouring states the reader joins, even, up to 14 (degree
            2 points - 1).
    """

    naif_id: int
    center: str
    name: str
    epoch_mjd_tdb: NDArray[np.float64]
    states: NDArray[np.float64]
    points: int = 8

    def __post_init__(self) -> None:
        count = self.epoch_mjd_tdb.size
        if self.states.shape != (count, 6) or not np.isfinite(self.states).all():
            raise InputError(
                "the states do not fit their epochs",
                found=f"{count} epochs, states {self.states.shape}",
                expected="six finite numbers for each epoch",
            )
        if not np.all(np.diff(self.epoch_mjd_tdb) > 0.0):
            raise InputError("the epochs of an SPK segment must ascend")
        if self.points % 2 or not 2 <= self.points <= _MOST_POINTS or count < self.points:
            raise InputError(
                "the interpolation does not suit the states",
                field="points",
                found=f"{self.points} of {count} states",
                expected=f"an even number up to {_MOST_POINTS}, and as many states",
            )
        if self.center not in _SPACECRAFT_AND_BODIES:
            raise InputError(
                "the centre is not known",
                field="center",
                found=self.center,
                expected=", ".join(_SPACECRAFT_AND_BODIES),
            )
        if not self.name.isascii() or not self.name.isprintable() or len(self.name) > _NAME_BYTES:
            raise InputError(
                "a segment's name has up to 40 printable ASCII characters", found=self.name
            )


def write_spk(path: Path | str, segments: Sequence[SpkStates], title: str = "Perilune") -> None:
    """Write an SPK file; one that is there is replaced, and nothing is left half-written.

    Args:
        path: the file.
        segments: 1 to 25.
        title: the file's internal name, up to 60 ASCII characters.

    Raises:
        InputError: too few or many segments, a bad title, or a file that cannot be written.
    """
    if not 1 <= len(segments) <= _MOST_SEGMENTS:
        raise InputError("an SPK file takes 1 to 25 segments", found=len(segments))
    if not title.isascii() or len(title) > 60:
        raise InputError("an SPK title has up to 60 ASCII characters", found=title)
    first_word = 3 * _WORDS + 1  # after the file record, the summaries and the names
    summaries, names, data = b"", b"", []
    for segment in segments:
        words = _words(segment)
        last_word = first_word + words.size - 1
        times_s = _seconds(segment)
        summaries += struct.pack(
            "<2d6i",
            times_s[0],
            times_s[-1],
            segment.naif_id,
            _SPACECRAFT_AND_BODIES[segment.center],
            _J2000,
            _TYPE_HERMITE,
            first_word,
            last_word,
        )
        names += segment.name.encode("ascii").ljust(_NAME_BYTES)
        data.append(words)
        first_word = last_word + 1
    control = struct.pack("<3d", 0.0, 0.0, float(len(segments)))
    content = (
        _file_record(title, first_word)
        + (control + summaries).ljust(_RECORD, b"\0")
        + names.ljust(_RECORD)
        + _padded(np.concatenate(data).astype("<f8").tobytes())
    )
    target = Path(path)
    partial = target.with_name(target.name + ".part")
    try:
        partial.write_bytes(content)
        os.replace(partial, target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise InputError(
            "the SPK file cannot be written", file=str(path), found=error.strerror
        ) from None


def _seconds(segment: SpkStates) -> NDArray[np.float64]:
    return np.asarray((segment.epoch_mjd_tdb - J2000_MJD_TDB) * DAY_S)


def _words(segment: SpkStates) -> NDArray[np.float64]:
    """A segment's numbers: states, epochs, every hundredth epoch, and how to join them."""
    times_s = _seconds(segment)
    directory = times_s[_DIRECTORY_STEP - 1 : -1 : _DIRECTORY_STEP]
    counts = np.array([segment.points - 1.0, float(times_s.size)])
    return np.concatenate([segment.states.ravel(), times_s, directory, counts])


def _file_record(title: str, free_word: int) -> bytes:
    head = struct.pack(
        "<8s2i60s3i8s", b"DAF/SPK ", _ND, _NI, title.encode("ascii").ljust(60), 2, 2, free_word,
        b"LTL-IEEE",
    )  # fmt: skip
    return (head.ljust(699, b"\0") + _TRANSFER_CHECK).ljust(_RECORD, b"\0")


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _RECORD)
