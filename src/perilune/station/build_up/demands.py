"""What has to be brought: facilities with their dates, crews, and what crews use."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from perilune.errors import InputError
from perilune.station.build_up.routes import Node
from perilune.station.build_up.slots import Slots, date_of, make_slots
from perilune.station.build_up.vehicles import Crew
from perilune.station.facilities import Facility
from perilune.station.faults import StationFileError
from perilune.station.places import Site
from perilune.station.spacecraft import THREE_BODY
from perilune.station.station import Station
from perilune.times import parse_epoch

_OPEN_PHASE_D = 730.5  # a plan looks two years into a phase that nothing ends


@dataclass(frozen=True, slots=True)
class Item:
    """Facilities that are launched as one.

    Attributes:
        facilities: their ids.
        mass_kg: of all.
        destination: where their launch has to bring them.
        element: the site or orbiter; empty where the launch leaves them on the way.
        owners: partners that own them.
        phase: the phase in which they come, or None.
        first_mjd_tdb: the first day of their window.
        last_mjd_tdb: its last.
        needs: items (by their place in the list) that have to be there by then.
        missing: facilities that it needs, but that come after the plan's end.
    """

    facilities: tuple[str, ...]
    mass_kg: float
    destination: Node
    element: str
    owners: tuple[str, ...]
    phase: str | None
    first_mjd_tdb: float
    last_mjd_tdb: float
    needs: tuple[int, ...]
    missing: tuple[str, ...]

    @property
    def name(self) -> str:
        """What it is called in messages."""
        return " and ".join(self.facilities)


@dataclass(frozen=True, slots=True)
class Visit:
    """One crew's stay.

    Attributes:
        crew: its id in the file.
        element: the site or orbiter.
        destination: where its launch has to bring it.
        people: how many.
        slot: in which they are launched.
        start_mjd_tdb: that slot's day.
        stay_d: how long they stay.
        needs: items that have to be there by then.
    """

    crew: str
    element: str
    destination: Node
    people: int
    slot: int
    start_mjd_tdb: float
    stay_d: float
    needs: tuple[int, ...]

    @property
    def stop_mjd_tdb(self) -> float:
        """When they leave."""
        return self.start_mjd_tdb + self.stay_d


@dataclass(frozen=True, slots=True)
class Store:
    """What has to have been brought to an element, slot by slot.

    Attributes:
        element: the site or orbiter.
        destination: where a launch has to bring it.
        needed_kg: by each slot, everything from the start on, containers included.
        needs: items of its crews; nothing is stored before they are there.
    """

    element: str
    destination: Node
    needed_kg: tuple[float, ...]
    needs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Beds:
    """The people at an element when a crew has come, and who can be taken in.

    Attributes:
        element: the site or orbiter.
        slot: in which they come.
        people: of all crews that are there then.
        there: whom facilities carry that have been launched already.
        items: whom each item carries that may be there by then.
    """

    element: str
    slot: int
    people: int
    there: int
    items: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Demands:
    """All that a plan has to bring.

    Attributes:
        slots: the days of launch.
        items: facilities.
        visits: crews.
        stores: consumables.
        beds: for crews, where the file says of facilities how many people they carry.
    """

    slots: Slots
    items: tuple[Item, ...]
    visits: tuple[Visit, ...]
    stores: tuple[Store, ...]
    beds: tuple[Beds, ...]


def make_demands(
    station: Station, *, until: str | None = None, months: int = 3, apart: bool = False
) -> Demands:
    """What a station file wants brought.

    Args:
        station: the station.
        until: the plan's end; by default that of the last phase in which something is launched,
            or two years into it where it is open. Phases that start later are left out.
        months: between days of launch.
        apart: launch each facility by itself, whatever `together` says.

    Raises:
        StationFileError: facilities without mass, or whose orbit does not say where that is.
        InputError: there is nothing to bring, or the plan's end lies before its start.
    """
    coming = [each for each in station.facilities if _is_planned(station, each)]
    faults = [fault for each in coming for fault in _lacks(station, each)]
    if faults:
        raise StationFileError(faults)
    phases = {phase.id: phase for phase in station.phases}
    starts = {each.id: _start(station, each) for each in coming}
    if not coming and not station.crews:
        raise InputError(
            "there is nothing to launch",
            file=station.file,
            field="facilities",
            expected="facilities with a mass on the Moon or on orbiters, or crews",
        )
    if until is not None:
        last = parse_epoch(until, "--until")
    else:
        ends = [parse_epoch(crew.stop or crew.start) for crew in station.crews]
        for each in coming:
            stop = phases[each.phase].stop if each.phase is not None else None
            ends.append(starts[each.id] + _OPEN_PHASE_D if stop is None else parse_epoch(stop))
        last = max(ends)
    first = min([*starts.values(), *(parse_epoch(crew.start) for crew in station.crews)])
    slots = make_slots(first, last, months)
    here = [each for each in coming if starts[each.id] <= last]
    items = _items(station, here, starts, last, apart)
    visits = tuple(v for crew in station.crews for v in _visits(station, crew, slots, items))
    stores = _stores(station, slots, visits)
    return Demands(slots, items, visits, stores, _beds(station, visits, items))


def destination(station: Station, element: str) -> Node | None:
    """Where a launch has to go for a site on the Moon or an orbiter.

    Low and frozen orbits count as low lunar orbit, three-body orbits as the NRHO. None for a site
    on the Earth, and for orbiters by state or file, which do not say.
    """
    place = station.element(element)
    if isinstance(place, Site):
        return "surface" if place.body == "moon" else None
    if place.family in ("llo", "frozen"):
        return "llo"
    return "nrho" if place.family in THREE_BODY else None


def _is_planned(station: Station, facility: Facility) -> bool:
    place = station.element(facility.at)
    on_earth = isinstance(place, Site) and place.body == "earth"
    return not on_earth and facility.launched is None


def _lacks(station: Station, facility: Facility) -> list[InputError]:
    found = []
    if facility.mass is None:
        found.append(
            InputError(
                "a facility without mass cannot be planned",
                file=station.file,
                field=f"facilities.{facility.id}.mass",
                expected="a mass, like '1200 kg'",
                remedy="Add its mass, or launched: the day on which it was launched.",
            )
        )
    if facility.left_at is None and destination(station, facility.at) is None:
        found.append(
            InputError(
                "the orbit does not say where a launch has to bring this facility",
                file=station.file,
                field=f"facilities.{facility.id}.left_at",
                expected="left_at: llo, nrho or the like",
            )
        )
    return found


def _start(station: Station, facility: Facility) -> float:
    phases = {phase.id: phase.start for phase in station.phases}
    if facility.phase is not None:
        return parse_epoch(phases[facility.phase])
    if phases:
        return min(parse_epoch(start) for start in phases.values())
    raise InputError(
        "a facility without phase has no date",
        file=station.file,
        field=f"facilities.{facility.id}.phase",
        expected="the id of a phase",
        remedy="Add phases, and each facility's phase.",
    )


def _items(
    station: Station,
    coming: Sequence[Facility],
    starts: dict[str, float],
    last: float,
    apart: bool,
) -> tuple[Item, ...]:
    """The facilities in groups, in the file's order of their first."""
    phases = {phase.id: phase for phase in station.phases}
    known = {each.id: each for each in station.facilities}
    group = {each.id: each.id for each in coming}

    def leader(name: str) -> str:
        while group[name] != name:
            name = group[name]
        return name

    for each in coming if not apart else ():
        for other in each.together:
            if other in group:
                a, b = leader(each.id), leader(other)
                low, high = sorted((a, b), key=list(group).index)
                group[high] = low
    names = list(dict.fromkeys(leader(each.id) for each in coming))
    place = {each.id: names.index(leader(each.id)) for each in coming}
    items = []
    for k, name in enumerate(names):
        own = [each for each in coming if leader(each.id) == name]
        windows = []
        for each in own:
            stop = phases[each.phase].stop if each.phase is not None else None
            windows.append((starts[each.id], last if stop is None else parse_epoch(stop)))
        where = own[0].left_at or destination(station, own[0].at)
        assert where is not None
        needs = {place[need] for each in own for need in each.needs if need in place} - {k}
        missing = [
            need
            for each in own
            for need in each.needs
            if need not in place and _is_planned(station, known[need])
        ]
        items.append(
            Item(
                facilities=tuple(each.id for each in own),
                mass_kg=sum(each.mass or 0.0 for each in own),
                destination=where,
                element="" if own[0].left_at else own[0].at,
                owners=tuple(dict.fromkeys(owner for each in own for owner in each.owner)),
                phase=own[0].phase,
                first_mjd_tdb=max(window[0] for window in windows),
                last_mjd_tdb=min(last, *(window[1] for window in windows)),
                needs=tuple(sorted(needs)),
                missing=tuple(missing),
            )
        )
    return tuple(items)


def _visits(station: Station, crew: Crew, slots: Slots, items: Sequence[Item]) -> list[Visit]:
    """The stays of one crew after another, each from the first slot after its day."""
    where = destination(station, crew.at)
    if where is None:
        raise InputError(
            "no launch goes to where this crew is to stay",
            file=station.file,
            field=f"crews.{crew.id}.at",
            found=crew.at,
            expected="a site on the Moon, or an orbiter by the family of its orbit",
        )
    needs = tuple(k for k, item in enumerate(items) if set(item.facilities) & set(crew.needs))
    stop = math.inf if crew.stop is None else parse_epoch(crew.stop)
    day, found = parse_epoch(crew.start), []
    while day <= min(stop, slots.start_mjd_tdb[-1]):
        slot = slots.first_at(day)
        if slot == len(slots):
            break
        found.append(
            Visit(
                crew.id, crew.at, where, crew.people, slot, slots.start_mjd_tdb[slot], crew.stay,
                needs,
            )
        )  # fmt: skip
        if crew.every is None:
            break
        day += crew.every
    return found


def _stores(station: Station, slots: Slots, visits: Sequence[Visit]) -> tuple[Store, ...]:
    """What crews use until each slot's end, with what they keep in reserve."""
    resupply_kg_d = sum(each.resupply_kg_d for each in station.consumables)
    reserve_d = {crew.id: crew.reserve for crew in station.crews}
    stores = []
    for element in dict.fromkeys(visit.element for visit in visits):
        own = [visit for visit in visits if visit.element == element]
        needed = []
        for slot in range(len(slots)):
            total, kept = 0.0, 0.0
            for visit in own:
                if visit.slot <= slot:
                    stay_d = min(visit.stay_d, slots.end(slot) - visit.start_mjd_tdb)
                    total += visit.people * stay_d * resupply_kg_d
                    kept = max(kept, visit.people * reserve_d[visit.crew] * resupply_kg_d)
            needed.append(total + kept)
        if needed[-1] > 0.0:
            needs = tuple(sorted({need for visit in own for need in visit.needs}))
            stores.append(Store(element, own[0].destination, tuple(needed), needs))
    return tuple(stores)


def _beds(station: Station, visits: Sequence[Visit], items: Sequence[Item]) -> tuple[Beds, ...]:
    """Who is where when each crew has come; only where a facility of the place carries people."""
    found = []
    for element, slot in dict.fromkeys((visit.element, visit.slot) for visit in visits):
        carrying = {e.id: e for e in station.facilities_at(element) if e.crew}
        if not carrying:
            continue
        people = sum(
            visit.people
            for visit in visits
            if visit.element == element
            and visit.slot <= slot
            and (visit.slot == slot or visit.stop_mjd_tdb > _day_of(visits, slot))
        )
        there = sum(each.crew for each in carrying.values() if each.launched is not None)
        by_item = [
            (k, sum(carrying[name].crew for name in item.facilities if name in carrying))
            for k, item in enumerate(items)
        ]
        own = tuple((k, number) for k, number in by_item if number)
        found.append(Beds(element, slot, people, there, own))
    return tuple(found)


def _day_of(visits: Sequence[Visit], slot: int) -> float:
    return next(visit.start_mjd_tdb for visit in visits if visit.slot == slot)


def window_words(item: Item) -> str:
    """An item's window as a sentence's part."""
    span = f"from {date_of(item.first_mjd_tdb)} to {date_of(item.last_mjd_tdb)}"
    return f"{span} (phase {item.phase})" if item.phase else span
