"""Steps between epochs, as people write them."""

from __future__ import annotations

import re
from typing import Final

from perilune.errors import InputError

_STEP_D: Final = {"d": 1.0, "h": 1.0 / 24.0, "m": 1.0 / 1440.0, "s": 1.0 / 86400.0}

# Beyond these, numbers of steps are no numbers any more.
_SHORTEST_D: Final = 1.0e-9
_LONGEST_D: Final = 1.0e9


def step_days(step: str) -> float:
    """The length of a step (1d, 2h, 10m, 30s) in days.

    Raises:
        InputError: it is none.
    """
    match = re.fullmatch(r"(\d+\.?\d*|\.\d+)\s*([dhms])", step.strip(), re.IGNORECASE)
    step_d = float(match[1]) * _STEP_D[match[2].lower()] if match else 0.0
    if not _SHORTEST_D <= step_d <= _LONGEST_D:
        raise InputError(
            "this is no step", field="--step", found=step, expected="1d, 2h, 10m or 30s"
        )
    return step_d
