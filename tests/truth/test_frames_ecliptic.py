"""Ecliptic J2000 and the Earth's pole against SPICE and SOFA."""

from __future__ import annotations

import erfa
import numpy as np
import pytest

from perilune.frames.ecliptic import (
    ecliptic_from_icrf,
    ecliptic_from_icrf_matrix,
    icrf_from_ecliptic,
)
from perilune.frames.orientation_kernels import earth_pole

ARCSEC = np.pi / 648000.0


def test_matrix_is_spice_s_eclipj2000() -> None:
    """Source: SPICE's built-in frame ECLIPJ2000. Seen: 0 to 1e-16; limit 1e-15, a few roundings."""
    spiceypy = pytest.importorskip("spiceypy")
    theirs = spiceypy.pxform("J2000", "ECLIPJ2000", 0.0)
    assert np.abs(ecliptic_from_icrf_matrix() - theirs).max() < 1e-15
    vector = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]])
    assert np.abs(ecliptic_from_icrf(vector) - vector @ theirs.T).max() < 1e-14
    assert np.abs(icrf_from_ecliptic(ecliptic_from_icrf(vector)) - vector).max() < 1e-14


def test_earth_pole_is_the_iau_2006_mean_pole() -> None:
    """Source: SOFA `bp06` (bias and precession matrix), 1550-2650.

    Seen: 1.5e-3 arcsec at the ends (polynomials of another kind), 1.3e-4 within 1900-2100.
    """
    mjd = np.linspace(-112816.0, 288976.0, 1000)
    poles = np.empty((mjd.size, 3))
    for k, epoch in enumerate(mjd):
        earth_pole(epoch, poles[k])
    _, _, matrices = erfa.bp06(2400000.5, mjd)
    error_arcsec = np.linalg.norm(poles - matrices[:, 2], axis=1) / ARCSEC
    assert error_arcsec.max() < 2e-3
    assert np.abs(np.linalg.norm(poles, axis=1) - 1.0).max() < 1e-15


def test_earth_pole_error_is_the_nutation() -> None:
    """Source: SOFA `pnm06a` (with nutation), every 10 days of 1900-2100. Seen: 9.95 arcsec."""
    mjd = np.arange(15020.0, 88069.0, 10.0)
    poles = np.empty((mjd.size, 3))
    for k, epoch in enumerate(mjd):
        earth_pole(epoch, poles[k])
    true_poles = erfa.pnm06a(2400000.5, mjd)[:, 2]
    error_arcsec = np.linalg.norm(poles - true_poles, axis=1) / ARCSEC
    assert 9.0 < error_arcsec.max() < 10.0
