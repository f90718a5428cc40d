"""Residuals of many short paths at many observations, reduced to normal equations at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel

_C_KM_S = 299792.458


@kernel
def _residual(
    nodes: NDArray[np.float64],
    lane: int,
    weights: NDArray[np.float64],
    observer: NDArray[np.float64],
    axes: NDArray[np.float64],
    whiten: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Whitened observed minus computed (2,) of one lane at one observation.

    The path is the polynomial through its nodes. The light time moves the object back along its
    velocity; what its acceleration adds is below a milliarcsecond at any range.
    """
    x = 0.0
    y = 0.0
    z = 0.0
    vx = 0.0
    vy = 0.0
    vz = 0.0
    for k in range(weights.shape[0]):
        w = weights[k]
        if w != 0.0:
            x += w * nodes[k, lane, 0]
            y += w * nodes[k, lane, 1]
            z += w * nodes[k, lane, 2]
            vx += w * nodes[k, lane, 3]
            vy += w * nodes[k, lane, 4]
            vz += w * nodes[k, lane, 5]
    x -= observer[0]
    y -= observer[1]
    z -= observer[2]
    tau = math.sqrt(x * x + y * y + z * z) / _C_KM_S
    dx = x
    dy = y
    dz = z
    for _ in range(2):
        dx = x - tau * vx
        dy = y - tau * vy
        dz = z - tau * vz
        tau = math.sqrt(dx * dx + dy * dy + dz * dz) / _C_KM_S
    distance = tau * _C_KM_S
    along = (dx * axes[0, 0] + dy * axes[0, 1] + dz * axes[0, 2]) / distance
    east = -(dx * axes[1, 0] + dy * axes[1, 1] + dz * axes[1, 2]) / distance
    north = -(dx * axes[2, 0] + dy * axes[2, 1] + dz * axes[2, 2]) / distance
    if not along > 0.0:  # the far hemisphere, or a path that ended
        east = 2.0
        north = 2.0
    out[0] = whiten[0, 0] * east
    out[1] = whiten[1, 0] * east + whiten[1, 1] * north


@kernel
def path_residuals(
    nodes: NDArray[np.float64],
    weights: NDArray[np.float64],
    observer: NDArray[np.float64],
    axes: NDArray[np.float64],
    whiten: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Whitened residuals (L, N, 2) of L paths.

    Args:
        nodes: (K, L, 6) barycentric states at the K nodes.
        weights: (N, K) the polynomial through the nodes, at each observation.
        observer: (N, 3) barycentric observers.
        axes: (N, 3, 3) rows: observed direction, east, north.
        whiten: (N, 2, 2) lower triangles that turn errors into unit ones.
        out: (L, N, 2).
    """
    for lane in range(nodes.shape[1]):
        for i in range(weights.shape[0]):
            _residual(nodes, lane, weights[i], observer[i], axes[i], whiten[i], out[lane, i])


@kernel
def path_normals(
    nodes: NDArray[np.float64],
    steps: NDArray[np.float64],
    weights: NDArray[np.float64],
    observer: NDArray[np.float64],
    axes: NDArray[np.float64],
    whiten: NDArray[np.float64],
    design: NDArray[np.float64],
    normal: NDArray[np.float64],
    right: NDArray[np.float64],
    chi2: NDArray[np.float64],
) -> None:
    """Normal equations (G, p, p), right sides (G, p) and chi2 (G,) of G orbits.

    `nodes` (K, G (1 + p), 6) holds each orbit followed by its p neighbours, each a step (p,)
    along one coordinate away. `design` (G, N, 2, p) gets the computed's partials, whitened.
    """
    p = steps.shape[0]
    base = np.zeros(2)
    moved = np.zeros(2)
    for g in range(chi2.shape[0]):
        first = g * (1 + p)
        chi2[g] = 0.0
        normal[g] = 0.0
        right[g] = 0.0
        for i in range(weights.shape[0]):
            _residual(nodes, first, weights[i], observer[i], axes[i], whiten[i], base)
            chi2[g] += base[0] * base[0] + base[1] * base[1]
            for j in range(p):
                _residual(nodes, first + 1 + j, weights[i], observer[i], axes[i], whiten[i], moved)
                design[g, i, 0, j] = (base[0] - moved[0]) / steps[j]
                design[g, i, 1, j] = (base[1] - moved[1]) / steps[j]
            for m in range(2):
                for j in range(p):
                    slope = design[g, i, m, j]
                    right[g, j] += slope * base[m]
                    for k in range(p):
                        normal[g, j, k] += slope * design[g, i, m, k]


@kernel
def path_slopes(
    nodes: NDArray[np.float64],
    weights: NDArray[np.float64],
    observer: NDArray[np.float64],
    axes: NDArray[np.float64],
    whiten: NDArray[np.float64],
    design: NDArray[np.float64],
    right: NDArray[np.float64],
    chi2: NDArray[np.float64],
) -> None:
    """Right sides (G, p) and chi2 (G,) of G orbits with partials from an earlier turn."""
    base = np.zeros(2)
    for g in range(chi2.shape[0]):
        chi2[g] = 0.0
        right[g] = 0.0
        for i in range(weights.shape[0]):
            _residual(nodes, g, weights[i], observer[i], axes[i], whiten[i], base)
            for m in range(2):
                chi2[g] += base[m] * base[m]
                for j in range(right.shape[1]):
                    right[g, j] += design[g, i, m, j] * base[m]
