"""One object's dense path over an arc, with its derivatives by what a fit estimates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from perilune.astrometry.observations import FloatArray
from perilune.constants import DAY_S, SPEED_OF_LIGHT_KM_S
from perilune.determination.trajectory_kernels import at_epochs, at_reception
from perilune.dynamics import DEFAULT_OPTIONS, propagate
from perilune.dynamics.orbit_paths import engine_parameters, nominal, status_text
from perilune.ephemeris import Ephemeris
from perilune.orbits.orbit import CartesianOrbit

# Both ends of the arc are passed by this much, and the first by a light time more, so that what
# the first observer receives was emitted on the path.
_MARGIN_D: Final = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Received:
    """What N observers receive of an object.

    Attributes:
        light_s: (N,) light time; NaN where the path does not reach that far.
        position_km, velocity_km_s: (N, 3) at emission, from the observer at reception, ICRF.
        by_start: (N, 3, m) derivative of `position_km` by the estimated quantities, the change of
            the moment of emission included.
        velocity_by_start: (N, 3, m) the same of the velocity, at a fixed moment of emission.
    """

    light_s: FloatArray
    position_km: FloatArray
    velocity_km_s: FloatArray
    by_start: FloatArray
    velocity_by_start: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """A path from `first_mjd_tdb` to `last_mjd_tdb`; barycentric, ICRF.

    Attributes:
        columns: m, the number of estimated quantities: 6 of the start and the parameters; 0
            where no derivatives were asked for.
        status: "reached", or what ended the object before an end of the arc.
    """

    steps: FloatArray
    low_mjd_tdb: FloatArray
    columns: int
    first_mjd_tdb: float
    last_mjd_tdb: float
    status: str

    def covers(self, epoch_mjd_tdb: FloatArray) -> bool:
        """Whether the path reaches all epochs."""
        return bool(
            np.all((epoch_mjd_tdb >= self.first_mjd_tdb) & (epoch_mjd_tdb <= self.last_mjd_tdb))
        )

    def at(
        self, epoch_mjd_tdb: FloatArray, offset_s: FloatArray | None = None
    ) -> tuple[FloatArray, FloatArray]:
        """State (N, 6) and its derivatives (N, 6, m) at epochs + offsets; NaN where it ended."""
        epoch = np.ascontiguousarray(epoch_mjd_tdb, dtype=np.float64)
        offset = np.zeros(epoch.size) if offset_s is None else np.ascontiguousarray(offset_s)
        state = np.full((epoch.size, 6), np.nan)
        variation = np.full((epoch.size, 6, self.columns), np.nan)
        if self.steps.size:
            at_epochs(self.steps, self.low_mjd_tdb, self.columns, epoch, offset, state, variation)
        moment = epoch + offset / DAY_S
        outside = (moment < self.first_mjd_tdb) | (moment > self.last_mjd_tdb)
        state[outside] = np.nan
        variation[outside] = np.nan
        return state, variation

    def received(
        self, epoch_mjd_tdb: FloatArray, observer_km: FloatArray, observer_km_s: FloatArray
    ) -> Received:
        """Light time and relative state for observers at epochs of reception.

        Args:
            epoch_mjd_tdb: (N,) reception.
            observer_km, observer_km_s: (N, 3) barycentric ICRF.
        """
        n, m = epoch_mjd_tdb.size, self.columns
        light = np.zeros(n)
        state = np.full((n, 6), np.nan)
        variation = np.full((n, 6, m), np.nan)
        observer = np.ascontiguousarray(np.hstack([observer_km, observer_km_s]))
        if self.steps.size:
            at_reception(
                self.steps, self.low_mjd_tdb, m, SPEED_OF_LIGHT_KM_S,
                np.ascontiguousarray(epoch_mjd_tdb), observer, light, state, variation,
            )  # fmt: skip
        emitted = epoch_mjd_tdb - light / DAY_S
        outside = ~((emitted >= self.first_mjd_tdb) & (emitted <= self.last_mjd_tdb))
        for array in (light, state, variation):
            array[outside] = np.nan
        position, relative = state[:, :3], state[:, 3:]
        along = position / np.linalg.norm(position, axis=1, keepdims=True)
        velocity = relative + observer_km_s
        # c light = |x(t - light) - R|: the light time's own derivative.
        closing = SPEED_OF_LIGHT_KM_S + np.sum(along * velocity, axis=1)
        change = np.einsum("nk,nkm->nm", along, variation[:, :3]) / closing[:, np.newaxis]
        by_start = variation[:, :3] - velocity[:, :, np.newaxis] * change[:, np.newaxis, :]
        return Received(light, position, relative, by_start, variation[:, 3:])


def fly(
    ephemeris: Ephemeris,
    orbit: CartesianOrbit,
    number: int | None,
    first_mjd_tdb: float,
    last_mjd_tdb: float,
    *,
    with_variations: bool = True,
) -> Trajectory:
    """Carry an orbit over an arc, both ways from its epoch, keeping every step.

    Args:
        orbit: its `parameters` are what is estimated besides the state.
        number: the minor planet's number: a massive asteroid does not attract itself.
        first_mjd_tdb, last_mjd_tdb: the arc; a little is added at both ends.

    Raises:
        InputError: the object starts inside a body.
        OutOfRangeError: the arc leaves the ephemeris.
    """
    particle = nominal(ephemeris, orbit, number)
    variations = engine_parameters(orbit.parameters) if with_variations else None
    epoch = orbit.epoch_mjd_tdb
    light_d = float(np.linalg.norm(orbit.position_km)) / SPEED_OF_LIGHT_KM_S / DAY_S
    ends = (
        min(first_mjd_tdb, epoch) - 2.0 * light_d - _MARGIN_D,
        max(last_mjd_tdb, epoch) + _MARGIN_D,
    )
    reached = list(ends)
    status = "reached"
    parts = []
    for side, end in enumerate(ends):
        run = propagate(
            ephemeris, particle, [end], variations=variations, keep_steps=True, threads=1,
            options=DEFAULT_OPTIONS,
        )  # fmt: skip
        parts.append(run.steps)
        if run.status[0] != 0:
            reached[side] = float(run.stop_mjd_tdb[0])
            status = status_text(int(run.status[0]), int(run.body[0]), reached[side])
    steps = np.concatenate(parts)
    start = steps[:, 1] + steps[:, 2] / DAY_S
    low = np.minimum(start, start + steps[:, 3] / DAY_S)
    order = np.argsort(low)
    columns = 0 if variations is None else 6 + len(variations)
    return Trajectory(
        np.ascontiguousarray(steps[order]), low[order], columns, reached[0], reached[1], status
    )
