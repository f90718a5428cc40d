"""Fits of many objects, side by side on all cores."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence

from perilune.astrometry.observations import Observations
from perilune.astrometry.sites import Observer
from perilune.determination.fit import Fit, fit_observations
from perilune.dynamics import solar_system

Progress = Callable[[float, str], None]
_POLL_S = 0.1


def fit_all(
    tables: Sequence[Observations],
    *,
    forces: str = "auto",
    observers: Mapping[str, Observer] | None = None,
    threads: int | None = None,
    progress: Progress | None = None,
) -> list[Fit]:
    """Fit each table of one object's observations; in their order.

    Args:
        tables: one object each.
        forces, observers: as in `fit_observations`.
        threads: worker threads; all cores by default. The kernels run without Python's lock.
        progress: called with the fraction done and the object at work; may raise to stop.
    """
    ephemeris = solar_system(progress)
    found: list[Fit | None] = [None] * len(tables)
    # The longest first, so that none is left alone at the end.
    pending = sorted(range(len(tables)), key=lambda i: len(tables[i]))
    failures: list[BaseException] = []
    lock = threading.Lock()
    label = "fitting"

    def work() -> None:
        while True:
            with lock:
                if not pending or failures:
                    return
                at = pending.pop()
            try:
                found[at] = fit_observations(
                    tables[at], ephemeris, forces=forces, observers=observers
                )
            except BaseException as error:
                failures.append(error)
                return

    team = [
        threading.Thread(target=work, daemon=True)
        for _ in range(min(threads or os.cpu_count() or 1, len(tables)))
    ]
    try:
        for thread in team:
            thread.start()
        for thread in team:
            while thread.is_alive():
                thread.join(_POLL_S)
                if progress is not None:
                    progress(sum(each is not None for each in found) / len(found), label)
    except BaseException as error:
        failures.append(error)
        raise
    if failures:
        raise failures[0]
    return [each for each in found if each is not None]
