"""Launch manifests that can be worked out by hand, and their parts."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from planning import HEAD, facility, planned

import perilune.station.build_up.plan
from perilune.errors import InputError, NotConvergedError
from perilune.station.build_up.constraints import rate_limit
from perilune.station.build_up.ledger import arrivals, mass_steps, partner_sums, phase_sums
from perilune.station.build_up.options import make_options
from perilune.station.build_up.plan import Plan, plan_build_up
from perilune.station.build_up.program import Program, Solution, solve
from perilune.station.build_up.routes import mass_ratio, payload_kg, route_km_s
from perilune.station.build_up.slots import date_of, make_slots
from perilune.station.faults import StationFileError
from perilune.times import parse_epoch

highspy = pytest.importorskip("highspy")


def told(plan: Plan) -> list[tuple[str, str, list[str]]]:
    """Date, name of the option and facilities of each launch."""
    return [
        (
            date_of(launch.day_mjd_tdb),
            launch.option.name,
            [name for k in launch.items for name in plan.demands.items[k].facilities],
        )
        for launch in plan.launches
    ]


def test_ways_add_up_and_a_file_s_own_legs_go_first() -> None:
    assert route_km_s("tli", "surface") == pytest.approx(0.95 + 2.18)
    assert route_km_s("leo", "nrho") == pytest.approx(3.28 + 0.45)
    # By the NRHO it is 0.45 + 0.74: longer than straight into low orbit.
    assert route_km_s("tli", "llo") == pytest.approx(0.95)
    assert route_km_s("tli", "llo", {("nrho", "llo"): 0.4}) == pytest.approx(0.85)
    assert route_km_s("tli", "surface", {("tli", "surface"): 2.6}) == pytest.approx(2.6)
    assert route_km_s("surface", "leo") == math.inf


def test_a_stage_is_filled_as_far_as_its_launcher_lifts() -> None:
    # Tsiolkovsky by hand: a ratio of 2 halves the mass.
    isp_s = 3.0 / (9.80665e-3 * math.log(2.0))
    assert mass_ratio(3.0, isp_s) == pytest.approx(2.0)
    # 10 t of propellant and a ratio of 2: what arrives is as heavy as the propellant.
    assert payload_kg(2000.0, 10_000.0, isp_s, 3.0) == pytest.approx(8000.0)
    # The launcher lifts 12 t: 6 t arrive, of which the stage is 2 t; 6 t of propellant are loaded.
    assert payload_kg(2000.0, 10_000.0, isp_s, 3.0, start_most_kg=12_000.0) == pytest.approx(4000.0)
    assert payload_kg(2000.0, 10_000.0, isp_s, 3.0, start_most_kg=3000.0) < 0.0
    assert payload_kg(2000.0, 0.0, isp_s, 0.0, start_most_kg=3000.0) == pytest.approx(1000.0)


def test_days_of_launch_are_first_days_of_months() -> None:
    slots = make_slots(parse_epoch("2030-02-14"), parse_epoch("2031-03-01"), 5)
    assert [slots.date(k) for k in range(len(slots))] == ["2030-02-01", "2030-07-01", "2030-12-01"]
    assert date_of(slots.stop_mjd_tdb) == "2031-05-01"
    assert slots.first_at(parse_epoch("2030-07-01")) == 1
    assert slots.first_at(parse_epoch("2030-07-02")) == 2
    assert list(slots.within(parse_epoch("2030-07-01"), parse_epoch("2030-12-01"))) == [1, 2]
    # Within a year from 1 February lie those of February, July and December.
    assert slots.window(1.0) == 3
    with pytest.raises(InputError, match="ends before it starts"):
        make_slots(parse_epoch("2030-02-14"), parse_epoch("2030-01-01"), 5)
    with pytest.raises(InputError, match="too many days"):
        make_slots(parse_epoch("2030-02-14"), parse_epoch("2830-01-01"), 1)


@pytest.mark.parametrize(
    ("rate", "number", "years"),
    [(2.0, 2, 1.0), (1.5, 3, 2.0), (0.5, 1, 2.0), (1 / 3, 1, 3.0), (2.718, 2, 1.0), (0.01, 1, 100)],
)
def test_rates_are_numbers_in_years(rate: float, number: int, years: float) -> None:
    found = rate_limit(rate)
    assert found[0] == number
    assert found[1] == pytest.approx(years)


def test_two_light_ones_share_a_launch_and_the_heavy_one_has_its_own(tmp_path: Path) -> None:
    station = planned(
        tmp_path,
        [facility("a", "3 t"), facility("b", "4 t"), facility("c", "2 t")],
        ["id: rocket, owner: one, to: {surface: 5 t}, rate: 1 /y, cost: 100 MUSD"],
    )
    plan = plan_build_up(station, months=6)
    # 9 t need two launches of 5 t; a and c fit together; one launch a year.
    assert [date for date, _, _ in told(plan)] == ["2030-01-01", "2031-01-01"]
    assert sorted(sorted(load) for _, _, load in told(plan)) == [["a", "c"], ["b"]]
    # All dates count: two facilities early are better than one.
    assert told(plan)[0][2] == ["a", "c"]
    assert plan.cost_million == 200.0
    assert plan.is_optimal
    assert plan.gap == 0.0
    assert (plan.objective, plan.currency) == ("cost", "USD")


def test_cost_goes_before_date(tmp_path: Path) -> None:
    launchers = [
        "id: dear, owner: one, to: {surface: 9 t}, rate: 1 /y, cost: 101 MUSD",
        "id: cheap, owner: one, to: {surface: 9 t}, rate: 1 /y, cost: 0.1 GUSD, "
        "available: 2031-05-01",
    ]
    station = planned(tmp_path, [facility("a", "3 t")], launchers)
    assert told(plan_build_up(station)) == [("2031-07-01", "cheap", ["a"])]
    station = planned(
        tmp_path, [facility("a", "3 t")], [launchers[0].replace("101", "99"), launchers[1]]
    )
    assert told(plan_build_up(station)) == [("2030-01-01", "dear", ["a"])]


def test_without_costs_the_fewest_launches_then_the_smallest(tmp_path: Path) -> None:
    launchers = [
        "id: large, owner: one, to: {surface: 9 t}, rate: 4 /y",
        "id: small, owner: one, to: {surface: 4 t}, rate: 4 /y, cost: 1 MUSD",
    ]
    both = [facility("a", "3 t"), facility("b", "4 t")]
    plan = plan_build_up(planned(tmp_path, both, launchers))
    assert told(plan) == [("2030-01-01", "large", ["a", "b"])]
    assert (plan.objective, plan.cost_million, plan.unpriced) == ("launches", None, ("large",))
    plan = plan_build_up(planned(tmp_path, both[:1], launchers))
    assert told(plan) == [("2030-01-01", "small", ["a"])]


def test_what_is_needed_comes_no_later(tmp_path: Path) -> None:
    station = planned(
        tmp_path,
        [
            facility("a", "5 t", more="needs: b"),
            facility("b", "5 t", more="needs: [c, d]"),
            facility("c", "5 t"),
            facility("d", "1 t", more="launched: 2029-06-01"),
        ],
        ["id: rocket, owner: one, to: {surface: 5 t}, rate: 2 /y"],
    )
    plan = plan_build_up(station, months=3)
    assert {load[0]: date for date, _, load in told(plan)} == {
        "c": "2030-01-01", "b": "2030-01-01", "a": "2031-01-01",
    }  # fmt: skip
    here = {each.facility.id: each for each in arrivals(plan)}
    assert here["d"].launch is None
    assert date_of(here["d"].launched_mjd_tdb) == "2029-06-01"


def test_together_is_one_launch_and_left_at_ends_it(tmp_path: Path) -> None:
    station = planned(
        tmp_path,
        [
            facility("a", "5 t", at="halo", more="left_at: tli, together: b"),
            facility("b", "5 t", at="halo", more="left_at: tli"),
            facility("c", "2 t", at="halo"),
        ],
        [
            "id: rocket, owner: one, to: {tli: 10 t}, rate: 4 /y",
            "id: direct, owner: two, to: {nrho: 6 t}, rate: 4 /y",
        ],
    )
    assert [(name, load) for _, name, load in told(plan_build_up(station))] == [
        ("rocket", ["a", "b"]),
        ("direct", ["c"]),
    ]


def test_a_flight_goes_to_one_place(tmp_path: Path) -> None:
    """Two sites on the Moon need two landings, crews there two flights; on the way they share."""
    head = HEAD.replace(
        "  - {id: dish",
        "  - {id: far, body: moon, longitude: 0 deg, latitude: 0 deg, height: 0 m}\n  - {id: dish",
    )
    rocket = "id: rocket, owner: one, to: {surface: 5 t, tli: 9 t}, rate: 4 /y, seats: 4"
    station = planned(
        tmp_path,
        [facility("a", "1 t"), facility("b", "1 t", at="far"), facility("c", "1 t")],
        [rocket],
        head=head,
    )
    plan = plan_build_up(station)
    assert sorted(load for _, _, load in told(plan)) == [["a", "c"], ["b"]]
    assert {launch.element for launch in plan.launches} == {"base", "far"}
    station = planned(
        tmp_path,
        [
            facility("a", "1 t", more="left_at: tli"),
            facility("b", "1 t", at="far", more="left_at: tli"),
        ],
        [rocket],
        "crews:",
        "  - {id: x, at: base, people: 2, start: 2031-01-01, stay: 9 d}",
        "  - {id: y, at: far, people: 1, start: 2031-01-01, stay: 9 d}",
        head=head,
    )
    plan = plan_build_up(station)
    assert [(launch.element, launch.people) for launch in plan.launches] == [
        ("", 0), ("base", 2), ("far", 1),
    ]  # fmt: skip


def test_landers_fly_as_often_as_they_may(tmp_path: Path) -> None:
    lander = (
        "landers: [{id: lander, owner: two, at: tli, to: surface, payload: 3 t, mass: 6 t, "
        "rate: 1 /y}]"
    )
    station = planned(
        tmp_path,
        [facility("a", "3 t"), facility("b", "2.5 t")],
        ["id: rocket, owner: one, to: {tli: 9 t}, rate: 9 /y"],
        lander,
    )
    plan = plan_build_up(station)
    assert [date for date, _, _ in told(plan)] == ["2030-01-01", "2031-01-01"]
    assert {name for _, name, _ in told(plan)} == {"rocket with lander"}
    # Both owners have half of each flight; all of the facilities is partner one's.
    one, two = partner_sums(plan)
    assert (one.launches, two.launches) == (1.0, 1.0)
    assert (one.launched_kg, two.launched_kg) == (2750.0, 2750.0)
    assert (one.owned_kg, two.owned_kg) == (5500.0, 0.0)


def test_a_launcher_too_small_for_a_lander_lifts_it_less_full(tmp_path: Path) -> None:
    more = (
        "landers: [{id: l, owner: one, at: llo, to: surface, dry: 2 t, propellant: 8 t, "
        "isp: 320 s}]"
    )
    station = planned(
        tmp_path, [], ["id: r, owner: one, to: {llo: 9 t, tli: 12 t}, rate: 1 /y"], more
    )
    options = {
        option.name + "/" + option.destination: option.capacity_kg
        for option in make_options(station.launchers, station.landers, station.routes)
    }
    ratio = math.exp(2.18 / (320.0 * 9.80665e-3))
    assert options == pytest.approx(
        {"r/tli": 12e3, "r/llo": 9e3, "r with l/surface": 9e3 / ratio - 2e3}
    )
    own = planned(
        tmp_path, [], ["id: r, owner: one, to: {llo: 9 t}, rate: 1 /y"],
        more, "routes: [{at: llo, to: surface, dv: 1.9 km/s}]",
    )  # fmt: skip
    better = make_options(own.launchers, own.landers, own.routes)[1].capacity_kg
    assert better == pytest.approx(9e3 / math.exp(1.9 / (320.0 * 9.80665e-3)) - 2e3)


CREWS = """\
crews:
  - {id: crew, at: base, people: 3, start: 2032-01-01, stop: 2032-12-31, stay: 100 d, every: 182 d,
     needs: hut, reserve: 10 d}
consumables:
  - {id: water, rate: 4 kg/d, recycled: 75 %, packaging: 10 %}
  - {id: food, rate: 500 g/d}
"""


def test_crews_get_seats_and_what_they_use(tmp_path: Path) -> None:
    station = planned(
        tmp_path,
        [facility("hut", "3 t", phase="early", more="crew: 4")],
        [
            "id: rocket, owner: one, to: {surface: 3.2 t}, rate: 4 /y, cost: 50 MUSD",
            "id: taxi, owner: two, to: {surface: 100 kg}, rate: 8 /y, cost: 80 MUSD, seats: 2",
        ],
        CREWS,
    )
    plan = plan_build_up(station, months=3)
    # 3 people x 1.6 kg a day: 1 x (water) 1.1 + 0.5 (food).
    a_day_kg = 3.0 * (4.0 * 0.25 * 1.1 + 0.5)
    # Days of launch: 1 January 2032, and 1 July after 182 days.
    visits = plan.demands.visits
    assert [date_of(visit.start_mjd_tdb) for visit in visits] == ["2032-01-01", "2032-07-01"]
    (store,) = plan.demands.stores
    by_april = a_day_kg * (91.0 + 10.0)
    assert store.needed_kg[8] == pytest.approx(by_april, abs=1e-3)
    # Leap seconds aside, two stays of 100 days and the reserve.
    assert store.needed_kg[-1] == pytest.approx(a_day_kg * (200.0 + 10.0), abs=1e-3)
    taxis = [launch for launch in plan.launches if launch.option.launcher.id == "taxi"]
    assert [launch.people for launch in taxis] == [2, 1, 2, 1]
    brought = sum(kg for launch in plan.launches for _, kg in launch.supplies_kg)
    assert brought == pytest.approx(store.needed_kg[-1], abs=0.01)
    # 200 kg beside the hut, 4 x 100 kg in the taxis, and the rest, 408 kg, by one more rocket.
    assert plan.cost_million == pytest.approx(2 * 50.0 + 4 * 80.0)
    hut = plan.launch_of("hut")
    assert hut is not None
    first = min(launch.day_mjd_tdb for launch in plan.launches if launch.supplies_kg)
    assert first >= hut.day_mjd_tdb
    late = {each.phase: each for each in phase_sums(plan)}["late"]
    assert late.people == 3
    assert late.crew_days == pytest.approx(600.0)
    water, food = late.uses
    assert (water.used_kg, water.recycled_kg, water.packaging_kg) == pytest.approx((2400, 1800, 60))
    assert water.resupply_kg + food.resupply_kg == pytest.approx(200.0 * a_day_kg)


def test_without_seats_crews_travel_unplanned(tmp_path: Path) -> None:
    station = planned(
        tmp_path,
        [facility("hut", "3 t", more="crew: 4")],
        ["id: rocket, owner: one, to: {surface: 5 t}, rate: 4 /y"],
        CREWS,
    )
    plan = plan_build_up(station)
    assert not plan.crews_carried
    assert all(launch.people == 0 for launch in plan.launches)
    assert len(plan.launches) == 1


def test_a_stay_over_two_phases_counts_in_each(tmp_path: Path) -> None:
    station = planned(
        tmp_path,
        [facility("hut", "3 t", more="crew: 4")],
        ["id: rocket, owner: one, to: {surface: 5 t}, rate: 4 /y"],
        "crews: [{id: crew, at: base, people: 2, start: 2031-10-01, stay: 184 d}]",
    )
    plan = plan_build_up(station, until="2033-12-31")
    days = {each.phase: each.crew_days for each in phase_sums(plan)}
    # October to December are 92 days.
    assert days == pytest.approx({"early": 2 * 92.0, "late": 2 * 92.0}, abs=1e-3)


def test_mass_over_time_is_by_owner(tmp_path: Path) -> None:
    station = planned(
        tmp_path,
        [
            facility("a", "3 t"),
            facility("b", "4 t", more="owner: [one, two]"),
            facility("c", "2 t", phase="late", more="owner: two"),
            facility("ground", "9 t", at="dish"),
        ],
        ["id: rocket, owner: one, to: {surface: 7 t}, rate: 1 /y"],
    )
    steps = mass_steps(plan_build_up(station))
    assert [(date_of(s.day_mjd_tdb), s.phase, s.partner, s.added_kg, s.mass_kg) for s in steps] == [
        ("2030-01-01", "early", "one", 5000.0, 5000.0),
        ("2030-01-01", "early", "two", 2000.0, 2000.0),
        ("2032-01-01", "late", "two", 2000.0, 4000.0),
    ]


def test_a_plan_may_end_before_later_phases(tmp_path: Path) -> None:
    station = planned(
        tmp_path,
        [facility("a", "3 t"), facility("b", "99 t", phase="late")],
        ["id: rocket, owner: one, to: {surface: 7 t}, rate: 1 /y"],
    )
    assert told(plan_build_up(station, until="2031-06-01")) == [("2030-01-01", "rocket", ["a"])]


def test_the_same_file_gives_the_same_plan(tmp_path: Path) -> None:
    def plan() -> Plan:
        return plan_build_up(
            planned(
                tmp_path,
                [facility(f"f{k}", f"{1 + 0.3 * k} t") for k in range(7)],
                [
                    "id: large, owner: one, to: {surface: 5 t}, rate: 2 /y, cost: 90 MUSD",
                    "id: small, owner: one, to: {surface: 2.5 t}, rate: 2 /y, cost: 50 MUSD",
                ],
            )
        )

    first = told(plan())
    assert all(told(plan()) == first for _ in range(2))


def market_shares() -> Program:
    """A small program that takes hours to prove (Cornuejols and Dawande 1998), but has solutions.

    Shares of markets are to be halved as nearly as may be; what is over or under costs.
    """
    random, program = np.random.default_rng(1), Program()
    shops = [program.column(1.0, integer=True) for _ in range(50)]
    for _ in range(6):
        sizes = random.integers(0, 100, len(shops)).astype(float)
        over, under = program.column(cost=1.0), program.column(cost=1.0)
        terms = {**dict(zip(shops, sizes.tolist(), strict=True)), over: -1.0, under: 1.0}
        half = float(sizes.sum() // 2)
        program.row(terms, lower=half, upper=half)
    return program


def test_when_the_time_is_up_the_best_so_far_comes_with_its_gap() -> None:
    heard: list[float] = []
    found = solve(market_shares(), time_limit_s=1.0, told=lambda s, best, bound: heard.append(best))
    assert found.status == "feasible"
    assert found.gap > 0.0
    assert found.values.size
    assert heard


def test_without_any_plan_in_time_more_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    station = planned(
        tmp_path, [facility("a", "3 t")], ["id: r, owner: one, to: {surface: 7 t}, rate: 1 /y"]
    )
    late = Solution("unknown", np.zeros(0), math.nan, math.inf)
    monkeypatch.setattr(perilune.station.build_up.plan, "solve", lambda *_, **__: late)
    with pytest.raises(NotConvergedError, match="--time-limit"):
        plan_build_up(station)


@pytest.mark.parametrize(
    ("facilities", "more", "words"),
    [
        (["id: a, kind: power, at: base, owner: one, phase: early"], "", "without mass"),
        (
            ["id: a, kind: power, at: odd, owner: one, phase: early, mass: 1 t"],
            "",
            "does not say where",
        ),
        ([], "", "nothing to launch"),
    ],
)
def test_what_cannot_be_planned_is_said(
    tmp_path: Path, facilities: list[str], more: str, words: str
) -> None:
    odd = (
        "  - {id: odd, state: {epoch: 2030-01-01, center: moon, frame: icrf, "
        "position: 3000 0 0 km, velocity: 0 1.2 0 km/s}}\n"
    )
    launchers = ["id: rocket, owner: one, to: {surface: 7 t}, rate: 1 /y"]
    with pytest.raises(InputError, match=words):
        plan_build_up(planned(tmp_path, facilities, launchers, head=HEAD + odd))


def test_too_many_flights_are_refused(tmp_path: Path) -> None:
    station = planned(
        tmp_path,
        [facility(f"f{k}", "1 t") for k in range(300)],
        ["id: r, owner: one, to: {surface: 1 t}, rate: 900 /y"],
    )
    with pytest.raises(InputError, match="too many flights"):
        plan_build_up(station, months=1)


def test_all_masses_that_lack_come_in_one_list(tmp_path: Path) -> None:
    lacking = [f"id: f{k}, kind: power, at: base, owner: one, phase: early" for k in range(3)]
    with pytest.raises(StationFileError) as caught:
        plan_build_up(
            planned(tmp_path, lacking, ["id: r, owner: one, to: {surface: 7 t}, rate: 1 /y"])
        )
    assert [each.field for each in caught.value.faults] == [
        f"facilities.f{k}.mass" for k in range(3)
    ]
    with pytest.raises(InputError, match="no launchers"):
        plan_build_up(planned(tmp_path, [facility("a", "1 t")], []))
