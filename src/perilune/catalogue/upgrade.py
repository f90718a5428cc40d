"""Making the tables and changing them from version to version, by Alembic."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(connection: Connection, place: str) -> None:
    """Bring a database to this version, in the transaction that is under way.

    Args:
        connection: in a writing transaction.
        place: of the database, for messages.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["place"] = place
    command.upgrade(config, "head")
