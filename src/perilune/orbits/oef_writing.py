"""Writing orbits as OrbFit's orbital element files, OEF 2.0; `perilune.orbits.oef` reads them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.constants import AU_KM, DAY_S
from perilune.errors import InputError
from perilune.frames.ecliptic import ecliptic_from_icrf, ecliptic_from_icrf_matrix
from perilune.orbits.conversion import with_elements
from perilune.orbits.covariance import map_covariance
from perilune.orbits.elements import (
    GM_SUN_GAUSS_KM3_S2,
    CartesianState,
    CartesianStateAu,
    CometaryElements,
    EquinoctialElements,
    KeplerianElements,
)
from perilune.orbits.non_gravitational import A1_PER_M2_T_ORBFIT_AU_D2, NonGravitational
from perilune.orbits.oef import (
    MODEL_PARAMETERS,
    PERIOD,
    PUBLISHER,
    SOLUTION,
    file_order,
    printed_mjd_tt,
    semi_major_axis_au,
)
from perilune.orbits.orbit import SUN, Orbit

_UNITS: Final = (A1_PER_M2_T_ORBFIT_AU_D2, 1e-10)  # au/d^2 for 1 of each of MODEL_PARAMETERS
_COVARIANCE_PER_LINE: Final = 3
_LOSS: Final = 1e-9  # of a covariance: more than that, and a state stays Cartesian


def write_oef(orbits: Sequence[Orbit]) -> str:
    """The orbits as OEF 2.0, multi-line records with covariance.

    Elements that OEF has are kept, and an ellipse's period tells the GM of the Sun behind them;
    hyperbolas and parabolas are made anew with OrbFit's. Any other state becomes Keplerian
    elements, or stays Cartesian where these are singular for it or nearly so.

    Where H is published without G, OrbFit's own default of 0.15 stands for G: its `MAG` has two
    numbers.

    Raises:
        InputError: a force model that OrbFit's model 1 (sunlight and Yarkovsky, g = 1/r^2) is
            not.
    """
    head = (
        "format  = 'OEF2.0'       ! file format\n"
        "rectype = 'ML'           ! record type (1L/ML)\n"
        "refsys  = ECLM J2000     ! default reference system\n"
        "END_OF_HEADER\n"
    )
    return head + "".join(_written(orbit) for orbit in orbits)


def _written(orbit: Orbit) -> str:
    orbit = _orbfit(orbit)
    elements = orbit.elements
    if isinstance(elements, KeplerianElements):
        kind, values = (
            "KEP",
            [
                f"{elements.semi_major_axis_au:23.16E}",
                f"{elements.eccentricity:23.16E}",
                _fixed(elements.inclination_deg),
                _fixed(elements.node_deg),
                _fixed(elements.argument_of_perihelion_deg),
                f"{elements.mean_anomaly_deg:23.16E}",
            ],
        )
    elif isinstance(elements, EquinoctialElements):
        kind, values = (
            "EQU",
            [
                *(
                    f"{x:23.16E}"
                    for x in (
                        elements.semi_major_axis_au,
                        elements.h,
                        elements.k,
                        elements.p,
                        elements.q,
                    )
                ),
                _fixed(elements.mean_longitude_deg),
            ],
        )
    elif isinstance(elements, CometaryElements):
        kind, values = (
            "COM",
            [
                f"{elements.perihelion_distance_au:23.16E}",
                f"{elements.eccentricity:23.16E}",
                _fixed(elements.inclination_deg),
                _fixed(elements.node_deg),
                _fixed(elements.argument_of_perihelion_deg),
                printed_mjd_tt(float(elements.perihelion_mjd_tdb)),
            ],
        )
    else:
        assert isinstance(elements, CartesianStateAu)
        kind, values = (
            "CAR",
            [f"{x:23.16E}" for x in (*elements.position_au, *elements.velocity_au_d)],
        )
    names = file_order(elements)
    model = orbit.non_gravitational
    lines = [orbit.designation.replace(" ", ""), f" {kind} " + " ".join(values)]
    if orbit.publisher and orbit.solution and orbit.publisher != PUBLISHER:
        source = (orbit.publisher, orbit.solution, orbit.solution_date or "")
        lines.append(SOLUTION + " | ".join(" ".join(word.split()) for word in source).rstrip())
    lines.append(f" MJD {printed_mjd_tt(orbit.epoch_mjd_tdb):>20} TDT")
    if orbit.absolute_magnitude_h is not None:
        slope = 0.15 if orbit.slope_g is None else orbit.slope_g
        lines.append(f" MAG  {orbit.absolute_magnitude_h:6.3f} {slope:6.3f}")
    covariance = orbit.covariance
    listed: list[int] = []
    if covariance is not None:
        change = np.zeros((8, len(orbit.covariance_parameters)))
        for column, name in enumerate(orbit.covariance_parameters):
            if name in names:
                change[names.index(name), column] = 1.0
            elif model is not None and (effect := model.effect_of(name)) is not None:
                row = _driven(effect[0])
                change[6 + row, column] = effect[1] / _UNITS[row]
                listed.append(row + 1)
        keep = [*range(6), *(5 + index for index in sorted(listed))]
        covariance = _reordered(covariance, change[keep])
    if model is None:
        lines.append(" LSP   0  0    6")
    else:
        lines.append(
            f" LSP   1  2    {6 + len(listed)}"
            + "".join(f"    {index}" for index in sorted(listed))
        )
        lines.append(" NGR  " + " ".join(_parameters(model)))
    a_au = semi_major_axis_au(elements)
    if a_au is not None:
        period_d = 2.0 * math.pi * math.sqrt((a_au * AU_KM) ** 3 / orbit.gm_sun_km3_s2) / DAY_S
        lines.append(f"{PERIOD} {period_d:.16E}")
    if covariance is not None:
        triangle = [
            f"{value:23.15E}" if float(f"{value:.15E}") == value else f"{value:24.16E}"
            for value in covariance[np.triu_indices(len(covariance))].tolist()
        ]
        lines += [
            " COV " + "".join(triangle[at : at + _COVARIANCE_PER_LINE])
            for at in range(0, len(triangle), _COVARIANCE_PER_LINE)
        ]
    return "\n".join(lines) + "\n"


def _orbfit(orbit: Orbit) -> Orbit:
    """The orbit in elements that OEF has; a GM other than OrbFit's must show in the period."""
    elements = orbit.elements
    if isinstance(elements, CartesianStateAu):
        if elements.frame == "ecliptic J2000" and elements.origin == SUN:
            return orbit
    elif not isinstance(elements, CartesianState):
        if semi_major_axis_au(elements) is not None:
            return orbit
        return with_elements(orbit, type(elements), GM_SUN_GAUSS_KM3_S2)
    try:
        return with_elements(orbit, KeplerianElements, GM_SUN_GAUSS_KM3_S2, loss=_LOSS)
    except InputError:
        return _ecliptic_state(orbit)


def _ecliptic_state(orbit: Orbit) -> Orbit:
    """The orbit as OEF's `CAR`: heliocentric, ecliptic J2000, in au and au/d."""
    state = with_elements(orbit, CartesianStateAu)
    elements = state.elements
    assert isinstance(elements, CartesianStateAu)
    x, y, z = ecliptic_from_icrf(np.array(elements.position_au)).tolist()
    u, v, w = ecliptic_from_icrf(np.array(elements.velocity_au_d)).tolist()
    turned = CartesianStateAu((x, y, z), (u, v, w), "ecliptic J2000", SUN)
    if state.covariance is None:
        return replace(state, elements=turned)
    turn = np.eye(len(state.covariance))
    turn[:6, :6] = np.kron(np.eye(2), ecliptic_from_icrf_matrix())
    order = [state.covariance_parameters.index(name) for name in turned.PARAMETERS]
    order += [k for k in range(len(state.covariance)) if k not in order]
    return replace(
        state,
        elements=turned,
        covariance=map_covariance(state.covariance[np.ix_(order, order)], turn),
        covariance_parameters=tuple(state.covariance_parameters[k] for k in order),
    )


def _driven(parameter: str) -> int:
    if parameter not in ("a1_au_d2", "a2_au_d2"):
        raise InputError(
            "OEF's model for asteroids has no such parameter",
            field="non-gravitational parameter",
            found=parameter,
            expected="A1 and A2 with g(r) = 1/r²",
            remedy="Write the orbit in Perilune's own format.",
        )
    return 0 if parameter == "a1_au_d2" else 1


def _parameters(model: NonGravitational) -> list[str]:
    if (model.alpha, model.r0_au, model.m, model.k) != (1.0, 1.0, 2.0, 0.0):
        _driven("g(r)")
    if model.a3_au_d2 or model.dt_d:
        _driven("a3_au_d2" if model.a3_au_d2 else "dt_d")
    known = dict(model.published)
    values = [
        known.get(name, value / unit)
        for name, value, unit in zip(
            MODEL_PARAMETERS, (model.a1_au_d2, model.a2_au_d2), _UNITS, strict=True
        )
    ]
    return [f"{x:21.14E}" if float(f"{x:.14E}") == x else f"{x:23.16E}" for x in values]


def _reordered(covariance: NDArray[np.float64], change: NDArray[np.float64]) -> NDArray[np.float64]:
    """change C change^T for a matrix with one entry a row: a reordering and scaling, no sums."""
    source = np.abs(change).argmax(axis=1)
    factor = change[np.arange(len(change)), source]
    reordered: NDArray[np.float64] = covariance[np.ix_(source, source)]
    reordered *= factor[:, None] * factor[None, :]
    return reordered


def _fixed(angle_deg: float) -> str:
    text = f"{angle_deg:.13f}"
    return text if float(text) == angle_deg else repr(angle_deg)
