"""Force models as they are published, and how their rows come into the Cartesian covariance."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from perilune.errors import InputError
from perilune.orbits import NonGravitational, catalogue
from perilune.orbits.non_gravitational import (
    A1_PER_M2_T_ORBFIT_AU_D2,
    a2_of_drift,
    from_published,
)

COMET = (0.1112620426, 2.808, 2.15, 5.093, 4.6142)
SQUARE = (1.0, 1.0, 2.0, 5.093, 0.0)


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("2024 YR4", ()),
        ("Apophis", ("a1_au_d2", "a2_au_d2")),
        ("Bennu", ("a1_au_d2", "a2_au_d2")),
        ("1P", ("a1_au_d2", "a2_au_d2")),
        ("67P", ("a1_au_d2", "a2_au_d2", "a3_au_d2", "dt_d")),
        ("C/2022 E3", ("a2_au_d2", "a3_au_d2")),
    ],
)
def test_estimated_parameters_have_rows(name: str, parameters: tuple[str, ...]) -> None:
    orbit = catalogue.find(name)
    cartesian = orbit.cartesian()
    assert cartesian.parameters == parameters
    assert cartesian.covariance is not None
    assert cartesian.covariance.shape == (6 + len(parameters),) * 2
    assert np.linalg.eigvalsh(_correlation(cartesian.covariance))[0] > 0.0
    for row, parameter in enumerate(parameters, 6):
        if parameter in orbit.covariance_parameters and orbit.covariance is not None:
            published = orbit.covariance_parameters.index(parameter)
            assert cartesian.covariance[row, row] == orbit.covariance[published, published]


def _correlation(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    scale = np.sqrt(np.diag(covariance))
    correlation: NDArray[np.float64] = covariance / np.outer(scale, scale)
    return correlation


def test_asteroids_and_comets_have_their_own_g_of_r() -> None:
    apophis = catalogue.find("Apophis").non_gravitational
    assert apophis is not None
    assert (apophis.alpha, apophis.r0_au, apophis.m, apophis.k) == (1.0, 1.0, 2.0, 0.0)
    for name in ("1P", "67P", "C/2022 E3"):
        comet = catalogue.find(name).non_gravitational
        assert comet is not None
        assert (comet.alpha, comet.r0_au, comet.m, comet.n, comet.k) == COMET


def test_a_parameter_of_the_light_and_not_of_the_force_is_marginalised() -> None:
    halley = catalogue.find("1P")
    assert "s0_km" in halley.covariance_parameters
    assert halley.cartesian().parameters == ("a1_au_d2", "a2_au_d2")


def test_orbfits_area_to_mass_and_yarkovsky_become_a1_and_a2() -> None:
    model = from_published(
        (("area_to_mass_m2_t", 0.237), ("yarkovsky_1e10_au_d2", -0.0115)),
        ("yarkovsky_1e10_au_d2",),
        g_of_r=SQUARE,
    )
    assert model.a1_au_d2 == 0.237 * A1_PER_M2_T_ORBFIT_AU_D2
    assert model.a2_au_d2 == -0.0115e-10
    assert model.estimated == ("a2_au_d2",)
    # 1370 W/m2 / c on 1 m2 per tonne: 4.57e-9 m/s2
    metres = A1_PER_M2_T_ORBFIT_AU_D2 * 149597870700.0 / 86400.0**2
    assert metres == pytest.approx(4.5698e-9, rel=1e-4)


def test_the_drift_formula_moves_the_axis_as_it_says() -> None:
    """Gauss' equation da/dt = 2 a^2 v_T A2 g / GM, averaged numerically over a revolution."""
    a, e, gm = 1.126, 0.2037, 2.9591220828e-4
    gm_km = gm * 149597870.7**3 / 86400.0**2
    a2 = a2_of_drift(-284.6, a, e, gm_km)
    anomaly = (np.arange(10000) + 0.5) / 10000 * 2.0 * np.pi
    p = a * (1 - e * e)
    r = p / (1 + e * np.cos(anomaly))
    transverse = np.sqrt(gm * p) / r
    time = r * r / np.sqrt(gm * p)  # dt per radian of true anomaly
    drift = np.sum(2 * a * a / gm * transverse * a2 / r**2 * time) / np.sum(time)
    assert drift * 149597870700.0 * 365.25 == pytest.approx(-284.6, rel=1e-9)


def test_two_parameters_that_drive_one_force_are_refused() -> None:
    with pytest.raises(InputError, match="two parameters drive"):
        from_published((("a1_au_d2", 1e-13), ("amrat_m2_kg", 1e-6)), (), g_of_r=SQUARE)


def test_sunlight_with_a_comets_g_is_refused() -> None:
    with pytest.raises(InputError, match="1/r²"):
        from_published((("amrat_m2_kg", 1e-6),), (), g_of_r=COMET)


def test_a_density_without_a_known_drift_is_refused() -> None:
    with pytest.raises(InputError, match="no drift is known"):
        from_published((("rho_kg_m3", 1190.0),), (), g_of_r=SQUARE)


def test_impossible_models_are_refused() -> None:
    with pytest.raises(InputError, match="a2_au_d2"):
        NonGravitational(a2_au_d2=float("nan"))
    with pytest.raises(InputError, match="scale distance"):
        NonGravitational(r0_au=0.0)
    with pytest.raises(InputError, match="out of order"):
        NonGravitational(estimated=("a2_au_d2", "a1_au_d2"))
    with pytest.raises(InputError, match="not known"):
        NonGravitational().effect_of("a9")


def test_a_force_model_that_does_not_fit_the_covariance_is_refused() -> None:
    apophis = catalogue.find("Apophis")
    assert apophis.non_gravitational is not None
    for estimated in ((), ("a2_au_d2",), ("a1_au_d2", "a2_au_d2", "a3_au_d2")):
        model = replace(apophis.non_gravitational, estimated=estimated)
        with pytest.raises(InputError, match="do not fit the force model"):
            replace(apophis, non_gravitational=model)


def test_a_density_without_its_value_is_refused() -> None:
    bennu = catalogue.find("Bennu")
    assert bennu.non_gravitational is not None
    model = replace(bennu.non_gravitational, published=(("amrat_m2_kg", 2.6e-6),))
    with pytest.raises(InputError, match="has no value"):
        replace(bennu, non_gravitational=model)
