"""An alert in words: the chance as people read it, what changed, what would decide it."""

from __future__ import annotations

import math
from typing import Any, Final

from perilune.catalogue import StoredAlert
from perilune.constants import JULIAN_YEAR_D
from perilune.impact import ImpactorRow
from perilune.times import format_utc
from perilune.watch.findings import Finding

BODY_NAMES: Final = {"earth": "the Earth", "moon": "the Moon"}
_RADIUS_KM: Final = {"earth": 6378.1, "moon": 1737.4}
_EXCLUDED_SIGMA: Final = 5.0
_HALF_SIGMA: Final = 0.674  # half of a normal distribution lies within it


def one_in(probability: float) -> str:
    """ "1 in 24 (4.2 %)"; "1 in 2.4 million (4.2e-05 %)"; near certainty in percent only."""
    if probability <= 0.0:
        return "none found"
    if probability > 0.5:
        return _percent(probability)
    return f"1 in {_rounded(1.0 / probability)} ({_percent(probability)})"


def chance(finding: Finding) -> str:
    """The chance with its 95 % interval."""
    return (
        f"{one_in(finding.probability)}, 95 % interval {_percent(finding.low)} to "
        f"{_percent(finding.high)}"
    )


def title(finding: Finding, name: str) -> str:
    """One line for the subject of a mail."""
    body = BODY_NAMES[finding.body]
    first = finding.first_impact_mjd_tdb
    if first is not None:
        return (
            f"{name}: chance of hitting {body} {one_in(finding.probability)}, "
            f"first {format_utc(first, 0)[:10]}"
        )
    assert finding.approach is not None
    approach = finding.approach.approach
    return (
        f"{name} passes {body} at {approach.distance_km:,.0f} km on "
        f"{format_utc(approach.epoch_mjd_tdb, 0)[:10]}"
    )


def figures(finding: Finding, now_mjd_tdb: float) -> dict[str, Any]:
    """The numbers of a message; these are compared with those of the next."""
    found: dict[str, Any] = {}
    first = finding.first_impact_mjd_tdb
    if first is not None:
        assert finding.assessment is not None
        risk = finding.assessment.risk
        found |= {
            "impact_probability": finding.probability,
            "probability_low": finding.low,
            "probability_high": finding.high,
            "chance": chance(finding),
            "palermo": finding.palermo,
            "torino": finding.torino,
            "first_impact_utc": format_utc(first, 0),
            "years_to_go": round((first - now_mjd_tdb) / JULIAN_YEAR_D, 2),
            "impacts": [_impact(each) for each in finding.impactors],
            "solution": risk.solution,
            "method": risk.method,
            "inputs_sha256": finding.assessment.inputs_sha256,
            "software_version": finding.assessment.software_version,
            "ephemeris": finding.assessment.ephemeris,
        }
    if finding.approach is not None:
        approach = finding.approach.approach
        found |= {
            "approach_utc": format_utc(approach.epoch_mjd_tdb, 0),
            "distance_km": approach.distance_km,
            "distance_sigma_km": approach.distance_sigma_km,
        }
    return found


def changes(before: StoredAlert, after: dict[str, Any]) -> list[str]:
    """What changed since the last alert of the same matter, in words."""
    old = before.message["figures"]
    said = []
    was, now = old.get("impact_probability"), after.get("impact_probability")
    if was is not None and now is not None and was != now:
        verb = "rose" if now > was else "fell"
        said.append(f"the chance {verb} from {one_in(was)} to {one_in(now)}")
    for key, name in (("torino", "Torino value"), ("solution", "orbit solution"),
                      ("method", "method"), ("software_version", "software")):  # fmt: skip
        if old.get(key) != after.get(key) and key in old and key in after:
            said.append(f"{name}: {old[key]} before, {after[key]} now")
    for key, name in (("first_impact_utc", "first possible impact"), ("approach_utc", "approach")):
        if key in old and key in after and old[key][:10] != after[key][:10]:
            said.append(f"{name}: {old[key][:10]} before, {after[key][:10]} now")
    was, now = old.get("distance_km"), after.get("distance_km")
    if was is not None and now is not None and abs(was - now) > 0.5:
        said.append(f"distance: {was:,.0f} km before, {now:,.0f} km now")
    return said or ["nothing but the date"]


def deciding(finding: Finding) -> str:
    """What would decide whether the likeliest of the impacts happens.

    Along the line of variations the impact is a piece of half-length R / stretch, sigma_lov away
    from the best orbit. Where the object misses, as the best orbit does, it is excluded once it
    is five standard deviations away; where it hits, its chance is over one half once half of the
    distribution fits into the piece.
    """
    known = [each for each in finding.impactors if each.stretch is not None and each.stretch > 0.0]
    if not known:
        return "Further observations; the present ones do not show how far they would have to go."
    impact = max(known, key=lambda each: each.impact_probability)
    assert impact.stretch is not None
    away, half = abs(impact.sigma_lov), _RADIUS_KM[finding.body] / impact.stretch
    exclude = _EXCLUDED_SIGMA / (away - half) if away > half else math.inf
    confirm = _HALF_SIGMA / half
    where = (
        f"The impact of {impact.epoch_utc[:10]} lies {away:.2g} standard deviations along the line "
        f"of variations from the best orbit, where one is {_rounded(impact.stretch)} km on the "
        "target plane. "
    )
    if confirm <= 1.0 and away <= half:
        return where + "The best orbit hits; only an error of the observations can undo it."
    parts = []
    if math.isfinite(exclude):
        parts.append(f"{_rounded(max(exclude, 1.0))} times better to exclude it if it misses")
    parts.append(
        f"{_rounded(max(confirm, 1.0))} times better to make it likelier than not if it hits"
    )
    return f"{where}The orbit must become {', and '.join(parts)}."


def _impact(impact: ImpactorRow) -> dict[str, Any]:
    return {
        "epoch_utc": impact.epoch_utc,
        "impact_probability": impact.impact_probability,
        "longitude_deg": impact.longitude_deg,
        "latitude_deg": impact.latitude_deg,
        "speed_km_s": impact.speed_km_s,
        "energy_mt": impact.energy_mt,
    }


def _percent(probability: float) -> str:
    value = 100.0 * probability
    if value >= 99.99 and probability < 1.0:
        return "over 99.99 %"
    if value == 0.0:
        return "0 %"
    return f"{value:.3g} %" if value >= 0.001 else f"{value:.1e} %"


def _rounded(value: float) -> str:
    """Two digits, with words for what is long: 24, 2,300, 2.4 million."""
    if value < 10.0:
        return f"{value:.2g}"
    digits = 1 - math.floor(math.log10(value))
    whole = round(value, digits)
    for size, name in ((1e12, "trillion"), (1e9, "billion"), (1e6, "million")):
        if whole >= size:
            return f"{whole / size:.3g} {name}"
    return f"{whole:,.0f}"
