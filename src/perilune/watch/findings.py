"""What of an object concerns a rule: its impacts and approaches that are still to come."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from perilune.catalogue import StoredApproach, StoredAssessment, next_approaches, risk_list
from perilune.constants import JULIAN_YEAR_D
from perilune.errors import InputError, UnknownNameError
from perilune.impact import ImpactorRow
from perilune.station.reading import read_station
from perilune.times import parse_epoch
from perilune.watch.rules import NearSite, Rule
from perilune.watch.site_hazard import ground_km
from perilune.watch.work import BODIES

_MANY: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """What of one object and body meets a rule's conditions.

    Attributes:
        object_id, body: which.
        assessment: the current one, if the rule is about impacts.
        impactors: its virtual impactors within the rule's time (and near its site).
        probability, low, high: of any of these.
        palermo, torino: of these.
        approach: the nearest one within the rule's time, if the rule is about approaches.
    """

    object_id: int
    body: str
    assessment: StoredAssessment | None
    impactors: tuple[ImpactorRow, ...]
    probability: float
    low: float
    high: float
    palermo: float | None
    torino: int
    approach: StoredApproach | None

    @property
    def first_impact_mjd_tdb(self) -> float | None:
        """The time of the first possible impact."""
        return min((parse_epoch(each.epoch_utc) for each in self.impactors), default=None)


def findings(connection: Connection, rule: Rule, now_mjd_tdb: float) -> list[Finding]:
    """Everything in the catalogue that meets a rule's conditions.

    Raises:
        InputError: the rule's station file is damaged.
        UnknownNameError: it has no such site.
    """
    when = rule.when
    until = math.inf
    if when.within_years is not None:
        until = now_mjd_tdb + when.within_years * JULIAN_YEAR_D
    site = None if when.near_site is None else _site(when.near_site)
    found: dict[tuple[int, str], Finding] = {}
    for body in BODIES if when.body is None else (when.body,):
        if when.concerns_impacts:
            for stored in risk_list(
                connection,
                body,
                min_probability=when.probability,
                min_torino=when.torino,
                min_palermo=when.palermo,
                limit=_MANY,
            ):
                finding = _of_impacts(stored, rule, site, now_mjd_tdb, until)
                if finding is not None:
                    found[stored.object_id, body] = finding
        if when.distance_km is not None:
            near = _nearest(connection, body, when.distance_km, now_mjd_tdb, until)
            if when.concerns_impacts:
                found = {key: each for key, each in found.items() if key[1] != body or key in near}
            else:
                found |= {key: _of_approach(each) for key, each in near.items()}
    return [found[key] for key in sorted(found)]


def _of_impacts(
    stored: StoredAssessment,
    rule: Rule,
    site: tuple[str, float, float] | None,
    now_mjd_tdb: float,
    until_mjd_tdb: float,
) -> Finding | None:
    when = rule.when
    everything = stored.risk.virtual_impactors
    impactors = tuple(
        each
        for each in everything
        if now_mjd_tdb <= parse_epoch(each.epoch_utc) <= until_mjd_tdb
        and (site is None or _is_near(each, stored.risk.body, site, when.near_site))
    )
    if not impactors:
        return None
    if len(impactors) == len(everything):
        risk = stored.risk
        chances = (risk.impact_probability, risk.probability_low, risk.probability_high)
    else:
        chances = (
            _any([each.impact_probability for each in impactors]),
            _any([each.probability_low for each in impactors]),
            _any([each.probability_high for each in impactors]),
        )
    given = [each.palermo for each in impactors if each.palermo is not None]
    palermo = math.log10(math.fsum(10.0**each for each in given)) if given else None
    torino = max((each.torino or 0 for each in impactors), default=0)
    if when.probability is not None and chances[0] < when.probability:
        return None
    if when.palermo is not None and (palermo is None or palermo < when.palermo):
        return None
    if when.torino is not None and torino < when.torino:
        return None
    return Finding(
        stored.object_id, stored.risk.body, stored, impactors, *chances, palermo, torino, None
    )


def _of_approach(stored: StoredApproach) -> Finding:
    return Finding(stored.object_id, stored.approach.body, None, (), 0.0, 0.0, 1.0, None, 0, stored)


def _nearest(
    connection: Connection, body: str, within_km: float, start: float, stop: float
) -> dict[tuple[int, str], StoredApproach]:
    """The nearest approach of each object that comes near enough."""
    found: dict[tuple[int, str], StoredApproach] = {}
    for each in next_approaches(
        connection,
        start,
        stop_mjd_tdb=None if math.isinf(stop) else stop,
        body=body,
        within_km=within_km,
        limit=_MANY,
    ):
        key = (each.object_id, body)
        if key not in found or each.approach.distance_km < found[key].approach.distance_km:
            found[key] = each
    return found


def _any(chances: Sequence[float]) -> float:
    return 1.0 - math.prod(1.0 - each for each in chances)


def _site(near: NearSite) -> tuple[str, float, float]:
    """The site's body, and its longitude and latitude in radians."""
    station = read_station(near.station)
    for site in station.sites:
        if site.id == near.site:
            if site.longitude is None or site.latitude is None:
                raise InputError(
                    "the site has no coordinates of its own",
                    file=str(near.station),
                    field=near.site,
                    expected="longitude and latitude",
                )
            return site.body, float(site.longitude), float(site.latitude)
    raise UnknownNameError("site", near.site, [site.id for site in station.sites])


def _is_near(
    impactor: ImpactorRow, body: str, site: tuple[str, float, float], near: NearSite | None
) -> bool:
    """Whether the impact's mean place lies near the site, along the ground of a sphere."""
    on, longitude, latitude = site
    if (
        near is None
        or on != body
        or impactor.longitude_deg is None
        or impactor.latitude_deg is None
    ):
        return False
    there = (math.radians(impactor.longitude_deg), math.radians(impactor.latitude_deg))
    return ground_km(body, (longitude, latitude), there) <= near.within_km
