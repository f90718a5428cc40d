"""The rules of ADES: records of its fields to observations, each bad one with its reason.

Field definitions and units: the master file of the standard, `adesmaster.xml` in
github.com/IAU-ADES/ADES-Master (versions 2017 and 2022). `rmsRA` is along RA times cos(dec);
`precRA` is in seconds of time, `precTime` in millionths of a day. `pos1` to `pos3` are, by `sys`:
WGS84 and IAU: east longitude in degrees, latitude in degrees, height in metres; ITRF: east
longitude in degrees, distance from the axis and height over the equator in km; ICRF_KM and
ICRF_AU: equatorial rectangular coordinates.

A sigma of exactly zero says nothing and is read as not given. `rmsTime` (random) and `uncTime`
(of the clock) add in squares. Of the fields for residuals only `biasRA`, `biasDec` (arcseconds, the
former along RA times cos(dec)) and the selection flags are read: D and d exclude a row.

Radar measures are normal points at whole seconds of UTC (note 2 of the standard), but older files
carry the times of 80-column records, six decimals of a day; see `radar_seconds`.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from perilune.astrometry.codes import UNKNOWN, program_letter
from perilune.astrometry.epochs import day_lengths_s
from perilune.astrometry.observations import FloatArray, Kind, Observations, TextArray, empty
from perilune.astrometry.records import Records, spread
from perilune.astrometry.rejections import Faults, RejectedLine
from perilune.astrometry.text_kernels import GOOD, parse_iso_times
from perilune.constants import AU_KM, DAY_S
from perilune.orbits.designations import is_natural_satellite, is_permanent, tidy

ARCSEC_RAD: Final = np.pi / 648_000.0
DEGREE_RAD: Final = np.pi / 180.0
SECOND_RAD: Final = 15.0 * ARCSEC_RAD  # a second of right ascension

# The fields that are read, and other names under which they are met.
FIELDS: Final = (
    "permID", "provID", "trkSub", "artSat", "mode", "stn", "prog", "obsTime", "rmsTime", "ra",
    "dec", "rmsRA", "rmsDec", "rmsCorr", "astCat", "mag", "rmsMag", "band", "sys", "ctr", "pos1",
    "pos2", "pos3", "disc", "precTime", "precRA", "precDec", "uncTime", "deprecated", "trx", "rcv",
    "delay", "rmsDelay", "doppler", "rmsDoppler", "com", "frq", "obsCenter", "deltaRA", "raStar",
    "biasRA", "biasDec", "selAst", "selDelay", "selDoppler",
)  # fmt: skip
FIELD_OF: Final = {name.casefold(): name for name in FIELDS} | {"objid": "permID"}

_SYSTEMS: Final = ("", "ICRF_KM", "ICRF_AU", "WGS84", "ITRF", "IAU")
_HALF_UNIT_S: Final = 0.0483  # half of 1e-6 d, and of the centisecond to which it was rounded
_TIME: Final = "UTC as yyyy-mm-ddThh:mm:ss.sssZ"


def radar_seconds(seconds: FloatArray) -> FloatArray:
    """The whole second where six decimals of a day cannot tell a radar's time from it (N,)."""
    whole = np.rint(seconds)
    return np.where(np.abs(seconds - whole) <= _HALF_UNIT_S, whole, seconds)


def is_header(names: list[str]) -> bool:
    """Whether these column names are those of observations: a time, a station and a measure."""
    known = {FIELD_OF.get(name.strip().casefold()) for name in names}
    return "obsTime" in known and bool(known & {"stn", "rcv"})


class Parsed:
    """Observations whose epochs are still UTC days and seconds of the day.

    Attributes:
        observations: their epochs are NaN.
        day_mjd, seconds: the UTC day and the second in it (N,).
        rejected: the rows that are not among them.
    """

    __slots__ = ("day_mjd", "observations", "rejected", "seconds")

    def __init__(
        self,
        observations: Observations,
        day_mjd: NDArray[np.int64],
        seconds: FloatArray,
        rejected: list[RejectedLine],
    ) -> None:
        self.observations = observations
        self.day_mjd = day_mjd
        self.seconds = seconds
        self.rejected = rejected


def observations_of(records: Records) -> Parsed:
    """Read records by the rules of ADES."""
    n = len(records)
    faults = Faults(np.zeros(n, dtype=np.bool_))
    table: dict[str, object] = {}
    _set_aside(records, faults)
    day_mjd, seconds = _times(records, faults, table)
    is_radar = records.is_given("delay") | records.is_given("doppler")
    seconds[is_radar] = radar_seconds(seconds[is_radar])
    _radar(records, faults, table, is_radar)
    _places(records, faults, table, ~is_radar)
    _sigmas(records, faults, table)
    _position(records, faults, table)
    table["designation"] = _designations(records, faults)
    station, which = records.texts("stn", faults)
    receiver, which_receiver = records.texts("rcv", faults)
    stations = np.where(is_radar, spread(receiver, which_receiver), spread(station, which))
    faults.flag(is_radar & (stations == ""), "rcv", "the station is missing", "a station's code")
    faults.flag(~is_radar & (stations == ""), "stn", "the station is missing", "a station's code")
    table["station"] = stations
    for name, field in (("band", "band"), ("catalog", "astCat"), ("mode", "mode")):
        texts, which = records.texts(field, faults)
        table[name] = spread(["" if text == UNKNOWN else text for text in texts], which)
    texts, which = records.texts("prog", faults)
    table["program"] = spread([program_letter(text) for text in texts], which)
    texts, which = records.texts("disc", faults)
    table["is_discovery"] = np.array(["*" in text for text in texts], dtype=np.bool_)[which]
    table["magnitude"], _ = records.numbers("mag", faults, "a magnitude")
    table["line"] = records.line
    keep = ~faults.is_bad
    rows = np.flatnonzero(keep)
    base = empty(rows.size)
    columns = {name: getattr(base, name) for name in base.__slots__}
    for name, values in table.items():
        columns[name] = np.asarray(values)[rows]
    rejected = faults.lines(records.line, records.row_text, records.cell)
    return Parsed(Observations(**columns), day_mjd[rows], seconds[rows], rejected)


def _set_aside(records: Records, faults: Faults) -> None:
    """What is no astrometric place: named, not used."""
    given = records.is_given
    faults.flag(given("raStar"), "raStar", "an occultation's offset from a star is not used")
    is_offset = given("obsCenter") | given("deltaRA")
    faults.flag(is_offset, "obsCenter", "an offset from another body is not used")
    faults.flag(given("deprecated"), "deprecated", "the publisher has withdrawn this observation")


def _times(
    records: Records, faults: Faults, table: dict[str, object]
) -> tuple[NDArray[np.int64], FloatArray]:
    n = len(records)
    day_mjd = np.zeros(n, dtype=np.int64)
    decimals = np.zeros(n, dtype=np.int64)
    seconds = np.zeros(n)
    status = np.full(n, 1, dtype=np.int64)
    if "obsTime" in records.places:
        parse_iso_times(
            records.buffer, *records.places["obsTime"], day_mjd, seconds, decimals, status
        )
    faults.flag(~records.is_given("obsTime"), "obsTime", "the time is missing", _TIME)
    faults.flag(status != GOOD, "obsTime", "there is no such time", _TIME)
    is_late = (status == GOOD) & (seconds >= DAY_S - 1.0)  # an old day may be shorter by 0.1 s
    is_late[is_late] = seconds[is_late] >= day_lengths_s(day_mjd[is_late])
    faults.flag(is_late, "obsTime", "no leap second ends this day", _TIME)
    precision, _ = records.numbers("precTime", faults)
    precision = np.where(precision > 0.0, precision * 1e-6 * DAY_S, 10.0**-decimals)
    table["precision_time_s"] = precision
    return day_mjd, seconds


def _radar(
    records: Records, faults: Faults, table: dict[str, object], is_radar: NDArray[np.bool_]
) -> None:
    if not is_radar.any():
        return
    delay, _ = records.numbers("delay", faults, "seconds")
    doppler, _ = records.numbers("doppler", faults, "Hz")
    both = np.isfinite(delay) & np.isfinite(doppler)
    faults.flag(both, "doppler", "a record holds a delay and a Doppler shift", "one of them")
    faults.flag(delay <= 0.0, "delay", "a delay is not positive", "seconds, more than 0")
    frequency, _ = records.numbers("frq", faults, "MHz")
    bad = is_radar & ~(frequency > 0.0)
    faults.flag(bad, "frq", "the transmitter's frequency is missing", "MHz, more than 0")
    for name, unit in (("rmsDelay", 1e6), ("rmsDoppler", 1.0)):
        sigma = _sigma(records, faults, name)
        table["sigma_delay_s" if unit > 1.0 else "sigma_doppler_hz"] = sigma / unit
    com, which = records.texts("com", faults)
    odd = np.array([text not in ("", "0", "1") for text in com])[which]
    faults.flag(odd, "com", "this is no flag", "1 for the centre of mass, 0 for the surface")
    table["is_surface"] = is_radar & np.array([text == "0" for text in com])[which]
    texts, which = records.texts("trx", faults)
    table["transmitter"] = spread(texts, which)
    faults.flag(is_radar & ~records.is_given("trx"), "trx", "the transmitter is missing", "a code")
    table["kind"] = np.where(
        np.isfinite(delay), Kind.RADAR_DELAY, np.where(is_radar, Kind.RADAR_DOPPLER, Kind.OPTICAL)
    ).astype(np.int8)
    table["delay_s"], table["doppler_hz"] = delay, doppler
    table["frequency_hz"] = frequency * 1e6


def _places(
    records: Records, faults: Faults, table: dict[str, object], is_optical: NDArray[np.bool_]
) -> None:
    for name, column, low, high, unit_rad, expected in (
        ("ra", "ra_rad", 0.0, 360.0, SECOND_RAD, "degrees, 0 to less than 360"),
        ("dec", "dec_rad", -90.0, 90.0, ARCSEC_RAD, "degrees, -90 to 90"),
    ):
        value, decimals = records.numbers(name, faults, expected)
        missing = is_optical & ~records.is_given(name)
        faults.flag(missing, name, "the value is missing", expected)
        outside = (value < low) | (value > high) | ((name == "ra") & (value == high))
        faults.flag(outside, name, "there is no such angle", expected)
        given, _ = records.numbers("precRA" if name == "ra" else "precDec", faults)
        precision = np.where(given > 0.0, given * unit_rad, DEGREE_RAD * 10.0**-decimals)
        precision[~np.isfinite(value)] = np.nan
        table[column] = np.where(is_optical, value * DEGREE_RAD, np.nan)
        table[f"precision_{column}"] = np.where(is_optical, precision, np.nan)


def _sigma(records: Records, faults: Faults, name: str) -> FloatArray:
    """A sigma; NaN where it is not given or is zero, which says nothing."""
    value, _ = records.numbers(name, faults, "a number above 0")
    faults.flag(value < 0.0, name, "a sigma is negative", "a number above 0")
    return np.where(value == 0.0, np.nan, value)


def _sigmas(records: Records, faults: Faults, table: dict[str, object]) -> None:
    table["sigma_ra_rad"] = _sigma(records, faults, "rmsRA") * ARCSEC_RAD
    table["sigma_dec_rad"] = _sigma(records, faults, "rmsDec") * ARCSEC_RAD
    table["sigma_magnitude"] = _sigma(records, faults, "rmsMag")
    random, clock = _sigma(records, faults, "rmsTime"), _sigma(records, faults, "uncTime")
    both = np.hypot(np.nan_to_num(random), np.nan_to_num(clock))
    table["sigma_time_s"] = np.where(both > 0.0, both, np.nan)
    correlation, _ = records.numbers("rmsCorr", faults, "-1 to 1")
    for name, column in (("biasRA", "bias_ra_rad"), ("biasDec", "bias_dec_rad")):
        table[column] = records.numbers(name, faults, "arcseconds")[0] * ARCSEC_RAD
    is_excluded = np.zeros(len(records), dtype=np.bool_)
    for name in ("selAst", "selDelay", "selDoppler"):
        texts, which = records.texts(name, faults)
        odd = np.array([text not in ("", "A", "a", "D", "d") for text in texts])[which]
        faults.flag(odd, name, "this is no selection flag", "A, a, D or d")
        is_excluded |= np.array([text in ("D", "d") for text in texts])[which]
    table["is_excluded"] = is_excluded
    faults.flag(np.abs(correlation) >= 1.0, "rmsCorr", "there is no such correlation", "-1 to 1")
    table["correlation"] = correlation


def _position(records: Records, faults: Faults, table: dict[str, object]) -> None:
    n = len(records)
    names = ("sys", "ctr", "pos1", "pos2", "pos3")
    if not any(records.is_given(name).any() for name in names):
        return
    given = np.stack([records.is_given(name) for name in names])
    partly = np.any(given, axis=0) & ~np.all(given, axis=0)
    faults.flag(partly, "sys", "the observer's position is incomplete", ", ".join(names))
    texts, which = records.texts("sys", faults)
    systems = spread(texts, which)
    odd = np.array([text not in _SYSTEMS for text in texts])[which]
    faults.flag(odd, "sys", "the system is not known", ", ".join(_SYSTEMS[1:]))
    centers, decimals = records.numbers("ctr", faults, "a NAIF number, e.g. 399 or 301")
    whole = np.isnan(centers) | ((decimals == 0) & (centers == np.floor(centers)))
    faults.flag(~whole | (np.abs(centers) > 1e9), "ctr", "this is no body", "a NAIF number")
    centers = np.where(whole & (np.abs(centers) <= 1e9), centers, np.nan)
    is_earths = (systems == "WGS84") | (systems == "ITRF")
    wrong = is_earths & (centers != 399)
    faults.flag(wrong, "ctr", "WGS84 and ITRF are the Earth's", "399, or sys=IAU for another body")
    wrong = (systems == "IAU") & (centers == 399)
    faults.flag(wrong, "sys", "the IAU's cartography is for other bodies", "WGS84 for the Earth")
    values = np.stack([records.numbers(name, faults)[0] for name in names[2:]], axis=1)
    is_geodetic = (systems == "WGS84") | (systems == "IAU")
    rotating = is_geodetic | (systems == "ITRF")
    faults.flag(rotating & (np.abs(values[:, 0]) > 360.0), "pos1", "no such longitude", "degrees")
    faults.flag(is_geodetic & (np.abs(values[:, 1]) > 90.0), "pos2", "no such latitude", "degrees")
    position = np.where((systems == "ICRF_AU")[:, np.newaxis], values * AU_KM, values)
    geodetic = np.stack(
        [values[:, 0] * DEGREE_RAD, values[:, 1] * DEGREE_RAD, values[:, 2] / 1000.0], axis=1
    )
    position[is_geodetic] = geodetic[is_geodetic]
    is_itrf = systems == "ITRF"
    longitude = values[is_itrf, 0] * DEGREE_RAD
    position[is_itrf, 0] = values[is_itrf, 1] * np.cos(longitude)
    position[is_itrf, 1] = values[is_itrf, 1] * np.sin(longitude)
    table["position"] = position
    table["position_system"] = np.where(systems == "ICRF_AU", "ICRF_KM", systems)
    center = np.zeros(n, dtype=np.int64)
    known = np.isfinite(centers)
    center[known] = centers[known].astype(np.int64)
    table["position_center"] = center


def _designations(records: Records, faults: Faults) -> TextArray:
    """The number if one is given, else the provisional designation, else what there is."""
    names = ("permID", "provID", "artSat", "trkSub")
    texts, combined = [[""]], np.zeros(len(records), dtype=np.int64)
    for name in names:
        if name not in records.places:
            texts = [[*row, ""] for row in texts]
            continue
        more, which = records.texts(name, faults)
        pairs, combined = np.unique(combined * len(more) + which, return_inverse=True)
        texts = [[*texts[pair // len(more)], more[pair % len(more)]] for pair in pairs.tolist()]
    chosen = [_designation(*row[1:]) for row in texts]
    moons = np.array([is_natural_satellite(name) for name in chosen])[combined]
    faults.flag(moons, "permID", "a planet's satellite has no orbit about the Sun")
    column = spread(chosen, combined)
    faults.flag(column == "", "permID", "the object is not named", "permID, provID or trkSub")
    return column


def _designation(permanent: str, provisional: str, artificial: str, tracklet: str) -> str:
    given = [tidy(text) for text in (permanent, provisional) if text]
    for text in given:
        if is_permanent(text):
            return text
    return given[0] if given else artificial or tracklet
