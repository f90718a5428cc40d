"""What the API answers from: the built-in catalogue, assessed once in the background."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from perilune.constants import AU_KM, JULIAN_YEAR_D
from perilune.errors import PeriluneError
from perilune.impact import Approach, RiskAssessment, assess_risk, find_approaches
from perilune.impact.risk import BODIES, HORIZON_D, now_mjd_tdb
from perilune.orbits import catalogue
from perilune.orbits.orbit import Orbit

APPROACH_YEARS: Final = 20.0
APPROACH_WITHIN_AU: Final = 0.05


class Source:
    """Objects with their orbits, risk and approaches."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._risk: dict[str, list[RiskAssessment]] = {}
        self._approaches: dict[str, list[Approach]] = {}
        threading.Thread(target=self._assess_all, name="assess", daemon=True).start()

    def _assess_all(self) -> None:
        for orbit in sorted(catalogue.orbits(), key=lambda o: o.designation != "2024 YR4"):
            self.risk(orbit)

    def orbits(self, query: str = "") -> list[Orbit]:
        """Preferred orbits of objects whose name holds the query."""
        wanted = query.casefold().strip()
        return [o for o in catalogue.orbits() if wanted in o.full_name.casefold()]

    def orbit(self, name: str) -> Orbit:
        """The preferred orbit of an object by any of its names."""
        return catalogue.find(name)

    def solutions(self, name: str) -> list[Orbit]:
        """Every orbit of an object."""
        return [catalogue.find(name)]

    def risk(self, orbit: Orbit) -> list[RiskAssessment]:
        """The current assessments of an object, one a body."""
        with self._lock:
            if orbit.full_name not in self._risk:
                try:
                    now = now_mjd_tdb()
                    found = assess_risk(
                        [orbit], BODIES, now + HORIZON_D, assessed_mjd_tdb=now, threads=1
                    )
                except PeriluneError:
                    found = []
                self._risk[orbit.full_name] = found
            return self._risk[orbit.full_name]

    def risk_list(self, bodies: Sequence[str], least: float) -> list[RiskAssessment]:
        """Current assessments with a probability from `least` on, for any of the bodies."""
        return [
            each
            for found in list(self._risk.values())
            for each in found
            if each.body in bodies and each.impact_probability >= least
        ]

    def approaches(self, orbit: Orbit) -> list[Approach]:
        """Approaches to the Earth and the Moon in the next years."""
        with self._lock:
            if orbit.full_name not in self._approaches:
                now = now_mjd_tdb()
                self._approaches[orbit.full_name] = find_approaches(
                    [orbit],
                    BODIES,
                    now,
                    now + APPROACH_YEARS * JULIAN_YEAR_D,
                    APPROACH_WITHIN_AU * AU_KM,
                    threads=1,
                )
            return self._approaches[orbit.full_name]
