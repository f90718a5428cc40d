"""Orbit files of every format: round trips, what is told apart, and what damage is noticed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from perilune.errors import CovarianceError, InputError, OutOfRangeError, PeriluneError
from perilune.orbits import (
    CartesianState,
    CartesianStateAu,
    CometaryElements,
    EquinoctialElements,
    KeplerianElements,
    OemSegment,
    Orbit,
    catalogue,
    read_mpcorb,
    read_mpcorb_table,
    read_oef,
    read_oem,
    read_opm,
    read_orbits,
    read_perilune,
    read_sbdb,
    with_elements,
    write_mpcorb,
    write_oef,
    write_oem,
    write_opm,
    write_perilune,
    write_sbdb,
)
from perilune.orbits.elements import GM_SUN_DE440_KM3_S2, Elements
from perilune.orbits.sbdb_writing import sbdb_digits

# Two lines as the Minor Planet Center publishes them (MPCORB of July 2019).
MPCORB = (
    "00433   11.16  0.46 K1972  84.17190  178.83549  304.30424   10.82858  0.2227385"
    "  0.55973997   1.4581823  0 MPO467611  8406  52 1893-2019 0.69 M-v 38h MPCLINUX   1804"
    "    (433) Eros               20190509\n"
    "r9856   20.9   0.15 K1972 202.27763   32.20509    3.17296   16.48798  0.5576568"
    "  0.97059049   1.0102884  4 MPO465779    89   3 2017-2019 0.40 M-v 3Eh MPCLINUX   0803"
    " (539856) 2017 EV2           20190408\n"
)
OPM = """CCSDS_OPM_VERS = 2.0
COMMENT GEOCENTRIC, CARTESIAN, EARTH FIXED
CREATION_DATE = 2022-11-06T09:23:57
ORIGINATOR = JAXA
OBJECT_NAME = CAPSTONE
OBJECT_ID = 2022-070A
CENTER_NAME = EARTH
REF_FRAME = EME2000
TIME_SYSTEM = UTC
EPOCH = 2022-12-18T14:28:15.1172
X = 6503.514000 [km]
Y = 1239.647000 [km]
Z = -717.490000 [km]
X_DOT = -0.873160 [km/s]
Y_DOT = 8.740420 [km/s]
Z_DOT = -4.191076 [km/s]
MASS = 3000.000000 [kg]
CX_X = 3.331349476038534e-04 [km**2]
CY_X = 4.618927349220216e-04
CY_Y = 6.782421679971363e-04
CZ_X = -3.070007847730449e-04
CZ_Y = -4.221234189514228e-04
CZ_Z = 3.231931992380369e-04
CX_DOT_X = -3.349365033922630e-07 [km**2/s]
CX_DOT_Y = -4.686084221046758e-07
CX_DOT_Z = 2.484949578400095e-07
CX_DOT_X_DOT = 4.296022805587290e-10 [km**2/s**2]
CY_DOT_X = -2.211832501084875e-07
CY_DOT_Y = -2.864186892102733e-07
CY_DOT_Z = 1.798098699846038e-07
CY_DOT_X_DOT = 2.608899201686016e-10
CY_DOT_Y_DOT = 1.767514756338532e-10
CZ_DOT_X = -3.041346050686871e-07
CZ_DOT_Y = -4.989496988610662e-07
CZ_DOT_Z = 3.540310904497689e-07
CZ_DOT_X_DOT = 1.869263192954590e-10
CZ_DOT_Y_DOT = 1.008862586240695e-10
CZ_DOT_Z_DOT = 6.224444338635500e-10
"""  # the state and covariance of CCSDS 502.0-B-3, annex G, figure G-5
OEM = """CCSDS_OEM_VERS = 2.0
CREATION_DATE = 1996-11-04T17:22:31
ORIGINATOR = NASA/JPL

META_START
OBJECT_NAME = MARS GLOBAL SURVEYOR
OBJECT_ID = 1996-062A
CENTER_NAME = MARS
REF_FRAME = EME2000
TIME_SYSTEM = UTC
START_TIME = 1996-12-28T21:29:07.267
STOP_TIME = 1996-12-30T01:28:02.267
INTERPOLATION = HERMITE
INTERPOLATION_DEGREE = 7
META_STOP
COMMENT This block begins after trajectory correction maneuver TCM-3.
1996-12-28T21:29:07.267 -2432.166 -063.042 1742.754 7.33702 -3.495867 -1.041945
1996-12-28T21:59:02.267 -2445.234 -878.141 1873.073 1.86043 -3.421256 -0.996366
1996-12-28T22:00:02.267 -2458.079 -683.858 2007.684 6.36786 -3.339563 -0.946654
1996-12-30T01:28:02.267 2164.375 1115.811 -688.131 -3.53328 -2.88452 0.88535
COVARIANCE_START
EPOCH = 1996-12-28T21:59:02.267
COV_REF_FRAME = EME2000
 3.3313494e-04
 4.6189273e-04 6.7824216e-04
-3.0700078e-04 -4.2212341e-04 3.2319319e-04
-3.3493650e-07 -4.6860842e-07 2.4849495e-07 4.2960228e-10
-2.2118325e-07 -2.8641868e-07 1.7980986e-07 2.6088992e-10 1.7675147e-10
-3.0413460e-07 -4.9894969e-07 3.5403109e-07 1.8692631e-10 1.0088625e-10 6.2244443e-10
COVARIANCE_STOP
"""  # after CCSDS 502.0-B-3, annex G, figures G-13 and G-14


def _kinds_of(orbit: Orbit) -> list[type[Elements]]:
    kinds: list[type[Elements]] = [CometaryElements, CartesianState, CartesianStateAu]
    kinds += [KeplerianElements]
    if isinstance(orbit.elements, CometaryElements) and orbit.elements.eccentricity < 1.0:
        kinds += [EquinoctialElements]
    return kinds


@pytest.mark.parametrize("name", catalogue.names())
def test_own_format_keeps_every_bit_of_every_kind(name: str) -> None:
    orbit = catalogue.find(name)
    orbits = [with_elements(orbit, kind) for kind in _kinds_of(orbit)]
    assert read_perilune(write_perilune(orbits)) == orbits


@pytest.mark.parametrize("name", catalogue.names())
def test_sbdb_round_trip(name: str) -> None:
    orbit = catalogue.find(name)
    first = read_sbdb(write_sbdb(orbit))
    assert read_sbdb(write_sbdb(first)) == first
    if isinstance(orbit.elements, CometaryElements):
        assert first == orbit


@pytest.mark.parametrize("name", ["2024 YR4", "2024 BX1", "Apophis", "Bennu", "Ceres"])
@pytest.mark.parametrize(
    "kind", [KeplerianElements, EquinoctialElements, CometaryElements, CartesianState]
)
def test_oef_round_trip(name: str, kind: type[Elements]) -> None:
    orbit = with_elements(catalogue.find(name), kind)
    (first,) = read_oef(write_oef([orbit]))
    (second,) = read_oef(write_oef([first]))
    assert second == first
    assert first.cartesian().parameters == orbit.cartesian().parameters
    distance_km = np.abs(first.cartesian().position_km - orbit.cartesian().position_km)
    assert distance_km.max() < 2e-5  # seen: 9 mm, from the float64 of the time of perihelion


@pytest.mark.parametrize("name", ["Apophis", "Bennu"])
def test_orbfits_forces_have_names_in_sbdb(name: str) -> None:
    """Orbits of NEOCC with sunlight or Yarkovsky drift could not be written for SBDB."""
    (given,) = read_oef(write_oef([catalogue.find(name)]))
    found = read_sbdb(write_sbdb(given))
    assert given.non_gravitational is not None
    assert found.non_gravitational is not None
    assert [label for label, _ in found.non_gravitational.published] == ["a1_au_d2", "a2_au_d2"]
    first, second = given.cartesian(), found.cartesian()
    assert first.parameters == second.parameters
    for parameter in ("a1_au_d2", "a2_au_d2"):
        value = getattr(found.non_gravitational, parameter)
        assert value == pytest.approx(getattr(given.non_gravitational, parameter), rel=1e-15)
    assert first.covariance is not None
    assert second.covariance is not None
    sigma = np.sqrt(np.diag(first.covariance))
    error = np.abs(first.covariance - second.covariance) / np.outer(sigma, sigma)
    assert error.max() < 1e-11  # seen: 3e-13


@pytest.mark.parametrize("name", ["Apophis", "2024 BX1", "Ceres"])
def test_oef_keeps_who_published_what(name: str) -> None:
    """JPL's orbits came back as NEOCC's."""
    given = replace(catalogue.find(name), name=None)
    (found,) = read_oef(write_oef([given]))
    for field in ("publisher", "solution", "solution_date"):
        assert getattr(found, field) == getattr(given, field)
    plain = write_oef([given]).replace("! SOLUTION", "! REMARK")
    assert read_oef(plain)[0].publisher == "ESA NEOCC"


@pytest.mark.parametrize(
    "designation", ["C/2017 K2", "2040 P-L", "A/2017 U1", "2024 YR4", "3138 T-2", "1I", "A801 AA"]
)
def test_oef_keeps_every_kind_of_designation(designation: str) -> None:
    """OEF's names have no blanks: those of comets and surveys came back without theirs."""
    given = replace(catalogue.find("Eros"), designation=designation, name=None, number=None)
    assert read_oef(write_oef([given]))[0].designation == designation


@pytest.mark.parametrize("name", ["2024 YR4", "Eros", "Ceres", "2024 BX1"])
def test_opm_keeps_the_solution_and_the_brightness(name: str) -> None:
    """Without H a risk has neither energy nor Palermo scale; the solution became today's date."""
    given = with_elements(catalogue.find(name), CartesianState)
    assert read_opm(write_opm(given)) == replace(given, gm_sun_km3_s2=GM_SUN_DE440_KM3_S2)
    with pytest.raises(InputError, match="USER_DEFINED_ABSOLUTE_MAGNITUDE_H"):
        read_opm(re.sub("(MAGNITUDE_H +=).*", r"\1 bright", write_opm(given)))


def test_a_planets_barycentre_is_its_centre_in_de440() -> None:
    assert read_opm(OPM.replace("= EARTH", "= Mars Barycenter")) == read_opm(
        OPM.replace("= EARTH", "= MARS")
    )
    with pytest.raises(InputError, match="centre"):
        read_opm(OPM.replace("= EARTH", "= EARTH BARYCENTER"))


def test_oef_holds_many_orbits_and_one_line_records() -> None:
    orbits = read_oef(write_oef([catalogue.find("Eros"), catalogue.find("2024 BX1")]))
    assert [orbit.designation for orbit in orbits] == ["433", "2024 BX1"]
    one_line = (
        "format  = 'OEF2.0'\nrectype = '1L'\nelem = 'KEP'\nrefsys = ECLM J2000\nEND_OF_HEADER\n"
        "! Name, Epoch(MJD), a, e, i, long. node, arg. peric., mean anomaly, H, G, flag\n"
        "'433' 59000.000000 1.4582443378381582E+00 2.2283605904849E-01 1.08282E+01 3.0430E+02"
        " 1.7881E+02 2.3E+02 10.83 0.46 0\n"
    )
    (eros,) = read_oef(one_line)
    assert eros.number == 433
    assert eros.absolute_magnitude_h == 10.83
    assert isinstance(eros.elements, KeplerianElements)
    assert eros.elements.semi_major_axis_au == 1.4582443378381582
    common = one_line.replace("END_OF", "epoch = MJD 59000.000000 TDT\nEND_OF")
    assert read_oef(common.replace("'433' 59000.000000", "'433'")) == [eros]


def test_oef_of_older_orbfits_with_fewer_digits_and_more_keywords() -> None:
    (eros,) = read_oef(EROS_OEF)
    assert eros.covariance is not None
    short = []
    for line in EROS_OEF.splitlines():
        words = line.split()
        if words[0] == "COV":
            line = " COV " + "".join(f"{float(word):23.8E}" for word in words[1:])
        short.append(line)
    short[-1:] = [short[-1], " MAS  1.0E-15", " NOR  1.0E+00 2.0E+00 3.0E+00", ""]
    (again,) = read_oef("\n".join(short))
    assert again.covariance_rounding == 1e-8
    assert again.covariance is not None
    np.testing.assert_allclose(again.covariance, eros.covariance, rtol=5e-9)
    (twice,) = read_oef(write_oef([again]))
    assert twice == again


def test_mpcorb_round_trip() -> None:
    orbits = read_mpcorb(MPCORB)
    assert [orbit.full_name for orbit in orbits] == ["433 Eros", "539856"]
    written = write_mpcorb(orbits)
    assert read_mpcorb(written) == orbits
    for source, line in zip(MPCORB.splitlines(), written.splitlines(), strict=True):
        assert line[:7] == source[:7]
        assert line[20:79] == source[20:79]
        assert line[92:103] == source[92:103]
        assert line[107:116] == source[107:116]
    assert written.splitlines()[0][166:194].strip() == "(433) Eros"


def test_mpcorb_table_has_the_same_states_as_the_orbits() -> None:
    table = read_mpcorb_table(MPCORB)
    assert table.designations.tolist() == ["433", "539856"]
    assert table.numbers.tolist() == [433, 539856]
    for row, orbit in enumerate(read_mpcorb(MPCORB)):
        cartesian = orbit.cartesian()
        assert table.epoch_mjd_tdb[row] == cartesian.epoch_mjd_tdb
        state = np.concatenate([cartesian.position_km, cartesian.velocity_km_s])
        # a few units in the last place, from turning into the ICRF by another product
        assert np.abs(table.states[row] / state - 1.0).max() < 1e-14


def test_mpcorb_skips_a_header_and_reads_comets_blank_magnitudes() -> None:
    blank = MPCORB[:8] + " " * 11 + MPCORB[19:]
    text = "MINOR PLANET CENTER ORBIT DATABASE\n\n" + "-" * 160 + "\n" + blank
    orbits = read_orbits(text)
    assert orbits[0].absolute_magnitude_h is None
    assert np.isnan(read_mpcorb_table(text).absolute_magnitude_h[0])
    assert len(orbits) == 2


def test_opm_of_the_standard() -> None:
    orbit = read_opm(OPM)
    assert orbit.designation == "2022-070A"
    assert orbit.name == "CAPSTONE"
    assert orbit.number is None
    assert isinstance(orbit.elements, CartesianState)
    assert orbit.elements.origin == "EARTH"
    assert orbit.covariance is not None
    assert orbit.covariance[5, 5] == 6.224444338635500e-10
    assert orbit.covariance[3, 1] == orbit.covariance[1, 3] == -4.686084221046758e-07
    other_spelling = OPM.replace("[km/s]", "[ KM/S ]").replace("**", "^").replace(" [km]", "[km]")
    assert read_opm(other_spelling) == orbit
    written = write_opm(orbit)
    again = read_opm(written)
    assert again == replace(orbit, solution=again.solution, solution_date=again.solution_date)
    # every number of the source stands in the written one with the same digits
    for line in OPM.splitlines():
        key, _, value = line.partition(" = ")
        if key in ("X", "Y_DOT", "CZ_Z", "CX_DOT_X_DOT"):
            printed = next(row for row in written.splitlines() if row.split()[0] == key)
            number = value.split()[0]
            digits = ".15e" if "e" in number else ".6f"
            assert f"{float(printed.split()[2]):{digits}}" == number
    sun_km = orbit.cartesian().position_km
    assert 1.45e8 < np.linalg.norm(sun_km) < 1.50e8  # heliocentric, near the Earth in December


def test_opm_of_an_asteroid_keeps_its_covariance_and_number() -> None:
    ceres = catalogue.find("Ceres")
    orbit = read_opm(write_opm(ceres))
    assert orbit.number == 1
    first, second = ceres.cartesian(), orbit.cartesian()
    np.testing.assert_array_equal(first.position_km, second.position_km)
    assert first.covariance is not None
    assert second.covariance is not None
    np.testing.assert_array_equal(first.covariance, second.covariance)
    assert first.epoch_mjd_tdb == second.epoch_mjd_tdb


def test_opm_refuses_what_it_cannot_hold() -> None:
    with pytest.raises(InputError, match="no place for non-gravitational"):
        write_opm(catalogue.find("Apophis"))


def test_a_local_covariance_is_turned_into_the_states_frame() -> None:
    local = OPM.replace("CX_X =", "COV_REF_FRAME = RTN\nCX_X =")
    state = CartesianState((7000.0, 0.0, 0.0), (0.0, 0.0, 7.5), "EME2000", "EARTH")
    text = local
    for key, value in zip(
        ("X", "Y", "Z", "X_DOT", "Y_DOT", "Z_DOT"),
        (*state.position_km, *state.velocity_km_s),
        strict=True,
    ):
        lines = [
            f"{key} = {value}" if line.startswith(f"{key} = ") else line
            for line in text.splitlines()
        ]
        text = "\n".join(lines) + "\n"
    orbit = read_opm(text)
    given, turned = read_opm(OPM).covariance, orbit.covariance
    assert given is not None
    assert turned is not None
    # radial is x, transverse is z, normal is -y
    assert turned[0, 0] == pytest.approx(given[0, 0], rel=1e-14)
    assert turned[2, 2] == pytest.approx(given[1, 1], rel=1e-14)
    assert turned[1, 1] == pytest.approx(given[2, 2], rel=1e-14)
    assert turned[1, 2] == pytest.approx(-given[1, 2], rel=1e-14)


def test_oem_round_trip_and_its_orbit() -> None:
    segments = read_oem(OEM)
    assert len(segments) == 1
    segment = segments[0]
    assert segment.epoch_mjd_tdb.shape == (4,)
    assert segment.interpolation_degree == 7
    again = read_oem(write_oem(segments))[0]
    for name in OemSegment.__dataclass_fields__:
        mine, theirs = getattr(segment, name), getattr(again, name)
        if name == "covariance_rounding":
            continue  # the digits of the written numbers: trailing zeros are not written
        if isinstance(mine, np.ndarray):
            np.testing.assert_array_equal(mine, theirs)
        else:
            assert mine == theirs, name
    orbit = segment.orbit()
    assert orbit.epoch_mjd_tdb == segment.epoch_mjd_tdb[1]
    assert orbit.covariance is not None
    assert read_orbits(OEM) == [orbit]


def test_day_of_year_epochs_are_the_same_days() -> None:
    by_date = read_opm(OPM).epoch_mjd_tdb
    assert read_opm(OPM.replace("2022-12-18T", "2022-352T")).epoch_mjd_tdb == by_date
    with pytest.raises(InputError, match="no such day"):
        read_opm(OPM.replace("2022-12-18T", "2022-366T"))


@pytest.mark.parametrize(
    "text",
    [
        MPCORB,
        OPM,
        OEM,
        write_oef([catalogue.find("Eros")]),
        write_sbdb(catalogue.find("67P")),
        write_perilune([catalogue.find("Bennu")]),
    ],
    ids=["MPCORB", "OPM", "OEM", "OEF", "SBDB", "Perilune"],
)
def test_formats_are_told_apart_by_content(text: str, tmp_path: Path) -> None:
    for name in ("orbit.json", "orbit.dat", "orbit"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        assert read_orbits(path) == read_orbits(text)
        # Perilune's own file says where the orbit came from; the others are where it came from.
        own = text.startswith('{"format"')
        assert read_orbits(path)[0].source == (read_orbits(text)[0].source if own else str(path))


def _damaged(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new, 1)


EROS_OEF = write_oef([catalogue.find("Eros")])
YR4_SBDB = write_sbdb(catalogue.find("2024 YR4"))
APOPHIS_SBDB = write_sbdb(catalogue.find("Apophis"))
BENNU = write_perilune([catalogue.find("Bennu")])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (_damaged(EROS_OEF, "END_OF_HEADER", "END"), "header does not end"),
        (_damaged(EROS_OEF, "ECLM J2000", "EQUM J2000"), "refsys"),
        (_damaged(EROS_OEF, " COM ", " ATT "), "keyword is not known"),
        (_damaged(EROS_OEF, "TDT", "UT1"), "epoch is not understood"),
        (EROS_OEF[: EROS_OEF.rindex(" COV")], "whole triangle"),
        (_damaged(EROS_OEF, " MJD", "!MJD"), "ends before its orbit does"),
        (_damaged(EROS_OEF, "LSP   0", "LSP   2"), "model is not one"),
        (_damaged(MPCORB, "K1972", "K19D2"), "epoch"),
        (_damaged(MPCORB, "K1972", "K192U"), "epoch"),
        (_damaged(MPCORB, "84.17190", "84.1719O"), "mean anomaly"),
        (_damaged(MPCORB, "1.4581823", "1.4681823"), "contradicts the semi-major axis"),
        (_damaged(MPCORB, "0.2227385", "1.2227385"), "eccentricity"),
        (_damaged(MPCORB, "00433", "0043#"), "format is not recognised"),
        (MPCORB[:250], "not an MPCORB line"),
        (MPCORB[:90], "not recognised"),
        (_damaged(OPM, "TIME_SYSTEM = UTC", "TIME_SYSTEM = GPS"), "time system"),
        (_damaged(OPM, "EME2000", "ITRF2000"), "reference frame"),
        (_damaged(OPM, "= EARTH", "= VULCAN"), "centre"),
        (_damaged(OPM, "6503.514000", "nan"), "not a number"),
        (_damaged(OPM, "6503.514000 [km]", "6503514.0 [m]"), r"X: .*unit.*\[m\].*\[km\]"),
        (_damaged(OPM, "8.740420 [km/s]", "8.740420 [km/h]"), "another unit"),
        (_damaged(OPM, "[km**2/s**2]", "[m**2/s**2]"), "another unit"),
        (_damaged(OPM, "= 2.0", "= 9.0"), "version"),
        (_damaged(OPM, "MASS", "MAN_DURATION"), "manoeuvres"),
        (_damaged(OPM, "MASS", "MASSE"), "not known"),
        (_damaged(OPM, "CZ_DOT_Z_DOT =", "USER_DEFINED_Z ="), "missing"),
        (_damaged(OPM, "2022-12-18T14", "2022-13-18T14"), "month"),
        (OEM[: OEM.index("1996-12-30T01:28:02.267 2164")], "last state is not at STOP_TIME"),
        (OEM[: OEM.index("COVARIANCE_STOP")], "ends too early"),
        (_damaged(OEM, "1996-12-28T22:00", "1996-12-28T20:00"), "do not ascend"),
        (_damaged(OEM, " 6.2244443e-10", ""), "cut short"),
        (_damaged(YR4_SBDB, '"e": ', '"e": NaN, "f": ') if '"e": ' in YR4_SBDB else
         _damaged(YR4_SBDB, '"prefix": null', '"prefix": NaN'), "not a finite number"),
        (YR4_SBDB[:1000], "does not end"),
        (_damaged(YR4_SBDB, "J2000", "B1950"), "equinox"),
        (_damaged(YR4_SBDB, '"tp"', '"tpp"'), "missing"),
        (_damaged(APOPHIS_SBDB, '"A2"', '"A7"'), "does not know"),
        (_damaged(APOPHIS_SBDB, '"au/d^2"', '"km/s^2"'), "another unit"),
        (_damaged(YR4_SBDB, '"units": "deg"', '"units": "rad"'), "another unit.*rad.*deg"),
        (_damaged(YR4_SBDB, '"units": "au"', '"units": "km"'), "another unit.*km.*au"),
        (re.sub(r'("name": "a",\s*"value": )"[^"]*"', r'\1"1e308"', YR4_SBDB),
         "mean motion contradicts"),
        (_damaged(BENNU, '"version": 1', '"version": 2'), "another version"),
        (_damaged(BENNU, '"cometary"', '"cometic"'), "kind of elements"),
        (_damaged(BENNU, '"alpha": 1.0', '"alpha": 1e999'), "too large"),
        (BENNU[:-10], "does not end"),
        ("just\nsome text\n", "not recognised"),
        ("\n", "not recognised"),
        ("[]\n", "not recognised"),
    ],
)  # fmt: skip
def test_damage_is_named(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "orbit.dat"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=words) as caught:
        read_orbits(path)
    assert caught.value.file == str(path)
    assert caught.value.remedy


def test_a_covariance_that_is_none_is_named_with_its_eigenvalue(tmp_path: Path) -> None:
    answer = json.loads(YR4_SBDB)
    data = answer["orbit"]["covariance"]["data"]
    data[0][1] = data[1][0] = str(-float(data[0][1]))
    path = tmp_path / "yr4.json"
    path.write_text(json.dumps(answer), encoding="utf-8")
    with pytest.raises(CovarianceError, match=r"eigenvalue -\d") as caught:
        read_orbits(path)
    assert caught.value.file == str(path)
    assert caught.value.exit_code == 2


def test_a_binary_file_and_no_file(tmp_path: Path) -> None:
    path = tmp_path / "de440.bsp"
    path.write_bytes(b"DAF/SPK \x00\xff\xfe\x80")
    with pytest.raises(InputError, match="not a text"):
        read_orbits(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_orbits(tmp_path / "absent")
    with pytest.raises(InputError, match="cannot be read"):
        read_orbits(tmp_path)


def test_an_origin_far_outside_the_ephemeris_is_an_error() -> None:
    orbit = read_opm(OPM.replace("2022-12-18", "2922-12-18").replace("UTC", "TDB"))
    with pytest.raises(OutOfRangeError):
        orbit.cartesian()


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(PeriluneError):
        read_orbits('{"orbit": ' + "[" * 200_000 + "\n")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.6615999301423001, ".6615999301423001"),
        (3.408259321981154, "3.408259321981154"),
        (-1.023532576477991e-15, "-1.023532576477991E-15"),
        (5e-13, "5.E-13"),
        (-0.0003692991264304336, "-.0003692991264304336"),
        (6.257185952810603e-05, "6.257185952810603E-5"),
        (577.878759926215, "577.878759926215"),
        (1191.534909615045, "1191.534909615045"),
        (1.0, "1."),
        (0.0, "0."),
        (1e22, "1.E22"),
    ],
)
def test_sbdb_digits(value: float, text: str) -> None:
    """Numbers as they stand in SBDB's answers."""
    assert sbdb_digits(value) == text
    assert float(text) == value


def test_writers_take_what_readers_give() -> None:
    writers: list[Callable[[Orbit], str]] = [
        lambda orbit: write_perilune([orbit]),
        write_sbdb,
        lambda orbit: write_oef([orbit]),
        write_opm,
    ]
    for text in (MPCORB, OPM.replace("EARTH", "SUN").replace("6503.5", "96503514.5")):
        orbit = read_orbits(text)[0]
        for write in writers:
            again = read_orbits(write(orbit))[0]
            difference = again.cartesian().position_km - orbit.cartesian().position_km
            assert np.abs(difference).max() < 1e-3
