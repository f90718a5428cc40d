"""States of the major bodies and of objects on a grid of epochs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from perilune.dynamics import propagate_orbits
from perilune.ephemeris import planets
from perilune.frames.ecliptic import ecliptic_from_icrf_matrix
from perilune.orbits.orbit import Orbit
from perilune.service.parameters import Center, Frame

Array = NDArray[np.float64]

UNITS: Final = {
    "epochs_mjd_tdb": "d",
    "position_km": "km; null after an impact",
    "velocity_km_s": "km/s",
}


def body_states(bodies: list[str], epochs: Array, center: Center, frame: Frame) -> dict[str, Any]:
    """States of major bodies by name.

    Raises:
        UnknownNameError: no such body.
        OutOfRangeError: an epoch outside the ephemeris.
    """
    planets().check_span(epochs)
    return {
        "epochs_mjd_tdb": epochs,
        "bodies": {
            body: _table(*planets().state(body, epochs), epochs, center, frame) for body in bodies
        },
    }


@lru_cache(maxsize=256)
def object_states(
    orbit: Orbit, first: float, step_d: float, count: int, center: Center, frame: Frame
) -> dict[str, Any]:
    """States of an object.

    Raises:
        OutOfRangeError: an epoch outside the ephemeris.
    """
    epochs = first + step_d * np.arange(count, dtype=np.float64)
    (path,) = propagate_orbits([orbit], epochs, threads=1, with_covariance=False)
    table = _table(path.position_km, path.velocity_km_s, epochs, center, frame)
    return {"epochs_mjd_tdb": epochs, "object": orbit.full_name, "status": path.status} | table


def rows(found: Mapping[str, Any], body: str | None = None) -> list[dict[str, Any]]:
    """The states as rows of a table, of an object or of one of several bodies."""
    table = found if body is None else found["bodies"][body]
    name = found["object"] if body is None else body
    return [
        {"object" if body is None else "body": name, "epoch_mjd_tdb": float(epoch)}
        | dict(zip(("x_km", "y_km", "z_km"), place, strict=True))
        | dict(zip(("x_km_s", "y_km_s", "z_km_s"), speed, strict=True))
        for epoch, place, speed in zip(
            found["epochs_mjd_tdb"],
            table["position_km"].tolist(),
            table["velocity_km_s"].tolist(),
            strict=True,
        )
    ]


def _table(
    position_km: Array, velocity_km_s: Array, epochs: Array, center: Center, frame: Frame
) -> dict[str, Any]:
    origin_km, origin_km_s = planets().state(center.value, epochs)
    turn = ecliptic_from_icrf_matrix() if frame is Frame.ECLIPTIC else np.eye(3)
    return {
        "position_km": np.round((position_km - origin_km) @ turn.T, 3),
        "velocity_km_s": np.round((velocity_km_s - origin_km_s) @ turn.T, 9),
    }
