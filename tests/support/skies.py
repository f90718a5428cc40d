"""Made-up astrometry of known orbits, with the faults that real files have; all of it seeded.

Nights, stations, twilight and altitude are as in life; places have the errors that the weights
expect, or less, part of them common to a night. What is spoilt on purpose is marked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray, Observations, concatenate, empty
from perilune.astrometry.observers import observer_states
from perilune.astrometry.weights import weights
from perilune.constants import AU_KM, DAY_S
from perilune.determination.fit import Fit
from perilune.determination.residuals import ARCSEC_RAD
from perilune.determination.trajectory import Trajectory, fly
from perilune.ephemeris import Ephemeris
from perilune.orbits import CartesianOrbit, CometaryElements, KeplerianElements, Orbit

# Stations with their catalogues: surveys, followers-up, amateurs.
MODERN: Final = (
    ("F51", "Gaia2"), ("F52", "Gaia2"), ("G96", "Gaia2"), ("703", "Gaia2"), ("T08", "Gaia2"),
    ("W68", "Gaia2"), ("M22", "Gaia2"), ("I52", "Gaia2"), ("H21", "Gaia2"), ("W84", "Gaia1"),
    ("K93", "Gaia2"), ("G45", "UCAC4"), ("J95", "UCAC4"), ("B33", "UCAC4"), ("Q62", "Gaia2"),
)  # fmt: skip
OLDER: Final = (
    ("704", "USNOA2"), ("699", "USNOA2"), ("691", "USNOA2"), ("608", "USNOA2"), ("703", "USNOA2"),
    ("G96", "USNOB1"), ("E12", "USNOB1"), ("046", "USNOA2"), ("718", ""), ("926", "USNOA2"),
)  # fmt: skip
PHOTOGRAPHIC: Final = (("675", ""), ("260", ""), ("413", ""), ("095", ""), ("809", ""))
# The errors of places over the weights' sigmas: those are wide on purpose.
_NOISE: Final = 0.6
_NIGHT_NOISE: Final = 0.35
_CLOCK_S: Final = 0.3
SPOILT: Final = "SPOILT"


@dataclass(frozen=True, slots=True, eq=False)
class Sky:
    """One object's made-up observations.

    Attributes:
        truth: the orbit, with the forces that act.
        observations: spoilt rows have the program `SPOILT`.
    """

    kind: str
    truth: CartesianOrbit
    observations: Observations

    @property
    def is_bad(self) -> NDArray[np.bool_]:
        """(N,) the rows that were spoilt."""
        return np.asarray(self.observations.program == SPOILT)


def keplerian(
    epoch_mjd_tdb: float, a_au: float, e: float, i: float, node: float, peri: float, m: float
) -> CartesianOrbit:
    """An orbit by Keplerian elements (degrees)."""
    elements = KeplerianElements(a_au, e, i, node, peri, m)
    return Orbit("", None, None, "", "", None, epoch_mjd_tdb, elements).cartesian()


def cometary(
    epoch_mjd_tdb: float, q_au: float, e: float, i: float, node: float, peri: float, tp_mjd: float
) -> CartesianOrbit:
    """An orbit by cometary elements (degrees)."""
    elements = CometaryElements(e, q_au, Decimal(tp_mjd), node, peri, i)
    return Orbit("", None, None, "", "", None, epoch_mjd_tdb, elements).cartesian()


def passing_earth(
    ephemeris: Ephemeris,
    rng: np.random.Generator,
    epoch_mjd_tdb: float,
    distance_km: float,
    speed_km_s: float,
) -> CartesianOrbit:
    """An orbit that is so far from the Earth at an epoch, its motion across at such a speed."""
    earth_km, earth_km_s = ephemeris.state("earth", epoch_mjd_tdb)
    sun_km, sun_km_s = ephemeris.state("sun", epoch_mjd_tdb)
    away = rng.standard_normal(3)
    away /= np.linalg.norm(away)
    while True:
        across = np.cross(away, rng.standard_normal(3))
        across *= speed_km_s / np.linalg.norm(across)
        state = earth_km - sun_km + distance_km * away, earth_km_s - sun_km_s + across
        if np.linalg.norm(state[1]) < 40.0:
            return CartesianOrbit(epoch_mjd_tdb, *state, (), None, None)


def distance_sigma(fit: Fit, truth: CartesianOrbit, ephemeris: Ephemeris) -> float:
    """How far a fit's state lies from the true path, by its covariance (Mahalanobis).

    Six components: 4.5 in one case of 400, 5.9 in one of 100,000. Infinite without an orbit.
    """
    solution = fit.solution
    if solution is None or solution.orbit.covariance is None:
        return float("inf")
    orbit = solution.orbit
    ends = sorted((orbit.epoch_mjd_tdb, truth.epoch_mjd_tdb))
    path = fly(ephemeris, truth, None, ends[0], ends[1], with_variations=False)
    there = path.at(np.array([orbit.epoch_mjd_tdb]))[0][0]
    sun_km, sun_km_s = ephemeris.state("sun", orbit.epoch_mjd_tdb)
    away = np.concatenate(
        [orbit.position_km + sun_km - there[:3], orbit.velocity_km_s + sun_km_s - there[3:]]
    )
    block = orbit.covariance[:6, :6]
    scale = np.sqrt(np.diag(block))
    inverse = np.linalg.pinv(block / np.outer(scale, scale), rcond=1e-15)
    return float(np.sqrt((away / scale) @ inverse @ (away / scale)))


class Path:
    """A true path over a span, and where it is seen."""

    def __init__(
        self, ephemeris: Ephemeris, truth: CartesianOrbit, first_mjd: float, last_mjd: float
    ) -> None:
        self.ephemeris, self.truth = ephemeris, truth
        self.flown: Trajectory = fly(
            ephemeris, truth, None, first_mjd - 1.0, last_mjd + 1.0, with_variations=False
        )

    def geometry(self, epoch_mjd_tdb: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Distance from the Earth and the Sun in au, elongation in degrees."""
        there, _ = self.flown.at(epoch_mjd_tdb)
        earth_km, _ = self.ephemeris.state("earth", epoch_mjd_tdb)
        sun_km, _ = self.ephemeris.state("sun", epoch_mjd_tdb)
        away, to_sun = there[:, :3] - earth_km, sun_km - earth_km
        delta = np.linalg.norm(away, axis=1)
        r = np.linalg.norm(there[:, :3] - sun_km, axis=1)
        cosine = np.sum(away * to_sun, axis=1) / delta / np.linalg.norm(to_sun, axis=1)
        return delta / AU_KM, r / AU_KM, np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0)))

    def visible_days(
        self, first_mjd: float, last_mjd: float, h: float | None, limit: float = 21.5
    ) -> FloatArray:
        """Days on which it is bright enough and far enough from the Sun."""
        days = np.arange(np.ceil(first_mjd), last_mjd, 1.0)
        delta, r, elongation = self.geometry(days)
        seen = (elongation > 60.0) & np.isfinite(delta)
        if h is not None:
            phase = 180.0 - elongation
            seen &= h + 5.0 * np.log10(r * delta) + 0.03 * np.abs(phase) < limit
        return days[seen]


def observed(
    path: Path,
    rng: np.random.Generator,
    nights_mjd: FloatArray,
    stations: tuple[tuple[str, str], ...] = MODERN,
    *,
    per_night: tuple[int, int] = (3, 5),
    name: str = "2024 XX1",
    mode: str = "CCD",
    gap_d: float = 0.012,
) -> Observations:
    """Observations on nights, each by a station that has the object up and the Sun down."""
    tries = 40
    epochs, who, first = [], [], []
    for k, night in enumerate(nights_mjd.tolist()):
        epochs.append(np.round(night) + rng.uniform(0.0, 1.0, tries))
        who.append(rng.integers(0, len(stations), tries))
        first.append(np.full(tries, k))
    epoch = np.concatenate(epochs)
    station = np.concatenate(who)
    night = np.concatenate(first)
    codes = np.array([code for code, _ in stations])
    catalogs = np.array([catalog for _, catalog in stations])
    probe = replace(empty(epoch.size), epoch_mjd_tdb=epoch, station=codes[station])
    up = _up(path, probe)
    _, chosen = np.unique(night[up], return_index=True)
    rows = np.flatnonzero(up)[chosen]
    parts = []
    for row in rows.tolist():
        n = int(rng.integers(*per_night)) if per_night[1] > per_night[0] else per_night[0]
        times = epoch[row] + gap_d * (np.arange(n) + rng.uniform(-0.1, 0.1, n))
        parts.append(
            replace(
                empty(n),
                epoch_mjd_tdb=times,
                station=np.full(n, codes[station[row]]),
                catalog=np.full(n, catalogs[station[row]]),
                mode=np.full(n, mode),
                designation=np.full(n, name),
            )
        )
    if not parts:
        return empty(0)
    return _measured(path, rng, concatenate(parts))


def _up(path: Path, rows: Observations) -> NDArray[np.bool_]:
    states = observer_states(rows, path.ephemeris)
    epoch = rows.epoch_mjd_tdb
    earth_km, _ = path.ephemeris.state("earth", epoch)
    sun_km, _ = path.ephemeris.state("sun", epoch)
    up = states.position_km - earth_km
    up /= np.linalg.norm(up, axis=1, keepdims=True)
    there, _ = path.flown.at(epoch)
    away = there[:, :3] - states.position_km
    height = np.sum(up * away, axis=1) / np.linalg.norm(away, axis=1)
    sun = sun_km - states.position_km
    sun_height = np.sum(up * sun, axis=1) / np.linalg.norm(sun, axis=1)
    return np.asarray(
        states.is_known & (height > np.sin(np.radians(15))) & (sun_height < np.sin(np.radians(-8)))
    )


def places(path: Path, rows: Observations) -> tuple[FloatArray, FloatArray]:
    """True right ascension and declination at the rows' epochs, from their stations."""
    states = observer_states(rows, path.ephemeris)
    seen = path.flown.received(rows.epoch_mjd_tdb, states.position_km, states.velocity_km_s)
    x, y, z = seen.position_km.T
    return np.mod(np.arctan2(y, x), 2.0 * np.pi), np.arctan2(z, np.hypot(x, y))


def _measured(path: Path, rng: np.random.Generator, rows: Observations) -> Observations:
    order = np.argsort(rows.epoch_mjd_tdb)
    rows = rows.where(order)
    n = len(rows)
    sigmas = weights(rows)
    night = np.floor(rows.epoch_mjd_tdb - 0.2).astype(np.int64)
    _, which = np.unique(
        np.char.add(rows.station.astype("U4"), night.astype("U12")), return_inverse=True
    )
    clock_s = (_CLOCK_S * rng.standard_normal(which.max() + 1))[which]
    ra, dec = places(path, replace(rows, epoch_mjd_tdb=rows.epoch_mjd_tdb + clock_s / DAY_S))
    shared = _NIGHT_NOISE * rng.standard_normal((2, which.max() + 1))[:, which]
    noise = _NOISE * rng.standard_normal((2, n)) + shared
    dec_new = np.clip(dec + noise[1] * sigmas.sigma_dec_rad, -np.pi / 2, np.pi / 2)
    ra_new = np.mod(ra + noise[0] * sigmas.sigma_ra_rad / np.cos(dec), 2.0 * np.pi)
    return replace(rows, ra_rad=ra_new, dec_rad=dec_new)


Spoiler = Callable[[np.random.Generator, Path, Observations], Observations]


def _marked(rows: Observations, bad: NDArray[np.bool_]) -> Observations:
    """The rows in order of time, numbered, those that are bad marked."""
    program = np.where(bad, SPOILT, rows.program)
    order = np.argsort(rows.epoch_mjd_tdb, kind="stable")
    return replace(replace(rows, program=program).where(order), line=np.arange(1, len(rows) + 1))


def _moved(
    rows: Observations,
    bad: NDArray[np.bool_],
    size_rad: FloatArray | float,
    angle: FloatArray | float,
) -> Observations:
    """Bad rows moved over the sky."""
    size = np.where(bad, size_rad, 0.0)
    ra = rows.ra_rad + size * np.cos(angle) / np.cos(rows.dec_rad)
    dec = np.clip(rows.dec_rad + size * np.sin(angle), -np.pi / 2, np.pi / 2)
    return _marked(replace(rows, ra_rad=np.mod(ra, 2.0 * np.pi), dec_rad=dec), bad)


def _night_of(rng: np.random.Generator, rows: Observations) -> NDArray[np.bool_]:
    """The rows of one night of one station."""
    row = int(rng.integers(len(rows)))
    near = np.abs(rows.epoch_mjd_tdb - rows.epoch_mjd_tdb[row]) < 0.3
    return np.asarray(near & (rows.station == rows.station[row]))


def blunders(share: float = 0.02, low: float = 2.0, high: float = 1000.0) -> Spoiler:
    """Single places off by seconds of arc to a quarter of a degree."""

    def spoil(rng: np.random.Generator, path: Path, rows: Observations) -> Observations:
        n = len(rows)
        bad = np.zeros(n, dtype=np.bool_)
        bad[rng.choice(n, max(1, round(share * n)), replace=False)] = True
        size = np.exp(rng.uniform(np.log(low), np.log(high), n)) * ARCSEC_RAD
        return _moved(rows, bad, size, rng.uniform(0.0, 2.0 * np.pi, n))

    return spoil


def bad_night(arcsec: float = 5.0) -> Spoiler:
    """One station's night, all off alike."""

    def spoil(rng: np.random.Generator, path: Path, rows: Observations) -> Observations:
        bad = _night_of(rng, rows)
        return _moved(rows, bad, arcsec * ARCSEC_RAD, rng.uniform(0.0, 2.0 * np.pi))

    return spoil


def wrong_time(seconds: float) -> Spoiler:
    """One night's times are off."""

    def spoil(rng: np.random.Generator, path: Path, rows: Observations) -> Observations:
        bad = _night_of(rng, rows)
        epoch = rows.epoch_mjd_tdb + np.where(bad, seconds / DAY_S, 0.0)
        return _marked(replace(rows, epoch_mjd_tdb=epoch), bad)

    return spoil


def bad_clock(seconds: float) -> Spoiler:
    """One station's clock is always off."""

    def spoil(rng: np.random.Generator, path: Path, rows: Observations) -> Observations:
        bad = rows.station == rows.station[int(rng.integers(len(rows)))]
        epoch = rows.epoch_mjd_tdb + np.where(bad, seconds / DAY_S, 0.0)
        return _marked(replace(rows, epoch_mjd_tdb=epoch), bad)

    return spoil


def wrong_station(rng: np.random.Generator, path: Path, rows: Observations) -> Observations:
    """One night is given under another station's code."""
    bad = _night_of(rng, rows)
    other = "W84" if rows.station[bad][0] != "W84" else "H21"
    return _marked(replace(rows, station=np.where(bad, other, rows.station)), bad)


def swapped(rng: np.random.Generator, path: Path, rows: Observations) -> Observations:
    """Two rows have each other's places."""
    pair = rng.choice(len(rows), 2, replace=False)
    ra, dec = rows.ra_rad.copy(), rows.dec_rad.copy()
    ra[pair], dec[pair] = ra[pair[::-1]], dec[pair[::-1]]
    bad = np.zeros(len(rows), dtype=np.bool_)
    bad[pair] = True
    return _marked(replace(rows, ra_rad=ra, dec_rad=dec), bad)


def repeated(rng: np.random.Generator, path: Path, rows: Observations) -> Observations:
    """Some rows stand twice, and some again with another place."""
    again = rows.where(rng.choice(len(rows), max(2, len(rows) // 10), replace=False))
    off = np.arange(len(again)) >= len(again) // 2
    again = _moved(again, off, 10.0 * ARCSEC_RAD, 0.5 * np.pi)
    both = concatenate([rows, again])
    return _marked(both, both.program == SPOILT)


def mixed(share: float, other: Callable[[np.random.Generator], CartesianOrbit]) -> Spoiler:
    """Another object's observations among them, as many nights as make this share."""

    def spoil(rng: np.random.Generator, path: Path, rows: Observations) -> Observations:
        first, last = rows.epoch_mjd_tdb[[0, -1]].tolist()
        stranger = Path(path.ephemeris, other(rng), first, last)
        nights = np.unique(np.floor(rows.epoch_mjd_tdb))
        count = min(max(3, round(share * nights.size / (1.0 - share))), nights.size)
        chosen = np.sort(rng.choice(nights, count, replace=False))
        extra = observed(stranger, rng, chosen, name=str(rows.designation[0]))
        extra = _marked(extra, np.ones(len(extra), dtype=np.bool_))
        both = concatenate([rows, extra])
        return _marked(both, both.program == SPOILT)

    return spoil
