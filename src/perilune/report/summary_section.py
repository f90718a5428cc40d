"""The report's first page in plain words: what the station is, which risks there are, and why."""

from __future__ import annotations

import math
from typing import Final

from perilune.catalogue import StoredAssessment
from perilune.report.blocks import Section, Text
from perilune.report.build_up_section import build_up_in_words
from perilune.report.risk_section import BODY_NAMES, first_impact, site_distances
from perilune.report.station_figures import StationFigures
from perilune.report.station_section import light_in_words, power_in_words
from perilune.report.typeset import chance, day, interval, one_in
from perilune.report.watched import Watched
from perilune.times import format_utc
from perilune.watch.wording import deciding

_BODIES: Final = ("earth", "moon")
_OLD_D: Final = 2.0


def summary_section(watched: Watched, figures: StationFigures, created_mjd_tdb: float) -> Section:
    """What the facts mean.

    Args:
        watched: what the watch found.
        figures: what was computed of the station.
        created_mjd_tdb: the report's date.
    """
    paragraphs = [
        _station_in_words(figures),
        *(_risk_in_words(watched, body) for body in _BODIES),
        _scale_in_words(watched),
        _approach_in_words(watched),
    ]
    age_d = created_mjd_tdb - watched.now_mjd_tdb
    if age_d > _OLD_D:
        paragraphs.append(
            f"These risks are those of {age_d:.0f} days before this report; a new cycle of the "
            "watch would count from today and take in what is new."
        )
    top = _likeliest(watched, "moon"), _likeliest(watched, "earth")
    found = [each for each in top if each is not None and watched.to_come(each)]
    if found:
        likeliest = max(found, key=lambda each: each.risk.impact_probability)
        paragraphs.append(
            f"What decides the highest of these: {deciding(watched.finding(likeliest))}"
        )
    near = site_distances(watched, figures.station)
    paragraphs += [f"{name}: {text}" for name, text in near]
    paragraphs += [light_in_words(figures.light), power_in_words(figures.power)]
    paragraphs.append(build_up_in_words(figures.plan))
    return Section(
        "summary",
        "Summary",
        (Text(tuple(each for each in paragraphs if each)),),
    )


def facts(watched: Watched, figures: StationFigures) -> list[tuple[str, str]]:
    """Labels and values for a glance, for the title page."""
    held = figures.summary
    found = []
    for body in _BODIES:
        stored = _likeliest(watched, body)
        if stored is None:
            continue
        risk = stored.risk
        value = "none found"
        if risk.impact_probability > 0.0:
            value = f"{chance(risk.impact_probability)} ({risk.object})"
        found.append((f"Highest chance, {BODY_NAMES[body].removeprefix('the ')}", value))
    found.append(("Objects watched", f"{watched.objects:,}"))
    if watched.approaches:
        coming = watched.approaches[0]
        found.append(
            ("Next approach", f"{coming['object']}, {day(coming['epoch_tdb'])}"),
        )
    found.append(("Open alerts", str(len(watched.alerts))))
    found.append(("Partners", str(len(held["partners"]))))
    mass_kg = math.fsum(each["mass_kg"] or 0.0 for each in held["facilities"])
    found.append(("Facilities", f"{len(held['facilities'])}, {1e-3 * mass_kg:,.1f} t"))
    if held["phases"]:
        stops = [phase["stop"] for phase in held["phases"]]
        end = "open" if None in stops else max(stops)[:4]
        found.append(("Phases", f"{min(p['start'] for p in held['phases'])[:4]} to {end}"))
    return found


def _station_in_words(figures: StationFigures) -> str:
    held = figures.summary
    on_moon = sum(site["body"] == "moon" for site in held["sites"])
    parts = [
        f"{_count(len(held['partners']), 'partner')}",
        f"{_count(on_moon, 'site')} on the Moon",
        f"{_count(len(held['orbiters']), 'orbiter')}",
        f"{_count(len(held['sites']) - on_moon, 'station')} on the Earth",
        f"{_count(len(held['facilities']), 'facility', 'facilities')}",
    ]
    about = f"{held['about'].strip()} " if held["about"] else ""
    return f"{held['name']}. {about}The file has {', '.join(parts[:-1])} and {parts[-1]}."


def _risk_in_words(watched: Watched, body: str) -> str:
    stored = _likeliest(watched, body)
    name = BODY_NAMES[body]
    years = f"within {watched.horizon_years:g} years"
    if stored is None:
        return f"No object's risk for {name} has been assessed."
    risk = stored.risk
    if risk.impact_probability <= 0.0:
        return (
            f"No object of the catalogue was found to be able to hit {name} {years}; the weakest "
            f"upper bound is {chance(risk.probability_high)}, for {risk.object}."
        )
    first = first_impact(watched.to_come(stored))
    when = f", first on {day(first)}" if first else ""
    return (
        f"The likeliest impact on {name} {years} is that of {risk.object}: "
        f"{one_in(risk.impact_probability)}{when} (95 % interval "
        f"{interval(risk.probability_low, risk.probability_high)})."
    )


def _scale_in_words(watched: Watched) -> str:
    rated = [
        (each.risk.torino_max or 0, each)
        for body in _BODIES
        for _, each in watched.open_of(body)
        if watched.to_come(each)
    ]
    highest = max((rating for rating, _ in rated), default=0)
    if highest == 0:
        return (
            "On the Torino scale every object stands at 0: nothing that calls for the public's "
            "attention."
        )
    names = ", ".join(
        f"{each.risk.object} ({BODY_NAMES[each.risk.body]})"
        for rating, each in rated
        if rating == highest
    )
    return f"The highest value on the Torino scale is {highest}: {names}."


def _approach_in_words(watched: Watched) -> str:
    if not watched.approaches:
        return f"No approach within {watched.within_au:g} au is known to be coming."
    coming = watched.approaches[0]
    return (
        f"The next approach within {watched.within_au:g} au is that of {coming['object']} to "
        f"{BODY_NAMES[coming['body']]} on {day(coming['epoch_tdb'])}, at "
        f"{coming['distance_km']:,.0f} km. This counts from "
        f"{format_utc(watched.now_mjd_tdb, 0)[:10]}."
    )


def _likeliest(watched: Watched, body: str) -> StoredAssessment | None:
    found = watched.open_of(body)
    return found[0][1] if found else None


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
