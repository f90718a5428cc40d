"""Eclipses seen from the Moon against NASA's catalogue of lunar eclipses."""

from __future__ import annotations

import numpy as np
import pytest

from perilune.constants import DAY_S
from perilune.station.orbits.eclipses import find_eclipses
from perilune.times import parse_epoch


def test_the_total_eclipse_of_march_2025() -> None:
    """Espenak, NASA GSFC, total lunar eclipse of 14 March 2025: greatest at 06:58:43 UT.

    Umbral magnitude 1.1784. Penumbral eclipse 03:57:28 to 10:00:09, partial 05:09:40 to 08:47:48,
    total 06:26:06 to 07:31:26. For the Moon's centre: partial and total phases of the disc begin
    and end symmetrically about the greatest moment, so that its middle is Espenak's; the Earth's
    air, which enlarges his shadow by about 1 %, is not in ours.
    """
    epochs = parse_epoch("2025-03-14T02:00:00") + np.arange(0.0, 10.0 / 24.0, 60.0 / DAY_S)
    states = np.zeros((epochs.size, 6))
    states[:, 0] = 1e-3  # the Moon's centre, which its own ground would hide
    (eclipse,) = (each for each in find_eclipses(epochs, states) if each.body == "earth")
    assert eclipse.least_fraction == 0.0
    # The centre enters after the first limb and before the last.
    assert 4.5 < eclipse.hours < 6.04
    assert 1.09 < eclipse.total_h < 3.64


@pytest.mark.parametrize(
    "greatest_utc",
    ["2022-11-08T10:59:11", "2025-03-14T06:58:43", "2025-09-07T18:11:43", "2028-12-31T16:52:05"],
)
def test_light_time_counts_in_the_earth_s_shadow(greatest_utc: str) -> None:
    """Espenak, NASA GSFC, greatest moments of four total lunar eclipses: within 3.7 s seen.

    Between the centre's entry and exit; the shadow's path bends by some seconds. With the Earth of
    the same moment, not that which the light passed 1.28 s ago, all are late by 37 to 48 s.
    """
    greatest = parse_epoch(greatest_utc)
    epochs = greatest + np.arange(-0.2, 0.2, 60.0 / DAY_S)
    states = np.zeros((epochs.size, 6))
    states[:, 0] = 1e-3  # the Moon's centre, which its own ground would hide
    (eclipse,) = (each for each in find_eclipses(epochs, states) if each.body == "earth")
    middle = 0.5 * (eclipse.start_mjd_tdb + eclipse.end_mjd_tdb)
    assert abs(middle - greatest) * DAY_S < 8.0


def test_no_eclipse_a_month_later() -> None:
    epochs = parse_epoch("2025-04-12T00:00:00") + np.arange(0.0, 2.0, 300.0 / DAY_S)
    states = np.zeros((epochs.size, 6))
    states[:, 0] = 1e-3
    assert not [each for each in find_eclipses(epochs, states) if each.body == "earth"]
    assert epochs.size == pytest.approx(576, abs=1)
