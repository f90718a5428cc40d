"""Orbits read and turned into states by plain numpy, independent of `perilune.orbits`.

Reference data must not share code with what they judge, so the few formulas are repeated here.
States are heliocentric, ICRF axes, in km and km/s; epochs are MJD TDB. The plane of the published
elements is ecliptic J2000 with the IAU 1976 obliquity, as JPL's and the MPC's are.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

AU_KM = 149597870.7
DAY_S = 86400.0
GM_SUN_KM3_S2 = 132712440041.279419  # DE440, comment area of the kernel
MJD_OF_JD = 2400000.5
OBLIQUITY_RAD = np.deg2rad(84381.448 / 3600.0)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CometaryOrbit:
    """An SBDB orbit at its covariance's own epoch, in the file's units.

    `elements` is (n,): e, q [au], tp [JD TDB], node, peri, i [deg], then what was fitted beside
    them (A1, A2, ... [au/d²]); `covariance` is (n, n) in the same units and order.
    """

    epoch_mjd_tdb: float
    labels: tuple[str, ...]
    elements: Array
    covariance: Array


def read_sbdb(path: Path) -> CometaryOrbit:
    """Read the covariance's own epoch, elements and matrix from an SBDB API answer."""
    orbit = json.loads(path.read_text())["orbit"]
    block = orbit["covariance"]
    fitted = {item["name"]: float(item["value"]) for item in orbit["model_pars"]}
    given = block.get("elements") or orbit["elements"]
    values = fitted | {item.get("label") or item["name"]: float(item["value"]) for item in given}
    values |= {"node": values.get("node", values.get("om", np.nan))}
    values |= {"peri": values.get("peri", values.get("w", np.nan))}
    labels = tuple(block["labels"])
    return CometaryOrbit(
        epoch_mjd_tdb=float(block["epoch"]) - MJD_OF_JD,
        labels=labels,
        elements=np.array([values[label] for label in labels]),
        covariance=np.array(block["data"], dtype=np.float64),
    )


def states_of_cometary(elements: Array, epoch_mjd_tdb: float) -> Array:
    """Heliocentric ICRF states (N, 6) of cometary elements (N, >= 6) with 0 < e < 1."""
    e, q_au, tp_jd, node_deg, peri_deg, i_deg = np.atleast_2d(elements)[:, :6].T
    a_km = q_au * AU_KM / (1.0 - e)
    since_perihelion_s = ((epoch_mjd_tdb + MJD_OF_JD) - tp_jd) * DAY_S
    mean_rad = np.sqrt(GM_SUN_KM3_S2 / a_km**3) * since_perihelion_s
    angles = (np.deg2rad(i_deg), np.deg2rad(node_deg), np.deg2rad(peri_deg))
    return _states_of_keplerian(a_km, e, *angles, mean_rad)


def read_mpcorb(path: Path) -> tuple[list[str], Array]:
    """Names and heliocentric ICRF states (N, 6) of an MPCORB file without header."""
    rows = [line for line in path.read_text().splitlines() if line.strip()]
    names = [row[:7].strip() for row in rows]
    columns = ((26, 35), (37, 46), (48, 57), (59, 68), (70, 79), (92, 103))
    table = np.array([[float(row[low:high]) for low, high in columns] for row in rows])
    mean_deg, peri_deg, node_deg, i_deg, e, a_au = table.T
    angles = (np.deg2rad(i_deg), np.deg2rad(node_deg), np.deg2rad(peri_deg))
    return names, _states_of_keplerian(a_au * AU_KM, e, *angles, np.deg2rad(mean_deg))


def _states_of_keplerian(
    a_km: Array, e: Array, i_rad: Array, node_rad: Array, peri_rad: Array, mean_rad: Array
) -> Array:
    mean_rad = np.remainder(mean_rad + np.pi, 2.0 * np.pi) - np.pi
    # Started from +-pi, Newton's method on Kepler's equation falls monotonically onto the root.
    eccentric = np.copysign(np.full_like(mean_rad, np.pi), mean_rad)
    for _ in range(200):
        step = (eccentric - e * np.sin(eccentric) - mean_rad) / (1.0 - e * np.cos(eccentric))
        eccentric = eccentric - step
        if np.max(np.abs(step)) < 1e-15:
            break
    minor = np.sqrt(1.0 - e * e)
    rate = np.sqrt(GM_SUN_KM3_S2 / a_km) / (1.0 - e * np.cos(eccentric))
    x, y = a_km * (np.cos(eccentric) - e), a_km * minor * np.sin(eccentric)
    vx, vy = -rate * np.sin(eccentric), rate * minor * np.cos(eccentric)
    cn, sn, cp, sp = np.cos(node_rad), np.sin(node_rad), np.cos(peri_rad), np.sin(peri_rad)
    ci, si = np.cos(i_rad), np.sin(i_rad)
    to_perihelion = np.stack([cn * cp - sn * sp * ci, sn * cp + cn * sp * ci, sp * si], axis=-1)
    across = np.stack([-cn * sp - sn * cp * ci, -sn * sp + cn * cp * ci, cp * si], axis=-1)
    ecliptic = np.concatenate(
        [
            x[:, None] * to_perihelion + y[:, None] * across,
            vx[:, None] * to_perihelion + vy[:, None] * across,
        ],
        axis=1,
    )
    return icrf_of_ecliptic(ecliptic)


def icrf_of_ecliptic(states: Array) -> Array:
    """Turn ecliptic J2000 states (N, 6) to ICRF axes."""
    c, s = np.cos(OBLIQUITY_RAD), np.sin(OBLIQUITY_RAD)
    rotation = np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])
    turned: Array = np.concatenate([states[:, :3] @ rotation.T, states[:, 3:] @ rotation.T], axis=1)
    return turned
