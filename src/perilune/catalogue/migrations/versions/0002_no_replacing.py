"""SQLite: what is append-only cannot be replaced either.

`INSERT OR REPLACE` removes the rows that stand in its way without firing their DELETE triggers
(https://www.sqlite.org/lang_conflict.html, unless recursive_triggers is set for the connection),
so that anyone with the file could put another row in the place of one of the audit log.
PostgreSQL has no such statement; its ON CONFLICT DO UPDATE meets the guard against updates.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Tables whose rows are never altered or removed, with what no two rows of each have in common.
UNIQUE = {
    "submissions": ("id = NEW.id", "sha256 = NEW.sha256"),
    "observations": ("id = NEW.id", "object_id = NEW.object_id AND sha256 = NEW.sha256"),
    "signatures": ("id = NEW.id", "alert_id = NEW.alert_id AND partner_id = NEW.partner_id"),
    "audit_log": ("id = NEW.id",),
}


def upgrade() -> None:
    """Guard the tables against rows that would take the place of others."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table, clashes in UNIQUE.items():
        there = " OR ".join(f"EXISTS (SELECT 1 FROM {table} WHERE {clash})" for clash in clashes)
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN {there} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
