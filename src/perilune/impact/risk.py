"""The chance that an object hits the Earth or the Moon, in stages.

First the nominal orbit with its state-transition matrix over the whole horizon: every encounter
is put on its target plane with the mapped covariance. Where none can be reached within six
standard deviations, and six of the position stay within the search's radius all the way, that is
the answer (method "linear"). Else "auto" follows the line of variations where the uncertainty is
one ("lov", down to 1e-8). Where the nominal orbit itself hits it draws clones from the full
covariance ("monte-carlo"); where the uncertainty is wide in more than one direction it steers
random orbits to impacts ("importance").
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from perilune.constants import AU_KM, JULIAN_YEAR_D
from perilune.dynamics import Progress, solar_system
from perilune.dynamics.orbit_paths import covariance_factor
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError
from perilune.impact.approaches import NominalEncounter, nominal_run
from perilune.impact.assessment import ImpactorRow, Rating, RiskAssessment, sum_of_local
from perilune.impact.clones import largest_stretch, run_clones
from perilune.impact.importance import search_importance
from perilune.impact.intervals import ProbabilityEstimate, estimate_from_counts
from perilune.impact.line_of_variations import (
    SIGMA_MAX,
    Corrector,
    corrected_line,
    straight_line,
    toward_larger_orbits,
    weakest_direction,
)
from perilune.impact.linear import probability_in_disc
from perilune.impact.local_samples import LocalSamples
from perilune.impact.lov import search_line
from perilune.impact.progress import share
from perilune.orbits.orbit import Orbit
from perilune.times import parse_epoch

Method = Literal["auto", "linear", "lov", "monte-carlo", "importance"]

BODIES: Final = ("earth", "moon")
METHODS: Final = ("auto", "linear", "lov", "monte-carlo", "importance")
HORIZON_D: Final = 100.0 * JULIAN_YEAR_D
DEFAULT_SAMPLES: Final = 10_000
LEAST_PROBABILITY: Final = 1.0e-8

_SEARCH_KM: Final = 0.3 * AU_KM
_REACH_SIGMA: Final = 6.0
# The mass of a normal distribution outside six standard deviations, both sides.
_BEYOND_REACH: Final = 1.9731752900753785e-09
_SCOUTS: Final = 1_000
_DRAWS: Final = 1_024
# A wider uncertainty across the line than this is no line.
_WIDEST_KM: Final = 5.0e-4 * AU_KM


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
    least_probability: float = LEAST_PROBABILITY,
    assessed_mjd_tdb: float | None = None,
    correct: Corrector | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[RiskAssessment]:
    """Impact probabilities from each orbit's epoch to a date, one result an object and body.

    Args:
        orbits: with covariances.
        bodies: "earth", "moon".
        until_mjd_tdb: the end of the search.
        method: "auto" chooses as the module's text says.
        samples: clones.
        seed: of the random numbers.
        least_probability: down to which the line of variations is searched.
        assessed_mjd_tdb: date from which Palermo and Torino count; by default the present, and
            the orbit's epoch for an object that has hit before.
        correct: constrained least squares of the orbit's own observations, which bends the line
            of variations to them; for a single orbit.
        threads: worker threads.
        progress: see `propagate`.

    Raises:
        InputError: no covariance, an unknown body or method, an end before the epoch, or a
            corrector for several orbits.
        OutOfRangeError: the end lies outside the ephemeris.
        NotConvergedError: a clone could not be propagated.
    """
    for body in bodies:
        if body not in BODIES:
            raise InputError(
                "impacts are assessed for the Earth and the Moon", field="--body", found=body,
                expected="earth or moon",
            )  # fmt: skip
    if method not in METHODS:
        raise InputError(
            "no such method", field="--method", found=method, expected=", ".join(METHODS)
        )
    if correct is not None and len(orbits) != 1:
        raise InputError("a corrector belongs to one orbit", field="correct", found=len(orbits))
    ephemeris = solar_system(progress)
    ephemeris.check_span(until_mjd_tdb, "end of the search (MJD TDB)")
    assessed = now_mjd_tdb() if assessed_mjd_tdb is None else assessed_mjd_tdb
    results = []
    for index, orbit in enumerate(orbits):
        part = share(progress, index, len(orbits))
        rating = Rating(ephemeris, orbit, assessed)
        stage = _Stage(rating, tuple(bodies), until_mjd_tdb, seed, threads, part)
        results += stage.assess(method, samples, least_probability, correct)
    if progress is not None:
        progress(1.0, "risk")
    return results


class _Stage:
    """One object's way through the stages."""

    def __init__(
        self,
        rating: Rating,
        bodies: tuple[str, ...],
        until_mjd_tdb: float,
        seed: int,
        threads: int | None,
        progress: Progress | None,
    ) -> None:
        orbit = rating.orbit
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
        self.rating = rating
        self.ephemeris: Ephemeris = rating.ephemeris
        self.orbit = orbit
        self.bodies = bodies
        self.until = until_mjd_tdb
        self.seed = seed
        self.threads = threads
        self.progress = progress
        if progress is not None:
            progress(0.0, f"nominal orbit of {orbit.full_name}")
        self.nominal = nominal_run(
            self.ephemeris, orbit, bodies, until_mjd_tdb, _SEARCH_KM, threads
        )
        self.reached = [e for e in self.nominal.encounters if self.can_be_reached(e)]
        # The search sees what passes within its radius of the nominal orbit, no farther.
        self.is_lost = _REACH_SIGMA * self.nominal.largest_sigma_km > _SEARCH_KM

    def assess(
        self, method: Method, samples: int, least: float, correct: Corrector | None
    ) -> list[RiskAssessment]:
        """Choose, run, and put the results in the contract's words."""
        if method == "auto":
            method, reason = self._choice()
        else:
            reason = "asked for"
        if method == "linear":
            return [self._linear(body, reason) for body in self.bodies]
        if method == "lov":
            return self._along_line(reason, least, correct)
        if method == "importance":
            return self._steered(reason, samples, least)
        return self._sampled(reason, samples)

    def _choice(self) -> tuple[Method, str]:
        """The method that suits the case, and why."""
        if not self.reached and not self.is_lost:
            return "linear", "no encounter lies within six standard deviations"
        if any(encounter.is_impact for encounter in self.reached):
            return "monte-carlo", "the nominal orbit hits"
        width = self._width_km()
        if width > _WIDEST_KM:
            return (
                "importance",
                f"the uncertainty is {width / AU_KM:.2g} au wide across its line",
            )
        return "lov", "the uncertainty is a line, and clones would not see a small chance"

    def _width_km(self) -> float:
        """What the uncertainty measures across its line, where it matters."""
        widths = [e.uncertainty.ellipse.width_km for e in self.reached if e.uncertainty is not None]
        if widths:
            return float(np.median(widths))
        known = self.nominal.factors[np.isfinite(self.nominal.factors).all(axis=(1, 2))]
        if known.size == 0:
            return 0.0
        return float(np.median(np.linalg.svd(known, compute_uv=False)[:, 1]))

    def _direction(self) -> NDArray[np.float64]:
        """Unit vector of the whitened coordinates along which the line of variations runs."""
        return weakest_direction(self.nominal.factors, self.orbit.cartesian())

    def _along_line(
        self, reason: str, least: float, correct: Corrector | None
    ) -> list[RiskAssessment]:
        cartesian = self.orbit.cartesian()
        assert cartesian.covariance is not None
        factor = covariance_factor(cartesian.covariance)
        if correct is None:
            line = straight_line(factor, self._direction(), SIGMA_MAX)
        else:
            line = corrected_line(factor, self._direction(), correct, SIGMA_MAX)
        search = search_line(
            self.ephemeris,
            cartesian,
            self.orbit.number,
            line,
            self.bodies,
            self.until,
            min(self._width_km(), _WIDEST_KM),
            least=least,
            seed=self.seed,
            threads=self.threads,
            progress=self.progress,
        )
        missed = max(least, search.completeness) + _BEYOND_REACH
        return self._from_local(search.impactors, missed, "lov", reason, search.orbits)

    def _steered(self, reason: str, samples: int, least: float) -> list[RiskAssessment]:
        """Scouts steered to impacts, and draws around each; what scouts miss stays possible."""
        cartesian = self.orbit.cartesian()
        assert cartesian.covariance is not None
        search = search_importance(
            self.ephemeris,
            cartesian,
            self.orbit.number,
            covariance_factor(cartesian.covariance),
            self.bodies,
            self.until,
            scouts=min(samples, _SCOUTS),
            samples=_DRAWS,
            least=least,
            seed=self.seed,
            threads=self.threads,
            progress=self.progress,
        )
        missed = max(least, search.missed) + _BEYOND_REACH
        return self._from_local(search.impactors, missed, "importance", reason, search.orbits)

    def _from_local(
        self,
        impactors: Sequence[LocalSamples],
        missed: float,
        method: str,
        reason: str,
        orbits: int,
    ) -> list[RiskAssessment]:
        results = []
        for body in self.bodies:
            mine = [one for one in impactors if one.target.body == body]
            rows = [row for row in map(self.rating.local_row, mine) if row is not None]
            estimate = sum_of_local(mine, missed, method)
            results.append(self._result(body, estimate, rows, method, reason, orbits))
        return results

    def _result(
        self,
        body: str,
        estimate: ProbabilityEstimate,
        rows: Sequence[ImpactorRow],
        method: str,
        reason: str,
        samples: int,
    ) -> RiskAssessment:
        return self.rating.assessment(
            body,
            estimate,
            rows,
            method=method,
            reason=reason,
            samples=samples,
            linear_probability=self._linear_total(body),
            until_mjd_tdb=self.until,
            seed=None if method == "linear" else self.seed,
        )

    def _sampled(self, reason: str, samples: int) -> list[RiskAssessment]:
        """Clones up to a month past the last encounter that can be reached."""
        last = max((e.epoch_mjd_tdb + self._late_d(e) for e in self.reached), default=self.until)
        end = self.until if self.is_lost or reason == "asked for" else min(self.until, last)
        aims = self.reached or self.nominal.encounters
        direction = self._direction()
        if aims and aims[0].factor is not None:
            stretched = largest_stretch(aims[0].factor, aims[0].plane.coordinates_jacobian)
            direction = toward_larger_orbits(stretched, self.orbit.cartesian())
        clones = run_clones(
            self.ephemeris,
            self.orbit,
            direction,
            self.bodies,
            end,
            samples,
            self.seed,
            self.threads,
            self.progress,
        )
        results = []
        for body in self.bodies:
            passes = clones.passes(self.ephemeris.body_index(body))
            estimate = estimate_from_counts(int(passes.is_impact.sum()), clones.samples)
            rows = self.rating.clone_rows(body, clones)
            results.append(
                self._result(body, estimate, rows, "monte-carlo", reason, clones.samples)
            )
        return results

    @staticmethod
    def _late_d(encounter: NominalEncounter) -> float:
        sigma_s = encounter.uncertainty.time_sigma_s if encounter.uncertainty else 0.0
        return 30.0 + min(_REACH_SIGMA * sigma_s / 86400.0, 400.0)

    def _impact_radius(self, encounter: NominalEncounter) -> float:
        radius = float(self.rating.radius[self.ephemeris.body_index(encounter.body)])
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
        for encounter in self.nominal.encounters:
            if encounter.body == body:
                miss *= 1.0 - self._linear_probability(encounter)
        return 1.0 - miss

    def _linear(self, body: str, reason: str) -> RiskAssessment:
        rows = []
        for encounter in self.nominal.encounters:
            if encounter.body != body:
                continue
            probability = self._linear_probability(encounter)
            if probability > _BEYOND_REACH:
                rows.append(self.rating.linear_row(encounter, probability))
        total = self._linear_total(body)
        low = total if total > _BEYOND_REACH else 0.0
        estimate = ProbabilityEstimate(total, low, max(total, _BEYOND_REACH), "linear", 0, 0)
        return self._result(body, estimate, rows, "linear", reason, 0)
