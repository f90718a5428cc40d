"""Observers in space: by an OEM, by an SPK, or by a state that the engine carries on."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from jplephem.daf import DAF
from numpy.polynomial import chebyshev

from perilune.astrometry.observations import FloatArray
from perilune.constants import DAY_S, J2000_MJD_TDB
from perilune.dynamics import Particles, Status, propagate, solar_system
from perilune.ephemeris import planets
from perilune.errors import InputError, NotConvergedError, OutOfRangeError
from perilune.frames.ecliptic import ecliptic_from_icrf_matrix
from perilune.orbits.oem import OemSegment, read_oem
from perilune.station.tabulated import TabulatedStates

_DEFAULT_POINTS: Final = 4  # Hermite of degree 7 where an OEM names no interpolation
_BODIES: Final = {
    0: "ssb", 10: "sun", 199: "mercury", 299: "venus", 399: "earth", 301: "moon", 1: "mercury",
    2: "venus", 4: "mars", 5: "jupiter", 6: "saturn", 7: "uranus", 8: "neptune", 9: "pluto",
}  # fmt: skip
_ICRF, _ECLIPTIC = 1, 17  # SPICE's numbers of J2000 and ECLIPJ2000


class Piece(Protocol):
    """States over a span, from one centre, in one frame."""

    def at(self, epoch_mjd_tdb: FloatArray) -> FloatArray: ...


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A piece of a path: what gives its states, and how they are turned into barycentric ones.

    Attributes:
        piece: (M, 6) states at epochs.
        center: a body's name, "ssb", or a number that another segment describes.
        is_ecliptic: whether its axes are those of the ecliptic J2000.
        first_mjd_tdb, last_mjd_tdb: its span.
    """

    piece: Piece
    center: str | int
    is_ecliptic: bool
    first_mjd_tdb: float
    last_mjd_tdb: float


@dataclass(frozen=True, slots=True, eq=False)
class TabulatedOrbiter:
    """An orbiter whose path somebody computed."""

    name: str
    segments: dict[int, tuple[Segment, ...]]
    target: int
    source: str

    @property
    def site(self) -> None:
        """None: it stands on no ground."""
        return

    def state(self, epoch_mjd_tdb: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `perilune.astrometry.sites.Observer.state`.

        Raises:
            OutOfRangeError: an epoch that the file does not cover.
        """
        states = self._of(self.target, np.asarray(epoch_mjd_tdb, dtype=np.float64))
        return states[:, :3], states[:, 3:]

    def _of(self, body: str | int, epoch: FloatArray) -> FloatArray:
        """Barycentric states (M, 6) of a body, by the file or, for planets, by DE440."""
        if isinstance(body, str) or body not in self.segments:
            name = body if isinstance(body, str) else _BODIES[body]
            return np.concatenate(planets().state(name, epoch), axis=1)
        states = np.full((epoch.size, 6), np.nan)
        pending = np.ones(epoch.size, dtype=np.bool_)
        for segment in self.segments[body]:
            rows = pending & (epoch >= segment.first_mjd_tdb) & (epoch <= segment.last_mjd_tdb)
            if rows.any():
                own = segment.piece.at(epoch[rows])
                if segment.is_ecliptic:
                    own = np.reshape(own.reshape(-1, 3) @ ecliptic_from_icrf_matrix(), (-1, 6))
                states[rows] = own + self._of(segment.center, epoch[rows])
                pending &= ~rows
        if pending.any():
            raise OutOfRangeError(
                "Epoch MJD TDB",
                float(epoch[pending][0]),
                min(segment.first_mjd_tdb for segment in self.segments[body]),
                max(segment.last_mjd_tdb for segment in self.segments[body]),
                self.source,
                "Other spans of it may have gaps.",
            )
        return states


@dataclass(frozen=True, slots=True, eq=False)
class PropagatedOrbiter:
    """An orbiter that Perilune's engine carries on from a state: gravity only, no manoeuvres."""

    name: str
    epoch_mjd_tdb: float
    barycentric: FloatArray

    @property
    def site(self) -> None:
        """None: it stands on no ground."""
        return

    def state(self, epoch_mjd_tdb: FloatArray) -> tuple[FloatArray, FloatArray]:
        """See `perilune.astrometry.sites.Observer.state`.

        Raises:
            NotConvergedError: it hits a body before an epoch.
        """
        ephemeris = solar_system()
        start = Particles(
            epoch_mjd_tdb=np.array([self.epoch_mjd_tdb]),
            position_km=self.barycentric[np.newaxis, :3].copy(),
            velocity_km_s=self.barycentric[np.newaxis, 3:].copy(),
            own_body=np.array([-1], dtype=np.int64),
            nongrav=np.zeros((0, 9)),
        )
        states = np.empty((epoch_mjd_tdb.size, 6))
        before = epoch_mjd_tdb < self.epoch_mjd_tdb
        for side in (before, ~before):
            wanted, back = np.unique(epoch_mjd_tdb[side], return_inverse=True)
            if not wanted.size:
                continue
            run = propagate(ephemeris, start, wanted)
            if run.status[0] != Status.REACHED:
                raise NotConvergedError(
                    f"The orbiter {self.name} ends at MJD {run.stop_mjd_tdb[0]:.6f} TDB: it meets "
                    "a body. Give it another state."
                )
            rows = np.argsort(run.epochs_mjd_tdb)[back]
            states[side, :3] = run.position_km[rows, 0]
            states[side, 3:] = run.velocity_km_s[rows, 0]
        return states[:, :3], states[:, 3:]


def propagated_orbiter(
    name: str, epoch_mjd_tdb: float, center: str, frame: str, state: tuple[float, ...]
) -> PropagatedOrbiter:
    """An orbiter from a state, km and km/s, about a body."""
    own = np.array(state)
    if frame == "ecliptic":
        own = np.reshape(own.reshape(2, 3) @ ecliptic_from_icrf_matrix(), 6)
    origin = np.concatenate(planets().state(center, epoch_mjd_tdb))
    return PropagatedOrbiter(name, epoch_mjd_tdb, own + origin)


def oem_orbiter(name: str, path: Path) -> TabulatedOrbiter:
    """An orbiter by a CCSDS OEM file, interpolated as its header says.

    Raises:
        InputError: the file cannot be used.
    """
    segments = tuple(_oem_segment(segment, str(path)) for segment in read_oem(path))
    return TabulatedOrbiter(name, {-1: segments}, -1, str(path))


def _oem_segment(segment: OemSegment, file: str) -> Segment:
    method = (segment.interpolation or "HERMITE").upper()
    degree = segment.interpolation_degree
    if method == "HERMITE":
        points = _DEFAULT_POINTS if degree is None else (degree + 1) // 2
    elif method in ("LAGRANGE", "LINEAR"):
        points = 2 if method == "LINEAR" else 8 if degree is None else degree + 1
    else:
        raise InputError(
            "the interpolation is not one that Perilune knows",
            file=file,
            field="INTERPOLATION",
            found=segment.interpolation,
            expected="HERMITE, LAGRANGE or LINEAR",
        )
    points = min(max(points, 1), segment.epoch_mjd_tdb.size)
    table = TabulatedStates(
        segment.epoch_mjd_tdb, segment.states, points, method == "HERMITE", file
    )
    center = "ssb" if segment.origin == "SOLAR SYSTEM BARYCENTER" else segment.origin.lower()
    epoch = segment.epoch_mjd_tdb
    return Segment(
        table, center, segment.frame == "ecliptic J2000", float(epoch[0]), float(epoch[-1])
    )


def spk_orbiter(name: str, path: Path, naif_id: int) -> TabulatedOrbiter:
    """An orbiter by an SPK file: types 2 and 3 (Chebyshev), 9 (Lagrange) and 13 (Hermite).

    Raises:
        InputError: the file cannot be read, or does not hold the body in such a form.
    """
    file = str(path)
    by_target: dict[int, list[Segment]] = {}
    try:
        with path.open("rb") as stream:
            daf = DAF(stream)
            for _, values in daf.summaries():
                words = np.asarray(daf.map_array(int(values[6]), int(values[7])))
                segment = _spk_segment(values, words, file)
                by_target.setdefault(int(values[2]), []).append(segment)
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise InputError(
            "the SPK file cannot be read", file=file, found=str(error), remedy="Check the file."
        ) from None
    if naif_id not in by_target:
        raise InputError(
            "the SPK file does not hold this body",
            file=file,
            field="naif_id",
            found=naif_id,
            expected=", ".join(str(number) for number in sorted(by_target)),
        )
    # SPICE lets later segments go before earlier ones.
    segments = {body: tuple(reversed(pieces)) for body, pieces in by_target.items()}
    for pieces in segments.values():
        for piece in pieces:
            known = isinstance(piece.center, str) or piece.center in {*segments, *_BODIES}
            if not known:
                raise InputError(
                    "a centre in the SPK file is not known", file=file, found=piece.center
                )
    return TabulatedOrbiter(name, segments, naif_id, file)


@dataclass(frozen=True, slots=True, eq=False)
class _Chebyshev:
    """Types 2 and 3: equal spans, each with Chebyshev series of the position (and the velocity).

    Attributes:
        first_s, span_s: the start, from J2000 TDB, and the length of each.
        middle_radius: (R, 2) middle and half length of each, s.
        coefficients: (degree + 1, 3 or 6, R).
    """

    first_s: float
    span_s: float
    middle_radius: FloatArray
    coefficients: FloatArray

    def at(self, epoch_mjd_tdb: FloatArray) -> FloatArray:
        """States (M, 6), km and km/s."""
        time_s = (epoch_mjd_tdb - J2000_MJD_TDB) * DAY_S
        row = np.floor((time_s - self.first_s) / self.span_s).astype(np.int64)
        row = np.clip(row, 0, self.middle_radius.shape[0] - 1)
        middle, radius = self.middle_radius[row].T
        x, series = (time_s - middle) / radius, self.coefficients[:, :, row]
        value = chebyshev.chebval(x, series, tensor=False)
        if value.shape[0] == 6:
            return np.asarray(value.T)
        rate = chebyshev.chebval(x, chebyshev.chebder(series), tensor=False) / radius
        return np.concatenate([value, rate]).T


def _spk_segment(summary: Sequence[float], words: FloatArray, file: str) -> Segment:
    """A segment from its summary (start, end, target, centre, frame, type) and its numbers."""
    target, center, frame, kind = (int(value) for value in summary[2:6])
    if frame not in (_ICRF, _ECLIPTIC):
        raise InputError(
            "the axes of the SPK file are not known",
            file=file,
            found=f"frame {frame}",
            expected="J2000 (1) or ECLIPJ2000 (17)",
        )
    piece: Piece
    if kind in (2, 3):
        first_s, span_s, size, count = words[-4:]
        records = words[: int(size * count)].reshape(int(count), int(size))
        series = records[:, 2:].reshape(int(count), 3 * (kind - 1), -1)
        piece = _Chebyshev(
            float(first_s), float(span_s), records[:, :2], np.transpose(series, (2, 1, 0))
        )
    elif kind in (9, 13):
        count = int(words[-1])
        # Type 13 keeps the window's size minus one, type 9 the degree: both are points - 1.
        points = int(words[-2]) + 1
        states = np.array(words[: 6 * count]).reshape(count, 6)
        epoch = J2000_MJD_TDB + words[6 * count : 7 * count] / DAY_S
        piece = TabulatedStates(epoch, states, min(points, count), kind == 13, file)
    else:
        raise InputError(
            "this type of SPK segment is not read",
            file=file,
            found=f"type {kind} for body {target}",
            expected="types 2, 3, 9 or 13",
            remedy="Write the path as a CCSDS OEM instead.",
        )
    return Segment(
        piece,
        center if center != 0 else "ssb",
        frame == _ECLIPTIC,
        J2000_MJD_TDB + summary[0] / DAY_S,
        J2000_MJD_TDB + summary[1] / DAY_S,
    )
