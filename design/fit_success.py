"""How often `fit` finds the true orbit of made-up objects, and whether it says so honestly.

    python design/fit_success.py ../shared/data [each] [kind ...]

Each kind of object and of fault is tried `each` times (8), with seeds of its own. The judge knows
the truth: he fits the good rows from the true orbit and asks the same verdict. Columns:

    good      the orbit is the true one (Mahalanobis distance below that of 1e-5 by chance), and
              the verdict is the judge's
    shy       "unconstrained" or "failed" where the judge says "converged"
    honest    "unconstrained" or "failed" as the judge says
    bold      "converged" with a good orbit where the judge says "unconstrained"
    WRONG     "converged" with an orbit that is not the true one
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path as File

import numpy as np
from scipy.stats import chi2 as chi2_law

ROOT = File(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "support"))

from skies import (  # noqa: E402
    OLDER,
    PHOTOGRAPHIC,
    Path,
    Sky,
    Spoiler,
    bad_clock,
    bad_night,
    blunders,
    cometary,
    distance_sigma,
    keplerian,
    mixed,
    observed,
    passing_earth,
    repeated,
    swapped,
    wrong_station,
    wrong_time,
)

from perilune.astrometry.observations import Kind, concatenate  # noqa: E402
from perilune.determination.fit import Fit, fit_observations  # noqa: E402
from perilune.determination.least_squares import fit_orbit  # noqa: E402
from perilune.determination.result import rms_arcsec  # noqa: E402
from perilune.determination.trajectory import fly  # noqa: E402
from perilune.determination.verdict import verdict  # noqa: E402
from perilune.dynamics import solar_system  # noqa: E402
from perilune.orbits import (  # noqa: E402
    CartesianOrbit,
    NonGravitational,
    OrbitTable,
    read_mpcorb_table,
    resolve_target,
)

EPHEMERIS = solar_system()
LIMIT_SIGMA = float(np.sqrt(chi2_law.isf(1e-5, 6)))
Rng = np.random.Generator
Made = tuple[CartesianOrbit, float | None]
Maker = Callable[[Rng, float], Made]
_TABLE: list[OrbitTable] = []


def nea(accept: Callable[[CartesianOrbit], bool] | None = None) -> Maker:
    """A near-Earth asteroid of the list."""

    def make(rng: Rng, epoch: float) -> Made:
        table = _TABLE[0]
        while True:
            row = int(rng.integers(table.designations.size))
            orbit = CartesianOrbit(
                float(table.epoch_mjd_tdb[row]), table.states[row, :3].copy(),
                table.states[row, 3:].copy(), (), None, None,
            )  # fmt: skip
            if accept is None or accept(orbit):
                return orbit, float(table.absolute_magnitude_h[row])

    return make


def shape(orbit: CartesianOrbit) -> tuple[float, float, float]:
    """q in au, e and i in degrees."""
    from perilune.determination.elements import element_values

    values, _ = element_values(orbit)
    return float(values["q_au"] or 0), float(values["e"] or 0), float(values["i_deg"] or 0)


def drawn(a: tuple[float, float], e: tuple[float, float], i: tuple[float, float]) -> Maker:
    """Keplerian elements, even between limits."""

    def make(rng: Rng, epoch: float) -> Made:
        angles = rng.uniform(0.0, 360.0, 3)
        return keplerian(epoch, rng.uniform(*a), rng.uniform(*e), rng.uniform(*i), *angles), None

    return make


def thrown(q: tuple[float, float], e: tuple[float, float], i: tuple[float, float]) -> Maker:
    """Cometary elements, perihelion within 200 days of the epoch."""

    def make(rng: Rng, epoch: float) -> Made:
        node, peri = rng.uniform(0.0, 360.0, 2)
        tp = epoch + rng.uniform(-200.0, 200.0)
        q_au, ecc, inc = rng.uniform(*q), rng.uniform(*e), rng.uniform(*i)
        return cometary(epoch, q_au, ecc, inc, node, peri, tp), None

    return make


def flyby(distance_km: tuple[float, float], speed_km_s: tuple[float, float], when: float) -> Maker:
    """Past the Earth, `when` days after the epoch."""

    def make(rng: Rng, epoch: float) -> Made:
        distance = np.exp(rng.uniform(*np.log(distance_km)))
        return passing_earth(EPHEMERIS, rng, epoch + when, distance, rng.uniform(*speed_km_s)), None

    return make


def pushed(maker: Maker, model: NonGravitational) -> Maker:
    """With forces besides gravity."""

    def make(rng: Rng, epoch: float) -> Made:
        orbit, h = maker(rng, epoch)
        return replace(orbit, non_gravitational=model), h

    return make


def named(name: str) -> Maker:
    """A published orbit with its forces."""

    def make(rng: Rng, epoch: float) -> Made:
        orbit = resolve_target(name)[0].cartesian()
        return replace(orbit, covariance=None, parameters=()), None

    return make


@dataclass(frozen=True)
class Plan:
    """When an object is seen.

    Attributes:
        arc_d: of the first apparition; spans of further apparitions follow.
        nights: on how many of each.
        first_mjd: about when.
        gaps_d: from the first apparition to each further one, about.
    """

    arc_d: float
    nights: int
    first_mjd: float = 59000.0
    gaps_d: tuple[float, ...] = ()
    stations: str = "modern"


def sky(kind: str, maker: Maker, plan: Plan, spoilers: tuple[Spoiler, ...], seed: int) -> Sky:
    """One object's observations by a plan; orbits that are never seen so are drawn again."""
    rng = np.random.default_rng([seed, *map(ord, kind)])
    for _ in range(300):
        first = plan.first_mjd + rng.uniform(0.0, 1000.0)
        truth, h = maker(rng, first)
        last = first + plan.arc_d + max(plan.gaps_d, default=0.0)
        try:
            path = Path(
                EPHEMERIS, truth, first - 1.0, last + 500.0 * bool(h is not None or plan.gaps_d)
            )
        except Exception:  # a drawn orbit that starts inside a body is no case
            continue
        parts = []
        starts = [first, *(first + gap for gap in plan.gaps_d)]
        for k, start in enumerate(starts):
            # Objects without H are seen at once where their plan has but one apparition.
            reach = plan.arc_d + (450.0 if h is not None or plan.gaps_d else 1.0)
            days = path.visible_days(start, start + reach, h)
            if days.size == 0:
                break
            days = days[days <= days[0] + plan.arc_d]
            old = plan.stations == "old" and k == 0
            stations = PHOTOGRAPHIC if old else OLDER if start < 55000 else None
            count = min(plan.nights if not old else 4, days.size)
            if count < min(plan.nights, 3) and not old:
                break
            nights = np.sort(rng.choice(days, count, replace=False))
            nights[0], nights[-1] = days[0], days[-1]
            found = observed(
                path, rng, nights, *((stations,) if stations else ()),
                per_night=(1, 3) if old else (3, 5), mode="PHO" if old else "CCD",
            )  # fmt: skip
            if len(found) < 3:
                break
            parts.append(found)
        if len(parts) < len(starts):
            continue
        rows = concatenate(parts)
        if np.ptp(rows.epoch_mjd_tdb) < 0.6 * plan.arc_d:
            continue
        rows = replace(rows, line=np.arange(1, len(rows) + 1))
        for spoil in spoilers:
            rows = spoil(rng, path, rows)
        return Sky(kind, truth, rows)
    raise RuntimeError(f"{kind}: no such object is ever seen")


def main_belt() -> Maker:
    return drawn((2.1, 3.3), (0.02, 0.25), (1.0, 25.0))


def _other(rng: Rng) -> CartesianOrbit:
    return drawn((2.1, 3.3), (0.02, 0.25), (1.0, 25.0))(rng, 59300.0)[0]


ONE = Plan(60.0, 12)
YEARS = Plan(60.0, 10, gaps_d=(700.0, 1900.0))
GAP = Plan(40.0, 6, first_mjd=52500.0, gaps_d=(4500.0,))
CENTURY = Plan(60.0, 12, first_mjd=36000.0, gaps_d=(16000.0, 19000.0, 22000.0), stations="old")
NEA = nea()
MBA = main_belt()
KINDS: dict[str, tuple[Maker, Plan, tuple[Spoiler, ...]]] = {
    **{f"NEA, {d} d": (NEA, Plan(float(d), n), ()) for d, n in
       ((2, 3), (5, 4), (10, 5), (30, 8), (90, 15))},
    "NEA, 3 apparitions": (NEA, YEARS, ()),
    "NEA, 12 years apart": (NEA, GAP, ()),
    "NEA, since the 1950s": (NEA, CENTURY, ()),
    "NEA, e > 0.8": (nea(lambda o: shape(o)[1] > 0.8), ONE, ()),
    "NEA, inside the Earth's": (drawn((0.6, 0.95), (0.05, 0.3), (2.0, 30.0)), ONE, ()),
    "NEA, large inclination": (nea(lambda o: shape(o)[2] > 50.0), ONE, ()),
    "MBA, 5 d": (MBA, Plan(5.0, 4), ()),
    "MBA, 30 d": (MBA, Plan(30.0, 8), ()),
    "MBA, 3 apparitions": (MBA, YEARS, ()),
    "MBA, 12 years apart": (MBA, GAP, ()),
    "MBA, since the 1950s": (MBA, CENTURY, ()),
    "Trojan": (drawn((5.1, 5.3), (0.01, 0.15), (1.0, 30.0)), YEARS, ()),
    "Trojan, 40 d": (drawn((5.1, 5.3), (0.01, 0.15), (1.0, 30.0)), Plan(40.0, 8), ()),
    "Hilda": (drawn((3.9, 4.0), (0.1, 0.3), (1.0, 20.0)), YEARS, ()),
    "Centaur": (drawn((8.0, 25.0), (0.1, 0.6), (1.0, 40.0)), YEARS, ()),
    "beyond Neptune": (drawn((38.0, 60.0), (0.02, 0.4), (1.0, 40.0)), YEARS, ()),
    "beyond Neptune, 90 d": (drawn((38.0, 60.0), (0.02, 0.4), (1.0, 40.0)), Plan(90.0, 10), ()),
    "sednoid": (drawn((300.0, 600.0), (0.85, 0.9), (5.0, 30.0)), YEARS, ()),
    "comet, e near 1": (thrown((0.5, 3.0), (0.999, 1.001), (0.0, 180.0)), Plan(90.0, 15), ()),
    "sungrazer-like": (thrown((0.05, 0.2), (0.98, 1.0), (0.0, 180.0)), Plan(60.0, 12), ()),
    "comet, retrograde": (thrown((0.5, 4.0), (0.9, 1.0), (120.0, 180.0)), YEARS, ()),
    "from the stars, e 1.1-1.3": (thrown((0.2, 1.5), (1.1, 1.3), (0.0, 180.0)), Plan(50.0, 12), ()),
    "from the stars, e 3-6.5": (thrown((0.8, 2.5), (3.0, 6.5), (0.0, 180.0)), Plan(50.0, 12), ()),
    "past the Earth, after 20 d": (flyby((1.5e4, 4e5), (6.0, 16.0), 20.0), Plan(40.0, 12), ()),
    "past the Earth, 100-400 d": (flyby((3e4, 4e5), (5.0, 12.0), 100.0),
                                  Plan(40.0, 10, gaps_d=(300.0,)), ()),
    "caught by the Earth": (flyby((6e5, 1.5e6), (0.2, 0.8), 30.0), Plan(60.0, 14), ()),
    "co-orbital": (drawn((0.997, 1.003), (0.01, 0.1), (0.2, 8.0)), YEARS, ()),
    "by the pole": (flyby((2e7, 4e7), (10.0, 20.0), 20.0), Plan(40.0, 10), ()),
    "comet 67P, twice": (named("67P"), Plan(150.0, 25, first_mjd=56500.0, gaps_d=(2300.0,)), ()),
    "comet 67P, 3 apparitions": (named("67P"), Plan(400.0, 40, first_mjd=54400.0,
                                                    gaps_d=(2300.0, 4600.0)), ()),
    "comet 1P": (named("1P"), Plan(300.0, 40, first_mjd=45500.0), ()),
    "C/2022 E3": (named("C/2022 E3"), Plan(250.0, 40, first_mjd=59400.0), ()),
    "A2 ten times Bennu's": (pushed(NEA, NonGravitational(n=0.0, k=0.0, a2_au_d2=-5e-13)),
                             CENTURY, ()),
    "pushed by sunlight": (pushed(flyby((2e6, 8e6), (2.0, 5.0), 30.0),
                                  NonGravitational(n=0.0, k=0.0, a1_au_d2=1e-9)),
                           Plan(60.0, 15, gaps_d=(350.0,)), ()),
    "blunders 2 %": (NEA, YEARS, (blunders(0.02),)),
    "blunders 5 %, one apparition": (NEA, ONE, (blunders(0.05),)),
    "blunders 2 %, 1950s": (MBA, CENTURY, (blunders(0.02),)),
    "blunder in 5 d": (NEA, Plan(5.0, 5), (blunders(0.01),)),
    "blunder in 9 rows": (NEA, Plan(6.0, 3), (blunders(0.01, 20.0),)),
    "bad night": (NEA, YEARS, (bad_night(5.0),)),
    "bad night, one apparition": (NEA, ONE, (bad_night(5.0),)),
    "bad night 60\"": (NEA, ONE, (bad_night(60.0),)),
    "a minute late": (NEA, ONE, (wrong_time(60.0),)),
    "an hour late": (NEA, ONE, (wrong_time(3600.0),)),
    "a day late": (NEA, ONE, (wrong_time(86400.0),)),
    "a clock 20 s slow": (NEA, YEARS, (bad_clock(20.0),)),
    "wrong station": (NEA, ONE, (wrong_station,)),
    "swapped rows": (NEA, ONE, (swapped,)),
    "repeated rows": (NEA, ONE, (repeated,)),
    "all at once": (NEA, YEARS, (blunders(0.02), bad_night(5.0), wrong_time(60.0), swapped,
                                 repeated, wrong_station)),
    "a fifth another's": (MBA, YEARS, (mixed(0.2, _other),)),
    "two fifths another's": (MBA, Plan(40.0, 12), (mixed(0.4, _other),)),
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What became of one object."""

    word: str
    status: str
    judged: str
    distance: float
    seconds: float
    rms_arcsec: float
    chi2_reduced: float
    lost: float
    caught: float
    reason: str
    forces: str
    n: int


def judge(made: Sky, fit: Fit) -> Outcome:
    """Compare a fit with the truth."""
    rows = fit.measurements
    truth = made.truth
    good = ~made.is_bad[rows.row]
    path = fly(EPHEMERIS, replace(truth, parameters=()), None, float(rows.epoch_mjd_tdb.min()),
               float(rows.epoch_mjd_tdb.max()), with_variations=False)  # fmt: skip
    middle = float(np.round(np.median(rows.epoch_mjd_tdb[good])))
    there = path.at(np.array([middle]))[0][0]
    sun_km, sun_km_s = EPHEMERIS.state("sun", middle)
    start = replace(truth, epoch_mjd_tdb=middle, position_km=there[:3] - sun_km,
                    velocity_km_s=there[3:] - sun_km_s)  # fmt: skip
    best = fit_orbit(EPHEMERIS, start, None, rows, good)
    judged = verdict(best, (), rows.where(good)) if best is None or not good.all() else verdict(
        best, (), rows)  # fmt: skip
    if best is not None and not good.all():
        inner = replace(best, used=np.ones(int(good.sum()), dtype=np.bool_))
        judged = verdict(inner, (), rows.where(good))
    distance = distance_sigma(fit, replace(truth, parameters=()), EPHEMERIS)
    solution = fit.solution
    is_true = distance < LIMIT_SIGMA
    status = fit.verdict.status
    if status == "converged":
        word = "WRONG" if not is_true else "good" if judged.status == "converged" else "bold"
    else:
        word = "shy" if judged.status == "converged" else "honest"
    used = np.zeros(len(rows), dtype=np.bool_) if solution is None else solution.used
    lost = 1.0 - float(np.mean(used[good]))
    caught = float(np.mean(~used[~good])) if (~good).any() else 1.0
    return Outcome(
        word, status, judged.status, distance, 0.0, rms_arcsec(fit) or np.nan,
        solution.chi2_reduced if solution else np.nan, lost, caught, fit.verdict.reason,
        fit.forces.name, len(rows),
    )  # fmt: skip


def run(kind: str, each: int) -> Iterator[tuple[int, Outcome]]:
    """Try one kind."""
    maker, plan, spoilers = KINDS[kind]
    for seed in range(each):
        made = sky(kind, maker, plan, spoilers, seed)
        name = "P/2024 X1" if kind.startswith(("comet", "C/")) else "2024 XX1"
        rows = replace(made.observations, designation=np.full(len(made.observations), name))
        assert (rows.kind == Kind.OPTICAL).all()
        before = time.perf_counter()
        fit = fit_observations(rows, EPHEMERIS)
        spent = time.perf_counter() - before
        yield seed, replace(judge(made, fit), seconds=spent)


def main(data: File, each: int, kinds: list[str]) -> None:
    """Print the table."""
    _TABLE.append(read_mpcorb_table(data / "population" / "NEA_2019_mpcorb.txt"))
    words = ("good", "honest", "bold", "shy", "WRONG")
    print(f"{'kind':30s}" + "".join(f"{word:>7s}" for word in words) +
          f"{'obs':>6s}{'s':>7s}{'lost %':>8s}{'caught %':>9s}  forces")  # fmt: skip
    total: dict[str, int] = dict.fromkeys(words, 0)
    spent = 0.0
    mean = np.mean
    for kind in kinds or KINDS:
        found = []
        for seed, one in run(kind, each):
            found.append(one)
            if one.word in ("shy", "WRONG", "bold"):
                print(
                    f"  {kind} #{seed}: {one.word}, {one.status} ({one.judged}), {one.n} rows, "
                    f"{one.distance:.1f} sigma off, chi2 {one.chi2_reduced:.2f}, lost "
                    f"{one.lost:.0%}, caught {one.caught:.0%}, {one.seconds:.1f} s, {one.reason}",
                    file=sys.stderr, flush=True,
                )  # fmt: skip
        counts = {word: sum(one.word == word for one in found) for word in words}
        total = {word: total[word] + counts[word] for word in words}
        spent += sum(one.seconds for one in found)
        others = sorted({one.forces for one in found} - {"gravity"})
        forces = ", ".join(f"{sum(one.forces == f for one in found)} {f}" for f in others)
        print(f"{kind:30s}" + "".join(f"{counts[word] or '':>7}" for word in words) +
              f"{mean([one.n for one in found]):6.0f}"
              f"{mean([one.seconds for one in found]):7.2f}"
              f"{100 * mean([one.lost for one in found]):8.1f}"
              f"{100 * mean([one.caught for one in found]):9.0f}  {forces}",
              flush=True)  # fmt: skip
    print(
        f"{'all':30s}" + "".join(f"{total[word] or '':>7}" for word in words) + f"  {spent:.0f} s"
    )


if __name__ == "__main__":
    main(File(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 8, sys.argv[3:])
