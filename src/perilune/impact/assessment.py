"""Risk assessments in the words of the command line and the API, and how they are put together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from perilune.constants import JULIAN_YEAR_D
from perilune.dynamics import Encounters
from perilune.dynamics.system import surface_arrays
from perilune.ephemeris import Ephemeris
from perilune.impact.approaches import NominalEncounter
from perilune.impact.b_plane import target_plane_points
from perilune.impact.clones import Clones, ground_of, impact_samples, largest_stretch
from perilune.impact.intervals import ProbabilityEstimate
from perilune.impact.line_of_variations import toward_larger_orbits
from perilune.impact.linear import ellipse_from_clones
from perilune.impact.local_samples import LocalSamples
from perilune.impact.scales import (
    BACKGROUNDS,
    impact_energy_mt,
    mass_kg,
    palermo_cumulative,
    palermo_scale,
    torino_scale,
)
from perilune.impact.scales import diameter_km as diameter_from_h
from perilune.impact.virtual_impactors import (
    ImpactSamples,
    VirtualImpactor,
    rate_impacts,
    virtual_impactors,
)
from perilune.orbits.orbit import Orbit
from perilune.times import format_utc

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

    `method_reason` says why the method was taken. `linear_probability` is the cross-check by the
    linear method over the same encounters, None where the linear map does not apply. `palermo_…`
    are None where nothing hits or no H is known.
    """

    object: str
    solution: str
    body: str
    impact_probability: float
    probability_low: float
    probability_high: float
    method: str
    method_reason: str
    samples: int
    palermo_cumulative: float | None
    palermo_max: float | None
    torino_max: int | None
    virtual_impactors: tuple[ImpactorRow, ...]
    linear_probability: float | None
    until_utc: str
    seed: int | None


class Rating:
    """What one object's impacts come to, counted from one date."""

    def __init__(self, ephemeris: Ephemeris, orbit: Orbit, assessed_mjd_tdb: float) -> None:
        self.ephemeris = ephemeris
        self.orbit = orbit
        self.assessed = assessed_mjd_tdb
        self.radius = surface_arrays(ephemeris.constants.sun_radius_km).radius_km
        diameter = orbit.diameter_km
        if diameter is None and orbit.absolute_magnitude_h is not None:
            diameter = float(diameter_from_h(orbit.absolute_magnitude_h))
        self.mass_kg = float(mass_kg(diameter)) if diameter is not None else None

    def since(self, epoch_mjd_tdb: float) -> float:
        """The date from which the scales count: the orbit's epoch for what has hit before."""
        return self.assessed if self.assessed < epoch_mjd_tdb else self.orbit.epoch_mjd_tdb

    def assessment(
        self,
        body: str,
        estimate: ProbabilityEstimate,
        rows: Sequence[ImpactorRow],
        *,
        method: str,
        reason: str,
        samples: int,
        linear_probability: float | None,
        until_mjd_tdb: float,
        seed: int | None,
    ) -> RiskAssessment:
        """The whole of one body's risk."""
        palermo = [row.palermo for row in rows if row.palermo is not None]
        torino = [row.torino for row in rows if row.torino is not None]
        known = self.mass_kg is not None
        return RiskAssessment(
            object=self.orbit.full_name,
            solution=self.orbit.solution,
            body=body,
            impact_probability=estimate.probability,
            probability_low=estimate.low,
            probability_high=estimate.high,
            method=method,
            method_reason=reason,
            samples=samples,
            palermo_cumulative=palermo_cumulative(palermo) if palermo else None,
            palermo_max=max(palermo, default=None),
            torino_max=max(torino) if torino else None if rows and known else 0,
            virtual_impactors=tuple(rows),
            linear_probability=linear_probability,
            until_utc=format_utc(until_mjd_tdb, 0),
            seed=seed,
        )

    def linear_row(self, encounter: NominalEncounter, probability: float) -> ImpactorRow:
        """An encounter of the nominal orbit by the linear method."""
        assert encounter.uncertainty is not None
        ellipse = encounter.uncertainty.ellipse
        body = self.ephemeris.body_index(encounter.body)
        gm = float(self.ephemeris.arrays.gm_km3_s2[body])
        infinity = encounter.plane.v_infinity_km_s or 0.0
        speed = math.sqrt(infinity**2 + 2.0 * gm / float(self.radius[body]))
        epoch = encounter.epoch_mjd_tdb
        energy = palermo = torino = None
        if self.mass_kg is not None:
            years = (epoch - self.since(epoch)) / JULIAN_YEAR_D
            energy = float(impact_energy_mt(self.mass_kg, speed))
            background = BACKGROUNDS[encounter.body]
            palermo = float(palermo_scale(probability, energy, years, background))
            torino = torino_scale(probability, energy, years)
        return ImpactorRow(
            epoch_utc=format_utc(epoch, 0),
            impact_probability=probability,
            probability_low=probability,
            probability_high=probability,
            sigma_lov=self._nearest_sigma(encounter),
            stretch=ellipse.stretch_km,
            width_km=ellipse.width_km,
            speed_km_s=speed,
            longitude_deg=None,
            latitude_deg=None,
            energy_mt=energy,
            palermo=palermo,
            torino=torino,
        )

    def _nearest_sigma(self, encounter: NominalEncounter) -> float:
        """Where along its stretched direction the linear map passes nearest; 0 without one."""
        assert encounter.factor is not None
        jacobian = encounter.plane.coordinates_jacobian
        stretched = largest_stretch(encounter.factor, jacobian)
        slope_km = jacobian @ (
            encounter.factor @ toward_larger_orbits(stretched, self.orbit.cartesian())
        )
        size2 = float(slope_km @ slope_km)
        return -float(encounter.plane.coordinates_km @ slope_km) / size2 if size2 > 0.0 else 0.0

    def clone_rows(self, body: str, clones: Clones) -> list[ImpactorRow]:
        """The hits among clones, in groups."""
        passes = clones.passes(self.ephemeris.body_index(body))
        hits = passes.where(passes.is_impact)
        if len(hits) == 0:
            return []
        drawn = impact_samples(body, hits, clones.sigma_lov[hits.particle], clones.samples)
        since = self.since(float(hits.epoch_mjd_tdb.min()))
        # Without H the scales have no energy to go by; a mass of 1 kg stands in and its results
        # are dropped in `row`.
        found = virtual_impactors(drawn, self.mass_kg or 1.0, since)
        return [self.row(one, *self._widths(body, one, clones, passes)) for one in found]

    def local_row(self, flown: LocalSamples) -> ImpactorRow | None:
        """A virtual impactor from the orbits flown around it; None where none of them hits."""
        if len(flown.hits) == 0:
            return None
        samples = ImpactSamples(
            epoch_mjd_tdb=flown.hits.epoch_mjd_tdb,
            sigma_lov=flown.sigma_lov,
            ground=ground_of(flown.target.body, flown.hits),
            samples=flown.samples,
            weights=flown.weights,
            largest_weight=float(flown.weights.max()),
        )
        since = self.since(float(flown.hits.epoch_mjd_tdb.min()))
        members = np.arange(len(flown.hits))
        found = rate_impacts(samples, members, self.mass_kg or 1.0, since, flown.estimate)
        ellipse = flown.target.ellipse
        return self.row(found, ellipse.stretch_km, ellipse.width_km)

    def row(
        self, found: VirtualImpactor, stretch: float | None, width: float | None
    ) -> ImpactorRow:
        """One group of impacts in the contract's words."""
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
        self, body: str, found: VirtualImpactor, clones: Clones, passes: Encounters
    ) -> tuple[float | None, float | None]:
        """Stretch and width on the target plane from the clones that pass in the same days."""
        near = passes.where(
            (passes.epoch_mjd_tdb > found.epoch_first_mjd_tdb - 1.0)
            & (passes.epoch_mjd_tdb < found.epoch_last_mjd_tdb + 1.0)
        )
        if len(near) < _ENOUGH_PASSES:
            return None, None
        _, velocity = self.ephemeris.state(body, near.epoch_mjd_tdb)
        _, sun_velocity = self.ephemeris.state("sun", near.epoch_mjd_tdb)
        gm = float(self.ephemeris.arrays.gm_km3_s2[self.ephemeris.body_index(body)])
        points, _ = target_plane_points(
            near.state[:, :3], near.state[:, 3:], gm, velocity - sun_velocity
        )
        open_orbit = np.asarray(np.isfinite(points).all(axis=1))
        if open_orbit.sum() < _ENOUGH_PASSES:
            return None, None
        ellipse = ellipse_from_clones(
            points[open_orbit], clones.sigma_lov[near.particle][open_orbit]
        )
        return ellipse.stretch_km, ellipse.width_km


def sum_of_local(flown: Sequence[LocalSamples], missed: float, method: str) -> ProbabilityEstimate:
    """The probability of all virtual impactors together.

    Args:
        flown: each with the orbits around it.
        missed: what an impactor that was not found may weigh; it widens the upper end.
        method: its name.
    """
    if not any(len(one.hits) for one in flown):
        return ProbabilityEstimate(0.0, 0.0, min(1.0, missed), method, 0, 0)
    found = [one.estimate for one in flown if len(one.hits)]
    total = min(1.0, math.fsum(one.probability for one in found))
    # Their errors are independent: the half-intervals add in quadrature.
    low = total - math.hypot(*(one.probability - one.low for one in found))
    high = total + math.hypot(*(one.high - one.probability for one in found)) + missed
    samples = sum(one.samples for one in found)
    hits = sum(one.hits for one in found)
    return ProbabilityEstimate(total, max(0.0, low), min(1.0, high), method, samples, hits)


def _degrees(angle_rad: float | None) -> float | None:
    return None if angle_rad is None else math.degrees(angle_rad)
