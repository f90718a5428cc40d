"""Observers of every kind are placed, or said not to be, with the reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from perilune.astrometry.observations import Observations, concatenate, empty
from perilune.astrometry.observatories import observatories, observatory
from perilune.astrometry.observers import observer_states, station_states
from perilune.constants import AU_KM
from perilune.ephemeris import planets
from perilune.errors import InputError, UnknownNameError
from perilune.station.orbiters import Segment, TabulatedOrbiter
from perilune.station.tabulated import TabulatedStates

EPOCH = 59000.25


def one(
    station: str,
    system: str = "",
    center: int = 0,
    position: tuple[float, float, float] = (np.nan, np.nan, np.nan),
    epoch: float = EPOCH,
) -> Observations:
    return replace(
        empty(1),
        station=np.array([station]),
        position_system=np.array([system]),
        position_center=np.array([center]),
        position=np.array([position]),
        epoch_mjd_tdb=np.array([epoch]),
    )


def test_the_geocentre_and_geocentric_occultations_are_the_earths_centre() -> None:
    earth_km, earth_km_s = planets().state("earth", EPOCH)
    for code in ("500", "244"):
        states = observer_states(one(code), planets())
        assert np.array_equal(states.position_km[0], earth_km)
        assert np.abs(states.velocity_km_s[0] - earth_km_s).max() < 1e-15


def test_roving_observer_by_longitude_latitude_and_height() -> None:
    """The same place as its ITRF coordinates; Greenwich's meridian at sea level on the equator."""
    by_angles = observer_states(one("247", "WGS84", 399, (0.0, 0.0, 0.0)), planets())
    by_axes = observer_states(one("247", "ITRF", 399, (6378.137, 0.0, 0.0)), planets())
    assert np.abs(by_angles.position_km - by_axes.position_km).max() < 1e-7
    assert np.abs(by_angles.velocity_km_s - by_axes.velocity_km_s).max() < 1e-12


@pytest.mark.parametrize(
    ("center", "name"), [(399, "earth"), (301, "moon"), (10, "sun"), (0, "ssb")]
)
def test_spacecraft_record_counts_from_its_centre(center: int, name: str) -> None:
    states = observer_states(one("250", "ICRF_KM", center, (7000.0, -10.0, 3.0)), planets())
    center_km, center_km_s = planets().state(name, EPOCH)
    assert np.abs(states.position_km[0] - center_km - [7000.0, -10.0, 3.0]).max() < 1e-6
    # A single record says nothing of its velocity: the centre's.
    assert np.abs(states.velocity_km_s[0] - center_km_s).max() < 1e-15


def test_near_records_of_a_spacecraft_give_its_velocity() -> None:
    """A circular low orbit, 7.5 km/s: records 20 s apart give it to (w dt)^2 / 6 or w dt / 2."""
    times_s = np.array([0.0, 20.0, 40.0, 4000.0])
    radius_km, rate = 6900.0, np.sqrt(398600.4 / 6900.0**3)
    place = radius_km * np.stack(
        [np.cos(rate * times_s), np.sin(rate * times_s), 0.0 * times_s], axis=1
    )
    table = replace(
        empty(4),
        station=np.full(4, "C51"),
        position_system=np.full(4, "ICRF_KM"),
        position_center=np.full(4, 399),
        position=place,
        epoch_mjd_tdb=EPOCH + times_s / 86400.0,
    )
    states = observer_states(table, planets())
    _, earth_km_s = planets().state("earth", table.epoch_mjd_tdb)
    own = states.velocity_km_s - earth_km_s
    true = (
        radius_km
        * rate
        * np.stack([-np.sin(rate * times_s), np.cos(rate * times_s), 0.0 * times_s], axis=1)
    )
    away = np.linalg.norm(own - true, axis=1)
    assert away[1] < 1e-3  # in the middle
    assert away[[0, 2]].max() < 0.2  # at the ends, 2 %
    assert np.linalg.norm(own[3]) < 1e-12  # alone: the Earth's


@pytest.mark.parametrize(
    ("row", "word"),
    [
        (one("C51"), "WISE"),
        (one("C57"), "TESS"),
        (one("274"), "James Webb"),
        (one("247"), "does not say where"),
        (one("ZZZ"), "not in the MPC's list"),
        (one("500", epoch=np.nan), "epoch is missing"),
        (one("500", epoch=1e6), "outside"),
        (one("250", "ICRF_KM", 399, (1.0, np.nan, 2.0)), "not complete"),
        (one("250", "ICRF_KM", 599, (1.0, 2.0, 3.0)), "599"),
        (one("247", "WGS84", 301, (1.0, 1.0, 0.0)), "do not go with"),
        (one("247", "IAU", 399, (1.0, 1.0, 0.0)), "do not go with"),
        (one("247", "WGS84", 399, (1.0, 2.0, 0.0)), "beyond a pole"),
        (one("247", "NAD27", 399, (1.0, 1.0, 0.0)), "NAD27"),
    ],
)
def test_what_cannot_be_placed_says_why(row: Observations, word: str) -> None:
    states = observer_states(row, planets())
    assert not states.is_known[0]
    assert word in states.reason[0]
    assert np.isnan(states.position_km).all()


def test_rows_keep_their_order_whatever_their_kind() -> None:
    mixed = [one("X05"), one("C51"), one("500"), one("250", "ICRF_KM", 10, (AU_KM, 0.0, 0.0))]
    together = observer_states(concatenate(mixed), planets())
    for index, row in enumerate(mixed):
        alone = observer_states(row, planets())
        assert np.array_equal(together.position_km[index], alone.position_km[0], equal_nan=True)
    assert together.is_known.tolist() == [True, False, True, True]


def test_an_observer_given_by_its_code_takes_the_place_of_the_list() -> None:
    """A spacecraft by a table of a day; a row's own position goes before it."""
    times = EPOCH + np.arange(0.0, 1.01, 0.25)
    states = np.tile([7000.0, 0.0, 0.0, 0.0, 7.5, 0.0], (5, 1))
    table = TabulatedStates(times, states, 1, False, "wise.oem")
    segment = Segment(table, "earth", False, times[0], times[-1])
    wise = TabulatedOrbiter("WISE", {-1: (segment,)}, -1, "wise.oem")
    mixed = concatenate(
        [
            one("C51", epoch=EPOCH + 0.1),
            one("C51", epoch=EPOCH + 5.0),
            one("C51", "ICRF_KM", 399, (1.0, 2.0, 3.0)),
            one("500"),
        ]
    )
    found = observer_states(mixed, planets(), {"C51": wise})
    earth_km, earth_km_s = planets().state("earth", mixed.epoch_mjd_tdb)
    assert found.is_known.tolist() == [True, False, True, True]
    assert "WISE is not known then" in found.reason[1]
    assert np.abs(found.position_km[0] - earth_km[0] - [7000.0, 0.0, 0.0]).max() < 1e-6
    assert np.abs(found.velocity_km_s[0] - earth_km_s[0] - [0.0, 7.5, 0.0]).max() < 1e-12
    assert np.abs(found.position_km[2] - earth_km[2] - [1.0, 2.0, 3.0]).max() < 1e-6


def test_no_rows_are_no_error() -> None:
    assert observer_states(empty(0), planets()).position_km.shape == (0, 3)


def test_codes() -> None:
    assert len(observatories()) > 2500
    assert observatory("C51").position_itrs_km is None
    with pytest.raises(UnknownNameError, match="X05"):
        observatory("x05")
    with pytest.raises(InputError, match="Spitzer"):
        station_states(np.array(["245"]), np.array([EPOCH]), planets())
