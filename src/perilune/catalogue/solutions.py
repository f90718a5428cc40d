"""Orbits of the catalogue's objects: every solution is kept, one of each object is preferred.

A new solution becomes the preferred one of its object if
- the object has none yet, or none with a covariance while the new one has one;
- it comes from the same publisher as the preferred one, is not of an earlier date, and does not
  lack a covariance that the preferred one has: a publisher knows best which of his solutions holds;
- or it comes from another publisher and its semi-major axis is better determined.
Otherwise an operator says so with `prefer`. Of two without any covariance the later epoch wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, select, update

from perilune.catalogue.audit import write_audit
from perilune.catalogue.objects import Naming, ObjectIntake
from perilune.catalogue.orbit_rows import OrbitRow, orbit_digest, orbit_of, orbit_row
from perilune.catalogue.records import chunks, insert_rows, next_id, utc_now
from perilune.catalogue.tables import objects, orbits
from perilune.errors import UnknownNameError
from perilune.orbits.orbit import Orbit

_WHOLE_TABLE_FROM: Final = 20_000
_INSERTED: Final = (
    "is_preferred", "id", "object_id", "sha256", *OrbitRow._fields, "added_by", "added_utc",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredOrbit:
    """One solution in the catalogue.

    Attributes:
        id, object_id: numbers in this database.
        sha256: hexadecimal digest of the orbit's content.
        is_preferred: whether it is the one that the watch works with.
        semi_major_axis_sigma_au: standard deviation, if there is a covariance.
        added_by, added_utc: who put it in, and when.
        orbit: the orbit itself.
    """

    id: int
    object_id: int
    sha256: str
    is_preferred: bool
    semi_major_axis_sigma_au: float | None
    added_by: str
    added_utc: str
    orbit: Orbit


@dataclass(frozen=True, slots=True)
class AddedOrbits:
    """What came of adding orbits, in the order given.

    Attributes:
        object_ids: the object of each.
        new: how many were not in the catalogue yet.
        preferred: how many of these became their object's preferred one.
    """

    object_ids: tuple[int, ...]
    new: int
    preferred: int


def add_orbits(connection: Connection, given: Sequence[Orbit], by: str) -> AddedOrbits:
    """Add orbits; those that are there already, to the last digit, are left as they are.

    Args:
        connection: in a writing transaction.
        given: orbits of any objects; unknown objects are added.
        by: who adds them.

    Raises:
        InputError: an orbit without elements (a line through the Sun's centre).
    """
    namings = [Naming(o.designation, o.name, o.number, o.full_name) for o in given]
    intake = OrbitIntake(connection, by, len(given))
    return intake.add(namings, [orbit_row(orbit) for orbit in given])


class OrbitIntake:
    """Adds orbits to the catalogue piece by piece within one transaction."""

    def __init__(self, connection: Connection, by: str, expected: int) -> None:
        """`expected`: how many orbits will come, in all."""
        self._connection = connection
        self._by = by
        self._objects = ObjectIntake(connection, expected)
        self._knows_all = expected > _WHOLE_TABLE_FROM
        self._known: set[tuple[int, bytes]] = set()
        self._preferred: dict[int, _Compared] = {}
        if self._knows_all:
            self._look(None)
        self._free = next_id(connection, orbits)

    def add(self, namings: Sequence[Naming], rows: Sequence[OrbitRow]) -> AddedOrbits:
        """Add orbits; the k-th is called by the k-th name."""
        object_ids = self._objects.ids(namings)
        if not self._knows_all:
            self._look(sorted(set(object_ids)))
        known, preferred = self._known, self._preferred
        now, by = utc_now(), self._by
        first = self._free
        fresh: list[tuple[object, ...]] = []
        chosen: dict[int, int] = {}  # of the new ones, by object
        replaced: set[int] = set()
        for object_id, naming, row in zip(object_ids, namings, rows, strict=True):
            sha256 = orbit_digest(naming.designation, naming.name, naming.number, row)
            if (object_id, sha256) in known:
                continue
            known.add((object_id, sha256))
            current = preferred.get(object_id)
            if current is None or _is_better(row, current):
                if current is not None and current.id < first:
                    replaced.add(current.id)
                chosen[object_id] = self._free
                preferred[object_id] = _compared(self._free, row)
            fresh.append((self._free, object_id, sha256, *row, by, now))
            self._free += 1
        marked = set(chosen.values())
        _unset_preferred(self._connection, sorted(replaced))
        insert_rows(
            self._connection, orbits, _INSERTED, [(row[0] in marked, *row) for row in fresh]
        )
        return AddedOrbits(tuple(object_ids), len(fresh), len(chosen))

    def _look(self, object_ids: Sequence[int] | None) -> None:
        """Learn what the objects have; all of them, if none are named."""
        query = select(
            orbits.c.object_id, orbits.c.sha256, orbits.c.is_preferred,
            *(orbits.c[name] for name in _Compared._fields),
        )  # fmt: skip
        if object_ids is None:
            pieces: list[Select[Any]] = [query]
        else:
            pieces = [query.where(orbits.c.object_id.in_(some)) for some in chunks(object_ids)]
        for piece in pieces:
            for object_id, sha256, is_preferred, *compared in self._connection.execute(piece):
                self._known.add((object_id, bytes(sha256)))
                if is_preferred:
                    self._preferred[object_id] = _Compared(*compared)


class _Compared(NamedTuple):
    """What decides which solution is preferred."""

    id: int
    has_covariance: bool
    publisher: str
    solution_date: str | None
    semi_major_axis_sigma_au: float | None
    epoch_mjd_tdb: float


def _compared(orbit_id: int, row: OrbitRow) -> _Compared:
    return _Compared(
        orbit_id,
        row.has_covariance,
        row.publisher,
        row.solution_date,
        row.semi_major_axis_sigma_au,
        row.epoch_mjd_tdb,
    )


def orbits_of(connection: Connection, object_id: int) -> list[StoredOrbit]:
    """Every solution of an object, the preferred one first, then the latest added first."""
    query = _select().where(orbits.c.object_id == object_id)
    query = query.order_by(orbits.c.is_preferred.desc(), orbits.c.id.desc())
    return [_stored(row) for row in connection.execute(query)]


def orbit_by_id(connection: Connection, orbit_id: int) -> StoredOrbit:
    """The solution of a number.

    Raises:
        UnknownNameError: there is none.
    """
    row = connection.execute(_select().where(orbits.c.id == orbit_id)).first()
    if row is None:
        raise UnknownNameError("orbit", str(orbit_id))
    return _stored(row)


def orbit_id_of(connection: Connection, object_id: int, orbit: Orbit) -> int:
    """The number of an orbit that is in the catalogue.

    Raises:
        UnknownNameError: it is not there.
    """
    sha256 = orbit_digest(orbit.designation, orbit.name, orbit.number, orbit_row(orbit))
    query = select(orbits.c.id).where(orbits.c.object_id == object_id, orbits.c.sha256 == sha256)
    found = connection.execute(query).scalar()
    if found is None:
        raise UnknownNameError("orbit", f"{orbit.full_name} ({orbit.solution})")
    return int(found)


def preferred_orbit(connection: Connection, object_id: int) -> StoredOrbit | None:
    """The preferred solution of an object; None where it has no orbit yet."""
    query = _select().where(orbits.c.object_id == object_id, orbits.c.is_preferred)
    row = connection.execute(query).first()
    return None if row is None else _stored(row)


def preferred_orbits(
    connection: Connection, *, with_covariance: bool = False
) -> Iterator[StoredOrbit]:
    """The preferred solution of every object, in the order in which the objects were added."""
    query = _select().where(orbits.c.is_preferred).order_by(orbits.c.object_id)
    if with_covariance:
        query = query.where(orbits.c.has_covariance)
    result = connection.execution_options(yield_per=1000).execute(query)
    for row in result:
        yield _stored(row)


def prefer(connection: Connection, orbit_id: int, by: str) -> None:
    """Make a solution the preferred one of its object, whatever the rule says; audited.

    Raises:
        UnknownNameError: there is no such orbit.
    """
    stored = orbit_by_id(connection, orbit_id)
    previous = preferred_orbit(connection, stored.object_id)
    if previous is not None:
        _unset_preferred(connection, [previous.id])
    connection.execute(update(orbits).where(orbits.c.id == orbit_id).values(is_preferred=True))
    write_audit(
        connection,
        by,
        "prefer",
        f"orbit:{orbit_id}",
        {"object_id": stored.object_id, "before": None if previous is None else previous.id},
    )


def count_orbits(connection: Connection) -> int:
    """How many solutions the catalogue holds."""
    return int(connection.execute(select(func.count()).select_from(orbits)).scalar_one())


def _is_better(new: OrbitRow, current: _Compared) -> bool:
    """Whether a new solution is to be preferred; the rule at the head of this module."""
    if new.has_covariance != current.has_covariance:
        return new.has_covariance
    if new.publisher == current.publisher:
        return (new.solution_date or "") >= (current.solution_date or "")
    mine, theirs = new.semi_major_axis_sigma_au, current.semi_major_axis_sigma_au
    if mine is not None and theirs is not None:
        return mine < theirs
    return new.epoch_mjd_tdb > current.epoch_mjd_tdb


def _unset_preferred(connection: Connection, orbit_ids: Sequence[int]) -> None:
    if orbit_ids:
        statement = update(orbits).where(orbits.c.id == bindparam("which"))
        connection.execute(
            statement.values(is_preferred=False), [{"which": each} for each in orbit_ids]
        )


def _select() -> Select[Any]:
    return select(orbits, objects.c.designation, objects.c.name, objects.c.number).join(
        objects, orbits.c.object_id == objects.c.id
    )


def _stored(row: Any) -> StoredOrbit:
    return StoredOrbit(
        id=row.id,
        object_id=row.object_id,
        sha256=bytes(row.sha256).hex(),
        is_preferred=row.is_preferred,
        semi_major_axis_sigma_au=row.semi_major_axis_sigma_au,
        added_by=row.added_by,
        added_utc=row.added_utc,
        orbit=orbit_of(row.designation, row.name, row.number, row),
    )
