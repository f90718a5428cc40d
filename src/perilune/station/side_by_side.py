"""Independent pieces of work on all cores: kernels are free of the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

WORKERS: Final = min(os.cpu_count() or 1, 8)


def side_by_side(task: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """What `task` makes of each item, in their order; its first error is raised."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(task, items))
