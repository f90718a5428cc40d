"""DE440 as our kernels read it, against jplephem on the same file.

jplephem (Brandon Rhodes) evaluates the same Chebyshev series with numpy, so the two may differ by
rounding alone. Both take the time in two parts; compared are positions to 1e-6 km and velocities
to 1e-12 km/s. Seen: 9.6e-7 km (Neptune and Pluto, 7e9 km away, where one unit in the last place is
9.5e-7 km), 4e-14 km/s.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from jplephem.spk import SPK
from numpy.typing import NDArray

from perilune.constants import DAY_S, MJD_OF_JD
from perilune.ephemeris import MAJOR_BODIES, de440_path, planets

SEED = 440
# The series that add up to each body, as NAIF's ids (center, target).
CHAINS = {
    "sun": [(0, 10)],
    "mercury": [(0, 1)],
    "venus": [(0, 2)],
    "earth": [(0, 3), (3, 399)],
    "moon": [(0, 3), (3, 301)],
    "mars": [(0, 4)],
    "jupiter": [(0, 5)],
    "saturn": [(0, 6)],
    "uranus": [(0, 7)],
    "neptune": [(0, 8)],
    "pluto": [(0, 9)],
}


@pytest.fixture(scope="module")
def kernel() -> Iterator[SPK]:
    spk = SPK.open(str(de440_path()))
    yield spk
    spk.close()


def _reference(
    kernel: SPK, body: str, mjd: NDArray[np.float64], offset: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    position = np.zeros((3, mjd.size))
    velocity = np.zeros((3, mjd.size))
    for pair in CHAINS[body]:
        # jplephem cancels the large part of the date only if that is exact in both kernels' units.
        x, v = kernel[pair].compute_and_differentiate(mjd + MJD_OF_JD, offset)
        position += x
        velocity += v / DAY_S
    return position.T, velocity.T


@pytest.mark.parametrize("body", MAJOR_BODIES)
def test_position_and_velocity_equal_jplephem(kernel: SPK, body: str) -> None:
    ephemeris = planets()
    rng = np.random.default_rng(SEED)
    mjd = np.floor(rng.uniform(ephemeris.first_mjd_tdb, ephemeris.last_mjd_tdb - 1.0, 2000))
    # Ends and inner borders of the records (every 8, 16 and 32 days) as well.
    mjd[:2] = ephemeris.first_mjd_tdb, ephemeris.last_mjd_tdb - 1.0
    offset = rng.uniform(0.0, 1.0, mjd.size)
    offset[:500] = 0.0
    position, velocity = ephemeris.state(body, mjd, offset)
    expected, expected_velocity = _reference(kernel, body, mjd, offset)
    assert np.abs(position - expected).max() <= 1.0e-6
    assert np.abs(velocity - expected_velocity).max() <= 1.0e-12


def test_the_last_moment_of_the_span_is_inside(kernel: SPK) -> None:
    ephemeris = planets()
    end = np.array([ephemeris.last_mjd_tdb])
    position, _ = ephemeris.state("mars", end)
    expected, _ = _reference(kernel, "mars", end - 1.0, np.array([1.0]))
    assert np.abs(position - expected).max() <= 1.0e-6


def test_constants_are_those_of_the_comment_area() -> None:
    """GM of the Sun, Earth and Moon as Park et al. (2021), table 2, doi:10.3847/1538-3881/abd414.

    The table gives km³/s² to the digits below; the kernel's own are in au³/d².
    """
    constants = planets().constants
    gm = dict(zip(MAJOR_BODIES, constants.gm_major_km3_s2, strict=True))
    assert gm["sun"] == pytest.approx(132712440041.279419, abs=1e-4)
    assert gm["earth"] == pytest.approx(398600.435507, abs=1e-6)
    assert gm["moon"] == pytest.approx(4902.800118, abs=1e-6)
    assert gm["jupiter"] == pytest.approx(126712764.100000, abs=1e-4)
    assert constants.gm_asteroid_km3_s2[1] == pytest.approx(62.62889, abs=1e-5)  # Ceres
    assert constants.sun_j2 == pytest.approx(2.1961391516529825e-07, rel=1e-12)
    assert constants.earth_j2 == pytest.approx(0.0010826253, abs=1e-10)
