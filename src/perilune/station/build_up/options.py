"""The ways in which a station's launchers and landers bring mass somewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from perilune.station.build_up.routes import NODES, Node, payload_kg, route_km_s
from perilune.station.build_up.vehicles import Lander, Launcher, Route
from perilune.times import parse_epoch


@dataclass(frozen=True, slots=True)
class Option:
    """A launcher, with a lander or alone, to a place.

    Attributes:
        launcher: the rocket.
        lander: what goes on from where it leaves it, if anything does.
        destination: where the payload comes to.
        capacity_kg: of payload, all of it together; negative where the lander cannot fly so.
        cost_million: of one flight; None where a part's is not known.
        seats: people that come along.
        first_mjd_tdb: from when on it can fly.
        last_mjd_tdb: until when.
        carries: the partners whose parts it takes; None for all.
    """

    launcher: Launcher
    lander: Lander | None
    destination: Node
    capacity_kg: float
    cost_million: float | None
    seats: int
    first_mjd_tdb: float
    last_mjd_tdb: float
    carries: frozenset[str] | None

    @property
    def name(self) -> str:
        """What it is called in messages."""
        own = self.launcher.id
        return own if self.lander is None else f"{own} with {self.lander.id}"

    @property
    def owners(self) -> tuple[str, ...]:
        """Who flies it, without repetition."""
        both = (*self.launcher.owner, *(self.lander.owner if self.lander else ()))
        return tuple(dict.fromkeys(both))

    def takes(self, owners: Sequence[str]) -> bool:
        """Whether it carries parts of these partners."""
        return self.carries is None or not owners or bool(self.carries.intersection(owners))


def make_options(
    launchers: Sequence[Launcher], landers: Sequence[Lander], routes: Sequence[Route]
) -> list[Option]:
    """Every launcher alone and with every lander, to each place that it reaches."""
    own = {(route.at, route.to): route.dv for route in routes}
    found = []
    for launcher in launchers:
        for node in NODES:
            lifted_kg = launcher.to.mass_kg(node)
            if lifted_kg is None:
                continue
            found.append(_option(launcher, None, node, lifted_kg))
            for lander in landers:
                if lander.at == node:
                    capacity_kg = lander_capacity_kg(lander, lifted_kg, own)
                    found.append(_option(launcher, lander, lander.to, capacity_kg))
    return found


def lander_capacity_kg(
    lander: Lander, lifted_kg: float, own: Mapping[tuple[Node, Node], float]
) -> float:
    """What a lander brings to its place from a launcher that lifts so much.

    Args:
        lander: the lander.
        lifted_kg: what the launcher brings to where it leaves the lander.
        own: the file's own legs, km/s.

    Returns:
        kg; negative where the launcher cannot lift the lander, or it cannot make the way.
    """
    if lander.payload is not None and lander.mass is not None:
        return min(lander.payload, lifted_kg - lander.mass)
    assert lander.dry is not None
    assert lander.propellant is not None
    assert lander.isp is not None
    dv_km_s = route_km_s(lander.at, lander.to, own)
    return payload_kg(lander.dry, lander.propellant, lander.isp, dv_km_s, start_most_kg=lifted_kg)


def _option(launcher: Launcher, lander: Lander | None, node: Node, capacity_kg: float) -> Option:
    both = (launcher,) if lander is None else (launcher, lander)
    costs = [each.cost for each in both]
    first = [parse_epoch(each.available) for each in both if each.available is not None]
    last = [parse_epoch(each.until) for each in both if each.until is not None]
    carries = [frozenset(each.carries) for each in both if each.carries]
    return Option(
        launcher=launcher,
        lander=lander,
        destination=node,
        capacity_kg=capacity_kg,
        cost_million=None
        if any(cost is None for cost in costs)
        else sum(cost[0] for cost in costs if cost is not None),
        seats=sum(each.seats for each in both),
        first_mjd_tdb=max(first, default=float("-inf")),
        last_mjd_tdb=min(last, default=float("inf")),
        carries=frozenset.intersection(*carries) if carries else None,
    )
