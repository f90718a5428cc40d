"""What it costs to stay: Monte Carlo of a spacecraft that is tracked, aimed and pushed with errors.

x-axis crossing control (Guzzetti, Zimovan, Howell & Davis 2017, AAS 17-395; Davis et al. 2017,
AAS 17-826): at each opportunity the smallest velocity change is sought with which the estimated
path crosses the xz-plane of the rotating frame, some revolutions on, with the reference's velocity
along x. What is not simulated: momentum unloading, late or missed manoeuvres.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import DAY_S, JULIAN_YEAR_D
from perilune.dynamics import lunar_orbit_kernels as kernels
from perilune.dynamics.lunar_orbit import Event
from perilune.dynamics.lunar_orbit_arc_kernels import slopes_at
from perilune.dynamics.lunar_orbit_rotating import rotating_frame
from perilune.errors import InputError, NotConvergedError
from perilune.station.orbits.reference import ReferenceOrbit

FloatArray = NDArray[np.float64]
Progress = Callable[[float, str], None]

_MOON: Final = 4
_TOLERANCE: Final = 1e-10
_ITERATIONS: Final = 8
# An error may grow so much until the crossing that is aimed at; 6.5 revolutions of the 9:2 NRHO.
_GROWTH: Final = 160.0
_LONGEST_REVOLUTIONS: Final = 6.5
# And so much from one opportunity to the next.
_GROWTH_BETWEEN: Final = 8.0
_WINDOW: Final = 0.15  # of a revolution, about the crossing that is aimed at
_WORKERS: Final = 2


@dataclass(frozen=True, slots=True)
class KeepingErrors:
    """Standard deviations (1 sigma) of what goes wrong, and what is too small to do.

    The defaults are a third of the 3-sigma values of Davis et al. (2017): 10 km and 10 cm/s in the
    estimate, 1.5 % and 1.42 mm/s of a manoeuvre's size, 1 degree of its direction; nothing under
    3 cm/s is done, nor anything while the crossing's speed is within 0.45 m/s.

    Attributes:
        position_km, velocity_m_s: of the estimate, each axis.
        magnitude: of a manoeuvre, relative.
        fixed_m_s: of a manoeuvre, each axis.
        direction_rad: of a manoeuvre.
        least_m_s: the smallest manoeuvre.
        crossing_m_s: how near the crossing's speed must be.
    """

    position_km: float = 10.0 / 3.0
    velocity_m_s: float = 0.1 / 3.0
    magnitude: float = 0.015 / 3.0
    fixed_m_s: float = 0.00142 / 3.0
    direction_rad: float = math.radians(1.0) / 3.0
    least_m_s: float = 0.03
    crossing_m_s: float = 0.45


@dataclass(frozen=True, eq=False)
class StationKeeping:
    """What the samples spent.

    Attributes:
        m_s_year: (samples,) metres a second a year; NaN for a sample that was lost.
        lost: how many samples left the reference for good.
        manoeuvres_year: their mean number a year.
        deviation_km: the largest distance of a kept sample from the reference at an opportunity,
            at the reference's own epoch.
        days: how long was simulated.
        seed: of the random numbers.
    """

    m_s_year: FloatArray
    lost: int
    manoeuvres_year: float
    deviation_km: float
    days: float
    seed: int

    @property
    def mean_m_s_year(self) -> float:
        """The mean over the kept samples, NaN if there are none."""
        kept = self.m_s_year[np.isfinite(self.m_s_year)]
        return float(kept.mean()) if kept.size else math.nan

    @property
    def sigma_m_s_year(self) -> float:
        """Their standard deviation, NaN if there are fewer than two."""
        kept = self.m_s_year[np.isfinite(self.m_s_year)]
        return float(kept.std(ddof=1)) if kept.size > 1 else math.nan


@dataclass(frozen=True, eq=False)
class _Plan:
    """The opportunities, and for each the crossings to aim at, the farthest first."""

    reference: ReferenceOrbit
    errors: KeepingErrors
    epoch_mjd_tdb: FloatArray  # (K,)
    states: FloatArray  # (K, 6)
    crossing_mjd_tdb: FloatArray  # (C,)
    crossing_direction: NDArray[np.int64]  # (C,)
    crossing_km_s: FloatArray  # (C,) velocity along x
    horizon_d: float


def keep_station(
    reference: ReferenceOrbit,
    stability: float,
    *,
    samples: int = 20,
    seed: int = 1,
    errors: KeepingErrors | None = None,
    revolutions: int | None = None,
    progress: Progress | None = None,
) -> StationKeeping:
    """Simulate station-keeping along a reference, but for its last revolutions, aimed at only.

    Args:
        reference: from `carry_into_ephemeris`; longer than the horizon by some revolutions.
        stability: the periodic orbit's index, from which horizon and opportunities follow: the
            horizon is where an error has grown 160-fold, 6.5 revolutions at most; opportunities
            are at apolune, or so often that an error grows 8-fold between them.
        samples: how many spacecraft.
        seed: of the random numbers; the same seed gives the same answer.
        errors: `KeepingErrors()` if None.
        revolutions: how many of the first are flown; as many as the reference has if None.
        progress: told the part done.

    Raises:
        InputError: no samples, or a reference that is too short.
    """
    if samples < 1:
        raise InputError("station-keeping needs samples", found=samples, expected="1 or more")
    plan = _plan(reference, stability, errors or KeepingErrors(), revolutions)
    sources = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(samples)]
    results: list[tuple[float, int, float]] = [(math.nan, 0, 0.0)] * samples
    with ThreadPoolExecutor(_WORKERS) as pool:
        jobs = {pool.submit(_fly, plan, source): k for k, source in enumerate(sources)}
        for done, job in enumerate(as_completed(jobs), start=1):
            results[jobs[job]] = job.result()
            if progress is not None:
                progress(done / samples, "keeping station")
    days = float(plan.epoch_mjd_tdb[-1] - plan.epoch_mjd_tdb[0])
    years = days / JULIAN_YEAR_D
    spent = np.array([each[0] for each in results]) / years
    kept = [each for each in results if math.isfinite(each[0])]
    return StationKeeping(
        m_s_year=spent,
        lost=samples - len(kept),
        manoeuvres_year=float(np.mean([each[1] for each in kept])) / years if kept else math.nan,
        deviation_km=max((each[2] for each in kept), default=math.nan),
        days=days,
        seed=seed,
    )


def _plan(
    reference: ReferenceOrbit, stability: float, errors: KeepingErrors, revolutions: int | None
) -> _Plan:
    growth = stability + math.sqrt(max(stability * stability - 1.0, 0.0))  # a revolution
    rate = math.log(growth) if growth > 1.0 + 1e-9 else 1e-9
    horizon = min(_LONGEST_REVOLUTIONS, max(0.75, math.log(_GROWTH) / rate))
    horizon_d = horizon * reference.period_d
    often = max(1, math.ceil(rate / math.log(_GROWTH_BETWEEN)))
    apolune, _ = reference.events(Event.APSIS, -1)
    last = float(reference.epoch_mjd_tdb[-1]) - horizon_d
    steps = apolune[0] + np.arange(reference.revolutions * often) * reference.period_d / often
    # A butterfly has several apolunes a revolution; better there than next to the Moon.
    epochs = apolune if apolune.size + 1 >= often * reference.revolutions else steps
    if revolutions is not None:
        last = min(last, float(epochs[0]) + (revolutions + 0.5) * reference.period_d)
    epochs = epochs[epochs <= last]
    if epochs.size < 3:
        raise InputError(
            "the reference is too short for station-keeping",
            found=f"{reference.revolutions} revolutions",
            expected=f"at least {math.ceil(horizon) + 3}",
        )
    crossing, states = reference.events(Event.PLANE)
    own = rotating_frame(crossing).from_moon_icrf(states)
    return _Plan(
        reference,
        errors,
        epochs,
        reference.at(epochs),
        crossing,
        np.where(own[:, 4] > 0.0, 1, -1).astype(np.int64),
        own[:, 3],
        horizon_d,
    )


def _fly(plan: _Plan, source: np.random.Generator) -> tuple[float, int, float]:
    """One spacecraft: what it spent, m/s (NaN if lost), its manoeuvres, its largest deviation."""
    errors = plan.errors
    truth = plan.states[0] + _estimate_error(errors, source)
    spent, count, farthest = 0.0, 0, 0.0
    lag_d = 0.0
    for k in range(plan.epoch_mjd_tdb.size - 1):
        epoch = float(plan.epoch_mjd_tdb[k])
        estimate = truth + _estimate_error(errors, source)
        try:
            change_km_s, lag_d = _aim(plan, epoch, estimate, lag_d)
        except NotConvergedError:
            return math.nan, count, farthest
        size_m_s = float(np.linalg.norm(change_km_s)) * 1e3
        if size_m_s > 0.0 and size_m_s >= errors.least_m_s:
            done = _done(change_km_s, errors, source)
            truth = truth + np.concatenate([np.zeros(3), done])
            spent += float(np.linalg.norm(done)) * 1e3
            count += 1
        arrived = _carry(plan, epoch, truth, float(plan.epoch_mjd_tdb[k + 1]), 6)
        if arrived is None:
            return math.nan, count, farthest
        truth = arrived
        away = float(np.linalg.norm(truth[:3] - plan.states[k + 1, :3]))
        farthest = max(farthest, away)
    return spent, count, farthest


def _estimate_error(errors: KeepingErrors, source: np.random.Generator) -> FloatArray:
    sigma = np.array([errors.position_km] * 3 + [errors.velocity_m_s * 1e-3] * 3)
    return np.asarray(sigma * source.standard_normal(6))


def _done(
    change_km_s: FloatArray, errors: KeepingErrors, source: np.random.Generator
) -> FloatArray:
    """The velocity change that the thrusters make of one that was wanted."""
    size = float(np.linalg.norm(change_km_s))
    along = change_km_s / size
    sideways = source.standard_normal(3)
    sideways -= along * (along @ sideways)
    # Two independent angles across the direction make its error.
    turned = along + errors.direction_rad * sideways
    turned *= size * (1.0 + errors.magnitude * source.standard_normal()) / np.linalg.norm(turned)
    return np.asarray(turned + errors.fixed_m_s * 1e-3 * source.standard_normal(3))


def _carry(plan: _Plan, epoch: float, state: FloatArray, until: float, n: int) -> FloatArray | None:
    """The state (and partials), (n,), at another epoch; None where it meets the ground."""
    out = np.empty((2, n))
    ending, _, _, _, _ = kernels.carry(
        plan.reference.forces.arrays("moon", epoch),
        state,
        n,
        np.array([(until - epoch) * DAY_S]),
        _TOLERANCE,
        kernels.NOTHING,
        0,
        0,
        np.empty((0, 1 + n)),
        out,
    )
    return out[0] if ending == kernels.REACHED else None


def _aim(plan: _Plan, epoch: float, estimate: FloatArray, lag_d: float) -> tuple[FloatArray, float]:
    """The velocity change, km/s, and by how much the crossing aimed at is late, days.

    Raises:
        NotConvergedError: no crossing within the horizon can be reached.
    """
    period = plan.reference.period_d
    ahead = plan.crossing_mjd_tdb - epoch
    # Far enough that a change can still act, at the horizon if that can be followed.
    choices = np.flatnonzero((ahead > 0.3 * period) & (ahead < plan.horizon_d + 0.26 * period))
    for target in choices[::-1][:6]:
        change = _aim_at(plan, epoch, estimate, int(target), lag_d)
        if change is not None:
            return change
    raise NotConvergedError("The spacecraft has left its orbit: no crossing can be aimed at.")


def _aim_at(
    plan: _Plan, epoch: float, estimate: FloatArray, target: int, lag_d: float
) -> tuple[FloatArray, float] | None:
    """`_aim` for one crossing; None where the path does not get there."""
    change = np.zeros(3)
    gradient: FloatArray | None = None
    goal = plan.crossing_km_s[target]
    for _ in range(_ITERATIONS):
        state = estimate + np.concatenate([np.zeros(3), change])
        reached = _cross(plan, epoch, state, target, lag_d, with_partials=gradient is None)
        if reached is None:
            return None
        speed, late_d, fresh = reached
        if abs(speed - goal) * 1e3 < plan.errors.crossing_m_s:
            return change, late_d
        if fresh is not None:
            gradient = fresh
        assert gradient is not None
        change = change + gradient * (goal - speed) / (gradient @ gradient)
        if np.linalg.norm(change) > 0.05:
            return None
    return None


def _cross(
    plan: _Plan, epoch: float, state: FloatArray, target: int, lag_d: float, *, with_partials: bool
) -> tuple[float, float, FloatArray | None] | None:
    """Velocity along x at a crossing, its delay, and the gradient for the first velocity."""
    n = 42 if with_partials else 6
    expected = float(plan.crossing_mjd_tdb[target]) + lag_d
    window = _WINDOW * plan.reference.period_d
    before = max(expected - window, epoch + 0.02 * plan.reference.period_d)
    near = _carry(plan, epoch, state, before, n)
    if near is None:
        return None
    events, out = np.empty((1, 1 + n)), np.empty((2, n))
    forces = plan.reference.forces.arrays("moon", before)
    _, _, _, _, found = kernels.carry(
        forces,
        near[:6].copy(),
        n,
        np.array([2.0 * window * DAY_S]),
        _TOLERANCE,
        kernels.PLANE,
        _MOON,
        int(plan.crossing_direction[target]),
        events,
        out,
    )
    if found == 0:
        return None
    at = before + events[0, 0] / DAY_S
    frame = rotating_frame(at)
    crossing = events[0, 1:7]
    own = frame.from_moon_icrf(crossing[np.newaxis])[0]
    late_d = at - float(plan.crossing_mjd_tdb[target])
    if not with_partials:
        return float(own[3]), late_d, None
    x, y, _ = frame.axes[0]
    spin = float(frame.spin_rad_s[0])
    slope = np.empty((1, 6))
    slopes_at(forces, events[0, :1].copy(), crossing[np.newaxis].copy(), slope)
    # How the speed along x changes as the path goes on: Coriolis', centrifugal and true pull.
    going_on = float(x @ slope[0, 3:]) + 2.0 * spin * own[4] + spin * spin * own[0]
    partials = events[0, 7:].reshape(6, 6) @ near[6:].reshape(6, 6)[:, 3:]
    across = np.concatenate([y, np.zeros(3)]) @ partials
    along = np.concatenate([spin * y, x]) @ partials
    return float(own[3]), late_d, along - across * going_on / own[4]
