"""Preliminary orbits from directions alone against JPL Horizons, and of 51 real objects."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from perilune.astrometry.observations import empty
from perilune.astrometry.reading import read_observations
from perilune.constants import AU_KM, DAY_S
from perilune.determination.measurements import Measurements
from perilune.determination.preliminary import preliminary_orbits
from perilune.determination.preparing import measure
from perilune.dynamics import Particles, propagate, solar_system
from perilune.dynamics.orbit_paths import own_body
from perilune.ephemeris import Ephemeris
from perilune.frames.ecliptic import icrf_from_ecliptic
from perilune.times import mjd_tdb_from_utc

ARCSEC = np.pi / 648000.0


@pytest.fixture(scope="module")
def ephemeris() -> Ephemeris:
    return solar_system()


def _noisy(rows: list[dict[str, str]], ephemeris: Ephemeris) -> Measurements:
    """Horizons' places with 0.3 arcsec of noise (seed 3), as measurements."""
    n = len(rows)
    rng = np.random.default_rng(3)
    sigma = 0.3 * ARCSEC
    dec = np.radians([float(row["DEC"]) for row in rows]) + sigma * rng.standard_normal(n)
    ra = np.radians([float(row["RA"]) for row in rows])
    table = empty(n)
    columns = {name: getattr(table, name) for name in type(table).__dataclass_fields__}
    columns |= {
        "epoch_mjd_tdb": mjd_tdb_from_utc(np.array([float(row["mjd_utc"]) for row in rows])),
        "ra_rad": np.mod(ra + sigma * rng.standard_normal(n) / np.cos(dec), 2.0 * np.pi),
        "dec_rad": dec,
        "sigma_ra_rad": np.full(n, sigma),
        "sigma_dec_rad": np.full(n, sigma),
        "station": np.full(n, "X05"),
    }
    measurements, aside = measure(type(table)(**columns), ephemeris, debias=False)
    assert not aside
    return measurements


def _horizons_state(rows: list[dict[str, str]]) -> tuple[float, NDArray[np.float64]]:
    """Epoch and heliocentric state (6,), km and km/s, from the middle of the table."""
    row = rows[len(rows) // 2]
    position = icrf_from_ecliptic(np.array([float(row[k]) for k in ("x_au", "y_au", "z_au")]))
    velocity = icrf_from_ecliptic(
        np.array([float(row[k]) for k in ("vx_au_d", "vy_au_d", "vz_au_d")])
    )
    return float(row["epoch_mjd_tdb"]), np.concatenate([position * AU_KM, velocity * AU_KM / DAY_S])


def _by(path: Path, key: str) -> dict[str, list[dict[str, str]]]:
    table: dict[str, list[dict[str, str]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            table.setdefault(row[key], []).append(row)
    return table


def test_horizons_places_give_horizons_states(shared_data: Path, ephemeris: Ephemeris) -> None:
    """Fourteen bodies from inside the Earth's orbit to beyond Neptune's, 58 days from X05.

    Source: JPL Horizons, `horizons/ephemeris_X05.csv` and `propagated.csv`. Seen: position wrong
    by 2e-6 of the distance (2020 AV2) to 2.2e-3 (Albion), between 0.3 and 6 of its own sigmas: the
    sigma is that of the range, the error is of all three coordinates, and beyond Neptune the
    conic's partials are less good. Tolerated: twice the worst seen, which any fit starts from.
    """
    places = _by(shared_data / "horizons" / "ephemeris_X05.csv", "targetname")
    states = _by(shared_data / "horizons" / "propagated.csv", "object")
    assert len(places) == 14
    for name, rows in places.items():
        number = 2 if name.startswith("2 Pallas") else None
        best = preliminary_orbits(_noisy(rows, ephemeris), ephemeris, number=number)[0]
        epoch, state = _horizons_state(states[name])
        start = state + np.concatenate(ephemeris.state("sun", epoch))
        particle = Particles(
            np.array([epoch]),
            start[np.newaxis, :3],
            start[np.newaxis, 3:],
            np.array([own_body(ephemeris, number)]),
        )
        there = propagate(ephemeris, particle, [best.epoch_mjd_tdb]).position_km[0, 0]
        earth, _ = ephemeris.state("earth", best.epoch_mjd_tdb)
        error = float(np.linalg.norm(there - best.state[:3]) / np.linalg.norm(there - earth))
        assert error < 5e-3, name
        assert error < 20.0 * best.range_sigma, name
        assert best.rms_arcsec < 0.6, name


def test_fifty_real_objects_from_scratch(shared_data: Path, ephemeris: Ephemeris) -> None:
    """A fit of an apparition's places by a path with all forces: its residuals are the proof.

    Source: `mpc/fifty_objects.csv` (MPC). Seen: rms 0.14 to 0.7 arcsec over 15 to 554 rows and 26
    to 315 days, range known to 2e-3 or better. Tolerated: 1.5 arcsec, since older stations are
    that bad.
    """
    table = read_observations(shared_data / "mpc" / "fifty_objects.csv").observations
    names = table.objects()
    assert len(names) == 50
    for name in names:
        measurements, _ = measure(table.where(table.designation == name), ephemeris)
        found = preliminary_orbits(measurements, ephemeris, number=int(name))
        assert found, name
        best = found[0]
        assert best.rms_arcsec < 1.5, name
        assert best.range_sigma < 3e-3, name
        assert best.rows.size >= 10, name
        sun_km, sun_km_s = ephemeris.state("sun", best.epoch_mjd_tdb)
        position, velocity = best.state[:3] - sun_km, best.state[3:] - sun_km_s
        gm = ephemeris.constants.gm_sun_km3_s2
        axis_km = 1.0 / (2.0 / np.linalg.norm(position) - float(velocity @ velocity) / gm)
        assert 1.7 < axis_km / AU_KM < 3.5, name  # all fifty are of the main belt and Hungaria


def test_3i_atlas_comes_from_another_star(shared_data: Path, ephemeris: Ephemeris) -> None:
    """e = 6.14 (JPL solution 2025); 19 days of arc give 6.57 here, 0.9 % in range."""
    table = read_observations(shared_data / "mpc" / "3I_ATLAS_ades.csv").observations
    measurements, _ = measure(table, ephemeris)
    best = preliminary_orbits(measurements, ephemeris)[0]
    sun_km, sun_km_s = ephemeris.state("sun", best.epoch_mjd_tdb)
    position, velocity = best.state[:3] - sun_km, best.state[3:] - sun_km_s
    gm = ephemeris.constants.gm_sun_km3_s2
    momentum = np.cross(position, velocity)
    vector = np.cross(velocity, momentum) / gm - position / np.linalg.norm(position)
    assert float(np.linalg.norm(vector)) == pytest.approx(6.14, abs=0.7)
    assert best.range_sigma < 0.03
