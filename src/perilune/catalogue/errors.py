"""What can go wrong with a database, as errors that say what to do."""

from __future__ import annotations

from perilune.errors import PeriluneError


class DatabaseError(PeriluneError):
    """The database cannot be used."""

    exit_code = 4


class DatabaseLockedError(DatabaseError):
    """Another process holds the database for longer than we wait; nothing was changed."""


class DatabaseFullError(DatabaseError):
    """There is no room to write; the transaction was undone, what was there before stays."""


class DatabaseDamagedError(DatabaseError):
    """The file is no database, or its integrity check fails."""


class DatabaseTooNewError(DatabaseError):
    """The database was made by a later version of Perilune."""
