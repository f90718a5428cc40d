"""The Δv of the ways to the Moon and the rocket equation, against what landers really did."""

from __future__ import annotations

import pytest

from perilune.station.build_up.routes import LEGS_KM_S, mass_ratio, payload_kg, route_km_s

POUND_KG = 0.45359237
FOOT_KM = 3.048e-4


def test_the_legs_are_those_of_the_table() -> None:
    """validation.md, "Δv (km/s, NASA tables)"; exact."""
    assert LEGS_KM_S == {
        ("leo", "tli"): 3.28,
        ("tli", "llo"): 0.95,
        ("tli", "nrho"): 0.45,
        ("nrho", "llo"): 0.74,
        ("llo", "surface"): 2.18,
    }


def test_apollo_11_s_propellant_for_the_nominal_descent() -> None:
    """The Apollo 11 flight plan, table 5-8: 6,728.6 ft/s need 16,799.7 lb of propellant.

    LM-5 was launched with 15,095 kg ("Apollo by the Numbers", NASA SP-4029); two people in their
    suits, some 180 kg, came aboard. The descent engine's specific impulse was 311 s at full thrust.
    We get 7,478 kg, 1.9 % less than the 7,620 kg planned: throttled down, as for half of the
    descent, the engine is some 2 % worse. Tolerance: 3 %.
    """
    start_kg = 15_095.0 + 180.0
    used_kg = start_kg * (1.0 - 1.0 / mass_ratio(6728.6 * FOOT_KM, 311.0))
    assert used_kg == pytest.approx(16_799.7 * POUND_KG, rel=0.03)
    assert used_kg < 16_799.7 * POUND_KG


def test_apollo_11_s_descent_over_the_table_s_leg() -> None:
    """From low lunar orbit to the surface Eagle used 7,899 kg of its 8,248 kg (SP-4029).

    The table's 2.18 km/s and 311 s give 7,800 kg, 1.2 % less, as the engine's impulse is a little
    less when throttled; the flight had some 50 m/s more of hover than planned. Tolerance: 3 %.
    """
    start_kg = 15_095.0 + 180.0
    used_kg = start_kg * (1.0 - 1.0 / mass_ratio(route_km_s("llo", "surface"), 311.0))
    assert used_kg == pytest.approx(7899.0, rel=0.03)


def test_apollo_11_s_ascent_stage_is_what_its_descent_stage_lands() -> None:
    """A lander of 8,248 kg of propellant lands its payload: the ascent stage.

    The descent stage was 10,334 kg with propellant, so 2,086 kg without. By the equation it may
    land 5,816 kg with its tanks empty on the ground. The ascent stage with its crew was 4,941 kg,
    and 349 kg of propellant were left. We are 10 % over the sum of both, as 2 % less impulse takes
    7 % of the payload, which is a difference of larger masses.
    Tolerance: 15 %, and never less than what was landed.
    """
    landed_kg = payload_kg(10_334.0 - 8248.0, 8248.0, 311.0, route_km_s("llo", "surface"))
    ascent_kg = 15_095.0 + 180.0 - 10_334.0
    assert landed_kg > ascent_kg + 8248.0 - 7899.0
    assert landed_kg == pytest.approx(ascent_kg + 8248.0 - 7899.0, rel=0.15)


def test_change_3_landed_a_third_of_its_mass() -> None:
    """Chang'e-3: 3,780 kg on its way to the Moon, 1,200 kg on the ground (NSSDCA 2013-070A).

    Its 7,500 N engine had 310 s. Over the table's legs we get 1,350 kg, 12 % more: its mass on the
    ground is given to 100 kg or so, it had two corrections on its way, changed from 100 x 100 to
    100 x 15 km over four days, and hovered at 100 m to look for a place, all together some 300 m/s.
    Tolerance: 15 %, and not less.
    """
    landed_kg = 3780.0 / mass_ratio(route_km_s("tli", "surface"), 310.0)
    assert landed_kg > 1200.0
    assert landed_kg == pytest.approx(1200.0, rel=0.15)


def test_apollo_in_lunar_orbit() -> None:
    """D. Baker, The History of Manned Space Flight: CSM and LM 44,270 kg after TLI, about 33,000 kg
    in lunar orbit.

    The service engine had 314 s. The table's 0.95 km/s gives 32,520 kg, 1.5 % less; Apollo's burns
    were 0.89 to 0.92 km/s. Tolerance: 3 %, as the published mass is rounded to thousands.
    """
    in_orbit_kg = 44_270.0 / mass_ratio(route_km_s("tli", "llo"), 314.0)
    assert in_orbit_kg == pytest.approx(33_000.0, rel=0.03)
