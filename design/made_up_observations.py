"""Made `docs/examples/2024YR4_made_up.psv`: what three observatories and a lunar site would see.

    python design/made_up_observations.py > docs/examples/2024YR4_made_up.psv

The orbit is JPL's solution 78 of 2024 YR4; errors of 0.4 arcsec are drawn with a fixed seed. No
such observations were made.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from perilune.astrometry import write_ades_psv
from perilune.astrometry.observations import concatenate, empty
from perilune.astrometry.observers import observer_states
from perilune.determination.trajectory import fly
from perilune.dynamics import solar_system
from perilune.orbits import resolve_target

SIGMA_RAD = np.radians(0.4 / 3600.0)
FIRST_MJD_TDB = 60671.2  # 27 December 2024
SITE = (np.radians(222.7), np.radians(-89.45), 1.6)  # a ridge near the Moon's south pole
MOON = 301


def main() -> None:
    ephemeris = solar_system()
    orbit = replace(resolve_target("2024 YR4")[0].cartesian(), covariance=None)
    parts = []
    for k, code in enumerate(("W84", "I11", "W68", "275")):
        epoch = np.array(
            [
                FIRST_MJD_TDB + 0.02 * k + 4.0 * night + j / 48.0
                for night in range(8)
                for j in (0, 1)
            ]
        )
        n = epoch.size
        rows = replace(
            empty(n),
            epoch_mjd_tdb=epoch,
            station=np.full(n, code),
            designation=np.full(n, "2024 YR4"),
            mode=np.full(n, "CCD"),
            catalog=np.full(n, "Gaia2"),
            sigma_ra_rad=np.full(n, SIGMA_RAD),
            sigma_dec_rad=np.full(n, SIGMA_RAD),
            precision_ra_rad=np.full(n, np.radians(1e-6)),
            precision_dec_rad=np.full(n, np.radians(1e-6)),
            precision_time_s=np.full(n, 0.001),
        )
        if code == "275":
            rows = replace(
                rows,
                position_system=np.full(n, "IAU"),
                position_center=np.full(n, MOON),
                position=np.tile(SITE, (n, 1)),
            )
        parts.append(rows)
    table = concatenate(parts)
    table = table.where(np.argsort(table.epoch_mjd_tdb))
    epoch = table.epoch_mjd_tdb
    states = observer_states(table, ephemeris)
    path = fly(ephemeris, orbit, None, epoch[0], epoch[-1], with_variations=False)
    x, y, z = path.received(epoch, states.position_km, states.velocity_km_s).position_km.T
    noise = np.random.default_rng(2032).standard_normal((2, epoch.size)) * SIGMA_RAD
    dec = np.arctan2(z, np.hypot(x, y)) + noise[1]
    ra = np.mod(np.arctan2(y, x) + noise[0] / np.cos(dec), 2.0 * np.pi)
    print(write_ades_psv(replace(table, ra_rad=ra, dec_rad=dec)), end="")


if __name__ == "__main__":
    main()
