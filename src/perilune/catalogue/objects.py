"""Objects and the names by which they are found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, func, select, update

from perilune.catalogue.records import chunks, insert_rows, next_id, utc_now
from perilune.catalogue.tables import aliases, objects
from perilune.errors import InputError, UnknownNameError

_LAST: Final = "\U0010ffff"  # no name holds it: the end of a prefix's range
_WHOLE_TABLE_FROM: Final = 5_000  # names from which one pass over the table beats many questions
_DROPPED: Final = str.maketrans("", "", " ()_\t")


@dataclass(frozen=True, slots=True)
class CatalogueObject:
    """One object.

    Attributes:
        id: its number in this database.
        designation: the primary one: "2024 YR4", "99942", "1P", "C/2022 E3".
        name: "Apophis", if there is one.
        number: the minor planet's, if it has one.
        full_name: what a person would call it: "99942 Apophis".
    """

    id: int
    designation: str
    name: str | None
    number: int | None
    full_name: str


class Naming(NamedTuple):
    """How an orbit or an observation calls its object."""

    designation: str
    name: str | None = None
    number: int | None = None
    full_name: str = ""

    def keys(self) -> dict[str, str]:
        """Every way to write it, by its `name_key`."""
        found = {name_key(self.designation): self.designation}
        if self.number is not None:
            found.setdefault(str(self.number), str(self.number))
        if self.name:
            found.setdefault(name_key(self.name), self.name)
            if self.full_name:
                found.setdefault(name_key(self.full_name), self.full_name)
        return found


def name_key(name: str) -> str:
    """What two spellings of one name share: case, blanks and brackets do not matter."""
    return name.casefold().translate(_DROPPED)


def find_object(connection: Connection, name: str) -> CatalogueObject:
    """The object of a designation, number, name or full name.

    Raises:
        UnknownNameError: there is none; names that begin alike are offered.
        InputError: several objects share the name.
    """
    key = name_key(name)
    query = select(objects).join(aliases, aliases.c.object_id == objects.c.id)
    found = [_object(row) for row in connection.execute(query.where(aliases.c.key == key))]
    if len(found) > 1:
        found = [each for each in found if name_key(each.designation) == key] or found
    if len(found) > 1:
        raise InputError(
            "several objects have this name",
            field="object",
            found=name,
            expected=" or ".join(each.designation for each in found[:5]),
        )
    if not found:
        near = [each.full_name for each in search_objects(connection, key[:4], limit=3)]
        raise UnknownNameError("object in the catalogue", name, near if len(key) > 2 else ())
    return found[0]


def search_objects(
    connection: Connection, prefix: str, *, limit: int = 20
) -> list[CatalogueObject]:
    """Objects one of whose names begins with the text, in the order of these names."""
    key = name_key(prefix)
    query = select(aliases.c.object_id).order_by(aliases.c.key, aliases.c.object_id)
    if key:
        query = query.where(aliases.c.key >= key, aliases.c.key < key + _LAST)
    ids: dict[int, None] = {}
    # An object has up to four names, all of which may begin alike.
    for row in connection.execute(query.limit(4 * limit)):
        ids.setdefault(int(row[0]))
    wanted = list(ids)[:limit]
    found = {
        int(row.id): _object(row)
        for row in connection.execute(select(objects).where(objects.c.id.in_(wanted)))
    }
    return [found[each] for each in wanted]


def object_by_id(connection: Connection, object_id: int) -> CatalogueObject:
    """The object of a number in this database.

    Raises:
        UnknownNameError: there is none.
    """
    row = connection.execute(select(objects).where(objects.c.id == object_id)).first()
    if row is None:
        raise UnknownNameError("object", str(object_id))
    return _object(row)


def count_objects(connection: Connection) -> int:
    """How many objects the catalogue holds."""
    return int(connection.execute(select(func.count()).select_from(objects)).scalar_one())


def names_of(connection: Connection, object_id: int) -> list[str]:
    """Every spelling of an object's name that is known."""
    query = select(aliases.c.alias).where(aliases.c.object_id == object_id)
    return [str(row[0]) for row in connection.execute(query.order_by(aliases.c.key))]


class ObjectIntake:
    """Finds the objects of what comes in, and adds those that are not known yet.

    An object is known by its designation or its minor planet's number. What is new about a known
    one (a name, a number) is added to it. One intake serves one transaction; it remembers what it
    has seen, so that a million orbits can come in pieces.
    """

    def __init__(self, connection: Connection, expected: int) -> None:
        """`expected`: how many names will be asked for, in all."""
        self._connection = connection
        self._free = next_id(connection, objects)
        self._first_new = self._free
        self._knows_all = expected > _WHOLE_TABLE_FROM
        self._known: dict[str, int] = _known(connection, None) if self._knows_all else {}

    def ids(self, wanted: Sequence[Naming]) -> list[int]:
        """The objects' numbers, in the order of the names."""
        if not self._knows_all:
            keys = {name_key(naming.designation) for naming in wanted}
            keys |= {str(naming.number) for naming in wanted if naming.number is not None}
            self._known |= _known(self._connection, sorted(keys - self._known.keys()))
        known = self._known
        now = utc_now()
        new_objects: list[tuple[object, ...]] = []
        new_aliases: list[tuple[str, int, str]] = []
        found: list[int] = []
        later: list[tuple[int, Naming]] = []
        for naming in wanted:
            designation, name, number, full_name = naming
            key = name_key(designation)
            object_id = known.get(key)
            if object_id is None and number is not None:
                object_id = known.get(str(number))
            if object_id is None:
                object_id, self._free = self._free, self._free + 1
                new_objects.append(
                    (object_id, designation, name, number, full_name or designation, now)
                )
                new_aliases += [(k, object_id, text) for k, text in naming.keys().items()]
                known[key] = object_id
                if number is not None:
                    known.setdefault(str(number), object_id)
            elif object_id < self._first_new and (name or number is not None):
                later.append((object_id, naming))
            found.append(object_id)
        columns = ("id", "designation", "name", "number", "full_name", "added_utc")
        insert_rows(self._connection, objects, columns, new_objects)
        new_aliases.sort()  # an index is filled fastest in its own order
        insert_rows(self._connection, aliases, ("key", "object_id", "alias"), new_aliases)
        _learn(self._connection, later)
        return found


def _known(connection: Connection, keys: Sequence[str] | None) -> dict[str, int]:
    """Which keys belong to one object each; of all keys that there are, if none are named."""
    query = select(aliases.c.key, aliases.c.object_id)
    if keys is None:
        pieces = [query]
    else:
        pieces = [query.where(aliases.c.key.in_(some)) for some in chunks(keys)]
    known: dict[str, int] = {}
    shared: dict[str, list[int]] = {}
    for piece in pieces:
        for key, object_id in connection.execute(piece):
            if key in known:
                shared.setdefault(key, [known[key]]).append(object_id)
            known[key] = object_id
    for key, ids in shared.items():  # a comet's name, say: only who is designated so
        own = [
            row.id
            for some in chunks(ids)
            for row in connection.execute(select(objects).where(objects.c.id.in_(some)))
            if name_key(row.designation) == key
        ]
        if own:
            known[key] = own[0]
        else:
            del known[key]
    return known


def _learn(connection: Connection, known: Sequence[tuple[int, Naming]]) -> None:
    """Add to known objects the names and numbers that they did not have."""
    for some in chunks(known):
        ids = [object_id for object_id, _ in some]
        rows = {
            row.id: row for row in connection.execute(select(objects).where(objects.c.id.in_(ids)))
        }
        query = select(aliases.c.key, aliases.c.object_id).where(aliases.c.object_id.in_(ids))
        have = {(row.key, row.object_id) for row in connection.execute(query)}
        fresh: dict[tuple[str, int], tuple[object, ...]] = {}
        for object_id, naming in some:
            for key, text in naming.keys().items():
                if (key, object_id) not in have:
                    fresh[key, object_id] = (key, object_id, text)
            row = rows[object_id]
            gained = {
                "name": naming.name if row.name is None else row.name,
                "number": naming.number if row.number is None else row.number,
            }
            if (gained["name"], gained["number"]) != (row.name, row.number):
                gained["full_name"] = naming.full_name or row.full_name
                connection.execute(
                    update(objects).where(objects.c.id == object_id).values(**gained)
                )
        insert_rows(connection, aliases, ("key", "object_id", "alias"), list(fresh.values()))


def _object(row: Row[Any]) -> CatalogueObject:
    return CatalogueObject(int(row.id), row.designation, row.name, row.number, row.full_name)
