"""What `--json` prints: one envelope on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping

from perilune.contract.envelope import envelope


def print_envelope(data: object, *, units: Mapping[str, str], inputs: object) -> None:
    """Print the envelope on stdout; see `perilune.contract.envelope`."""
    whole = envelope(data, units=units, inputs=inputs)
    json.dump(whole, sys.stdout, indent=2, allow_nan=False, ensure_ascii=False)
    sys.stdout.write("\n")
