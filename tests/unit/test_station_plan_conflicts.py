"""Manifests that cannot be: each names the constraint that is in the way, and by how much."""

from __future__ import annotations

from pathlib import Path

import pytest
from planning import facility, planned

from perilune.station.build_up.conflicts import InfeasiblePlanError
from perilune.station.build_up.plan import plan_build_up

pytest.importorskip("highspy")

ROCKET = "id: rocket, owner: one, to: {surface: 5 t}, rate: 1 /y"


def conflict(
    folder: Path, facilities: list[str], launchers: list[str], *more: str, until: str | None = None
) -> tuple[dict[str, str], bool]:
    """The conflicts' sentences by group, and whether they are alternatives."""
    station = planned(folder, facilities, launchers, *more)
    with pytest.raises(InfeasiblePlanError) as caught:
        plan_build_up(station, until=until, months=6, time_limit_s=30.0)
    assert caught.value.exit_code == 3
    assert caught.value.file in str(caught.value)
    found = {each.group: str(each) for each in caught.value.conflicts}
    assert all(words in str(caught.value) for words in found.values())
    return found, caught.value.alternatives


@pytest.mark.parametrize(
    ("facilities", "launchers", "more", "group", "words"),
    [
        (
            [facility("a", "6 t")], [ROCKET], "", "masses",
            "a (6 t) is heavier than anything that can be brought to the Moon's surface: at most "
            "5 t, by rocket. Split it",
        ),
        (
            [facility("a", "3 t", more="together: b"), facility("b", "3 t")], [ROCKET], "",
            "masses", "a and b (6 t) is heavier",
        ),
        (
            [facility("a", "1 t")], ["id: rocket, owner: one, to: {tli: 5 t}, rate: 1 /y"],
            "landers: [{id: big, owner: one, at: tli, to: surface, payload: 1 t, mass: 6 t}]",
            "masses", "rocket with big cannot even bring the lander there",
        ),
        (
            [facility("a", "1 t", at="halo")], [ROCKET], "", "places",
            "nothing brings a to the near-rectilinear halo orbit. Add a launcher whose `to` has "
            "nrho",
        ),
        (
            [facility("a", "1 t", more="owner: two")], [f"{ROCKET}, carries: one"], "", "partners",
            "a belongs to two, but what can bring 1 t to the Moon's surface (rocket) does not "
            "carry its parts. Add two to carries",
        ),
        (
            [facility("a", "1 t")], [f"{ROCKET}, available: 2032-01-01"], "", "dates",
            "a has to be launched from 2030-01-01 to 2031-12-31 (phase early), but rocket, which "
            "could bring its 1 t to the Moon's surface, is available only from 2032-01-01",
        ),
        (
            [facility("a", "1 t", phase="late")], [f"{ROCKET}, until: 2031-06-01"], "", "dates",
            "is in use only until 2031-06-01",
        ),
        (
            [facility("a", "1 t", more="needs: b"), facility("b", "1 t", phase="late")], [ROCKET],
            "", "needs",
            "a needs b, which comes from 2032-01-01 to 2033-12-31 (phase late), after a",
        ),
        (
            [facility("a", "1 t", more="crew: 2")], [ROCKET],
            "crews: [{id: c, at: base, people: 3, start: 2031-01-01, stay: 9 d}]", "beds",
            "3 people are at base from 2031-01-01 on, but its facilities carry 2",
        ),
    ],
)  # fmt: skip
def test_what_alone_cannot_be_is_said_of_each(
    tmp_path: Path, facilities: list[str], launchers: list[str], more: str, group: str, words: str
) -> None:
    found, are_alternatives = conflict(tmp_path, facilities, launchers, *([more] if more else []))
    assert list(found) == [group]
    assert words in found[group]
    assert not are_alternatives


def test_a_window_without_any_day_of_launch(tmp_path: Path) -> None:
    text = planned(tmp_path, [facility("a", "1 t"), facility("b", "1 t", phase="late")], [ROCKET])
    path = Path(text.file)
    path.write_text(path.read_text().replace("start: 2032-01-01, stop: 2033-12-31",
                                             "start: 2032-02-01, stop: 2032-05-01"))  # fmt: skip
    from perilune.station.reading import read_station

    with pytest.raises(InfeasiblePlanError, match="Launch more often") as caught:
        plan_build_up(read_station(path), months=6)
    assert [each.group for each in caught.value.conflicts] == ["phases"]
    assert plan_build_up(read_station(path), months=3).is_optimal


def test_a_need_that_comes_after_the_plan(tmp_path: Path) -> None:
    found, _ = conflict(
        tmp_path,
        [facility("a", "1 t", more="needs: b"), facility("b", "1 t", phase="late")],
        [ROCKET],
        until="2031-06-01",
    )
    assert "a needs b, which comes only after the plan's end" in found["needs"]


def test_too_few_launches_a_year(tmp_path: Path) -> None:
    """Four of 5 t each in two years, and one launch a year: one a year more, or later, or more."""
    found, are_alternatives = conflict(
        tmp_path, [facility(f"f{k}", "5 t") for k in range(4)], [ROCKET]
    )
    assert are_alternatives
    assert "rocket would have to fly 2 times in any year rather than 1" in found["rates"]
    # At the slots of six months and one a year: 1 January 2032 and 2033.
    assert "f" in found["phases"]
    assert "days outside from 2030-01-01 to 2031-12-31 (phase early)" in found["phases"]
    assert (
        "rocket would have to bring 10 t to the Moon's surface rather than 5 t" in found["masses"]
    )
    assert set(found) == {"rates", "phases", "masses"}


def test_a_launcher_that_comes_too_late_for_two(tmp_path: Path) -> None:
    found, are_alternatives = conflict(
        tmp_path,
        [facility("a", "5 t"), facility("b", "5 t")],
        [f"{ROCKET}, available: 2031-01-01"],
    )
    assert are_alternatives
    # One can fly on 1 July 2031, the last day of launch; the other a year before, half a year too
    # early for the rocket.
    assert "rocket would have to be there 184 days outside its dates" in found["dates"]
    assert {"rates", "dates", "phases", "masses"} == set(found)


def test_partners_whose_rocket_is_busy(tmp_path: Path) -> None:
    found, _ = conflict(
        tmp_path,
        [facility(f"f{k}", "5 t") for k in range(3)],
        [f"{ROCKET}, carries: one", f"{ROCKET.replace('rocket', 'other')}, carries: two"],
    )
    assert "would fly with what carries only others' parts" in found["partners"]
    assert found["partners"].count("would fly") == 1


def test_seats_that_lack(tmp_path: Path) -> None:
    found, _ = conflict(
        tmp_path,
        [facility("a", "5 t", more="crew: 9")],
        [ROCKET, "id: taxi, owner: one, to: {surface: 1 t}, rate: 1 /y, seats: 2"],
        "crews: [{id: c, at: base, people: 5, start: 2031-01-01, stay: 9 d}]",
    )
    assert "3 people would find no seat to base on 2031-01-01" in found["seats"]
    assert "taxi would have to fly 3 times in any year rather than 1" in found["rates"]
    assert set(found) == {"rates", "seats"}


def test_a_crew_that_comes_before_its_house(tmp_path: Path) -> None:
    found, _ = conflict(
        tmp_path,
        [facility("a", "5 t", phase="late", more="crew: 9")],
        [ROCKET],
        "crews: [{id: c, at: base, people: 5, start: 2031-01-01, stay: 9 d, needs: a}]",
    )
    assert set(found) == {"phases"}
    assert "a would come 365 days outside" in found["phases"]


def test_a_crew_before_what_it_needs_and_no_room(tmp_path: Path) -> None:
    """Two facilities of 5 t with one launch a year, and a crew in the first: three ways out."""
    found, _ = conflict(
        tmp_path,
        [facility("a", "5 t", more="crew: 3"), facility("b", "5 t")],
        [ROCKET],
        "crews: [{id: c, at: base, people: 2, start: 2030-06-01, stay: 9 d, needs: [a, b]}]",
    )
    assert found["needs"].startswith("What facilities and crews need: crew c would come before")
    assert {"rates", "needs", "masses"} <= set(found)


def test_supplies_that_lack(tmp_path: Path) -> None:
    found, _ = conflict(
        tmp_path,
        [facility("a", "4 t", more="crew: 9")],
        [ROCKET],
        "crews: [{id: c, at: base, people: 4, start: 2030-07-01, stay: 180 d, needs: a}]",
        "consumables: [{id: all, rate: 5 kg/d}]",
    )
    # 4 x 180 x 5 = 3,600 kg, of which 1,000 kg come beside the 4 t.
    assert "base would lack 2,600 kg of consumables" in found["supplies"]
    assert "rocket would have to fly 2 times in any year rather than 1" in found["rates"]
    assert "7.6 t to the Moon's surface rather than 5 t" in found["masses"]


def test_what_is_launched_together_may_be_in_the_way(tmp_path: Path) -> None:
    found, _ = conflict(
        tmp_path,
        [
            facility("a", "3 t", more="together: b"), facility("b", "1 t"),
            facility("c", "2 t"), facility("d", "4 t"),
        ],
        [ROCKET],
    )  # fmt: skip
    assert "a and b are launched together. Leave together out" in found["together"]


def test_groups_that_have_to_give_way_together(tmp_path: Path) -> None:
    """A crew that no seat serves comes before its only house: neither alone is enough."""
    found, are_alternatives = conflict(
        tmp_path,
        [facility("a", "5 t", phase="late", more="crew: 9")],
        [ROCKET, "id: taxi, owner: one, to: {surface: 1 t}, rate: 0.01 /y, seats: 2"],
        "crews: [{id: c, at: base, people: 5, start: 2031-01-01, stay: 9 d, needs: a}]",
    )
    assert not are_alternatives
    assert {"phases", "seats"} <= set(found) or {"needs", "seats"} <= set(found)
    assert len(found) <= 3
