"""One explicit Runge-Kutta step of order 8 with error estimates of order 5 and 3: DOP853.

The method of Dormand & Prince with the coefficients of Hairer, Norsett & Wanner (1993), "Solving
Ordinary Differential Equations I", 2nd edition, section II.10, table 5.4 and `dop853.f`. A system
fills `slopes[stage]` with its right-hand side; everything else of a step stands here. The asteroid
engine's collocation (`step_kernels`) is made for many particles that share an ephemeris; a
spacecraft about the Moon is one particle under a costly field, where an explicit method is
simpler and as fast.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from perilune.jit import kernel

STAGES = 12

# fmt: off
# Abscissae of the stages.
NODES = np.array([
    0.0, 0.05260015195876773, 0.0789002279381516, 0.1183503419072274,
    0.2816496580927726, 0.3333333333333333, 0.25, 0.3076923076923077,
    0.6512820512820513, 0.6, 0.8571428571428571, 1.0,
])
# Row s: weights of the earlier slopes in stage s, written row by row below the diagonal.
_LOWER = np.array([
    # stage 1
    0.05260015195876773,
    # stage 2
    0.0197250569845379, 0.0591751709536137,
    # stage 3
    0.02958758547680685, 0.0, 0.08876275643042054,
    # stage 4
    0.2413651341592667, 0.0, -0.8845494793282861, 0.924834003261792,
    # stage 5
    0.037037037037037035, 0.0, 0.0, 0.17082860872947386,
    0.12546768756682242,
    # stage 6
    0.037109375, 0.0, 0.0, 0.17025221101954405,
    0.06021653898045596, -0.017578125,
    # stage 7
    0.03709200011850479, 0.0, 0.0, 0.17038392571223998,
    0.10726203044637328, -0.015319437748624402, 0.008273789163814023,
    # stage 8
    0.6241109587160757, 0.0, 0.0, -3.3608926294469414,
    -0.868219346841726, 27.59209969944671, 20.154067550477894, -43.48988418106996,
    # stage 9
    0.47766253643826434, 0.0, 0.0, -2.4881146199716677,
    -0.590290826836843, 21.230051448181193, 15.279233632882423, -33.28821096898486,
    -0.020331201708508627,
    # stage 10
    -0.9371424300859873, 0.0, 0.0, 5.186372428844064,
    1.0914373489967295, -8.149787010746927, -18.52006565999696, 22.739487099350505,
    2.4936055526796523, -3.0467644718982196,
    # stage 11
    2.273310147516538, 0.0, 0.0, -10.53449546673725,
    -2.0008720582248625, -17.9589318631188, 27.94888452941996, -2.8589982771350235,
    -8.87285693353063, 12.360567175794303, 0.6433927460157636,
])
_WEIGHTS = np.array([
    0.054293734116568765, 0.0, 0.0, 0.0,
    0.0, 4.450312892752409, 1.8915178993145003, -5.801203960010585,
    0.3111643669578199, -0.1521609496625161, 0.20136540080403034, 0.04471061572777259,
])
# Weights of the two error estimates.
_ERROR_3 = np.array([
    -0.18980075407240762, 0.0, 0.0, 0.0,
    0.0, 4.450312892752409, 1.8915178993145003, -5.801203960010585,
    -0.4226823213237919, -0.1521609496625161, 0.20136540080403034, 0.02265179219836082,
])
_ERROR_5 = np.array([
    0.01312004499419488, 0.0, 0.0, 0.0,
    0.0, -1.2251564463762044, -0.4957589496572502, 1.6643771824549864,
    -0.35032884874997366, 0.3341791187130175, 0.08192320648511571, -0.022355307863886294,
])
# fmt: on
_MATRIX = np.zeros((STAGES, STAGES))
_MATRIX[np.tril_indices(STAGES, -1)] = _LOWER


@kernel
def stage_state(
    slopes: NDArray[np.float64],
    state: NDArray[np.float64],
    h: float,
    stage: int,
    n: int,
    out: NDArray[np.float64],
) -> None:
    """The state at which `slopes[stage]` is wanted, from the slopes before it; stage from 1."""
    for i in range(n):
        out[i] = 0.0
    for j in range(stage):
        weight = _MATRIX[stage, j]
        if weight != 0.0:
            for i in range(n):
                out[i] += weight * slopes[j, i]
    for i in range(n):
        out[i] = state[i] + h * out[i]


@kernel
def end_state(
    slopes: NDArray[np.float64],
    state: NDArray[np.float64],
    h: float,
    n: int,
    out: NDArray[np.float64],
) -> None:
    """The state at the end of the step, order 8, from all twelve slopes."""
    for i in range(n):
        out[i] = 0.0
    for j in range(STAGES):
        weight = _WEIGHTS[j]
        if weight != 0.0:
            for i in range(n):
                out[i] += weight * slopes[j, i]
    for i in range(n):
        out[i] = state[i] + h * out[i]


@kernel
def step_error(
    slopes: NDArray[np.float64],
    state: NDArray[np.float64],
    end: NDArray[np.float64],
    h: float,
    tolerance: float,
) -> float:
    """The error of position and velocity, 1 where it is what `tolerance` allows.

    Position (first three) and velocity (next three) are each measured as a vector against its
    length, so that a coordinate that passes zero asks for nothing special. Hairer's combination
    of both estimates; further components (partials) follow the step that the state needs.
    """
    five = 0.0
    three = 0.0
    for part in range(2):
        length2 = 0.0
        end2 = 0.0
        five2 = 0.0
        three2 = 0.0
        for i in range(3 * part, 3 * part + 3):
            length2 += state[i] * state[i]
            end2 += end[i] * end[i]
            e5 = 0.0
            e3 = 0.0
            for j in range(STAGES):
                e5 += _ERROR_5[j] * slopes[j, i]
                e3 += _ERROR_3[j] * slopes[j, i]
            five2 += e5 * e5
            three2 += e3 * e3
        scale2 = tolerance * tolerance * max(length2, end2)
        five += five2 / scale2
        three += three2 / scale2
    if five == 0.0:
        return 0.0
    return abs(h) * five / math.sqrt(2.0 * (five + 0.01 * three))


@kernel
def next_step(h: float, error: float) -> float:
    """The step to try after one with this error: at most six times and at least a third of it."""
    if error == 0.0:
        return 6.0 * h
    return h * min(6.0, max(0.333, 0.9 * math.pow(error, -0.125)))
