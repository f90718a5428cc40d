"""The units and rows of a station's launch manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from perilune.station.build_up.plan import Plan, PlannedLaunch

PLAN_UNITS: Final = {
    "cost_million": "millions of the currency; null where a cost is not known",
    "gap": "how far the best possible cost (or number of launches) may lie below, relative; 0 is "
    "proven best",
    "dates_gap": "the same of the dates, at this cost",
    "slot_months": "months between days of launch",
    "launches.mass_kg": "kg of payload, consumables included",
    "launches.capacity_kg": "kg of payload that it can bring to its destination",
    "launches.spare_kg": "kg that it could bring besides",
    "launches.cost_million": "millions of the currency",
    "launches.people": "people who come with it",
    "facilities.mass_kg": "kg",
    "mass_over_time.added_kg": "kg of facilities on this day; several owners share equally",
    "mass_over_time.mass_kg": "kg from this day on",
    "phases.facilities_kg": "kg of facilities launched in it",
    "phases.supplies_kg": "kg of consumables launched in it, containers and reserves included",
    "phases.mass_kg": "kg of all facilities by its end",
    "phases.crew_days": "people times days",
    "phases.consumables.used_kg": "kg",
    "phases.consumables.recycled_kg": "kg of that",
    "phases.consumables.packaging_kg": "kg of containers",
    "phases.consumables.resupply_kg": "kg to be brought, containers included, without reserves",
    "partners.launches": "flights; several owners share equally",
    "partners.launched_kg": "kg of payload on these",
    "partners.owned_kg": "kg of facilities in the end",
}


def plan_rows(plan: Plan) -> dict[str, Any]:
    """A plan as `--json` gives it."""
    from perilune.station.build_up.ledger import arrivals, mass_steps, partner_sums, phase_sums
    from perilune.station.build_up.slots import date_of

    def date(day: float | None) -> str | None:
        return None if day is None else date_of(day)

    return {
        "station": plan.station.name,
        "objective": plan.objective,
        "optimal": plan.is_optimal,
        "gap": plan.gap,
        "dates_gap": plan.dates_gap,
        "currency": plan.currency,
        "cost_million": plan.cost_million,
        "slot_months": plan.demands.slots.months,
        "first_day_utc": plan.demands.slots.date(0),
        "last_day_utc": plan.demands.slots.date(len(plan.demands.slots) - 1),
        "crews_carried": plan.crews_carried,
        "launches": launch_rows(plan),
        "facilities": [
            {
                "facility": each.facility.id,
                "owner": list(each.facility.owner),
                "phase": each.facility.phase,
                "at": each.facility.at,
                "mass_kg": each.facility.mass,
                "not_before_utc": date(each.first_mjd_tdb),
                "not_after_utc": date(each.last_mjd_tdb),
                "launched_utc": date(each.launched_mjd_tdb),
                "launch": each.launch,
            }
            for each in arrivals(plan)
        ],
        "mass_over_time": [
            {
                "date_utc": date(step.day_mjd_tdb),
                "phase": step.phase,
                "partner": step.partner,
                "added_kg": step.added_kg,
                "mass_kg": step.mass_kg,
            }
            for step in mass_steps(plan)
        ],
        "phases": [
            {
                "phase": each.phase,
                "launches": each.launches,
                "facilities_kg": each.facilities_kg,
                "supplies_kg": each.supplies_kg,
                "mass_kg": each.mass_kg,
                "cost_million": each.cost_million,
                "people": each.people,
                "crew_days": each.crew_days,
                "consumables": [
                    {
                        "consumable": use.consumable,
                        "used_kg": use.used_kg,
                        "recycled_kg": use.recycled_kg,
                        "packaging_kg": use.packaging_kg,
                        "resupply_kg": use.resupply_kg,
                    }
                    for use in each.uses
                ],
            }
            for each in phase_sums(plan)
        ],
        "partners": list(partner_sums(plan)),
    }


def launch_rows(plan: Plan) -> list[dict[str, Any]]:
    """The launches alone, one row each."""
    from perilune.station.build_up.slots import date_of

    return [
        {
            "date_utc": date_of(launch.day_mjd_tdb),
            "launcher": launch.option.launcher.id,
            "lander": launch.option.lander.id if launch.option.lander else None,
            "destination": launch.option.destination,
            "at": launch.element or None,
            "payloads": _payloads(plan, launch),
            "crews": list(launch.crews),
            "people": launch.people,
            "mass_kg": launch.mass_kg,
            "capacity_kg": launch.option.capacity_kg,
            "spare_kg": launch.option.capacity_kg - launch.mass_kg,
            "cost_million": launch.option.cost_million,
            "partners": list(launch.option.owners),
        }
        for launch in plan.launches
    ]


def _payloads(plan: Plan, launch: PlannedLaunch) -> list[dict[str, Any]]:
    masses = {each.id: each.mass for each in plan.station.facilities}
    facilities = [
        {"facility": name, "consumables_for": None, "mass_kg": masses[name]}
        for k in launch.items
        for name in plan.demands.items[k].facilities
    ]
    return facilities + [
        {"facility": None, "consumables_for": element, "mass_kg": mass_kg}
        for element, mass_kg in launch.supplies_kg
    ]
