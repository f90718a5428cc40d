"""Ways between the Earth and the Moon as legs of Δv, and what a stage carries along them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

Node: TypeAlias = Literal["leo", "tli", "nrho", "llo", "surface"]

NODES: Final[tuple[Node, ...]] = ("leo", "tli", "nrho", "llo", "surface")
NODE_WORDS: Final[Mapping[Node, str]] = {
    "leo": "low Earth orbit",
    "tli": "translunar injection",
    "nrho": "the near-rectilinear halo orbit",
    "llo": "low lunar orbit",
    "surface": "the Moon's surface",
}
# km/s, as NASA's tables for mission planning give them (validation.md): e.g. the Exploration
# Systems Architecture Study, NASA-TM-2005-214062, and Gateway's design for the legs of the NRHO.
LEGS_KM_S: Final[Mapping[tuple[Node, Node], float]] = {
    ("leo", "tli"): 3.28,
    ("tli", "llo"): 0.95,
    ("tli", "nrho"): 0.45,
    ("nrho", "llo"): 0.74,
    ("llo", "surface"): 2.18,
}
STANDARD_GRAVITY_KM_S2: Final = 9.80665e-3  # exact, 3rd CGPM (1901)


def route_km_s(
    start: Node, end: Node, own: Mapping[tuple[Node, Node], float] | None = None
) -> float:
    """The least Δv from one node to another, over the legs of the table and a file's own.

    Args:
        start: where the way begins.
        end: where it ends.
        own: legs of the file, which go before the table's.

    Returns:
        km/s; infinite where no way leads there.
    """
    legs = {**LEGS_KM_S, **(own or {})}
    cost: dict[Node, float] = dict.fromkeys(NODES, math.inf)
    cost[start] = 0.0
    # As often as there are nodes: a way passes none of them twice.
    for _ in NODES:
        for (a, b), dv_km_s in legs.items():
            cost[b] = min(cost[b], cost[a] + dv_km_s)
    return cost[end]


def mass_ratio(dv_km_s: float, isp_s: float) -> float:
    """Mass before over mass after a burn: Tsiolkovsky's equation."""
    return math.exp(dv_km_s / (isp_s * STANDARD_GRAVITY_KM_S2))


def payload_kg(
    dry_kg: float,
    propellant_kg: float,
    isp_s: float,
    dv_km_s: float,
    *,
    start_most_kg: float = math.inf,
) -> float:
    """What a stage carries through a Δv, its tanks filled as far as the launcher can lift.

    Args:
        dry_kg: of the stage without propellant.
        propellant_kg: that its tanks hold.
        isp_s: specific impulse.
        dv_km_s: of its way.
        start_most_kg: of stage, propellant and payload together where the way begins.

    Returns:
        kg; negative where it cannot even bring itself there.
    """
    ratio = mass_ratio(dv_km_s, isp_s)
    if ratio <= 1.0:
        return start_most_kg - dry_kg
    by_tanks = propellant_kg / (ratio - 1.0) - dry_kg
    by_launcher = start_most_kg / ratio - dry_kg
    return min(by_tanks, by_launcher)
