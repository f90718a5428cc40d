"""Formats of observations: what each field becomes, and what each bad line is called."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from perilune.astrometry import (
    Reading,
    find_duplicates,
    parse_observations,
    read_observations,
    write_ades_psv,
    write_obs80,
)
from perilune.astrometry.observations import Kind, Observations
from perilune.errors import InputError
from perilune.times import format_utc

ARCSEC_RAD = np.pi / 648_000.0
HEADER = "permID|provID|stn|obsTime|ra|dec|rmsRA|rmsDec|mag|rmsTime"
GOOD = "|2024 YR4|W68|2024-12-27T05:38:12.5Z|63.12345|10.5|0.1|0.2|16.5|"
RECORD = "     K24B01X* C2024 01 20.90865 07 46 28.66 +45 23 28.3          18.0 GV~7h33K88"


def read(text: str | bytes) -> Reading:
    return parse_observations(text.encode() if isinstance(text, str) else text, "given")


def one(text: str) -> dict[str, object]:
    reading = read(text)
    assert not reading.rejected
    assert len(reading.observations) == 1
    table = reading.observations
    return {name: getattr(table, name)[0].tolist() for name in table.__slots__}


def spoiled(row: str) -> tuple[str | None, str]:
    """Field and reason for which a row is set aside, beside a good one that is kept."""
    reading = read(f"# version=2022\n{HEADER}\n{row}\n{GOOD}\n")
    assert len(reading.observations) == 1
    (rejected,) = reading.rejected
    assert rejected.line == 3
    return rejected.field, rejected.reason


def test_a_psv_row_comes_to_radians_seconds_and_tdb() -> None:
    row = one(f"{HEADER}\n{GOOD}\n")
    assert row["designation"] == "2024 YR4"
    assert format_utc(float(str(row["epoch_mjd_tdb"])), 4) == "2024-12-27T05:38:12.5000"
    assert row["ra_rad"] == pytest.approx(np.radians(63.12345), abs=1e-15)
    assert row["precision_ra_rad"] == pytest.approx(np.radians(1e-5), rel=1e-12)
    assert row["precision_dec_rad"] == pytest.approx(np.radians(0.1), rel=1e-12)
    assert row["precision_time_s"] == pytest.approx(0.1)
    assert row["sigma_ra_rad"] == pytest.approx(0.1 * ARCSEC_RAD, rel=1e-12)
    assert row["sigma_dec_rad"] == pytest.approx(0.2 * ARCSEC_RAD, rel=1e-12)
    assert row["magnitude"] == 16.5
    assert np.isnan(float(str(row["sigma_time_s"])))
    assert row["line"] == 2
    assert row["file"] == "given"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (("63.12345", "360.0"), "ra"),
        (("63.12345", "-0.1"), "ra"),
        (("63.12345", "nan"), "ra"),
        (("63.12345", "inf"), "ra"),
        (("63.12345", "6e999"), "ra"),
        (("63.12345", "63,12345"), "ra"),
        (("63.12345", "63.1.2"), "ra"),
        (("63.12345", ""), "ra"),
        (("10.5", "90.0001"), "dec"),
        (("10.5", "-91"), "dec"),
        (("10.5", "+-1"), "dec"),
        (("10.5", ""), "dec"),
        (("2024-12-27", "2024-13-27"), "obsTime"),
        (("2024-12-27", "0224-12-27"), "obsTime"),
        (("2024-12-27", "2402-12-27"), "obsTime"),
        (("2024-12-27", "2024-12-32"), "obsTime"),
        (("2024-12-27", "2023-02-29"), "obsTime"),
        (("05:38:12.5Z", "24:00:00Z"), "obsTime"),
        (("05:38:12.5Z", "05:60:12Z"), "obsTime"),
        (("05:38:12.5Z", "23:59:60.5Z"), "obsTime"),
        (("05:38:12.5Z", "05:38Z"), "obsTime"),
        (("05:38:12.5Z", "05:38:12.5+01:00"), "obsTime"),
        (("05:38:12.5Z", "05:38:1 .5Z"), "obsTime"),
        (("2024-12-27T05:38:12.5Z", ""), "obsTime"),
        (("W68", ""), "stn"),
        (("|0.1|", "|-0.1|"), "rmsRA"),
        (("|0.1|", "|o.1|"), "rmsRA"),
        (("16.5", "16.x"), "mag"),
        (("2024 YR4", ""), "permID"),
        (("2024 YR4", "S/2003 J 1"), "permID"),
        (("2024 YR4", "2024 YR4\u00e9"), "provID"),
        (("2024 YR4", "Y" * 80), "provID"),
        (("|0.1|0.2|", "|0.1|"), None),
        (("|0.1|0.2|", "|0.1|0.2|0.3|0.4|"), None),
        (("|0.1|0.2|16.5|", ""), None),
    ],
)
def test_a_spoiled_psv_row_is_set_aside_by_name(change: tuple[str, str], field: str | None) -> None:
    assert change[0] in GOOD
    assert spoiled(GOOD.replace(*change))[0] == field


def test_blanks_tabs_and_empty_fields_at_the_end_do_no_harm() -> None:
    padded = GOOD.replace("|", "\t| ")
    row = one(f"{HEADER}\n{padded}  \t\n")
    assert row["ra_rad"] == one(f"{HEADER}\n{GOOD}|||\n")["ra_rad"]


def test_a_leap_second_is_a_time_where_there_was_one() -> None:
    row = GOOD.replace("2024-12-27T05:38:12.5Z", "2016-12-31T23:59:60.5Z")
    epoch = float(str(one(f"{HEADER}\n{row}\n")["epoch_mjd_tdb"]))
    assert format_utc(epoch, 1) == "2016-12-31T23:59:60.5"


def test_blocks_have_headers_of_their_own_and_a_repeated_column_spoils_its_block() -> None:
    text = (
        "stray line\npermID|stn|obsTime|ra|dec|ra\n433|500|2024-01-01T00:00:00Z|1|2|3\n"
        "! comment\npermID|rcv|trx|obsTime|delay|rmsDelay|frq|com\n"
        "433|251|253|2024-01-01T00:00:00Z|12.5|0.5|2380|0\n"
        "433|251|253|2024-01-01T00:00:00Z|-12.5|0.5|2380|0\n"
        "433|251||2024-01-01T00:00:00Z|12.5|0.5|2380|0\n"
        "433|251|253|2024-01-01T00:00:00Z|12.5|0.5||0\n"
        "433|251|253|2024-01-01T00:00:00Z|12.5|0.5|2380|2\n"
    )
    reading = read(text)
    table = reading.observations
    assert table.kind.tolist() == [Kind.RADAR_DELAY]
    assert table.delay_s.tolist() == [12.5]
    assert table.sigma_delay_s.tolist() == [0.5e-6]
    assert table.frequency_hz.tolist() == [2380e6]
    assert table.is_surface.tolist() == [True]
    assert (table.station[0], table.transmitter[0]) == ("251", "253")
    assert [(row.line, row.field) for row in reading.rejected] == [
        (1, None), (2, "ra"), (3, None), (7, "delay"), (8, "trx"), (9, "frq"), (10, "com"),
    ]  # fmt: skip


def test_offsets_occultations_and_withdrawn_rows_are_named() -> None:
    header = "permID|stn|obsTime|ra|dec|obsCenter|raStar|deprecated"
    row = "433|500|2024-01-01T00:00:00Z|1|2"
    reading = read(f"{header}\n{row}|||\n{row}|Jupiter||\n{row}||1.5|\n{row}|||X\n")
    assert len(reading.observations) == 1
    assert [row.field for row in reading.rejected] == ["obsCenter", "raStar", "deprecated"]


POSITIONS = "permID|stn|obsTime|ra|dec|sys|ctr|pos1|pos2|pos3"


@pytest.mark.parametrize(
    ("given", "system", "center", "expected"),
    [
        (
            "ICRF_KM|399|-4588.997|4208.695|3008.595",
            "ICRF_KM",
            399,
            (-4588.997, 4208.695, 3008.595),
        ),
        ("ICRF_AU|10|1|-0.5|0", "ICRF_KM", 10, (149597870.7, -74798935.35, 0.0)),
        ("ICRF_KM|301|1837.4|0|0", "ICRF_KM", 301, (1837.4, 0.0, 0.0)),
        ("WGS84|399|237.76|38.1|2000", "WGS84", 399, (np.radians(237.76), np.radians(38.1), 2.0)),
        ("ITRF|399|90|6000|1000", "ITRF", 399, (0.0, 6000.0, 1000.0)),
        ("IAU|301|0|-89.9|1250", "IAU", 301, (0.0, np.radians(-89.9), 1.25)),
    ],
)
def test_observers_places_by_system(
    given: str, system: str, center: int, expected: tuple[float, float, float]
) -> None:
    text = f"{POSITIONS}\n433|250|2024-01-01T00:00:00Z|1|2|{given}\n"
    row = one(text)
    assert (row["position_system"], row["position_center"]) == (system, center)
    assert row["position"] == pytest.approx(expected, abs=1e-9)
    table = read(text).observations
    again = read(write_ades_psv(table)).observations
    assert again.position[0].tolist() == pytest.approx(table.position[0].tolist(), rel=1e-13)
    assert again.position_system.tolist() == table.position_system.tolist()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ("ICRF_KM|399|1|2|", "sys"),
        ("|399|1|2|3", "sys"),
        ("GALACTIC|399|1|2|3", "sys"),
        ("WGS84|301|1|2|3", "ctr"),
        ("IAU|399|1|2|3", "sys"),
        ("WGS84|399|1|92|3", "pos2"),
        ("WGS84|399|361|2|3", "pos1"),
        ("ICRF_KM|399.5|1|2|3", "ctr"),
        ("ICRF_KM|Moon|1|2|3", "ctr"),
        ("ICRF_KM|399|1|x|3", "pos2"),
    ],
)
def test_an_observer_without_a_place_is_set_aside(given: str, field: str) -> None:
    row = "433|250|2024-01-01T00:00:00Z|1|2|"
    reading = read(f"{POSITIONS}\n{row}||||\n{row}{given}\n")
    assert len(reading.observations) == 1
    assert [rejected.field for rejected in reading.rejected] == [field]


def test_sigmas_of_the_clock_add_and_zero_says_nothing() -> None:
    header = "permID|stn|obsTime|rmsTime|uncTime|ra|dec|rmsRA|rmsDec|rmsCorr"
    row = one(f"{header}\n433|500|2024-01-01T00:00:00Z|0.3|0.4|1|2|0.0|0.1|-0.25\n")
    assert row["sigma_time_s"] == pytest.approx(0.5)
    assert np.isnan(float(str(row["sigma_ra_rad"])))
    assert row["correlation"] == -0.25


@pytest.mark.parametrize(
    ("columns", "designation"),
    [
        ("permID|provID|trkSub", "433||abc"),
        ("provID|permID|trkSub", "433|1898 DQ|"),  # the MPC's own sample has them swapped
        ("ObjID|provid|trkSub", "433|1898 DQ|"),
        ("permID|provID|trkSub", "(433) Eros||"),
    ],
)
def test_the_number_wins(columns: str, designation: str) -> None:
    row = one(f"{columns}|stn|obsTime|ra|dec\n{designation}|500|2024-01-01T00:00:00Z|1|2\n")
    assert row["designation"] == "433"


def test_csv_with_quotes() -> None:
    text = 'provID,remarks,stn,obsTime,ra,dec\n"2024 YR4","a, b",500,2024-01-01T00:00:00Z,1,2\n'
    assert one(text)["designation"] == "2024 YR4"
    reading = read(text + '"2024 YR4,x,500,2024-01-01T00:00:00Z,1,2\n')
    assert [row.reason for row in reading.rejected] == ["a quote does not end"]


def test_an_80_column_record() -> None:
    row = one(RECORD + "\n")
    assert row["designation"] == "2024 BX1"
    assert row["is_discovery"] is True
    assert row["mode"] == "CCD"
    assert row["catalog"] == "Gaia2"
    assert row["band"] == "G"
    assert row["magnitude"] == 18.0
    assert row["station"] == "K88"
    assert format_utc(float(str(row["epoch_mjd_tdb"])), 3) == "2024-01-20T21:48:27.360"
    ra_deg = 15.0 * (7 + 46 / 60 + 28.66 / 3600)
    assert row["ra_rad"] == pytest.approx(np.radians(ra_deg), abs=1e-15)
    assert row["dec_rad"] == pytest.approx(np.radians(45 + 23 / 60 + 28.3 / 3600), abs=1e-15)
    assert row["precision_ra_rad"] == pytest.approx(0.15 * ARCSEC_RAD, rel=1e-12)
    assert row["precision_dec_rad"] == pytest.approx(0.1 * ARCSEC_RAD, rel=1e-12)
    assert row["precision_time_s"] == pytest.approx(0.864, rel=1e-12)


@pytest.mark.parametrize(
    ("ra", "dec", "ra_s", "dec_arcsec", "ra_unit_s", "dec_unit_arcsec"),
    [
        ("07 46 28.667", "-00 00 00.01", 27988.667, -0.01, 0.001, 0.01),
        ("07 46 28    ", "+45 23 28   ", 27988.0, 163408.0, 1.0, 1.0),
        ("07 46.5     ", "-45 23.25   ", 27990.0, -163395.0, 6.0, 0.6),
        ("07 46       ", "-45 23      ", 27960.0, -163380.0, 60.0, 60.0),
        ("23 59 59.999", "-90 00 00.00", 86399.999, -324000.0, 0.001, 0.01),
    ],
)
def test_angles_of_all_precisions(
    ra: str, dec: str, ra_s: float, dec_arcsec: float, ra_unit_s: float, dec_unit_arcsec: float
) -> None:
    text = RECORD[:32] + ra + dec + RECORD[56:]
    row = one(text + "\n")
    second = 15.0 * ARCSEC_RAD
    assert row["ra_rad"] == pytest.approx(ra_s * second, rel=1e-15)
    assert row["dec_rad"] == pytest.approx(dec_arcsec * ARCSEC_RAD, rel=1e-15)
    assert row["precision_ra_rad"] == pytest.approx(ra_unit_s * second, rel=1e-12)
    assert row["precision_dec_rad"] == pytest.approx(dec_unit_arcsec * ARCSEC_RAD, rel=1e-12)
    (line,) = write_obs80(read(text + "\n").observations)[0].splitlines()
    assert line[32:56] == ra + dec


@pytest.mark.parametrize(
    ("start", "text", "field"),
    [
        (32, "24 00 00.00 ", "columns 33-44"),
        (32, "07 60 28.66 ", "columns 33-44"),
        (32, "07 46 60.00 ", "columns 33-44"),
        (32, " 07 46 28.66", "columns 33-44"),
        (32, "07 46 2X.66 ", "columns 33-44"),
        (32, "07:46:28.66 ", "columns 33-44"),
        (32, "07 46 28.6 6", "columns 33-44"),
        (32, "            ", "columns 33-44"),
        (44, "+90 00 00.1 ", "columns 45-56"),
        (44, "+45 60 28.3 ", "columns 45-56"),
        (44, " 45 23 28.3 ", "columns 45-56"),
        (44, "+ 5 23 28.3 ", "columns 45-56"),
        (15, "2024 13 20.90865", "columns 16-32"),
        (15, "2024 02 30.90865", "columns 16-32"),
        (15, "2024 01 20,90865", "columns 16-32"),
        (15, "2024 01 20.9 865", "columns 16-32"),
        (15, "202 401 20.90865", "columns 16-32"),
        (65, "18.X ", "columns 66-70"),
        (65, "1e5  ", "columns 66-70"),
        (0, "            ", "columns 1-12"),
        (0, "J013S       ", "columns 1-12"),
        (0, "    SK03J010", "columns 1-12"),
        (14, "X", "column 15"),
        (14, "x", "column 15"),
        (14, "O", "column 15"),
        (14, "?", "column 15"),
        (14, "S", "column 15"),
        (14, "s", "column 15"),
        (14, "r", "column 15"),
        (77, " K8", "columns 78-80"),
        (77, "   ", "columns 78-80"),
    ],
)
def test_a_spoiled_record_is_set_aside_by_its_columns(start: int, text: str, field: str) -> None:
    bad = RECORD[:start] + text + RECORD[start + len(text) :]
    reading = read(f"{bad}\n{RECORD}\n")
    assert len(reading.observations) == 1
    (rejected,) = reading.rejected
    assert (rejected.line, rejected.field) == (1, field)
    assert rejected.text.rstrip() == bad.rstrip()


@pytest.mark.parametrize(
    ("line", "word"),
    [
        (RECORD[:79], "79 characters"),
        (RECORD + "x", "81 characters"),
        (RECORD[:70], "before the station"),
        (RECORD.replace(" 07 46", "\t07 46"), "tab"),
        (RECORD.replace("G", "\u00e9"), "printable ASCII"),
        ("no record at all", "16 characters"),
    ],
)
def test_a_misfit_line_is_named(line: str, word: str) -> None:
    reading = read(f"COD 500\n{RECORD}\n{line}\n")
    assert len(reading.observations) == 1
    (rejected,) = reading.rejected
    assert rejected.line == 3
    assert word in rejected.reason


@pytest.mark.parametrize(
    ("columns", "designation"),
    [
        ("00433K24B01X", "433"),
        ("~0000       ", "620000"),
        ("     A11pl3Z", "A11pl3Z"),
        ("     A0345  ", "A0345"),
        ("     12345  ", "12345"),
        ("    CK17K020", "C/2017 K2"),
        ("0073P       ", "73P"),
        ("0073P      c", "73P-C"),
        ("0003IK25N010", "3I"),
        ("     PLS2040", "2040 P-L"),
        ("     _QC0000", "2026 CA620"),
    ],
)
def test_objects_of_records(columns: str, designation: str) -> None:
    assert one(columns + RECORD[12:] + "\n")["designation"] == designation


SPACECRAFT = (
    "00433         S2011 10 23.34124006 53 03.495+46 43 06.69               X~7lwF275",
    "00433         s2011 10 23.3412401 + 4353.0030 -  481.6100 + 1382.3400   ~7lwF275",
)


def test_a_record_and_its_second_line_stand_and_fall_together() -> None:
    first, second = SPACECRAFT
    au = second[:32] + "2 +1.00000000 -0.50000000 +0.00000000" + second[69:]
    table = read(f"{first}\n{au}\n").observations
    assert table.position[0].tolist() == pytest.approx([149597870.7, -74798935.35, 0.0])
    other = second.replace("23.341240", "23.341241")
    for pair in ((first,), (second,), (second, first), (first, RECORD, second), (first, other)):
        reading = read("\n".join([RECORD, *pair]))
        assert reading.observations.objects() == ["2024 BX1"]
        assert len(reading.rejected) == len([line for line in pair if line != RECORD])
    bad = second.replace("4353.0030", "4353.00x0")
    reading = read("\n".join([RECORD, first, bad]))
    assert [row.line for row in reading.rejected] == [2, 3]
    assert reading.rejected[1].field == "columns 35-69"


def test_far_spacecraft_are_written_with_shifted_points_and_in_au() -> None:
    table = read("\n".join(SPACECRAFT)).observations
    for position in ([123456.789, -0.001, 5.0], [1234567.89, 2.0, 3.0], [1.5e8, -2e7, 1e3]):
        moved = dataclasses.replace(table, position=np.array([position]))
        text, set_aside = write_obs80(moved)
        assert not set_aside
        again = read(text).observations
        assert again.position[0].tolist() == pytest.approx(position, abs=1.0, rel=1e-8)


def test_what_records_cannot_carry_is_returned_with_its_reason() -> None:
    table = read(
        f"{POSITIONS}\n433|250|2024-01-01T00:00:00Z|1|2|IAU|301|0|-89.9|1250\n"
    ).observations
    rows = [
        (table, "position_system"),
        (dataclasses.replace(table, position_system=np.array(["ICRF_KM"])), "position_center"),
        (_with("2024-01-01T00:00:00Z", "too long a name"), "designation"),
        (_with("2024-01-01T00:00:00Z", "433", station="Moon 1"), "station"),
        (_with("2016-12-31T23:59:60.5Z", "433"), "epoch_mjd_tdb"),
    ]
    for bad, field in rows:
        text, set_aside = write_obs80(bad)
        assert text == ""
        assert [row.field for row in set_aside] == [field]


def _with(time: str, name: str, station: str = "500") -> Observations:
    text = f"trkSub|stn|obsTime|ra|dec\n{name}|{station}|{time}|1|2\n"
    return read(text).observations


def test_psv_refuses_what_would_break_its_columns() -> None:
    table = _with("2024-01-01T00:00:00Z", "abc")
    with pytest.raises(InputError, match=r"designation: ADES PSV cannot carry this text"):
        write_ades_psv(dataclasses.replace(table, designation=np.array(["a|b"])))


RWO_HEAD = "version =   3\nerrmod  = 'vfcc17'\nEND_OF_HEADER\n! Object\n"
RWO_ROW = (
    " 2020BX12  S S   2018 01 25.715775      1.000E-06 14 04 23.230  1.416E-02    1.000 F    0.178"
    "    0.315 -19 19 22.30  1.000E-02    0.500 F    0.107    0.360                       L C51"
    "      0.48 0 0"
)
RWO_SECOND = (
    " 2020BX12  S s   2018 01 25.71577 1      -3551.344400000000      -4903.629900000001"
    "      -3230.672600000000 C51"
)


def test_an_rwo_record_with_weights_bias_and_selection() -> None:
    row = one(f"{RWO_HEAD}{RWO_ROW}\n{RWO_SECOND}\n")
    assert row["designation"] == "2020 BX12"
    assert row["sigma_ra_rad"] == pytest.approx(1.0 * ARCSEC_RAD, rel=1e-12)
    assert row["sigma_dec_rad"] == pytest.approx(0.5 * ARCSEC_RAD, rel=1e-12)
    assert row["bias_ra_rad"] == pytest.approx(0.178 * ARCSEC_RAD, rel=1e-12)
    assert row["bias_dec_rad"] == pytest.approx(0.107 * ARCSEC_RAD, rel=1e-12)
    assert row["is_excluded"] is True
    assert row["catalog"] == "2MASS"
    assert row["position"] == pytest.approx([-3551.3444, -4903.6299, -3230.6726])
    assert row["precision_ra_rad"] == pytest.approx(0.001 * 15 * ARCSEC_RAD, rel=1e-9)
    assert format_utc(float(str(row["epoch_mjd_tdb"])), 3) == "2018-01-25T17:10:42.960"


@pytest.mark.parametrize(
    ("lines", "fields"),
    [
        ([RWO_ROW], ["line"]),
        ([RWO_SECOND], ["K T"]),
        ([RWO_ROW.replace("14 04 23", "24 04 23"), RWO_SECOND], ["Right Ascension"]),
        ([RWO_ROW.replace("-19 19", " 19 19"), RWO_SECOND], ["Declination"]),
        ([RWO_ROW.replace("01 25.7", "13 25.7"), RWO_SECOND], ["Date", "K T"]),
        ([RWO_ROW.replace("1.000 F", "-1.00 F"), RWO_SECOND], ["RA RMS"]),
        ([RWO_ROW.replace("0 0", "7 0")[:195], RWO_SECOND], ["SEL A"]),
        ([RWO_ROW[:150], RWO_SECOND], ["line"]),
        ([RWO_ROW, RWO_SECOND.replace("-4903.6", "-49x3.6")], ["second line"]),
    ],
)
def test_spoiled_rwo_lines_are_set_aside(lines: list[str], fields: list[str]) -> None:
    reading = read(RWO_HEAD + "\n".join([RWO_ROW, RWO_SECOND, *lines]) + "\n")
    assert len(reading.observations) == 1
    assert [row.field for row in reading.rejected] == fields


def test_xml_and_json_by_the_same_rules() -> None:
    xml = (
        '<?xml version="1.0"?><ades version="2022"><obsBlock><obsData>\n<optical>'
        "<permID>433</permID><stn>500</stn><obsTime>2024-01-01T00:00:00Z</obsTime><ra>1.5</ra><dec>2</dec></optical>\n"
        "<optical><permID>433</permID><stn>500</stn><ra>1.5</ra><dec>2</dec></optical>\n"
        "<offset><permID>433</permID><stn>500</stn><obsTime>2024-01-01T00:00:00Z</obsTime></offset>\n"
        "<optical><permID>433"
    )
    reading = read(xml)
    assert reading.format == "ADES XML"
    assert reading.observations.ra_rad.tolist() == [np.radians(1.5)]
    assert [(row.line, row.field) for row in reading.rejected] == [
        (3, "obsTime"), (4, "obsCenter"), (5, None),
    ]  # fmt: skip
    json = (
        '{"ades": {"obsBlock": [{"obsData": {"optical": [{"permID": "433", "stn": "500", '
        '"obsTime": "2024-01-01T00:00:00Z", "ra": 1.50, "dec": "2", "band": null}, '
        '{"permID": "433", "stn": "500", "obsTime": "2024-01-01T00:00:00Z", "ra": true, '
        '"dec": 2}]}}]}}'
    )
    reading = read(json)
    assert reading.format == "ADES JSON"
    assert reading.observations.precision_ra_rad.tolist() == pytest.approx([np.radians(0.01)])
    assert [(row.line, row.field) for row in reading.rejected] == [(2, "ra")]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"  \n\t\n", b"\x00\x01\x02", b"hello\nworld\n", b"\x1f\x8bdamaged", b"{", b"[1, 2]",
        b'{"a": NaN}', b"<ades/>", b"permID|stn|obsTime\n", b"a,b,c\n1,2,3\n",
        b'<!DOCTYPE a [<!ENTITY b "c">]><ades>&b;</ades>', "permID|stn".encode("utf-16"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_observations_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match=r"^given"):
        parse_observations(data, "given")


def test_a_file_that_is_not_there(tmp_path: object) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_observations(f"{tmp_path}/none.psv")


def test_duplicates_and_contradictions() -> None:
    header = "permID|stn|obsTime|ra|dec|rmsRA|rmsDec"
    rows = [
        "433|500|2024-01-01T00:00:00.0Z|1.00000|2.00000||",
        "433|500|2024-01-01T01:00:00.0Z|1.50000|2.00000||",
        "433|500|2024-01-01T00:00:00.4Z|1.00001|2.00000||",  # the same, rounded otherwise
        "433|501|2024-01-01T00:00:00.0Z|1.00000|2.00000||",  # another station
        "434|500|2024-01-01T00:00:00.0Z|1.00000|2.00000||",  # another object
        "433|500|2024-01-01T01:00:00.0Z|1.60000|2.00000||",  # elsewhere at the same time
        "433|500|2024-01-01T02:00:00.0Z|1.7000000|2.0000000|0.1|0.1",
        "433|500|2024-01-01T02:00:00.0Z|1.7000500|2.0000000|0.1|0.1",  # 0.18", 1.3 sigmas
    ]
    found = find_duplicates(read("\n".join([header, *rows])).observations)
    assert np.flatnonzero(found.is_duplicate).tolist() == [2]
    assert found.of_row[2] == 0
    assert found.contradictory.tolist() == [[1, 5]]
    assert_array_equal(found.of_row >= 0, found.is_duplicate)


def test_one_hundred_thousand_lines_of_each_main_format() -> None:
    """Synthetic lines of each format, of which some are spoiled, come to the same places."""
    n = 100_000
    k = np.arange(n)
    day, ra_s, dec = 1 + k % 28, k * 7 % 8_640_000, k * 3 % 300_000
    psv = ["permID|stn|obsTime|ra|dec"]
    csv = ["ObjID,stn,obsTime,ra,dec"]
    records = []
    for d, r, a, row in zip(day.tolist(), ra_s.tolist(), dec.tolist(), k.tolist(), strict=True):
        second, hundredth = divmod(r, 100)
        clock = f"{second // 3600:02d} {second // 60 % 60:02d} {second % 60:02d}.{hundredth:02d}"
        angle = f"+{a // 3600:02d} {a // 60 % 60:02d} {a % 60:02d}.0"
        name = f"{row // 1000 + 1:05d}"
        records.append(f"{name}         C2024 01 {d:02d}.50000 {clock} {angle} {'':21}500")
        cells = (str(row // 1000 + 1), "500", f"2024-01-{d:02d}T12:00:00Z",
                 f"{r / 24000.0:.9f}", f"{a / 3600.0:.9f}")  # fmt: skip
        psv.append("|".join(cells))
        csv.append(",".join(cells))
    for lines in (psv, csv, records):
        lines[50_000] = lines[50_000].replace("2024", "20x4")
    tables = [read("\n".join(lines) + "\n") for lines in (psv, csv, records)]
    for reading in tables:
        assert [row.line for row in reading.rejected] in ([50_001],)
        assert len(reading.observations) == n - 1
    # The header shifts the spoiled line of PSV and CSV by one row against that of the records.
    a, b = (reading.observations for reading in tables[1:])
    keep = np.delete(np.arange(n), [49_999, 50_000])
    first, second = a.where(keep - (keep > 49_999)), b.where(keep - (keep > 50_000))
    assert np.max(np.abs(first.ra_rad - second.ra_rad)) < 1e-11  # nine decimals of a degree
    assert np.max(np.abs(first.dec_rad - second.dec_rad)) < 1e-11
    assert_array_equal(first.epoch_mjd_tdb, second.epoch_mjd_tdb)
    assert_array_equal(first.designation, second.designation)
    assert_array_equal(tables[0].observations.ra_rad, a.ra_rad)
