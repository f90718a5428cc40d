"""Sigmas by station, epoch, catalogue, night and what was reported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from perilune.astrometry.observations import Observations, empty
from perilune.astrometry.weights import Sigmas, weights

ARCSEC = np.pi / 648000.0
MODERN = 58000.0


def table(n: int = 1, **columns: Any) -> Observations:
    """CCD observations from 413 in 2017, nights apart, but for what is given."""
    blank = replace(
        empty(n),
        designation=np.full(n, "1999 XX1"),
        station=np.full(n, "413"),
        epoch_mjd_tdb=MODERN + np.arange(n),
        ra_rad=np.zeros(n),
        dec_rad=np.zeros(n),
        mode=np.full(n, "CCD"),
    )
    given = {
        name: np.broadcast_to(np.asarray(value), (n,)).copy() for name, value in columns.items()
    }
    return replace(blank, **given)


def sigma(found: Sigmas) -> float:
    assert found.sigma_ra_rad[0] == found.sigma_dec_rad[0]
    return float(np.round(found.sigma_ra_rad[0] / ARCSEC, 6))


@pytest.mark.parametrize(
    ("columns", "arcsec"),
    [
        # Table 2.
        ({"station": "703", "epoch_mjd_tdb": 56657.0}, 1.0),
        ({"station": "703", "epoch_mjd_tdb": 56659.0}, 0.8),
        ({"station": "691", "epoch_mjd_tdb": 52639.0}, 0.6),
        ({"station": "691", "epoch_mjd_tdb": 52641.0}, 0.5),
        ({"station": "644", "epoch_mjd_tdb": 52882.0}, 0.6),
        ({"station": "644", "epoch_mjd_tdb": 52884.0}, 0.4),
        # Table 3, with and without a catalogue.
        ({"station": "F51"}, 0.2),
        ({"station": "G96", "catalog": "UCAC4"}, 0.5),
        ({}, 1.5),
        ({"catalog": "UNK"}, 1.5),
        ({"catalog": "UCAC4"}, 1.0),
        ({"catalog": "Gaia2"}, 0.6),
        # Table 4.
        ({"station": "W84"}, 0.5),
        ({"station": "K92", "catalog": "Gaia2"}, 0.4),
        ({"station": "568", "catalog": "Gaia1"}, 0.1),
        ({"station": "568", "catalog": "USNOB1"}, 0.5),
        ({"station": "568", "catalog": "UCAC4"}, 1.0),
        ({"station": "T14", "catalog": "Gaia2"}, 0.1),
        ({"station": "309", "catalog": "Gaia2", "program": "&"}, 0.2),
        ({"station": "309", "catalog": "Gaia2", "program": "1"}, 0.6),
        ({"station": "G83", "catalog": "UCAC4", "program": "2"}, 0.3),
        # Table 5.
        ({"mode": "PHO"}, 2.5),
        ({"mode": "PHO", "epoch_mjd_tdb": 20000.0}, 5.0),
        ({"mode": "PHO", "epoch_mjd_tdb": 11000.0}, 10.0),
        ({"mode": "PHO", "station": "F51"}, 2.5),
        ({"mode": "", "epoch_mjd_tdb": 40000.0}, 2.5),
        ({"mode": "UNK", "epoch_mjd_tdb": 50000.0}, 1.5),
        ({"mode": "MIC", "epoch_mjd_tdb": 9000.0}, 2.0),
        ({"mode": "OCC", "station": "244"}, 0.2),
        ({"station": "250"}, 1.5),
        ({"station": "C51"}, 1.0),
    ],
)
def test_figures_of_the_tables(columns: dict[str, Any], arcsec: float) -> None:
    assert sigma(weights(table(**columns))) == arcsec


@pytest.mark.parametrize(
    ("columns", "reported", "arcsec"),
    [
        ({"catalog": "Gaia2"}, 0.3, 0.3),
        ({"catalog": "Gaia2"}, 0.05, 0.2),  # the floor
        ({"catalog": "Gaia2"}, 2.0, 2.0),  # worse than the station's is believed
        ({"catalog": "Gaia2", "station": "568"}, 0.05, 0.1),
        ({"catalog": "Gaia2"}, 0.0, 0.6),  # a nought is no sigma
        ({"mode": "OCC", "station": "275"}, 0.002, 0.002),
        ({"station": "258"}, 0.001, 0.001),
        ({"station": "C57"}, 0.13, 0.2),
    ],
)
def test_reported_sigmas_have_a_floor(
    columns: dict[str, Any], reported: float, arcsec: float
) -> None:
    given = {"sigma_ra_rad": reported * ARCSEC, "sigma_dec_rad": reported * ARCSEC}
    assert sigma(weights(table(**columns, **given))) == arcsec


def test_sigmas_of_a_reduced_file_stand() -> None:
    found = weights(
        table(
            9,
            epoch_mjd_tdb=MODERN,
            sigma_ra_rad=0.01 * ARCSEC,
            sigma_dec_rad=0.02 * ARCSEC,
            bias_ra_rad=0.0,
            bias_dec_rad=0.0,
        )
    )
    assert np.allclose(found.sigma_ra_rad, 0.01 * ARCSEC, rtol=1e-15, atol=0.0)
    assert np.allclose(found.sigma_dec_rad, 0.02 * ARCSEC, rtol=1e-15, atol=0.0)
    assert (found.sigma_time_s == 0.0).all()


def test_nights_of_more_than_four() -> None:
    """Nine in a night: sqrt(9/4). A pause of over eight hours, another station or object: not."""
    hours = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8.0])
    crowded = weights(table(9, epoch_mjd_tdb=MODERN + hours / 24.0, catalog="UCAC4"))
    assert np.allclose(crowded.sigma_ra_rad, 1.5 * ARCSEC, rtol=1e-12, atol=0.0)
    hours = np.array([0, 1, 2, 3, 11.5, 12, 13, 14, 15.0])
    split = weights(table(9, epoch_mjd_tdb=MODERN + hours / 24.0, catalog="UCAC4"))
    expected = np.where(hours < 4, 1.0, np.sqrt(5.0 / 4.0))
    assert np.allclose(split.sigma_ra_rad, expected * ARCSEC, rtol=1e-12, atol=0.0)
    two = np.where(np.arange(8) % 2 == 0, "413", "E12")
    apart = weights(table(8, epoch_mjd_tdb=MODERN, station=two, catalog="UCAC4"))
    assert np.allclose(apart.sigma_ra_rad[::2], 1.0 * ARCSEC, rtol=1e-12, atol=0.0)
    objects = np.where(np.arange(8) % 2 == 0, "1", "2")
    apart = weights(table(8, epoch_mjd_tdb=MODERN, designation=objects, catalog="UCAC4"))
    assert np.allclose(apart.sigma_ra_rad, 1.0 * ARCSEC, rtol=1e-12, atol=0.0)


def test_rounding_of_few_digits_is_an_error_too() -> None:
    """15 arcsec and 30 arcsec: 1/sqrt(12) of each."""
    coarse = table(precision_ra_rad=15.0 * ARCSEC, precision_dec_rad=30.0 * ARCSEC)
    found = weights(coarse)
    assert found.sigma_ra_rad[0] == pytest.approx(15.0 / np.sqrt(12.0) * ARCSEC)
    assert found.sigma_dec_rad[0] == pytest.approx(15.0 / np.sqrt(12.0) * ARCSEC)
    # A nought that a program dropped: the other coordinate shows that the place is not coarse.
    dropped = table(precision_ra_rad=36.0 * ARCSEC, precision_dec_rad=0.036 * ARCSEC)
    assert weights(dropped).sigma_ra_rad[0] == pytest.approx(1.5 * ARCSEC)


def test_correlation_keeps_its_covariance_under_a_floor() -> None:
    found = weights(
        table(
            catalog="Gaia2",
            sigma_ra_rad=0.1 * ARCSEC,
            sigma_dec_rad=0.4 * ARCSEC,
            correlation=0.5,
        )
    )
    assert found.correlation[0] == pytest.approx(0.5 * 0.1 * 0.4 / (0.2 * 0.4))
    assert weights(table()).correlation[0] == 0.0


def test_clocks() -> None:
    assert weights(table()).sigma_time_s[0] == 1.0
    assert weights(table(sigma_time_s=0.02)).sigma_time_s[0] == 0.02
    assert weights(table(mode="OCC")).sigma_time_s[0] == 0.0
    assert weights(table(station="C51")).sigma_time_s[0] == 0.0
    # 1e-5 d: 0.25 s of rounding beside the clock's second.
    assert weights(table(precision_time_s=0.864)).sigma_time_s[0] == pytest.approx(1.0306, 1e-4)


def test_no_rows_are_no_error() -> None:
    assert weights(empty(0)).sigma_ra_rad.shape == (0,)
