"""The engine's promises: the same result in any company, a status for all, errors that say why."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from perilune.constants import AU_KM, DAY_S
from perilune.dynamics.chunk import Watch
from perilune.dynamics.force_kernels import delayed_distance
from perilune.dynamics.massive_asteroids import STATES, solar_system
from perilune.dynamics.particles import Particles, Propagation, Status
from perilune.dynamics.propagator import DEFAULT_OPTIONS, propagate
from perilune.ephemeris import planets
from perilune.errors import InputError, OutOfRangeError, UnknownNameError

Floats = NDArray[np.float64]
SEED = 2032
AU_D2_KM_S2 = AU_KM / DAY_S**2
GM_SUN = 132712440041.27942


def _conic(
    perihelion_au: float, eccentricity: float, since_perihelion_rad: float, turn_rad: float
) -> Floats:
    """A heliocentric state (6,) in km and km/s on a conic tilted by 0.3 rad."""
    p = perihelion_au * AU_KM * (1.0 + eccentricity)
    r = p / (1.0 + eccentricity * np.cos(since_perihelion_rad))
    angle = since_perihelion_rad + turn_rad
    speed = np.sqrt(GM_SUN / p)
    x = r * np.array([np.cos(angle), np.sin(angle), 0.0])
    v = speed * np.array(
        [
            -np.sin(angle) - eccentricity * np.sin(turn_rad),
            np.cos(angle) + eccentricity * np.cos(turn_rad),
            0.0,
        ]
    )
    tilt = np.array(
        [[1.0, 0.0, 0.0], [0.0, np.cos(0.3), -np.sin(0.3)], [0.0, np.sin(0.3), np.cos(0.3)]]
    )
    return np.concatenate([tilt @ x, tilt @ v])


def _particles(epoch: float, heliocentric: Floats, nongrav: Floats | None = None) -> Particles:
    sun_km, sun_km_s = planets().state("sun", epoch)
    states = np.atleast_2d(heliocentric)
    return Particles(
        np.full(len(states), epoch),
        states[:, :3] + sun_km,
        states[:, 3:] + sun_km_s,
        nongrav=np.zeros((0, 9)) if nongrav is None else np.atleast_2d(nongrav),
    )


def _random_asteroids(count: int) -> Floats:
    rng = np.random.default_rng(SEED)
    return np.array(
        [
            _conic(rng.uniform(0.3, 2.5), rng.uniform(0.0, 0.7), *rng.uniform(-2.5, 2.5, 2))
            for _ in range(count)
        ]
    )


def _end_km(run: Propagation) -> Floats:
    return np.asarray(run.position_km[-1])


def test_there_and_back_again() -> None:
    epoch = 60000.0
    start = _particles(epoch, _random_asteroids(20))
    there = propagate(planets(), start, [epoch + 3650.0], threads=1)
    turned = Particles(np.full(20, epoch + 3650.0), there.position_km[0], there.velocity_km_s[0])
    back = propagate(planets(), turned, [epoch], threads=1)
    error_m = np.linalg.norm(_end_km(back) - start.position_km, axis=1) * 1e3
    # Seen: median 14 m, most 44 m after two decades of steps at the default tolerance.
    assert np.median(error_m) < 50.0
    assert error_m.max() < 300.0


def test_threads_and_company_change_nothing() -> None:
    """One thread or two: bit for bit the same. Other company: within the tolerance."""
    epoch = 60000.0
    states = _random_asteroids(48)
    # In the order in which the propagator fills its chunks, so that the halves are its own.
    gm = planets().constants.gm_sun_km3_s2
    potential = gm / np.linalg.norm(states[:, :3], axis=1)
    states = states[np.argsort(0.5 * np.sum(states[:, 3:] ** 2, axis=1) - potential)]
    watch = [Watch("earth", 0.2 * AU_KM)]
    until = [epoch + 700.0]
    start = _particles(epoch, states)
    halves = [
        propagate(planets(), start, until, watches=watch, threads=2) for _ in range(2)
    ]  # fmt: skip
    assert np.array_equal(halves[0].position_km, halves[1].position_km)
    chunks = [
        propagate(planets(), _particles(epoch, part), until, watches=watch, threads=1)
        for part in (states[:24], states[24:])
    ]
    joined = np.concatenate([chunk.position_km for chunk in chunks], axis=1)
    assert np.array_equal(halves[0].position_km, joined)
    one = propagate(planets(), start, until, watches=watch, threads=1)
    turned = propagate(planets(), _particles(epoch, states[::-1]), until, watches=watch, threads=1)
    for other in (halves[0].position_km, turned.position_km[:, ::-1]):
        # Lanes share sweeps, so that company changes what is below the tolerance. Seen: 7 m.
        assert np.abs(one.position_km - other).max() < 0.05
    assert len(one.encounters) == len(halves[0].encounters) == len(turned.encounters)
    assert np.array_equal(one.encounters.particle, halves[0].encounters.particle)


def test_fast_and_slow_bodies_do_not_disturb_each_other() -> None:
    """Outer bodies, a sungrazer and a near-Earth pass in one batch equal each alone."""
    epoch = 60000.0
    earth, earth_speed = planets().state("earth", epoch + 40.0)
    sun, sun_speed = planets().state("sun", epoch + 40.0)
    near = np.concatenate(
        [earth - sun + [9000.0, 5000.0, 1000.0], earth_speed - sun_speed + [-6.0, 9.0, 3.0]]
    )
    passing = propagate(planets(), _particles(epoch + 40.0, near), [epoch], threads=1)
    states = np.array(
        [
            _conic(40.0, 0.1, 1.0, 0.5),
            _conic(5.2, 0.05, -1.0, 2.5),
            _conic(0.05, 0.98, -2.0, 1.5),
            np.concatenate([_end_km(passing)[0], passing.velocity_km_s[0, 0]])
            - np.concatenate(planets().state("sun", epoch)),
            _conic(0.7, 0.4, 0.1, 1.9),
        ]
    )
    until = [epoch + 60.0, epoch + 400.0]
    together = propagate(planets(), _particles(epoch, states), until, threads=1)
    for i, state in enumerate(states):
        alone = propagate(planets(), _particles(epoch, state), until, threads=1)
        error_km = np.abs(together.position_km[:, i] - alone.position_km[:, 0]).max()
        # The Earth's pass at 10,000 km multiplies a millimetre by some thousands.
        assert error_km < (0.05 if i == 3 else 0.005), i


def test_each_particle_has_its_own_epoch() -> None:
    states = _random_asteroids(4)
    epochs = np.array([60000.0, 60031.25, 59900.5, 60064.0])
    parts = [_particles(e, s) for e, s in zip(epochs, states, strict=True)]
    start = Particles(
        epochs,
        np.concatenate([p.position_km for p in parts]),
        np.concatenate([p.velocity_km_s for p in parts]),
    )
    for until in (60500.0, 59400.0):
        together = propagate(planets(), start, [until], threads=1)
        assert (together.status == Status.REACHED).all()
        for i, part in enumerate(parts):
            alone = propagate(planets(), part, [until], threads=1)
            assert np.abs(_end_km(together)[i] - _end_km(alone)[0]).max() < 5.0e-3
    # An epoch asked for before a particle's own gives no state for it.
    early = propagate(planets(), start, [60010.0, 60100.0], threads=1)
    assert np.isnan(early.position_km[0, 1]).all()
    assert np.isfinite(early.position_km[0, 0]).all()


def test_the_start_itself_can_be_asked_for() -> None:
    start = _particles(60000.0, _random_asteroids(3))
    run = propagate(planets(), start, [60000.0, 60010.0], threads=1)
    assert np.array_equal(run.position_km[0], start.position_km)
    assert np.array_equal(run.velocity_km_s[0], start.velocity_km_s)
    only = propagate(planets(), start, [60000.0], threads=1)
    assert np.array_equal(only.position_km[0], start.position_km)


def test_epochs_asked_for_do_not_change_the_path() -> None:
    start = _particles(60000.0, _random_asteroids(6))
    few = propagate(planets(), start, [60200.0], threads=1)
    many = propagate(planets(), start, np.linspace(60000.5, 60200.0, 401), threads=1)
    # Shorter steps, so even nearer to the truth. Seen: 0.3 m.
    assert np.abs(_end_km(few) - _end_km(many)).max() < 5.0e-3


@pytest.mark.parametrize("gap_d", [7.3e-12, 1e-10, 1e-9, 6e-9, 1e-7, 9e-6])
@pytest.mark.parametrize("days", [400.0, -400.0])
def test_epochs_a_moment_apart(gap_d: float, days: float) -> None:
    """The step after a moment's interval wanted to be shorter than there is a level for: failed."""
    middle = 62400.0  # a point of the engine's own grid
    gap_d = np.copysign(gap_d, days)
    start = _particles(middle - 0.5 * days, _random_asteroids(3))
    end = middle + 0.5 * days
    plain = propagate(planets(), start, [end], variations=(), threads=1)
    for near in ([middle - gap_d], [middle + gap_d], [middle + 9.0, middle + 9.0 + gap_d]):
        run = propagate(planets(), start, [*near, end], variations=(), threads=1)
        assert (run.status == Status.REACHED).all()
        assert np.abs(_end_km(run) - _end_km(plain)).max() < 5.0e-3
        assert run.variation[-1] == pytest.approx(plain.variation[-1], rel=1e-6, abs=1e-12)
    # The same beginning a moment before a point of the grid, in company.
    begin = Particles(
        np.array([middle - gap_d, middle - 9.0 * np.sign(days), middle - 2.0 * gap_d]),
        start.position_km,
        start.velocity_km_s,
    )
    assert (propagate(planets(), begin, [end], threads=1).status == Status.REACHED).all()


def test_kept_steps_join_and_end_at_the_states() -> None:
    start = _particles(60000.0, _random_asteroids(3))
    run = propagate(planets(), start, [60300.0], keep_steps=True, threads=1)
    for i in range(3):
        steps = run.steps[run.steps[:, 0] == i]
        begin = steps[:, 1] + steps[:, 2] / DAY_S
        steps = steps[np.argsort(begin)]
        begin = np.sort(begin)
        end = begin + steps[:, 3] / DAY_S
        assert begin[0] == 60000.0
        assert end[-1] == pytest.approx(60300.0, abs=1e-9)
        assert np.abs(begin[1:] - end[:-1]).max() < 1e-9
        power, h = steps[:, 10:].reshape(-1, 8, 3), steps[:, 3:4]
        k = np.arange(8)[None, :, None]
        last = steps[:, 4:7] + h * steps[:, 7:10] + h * h * (power / ((k + 1) * (k + 2))).sum(1)
        following = np.vstack([steps[1:, 4:7], _end_km(run)[i]])
        assert np.abs(last - following).max() < 1e-6


def test_ended_particles_have_a_status_and_no_state() -> None:
    """One that hits the Sun among ones that do not."""
    fall = _conic(0.002, 0.995, -2.9, 1.0)
    states = np.vstack([_random_asteroids(2), fall[None]])
    run = propagate(planets(), _particles(60000.0, states), [60600.0], threads=1)
    assert run.status.tolist() == [Status.REACHED, Status.REACHED, Status.IMPACTED]
    assert run.body.tolist() == [-1, -1, 0]
    assert np.isnan(run.position_km[0, 2]).all()
    assert np.isnan(run.stop_mjd_tdb[:2]).all()
    assert 60000.0 < run.stop_mjd_tdb[2] < 60600.0
    radius = np.linalg.norm(run.encounters.state[0, :3])
    assert radius == pytest.approx(planets().constants.sun_radius_km, abs=1e-3)


@pytest.mark.parametrize("body", ["earth", "moon", "jupiter", "sun"])
def test_a_start_inside_a_body_is_an_error(body: str) -> None:
    position, velocity = planets().state(body, 60000.0)
    inside = Particles(np.array([60000.0]), position[None] + 1000.0, velocity[None])
    with pytest.raises(InputError, match=f"the object starts inside {body.capitalize()}"):
        propagate(planets(), inside, [60001.0])


def test_epochs_outside_the_ephemeris_name_its_range() -> None:
    start = _particles(60000.0, _random_asteroids(1))
    with pytest.raises(OutOfRangeError, match="288976"):
        propagate(planets(), start, [300000.0])
    with pytest.raises(OutOfRangeError, match="DE440"):
        propagate(planets(), start, [-200000.0])
    with pytest.raises(OutOfRangeError):
        propagate(planets(), start, [np.nan])


def test_what_cannot_be_done_is_said() -> None:
    start = _particles(60000.0, _random_asteroids(1))
    with pytest.raises(InputError, match="at least one"):
        propagate(planets(), start, [])
    with pytest.raises(InputError, match="no particles"):
        propagate(planets(), Particles(np.zeros(0), np.zeros((0, 3)), np.zeros((0, 3))), [60000.0])
    with pytest.raises(InputError, match="both sides"):
        propagate(planets(), start, [59000.0, 61000.0])
    with pytest.raises(UnknownNameError, match="Nibiru"):
        propagate(planets(), start, [60001.0], watches=[Watch("Nibiru", 1.0)])
    with pytest.raises(InputError, match="not finite"):
        Particles(np.array([60000.0]), np.full((1, 3), np.nan), np.zeros((1, 3)))
    with pytest.raises(InputError, match="wrong shape"):
        Particles(np.array([60000.0]), np.zeros((1, 3)), np.zeros((2, 3)))


def test_wrong_non_gravitational_tables_are_refused() -> None:
    for nongrav in (np.zeros((2, 9)), np.zeros((1, 8)), np.full((1, 9), np.nan)):
        with pytest.raises(InputError, match="nongrav"):
            _particles(60000.0, _random_asteroids(1), nongrav)


def test_an_interrupt_from_the_progress_bar_stops_within_a_second() -> None:
    start = _particles(60000.0, np.repeat(_random_asteroids(40), 50, axis=0))
    propagate(planets(), _particles(60000.0, _random_asteroids(1)), [60001.0], threads=1)

    def interrupt(fraction: float, label: str) -> None:
        raise KeyboardInterrupt

    begun = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        propagate(planets(), start, [150000.0], threads=1, progress=interrupt)
    assert time.perf_counter() - begun < 1.0


def test_progress_rises_to_one() -> None:
    seen: list[float] = []
    start = _particles(60000.0, _random_asteroids(8))
    propagate(
        planets(), start, [60800.0], threads=1, label="x",
        progress=lambda fraction, label: seen.append(fraction),
    )  # fmt: skip
    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(1.0)


def test_a_massive_asteroid_does_not_attract_itself() -> None:
    ephemeris = solar_system()
    index = 11 + ephemeris.asteroid_numbers.index(2)
    state = np.array(STATES[2])
    position, velocity = ephemeris.state("sun", 60676.0)
    pallas = Particles(
        np.array([60676.0]), (state[:3] + position)[None], (state[3:] + velocity)[None],
        own_body=np.array([index]),
    )  # fmt: skip
    run = propagate(ephemeris, pallas, [61676.0], threads=1)
    assert run.status[0] == Status.REACHED
    # The table came from the same states: the same place, but for the table's own rounding.
    from perilune.ephemeris.body_kernels import body_state

    out = np.zeros((1, 6))
    body_state(ephemeris.arrays, index, 61676.0, 0.0, out, 0)
    assert np.linalg.norm(_end_km(run)[0] - out[0, :3]) < 0.05


# Marsden's force by a wholly separate route: scipy's DOP853 on the Sun alone.
WATER = (0.1112620426, 2.808, 2.15, 5.093, 4.6142)


def _marsden_reference(state: Floats, a_au_d2: Floats, delay_d: float, days: float) -> Floats:
    """Heliocentric position (3,) with only the Sun's attraction and Marsden's force."""
    alpha, r0_au, m, n, k = WATER

    def rate(_: float, y: Floats) -> Floats:
        x, v = y[:3], y[3:]
        r = np.linalg.norm(x)
        past = delayed_distance(*x, *v, GM_SUN, delay_d * DAY_S) if delay_d else r
        s = past / (r0_au * AU_KM)
        g = alpha * s**-m * (1.0 + s**n) ** -k
        radial = x / r
        normal = np.cross(x, v)
        normal /= np.linalg.norm(normal)
        push = g * AU_D2_KM_S2 * (
            a_au_d2[0] * radial + a_au_d2[1] * np.cross(normal, radial) + a_au_d2[2] * normal
        )  # fmt: skip
        return np.concatenate([v, -GM_SUN * x / r**3 + push])

    solution = solve_ivp(
        rate, (0.0, days * DAY_S), state, method="DOP853", rtol=1e-12, atol=[1e-4] * 3 + [1e-10] * 3
    )
    return np.asarray(solution.y[:3, -1])


@pytest.mark.parametrize("delay_d", [0.0, 35.0, -20.0])
@pytest.mark.parametrize("eccentricity", [0.5, 0.9999, 1.0, 1.3])
def test_marsdens_force_equals_a_direct_integration(delay_d: float, eccentricity: float) -> None:
    """The force's effect (with it minus without it) against DOP853's on the Sun alone.

    Also through a near-parabolic, a parabolic and a hyperbolic comet's perihelion.
    """
    epoch, days = 60000.0, 300.0
    state = _conic(0.6, eccentricity, -1.9, 1.0)
    a_au_d2 = np.array([3.0e-8, -1.0e-8, 4.0e-9])
    alpha, r0_au, m, n, k = WATER
    row = np.array(
        [*(a_au_d2 * AU_D2_KM_S2), delay_d * DAY_S, alpha, r0_au * AU_KM, m, n, k]
    )  # fmt: skip
    pushed = propagate(planets(), _particles(epoch, state, row), [epoch + days], threads=1)
    free = propagate(planets(), _particles(epoch, state), [epoch + days], threads=1)
    effect = _end_km(pushed)[0] - _end_km(free)[0]
    expected = _marsden_reference(state, a_au_d2, delay_d, days) - _marsden_reference(
        state, 0.0 * a_au_d2, delay_d, days
    )
    size = float(np.linalg.norm(expected))
    assert size > 1.0e4
    # The planets, absent from the reference, change the effect by some 1e-4 of itself.
    assert np.linalg.norm(effect - expected) < 2.0e-3 * size


@pytest.mark.parametrize("eccentricity", [0.0, 0.6, 0.999999, 1.0, 1.000001, 2.5])
@pytest.mark.parametrize("delay_d", [-80.0, -1.0, 5.0, 60.0])
def test_the_delayed_distance_is_that_of_the_conic(eccentricity: float, delay_d: float) -> None:
    """Kepler's motion backwards by the universal anomaly against DOP853."""
    state = _conic(0.5, eccentricity, 0.8, 0.3)
    found = delayed_distance(*state, GM_SUN, delay_d * DAY_S)

    def rate(_: float, y: Floats) -> Floats:
        return np.concatenate([y[3:], -GM_SUN * y[:3] / np.linalg.norm(y[:3]) ** 3])

    past = solve_ivp(
        rate, (0.0, -delay_d * DAY_S), state, method="DOP853", rtol=1e-12, atol=1e-9
    )  # fmt: skip
    expected = float(np.linalg.norm(past.y[:3, -1]))
    assert found == pytest.approx(expected, rel=1e-9)


def test_default_options_are_converged() -> None:
    """A hundredth of the tolerance changes ordinary orbits by tens of metres after four years."""
    start = _particles(60000.0, _random_asteroids(30))
    usual = propagate(planets(), start, [61460.0], threads=1)
    tight = DEFAULT_OPTIONS._replace(epsilon=1.0e-9, convergence=1.0e-13)
    finer = propagate(planets(), start, [61460.0], options=tight, threads=1)
    error_m = np.linalg.norm(_end_km(usual) - _end_km(finer), axis=1) * 1e3
    # Seen: median 18 m, most 68 m; an orbit's period off by 4 ms makes as much.
    assert np.median(error_m) < 50.0
    assert error_m.max() < 300.0
