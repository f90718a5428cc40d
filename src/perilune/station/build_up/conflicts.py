"""Why no manifest holds all constraints: which are in the way, by how much, and what helps."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from perilune.errors import PeriluneError
from perilune.station.build_up.constraints import GROUPS, Group, allowed, rate_limit
from perilune.station.build_up.demands import Demands, Item, make_demands, window_words
from perilune.station.build_up.manifest import Slack, build
from perilune.station.build_up.options import Option
from perilune.station.build_up.program import solve
from perilune.station.build_up.routes import NODE_WORDS
from perilune.station.build_up.slots import date_of
from perilune.station.station import Station
from perilune.times import FloatArray

Progress = Callable[[float, str], None]
_LOOK_ON_D = 3652.5  # how far beyond its end a plan is looked at, where phases give way

_GROUP_WORDS: dict[str, str] = {
    "rates": "launch rates",
    "dates": "availability of launchers and landers",
    "phases": "phases and the plan's end",
    "masses": "masses that launchers and landers bring",
    "partners": "whose parts launchers and landers carry",
    "needs": "what facilities and crews need",
    "seats": "seats for crews",
    "beds": "room for crews",
    "supplies": "consumables for crews",
    "together": "facilities that are launched together",
    "places": "places that launchers and landers reach",
}


@dataclass(frozen=True, slots=True)
class Conflict:
    """A constraint that is in the way.

    Attributes:
        group: which kind of constraint.
        problem: what is wrong, as a sentence without its stop.
        remedy: what the user can do, as a sentence without its stop.
    """

    group: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.problem}. {self.remedy}."


class InfeasiblePlanError(PeriluneError):
    """No launch manifest holds all constraints.

    Attributes:
        file: the station file.
        conflicts: what is in the way.
        alternatives: whether any one of them, if it gave way, would do; else all have to.
    """

    exit_code = 3

    def __init__(self, file: str, conflicts: Sequence[Conflict], *, alternatives: bool) -> None:
        self.file = file
        self.conflicts = tuple(conflicts)
        self.alternatives = alternatives
        head = f"{file}: no launch manifest holds all constraints."
        if len(self.conflicts) > 1:
            head += " Any one of these helps:" if alternatives else " All of these are in the way:"
        super().__init__("\n".join([head, *(f"  {each}" for each in self.conflicts)]))


def item_conflicts(demands: Demands, options: Sequence[Option]) -> list[Conflict]:
    """Items that cannot fly at all, each by itself, and crews that nothing brings."""
    found = [each for item in demands.items for each in _item_conflict(item, demands, options)]
    for item in demands.items:
        for name in item.missing:
            found.append(
                Conflict(
                    "needs",
                    f"{item.name} needs {name}, which comes only after the plan's end",
                    f"End the plan later (--until), or leave the need of {name} out",
                )
            )
        for need in item.needs:
            other = demands.items[need]
            if other.first_mjd_tdb > item.last_mjd_tdb:
                found.append(
                    Conflict(
                        "needs",
                        f"{item.name} needs {other.name}, which comes {window_words(other)}, "
                        f"after {item.name}, which comes {window_words(item)}",
                        f"Give {item.name} a later phase, {other.name} an earlier one, or leave "
                        "the need out",
                    )
                )
    reached = {option.destination for option in options if option.capacity_kg >= 0.0}
    for store in demands.stores:
        if store.destination not in reached:
            found.append(_unreached(f"what crews at {store.element} use", store.destination))
    for element in dict.fromkeys(beds.element for beds in demands.beds):
        worst = max(
            (beds for beds in demands.beds if beds.element == element), key=lambda each: each.people
        )
        room = worst.there + sum(number for _, number in worst.items)
        if room < worst.people:
            found.append(
                Conflict(
                    "beds",
                    f"{worst.people} people are at {element} from "
                    f"{demands.slots.date(worst.slot)} on, but its facilities carry {room}",
                    "Send smaller crews, or add facilities with crew there",
                )
            )
    return found


def _item_conflict(item: Item, demands: Demands, options: Sequence[Option]) -> list[Conflict]:
    there = [option for option in options if option.destination == item.destination]
    if not there:
        return [_unreached(item.name, item.destination)]
    place = NODE_WORDS[item.destination]
    best = max(there, key=lambda option: option.capacity_kg)
    able = [option for option in there if item.mass_kg <= option.capacity_kg + 1e-6]
    if not able:
        most = f"at most {_tonnes(best.capacity_kg)}, by {best.name}"
        if best.capacity_kg < 0.0:
            most = f"{best.name} cannot even bring the lander there"
        return [
            Conflict(
                "masses",
                f"{item.name} ({_tonnes(item.mass_kg)}) is heavier than anything that can be "
                f"brought to {place}: {most}",
                "Split it into facilities that are lighter, or add a launcher or lander that "
                f"brings {_tonnes(item.mass_kg)} to {place}",
            )
        ]
    ours = [option for option in able if option.takes(item.owners)]
    if not ours:
        return [
            Conflict(
                "partners",
                f"{item.name} belongs to {', '.join(item.owners)}, but what can bring "
                f"{_tonnes(item.mass_kg)} to {place} "
                f"({', '.join(option.name for option in able)}) does not carry its parts",
                f"Add {item.owners[0]} to carries of one of these",
            )
        ]
    slots = demands.slots
    days = [slots.start_mjd_tdb[k] for k in slots.within(item.first_mjd_tdb, item.last_mjd_tdb)]
    if not days:
        return [
            Conflict(
                "phases",
                f"no day of launch (the first of every {slots.months} months from "
                f"{slots.date(0)} to {slots.date(len(slots) - 1)}) lies within the window of "
                f"{item.name}, {window_words(item)}",
                "Launch more often (--slot), end the plan later (--until), or change the phase",
            )
        ]
    if any(allowed(item, option, day) for option in ours for day in days):
        return []
    soon = min(ours, key=lambda option: option.first_mjd_tdb)
    if soon.first_mjd_tdb > days[-1]:
        when = f"available only from {date_of(soon.first_mjd_tdb)}"
    else:
        last = max(ours, key=lambda option: option.last_mjd_tdb)
        soon, when = last, f"in use only until {date_of(last.last_mjd_tdb)}"
    return [
        Conflict(
            "dates",
            f"{item.name} has to be launched {window_words(item)}, but {soon.name}, which could "
            f"bring its {_tonnes(item.mass_kg)} to {place}, is {when}",
            "Change the phase, or add a launcher or lander that is there in time",
        )
    ]


def _unreached(what: str, node: str) -> Conflict:
    place = NODE_WORDS[node]  # type: ignore[index]
    return Conflict(
        "places",
        f"nothing brings {what} to {place}",
        f"Add a launcher whose `to` has {node}, or a lander whose `to` is {node} and whose `at` is "
        "a place that a launcher reaches",
    )


def conflicts(
    station: Station,
    demands: Demands,
    options: Sequence[Option],
    time_limit_s: float,
    progress: Progress | None = None,
) -> tuple[list[Conflict], bool]:
    """The groups of constraints that are in the way, with the least by which each gives way.

    First each group alone is made elastic: those with which a manifest appears are alternatives.
    Where none does alone, groups are taken away from all of them, one after the other, as long as
    the rest still gives a manifest: what is left has to give way together.

    Returns:
        The conflicts, and whether any one of them suffices.
    """
    began_s = time.monotonic()
    found: list[Conflict] = []
    tries = [*GROUPS, "together"] if any(e.together for e in station.facilities) else [*GROUPS]
    for k, group in enumerate(tries):
        if progress is not None:
            progress(k / len(tries), f"conflicts: {_GROUP_WORDS[group]}")
        left_s = max(time_limit_s - (time.monotonic() - began_s), 1.0)
        found += _alone(station, demands, options, group, left_s / (len(tries) - k))
    if found:
        return found, True
    kept: list[Group] = list(GROUPS)
    best = _relaxed(station, demands, options, kept, time_limit_s / 4.0)
    if best is None:
        return [
            Conflict(
                "needs",
                "no group of constraints alone is in the way, and not all could be tried in time",
                "Give more time (--time-limit), or plan fewer facilities",
            )
        ], False
    for group in GROUPS:
        fewer = [each for each in kept if each != group]
        other = _relaxed(station, demands, options, fewer, time_limit_s / len(GROUPS))
        if other is not None:
            kept, best = fewer, other
    return best, False


def _alone(
    station: Station,
    demands: Demands,
    options: Sequence[Option],
    group: str,
    time_limit_s: float,
) -> list[Conflict]:
    """The conflict of a group, if a manifest appears when it alone gives way."""
    if group == "together":
        until = date_of(demands.slots.start_mjd_tdb[-1])
        apart = make_demands(station, until=until, months=demands.slots.months, apart=True)
        if item_conflicts(apart, options):
            return []
        if not solve(build(apart, options).program, time_limit_s=time_limit_s).values.size:
            return []
        several = [item.name for item in demands.items if len(item.facilities) > 1]
        return [
            Conflict(
                "together",
                f"{', '.join(several)} are launched together",
                "Leave together out, so that they can be launched apart",
            )
        ]
    found = _relaxed(station, demands, options, [group], time_limit_s)  # type: ignore[list-item]
    return found or []


def _relaxed(
    station: Station,
    demands: Demands,
    options: Sequence[Option],
    groups: Sequence[Group],
    time_limit_s: float,
) -> list[Conflict] | None:
    """By how much the groups give way at least; None where that does not suffice."""
    if "phases" in groups:
        until = date_of(demands.slots.start_mjd_tdb[-1] + _LOOK_ON_D)
        longer = make_demands(station, until=until, months=demands.slots.months)
        # Windows and crews stay those of the plan; only days of launch are added.
        demands = _with_slots(demands, longer)
    manifest = build(demands, options, frozenset(groups))
    solution = solve(manifest.program, time_limit_s=time_limit_s, gap_absolute=1e-3)
    if not solution.values.size:
        return None
    found = []
    for group in groups:
        own = [s for s in manifest.slacks if s.group == group and solution.values[s.column] > 1e-4]
        if own:
            found.append(_words(group, own, station, demands, options, solution.values))
    return found


def _with_slots(demands: Demands, longer: Demands) -> Demands:
    stores = []
    for store in demands.stores:
        more = len(longer.slots) - len(store.needed_kg)
        stores.append(replace(store, needed_kg=(*store.needed_kg, *[store.needed_kg[-1]] * more)))
    return replace(demands, slots=longer.slots, stores=tuple(stores))


def _words(
    group: Group,
    slacks: Sequence[Slack],
    station: Station,
    demands: Demands,
    options: Sequence[Option],
    values: FloatArray,
) -> Conflict:
    """A group's conflict in words: each constraint that gives way, and by how much."""
    parts: list[str] = []
    for slack in slacks:
        amount = float(values[slack.column])
        match group:
            case "rates":
                kind, name = str(slack.key).split(":", 1)
                vehicles = station.launchers if kind == "launcher" else station.landers
                rate = next(each.rate for each in vehicles if each.id == name)
                number, years = rate_limit(rate or 0.0)
                span = "any year" if years == 1.0 else f"any {years:g} years"
                parts.append(
                    f"{name} would have to fly {number + amount:.0f} times in {span} rather than "
                    f"{number}"
                )
            case "dates":
                option = options[int(slack.key)]
                parts.append(
                    f"{option.name} would have to be there {_days(amount)} outside its dates"
                )
            case "phases":
                item = demands.items[int(slack.key)]
                parts.append(f"{item.name} would come {_days(amount)} outside {window_words(item)}")
            case "masses":
                option = options[int(slack.key)]
                more = option.capacity_kg + amount
                place = NODE_WORDS[option.destination]
                parts.append(
                    f"{option.name} would have to bring {_tonnes(more)} to {place} rather than "
                    f"{_tonnes(option.capacity_kg)}"
                )
            case "partners":
                item = demands.items[int(slack.key)]
                parts.append(f"{item.name} would fly with what carries only others' parts")
            case "needs":
                parts.append(_need_words(str(slack.key), demands))
            case "seats":
                element, slot = str(slack.key).split(":")
                parts.append(
                    f"{amount:.0f} people would find no seat to {element} on "
                    f"{demands.slots.date(int(slot))}"
                )
            case "beds":
                beds = demands.beds[int(slack.key)]
                parts.append(
                    f"{amount:.0f} people would find no room at {beds.element} on "
                    f"{demands.slots.date(beds.slot)}"
                )
            case "supplies":
                store = demands.stores[int(slack.key)]
                parts.append(f"{store.element} would lack {amount:,.0f} kg of consumables")
    if len(parts) > 6:
        parts = [*parts[:6], f"and {len(parts) - 6} more"]
    remedies = {
        "rates": "Raise rate, or add a launcher or lander",
        "dates": "Make it available for longer, or add another",
        "phases": "Make the phase longer, end the plan later (--until), or move facilities",
        "masses": "Add a larger launcher or lander, or lighter facilities",
        "partners": "Add the owners to carries",
        "needs": "Leave a need out, or let what is needed come in an earlier phase",
        "seats": "Add seats or launches, smaller crews or longer intervals",
        "beds": "Send smaller crews, later ones, or bring facilities with crew earlier",
        "supplies": "Recycle more, send smaller crews, or add a launcher or lander",
    }
    return Conflict(
        group, f"{_GROUP_WORDS[group].capitalize()}: {'; '.join(parts)}", remedies[group]
    )


def _need_words(key: str, demands: Demands) -> str:
    kind, name, need = key.split(":")
    wanted = demands.items[int(need)].name
    who = f"crew {name}" if kind == "crew" else demands.items[int(name)].name
    return f"{who} would come before {wanted}"


def _tonnes(mass_kg: float) -> str:
    return f"{mass_kg * 1e-3:.3g} t"


def _days(days: float) -> str:
    return f"{days:.0f} days"
