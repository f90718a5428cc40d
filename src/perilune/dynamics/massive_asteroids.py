"""The 16 most massive asteroids, integrated by our own engine from published states and masses.

Each attracts the others: two passes, the second in the field of the first. The result is a table
of Chebyshev series, cached on disk, that the ephemeris reads like DE440's.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
import zlib
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

# Heliocentric ICRF position (km) and velocity (km/s) at EPOCH_MJD_TDB (2025-01-01 TDB), fitted by
# design/massive_asteroid_states.py to JPL's sb441-n16 kernel (Farnocchia 2021, JPL IOM 392R-21-005)
# over 1950-2100, since that kernel felt 343 asteroids and ours feel only each other: started from
# the kernel's own states, Hygiea (10) would be 1,030 km off in 1950, fitted it is 515 km off at
# most, Iris (7) 222 km, Ceres (1) 100 km, Pallas (2) 39 km. What that does to an encounter:
# tests/truth/test_ephemeris_asteroids.py. Masses are DE440's (its comment area, MA0001 ...).
STATES: Final[dict[int, tuple[float, ...]]] = {
    1: (
        325671069.6931936, -243671364.5045365, -181235413.3089589,
        11.1832532416201, 11.8099383708773, 3.293524380454738,
    ),
    2: (
        89395446.72034128, -480038465.0497873, 89251216.73692484,
        14.5818946085669, 0.6657101489772368, -1.187200990664078,
    ),
    3: (
        -396628528.9805026, -284180231.6934136, -37415572.04897587,
        6.930663266724959, -12.46059060406179, -2.622857910385984,
    ),
    4: (
        -336682293.4165246, -40729410.81529891, 27876380.32244154,
        3.245248849082429, -18.28215364606881, -7.714845001578302,
    ),
    7: (
        284763527.9812838, 14151334.78760431, 35108016.721278,
        -5.022865710719977, 21.39572822750521, 8.315722256327142,
    ),
    10: (
        401794088.9098112, 287822995.7321416, 158780984.1959145,
        -9.110341271681515, 11.24112575880109, 4.426371215327596,
    ),
    15: (
        14189613.73140448, 302862508.1204475, 164557938.3262924,
        -20.1260264482519, 5.116418010915412, -1.631397716628035,
    ),
    16: (
        378035558.4947349, -62626625.20827521, -34653738.98020849,
        2.442801729971484, 18.25928851645368, 6.849370224627542,
    ),
    31: (
        -437673930.8131483, -218818791.6742309, -82144206.98147745,
        3.472262286251081, -10.11978868024725, -11.82343941289096,
    ),
    52: (
        476738171.126368, -33650334.39905113, -62937974.71575015,
        0.0731532860657739, 15.37841361317596, 5.214684124846701,
    ),
    65: (
        -214277988.2586393, 485088715.297239, 184514329.3466069,
        -12.99769094266959, -6.313855902054172, -1.961704506764774,
    ),
    87: (
        404511622.0347447, 270678073.9459172, 52794878.8450844,
        -7.991180844880324, 12.63066044474725, 7.980902673685883,
    ),
    88: (
        -61732685.87739372, 423440501.6833383, 182529358.7673835,
        -15.75224395902345, 0.2385428138977842, -1.46097303700088,
    ),
    107: (
        435612668.8502336, 271970305.6576173, 55334013.59885171,
        -9.51118551438434, 12.59040518323219, 3.246542862961796,
    ),
    511: (
        226884871.3661218, 318243169.5934228, 41626004.94064481,
        -16.29948973262035, 8.52585346736134, 7.519020660500567,
    ),
    704: (
        -426475412.5402369, 268025687.545966, -11973241.50277392,
        -8.323984454685926, -10.1940047624666, -7.95455992930999,
    ),
}  # fmt: skip

RECORD_D: Final = 96.0
_COEFFICIENTS: Final = 14
_MAGIC: Final = "perilune massive asteroids 1"
# What numpy, zipfile and zlib raise for a file that is absent, damaged or of another kind.
_DAMAGE: Final = (
    OSError, ValueError, KeyError, EOFError, TypeError, RuntimeError, zipfile.BadZipFile, zlib.error
)  # fmt: skip


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
    last = first + records * RECORD_D
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
    middles = first + (np.arange(records) + 0.5) * RECORD_D
    times = (middles[:, None] + 0.5 * RECORD_D * nodes).reshape(-1)
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
    records = int((ephemeris.last_mjd_tdb - 1.0 - first) // RECORD_D)
    numbers = tuple(STATES)
    field = ephemeris
    table = np.zeros(0)
    for turn in (1, 2):
        label = f"integrating {len(numbers)} massive asteroids, pass {turn} of 2"
        # The bodies attract each other from the second pass on; in the first they are alone.
        table = _integrate(field, first, records, progress, label)
        field = ephemeris.with_asteroids(numbers, table, first, RECORD_D)
    return table, float(first)


def _cache_path(ephemeris: Ephemeris) -> Path:
    """Named by all that the table depends on: states, masses, kernels."""
    digest = hashlib.sha256(repr((STATES, EPOCH_MJD_TDB, RECORD_D, _COEFFICIENTS)).encode())
    digest.update(ephemeris.name.encode())
    digest.update(repr(ephemeris.constants).encode())
    digest.update(kernel_cache("perilune.dynamics.schedule_kernels").name.encode())
    return cache_root() / f"massive-asteroids-{digest.hexdigest()[:16]}.npz"


def _read_cache(path: Path) -> tuple[NDArray[np.float64], float] | None:
    """The cached table; None where it is absent, cut short or not what it says it is."""
    try:
        # Opened here, since numpy leaves a file open in which it finds no archive.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            if str(data["magic"]) != _MAGIC:
                return None
            table, first = np.ascontiguousarray(data["table"]), float(data["first_mjd_tdb"])
            sound = hashlib.sha256(table.tobytes()).hexdigest() == str(data["sha256"])
    except _DAMAGE:
        return None
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
    return ephemeris.with_asteroids(tuple(STATES), table, first, RECORD_D)
