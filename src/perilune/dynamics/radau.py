"""The coefficients of eight-node Gauss–Radau collocation for y'' = f(t, y, y').

Nodes as in Everhart (1985), "An efficient integrator that uses Gauss-Radau spacings", and Rein &
Spiegel (2015), doi:10.1093/mnras/stu2164; in matrix form instead of their divided differences,
since eight values per lane fit the vector registers and need no recurrences.
"""

from __future__ import annotations

from functools import cache
from math import comb

import numpy as np
from numpy.polynomial import Legendre, legendre
from numpy.typing import NDArray

from perilune.dynamics.radau_kernels import RadauTables

N_NODES = 8


def radau_nodes(count: int) -> NDArray[np.float64]:
    """Left Gauss–Radau nodes on [0, 1]: roots of P_{n-1} + P_n on [-1, 1], shifted."""
    series = Legendre.basis(count - 1) + Legendre.basis(count)
    roots = np.sort(series.roots().real)
    slope = series.deriv()
    for _ in range(3):  # polish: the companion matrix gives about 1e-14
        roots = roots - series(roots) / slope(roots)
    nodes: NDArray[np.float64] = 0.5 * (roots + 1.0)
    nodes[0] = 0.0
    return nodes


@cache
def radau_tables() -> RadauTables:
    """The tables, once per process. Integrals by Gauss quadrature, exact for these degrees."""
    nodes = radau_nodes(N_NODES)
    ends = np.append(nodes, 1.0)
    abscissae, weights = legendre.leggauss(N_NODES)
    position = np.zeros((N_NODES + 1, N_NODES))
    velocity = np.zeros((N_NODES + 1, N_NODES))
    for i, end in enumerate(ends):
        points = 0.5 * end * (abscissae + 1.0)
        scaled = 0.5 * end * weights
        for j in range(N_NODES):
            others = np.delete(nodes, j)
            lagrange = np.prod(
                (points[:, None] - others[None, :]) / (nodes[j] - others[None, :]), axis=1
            )
            velocity[i, j] = np.sum(scaled * lagrange)
            position[i, j] = np.sum(scaled * (end - points) * lagrange)
    power = np.zeros((N_NODES, N_NODES))
    for j in range(N_NODES):
        others = np.delete(nodes, j)
        # Coefficients of the j-th Lagrange polynomial, low order first.
        power[:, j] = np.poly(others)[::-1] / np.prod(nodes[j] - others)
    shift = np.array([[float(comb(m, k)) for m in range(N_NODES)] for k in range(N_NODES)])
    return RadauTables(nodes, position, velocity, power, shift)
