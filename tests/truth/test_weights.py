"""Our rules for weights against the weights that NEOCC publishes with its orbits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from perilune.astrometry import read_observations
from perilune.astrometry.observations import Kind
from perilune.astrometry.weights import weights

ARCSEC = np.pi / 648000.0


def test_sigmas_of_2020_bx12_are_those_of_neocc(shared_data: Path) -> None:
    """`risk/2020BX12.rwo` (ESA NEOCC, model vfcc17): 164 places of 26 stations.

    Its printed sigmas and biases are taken away and made anew by our rules: station, epoch,
    catalogue and the crowding of nights. Seen: every one is the same to the file's 0.001 arcsec.
    """
    table = read_observations(shared_data / "risk" / "2020BX12.rwo").observations
    rows = table.kind == Kind.OPTICAL
    printed = table.where(rows)
    none = np.full(len(printed), np.nan)
    bare = replace(
        printed, sigma_ra_rad=none, sigma_dec_rad=none, bias_ra_rad=none, bias_dec_rad=none
    )
    ours = weights(bare)
    away = np.abs(ours.sigma_ra_rad - printed.sigma_ra_rad) / ARCSEC
    for row in np.flatnonzero(away > 0.001):
        print(printed.station[row], printed.catalog[row], ours.sigma_ra_rad[row] / ARCSEC)
    assert len(printed) == 164
    assert away.max() < 0.001
    assert np.abs(ours.sigma_dec_rad - printed.sigma_dec_rad).max() / ARCSEC < 0.001
