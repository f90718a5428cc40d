"""The rows of `station orbits`, one for each kind of orbiter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from perilune.constants import DAY_S
from perilune.ephemeris import planets
from perilune.errors import InputError
from perilune.orbits.spk_writing import SpkStates, write_spk
from perilune.station.orbits.flown import (
    FlownOrbiter,
    periodic_orbit,
    reference_orbit,
    tabulated,
)
from perilune.station.orbits.report import orbiter_report
from perilune.station.spacecraft import Orbiter
from perilune.times import parse_epoch

EPOCH = "2028-01-01"
NRHO = Orbiter.model_validate(
    {
        "id": "gateway",
        "nrho": {"point": "L2", "branch": "south", "resonance": "9:2", "epoch": EPOCH},
    }
)
HERE = Path()


def test_the_gateway() -> None:
    row = orbiter_report(NRHO, HERE, days=20.0, samples=1)
    assert row.family == "nrho"
    assert row.jacobi == pytest.approx(3.046501, abs=1e-5)
    assert row.stability == pytest.approx(1.32, abs=0.01)
    assert row.period_d == pytest.approx(6.562, abs=0.01)
    assert 3196.0 < row.perilune_km < 3557.0
    assert 69000.0 < row.apolune_km < 73000.0
    assert row.station_keeping_m_s_year is not None
    assert 0.0 < row.station_keeping_m_s_year < 10.0
    assert row.station_keeping_sigma_m_s_year is None  # one sample has no spread
    assert row.lifetime_d is None
    assert row.as_dict()["orbiter"] == "gateway"


def test_a_flown_orbiter_is_at_apolune_at_its_epoch() -> None:
    epoch = parse_epoch(EPOCH)
    epochs = epoch + np.linspace(-1.0, 12.0, 300)
    flown = FlownOrbiter("gateway", NRHO)
    place_km, speed_km_s = flown.state(epochs)
    moon_km, moon_km_s = planets().state("moon", epochs)
    distance_km = np.linalg.norm(place_km - moon_km, axis=1)
    farthest = epochs[np.argmax(distance_km[epochs < epoch + 3.0])]
    assert abs(farthest - epoch) < 0.3
    # Its table is the path itself, to metres.
    reference = reference_orbit(NRHO, float(epochs[0]), float(epochs[-1]))
    own = reference.at(epochs)
    table = tabulated(reference).at(epochs)
    assert np.abs(own[:, :3] - table[:, :3]).max() < 0.01
    assert np.abs(table[:, :3] - place_km + moon_km).max() < 1e-6
    assert np.abs(table[:, 3:] - speed_km_s + moon_km_s).max() < 1e-9
    assert flown.site is None


@pytest.mark.parametrize(
    ("source", "family"),
    [
        ({"dro": {"resonance": "2:1", "epoch": EPOCH}}, "dro"),
        ({"halo": {"point": "L1", "branch": "north", "period": "12 d", "epoch": EPOCH}}, "halo"),
        ({"butterfly": {"branch": "south", "period": "14 d", "epoch": EPOCH}}, "butterfly"),
    ],
)
def test_other_families(source: dict, family: str) -> None:  # type: ignore[type-arg]
    orbiter = Orbiter.model_validate({"id": "one", **source})
    if family == "halo":
        with pytest.raises(InputError, match="2 members"):
            periodic_orbit(orbiter)
        return
    row = orbiter_report(orbiter, HERE, days=30.0, samples=0)
    orbit = periodic_orbit(orbiter)
    assert row.family == family
    assert row.period_d == pytest.approx(orbit.period_d, rel=0.01)
    assert row.perilune_km > 0.7 * orbit.perilune_km
    assert row.station_keeping_m_s_year is None


def test_a_low_orbit() -> None:
    orbiter = Orbiter.model_validate(
        {"id": "low", "llo": {"altitude": "100 km", "inclination": "90 deg", "epoch": EPOCH}}
    )
    row = orbiter_report(orbiter, HERE, days=3.0, samples=0)
    assert row.period_d is not None
    assert row.period_d * 1440.0 == pytest.approx(117.79, abs=0.01)
    assert row.perilune_km == row.apolune_km == pytest.approx(1837.4)
    assert 0.0 <= row.eclipse_max_h < 0.9
    assert row.jacobi is None
    assert row.lifetime_d is None


def test_a_state_that_falls() -> None:
    orbiter = Orbiter.model_validate(
        {
            "id": "falls",
            "state": {
                "epoch": EPOCH, "center": "moon", "frame": "ecliptic",
                "position": "1760 0 0 km", "velocity": "0 1.665 0.1 km/s",
            },
        }
    )  # fmt: skip
    row = orbiter_report(orbiter, HERE, days=40.0, samples=0)
    assert row.lifetime_d is not None
    assert 0.0 < row.lifetime_d < 40.0
    assert row.perilune_km < 1765.0
    assert row.span_d < row.lifetime_d + 0.01


def test_a_path_that_was_written(tmp_path: Path) -> None:
    """The NRHO written as SPK gives the row of the path in its file."""
    epoch = parse_epoch(EPOCH)
    table = tabulated(reference_orbit(NRHO, epoch, epoch + 20.0))
    rows = (table.epoch_mjd_tdb > epoch) & (table.epoch_mjd_tdb < epoch + 20.0)
    write_spk(
        tmp_path / "gateway.bsp",
        [SpkStates(-60000, "moon", "Gateway", table.epoch_mjd_tdb[rows], table.states[rows])],
    )
    orbiter = Orbiter.model_validate(
        {"id": "file", "spk": {"file": "gateway.bsp", "naif_id": "-60000"}}
    )
    row = orbiter_report(orbiter, tmp_path, days=30.0)
    assert row.family == "spk"
    assert 19.0 < row.span_d < 20.0
    assert row.period_d == pytest.approx(6.56, abs=0.25)
    assert 3196.0 < row.perilune_km < 3600.0
    assert row.eclipse_max_h * 3600.0 < 3.0 * DAY_S


def test_what_cannot_be_asked_for() -> None:
    with pytest.raises(InputError, match="must be positive"):
        orbiter_report(NRHO, HERE, days=0.0)
    with pytest.raises(InputError, match="too long"):
        reference_orbit(NRHO, parse_epoch(EPOCH), parse_epoch("2060-01-01"))
    low = Orbiter.model_validate(
        {"id": "low", "llo": {"altitude": "100 km", "inclination": "90 deg", "epoch": EPOCH}}
    )
    with pytest.raises(InputError, match="no orbit of the three-body"):
        periodic_orbit(low)
