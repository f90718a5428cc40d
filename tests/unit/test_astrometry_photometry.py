"""Magnitudes by H, G and by M1, K1; the aberration of directions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from perilune.astrometry.photometry import magnitude, phase_functions
from perilune.astrometry.sites import aberrated
from perilune.constants import SPEED_OF_LIGHT_KM_S
from perilune.orbits import catalogue

EROS = catalogue.find("Eros")
ONE = np.array([1.0])


def test_at_one_au_from_all_and_full_an_asteroid_has_its_h() -> None:
    assert magnitude(EROS, ONE, ONE, 0.0 * ONE)[0] == EROS.absolute_magnitude_h


def test_distances_dim_by_five_magnitudes_a_decade() -> None:
    near = magnitude(EROS, ONE, ONE, 0.3 * ONE)
    far = magnitude(EROS, 10.0 * ONE, 2.0 * ONE, 0.3 * ONE)
    assert (far - near)[0] == pytest.approx(5.0 + 5.0 * np.log10(2.0))


def test_phase_dims_as_in_the_published_form() -> None:
    """Phi 1 and 2 at 90 degrees: exp(-3.33) and exp(-1.87); G = 0.15 where none is published."""
    first, second = phase_functions(np.array([np.pi / 2]))
    assert first[0] == pytest.approx(np.exp(-3.33))
    assert second[0] == pytest.approx(np.exp(-1.87))
    unknown = replace(EROS, slope_g=None)
    known = replace(EROS, slope_g=0.15)
    phase = np.array([0.1, 1.0, 2.0])
    assert np.array_equal(
        magnitude(unknown, np.ones(3), np.ones(3), phase),
        magnitude(known, np.ones(3), np.ones(3), phase),
    )


def test_total_magnitude_of_a_comet() -> None:
    comet = replace(
        EROS, absolute_magnitude_h=None, slope_g=None, total_magnitude_m1=11.0, total_slope_k1=10.0
    )
    found = magnitude(comet, np.array([0.5]), np.array([2.0]), np.array([1.0]))
    assert found[0] == pytest.approx(11.0 + 5.0 * np.log10(0.5) + 10.0 * np.log10(2.0))


def test_nothing_published_nothing_said() -> None:
    bare = replace(EROS, absolute_magnitude_h=None)
    assert np.isnan(magnitude(bare, ONE, ONE, ONE)).all()


def test_aberration_is_that_of_special_relativity() -> None:
    """Across: tan = beta/sqrt(1 - beta^2) forward; along: none. Unit length stays."""
    for beta in (1e-4, 0.5):
        motion = np.array([[0.0, beta * SPEED_OF_LIGHT_KM_S, 0.0]])
        across = aberrated(np.array([[1.0, 0.0, 0.0]]), motion)[0]
        assert across[1] == pytest.approx(beta)
        assert np.linalg.norm(across) == pytest.approx(1.0, abs=1e-15)
        along = aberrated(np.array([[0.0, 1.0, 0.0]]), motion)[0]
        assert np.abs(along - [0.0, 1.0, 0.0]).max() < 1e-15
