"""The launch manifest as a mixed-integer program: which facility flies on which launch, and when.

A launch is one flight of a way to bring mass (an option) in a slot. Its columns: whether it flies,
which items it carries, and how much it brings to each store. Rows hold the masses, the launch
rates, each item's one flight, what items need, seats for crews, and stores.

Any group of constraints can be made elastic: then its rows carry slack, and the program's cost is
the slack, so that an infeasible manifest can say by how much each group would have to give way.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from perilune.errors import InputError
from perilune.station.build_up.constraints import (
    Group,
    allowed,
    outside_d,
    rate_limit,
    too_soon_d,
)
from perilune.station.build_up.demands import Demands, Store
from perilune.station.build_up.options import Option
from perilune.station.build_up.program import Program
from perilune.times import FloatArray


@dataclass(frozen=True, slots=True)
class Launch:
    """A flight that the program may take.

    Attributes:
        option: its place in the list of options.
        slot: in which it flies.
        column: 1 where it does.
    """

    option: int
    slot: int
    column: int


@dataclass(frozen=True, slots=True)
class Slack:
    """By how much one constraint of an elastic group gives way.

    Attributes:
        group: the group.
        key: which of its constraints: an option, item, launcher or store, by place or id.
        column: the amount, in `unit`.
        unit: kg, d, launches, people or pairs.
    """

    group: Group
    key: int | str
    column: int
    unit: str


_MOST_COLUMNS: Final = 200_000

# What one unit of slack costs, so that groups can be weighed against each other.
_WEIGHT: Final = {"kg": 1e-3, "d": 1e-2, "launches": 1.0, "people": 1.0, "pairs": 1.0}


@dataclass(slots=True)
class Manifest:
    """The program and what its columns mean.

    Attributes:
        program: with the cost to be minimised first.
        launches: every flight.
        goes: by launch and element (a site, an orbiter, or "" on the way), whether it goes there.
        placed: by item and launch (their places), whether it carries it.
        brought: by store and launch, kg.
        slacks: of the elastic groups.
    """

    program: Program
    launches: list[Launch] = field(default_factory=list)
    goes: dict[tuple[int, str], int] = field(default_factory=dict)
    placed: dict[tuple[int, int], int] = field(default_factory=dict)
    brought: dict[tuple[int, int], int] = field(default_factory=dict)
    slacks: list[Slack] = field(default_factory=list)


def build(
    demands: Demands, options: Sequence[Option], elastic: frozenset[Group] = frozenset()
) -> Manifest:
    """The program of a manifest.

    Args:
        demands: what has to be brought, and the slots.
        options: the ways to bring it.
        elastic: groups whose constraints may be broken, at a cost. Where there are some, the
            program minimises only that.

    Raises:
        InputError: there are too many flights to choose from.
    """
    return _Builder(demands, options, elastic).whole()


class _Builder:
    def __init__(
        self, demands: Demands, options: Sequence[Option], elastic: frozenset[Group]
    ) -> None:
        self.demands, self.options, self.elastic = demands, options, elastic
        self.program = Program()
        self.manifest = Manifest(self.program)
        self.elements: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for item in demands.items:
            self.elements[item.destination][item.element] = None
        for visit in demands.visits:
            self.elements[visit.destination][visit.element] = None
        self.has_seats = any(option.seats for option in options)
        self.arrived: list[list[int]] = []  # by item and slot: 1 from its flight on
        self.given_up: dict[int, list[int]] = {}  # by item: where crews' needs are elastic

    def whole(self) -> Manifest:
        self._launches()
        self._masses()
        self._once()
        self._rates()
        self._dates()
        self._seats()
        self._beds()
        self._supplies()
        if self.elastic:
            self.program.cost = [0.0] * len(self.program.upper)
            for slack in self.manifest.slacks:
                self.program.cost[slack.column] = _WEIGHT[slack.unit]
        return self.manifest

    def _slack(
        self, group: Group, key: int | str, unit: str, upper: float = math.inf
    ) -> int | None:
        """A new column for a group's slack, if it is elastic."""
        if group not in self.elastic:
            return None
        whole = unit in ("launches", "pairs")
        column = self.program.column(upper, integer=whole)
        self.manifest.slacks.append(Slack(group, key, column, unit))
        return column

    def _launches(self) -> None:
        """As many flights of each option in each slot as can be of use, and what each may carry."""
        program, slots = self.program, self.demands.slots
        is_priced = all(option.cost_million is not None for option in self.options)
        flights: defaultdict[str, dict[int, float]] = defaultdict(dict)
        for o, option in enumerate(self.options):
            cost = option.cost_million if is_priced else 1.0
            if option.capacity_kg < 0.0 and "masses" not in self.elastic:
                continue
            total = program.column(integer=True)  # branching on the number of flights helps
            sum_of: dict[int, float] = {total: -1.0}
            for slot in range(len(slots)):
                day = slots.start_mjd_tdb[slot]
                if "dates" not in self.elastic and too_soon_d(option, day) > 0.0:
                    continue
                items = [
                    k
                    for k, item in enumerate(self.demands.items)
                    if allowed(item, option, day, self.elastic)
                ]
                before: int | None = None
                for _ in range(self._useful(option, slot, len(items))):
                    column = program.column(1.0, cost=cost or 0.0, integer=True)
                    place = len(self.manifest.launches)
                    if len(program.upper) > _MOST_COLUMNS:
                        raise InputError(
                            "there are too many flights to choose from",
                            field="--slot",
                            found=f"more than {_MOST_COLUMNS} ways of loading them",
                            remedy="Choose a longer slot (--slot), an earlier end (--until), or "
                            "lower rates.",
                        )
                    self.manifest.launches.append(Launch(o, slot, column))
                    sum_of[column] = 1.0
                    self._one_place(place, column, option)
                    for k in items:
                        self.manifest.placed[k, place] = program.column(1.0, integer=True)
                    for e, store in enumerate(self.demands.stores):
                        if self._fills(store, option, slot):
                            self.manifest.brought[e, place] = program.column()
                    if before is not None:  # equal flights in order
                        program.row({before: 1.0, column: -1.0}, lower=0.0)
                    before = column
            program.row(sum_of, lower=0.0, upper=0.0)
            flights[option.destination][total] = max(0.0, option.capacity_kg)
        if not self.elastic:
            self._all_masses(flights)

    def _one_place(self, place: int, flies: int, option: Option) -> None:
        """A flight goes to one site or orbiter of its destination."""
        elements = self.elements[option.destination]
        if len(elements) == 1:
            self.manifest.goes[place, next(iter(elements))] = flies
            return
        own = [self.program.column(1.0, integer=True) for _ in elements]
        for element, column in zip(elements, own, strict=True):
            self.manifest.goes[place, element] = column
        self.program.row({flies: -1.0, **dict.fromkeys(own, 1.0)}, upper=0.0)

    def _all_masses(self, flights: Mapping[str, Mapping[int, float]]) -> None:
        """To each place flights bring no less than its whole mass.

        It follows from the masses of all flights together; but with whole numbers of flights in
        one row the solver proves costs many times faster.
        """
        wanted: defaultdict[str, float] = defaultdict(float)
        for item in self.demands.items:
            wanted[item.destination] += item.mass_kg
        for store in self.demands.stores:
            wanted[store.destination] += store.needed_kg[-1]
        for where, mass_kg in wanted.items():
            self.program.row(flights[where], lower=mass_kg * (1.0 - 1e-9))

    def _fills(self, store: Store, option: Option, slot: int) -> bool:
        """Whether a flight may bring something to a store: not before what its crews need."""
        day = self.demands.slots.start_mjd_tdb[slot]
        may_be_there = bool(self.elastic) or all(
            self.demands.items[need].first_mjd_tdb <= day + 1e-6 for need in store.needs
        )
        return option.destination == store.destination and may_be_there

    def _useful(self, option: Option, slot: int, items: int) -> int:
        """How many flights of an option in one slot may be of use and within its rates."""
        number = items
        for visit in self.demands.visits:
            if visit.slot == slot and visit.destination == option.destination and option.seats:
                number += math.ceil(visit.people / option.seats)
        for store in self.demands.stores:
            if self._fills(store, option, slot) and option.capacity_kg > 0.0:
                number += math.ceil(store.needed_kg[-1] / option.capacity_kg)
        if "rates" in self.elastic:
            return number
        for vehicle in (option.launcher, option.lander):
            if vehicle is not None and vehicle.rate is not None:
                number = min(number, rate_limit(vehicle.rate)[0])
        return number

    def _masses(self) -> None:
        loads: defaultdict[int, dict[int, float]] = defaultdict(dict)
        for (k, place), column in self.manifest.placed.items():
            item = self.demands.items[k]
            loads[place][column] = item.mass_kg
            # A flight that carries something flies, and goes there.
            self.program.row(
                {column: 1.0, self.manifest.goes[place, item.element]: -1.0}, upper=0.0
            )
        for (e, place), column in self.manifest.brought.items():
            store = self.demands.stores[e]
            loads[place][column] = 1.0
            there = self.manifest.goes[place, store.element]
            self.program.row({column: 1.0, there: -store.needed_kg[-1]}, upper=0.0)
        most = sum(item.mass_kg for item in self.demands.items)
        most += sum(store.needed_kg[-1] for store in self.demands.stores)
        over = [self._slack("masses", o, "kg") for o in range(len(self.options))]
        for place, terms in loads.items():
            launch = self.manifest.launches[place]
            terms[launch.column] = -self.options[launch.option].capacity_kg
            excess = over[launch.option]
            if excess is not None:
                own = self.program.column()
                self.program.row({own: 1.0, excess: -1.0}, upper=0.0)
                self.program.row({own: 1.0, launch.column: -most}, upper=0.0)
                terms[own] = -1.0
            self.program.row(terms, upper=0.0)

    def _once(self) -> None:
        """Each item flies once; what it needs flies no later, and before a crew that needs it."""
        slots, program = self.demands.slots, self.program
        here: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for (k, place), column in self.manifest.placed.items():
            here[k, self.manifest.launches[place].slot].append(column)
        arrived = self.arrived
        for k in range(len(self.demands.items)):
            cumulative: list[int] = []
            for slot in range(len(slots)):
                column = program.column(1.0)
                terms = {column: 1.0, **dict.fromkeys(here[k, slot], -1.0)}
                if cumulative:
                    terms[cumulative[-1]] = -1.0
                program.row(terms, lower=0.0, upper=0.0)
                cumulative.append(column)
            program.row({cumulative[-1]: 1.0}, lower=1.0)
            arrived.append(cumulative)
        for k, item in enumerate(self.demands.items):
            for need in item.needs:
                given = self._slack("needs", f"item:{k}:{need}", "pairs", 1.0)
                for slot in range(len(slots)):
                    terms = {arrived[k][slot]: 1.0, arrived[need][slot]: -1.0}
                    if given is not None:
                        terms[given] = -1.0
                    program.row(terms, upper=0.0)
        first: dict[tuple[str, int], int] = {}
        for visit in self.demands.visits:
            for need in visit.needs:
                if (visit.crew, need) in first:
                    continue  # the first crew of a row is the strictest
                first[visit.crew, need] = visit.slot
                given = self._slack("needs", f"crew:{visit.crew}:{need}", "pairs", 1.0)
                terms = {arrived[need][visit.slot]: 1.0}
                if given is not None:
                    terms[given] = 1.0
                    self.given_up.setdefault(need, []).append(given)
                program.row(terms, lower=1.0)

    def _rates(self) -> None:
        """In any span of years, no more flights than the rate allows."""
        flights: defaultdict[str, defaultdict[int, list[int]]] = defaultdict(
            lambda: defaultdict(list)
        )
        limits: dict[str, tuple[int, float]] = {}
        for launch in self.manifest.launches:
            option = self.options[launch.option]
            for kind, vehicle in (("launcher", option.launcher), ("lander", option.lander)):
                if vehicle is not None and vehicle.rate is not None:
                    key = f"{kind}:{vehicle.id}"
                    limits[key] = rate_limit(vehicle.rate)
                    flights[key][launch.slot].append(launch.column)
        for key, (number, years) in limits.items():
            more = self._slack("rates", key, "launches")
            window = self.demands.slots.window(years)
            for slot in sorted(flights[key]):
                columns = [c for s in range(slot, slot + window) for c in flights[key].get(s, ())]
                terms = dict.fromkeys(columns, 1.0)
                if more is not None:
                    terms[more] = -1.0
                self.program.row(terms, upper=float(number))

    def _dates(self) -> None:
        """Slack of what is bounded by leaving columns out: windows, availability, partners."""
        slots = self.demands.slots
        for k, item in enumerate(self.demands.items):
            late, foreign = self._slack("phases", k, "d"), self._slack("partners", k, "pairs", 1.0)
            if late is None and foreign is None:
                continue
            mine = [(p, c) for (i, p), c in self.manifest.placed.items() if i == k]
            launches = self.manifest.launches
            if late is not None:
                days = {c: -outside_d(item, slots.start_mjd_tdb[launches[p].slot]) for p, c in mine}
                self.program.row({late: 1.0, **days}, lower=0.0)
            if foreign is not None:
                others = [
                    c for p, c in mine if not self.options[launches[p].option].takes(item.owners)
                ]
                self.program.row({foreign: 1.0, **dict.fromkeys(others, -1.0)}, lower=0.0)
        early = [self._slack("dates", o, "d") for o in range(len(self.options))]
        for launch in self.manifest.launches:
            column = early[launch.option]
            if column is not None:
                day = slots.start_mjd_tdb[launch.slot]
                days_d = too_soon_d(self.options[launch.option], day)
                self.program.row({column: 1.0, launch.column: -days_d}, lower=0.0)

    def _seats(self) -> None:
        """Seats for the crews of each slot, where launches carry people at all."""
        if not self.has_seats:
            return
        wanted: defaultdict[tuple[str, int], int] = defaultdict(int)
        for visit in self.demands.visits:
            wanted[visit.element, visit.slot] += visit.people
        for (element, slot), people in wanted.items():
            terms: dict[int, float] = {}
            for (place, where), column in self.manifest.goes.items():
                launch = self.manifest.launches[place]
                seats = self.options[launch.option].seats
                if launch.slot == slot and where == element and seats:
                    terms[column] = float(seats)
            short = self._slack("seats", f"{element}:{slot}", "people")
            if short is not None:
                terms[short] = 1.0
            self.program.row(terms, lower=float(people))

    def _beds(self) -> None:
        """Whoever comes finds a place in facilities that carry people."""
        for k, beds in enumerate(self.demands.beds):
            terms = {self.arrived[i][beds.slot]: float(number) for i, number in beds.items}
            short = self._slack("beds", k, "people")
            if short is not None:
                terms[short] = 1.0
            self.program.row(terms, lower=float(beds.people - beds.there))

    def _supplies(self) -> None:
        """By each slot a store has got what was used; nothing comes before what its crews need."""
        slots, program = self.demands.slots, self.program
        by_slot: defaultdict[tuple[int, int], list[int]] = defaultdict(list)
        for (e, place), column in self.manifest.brought.items():
            by_slot[e, self.manifest.launches[place].slot].append(column)
        for e, store in enumerate(self.demands.stores):
            short = self._slack("supplies", e, "kg")
            before: int | None = None
            for slot in range(len(slots)):
                column = program.column()
                terms = {column: 1.0, **dict.fromkeys(by_slot[e, slot], -1.0)}
                if before is not None:
                    terms[before] = -1.0
                program.row(terms, lower=0.0, upper=0.0)
                held = {column: 1.0}
                if short is not None:
                    held[short] = 1.0
                program.row(held, lower=store.needed_kg[slot])
                for need in store.needs:
                    most = store.needed_kg[-1]  # more is of no use
                    there = [self.arrived[need][slot], *self.given_up.get(need, ())]
                    program.row({column: 1.0, **dict.fromkeys(there, -most)}, upper=0.0)
                before = column


def flying(manifest: Manifest, values: FloatArray) -> list[int]:
    """The launches that a solution takes, by their places."""
    return [k for k, each in enumerate(manifest.launches) if values[each.column] > 0.5]
