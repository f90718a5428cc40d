"""Fits of the catalogue's own observations: what was tried on which, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from perilune.catalogue.records import utc_now
from perilune.catalogue.tables import fits, observations


@dataclass(frozen=True, slots=True)
class StoredFit:
    """One fit.

    Attributes:
        object_id: the object.
        orbit_id: the solution that it gave, if it converged.
        observations_sha256: hexadecimal digest of the observations that it had.
        last_observation_id: the youngest of them.
        status, reason: the verdict.
        rms_arcsec, chi2_reduced, arc_d: its figures, where there are any.
        used, rejected: observations.
        software_version, fitted_utc: by what and when.
    """

    object_id: int
    orbit_id: int | None
    observations_sha256: str
    last_observation_id: int
    status: str
    reason: str
    rms_arcsec: float | None
    chi2_reduced: float | None
    arc_d: float | None
    used: int
    rejected: int
    software_version: str
    fitted_utc: str = ""


def add_fit(connection: Connection, fit: StoredFit) -> None:
    """Keep a fit; `fitted_utc` is now."""
    connection.execute(
        insert(fits).values(
            object_id=fit.object_id,
            orbit_id=fit.orbit_id,
            observations_sha256=bytes.fromhex(fit.observations_sha256),
            last_observation_id=fit.last_observation_id,
            status=fit.status,
            reason=fit.reason,
            rms_arcsec=fit.rms_arcsec,
            chi2_reduced=fit.chi2_reduced,
            arc_d=fit.arc_d,
            used=fit.used,
            rejected=fit.rejected,
            software_version=fit.software_version,
            fitted_utc=utc_now(),
        )
    )


def objects_to_fit(connection: Connection) -> list[tuple[int, int]]:
    """Objects with observations that no fit has had, with the number of their youngest one."""
    youngest = (
        select(observations.c.object_id, func.max(observations.c.id).label("last"))
        .group_by(observations.c.object_id)
        .subquery()
    )
    fitted = (
        select(fits.c.object_id, func.max(fits.c.last_observation_id).label("last"))
        .group_by(fits.c.object_id)
        .subquery()
    )
    query = (
        select(youngest.c.object_id, youngest.c.last)
        .outerjoin(fitted, fitted.c.object_id == youngest.c.object_id)
        .where(fitted.c.last.is_(None) | (fitted.c.last < youngest.c.last))
        .order_by(youngest.c.object_id)
    )
    return [(int(row[0]), int(row[1])) for row in connection.execute(query)]


def fits_of(connection: Connection, object_id: int) -> list[StoredFit]:
    """An object's fits, the latest first."""
    query = select(fits).where(fits.c.object_id == object_id).order_by(fits.c.id.desc())
    return [_stored(row) for row in connection.execute(query)]


def _stored(row: Any) -> StoredFit:
    return StoredFit(
        object_id=row.object_id,
        orbit_id=row.orbit_id,
        observations_sha256=bytes(row.observations_sha256).hex(),
        last_observation_id=row.last_observation_id,
        status=row.status,
        reason=row.reason,
        rms_arcsec=row.rms_arcsec,
        chi2_reduced=row.chi2_reduced,
        arc_d=row.arc_d,
        used=row.used,
        rejected=row.rejected,
        software_version=row.software_version,
        fitted_utc=row.fitted_utc,
    )
