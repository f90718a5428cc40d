"""Preliminary orbits: kernels, roots, screening, blunders, and arcs that tell too little."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from perilune.constants import AU_KM, DAY_S, SPEED_OF_LIGHT_KM_S
from perilune.determination.gauss import gauss
from perilune.determination.measurements import Measurements
from perilune.determination.preliminary import preliminary_orbits
from perilune.determination.two_body_fit import arc_of, fit, moved_conic, residuals_of, with_planets
from perilune.determination.two_body_kernels import conic_position
from perilune.dynamics import Particles, propagate, solar_system
from perilune.ephemeris import Ephemeris

Floats = NDArray[np.float64]
ARCSEC = np.pi / 648000.0
T0 = 59000.0


@pytest.fixture(scope="module")
def ephemeris() -> Ephemeris:
    return solar_system()


def seen(
    ephemeris: Ephemeris, start: Floats, epochs: Floats, sigma_arcsec: float, seed: int
) -> Measurements:
    """Places of a barycentric state at T0 from an observer on a turning Earth, with noise."""
    n = epochs.size
    path = propagate(ephemeris, Particles(np.array([T0]), start[None, :3], start[None, 3:]), epochs)
    x, v = path.position_km[:, 0], path.velocity_km_s[:, 0]
    earth, earth_v = ephemeris.state("earth", epochs)
    angle = 2.0 * np.pi * 1.00273791 * epochs
    spin = 2.0 * np.pi * 1.00273791 / DAY_S
    side = np.stack([5000.0 * np.cos(angle), 5000.0 * np.sin(angle), np.full(n, 4000.0)], axis=1)
    observer = earth + side
    observer_v = earth_v + spin * np.stack([-side[:, 1], side[:, 0], np.zeros(n)], axis=1)
    away = x - observer
    for _ in range(3):
        light = np.linalg.norm(away, axis=1, keepdims=True) / SPEED_OF_LIGHT_KM_S
        away = x - v * light - observer
    rng = np.random.default_rng(seed)
    dec = np.arctan2(away[:, 2], np.hypot(away[:, 0], away[:, 1]))
    ra = np.arctan2(away[:, 1], away[:, 0])
    sigma = sigma_arcsec * ARCSEC
    ra = np.mod(ra + sigma * rng.standard_normal(n) / np.cos(dec), 2.0 * np.pi)
    dec = dec + sigma * rng.standard_normal(n)
    nothing = np.full(n, np.nan)
    return Measurements(
        row=np.arange(n),
        kind=np.zeros(n, dtype=np.int8),
        epoch_mjd_tdb=epochs,
        ra_rad=ra,
        dec_rad=dec,
        sigma_ra_rad=np.full(n, sigma),
        sigma_dec_rad=np.full(n, sigma),
        correlation=np.zeros(n),
        sigma_time_s=np.zeros(n),
        value=nothing,
        sigma_value=nothing,
        frequency_hz=nothing,
        is_surface=np.zeros(n, dtype=np.bool_),
        transmitter=np.full(n, ""),
        station=np.full(n, ""),
        observer_km=observer,
        observer_km_s=observer_v,
    )


def opposite(ephemeris: Ephemeris, distance_au: float, across: float, radial: float) -> Floats:
    """A barycentric state (6,) away from the Sun as seen from the Earth at T0.

    Speeds are in units of the circular speed; the motion across is inclined.
    """
    sun, sun_v = ephemeris.state("sun", T0)
    earth, _ = ephemeris.state("earth", T0)
    out = (earth - sun) / np.linalg.norm(earth - sun)
    side = np.cross([0.0, -0.4, 0.9], out)
    side = side / np.linalg.norm(side) + np.array([0.0, 0.0, 0.2])
    r = distance_au * AU_KM
    circular = np.sqrt(ephemeris.constants.gm_sun_km3_s2 / r)
    return np.concatenate([sun + r * out, sun_v + circular * (across * side + radial * out)])


def nights(days: tuple[float, ...], each: int = 4) -> Floats:
    """Epochs: so many observations over an hour on each of some nights."""
    return np.concatenate([T0 + day + np.linspace(0.01, 0.05, each) for day in days])


def away_from_truth(
    ephemeris: Ephemeris, start: Floats, epoch_mjd_tdb: float, state: Floats
) -> float:
    """Error of a state's position relative to its distance from the Earth."""
    path = propagate(
        ephemeris, Particles(np.array([T0]), start[None, :3], start[None, 3:]), [epoch_mjd_tdb]
    )
    earth, _ = ephemeris.state("earth", epoch_mjd_tdb)
    error = float(np.linalg.norm(path.position_km[0, 0] - state[:3]))
    return error / float(np.linalg.norm(state[:3] - earth))


@given(
    across=st.floats(0.2, 2.5),
    radial=st.floats(-1.0, 1.0),
    r_au=st.floats(0.3, 40.0),
    days=st.floats(-400.0, 400.0),
)
def test_a_conics_partials_are_its_differences(
    across: float, radial: float, r_au: float, days: float
) -> None:
    gm = 132712440041.279
    r = r_au * AU_KM
    unit = np.sqrt(gm / r)
    state = np.array([r, 0.1 * r, -0.2 * r, radial * unit, across * unit, 0.1 * unit])
    moved, partials = np.zeros(6), np.zeros((3, 6))
    conic_position(state, days * DAY_S, gm, True, moved, partials)
    back = moved_conic(moved, -days * DAY_S, gm)
    turned = np.sqrt(gm / min(np.linalg.norm(moved[:3]), r) ** 3) * abs(days) * DAY_S
    # Rounding grows with the square of the angle described, fast by a near perihelion.
    assert np.abs(back - state)[:3].max() <= 1e-12 * r * (1.0 + turned) ** 2
    # Differences over a millionth of the state are good where the motion is smooth; after a pass
    # close to the Sun they are not, and there is nothing to compare with.
    if turned > 20.0:
        return
    step = 1e-6 * np.repeat([r, unit], 3)
    for j in range(6):
        change = np.zeros(6)
        change[j] = step[j]
        slope = (
            moved_conic(state + change, days * DAY_S, gm)[:3]
            - moved_conic(state - change, days * DAY_S, gm)[:3]
        ) / (2.0 * step[j])
        size = np.abs(partials[:, j]).max()
        rounding = 1e-15 * r / step[j]
        error = np.abs(slope - partials[:, j]).max()
        assert error <= 1e-5 * size * (1.0 + turned) ** 2 + rounding


def test_gauss_finds_the_true_orbit_among_its_roots(ephemeris: Ephemeris) -> None:
    start = opposite(ephemeris, 2.6, 0.95, 0.1)
    arc = arc_of(seen(ephemeris, start, T0 + np.array([0.01, 5.0, 10.0]), 1e-4, 0), ephemeris, T0)
    roots = gauss(arc.sight.axes[:, 0], arc.sight.observer_km, arc.sight.since_s, arc.gm_km3_s2)
    errors = [
        away_from_truth(
            ephemeris,
            start,
            T0 + moment / DAY_S,
            state + np.concatenate(ephemeris.state("sun", T0 + moment / DAY_S)),
        )
        for moment, state in roots
    ]
    # What the truncated series of f and g leaves over ten days.
    assert min(errors) < 0.02


def test_gauss_gives_nothing_for_directions_on_a_great_circle(ephemeris: Ephemeris) -> None:
    angle = np.array([0.0, 0.01, 0.02])
    direction = np.stack([np.cos(angle), np.sin(angle), np.zeros(3)], axis=1)
    assert gauss(direction, np.full((3, 3), AU_KM), np.array([0.0, 1e5, 2e5]), 1.3e11) == []


def test_the_planets_are_added_to_the_conic(ephemeris: Ephemeris) -> None:
    start = opposite(ephemeris, 1.02, 1.0, 0.05)  # 0.02 au from the Earth
    observed = seen(ephemeris, start, nights((0.0, 4.0, 8.0, 12.0)), 1e-3, 0)
    arc = arc_of(observed, ephemeris, T0)
    state = start - np.concatenate([arc.sun_km, arc.sun_km_s])
    bare = np.abs(residuals_of(arc, state)).max() / ARCSEC
    whole = with_planets(arc, state, ephemeris, None)
    assert whole is not None
    assert bare > 100.0
    # Five sigmas of the noise.
    assert np.abs(residuals_of(whole, state)).max() / ARCSEC < 0.005
    fitted = fit(whole, state)
    assert fitted is not None
    assert np.abs(fitted.state - state)[:3].max() < 1e-5 * AU_KM


@pytest.mark.parametrize(
    ("distance_au", "across", "radial", "days", "relative"),
    [
        (1.02, 1.0, 0.05, (0.0, 1.0, 2.0), 2e-2),  # passing the Earth
        (1.3, 1.05, -0.3, (0.0, 3.0, 7.0, 12.0), 1e-2),
        (2.7, 0.95, 0.05, (0.0, 4.0, 9.0, 18.0, 25.0), 1e-2),
        (2.7, -0.95, 0.05, (0.0, 4.0, 9.0, 18.0, 25.0), 1e-2),  # retrograde
        (3.5, 1.41, -0.05, (0.0, 5.0, 12.0, 25.0), 1e-2),  # nearly parabolic
        (4.3, 3.0, -1.5, (0.0, 5.0, 12.0, 19.0), 3e-2),  # from another star, e about 10 x cos
        (40.0, 1.0, 0.0, (0.0, 8.0, 20.0, 40.0, 60.0), 2e-2),
    ],
)
def test_orbits_of_many_kinds_are_found(
    ephemeris: Ephemeris,
    distance_au: float,
    across: float,
    radial: float,
    days: tuple[float, ...],
    relative: float,
) -> None:
    start = opposite(ephemeris, distance_au, across, radial)
    found = preliminary_orbits(seen(ephemeris, start, nights(days), 0.5, 1), ephemeris)
    assert found
    best = found[0]
    assert best.range_sigma < 0.1
    assert best.rms_arcsec < 1.0
    error = away_from_truth(ephemeris, start, best.epoch_mjd_tdb, best.state)
    assert error < min(relative, 5.0 * best.range_sigma + 1e-3)


def test_blunders_of_arcminutes_do_not_move_it(ephemeris: Ephemeris) -> None:
    start = opposite(ephemeris, 2.5, 0.95, -0.1)
    clean = seen(ephemeris, start, nights((0.0, 3.0, 8.0, 14.0, 22.0)), 0.5, 2)
    dec = clean.dec_rad.copy()
    dec[[0, 9, 19]] += np.array([90.0, -200.0, 120.0]) * ARCSEC
    spoilt = Measurements(
        **{
            name: dec if name == "dec_rad" else getattr(clean, name)
            for name in Measurements.__dataclass_fields__
        }
    )
    best = preliminary_orbits(spoilt, ephemeris)[0]
    assert away_from_truth(ephemeris, start, best.epoch_mjd_tdb, best.state) < 0.01


def test_too_little_gives_none_or_says_so(ephemeris: Ephemeris) -> None:
    start = opposite(ephemeris, 42.0, 1.0, 0.0)
    short = seen(ephemeris, start, nights((0.0, 1.0, 2.0)), 0.5, 3)
    for candidate in preliminary_orbits(short, ephemeris):
        assert candidate.range_sigma > 0.3
    assert preliminary_orbits(short.where(np.arange(2)), ephemeris) == []
    assert preliminary_orbits(short.where(np.arange(0)), ephemeris) == []
    same = short.where(np.array([0, 0, 0, 0]))
    assert preliminary_orbits(same, ephemeris) == []


def test_an_assumed_perihelion_is_called_so(ephemeris: Ephemeris) -> None:
    start = opposite(ephemeris, 42.0, 1.0, 0.0)
    observed = seen(ephemeris, start, nights((0.0, 1.0)), 0.5, 3)
    for candidate in preliminary_orbits(observed, ephemeris):
        assert candidate.range_sigma > 0.3
        assert (candidate.method == "vaisala") == np.isinf(candidate.range_sigma)


def test_best_first_and_no_two_alike(ephemeris: Ephemeris) -> None:
    start = opposite(ephemeris, 1.2, 1.0, 0.2)
    observed = seen(ephemeris, start, nights((0.0, 0.9, 2.1), 3), 0.5, 5)
    found = preliminary_orbits(observed, ephemeris)
    for one, other in pairwise(found):
        assert np.linalg.norm(one.state[:3] - other.state[:3]) > 1e-4 * AU_KM
    assert len(preliminary_orbits(observed, ephemeris, keep=1)) == 1
