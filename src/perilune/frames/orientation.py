"""The orientation of a body at given epochs: what turns ICRF vectors into body-fixed ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from perilune.times import FloatArray

TextArray: TypeAlias = NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Orientation:
    """Rotations from ICRF to one body-fixed frame.

    `S` is the shape of the epochs, `()` for a single one. Vectors are relative to the body's
    centre, with any shape that broadcasts to `S + (3,)`; one epoch serves many vectors.

    Args:
        frame: "ITRS", "MOON_PA" or "MOON_ME".
        epoch_mjd_tdb: the epochs, shape S.
        matrix: rotation matrices, shape S + (3, 3): fixed = matrix @ icrf.
        spin_rad_s: angular velocity of the frame against ICRF, in the fixed axes, shape S + (3,).
        source: what each orientation rests on, shape S; see the function that made it.
    """

    frame: str
    epoch_mjd_tdb: FloatArray
    matrix: FloatArray
    spin_rad_s: FloatArray
    source: TextArray

    def to_fixed(self, position_icrf_km: FloatArray) -> FloatArray:
        """Body-fixed positions (or directions) from ICRF ones."""
        return _apply(self.matrix, position_icrf_km)

    def to_icrf(self, position_fixed_km: FloatArray) -> FloatArray:
        """ICRF positions (or directions) from body-fixed ones."""
        return _apply(np.swapaxes(self.matrix, -1, -2), position_fixed_km)

    def velocity_to_fixed(
        self, position_icrf_km: FloatArray, velocity_icrf_km_s: FloatArray
    ) -> FloatArray:
        """Velocities against the turning body, km/s, from ICRF positions and velocities."""
        position_fixed_km = self.to_fixed(position_icrf_km)
        turned = _apply(self.matrix, velocity_icrf_km_s)
        return turned - np.cross(self.spin_rad_s, position_fixed_km)

    def velocity_to_icrf(
        self, position_fixed_km: FloatArray, velocity_fixed_km_s: FloatArray
    ) -> FloatArray:
        """ICRF velocities, km/s, from body-fixed positions and velocities against the body."""
        inertial = velocity_fixed_km_s + np.cross(self.spin_rad_s, position_fixed_km)
        return _apply(np.swapaxes(self.matrix, -1, -2), inertial)


def _apply(matrix: FloatArray, vector: FloatArray) -> FloatArray:
    turned: FloatArray = np.einsum("...ij,...j->...i", matrix, np.asarray(vector, np.float64))
    return turned
