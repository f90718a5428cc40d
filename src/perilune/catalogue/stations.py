"""Station files that the catalogue keeps, by a short name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, insert, select, update

from perilune.catalogue.audit import write_audit
from perilune.catalogue.records import digest, utc_now
from perilune.catalogue.tables import stations
from perilune.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class StoredStation:
    """One station file.

    Attributes:
        id: its number in this database.
        slug: its short name: "ilrs".
        name: its name for people.
        document: the file's text (YAML).
        sha256: hexadecimal digest of the text.
        added_by, added_utc: who put it in, and when.
    """

    id: int
    slug: str
    name: str
    document: str
    sha256: str
    added_by: str
    added_utc: str


def put_station(
    connection: Connection, slug: str, name: str, document: str, by: str
) -> StoredStation:
    """Keep a station file, in the place of an earlier one of its short name; audited."""
    sha256 = digest(document)
    present = connection.execute(select(stations).where(stations.c.slug == slug)).first()
    values = {
        "name": name,
        "document": document,
        "sha256": sha256,
        "added_by": by,
        "added_utc": utc_now(),
    }
    if present is None:
        connection.execute(insert(stations).values(slug=slug, **values))
    elif bytes(present.sha256) != sha256:
        connection.execute(update(stations).where(stations.c.slug == slug).values(**values))
    else:
        return _station(present)
    write_audit(connection, by, "station", f"station:{slug}", {"sha256": sha256.hex()})
    return find_station(connection, slug)


def find_station(connection: Connection, slug: str) -> StoredStation:
    """The station of a short name.

    Raises:
        UnknownNameError: there is none.
    """
    row = connection.execute(select(stations).where(stations.c.slug == slug)).first()
    if row is None:
        raise UnknownNameError("station", slug, [each.slug for each in all_stations(connection)])
    return _station(row)


def all_stations(connection: Connection) -> list[StoredStation]:
    """Every station, by short name."""
    return [_station(r) for r in connection.execute(select(stations).order_by(stations.c.slug))]


def _station(row: Any) -> StoredStation:
    return StoredStation(
        row.id,
        row.slug,
        row.name,
        row.document,
        bytes(row.sha256).hex(),
        row.added_by,
        row.added_utc,
    )
