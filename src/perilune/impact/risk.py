"""The chance that an object hits the Earth or the Moon, in stages.

First the nominal orbit with its state-transition matrix over the whole horizon: every encounter
is put on its target plane with the mapped covariance. Where none can be reached within six
standard deviations, and six at the end stay within the search's radius, that is the answer (method
"linear"). Otherwise clones are drawn from the
full covariance and carried to the last encounter that can be reached (method "monte-carlo"):
first a thousand scouts, and all that were asked for where a scout comes near.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

import numpy as np

from perilune.constants import AU_KM, JULIAN_YEAR_D
from perilune.dynamics import Progress, solar_system
from perilune.dynamics.system import surface_arrays
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError
from perilune.impact.approaches import NominalEncounter, nominal_encounters
from perilune.impact.b_plane import target_plane_points
from perilune.impact.clones import Clones, impact_samples, line_of_variations, run_clones
from perilune.impact.intervals import estimate_from_counts
from perilune.impact.linear import ellipse_from_clones, probability_in_disc
from perilune.impact.scales import (
    BACKGROUNDS,
    impact_energy_mt,
    mass_kg,
    palermo_scale,
    torino_scale,
)
from perilune.impact.scales import diameter_km as diameter_from_h
from perilune.impact.virtual_impactors import (
    VirtualImpactor,
    palermo_of,
    torino_of,
    virtual_impactors,
)
from perilune.orbits.orbit import Orbit
from perilune.times import format_utc, parse_epoch

Method = Literal["auto", "linear", "monte-carlo"]

BODIES: Final = ("earth", "moon")
HORIZON_D: Final = 100.0 * JULIAN_YEAR_D
DEFAULT_SAMPLES: Final = 10_000

_SEARCH_KM: Final = 0.3 * AU_KM
_REACH_SIGMA: Final = 6.0
# The mass of a normal distribution outside six standard deviations, both sides.
_BEYOND_REACH: Final = 1.9731752900753785e-09
_SCOUTS: Final = 1_000
# Ten times a focused cross-section's radius and more: where none of a thousand scouts passes within
# it, ten thousand clones would hardly hit either, and the scouts' own bound is given.
_SCOUTS_NEAR_KM: Final = 1.0e5
# A VI's stretch and width need so many clones that pass near.
_ENOUGH_PASSES: Final = 10


@dataclass(frozen=True, slots=True)
class ImpactorRow:
    """One virtual impactor as the command line and the API give it; None where not known."""

    epoch_utc: str
    impact_probability: float
    probability_low: float
    probability_high: float
    sigma_lov: float
    stretch: float | None
    width_km: float | None
    speed_km_s: float
    longitude_deg: float | None
    latitude_deg: float | None
    energy_mt: float | None
    palermo: float | None
    torino: int | None


@dataclass(frozen=True, slots=True)
class RiskAssessment:
    """The risk of one object for one body, named as the command line's contract names it.

    `linear_probability` is the cross-check by the linear method over the same encounters, None
    where the linear map does not apply. `palermo_…` are None where nothing hits or no H is known.
    """

    object: str
    solution: str
    body: str
    impact_probability: float
    probability_low: float
    probability_high: float
    method: str
    samples: int
    palermo_cumulative: float | None
    palermo_max: float | None
    torino_max: int | None
    virtual_impactors: tuple[ImpactorRow, ...]
    linear_probability: float | None
    until_utc: str
    seed: int | None


def now_mjd_tdb() -> float:
    """The present, from the system's clock."""
    return parse_epoch(datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"))


def assess_risk(
    orbits: Sequence[Orbit],
    bodies: Sequence[str],
    until_mjd_tdb: float,
    *,
    method: Method = "auto",
    samples: int = DEFAULT_SAMPLES,
    seed: int = 1,
    assessed_mjd_tdb: float | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[RiskAssessment]:
    """Impact probabilities from each orbit's epoch to a date, one result an object and body.

    Args:
        orbits: with covariances.
        bodies: "earth", "moon".
        until_mjd_tdb: the end of the search.
        method: "auto" takes clones where an encounter can be reached, else the linear method.
        samples: clones.
        seed: of the clones' random numbers.
        assessed_mjd_tdb: date from which Palermo and Torino count; by default the present, and
            the orbit's epoch for an object that has hit before.
        threads: worker threads.
        progress: see `propagate`.

    Raises:
        InputError: no covariance, an unknown body or method, an end before the epoch.
        OutOfRangeError: the end lies outside the ephemeris.
        NotConvergedError: a clone could not be propagated.
    """
    for body in bodies:
        if body not in BODIES:
            raise InputError(
                "impacts are assessed for the Earth and the Moon", field="--body", found=body,
                expected="earth or moon",
            )  # fmt: skip
    if method not in ("auto", "linear", "monte-carlo"):
        raise InputError(
            "no such method", field="--method", found=method,
            expected="auto, linear or monte-carlo",
        )  # fmt: skip
    ephemeris = solar_system(progress)
    ephemeris.check_span(until_mjd_tdb, "end of the search (MJD TDB)")
    assessed = now_mjd_tdb() if assessed_mjd_tdb is None else assessed_mjd_tdb
    results = []
    for index, orbit in enumerate(orbits):
        share = _share(progress, index, len(orbits))
        stage = _Stage(ephemeris, orbit, tuple(bodies), until_mjd_tdb, threads, share)
        results += stage.assess(method, samples, seed, assessed)
    if progress is not None:
        progress(1.0, "risk")
    return results


def _share(progress: Progress | None, index: int, count: int) -> Progress | None:
    if progress is None:
        return None

    def part(fraction: float, label: str) -> None:
        progress((index + fraction) / count, label)

    return part


class _Stage:
    """One object's way through the stages."""

    def __init__(
        self,
        ephemeris: Ephemeris,
        orbit: Orbit,
        bodies: tuple[str, ...],
        until_mjd_tdb: float,
        threads: int | None,
        progress: Progress | None,
    ) -> None:
        if orbit.covariance is None:
            raise InputError(
                f"the orbit of {orbit.full_name} ({orbit.solution}) has no covariance",
                file=orbit.source or None,
                field="covariance",
                expected="a covariance, since a probability needs one",
                remedy="Take an orbit with covariance (SBDB with cov=mat, NEOCC OEF) or fit one.",
            )
        if until_mjd_tdb <= orbit.epoch_mjd_tdb:
            raise InputError(
                "the search ends before the orbit's epoch",
                field="--until",
                found=f"MJD {until_mjd_tdb:.5f} TDB",
                expected=f"a date after MJD {orbit.epoch_mjd_tdb:.5f} TDB",
            )
        self.ephemeris = ephemeris
        self.orbit = orbit
        self.bodies = bodies
        self.until = until_mjd_tdb
        self.threads = threads
        self.progress = progress
        self.radius = surface_arrays(ephemeris.constants.sun_radius_km).radius_km
        if progress is not None:
            progress(0.0, f"nominal orbit of {orbit.full_name}")
        self.encounters, self.end_sigma_km = nominal_encounters(
            ephemeris, orbit, bodies, until_mjd_tdb, _SEARCH_KM, threads
        )
        diameter = orbit.diameter_km
        if diameter is None and orbit.absolute_magnitude_h is not None:
            diameter = float(diameter_from_h(orbit.absolute_magnitude_h))
        self.mass_kg = float(mass_kg(diameter)) if diameter is not None else None

    def assess(
        self, method: Method, samples: int, seed: int, assessed: float
    ) -> list[RiskAssessment]:
        """Choose, run, and put the results in the contract's words."""
        reached = [e for e in self.encounters if self.can_be_reached(e)]
        # The search sees what passes within its radius of the nominal orbit, no farther.
        lost = _REACH_SIGMA * self.end_sigma_km > _SEARCH_KM
        take_clones = method == "monte-carlo" or (method == "auto" and (bool(reached) or lost))
        if not take_clones:
            return [self._linear(body, assessed) for body in self.bodies]
        # A month past the last encounter that can be reached: timing moves it by days.
        last = max((e.epoch_mjd_tdb + self._late_d(e) for e in reached), default=self.until)
        if lost:
            last = self.until
        aim = reached[0] if reached else (self.encounters[0] if self.encounters else None)
        factor = None if aim is None else aim.factor
        direction = np.eye(6 + len(self.orbit.cartesian().parameters))[0]
        if aim is not None and factor is not None:
            direction = line_of_variations(factor, aim.plane.coordinates_jacobian)
        end = self.until if method == "monte-carlo" else min(self.until, last)

        def draw(count: int) -> Clones:
            return run_clones(
                self.ephemeris,
                self.orbit,
                direction,
                self.bodies,
                end,
                count,
                seed,
                self.threads,
                self.progress,
            )

        if method == "auto" and samples > _SCOUTS:
            clones = draw(_SCOUTS)
            if self._come_near(clones, reached):
                clones = draw(samples)
        else:
            clones = draw(samples)
        return [self._sampled(body, clones, seed, assessed) for body in self.bodies]

    def _come_near(self, scouts: Clones, reached: Sequence[NominalEncounter]) -> bool:
        """Whether a scout hits, or passes a body closely where the nominal orbit leaves it open."""
        known = [e for e in self.encounters if e not in reached]
        for body in self.bodies:
            passes = scouts.passes(self.ephemeris.body_index(body))
            if passes.is_impact.any():
                return True
            close = passes.epoch_mjd_tdb[passes.distance_km < _SCOUTS_NEAR_KM]
            for encounter in known:
                if encounter.body == body:
                    close = close[np.abs(close - encounter.epoch_mjd_tdb) > 5.0]
            if close.size:
                return True
        return False

    @staticmethod
    def _late_d(encounter: NominalEncounter) -> float:
        sigma_s = encounter.uncertainty.time_sigma_s if encounter.uncertainty else 0.0
        return 30.0 + min(_REACH_SIGMA * sigma_s / 86400.0, 400.0)

    def _impact_radius(self, encounter: NominalEncounter) -> float:
        radius = float(self.radius[self.ephemeris.body_index(encounter.body)])
        return encounter.plane.impact_radius_km(radius)

    def can_be_reached(self, encounter: NominalEncounter) -> bool:
        """Whether six standard deviations, and what bends them, touch the body's cross-section."""
        if encounter.is_impact:
            return True
        uncertainty = encounter.uncertainty
        assert uncertainty is not None
        ellipse = uncertainty.ellipse
        mean = encounter.plane.coordinates_km
        along = abs(float(mean @ ellipse.direction))
        across = abs(float(ellipse.direction[0] * mean[1] - ellipse.direction[1] * mean[0]))
        reach = _REACH_SIGMA * ellipse.stretch_km
        # The line of variations is a piece of an orbit: it bends on the scale of 1 au.
        bend = 3.0 * min(reach, AU_KM) ** 2 / AU_KM
        radius = self._impact_radius(encounter)
        return (
            along - radius <= reach + bend
            and across - radius <= _REACH_SIGMA * ellipse.width_km + bend
        )

    def _linear_probability(self, encounter: NominalEncounter) -> float:
        assert encounter.uncertainty is not None
        return probability_in_disc(
            encounter.plane.coordinates_km,
            encounter.uncertainty.ellipse,
            self._impact_radius(encounter),
        )

    def _linear_total(self, body: str) -> float:
        miss = 1.0
        for encounter in self.encounters:
            if encounter.body == body:
                miss *= 1.0 - self._linear_probability(encounter)
        return 1.0 - miss

    def _linear(self, body: str, assessed: float) -> RiskAssessment:
        rows = []
        for encounter in self.encounters:
            if encounter.body != body:
                continue
            probability = self._linear_probability(encounter)
            if probability > _BEYOND_REACH:
                rows.append(self._linear_row(encounter, probability, assessed))
        total = self._linear_total(body)
        palermo = [row.palermo for row in rows if row.palermo is not None]
        torino = [row.torino for row in rows if row.torino is not None]
        return RiskAssessment(
            object=self.orbit.full_name,
            solution=self.orbit.solution,
            body=body,
            impact_probability=total,
            probability_low=total if total > _BEYOND_REACH else 0.0,
            probability_high=max(total, _BEYOND_REACH),
            method="linear",
            samples=0,
            palermo_cumulative=math.log10(sum(10.0**p for p in palermo)) if palermo else None,
            palermo_max=max(palermo, default=None),
            torino_max=max(torino, default=0),
            virtual_impactors=tuple(rows),
            linear_probability=total,
            until_utc=format_utc(self.until, 0),
            seed=None,
        )

    def _linear_row(
        self, encounter: NominalEncounter, probability: float, assessed: float
    ) -> ImpactorRow:
        assert encounter.uncertainty is not None
        ellipse = encounter.uncertainty.ellipse
        body = self.ephemeris.body_index(encounter.body)
        gm = float(self.ephemeris.arrays.gm_km3_s2[body])
        infinity = encounter.plane.v_infinity_km_s or 0.0
        speed = math.sqrt(infinity**2 + 2.0 * gm / float(self.radius[body]))
        along = float(encounter.plane.coordinates_km @ ellipse.direction)
        years = (encounter.epoch_mjd_tdb - assessed) / JULIAN_YEAR_D
        if years <= 0.0:
            years = (encounter.epoch_mjd_tdb - self.orbit.epoch_mjd_tdb) / JULIAN_YEAR_D
        energy = palermo = torino = None
        if self.mass_kg is not None:
            energy = float(impact_energy_mt(self.mass_kg, speed))
            background = BACKGROUNDS[encounter.body]
            palermo = float(palermo_scale(probability, energy, years, background))
            torino = torino_scale(probability, energy, years)
        return ImpactorRow(
            epoch_utc=format_utc(encounter.epoch_mjd_tdb, 0),
            impact_probability=probability,
            probability_low=probability,
            probability_high=probability,
            sigma_lov=-along / ellipse.stretch_km if ellipse.stretch_km > 0.0 else 0.0,
            stretch=ellipse.stretch_km,
            width_km=ellipse.width_km,
            speed_km_s=speed,
            longitude_deg=None,
            latitude_deg=None,
            energy_mt=energy,
            palermo=palermo,
            torino=torino,
        )

    def _sampled(self, body: str, clones: Clones, seed: int, assessed: float) -> RiskAssessment:
        passes = clones.passes(self.ephemeris.body_index(body))
        hits = passes.where(passes.is_impact)
        estimate = estimate_from_counts(len(hits), clones.samples)
        found: tuple[VirtualImpactor, ...] = ()
        if len(hits):
            first = float(hits.epoch_mjd_tdb.min())
            since = assessed if assessed < first else self.orbit.epoch_mjd_tdb
            sigma = clones.sigma_lov[hits.particle]
            drawn = impact_samples(body, hits, sigma, clones.samples)
            # Without H the scales have no energy to go by; a mass of 1 kg stands in and its
            # results are dropped below.
            found = virtual_impactors(drawn, self.mass_kg or 1.0, since)
        rows = tuple(self._sampled_row(body, impactor, clones) for impactor in found)
        known = self.mass_kg is not None and bool(found)
        cumulative, greatest = palermo_of(found) if known else (None, None)
        return RiskAssessment(
            object=self.orbit.full_name,
            solution=self.orbit.solution,
            body=body,
            impact_probability=estimate.probability,
            probability_low=estimate.low,
            probability_high=estimate.high,
            method="monte-carlo",
            samples=clones.samples,
            palermo_cumulative=cumulative,
            palermo_max=greatest,
            torino_max=torino_of(found) if found else 0,
            virtual_impactors=rows,
            linear_probability=self._linear_total(body),
            until_utc=format_utc(self.until, 0),
            seed=seed,
        )

    def _sampled_row(self, body: str, found: VirtualImpactor, clones: Clones) -> ImpactorRow:
        stretch, width = self._widths(body, found, clones)
        known = self.mass_kg is not None
        return ImpactorRow(
            epoch_utc=format_utc(found.epoch_mjd_tdb, 0),
            impact_probability=found.estimate.probability,
            probability_low=found.estimate.low,
            probability_high=found.estimate.high,
            sigma_lov=found.sigma_lov,
            stretch=stretch,
            width_km=width,
            speed_km_s=found.speed_km_s,
            longitude_deg=_degrees(found.longitude_rad),
            latitude_deg=_degrees(found.latitude_rad),
            energy_mt=found.energy_mt if known else None,
            palermo=found.palermo if known else None,
            torino=found.torino if known else None,
        )

    def _widths(
        self, body: str, found: VirtualImpactor, clones: Clones
    ) -> tuple[float | None, float | None]:
        """Stretch and width on the target plane from the clones that pass in the same days."""
        index = self.ephemeris.body_index(body)
        passes = clones.passes(index)
        near = passes.where(
            (passes.epoch_mjd_tdb > found.epoch_first_mjd_tdb - 1.0)
            & (passes.epoch_mjd_tdb < found.epoch_last_mjd_tdb + 1.0)
        )
        if len(near) < _ENOUGH_PASSES:
            return None, None
        _, velocity = self.ephemeris.state(body, near.epoch_mjd_tdb)
        _, sun_velocity = self.ephemeris.state("sun", near.epoch_mjd_tdb)
        points, _ = target_plane_points(
            near.state[:, :3],
            near.state[:, 3:],
            float(self.ephemeris.arrays.gm_km3_s2[index]),
            velocity - sun_velocity,
        )
        open_orbit = np.asarray(np.isfinite(points).all(axis=1))
        if open_orbit.sum() < _ENOUGH_PASSES:
            return None, None
        ellipse = ellipse_from_clones(
            points[open_orbit], clones.sigma_lov[near.particle][open_orbit]
        )
        return ellipse.stretch_km, ellipse.width_km


def _degrees(angle_rad: float | None) -> float | None:
    return None if angle_rad is None else math.degrees(angle_rad)
