"""One encounter as a picture needs it: path and clones about the Earth, and the target plane."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import DAY_S
from perilune.dynamics import Encounters, Watch, propagate, solar_system
from perilune.dynamics.orbit_paths import covariance_factor, nominal, particle
from perilune.dynamics.system import surface_arrays
from perilune.ephemeris import Ephemeris
from perilune.errors import InputError
from perilune.impact.approaches import NominalEncounter, nominal_run
from perilune.impact.b_plane import target_plane_points
from perilune.orbits.orbit import Orbit

Array = NDArray[np.float64]

UNITS: Final = {
    "epochs_mjd_tdb": "d",
    "path_km": "km, from the Earth's centre, ICRF",
    "moon_km": "km, likewise",
    "moon_velocity_km_s": "km/s, relative to the Earth",
    "clones_km": "km, likewise, at clone_epochs_mjd_tdb; one list an epoch",
    "plane.xi_km": "km",
    "plane.zeta_km": "km",
    "plane.impact_radius_km": "km: what passes within it hits",
    "plane.covariance_km2": "km^2, in the order xi zeta",
    "plane.clones_km": "km, xi and zeta",
    "plane.other.radius_km": "km, of the body itself",
}
CLONES: Final = 300
_SEED: Final = 1
_PAIR: Final = ("earth", "moon")
_SEARCH_KM: Final = 1.5e7
_VIEW_KM: Final = 8.0e5
_NEAR_D: Final = 3.0
_PATH_EPOCHS: Final = 241
_CLONE_EPOCHS: Final = 31


def encounter_scene(orbit: Orbit, body: str, epoch_mjd_tdb: float) -> dict[str, Any]:
    """The encounter with a body nearest to an epoch.

    Raises:
        InputError: the body is neither Earth nor Moon, or there is no encounter so near in time.
        OutOfRangeError: the epoch lies outside the ephemeris.
    """
    if body not in _PAIR:
        raise InputError("no such body", field="body", found=body, expected="earth or moon")
    ephemeris = solar_system()
    ephemeris.check_span(epoch_mjd_tdb)
    after = 1.0 if epoch_mjd_tdb > orbit.epoch_mjd_tdb else -1.0
    run = nominal_run(
        ephemeris, orbit, _PAIR, epoch_mjd_tdb + after * _NEAR_D, _SEARCH_KM, threads=1
    )
    near = [e for e in run.encounters if abs(e.epoch_mjd_tdb - epoch_mjd_tdb) <= _NEAR_D]
    aimed = [e for e in near if e.body == body]
    if not aimed:
        raise InputError(
            f"{orbit.full_name} does not pass the {body.capitalize()} within three days of then",
            field="epoch",
            found=f"MJD {epoch_mjd_tdb:.3f} TDB",
            remedy="Take an epoch that its approaches give.",
        )
    aim = min(aimed, key=lambda e: abs(e.epoch_mjd_tdb - epoch_mjd_tdb))
    half_d = min(max(_VIEW_KM / aim.speed_km_s / DAY_S, 0.25), 6.0)
    epochs = aim.epoch_mjd_tdb + np.linspace(-half_d, half_d, _PATH_EPOCHS)
    clone_epochs = aim.epoch_mjd_tdb + np.linspace(-half_d, half_d, _CLONE_EPOCHS)
    earth_km, earth_km_s = ephemeris.state("earth", epochs)
    moon_km, moon_km_s = ephemeris.state("moon", epochs)
    path_km = _carried(ephemeris, orbit, np.zeros((1, 0)), epochs)[0][:, 0] - earth_km
    clones_km, hits, points = _clones(ephemeris, orbit, aim, clone_epochs)
    return {
        "object": orbit.full_name,
        "solution": orbit.solution,
        "body": aim.body,
        "epoch_mjd_tdb": aim.epoch_mjd_tdb,
        "distance_km": aim.distance_km,
        "speed_km_s": aim.speed_km_s,
        "is_impact": aim.is_impact,
        "epochs_mjd_tdb": epochs,
        "path_km": np.round(path_km, 1),
        "moon_km": np.round(moon_km - earth_km, 1),
        "moon_velocity_km_s": np.round(moon_km_s - earth_km_s, 6),
        "clone_epochs_mjd_tdb": clone_epochs,
        "clones_km": np.round(clones_km),
        "clone_hits": hits,
        "samples": len(hits),
        "seed": _SEED,
        "plane": _plane(ephemeris, aim, near, points),
    }


def _carried(
    ephemeris: Ephemeris, orbit: Orbit, draws: Array, epochs: Array
) -> tuple[Array, NDArray[np.int64], Encounters]:
    """(M, N, 3) barycentric positions of clones, which body each hit (or -1), and encounters."""
    cartesian = orbit.cartesian()
    if draws.shape[1]:
        assert cartesian.covariance is not None
        factor = covariance_factor(cartesian.covariance)
        particles = particle(ephemeris, cartesian, orbit.number, draws @ factor.T)
    else:
        particles = nominal(ephemeris, cartesian, orbit.number)
    # The engine goes one way at a time: epochs on both sides of the orbit's own go in two parts.
    sides = [epochs[epochs < orbit.epoch_mjd_tdb], epochs[epochs >= orbit.epoch_mjd_tdb]]
    watches = [Watch(name, _SEARCH_KM) for name in _PAIR]
    results = [
        propagate(ephemeris, particles, side, watches=watches, threads=1)
        for side in sides
        if side.size
    ]
    ascending = [np.argsort(result.epochs_mjd_tdb) for result in results]
    position_km = np.concatenate(
        [result.position_km[order] for result, order in zip(results, ascending, strict=True)]
    )
    return position_km, results[-1].body, results[-1].encounters


def _clones(
    ephemeris: Ephemeris, orbit: Orbit, aim: NominalEncounter, epochs: Array
) -> tuple[Array, NDArray[np.int64], Array]:
    """Clones about the Earth (M, N, 3), the bodies that they hit, their points on the plane."""
    cartesian = orbit.cartesian()
    if cartesian.covariance is None:
        return np.zeros((epochs.size, 0, 3)), np.zeros(0, dtype=np.int64), np.zeros((0, 3))
    width = cartesian.covariance.shape[0]
    draws = np.random.default_rng(_SEED).standard_normal((CLONES, width))
    position_km, hits, met = _carried(ephemeris, orbit, draws, epochs)
    earth_km, _ = ephemeris.state("earth", epochs)
    index = ephemeris.body_index(aim.body)
    near = met.where((met.body == index) & (np.abs(met.epoch_mjd_tdb - aim.epoch_mjd_tdb) < 30.0))
    _, body_km_s = ephemeris.state(aim.body, near.epoch_mjd_tdb)
    _, sun_km_s = ephemeris.state("sun", near.epoch_mjd_tdb)
    points, _ = target_plane_points(
        near.state[:, :3],
        near.state[:, 3:],
        float(ephemeris.arrays.gm_km3_s2[index]),
        body_km_s - sun_km_s,
    )
    hit = near.is_impact.astype(np.float64)[:, np.newaxis]
    rows = np.concatenate([points, hit], axis=1)
    return position_km - earth_km[:, np.newaxis], hits, rows[np.isfinite(points).all(axis=1)]


def _plane(
    ephemeris: Ephemeris, aim: NominalEncounter, near: list[NominalEncounter], points: Array
) -> dict[str, Any]:
    """The target plane, with the other body where it stands as the object passes it."""
    radius_km = surface_arrays(ephemeris.constants.sun_radius_km).radius_km
    own_radius = float(radius_km[ephemeris.body_index(aim.body)])
    other = "moon" if aim.body == "earth" else "earth"
    passing = [e.epoch_mjd_tdb for e in near if e.body == other]
    then = min(passing, key=lambda t: abs(t - aim.epoch_mjd_tdb), default=aim.epoch_mjd_tdb)
    away_km = ephemeris.state(other, then)[0] - ephemeris.state(aim.body, then)[0]
    xi, zeta = aim.plane.axes[0] @ away_km, aim.plane.axes[2] @ away_km
    uncertainty = aim.uncertainty
    return {
        "kind": aim.plane.kind,
        "xi_km": float(aim.plane.coordinates_km[0]),
        "zeta_km": float(aim.plane.coordinates_km[1]),
        "v_infinity_km_s": aim.plane.v_infinity_km_s,
        "impact_radius_km": aim.plane.impact_radius_km(own_radius),
        "body_radius_km": own_radius,
        "covariance_km2": uncertainty.covariance_km2 if uncertainty else None,
        "stretch_km": uncertainty.ellipse.stretch_km if uncertainty else None,
        "width_km": uncertainty.ellipse.width_km if uncertainty else None,
        "direction": uncertainty.ellipse.direction if uncertainty else None,
        "other": {
            "body": other,
            "epoch_mjd_tdb": then,
            "xi_km": float(xi),
            "zeta_km": float(zeta),
            "radius_km": float(radius_km[ephemeris.body_index(other)]),
        },
        "clones_km": np.round(points[:, :2], 1),
        "clone_hits": points[:, 2].astype(int),
    }
