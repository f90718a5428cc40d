"""The line of variations where the observations are at hand: each point is a fit of its own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perilune.astrometry.observations import FloatArray
from perilune.determination.least_squares import Solution, fit_orbit, shifted
from perilune.determination.measurements import Measurements
from perilune.ephemeris import Ephemeris
from perilune.errors import NotConvergedError
from perilune.impact.line_of_variations import Corrected


@dataclass(frozen=True, slots=True, eq=False)
class FittedCorrector:
    """A `Corrector` by constrained least squares of the nominal orbit's own observations.

    Attributes:
        ephemeris: with the massive asteroids.
        solution: the nominal orbit.
        number: the minor planet's number, if it has one.
        measurements: the rows that `solution` speaks of.
    """

    ephemeris: Ephemeris
    solution: Solution
    number: int | None
    measurements: Measurements

    def __call__(self, deviation: FloatArray, functional: FloatArray) -> Corrected:
        """The best fit near `deviation` with `functional @ deviation` as it is.

        Raises:
            NotConvergedError: there is no such fit.
        """
        nominal = self.solution.orbit
        found = fit_orbit(
            self.ephemeris,
            shifted(nominal, deviation),
            self.number,
            self.measurements,
            self.solution.used,
            held=functional,
        )
        if found is None or not found.has_converged or found.orbit.covariance is None:
            raise NotConvergedError("the constrained fit on the line of variations did not settle")
        moved = [
            found.orbit.position_km - nominal.position_km,
            found.orbit.velocity_km_s - nominal.velocity_km_s,
        ]
        if nominal.parameters:
            model, own = found.orbit.non_gravitational, nominal.non_gravitational
            moved.append(
                np.array([getattr(model, name) - getattr(own, name) for name in nominal.parameters])
            )
        return Corrected(
            deviation=np.concatenate(moved),
            excess_chi2=found.chi2 - self.solution.chi2,
            covariance=found.orbit.covariance,
        )
