"""The first tables: objects, observations, orbits, assessments, alerts, and the office's own."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Rows of these are never altered or removed.
APPEND_ONLY = ("submissions", "observations", "signatures", "audit_log")

# Of the risk list; Alembic does not write indexes of expressions by itself.
ORDERS = {
    "palermo": ("coalesce(palermo_cumulative, -1e9)",),
    "torino": ("coalesce(torino_max, -1)", "impact_probability"),
    "date": ("coalesce(first_impact_mjd_tdb, 1e9)",),
}


def upgrade() -> None:
    """Make the tables, and the triggers that guard what is append-only."""
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at_utc", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail_json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_log")),
    )
    op.create_index("ix_audit_log_subject", "audit_log", ["subject"], unique=False)
    op.create_table(
        "cycles",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("settings_json", sa.Text(), nullable=False),
        sa.Column("started_utc", sa.Text(), nullable=False),
        sa.Column("now_mjd_tdb", sa.Double(), nullable=False),
        sa.Column("until_mjd_tdb", sa.Double(), nullable=False),
        sa.Column("finished_utc", sa.Text(), nullable=True),
        sa.Column("summary_json", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('running', 'done', 'failed')", name=op.f("ck_cycles_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cycles")),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("done_fraction", sa.Double(), nullable=False),
        sa.Column("request_json", sa.Text(), nullable=False),
        sa.Column("result_json", sa.Text(), nullable=True),
        sa.Column("error_json", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=True),
        sa.Column("created_utc", sa.Text(), nullable=False),
        sa.Column("updated_utc", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed')", name=op.f("ck_jobs_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index("ix_jobs_created_utc", "jobs", ["created_utc"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("acquired_unix_s", sa.Double(), nullable=False),
        sa.Column("heartbeat_unix_s", sa.Double(), nullable=False),
        sa.Column("lease_s", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "objects",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("designation", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("added_utc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_objects")),
        sa.UniqueConstraint("designation", name=op.f("uq_objects_designation")),
    )
    op.create_table(
        "partners",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("added_utc", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partners")),
        sa.UniqueConstraint("slug", name=op.f("uq_partners_slug")),
    )
    op.create_table(
        "stations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_utc", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stations")),
        sa.UniqueConstraint("slug", name=op.f("uq_stations_slug")),
    )
    op.create_table(
        "submissions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=False),
        sa.Column("submitted_utc", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("rejected_json", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('observations', 'orbits')", name=op.f("ck_submissions_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
        sa.UniqueConstraint("sha256", name=op.f("uq_submissions_sha256")),
    )
    op.create_table(
        "aliases",
        sa.Column(
            "key", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=False
        ),
        sa.Column(
            "object_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_aliases_object_id")),
        sa.PrimaryKeyConstraint("key", "object_id", name=op.f("pk_aliases")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_aliases_object_id", "aliases", ["object_id"], unique=False)
    op.create_table(
        "cycle_steps",
        sa.Column(
            "cycle_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_utc", sa.Text(), nullable=True),
        sa.Column("finished_utc", sa.Text(), nullable=True),
        sa.Column("detail_json", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'failed')", name=op.f("ck_cycle_steps_state")
        ),
        sa.ForeignKeyConstraint(["cycle_id"], ["cycles.id"], name=op.f("fk_cycle_steps_cycle_id")),
        sa.PrimaryKeyConstraint("cycle_id", "step", name=op.f("pk_cycle_steps")),
    )
    op.create_table(
        "observations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "object_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column(
            "submission_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("designation", sa.Text(), nullable=True),
        sa.Column("kind", sa.Integer(), nullable=True),
        sa.Column("epoch_mjd_tdb", sa.Double(), nullable=True),
        sa.Column("ra_rad", sa.Double(), nullable=True),
        sa.Column("dec_rad", sa.Double(), nullable=True),
        sa.Column("delay_s", sa.Double(), nullable=True),
        sa.Column("doppler_hz", sa.Double(), nullable=True),
        sa.Column("frequency_hz", sa.Double(), nullable=True),
        sa.Column("transmitter", sa.Text(), nullable=True),
        sa.Column("is_surface", sa.Boolean(), nullable=True),
        sa.Column("station", sa.Text(), nullable=True),
        sa.Column("position_system", sa.Text(), nullable=True),
        sa.Column("position_center", sa.Integer(), nullable=True),
        sa.Column("position_1", sa.Double(), nullable=True),
        sa.Column("position_2", sa.Double(), nullable=True),
        sa.Column("position_3", sa.Double(), nullable=True),
        sa.Column("sigma_ra_rad", sa.Double(), nullable=True),
        sa.Column("sigma_dec_rad", sa.Double(), nullable=True),
        sa.Column("correlation", sa.Double(), nullable=True),
        sa.Column("sigma_time_s", sa.Double(), nullable=True),
        sa.Column("sigma_delay_s", sa.Double(), nullable=True),
        sa.Column("sigma_doppler_hz", sa.Double(), nullable=True),
        sa.Column("bias_ra_rad", sa.Double(), nullable=True),
        sa.Column("bias_dec_rad", sa.Double(), nullable=True),
        sa.Column("precision_ra_rad", sa.Double(), nullable=True),
        sa.Column("precision_dec_rad", sa.Double(), nullable=True),
        sa.Column("precision_time_s", sa.Double(), nullable=True),
        sa.Column("magnitude", sa.Double(), nullable=True),
        sa.Column("band", sa.Text(), nullable=True),
        sa.Column("sigma_magnitude", sa.Double(), nullable=True),
        sa.Column("catalog", sa.Text(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("program", sa.Text(), nullable=True),
        sa.Column("is_discovery", sa.Boolean(), nullable=True),
        sa.Column("is_excluded", sa.Boolean(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("file", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_observations_object_id")
        ),
        sa.ForeignKeyConstraint(
            ["submission_id"], ["submissions.id"], name=op.f("fk_observations_submission_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_observations")),
        sa.UniqueConstraint("object_id", "sha256", name=op.f("uq_observations_object_id_sha256")),
    )
    op.create_index(
        "ix_observations_submission_id", "observations", ["submission_id"], unique=False
    )
    op.create_table(
        "orbits",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "object_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("is_preferred", sa.Boolean(), nullable=False),
        sa.Column("solution", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("solution_date", sa.Text(), nullable=True),
        sa.Column("epoch_mjd_tdb", sa.Double(), nullable=False),
        sa.Column("semi_major_axis_au", sa.Double(), nullable=True),
        sa.Column("semi_major_axis_sigma_au", sa.Double(), nullable=True),
        sa.Column("eccentricity", sa.Double(), nullable=True),
        sa.Column("inclination_deg", sa.Double(), nullable=True),
        sa.Column("node_deg", sa.Double(), nullable=True),
        sa.Column("argument_of_perihelion_deg", sa.Double(), nullable=True),
        sa.Column("mean_anomaly_deg", sa.Double(), nullable=True),
        sa.Column("perihelion_distance_au", sa.Double(), nullable=True),
        sa.Column("absolute_magnitude_h", sa.Double(), nullable=True),
        sa.Column("slope_g", sa.Double(), nullable=True),
        sa.Column("diameter_km", sa.Double(), nullable=True),
        sa.Column("albedo", sa.Double(), nullable=True),
        sa.Column("has_covariance", sa.Boolean(), nullable=False),
        sa.Column("document_json", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("added_by", sa.Text(), nullable=False),
        sa.Column("added_utc", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_orbits_object_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orbits")),
        sa.UniqueConstraint("object_id", "sha256", name=op.f("uq_orbits_object_id_sha256")),
    )
    op.create_index(
        "uq_orbits_preferred",
        "orbits",
        ["object_id"],
        unique=True,
        sqlite_where=sa.text("is_preferred = 1"),
        postgresql_where=sa.text("is_preferred"),
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "partner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("created_utc", sa.Text(), nullable=False),
        sa.Column("expires_utc", sa.Text(), nullable=True),
        sa.Column("revoked_utc", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["partner_id"], ["partners.id"], name=op.f("fk_tokens_partner_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("sha256", name=op.f("uq_tokens_sha256")),
    )
    op.create_table(
        "approach_searches",
        sa.Column(
            "object_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("orbit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("start_mjd_tdb", sa.Double(), nullable=False),
        sa.Column("stop_mjd_tdb", sa.Double(), nullable=False),
        sa.Column("within_km", sa.Double(), nullable=False),
        sa.Column("software_version", sa.Text(), nullable=False),
        sa.Column("searched_utc", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_approach_searches_object_id")
        ),
        sa.ForeignKeyConstraint(
            ["orbit_id"], ["orbits.id"], name=op.f("fk_approach_searches_orbit_id")
        ),
        sa.PrimaryKeyConstraint("object_id", name=op.f("pk_approach_searches")),
    )
    op.create_table(
        "approaches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "object_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("orbit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("epoch_mjd_tdb", sa.Double(), nullable=False),
        sa.Column("distance_km", sa.Double(), nullable=False),
        sa.Column("speed_km_s", sa.Double(), nullable=False),
        sa.Column("xi_km", sa.Double(), nullable=False),
        sa.Column("zeta_km", sa.Double(), nullable=False),
        sa.Column("epoch_sigma_s", sa.Double(), nullable=True),
        sa.Column("distance_sigma_km", sa.Double(), nullable=True),
        sa.Column("xi_xi_km2", sa.Double(), nullable=True),
        sa.Column("xi_zeta_km2", sa.Double(), nullable=True),
        sa.Column("zeta_zeta_km2", sa.Double(), nullable=True),
        sa.Column("is_impact", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_approaches_object_id")
        ),
        sa.ForeignKeyConstraint(["orbit_id"], ["orbits.id"], name=op.f("fk_approaches_orbit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approaches")),
    )
    op.create_index(
        "ix_approaches_epoch_mjd_tdb",
        "approaches",
        ["epoch_mjd_tdb", "body", "distance_km", "id"],
        unique=False,
    )
    op.create_index(
        "ix_approaches_object_id", "approaches", ["object_id", "epoch_mjd_tdb"], unique=False
    )
    op.create_table(
        "assessments",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "object_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("orbit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("impact_probability", sa.Double(), nullable=False),
        sa.Column("probability_low", sa.Double(), nullable=False),
        sa.Column("probability_high", sa.Double(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("method_reason", sa.Text(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=True),
        sa.Column("palermo_cumulative", sa.Double(), nullable=True),
        sa.Column("palermo_max", sa.Double(), nullable=True),
        sa.Column("torino_max", sa.Integer(), nullable=True),
        sa.Column("linear_probability", sa.Double(), nullable=True),
        sa.Column("first_impact_mjd_tdb", sa.Double(), nullable=True),
        sa.Column("until_utc", sa.Text(), nullable=False),
        sa.Column("assessed_mjd_tdb", sa.Double(), nullable=False),
        sa.Column("assessed_utc", sa.Text(), nullable=False),
        sa.Column("software_version", sa.Text(), nullable=False),
        sa.Column("ephemeris", sa.Text(), nullable=False),
        sa.Column("inputs_sha256", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["object_id"], ["objects.id"], name=op.f("fk_assessments_object_id")
        ),
        sa.ForeignKeyConstraint(["orbit_id"], ["orbits.id"], name=op.f("fk_assessments_orbit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
        sa.UniqueConstraint(
            "object_id",
            "body",
            "inputs_sha256",
            name=op.f("uq_assessments_object_id_body_inputs_sha256"),
        ),
    )
    op.create_index(
        "ix_assessments_probability",
        "assessments",
        ["body", "impact_probability", "id"],
        unique=False,
        sqlite_where=sa.text("is_current = 1"),
        postgresql_where=sa.text("is_current"),
    )
    op.create_index(
        "uq_assessments_current",
        "assessments",
        ["object_id", "body"],
        unique=True,
        sqlite_where=sa.text("is_current = 1"),
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "fits",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "object_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("orbit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("observations_sha256", sa.LargeBinary(), nullable=False),
        sa.Column(
            "last_observation_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("software_version", sa.Text(), nullable=False),
        sa.Column("fitted_utc", sa.Text(), nullable=False),
        sa.Column("rms_arcsec", sa.Double(), nullable=True),
        sa.Column("chi2_reduced", sa.Double(), nullable=True),
        sa.Column("arc_d", sa.Double(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_fits_object_id")),
        sa.ForeignKeyConstraint(["orbit_id"], ["orbits.id"], name=op.f("fk_fits_orbit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fits")),
        sa.UniqueConstraint(
            "object_id",
            "observations_sha256",
            "software_version",
            name=op.f("uq_fits_object_id_observations_sha256_software_version"),
        ),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column(
            "object_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column(
            "assessment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("message_json", sa.Text(), nullable=False),
        sa.Column("signers_json", sa.Text(), nullable=False),
        sa.Column("release_channels_json", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("raised_utc", sa.Text(), nullable=False),
        sa.Column("released_utc", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "event IN ('raised', 'changed', 'withdrawn')", name=op.f("ck_alerts_event")
        ),
        sa.CheckConstraint(
            "release IN ('internal', 'awaiting', 'released', 'superseded')",
            name=op.f("ck_alerts_release"),
        ),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_alerts_assessment_id")
        ),
        sa.ForeignKeyConstraint(["object_id"], ["objects.id"], name=op.f("fk_alerts_object_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint("sha256", name=op.f("uq_alerts_sha256")),
    )
    op.create_index("ix_alerts_object_id", "alerts", ["object_id"], unique=False)
    op.create_index("ix_alerts_raised_utc", "alerts", ["raised_utc"], unique=False)
    op.create_index(
        "uq_alerts_open",
        "alerts",
        ["rule", "object_id", "body"],
        unique=True,
        sqlite_where=sa.text("is_open = 1"),
        postgresql_where=sa.text("is_open"),
    )
    op.create_table(
        "virtual_impactors",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "assessment_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("epoch_utc", sa.Text(), nullable=False),
        sa.Column("impact_probability", sa.Double(), nullable=False),
        sa.Column("probability_low", sa.Double(), nullable=False),
        sa.Column("probability_high", sa.Double(), nullable=False),
        sa.Column("sigma_lov", sa.Double(), nullable=True),
        sa.Column("stretch", sa.Double(), nullable=True),
        sa.Column("width_km", sa.Double(), nullable=True),
        sa.Column("speed_km_s", sa.Double(), nullable=True),
        sa.Column("longitude_deg", sa.Double(), nullable=True),
        sa.Column("latitude_deg", sa.Double(), nullable=True),
        sa.Column("energy_mt", sa.Double(), nullable=True),
        sa.Column("palermo", sa.Double(), nullable=True),
        sa.Column("torino", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name=op.f("fk_virtual_impactors_assessment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_virtual_impactors")),
    )
    op.create_index(
        "ix_virtual_impactors_assessment_id", "virtual_impactors", ["assessment_id"], unique=False
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("alert_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("last_attempt_utc", sa.Text(), nullable=True),
        sa.Column("delivered_utc", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_deliveries_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("alert_id", "channel", name=op.f("uq_deliveries_alert_id_channel")),
    )
    op.create_table(
        "signatures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("alert_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "partner_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("signed_by", sa.Text(), nullable=False),
        sa.Column("signed_utc", sa.Text(), nullable=False),
        sa.Column("message_sha256", sa.LargeBinary(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_signatures_alert_id")),
        sa.ForeignKeyConstraint(
            ["partner_id"], ["partners.id"], name=op.f("fk_signatures_partner_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signatures")),
        sa.UniqueConstraint(
            "alert_id", "partner_id", name=op.f("uq_signatures_alert_id_partner_id")
        ),
    )
    for name, order in ORDERS.items():
        op.create_index(
            f"ix_assessments_{name}",
            "assessments",
            ["body", *(sa.text(each) for each in order), "id"],
            sqlite_where=sa.text("is_current = 1"),
            postgresql_where=sa.text("is_current"),
        )

    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _guard_sqlite() -> None:
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
