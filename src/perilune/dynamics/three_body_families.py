"""A family of periodic orbits as a table, and its members by what a person asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics import three_body_continuation as continuation
from perilune.dynamics.three_body import (
    EARTH_MOON,
    EARTH_MOON_KEPLER,
    PeriodicOrbit,
    ThreeBodySystem,
)
from perilune.errors import InputError, NotConvergedError

FloatArray = NDArray[np.float64]
FamilyName = Literal["lyapunov", "halo", "nrho", "dro", "butterfly"]
Branch = Literal["north", "south"]

_POINTS: Final = {
    "lyapunov": (1, 2),
    "halo": (1, 2),
    "nrho": (1, 2),
    "dro": (None,),
    "butterfly": (2,),
}
_SPATIAL: Final = ("halo", "nrho", "butterfly")
# Near-rectilinear: the perilune up to 17,350 km, Zimovan (2017), Purdue University, section 3.3.
_NRHO_PERILUNE_KM: Final = 17350.0


@dataclass(frozen=True, eq=False)
class Family:
    """A family's members in their order along it, in the system's units where none is named.

    Attributes:
        system: its units.
        name: "lyapunov", "halo", "nrho", "dro" or "butterfly".
        point: the collinear point, None for distant retrograde orbits.
        branch: "north" or "south" of the Earth-Moon plane, None for planar ones.
        unknowns: (N, 4) x, z, vy and half the period, or (N, 3) without z.
        period: (N,).
        jacobi: (N,).
        stability: (N,), see `PeriodicOrbit.stability`.
        perilune_km, apolune_km: (N,) from the Moon's centre.
    """

    system: ThreeBodySystem
    name: str
    point: int | None
    branch: str | None
    unknowns: FloatArray
    period: FloatArray
    jacobi: FloatArray
    stability: FloatArray
    perilune_km: FloatArray
    apolune_km: FloatArray

    @property
    def period_d(self) -> FloatArray:
        """The periods in days."""
        return np.asarray(self.period * self.system.time_d)

    def orbit(self, row: int) -> PeriodicOrbit:
        """One row as an orbit."""
        return continuation.periodic(self.system, self.name, self.unknowns[row])


def family(
    name: FamilyName,
    point: int | None = None,
    branch: Branch | None = None,
    system: ThreeBodySystem | None = None,
) -> Family:
    """A family, computed once per process (some tenths of a second).

    Args:
        name: the family; "nrho" is the halos with a perilune up to 17,350 km.
        point: collinear point 1 or 2; 2 if none is named, none for "dro".
        branch: for families out of the plane, "south" if none is named.
        system: its units. If none is named, the month's as `EARTH_MOON` has it; for "nrho"
            `EARTH_MOON_KEPLER`, in which the published 9:2 orbit (period 1.5111) is 9:2.

    Raises:
        InputError: there is no such family.
    """
    if name not in _POINTS:
        raise InputError("there is no such family", found=name, expected=", ".join(_POINTS))
    if point is None and name != "dro":
        point = 2
    if point not in _POINTS[name]:
        known = " or ".join(str(each) for each in _POINTS[name])
        raise InputError(f"the family {name} has no such point", found=point, expected=known)
    if branch not in (None, "north", "south"):
        raise InputError("there is no such branch", found=branch, expected="north or south")
    if branch is not None and name not in _SPATIAL:
        raise InputError(f"the family {name} is planar: it has no branches", found=branch)
    if branch is None and name in _SPATIAL:
        branch = "south"
    if system is None:
        system = EARTH_MOON_KEPLER if name == "nrho" else EARTH_MOON
    return _family(name, point, branch, system)


@cache
def _family(name: str, point: int | None, branch: str | None, system: ThreeBodySystem) -> Family:
    if branch == "north":
        return _mirrored(_family(name, point, "south", system))
    if name == "nrho":
        halos = _family("halo", point, branch, system)
        return _rows(halos, halos.perilune_km <= _NRHO_PERILUNE_KM, name)
    if name == "lyapunov" and point is not None:
        members = continuation.lyapunov_members(system, point)
    elif name == "halo" and point is not None:
        members = continuation.halo_members(system, point)
    elif name == "butterfly":
        members = continuation.butterfly_members(system)
    else:
        members = continuation.dro_members(system)
    if not continuation.is_near_moon(system, members[-1]):
        members.pop()  # where the family ends, it has entered a body or gone away
    orbits = [continuation.periodic(system, name, each) for each in members]
    return Family(
        system,
        name,
        point,
        branch,
        np.array(members),
        np.array([each.period for each in orbits]),
        np.array([each.jacobi for each in orbits]),
        np.array([each.stability for each in orbits]),
        np.array([each.perilune_km for each in orbits]),
        np.array([each.apolune_km for each in orbits]),
    )


def _rows(table: Family, wanted: NDArray[np.bool_], name: str) -> Family:
    return Family(
        table.system,
        name,
        table.point,
        table.branch,
        table.unknowns[wanted],
        table.period[wanted],
        table.jacobi[wanted],
        table.stability[wanted],
        table.perilune_km[wanted],
        table.apolune_km[wanted],
    )


def _mirrored(table: Family) -> Family:
    return Family(
        table.system,
        table.name,
        table.point,
        "north",
        table.unknowns * np.array([1.0, -1.0, 1.0, 1.0]),
        table.period,
        table.jacobi,
        table.stability,
        table.perilune_km,
        table.apolune_km,
    )


def members(
    table: Family,
    *,
    period_d: float | None = None,
    resonance: tuple[int, int] | None = None,
    perilune_km: float | None = None,
    apolune_km: float | None = None,
    jacobi: float | None = None,
) -> tuple[PeriodicOrbit, ...]:
    """All members of a family with a given value of one quantity, in their order along it.

    Args:
        table: the family.
        period_d: the period in days.
        resonance: (p, q): p revolutions in q synodic months.
        perilune_km, apolune_km: least or largest distance from the Moon's centre.
        jacobi: Jacobi's constant.

    Raises:
        InputError: not exactly one quantity, or one that no orbit can have.
    """
    given = {
        "period_d": period_d,
        "resonance": resonance,
        "perilune_km": perilune_km,
        "apolune_km": apolune_km,
        "jacobi": jacobi,
    }
    chosen = [name for name, value in given.items() if value is not None]
    if len(chosen) != 1:
        raise InputError(
            "a member is chosen by exactly one quantity",
            found=", ".join(chosen) or "none",
            expected=" or ".join(given),
        )
    what = chosen[0]
    if resonance is not None:
        if min(resonance) < 1:
            raise InputError("a resonance is two positive whole numbers", found=resonance)
        period_d = table.system.synodic_d * resonance[1] / resonance[0]
        what = "period_d"
    target = {"period_d": period_d, "perilune_km": perilune_km, "apolune_km": apolune_km,
              "jacobi": jacobi}[what]  # fmt: skip
    assert target is not None
    if not np.isfinite(target):
        raise InputError("the quantity is not a finite number", field=what, found=target)
    offset = np.asarray(getattr(table, what)) - target

    def quantity(unknowns: FloatArray) -> float:
        orbit = continuation.periodic(table.system, table.name, unknowns)
        return float(getattr(orbit, what)) - target

    found = []
    for k in range(offset.size - 1):
        if offset[k] == 0.0 or offset[k] * offset[k + 1] < 0.0:
            found.append(_between(table, k, quantity))
    if offset[-1] == 0.0:
        found.append(table.orbit(offset.size - 1))
    return tuple(found)


def _between(table: Family, k: int, quantity: Callable[[FloatArray], float]) -> PeriodicOrbit:
    unknowns = continuation.between(
        table.system, table.unknowns[k], table.unknowns[k + 1], quantity
    )
    return continuation.periodic(table.system, table.name, unknowns)


def member(
    table: Family,
    *,
    period_d: float | None = None,
    resonance: tuple[int, int] | None = None,
    perilune_km: float | None = None,
    apolune_km: float | None = None,
    jacobi: float | None = None,
) -> PeriodicOrbit:
    """The one member of a family with a given value of one quantity; arguments as in `members`.

    Raises:
        InputError: not exactly one quantity, or several members have the value.
        NotConvergedError: no member has it.
    """
    found = members(
        table,
        period_d=period_d,
        resonance=resonance,
        perilune_km=perilune_km,
        apolune_km=apolune_km,
        jacobi=jacobi,
    )
    if not found:
        raise NotConvergedError(
            f"No member of the family {table.name} is such. It has periods from "
            f"{table.period_d.min():.3f} to {table.period_d.max():.3f} d, perilunes from "
            f"{table.perilune_km.min():.0f} to {table.perilune_km.max():.0f} km, apolunes from "
            f"{table.apolune_km.min():.0f} to {table.apolune_km.max():.0f} km and Jacobi constants "
            f"from {table.jacobi.min():.4f} to {table.jacobi.max():.4f}."
        )
    if len(found) > 1:
        listed = "; ".join(
            f"period {each.period_d:.4f} d, perilune {each.perilune_km:.1f} km, Jacobi "
            f"{each.jacobi:.6f}"
            for each in found
        )
        raise InputError(
            f"{len(found)} members of the family {table.name} are such",
            found=listed,
            expected="a quantity that tells them apart",
        )
    return found[0]
