"""What a plan comes to: mass over time by partner, phases, partners' shares, consumables."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from perilune.station.build_up.plan import Plan, PlannedLaunch
from perilune.station.facilities import Facility
from perilune.station.station import Station
from perilune.times import parse_epoch


@dataclass(frozen=True, slots=True)
class Arrival:
    """A facility's row in the Gantt chart.

    Attributes:
        facility: the facility.
        first_mjd_tdb: the first day of its window; None where it had been launched.
        last_mjd_tdb: the last.
        launched_mjd_tdb: its launch.
        launch: its place among the plan's launches; None where it had been launched.
    """

    facility: Facility
    first_mjd_tdb: float | None
    last_mjd_tdb: float | None
    launched_mjd_tdb: float
    launch: int | None


@dataclass(frozen=True, slots=True)
class MassStep:
    """A partner's mass after a day on which it grew.

    Attributes:
        day_mjd_tdb: the day of launch.
        phase: in which it lies, or None.
        partner: the owner; several owners share equally.
        added_kg: on this day.
        mass_kg: from this day on.
    """

    day_mjd_tdb: float
    phase: str | None
    partner: str
    added_kg: float
    mass_kg: float


@dataclass(frozen=True, slots=True)
class Use:
    """A consumable in a phase.

    Attributes:
        consumable: its id.
        used_kg: by all people.
        recycled_kg: of that.
        packaging_kg: containers of what has to be brought.
    """

    consumable: str
    used_kg: float
    recycled_kg: float
    packaging_kg: float

    @property
    def resupply_kg(self) -> float:
        """What has to be brought, containers included."""
        return self.used_kg - self.recycled_kg + self.packaging_kg


@dataclass(frozen=True, slots=True)
class PhaseSum:
    """A phase's launches, masses, crews and consumables.

    Attributes:
        phase: its id; None for what lies in none.
        launches: how many.
        facilities_kg: brought in it.
        supplies_kg: consumables and containers brought in it, reserves included.
        mass_kg: of all facilities by its end.
        cost_million: of its launches; None where not known.
        people: the most that stay at a time.
        crew_days: people times days.
        uses: of each consumable.
    """

    phase: str | None
    launches: int
    facilities_kg: float
    supplies_kg: float
    mass_kg: float
    cost_million: float | None
    people: int
    crew_days: float
    uses: tuple[Use, ...]


@dataclass(frozen=True, slots=True)
class PartnerSum:
    """A partner's share; what several own or fly counts for each in equal parts.

    Attributes:
        partner: its id.
        launches: flights, by the owners of launcher and lander.
        launched_kg: payload of these.
        owned_kg: of facilities in the end.
        cost_million: of its flights; None where not known.
    """

    partner: str
    launches: float
    launched_kg: float
    owned_kg: float
    cost_million: float | None


def phase_at(station: Station, day_mjd_tdb: float) -> str | None:
    """The phase in which a day lies: the last to have started, if it has not ended."""
    found = None
    for phase in sorted(station.phases, key=lambda each: parse_epoch(each.start)):
        # A phase lasts through its last day.
        stop = float("inf") if phase.stop is None else parse_epoch(phase.stop) + 1.0
        if parse_epoch(phase.start) - 1e-6 <= day_mjd_tdb < stop:
            found = phase.id
    return found


def arrivals(plan: Plan) -> list[Arrival]:
    """Every facility off the Earth, in the order of the days of launch, then of the file."""
    found = []
    for facility in plan.station.facilities:
        if facility.launched is not None:
            found.append(Arrival(facility, None, None, parse_epoch(facility.launched), None))
        for place, launch in enumerate(plan.launches):
            for item in (plan.demands.items[k] for k in launch.items):
                if facility.id in item.facilities:
                    window = (item.first_mjd_tdb, item.last_mjd_tdb)
                    found.append(Arrival(facility, *window, launch.day_mjd_tdb, place))
    return sorted(found, key=lambda each: each.launched_mjd_tdb)


def mass_steps(plan: Plan) -> list[MassStep]:
    """Each partner's mass of facilities over time."""
    added: defaultdict[tuple[float, str], float] = defaultdict(float)
    for each in arrivals(plan):
        owners = each.facility.owner
        for owner in owners:
            added[each.launched_mjd_tdb, owner] += (each.facility.mass or 0.0) / len(owners)
    total: defaultdict[str, float] = defaultdict(float)
    order = [partner.id for partner in plan.station.partners]
    found = []
    for (day, partner), mass_kg in sorted(
        added.items(), key=lambda each: (each[0][0], order.index(each[0][1]))
    ):
        total[partner] += mass_kg
        phase = phase_at(plan.station, day)
        found.append(MassStep(day, phase, partner, mass_kg, total[partner]))
    return found


def phase_sums(plan: Plan) -> list[PhaseSum]:
    """The sums of each phase in the order of their starts, and of what lies in none, if any."""
    station, here = plan.station, arrivals(plan)
    names: list[str | None] = [
        phase.id for phase in sorted(station.phases, key=lambda each: parse_epoch(each.start))
    ]
    if any(phase_at(station, launch.day_mjd_tdb) is None for launch in plan.launches):
        names.append(None)
    mass_kg, found = 0.0, []
    for name in names:
        launches = [e for e in plan.launches if phase_at(station, e.day_mjd_tdb) == name]
        new_kg = sum(
            each.facility.mass or 0.0
            for each in here
            if phase_at(station, each.launched_mjd_tdb) == name
        )
        mass_kg += new_kg
        people, crew_days = _crew(plan, name)
        found.append(
            PhaseSum(
                phase=name,
                launches=len(launches),
                facilities_kg=new_kg,
                supplies_kg=sum(kg for each in launches for _, kg in each.supplies_kg),
                mass_kg=mass_kg,
                cost_million=_cost(plan, launches),
                people=people,
                crew_days=crew_days,
                uses=tuple(_uses(station, crew_days)),
            )
        )
    return found


def partner_sums(plan: Plan) -> list[PartnerSum]:
    """The shares of all partners that fly or own something, in the file's order."""
    found = []
    for partner in plan.station.partners:
        flights = cost = launched_kg = owned_kg = 0.0
        for launch in plan.launches:
            owners = launch.option.owners
            if partner.id in owners:
                flights += 1.0 / len(owners)
                launched_kg += launch.mass_kg / len(owners)
                cost += (launch.option.cost_million or 0.0) / len(owners)
        for each in arrivals(plan):
            owners = each.facility.owner
            if partner.id in owners:
                owned_kg += (each.facility.mass or 0.0) / len(owners)
        if flights or owned_kg:
            known = cost if plan.cost_million is not None else None
            found.append(PartnerSum(partner.id, flights, launched_kg, owned_kg, known))
    return found


def _cost(plan: Plan, launches: Sequence[PlannedLaunch]) -> float | None:
    if plan.cost_million is None:
        return None
    return sum(each.option.cost_million or 0.0 for each in launches)


def _crew(plan: Plan, phase: str | None) -> tuple[int, float]:
    """The most people at a time in a phase, and the days that all stay within the plan."""
    days, changes = 0.0, []
    starts = sorted(parse_epoch(each.start) for each in plan.station.phases)
    end = plan.demands.slots.stop_mjd_tdb
    for visit in plan.demands.visits:
        # A stay is cut where phases start or end.
        ends = [parse_epoch(e.stop) + 1.0 for e in plan.station.phases if e.stop is not None]
        last = min(visit.stop_mjd_tdb, end)
        cuts = sorted({c for c in (*starts, *ends) if visit.start_mjd_tdb < c < last})
        edges = [visit.start_mjd_tdb, *cuts, last]
        for a, b in itertools.pairwise(edges):
            if b > a and phase_at(plan.station, 0.5 * (a + b)) == phase:
                days += visit.people * (b - a)
                changes += [(a, 1, visit.people), (b, 0, -visit.people)]
    most = now = 0
    for _, _, people in sorted(changes):  # who leaves goes before who comes
        now += people
        most = max(most, now)
    return most, days


def _uses(station: Station, crew_days: float) -> list[Use]:
    found = []
    for each in station.consumables:
        used_kg = crew_days * each.rate
        back_kg = used_kg * each.recycled
        found.append(Use(each.id, used_kg, back_kg, (used_kg - back_kg) * each.packaging))
    return found
