"""What every step of a cycle works with: the database under its lock, the settings, the journal."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from perilune import __version__
from perilune.catalogue import Database
from perilune.catalogue.cycles import Cycle
from perilune.catalogue.leases import Lease
from perilune.station.station import Station
from perilune.watch.journal import Journal
from perilune.watch.rules import Rules

Progress = Callable[[float, str], None]

BODIES: Final = ("earth", "moon")
EPHEMERIS: Final = "DE440"
BY: Final = "watch"
VERSION: Final = __version__
REASSESS_AFTER_D: Final = 7.0


@dataclass(frozen=True, slots=True)
class CycleSettings:
    """What a cycle is asked to do.

    Attributes:
        inbox: the folder that new files come into; None for none.
        rules: the file of rules for alerts; None for none.
        station: the station's file; None for none.
        builtin: whether an empty catalogue begins with the built-in objects.
        horizon_years: how far impacts are searched for.
        approach_years, within_au: the search for approaches.
        reassess_after_d: an assessment of the same orbit by the same software is repeated when it
            is older than this, since the scales count from its date; likewise if its search ends
            elsewhere by more than this.
        threads: worker threads; all cores if None.
    """

    inbox: Path | None = None
    rules: Path | None = None
    station: Path | None = None
    builtin: bool = True
    horizon_years: float = 100.0
    approach_years: float = 20.0
    within_au: float = 0.05
    reassess_after_d: float = REASSESS_AFTER_D
    threads: int | None = None

    def identity(self) -> dict[str, Any]:
        """What a cycle that was broken off must have in common with one that goes on with it."""
        return {
            "bodies": list(BODIES),
            "horizon_years": self.horizon_years,
            "approach_years": self.approach_years,
            "within_au": self.within_au,
            "reassess_after_d": self.reassess_after_d,
            "software_version": VERSION,
            "station": None if self.station is None else str(self.station),
        }


@dataclass(slots=True)
class Work:
    """One cycle at work.

    Attributes:
        database, lease: where, and the lock under which.
        cycle: which cycle.
        settings: what it was asked to do.
        rules: for alerts, if there are any.
        journal: what it tells as it goes.
        progress: told the fraction done and a label; may raise to stop.
        failures: what went wrong without ending the cycle, for people.
        station: whose sites, orbiters and telescopes the cycle looks at, if there is one.
    """

    database: Database
    lease: Lease
    cycle: Cycle
    settings: CycleSettings
    rules: Rules | None
    journal: Journal
    progress: Progress
    failures: list[str] = field(default_factory=list)
    station: Station | None = None

    @contextmanager
    def commit(self) -> Iterator[Connection]:
        """A transaction that happens only if the lock is still ours."""
        with self.database.write() as connection:
            self.lease.confirm(connection)
            yield connection

    def fail(self, event: str, reason: str, detail: Mapping[str, object]) -> None:
        """Tell of something that went wrong, and go on."""
        self.failures.append(reason)
        self.journal.tell(event, "error", {"cycle": self.cycle.id, **detail, "reason": reason})

    def told(self, event: str, detail: Mapping[str, object]) -> None:
        """Tell what happened."""
        self.journal.tell(event, "info", {"cycle": self.cycle.id, **detail})
