"""The tables, as SQLAlchemy sees them; `migrations/` makes and changes them in a database.

Times of the office ("_utc") are ISO 8601 texts in UTC with a final Z, which sort as they follow
each other; times of the sky are MJD TDB. Digests are SHA-256, 32 bytes. What is JSON stands in
columns that end in "_json". What was submitted or decided is never altered: triggers on
`submissions`, `observations`, `signatures` and `audit_log` refuse to change or remove rows, on
SQLite and PostgreSQL alike.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.types import TypeEngine

from perilune.astrometry.observations import Observations

metadata: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the key's type is exactly INTEGER.
_Key: Final = BigInteger().with_variant(Integer, "sqlite")
# Searches by prefix are ranges of code points; PostgreSQL's own order would be the locale's.
_Plain: Final = Text().with_variant(Text(collation="C"), "postgresql")

APPEND_ONLY: Final = ("submissions", "observations", "signatures", "audit_log")


def _id() -> Column[int]:
    return Column("id", _Key, primary_key=True)


def _to(table: str, *, nullable: bool = False, name: str | None = None) -> Column[int]:
    column = name or {"objects": "object_id"}.get(table, f"{table.removesuffix('s')}_id")
    return Column(column, _Key, ForeignKey(f"{table}.id"), nullable=nullable)


def _texts(*names: str, nullable: bool = False) -> list[Column[str]]:
    return [Column(name, Text, nullable=nullable) for name in names]


def _numbers(*names: str, nullable: bool = True) -> list[Column[float]]:
    return [Column(name, Double, nullable=nullable) for name in names]


objects = Table(
    "objects",
    metadata,
    _id(),
    Column("designation", Text, nullable=False, unique=True),
    Column("name", Text),
    Column("number", Integer),
    *_texts("full_name", "added_utc"),
)

aliases = Table(
    "aliases",
    metadata,
    Column("key", _Plain, primary_key=True),
    Column("object_id", _Key, ForeignKey("objects.id"), primary_key=True),
    *_texts("alias"),
    Index("ix_aliases_object_id", "object_id"),
    sqlite_with_rowid=False,
)

submissions = Table(
    "submissions",
    metadata,
    _id(),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    *_texts("kind", "file", "format", "submitted_by", "submitted_utc"),
    Column("content", LargeBinary, nullable=False),
    Column("rejected_json", Text),
    CheckConstraint("kind IN ('observations', 'orbits')", name="kind"),
)


def _observation_columns() -> list[Column[Any]]:
    """One column for each of `Observations`, of its name; the position is three."""
    columns: list[Column[Any]] = []
    for item in fields(Observations):
        kind: TypeEngine[Any] = Text()
        if item.type == "FloatArray":
            kind = Double()
        elif "bool" in str(item.type):
            kind = Boolean()
        elif "int" in str(item.type):
            kind = Integer()
        names = [f"position_{k}" for k in (1, 2, 3)] if item.name == "position" else [item.name]
        columns += [Column(name, kind) for name in names]
    return columns


observations = Table(
    "observations",
    metadata,
    _id(),
    _to("objects"),
    _to("submissions"),
    Column("sha256", LargeBinary, nullable=False),
    Column("text", Text),
    *_observation_columns(),
    UniqueConstraint("object_id", "sha256"),
    Index("ix_observations_submission_id", "submission_id"),
)

orbits = Table(
    "orbits",
    metadata,
    _id(),
    _to("objects"),
    Column("sha256", LargeBinary, nullable=False),
    Column("is_preferred", Boolean, nullable=False),
    *_texts("solution", "publisher"),
    *_texts("solution_date", nullable=True),
    *_numbers("epoch_mjd_tdb", nullable=False),
    *_numbers(
        "semi_major_axis_au", "semi_major_axis_sigma_au", "eccentricity", "inclination_deg",
        "node_deg", "argument_of_perihelion_deg", "mean_anomaly_deg", "perihelion_distance_au",
        "absolute_magnitude_h", "slope_g", "diameter_km", "albedo",
    ),
    Column("has_covariance", Boolean, nullable=False),
    Column("document_json", Text),
    *_texts("source", "added_by", "added_utc"),
    UniqueConstraint("object_id", "sha256"),
    Index(
        "uq_orbits_preferred",
        "object_id",
        unique=True,
        sqlite_where=text("is_preferred = 1"),
        postgresql_where=text("is_preferred"),
    ),
)  # fmt: skip

fits = Table(
    "fits",
    metadata,
    _id(),
    _to("objects"),
    _to("orbits", nullable=True),
    Column("observations_sha256", LargeBinary, nullable=False),
    Column("last_observation_id", _Key, nullable=False),
    *_texts("status", "reason", "software_version", "fitted_utc"),
    *_numbers("rms_arcsec", "chi2_reduced", "arc_d"),
    Column("used", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    UniqueConstraint("object_id", "observations_sha256", "software_version"),
)

assessments = Table(
    "assessments",
    metadata,
    _id(),
    _to("objects"),
    _to("orbits"),
    *_texts("body"),
    Column("is_current", Boolean, nullable=False),
    *_numbers("impact_probability", "probability_low", "probability_high", nullable=False),
    *_texts("method", "method_reason"),
    Column("samples", Integer, nullable=False),
    Column("seed", Integer),
    *_numbers("palermo_cumulative", "palermo_max"),
    Column("torino_max", Integer),
    *_numbers("linear_probability"),
    *_numbers("first_impact_mjd_tdb"),
    *_texts("until_utc"),
    *_numbers("assessed_mjd_tdb", nullable=False),
    *_texts("assessed_utc", "software_version", "ephemeris"),
    Column("inputs_sha256", LargeBinary, nullable=False),
    UniqueConstraint("object_id", "body", "inputs_sha256"),
)
# Written as SQLAlchemy writes the condition in a query: SQLite knows them for the same only then.
_CURRENT: Final[dict[str, Any]] = {
    "sqlite_where": text("is_current = 1"),
    "postgresql_where": text("is_current"),
}
Index(
    "uq_assessments_current", assessments.c.object_id, assessments.c.body, unique=True, **_CURRENT
)
# A risk list has one order for each of these indexes. What has no such value comes last in them,
# which the two databases see differently; so it is put far off.
palermo_order: Final = func.coalesce(assessments.c.palermo_cumulative, text("-1e9"))
torino_order: Final = func.coalesce(assessments.c.torino_max, text("-1"))
date_order: Final = func.coalesce(assessments.c.first_impact_mjd_tdb, text("1e9"))
_BODY: Final = assessments.c.body
_chance: Final = assessments.c.impact_probability
Index("ix_assessments_probability", _BODY, _chance, assessments.c.id, **_CURRENT)
Index("ix_assessments_palermo", _BODY, palermo_order, assessments.c.id, **_CURRENT)
Index("ix_assessments_torino", _BODY, torino_order, _chance, assessments.c.id, **_CURRENT)
Index("ix_assessments_date", _BODY, date_order, assessments.c.id, **_CURRENT)

virtual_impactors = Table(
    "virtual_impactors",
    metadata,
    _id(),
    _to("assessments"),
    *_texts("epoch_utc"),
    *_numbers("impact_probability", "probability_low", "probability_high", nullable=False),
    *_numbers(
        "sigma_lov", "stretch", "width_km", "speed_km_s", "longitude_deg", "latitude_deg",
        "energy_mt", "palermo",
    ),
    Column("torino", Integer),
    Index("ix_virtual_impactors_assessment_id", "assessment_id"),
)  # fmt: skip

approach_searches = Table(
    "approach_searches",
    metadata,
    Column("object_id", _Key, ForeignKey("objects.id"), primary_key=True, autoincrement=False),
    _to("orbits"),
    *_numbers("start_mjd_tdb", "stop_mjd_tdb", "within_km", nullable=False),
    *_texts("software_version", "searched_utc"),
)

approaches = Table(
    "approaches",
    metadata,
    _id(),
    _to("objects"),
    _to("orbits"),
    *_texts("body"),
    *_numbers("epoch_mjd_tdb", "distance_km", "speed_km_s", "xi_km", "zeta_km", nullable=False),
    *_numbers("epoch_sigma_s", "distance_sigma_km"),
    *_numbers("xi_xi_km2", "xi_zeta_km2", "zeta_zeta_km2"),
    Column("is_impact", Boolean, nullable=False),
    Index("ix_approaches_epoch_mjd_tdb", "epoch_mjd_tdb", "body", "distance_km", "id"),
    Index("ix_approaches_object_id", "object_id", "epoch_mjd_tdb"),
)

partners = Table(
    "partners",
    metadata,
    _id(),
    Column("slug", Text, nullable=False, unique=True),
    *_texts("name"),
    *_texts("email", nullable=True),
    *_texts("added_utc"),
)

tokens = Table(
    "tokens",
    metadata,
    _id(),
    _to("partners"),
    *_texts("label", "roles"),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    *_texts("created_utc"),
    *_texts("expires_utc", "revoked_utc", nullable=True),
)

alerts = Table(
    "alerts",
    metadata,
    _id(),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    _to("objects"),
    *_texts("rule", "body", "event", "severity", "title"),
    Column("assessment_id", _Key, ForeignKey("assessments.id")),
    Column("is_open", Boolean, nullable=False),
    *_texts("message_json", "signers_json", "release_channels_json", "release"),
    *_texts("raised_utc"),
    *_texts("released_utc", nullable=True),
    CheckConstraint("event IN ('raised', 'changed', 'withdrawn')", name="event"),
    CheckConstraint(
        "release IN ('internal', 'awaiting', 'released', 'superseded')", name="release"
    ),
    Index("ix_alerts_raised_utc", "raised_utc"),
    Index("ix_alerts_object_id", "object_id"),
)
Index(
    "uq_alerts_open",
    alerts.c.rule,
    alerts.c.object_id,
    alerts.c.body,
    unique=True,
    sqlite_where=text("is_open = 1"),
    postgresql_where=text("is_open"),
)

deliveries = Table(
    "deliveries",
    metadata,
    _id(),
    _to("alerts"),
    *_texts("channel", "state"),
    Column("attempts", Integer, nullable=False),
    *_texts("last_error", "last_attempt_utc", "delivered_utc", nullable=True),
    UniqueConstraint("alert_id", "channel"),
)

signatures = Table(
    "signatures",
    metadata,
    _id(),
    _to("alerts"),
    _to("partners"),
    *_texts("signed_by", "signed_utc"),
    Column("message_sha256", LargeBinary, nullable=False),
    *_texts("note", nullable=True),
    UniqueConstraint("alert_id", "partner_id"),
)

stations = Table(
    "stations",
    metadata,
    _id(),
    Column("slug", Text, nullable=False, unique=True),
    *_texts("name", "document", "added_by", "added_utc"),
    Column("sha256", LargeBinary, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Text, primary_key=True),
    *_texts("kind", "state", "label"),
    *_numbers("done_fraction", nullable=False),
    *_texts("request_json"),
    *_texts("result_json", "error_json", "requested_by", nullable=True),
    *_texts("created_utc", "updated_utc"),
    CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="state"),
    Index("ix_jobs_created_utc", "created_utc"),
)

audit_log = Table(
    "audit_log",
    metadata,
    _id(),
    *_texts("at_utc", "actor", "action", "subject", "detail_json"),
    Index("ix_audit_log_subject", "subject"),
)

cycles = Table(
    "cycles",
    metadata,
    _id(),
    *_texts("state", "settings_json", "started_utc"),
    *_numbers("now_mjd_tdb", "until_mjd_tdb", nullable=False),
    *_texts("finished_utc", "summary_json", nullable=True),
    CheckConstraint("state IN ('running', 'done', 'failed')", name="state"),
)

cycle_steps = Table(
    "cycle_steps",
    metadata,
    Column("cycle_id", _Key, ForeignKey("cycles.id"), primary_key=True, autoincrement=False),
    Column("step", Text, primary_key=True),
    *_texts("state"),
    *_texts("started_utc", "finished_utc", "detail_json", nullable=True),
    CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="state"),
)

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    *_texts("holder"),
    *_numbers("acquired_unix_s", "heartbeat_unix_s", "lease_s", nullable=False),
)
