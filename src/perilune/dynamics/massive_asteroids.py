"""The 16 most massive asteroids, integrated by our own engine from published states and masses.

Each attracts the others: two passes, the second in the field of the first. The result is a table
of Chebyshev series, cached on disk, that the ephemeris reads like DE440's.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from perilune.constants import DAY_S
from perilune.dynamics.particles import Particles
from perilune.dynamics.propagator import Progress, propagate
from perilune.ephemeris import Ephemeris, planets
from perilune.jit import cache_root, kernel_cache

EPOCH_MJD_TDB: Final = 60676.0

# Heliocentric ICRF position (km) and velocity (km/s) at EPOCH_MJD_TDB (2025-01-01 TDB) from JPL's
# sb441-n16 kernel (Farnocchia 2021, JPL IOM 392R-21-005), printed by
# design/massive_asteroid_states.py; masses are DE440's (its comment area, MA0001 …).
STATES: Final[dict[int, tuple[float, ...]]] = {
    1: (
        325671036.707236, -243671399.81453457, -181235423.02740383,
        11.183254612551337, 11.809937358425483, 3.2935236107390597,
    ),
    2: (
        89395469.48812968, -480038464.77779, 89251214.80184782,
        14.581894439234592, 0.6657109520562327, -1.1872011473615787,
    ),
    3: (
        -396628527.68066025, -284180232.63647795, -37415572.285928406,
        6.930663299653263, -12.460590586432701, -2.622857896872781,
    ),
    4: (
        -336682284.3047208, -40729459.017399915, 27876359.76337101,
        3.2452518956813576, -18.282153280929744, -7.714845243946213,
    ),
    7: (
        284763532.10129166, 14151326.615698844, 35108014.26700916,
        -5.022865066866752, 21.395728130864363, 8.315722319691952,
    ),
    10: (
        401794258.1354077, 287822817.1436797, 158780910.8467521,
        -9.110334551790666, 11.241129867056049, 4.426373550347526,
    ),
    15: (
        14189563.478051553, 302862520.70188576, 164557933.84002522,
        -20.126026584072616, 5.116415604708499, -1.6313990209431466,
    ),
    16: (
        378035551.6764225, -62626672.01353515, -34653756.69791809,
        2.4428040435314435, 18.25928815667946, 6.8493700341995245,
    ),
    31: (
        -437673950.914405, -218818743.42071214, -82144146.31988627,
        3.4722597816460237, -10.11979000792116, -11.823439625844111,
    ),
    52: (
        476738171.12371355, -33650416.14296429, -62938002.0998025,
        0.07315630798518032, 15.378413385569756, 5.214683739966914,
    ),
    65: (
        -214277963.0480356, 485088728.66639835, 184514333.38195854,
        -12.997691252479667, -6.313855163605545, -1.9617042313654849,
    ),
    87: (
        404511605.4221881, 270678094.85943455, 52794892.93302295,
        -7.991181757131486, 12.630659905274863, 7.980902606940876,
    ),
    88: (
        -61732733.966775715, 423440502.54753643, 182529353.64699638,
        -15.752243702049645, 0.2385411541796728, -1.4609737164070902,
    ),
    107: (
        435612692.4018003, 271970277.91412187, 55334007.3166687,
        -9.511184504649215, 12.590405769699277, 3.2465429589473644,
    ),
    511: (
        226884903.138632, 318243153.58312875, 41625989.776900515,
        -16.299488868632583, 8.525854680052772, 7.5190207490510135,
    ),
    704: (
        -426475413.332082, 268025687.4789062, -11973241.233574465,
        -8.323984471781028, -10.194004748432917, -7.9545599373334115,
    ),
}  # fmt: skip

_RECORD_D: Final = 96.0
_COEFFICIENTS: Final = 14
_MAGIC: Final = "perilune massive asteroids 1"


def _barycentric(ephemeris: Ephemeris) -> Particles:
    states = np.array(list(STATES.values()))
    sun_km, sun_km_s = ephemeris.state("sun", EPOCH_MJD_TDB)
    return Particles(
        epoch_mjd_tdb=np.full(len(states), EPOCH_MJD_TDB),
        position_km=states[:, :3] + sun_km,
        velocity_km_s=states[:, 3:] + sun_km_s,
        own_body=np.arange(11, 11 + len(states)),
    )


def _positions(
    steps: NDArray[np.float64], times_mjd_tdb: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One body's positions (N, 3) in km at times inside its dense output."""
    low = steps[:, 1] + np.minimum(steps[:, 2], steps[:, 2] + steps[:, 3]) / DAY_S
    rows = np.argsort(low)
    steps = steps[rows][np.clip(np.searchsorted(low[rows], times_mjd_tdb) - 1, 0, None)]
    h = steps[:, 3]
    s = ((times_mjd_tdb - steps[:, 1]) * DAY_S - steps[:, 2]) / h
    power = steps[:, 10:].reshape(-1, 8, 3)
    integral = np.zeros((times_mjd_tdb.size, 3))
    for k in range(7, -1, -1):
        integral = integral * s[:, None] + power[:, k] / ((k + 1) * (k + 2))
    moved = (s * h)[:, None] * (steps[:, 7:10] + (s * h)[:, None] * integral)
    return np.asarray(steps[:, 4:7] + moved)


def _integrate(
    ephemeris: Ephemeris, first: float, records: int, progress: Progress | None, label: str
) -> NDArray[np.float64]:
    """Chebyshev coefficients (n, records, 3, 14) of all bodies in the given field."""
    particles = _barycentric(ephemeris)
    n = len(particles)
    last = first + records * _RECORD_D
    steps = np.concatenate(
        [
            propagate(
                ephemeris, particles, [end], keep_steps=True, progress=progress, label=label
            ).steps
            for end in (first, last)
        ]
    )
    steps = steps[steps[:, 3] != 0.0]
    nodes = chebyshev.chebpts1(_COEFFICIENTS)
    middles = first + (np.arange(records) + 0.5) * _RECORD_D
    times = (middles[:, None] + 0.5 * _RECORD_D * nodes).reshape(-1)
    fit = np.linalg.inv(chebyshev.chebvander(nodes, _COEFFICIENTS - 1))
    table = np.empty((n, records, 3, _COEFFICIENTS))
    for body in range(n):
        positions = _positions(steps[steps[:, 0] == body], times)
        samples = positions.reshape(records, _COEFFICIENTS, 3)
        table[body] = np.einsum("kj,rjc->rck", fit, samples)
    return table


def build_table(
    ephemeris: Ephemeris, progress: Progress | None = None
) -> tuple[NDArray[np.float64], float]:
    """The coefficients over the planets' whole span, and the first record's start."""
    first = np.ceil(ephemeris.first_mjd_tdb) + 1.0
    records = int((ephemeris.last_mjd_tdb - 1.0 - first) // _RECORD_D)
    numbers = tuple(STATES)
    field = ephemeris
    table = np.zeros(0)
    for turn in (1, 2):
        label = f"integrating {len(numbers)} massive asteroids, pass {turn} of 2"
        # The bodies attract each other from the second pass on; in the first they are alone.
        table = _integrate(field, first, records, progress, label)
        field = ephemeris.with_asteroids(numbers, table, first, _RECORD_D)
    return table, float(first)


def _cache_path(ephemeris: Ephemeris) -> Path:
    """Named by all that the table depends on: states, masses, kernels."""
    digest = hashlib.sha256(repr((STATES, EPOCH_MJD_TDB, _RECORD_D, _COEFFICIENTS)).encode())
    digest.update(ephemeris.name.encode())
    digest.update(repr(ephemeris.constants).encode())
    digest.update(kernel_cache().name.encode())
    return cache_root() / f"massive-asteroids-{digest.hexdigest()[:16]}.npz"


def _read_cache(path: Path) -> tuple[NDArray[np.float64], float] | None:
    """The cached table; None where it is absent, cut short or not what it says it is."""
    try:
        with np.load(path, allow_pickle=False) as data:
            if str(data["magic"]) != _MAGIC:
                return None
            table, first = np.ascontiguousarray(data["table"]), float(data["first_mjd_tdb"])
            sound = hashlib.sha256(table.tobytes()).hexdigest() == str(data["sha256"])
    except (OSError, ValueError, KeyError, EOFError):
        return None
    except Exception as error:
        # zipfile and zlib have their own errors for a file cut short.
        if type(error).__module__ in {"zipfile", "zlib"}:
            return None
        raise
    return (table, first) if sound and np.isfinite(table).all() else None


def _write_cache(path: Path, table: NDArray[np.float64], first: float) -> None:
    """Write whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            np.savez(
                file,
                magic=_MAGIC,
                table=table,
                first_mjd_tdb=first,
                sha256=hashlib.sha256(table.tobytes()).hexdigest(),
            )
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@cache
def solar_system(progress: Progress | None = None) -> Ephemeris:
    """DE440 with the 16 massive asteroids: what every propagation uses.

    The asteroids are integrated at first use (some seconds) and cached; a damaged cache or one of
    another version is made anew. A cache that cannot be written is no error.

    Raises:
        DataMissingError: DE440 is missing.
    """
    ephemeris = planets()
    path = _cache_path(ephemeris)
    found = _read_cache(path)
    if found is None:
        found = build_table(ephemeris, progress)
        with suppress(OSError):
            _write_cache(path, *found)
    table, first = found
    return ephemeris.with_asteroids(tuple(STATES), table, first, _RECORD_D)
