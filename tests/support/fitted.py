"""The seeded catalogue with an object whose observations a cycle has fitted: 2030 AB1."""

from __future__ import annotations

from pathlib import Path

from seeded import ASSESSED, seeded_database
from watching import observed

from perilune.astrometry import parse_observations
from perilune.catalogue import Database, submit_observations
from perilune.catalogue.cycles import begin_cycle
from perilune.catalogue.fits import objects_to_fit
from perilune.catalogue.leases import Lease
from perilune.watch.journal import Journal
from perilune.watch.refit import fit_objects
from perilune.watch.work import CycleSettings, Work


def fitted_database(file: Path) -> Database:
    """Open a new database there; to be closed by the caller."""
    database = seeded_database(file)
    content = observed("2030 AB1", 5).encode()
    with database.write() as connection:
        submit_observations(connection, content, parse_observations(content, "night.psv"), "test")
    settings = CycleSettings(threads=1)
    with database.write() as connection:
        pending = objects_to_fit(connection)
        cycle = begin_cycle(connection, settings.identity(), ["fit"], ASSESSED, ASSESSED)
    with Journal(None) as journal, Lease(database, "watch") as lease:
        fit_objects(Work(database, lease, cycle, settings, None, journal, lambda *_: None), pending)
    return database
