"""How far to trust an optical place: sigmas by station, epoch and star catalogue.

Vereš, Farnocchia, Chesley & Chamberlin (2017, Icarus 296, 139, doi:10.1016/j.icarus.2017.05.021;
"the paper"), tables 2 to 5, with the figures for what came after it that NEOCC's own use of it
prints (weights in its `.rwo` files, model `vfcc17`, e.g. 2020 BX12): 0.6 arcsec for stations not
listed that reduce with a Gaia catalogue, 0.8 for ATLAS. Ours: the second Pan-STARRS telescope
counts as the first, and ATLAS' two southern stations as its northern ones.

In order, for each optical row:

1. Sigmas that whoever reduced the file assigned (`.rwo`: the rows carry biases) stand as they are.
2. Otherwise the station's figure, or the technique's for old ones.
3. A sigma reported with the observation (ADES `rmsRA`, `rmsDec`) takes its place, but not below a
   floor: reported sigmas are the scatter of the star fit, and leave out what is common to a night.
   The floor is the station's figure or 0.2 arcsec, whichever is less: the least that table 3
   gives to any survey. Occultations and space telescopes have none.
4. No sigma is less than the rounding of the digits given, 1/sqrt(12) of the last one. Files made
   by programs that drop trailing noughts look coarse where they are not, seldom in both
   coordinates: the unit of the right ascension counts up to 15 times that of the declination (a
   second of time to a second of arc), that of the declination up to that of the other.
5. More than four observations of one object by one station in a night share systematic errors:
   their sigmas grow by sqrt(N/4) (the paper, section 4). A pause of eight hours ends a night.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.observations import FloatArray, Kind, Observations
from perilune.astrometry.observatories import ROVING, observatories

_ARCSEC: Final = np.pi / 648000.0
_NIGHT_GAP_D: Final = 8.0 / 24.0
_NIGHT_FULL: Final = 4

# Table 2: the station, the day (MJD) of the change, the figure before and from then on.
_CHANGED: Final = (
    ("703", 56658.0, 1.0, 0.8),
    ("691", 52640.0, 0.6, 0.5),
    ("644", 52883.0, 0.6, 0.4),
)
# Table 3 and the part of table 4 that depends on nothing but the station.
_BY_STATION: Final = {
    "704": 1.0, "G96": 0.5, "F51": 0.2, "G45": 0.6, "699": 0.8, "D29": 0.75, "C51": 1.0,
    "E12": 0.75, "608": 0.6, "J75": 1.0,
    "645": 0.3, "673": 0.3, "689": 0.5, "950": 0.5, "H01": 0.3, "J04": 0.4, "W84": 0.5,
    "K91": 0.4, "K92": 0.4, "K93": 0.4, "Q63": 0.4, "Q64": 0.4, "V37": 0.4, "W85": 0.4,
    "W86": 0.4, "W87": 0.4, "E10": 0.4, "F65": 0.4,
    # After the paper; see above.
    "F52": 0.2, "T05": 0.8, "T08": 0.8, "M22": 0.8, "W68": 0.8,
}  # fmt: skip
_GAIA: Final = "Gaia"
# Table 4, by catalogue: station, program ("" for any), catalogues, figure. Micheli's programs.
_BY_CATALOG: Final = (
    ("G83", ("2", "02"), ("UCAC4", "PPMXL"), 0.3),
    ("G83", ("2", "02"), (_GAIA,), 0.2),
    ("309", ("&", "0F"), ("UCAC4", "PPMXL"), 0.3),
    ("309", ("&", "0F"), (_GAIA,), 0.2),
    ("Y28", (), ("PPMXL", _GAIA), 0.3),
    ("568", (), ("USNOB1", "USNOB2"), 0.5),
    ("568", (), (_GAIA,), 0.1),
    ("568", (), ("PPMXL",), 0.2),
    ("T09", (), (_GAIA,), 0.1),
    ("T12", (), (_GAIA,), 0.1),
    ("T14", (), (_GAIA,), 0.1),
)
# Table 3's last lines: other stations, with a catalogue and without; Gaia from NEOCC.
_OTHER_GAIA, _OTHER, _OTHER_NO_CATALOG = 0.6, 1.0, 1.5
# Table 5 by ADES mode (PMT is Hipparcos). Photographs: until 1890, until 1950, later.
_BY_MODE: Final = {"OCC": 0.2, "PMT": 0.2, "MER": 0.5, "ENC": 0.75, "MIC": 2.0}
_PHOTOGRAPHIC: Final = "PHO"
_PHOTOGRAPH: Final = ((-np.inf, 10.0), (11368.0, 5.0), (33282.0, 2.5))
_SATELLITE: Final = 1.5
# Where the technique is not given it is taken for photography before 1993, for a CCD after; at the
# stations of tables 2 to 4, which are of CCDs, the limit is 1984 (Spacewatch's first).
_CCD_FROM_MJD: Final = 48988.0
_CCD_FIRST_MJD: Final = 45700.0
_FLOOR: Final = 0.2
# Clocks: one second where nothing is said, as the paper's authors use for objects near the Earth.
_CLOCK_S: Final = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Sigmas:
    """The errors to use of N optical rows; NaN in radar rows.

    Attributes:
        sigma_ra_rad: (N,), along right ascension times cos(dec). sigma_dec_rad: (N,).
        correlation: (N,), between the two; 0 where none is given.
        sigma_time_s: (N,), of the clock.
    """

    sigma_ra_rad: FloatArray
    sigma_dec_rad: FloatArray
    correlation: FloatArray
    sigma_time_s: FloatArray


def weights(observations: Observations) -> Sigmas:
    """The errors to use of each optical row, by the rules of this module.

    Nights count all rows that are given: leave out beforehand what is not to be used.

    The clock's sigma is the one given; where none is, one second, and none for occultations (their
    epoch is the measurement), for `.rwo` rows (their model has none) and from spacecraft. A time
    that is printed more coarsely than that adds 1/sqrt(12) of its last digit in quadrature.
    """
    optical = observations.kind == Kind.OPTICAL
    assigned = np.isfinite(observations.bias_ra_rad) & np.isfinite(observations.sigma_ra_rad)
    station = _station_figure(observations) * _ARCSEC
    crowd = np.where(assigned, 1.0, _crowding(observations, optical))
    spacecraft = _is_spacecraft(observations)
    free = (observations.mode == "OCC") | spacecraft & ~np.isin(
        observations.station, ["C51", "C57"]
    )
    floor = np.where(free, 0.0, np.minimum(station, _FLOOR * _ARCSEC))
    unit_ra, unit_dec = observations.precision_ra_rad, observations.precision_dec_rad
    units = (
        np.fmin(unit_ra, 15.0 * unit_dec) * np.cos(observations.dec_rad),
        np.fmin(unit_dec, unit_ra),
    )
    columns = []
    for given, unit in zip(
        (observations.sigma_ra_rad, observations.sigma_dec_rad), units, strict=True
    ):
        reported = np.isfinite(given) & (given > 0.0)
        sigma = np.where(reported, np.maximum(given, floor), station)
        sigma = np.fmax(sigma, unit / np.sqrt(12.0)) * crowd
        columns.append(np.where(optical, np.where(assigned, given, sigma), np.nan))
    sigma_ra, sigma_dec = columns
    # A floor or a night's crowd adds errors of its own, which are not correlated.
    shared = observations.sigma_ra_rad * observations.sigma_dec_rad / (sigma_ra * sigma_dec)
    correlation = np.where(
        np.isfinite(observations.correlation) & np.isfinite(shared),
        observations.correlation * np.minimum(shared, 1.0),
        0.0,
    )
    exact = assigned | spacecraft | (observations.mode == "OCC")
    clock = np.where(exact, 0.0, _CLOCK_S)
    digit = np.where(np.isfinite(observations.precision_time_s), observations.precision_time_s, 0.0)
    clock = np.where(exact, clock, np.hypot(clock, digit / np.sqrt(12.0)))
    given = observations.sigma_time_s
    clock = np.where(np.isfinite(given) & (given >= 0.0), given, clock)
    return Sigmas(
        sigma_ra, sigma_dec, np.where(optical, correlation, 0.0), np.where(optical, clock, 0.0)
    )


def _station_figure(observations: Observations) -> FloatArray:
    """Tables 2 to 5: arcsec."""
    epoch, station = observations.epoch_mjd_tdb, observations.station
    catalog, mode = observations.catalog, observations.mode
    no_catalog = np.isin(catalog, ["", "UNK"])
    gaia = np.char.startswith(catalog.astype(np.str_), _GAIA)
    figure = np.where(no_catalog, _OTHER_NO_CATALOG, np.where(gaia, _OTHER_GAIA, _OTHER))
    figure[_is_spacecraft(observations)] = _SATELLITE
    unsaid = np.isin(mode, ["", "UNK"])
    photographic = (mode == _PHOTOGRAPHIC) | (unsaid & (epoch < _CCD_FROM_MJD))
    for first, value in _PHOTOGRAPH:
        figure[photographic & (epoch >= first)] = value
    listed = (mode != _PHOTOGRAPHIC) & ~(unsaid & (epoch < _CCD_FIRST_MJD))
    for code, value in _BY_STATION.items():
        figure[listed & (station == code)] = value
    for code, change, before, after in _CHANGED:
        mine = listed & (station == code)
        figure[mine] = np.where(epoch[mine] < change, before, after)
    for code, programs, catalogs, value in _BY_CATALOG:
        mine = listed & (station == code)
        if programs:
            mine &= np.isin(observations.program, programs)
        mine &= np.isin(catalog, catalogs) | (gaia if _GAIA in catalogs else False)
        figure[mine] = value
    for name, value in _BY_MODE.items():
        figure[mode == name] = value
    return figure


def _is_spacecraft(observations: Observations) -> NDArray[np.bool_]:
    """Whether a row comes from one of the MPC's codes of spacecraft, or an orbit's position."""
    known = observatories()
    codes, which = np.unique(observations.station, return_inverse=True)
    flags = np.array(
        [
            str(code) in known
            and known[str(code)].position_itrs_km is None
            and str(code) not in ROVING
            for code in codes
        ],
        dtype=np.bool_,
    )
    return flags[which] if flags.size else np.zeros(0, dtype=np.bool_)


def _crowding(observations: Observations, rows: NDArray[np.bool_]) -> FloatArray:
    """sqrt(N/4) for the rows of nights with N > 4, else 1."""
    factor = np.ones(len(observations))
    index = np.flatnonzero(rows & (observations.mode != "OCC"))
    if index.size == 0:
        return factor
    order = index[
        np.lexsort(
            (
                observations.epoch_mjd_tdb[index],
                observations.station[index],
                observations.designation[index],
            )
        )
    ]
    epoch = observations.epoch_mjd_tdb[order]
    starts = np.ones(order.size, dtype=np.bool_)
    starts[1:] = (
        (observations.station[order][1:] != observations.station[order][:-1])
        | (observations.designation[order][1:] != observations.designation[order][:-1])
        | (np.diff(epoch) > _NIGHT_GAP_D)
    )
    night = np.cumsum(starts) - 1
    count = np.bincount(night)[night]
    factor[order] = np.sqrt(np.maximum(count / _NIGHT_FULL, 1.0))
    return factor
