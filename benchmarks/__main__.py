"""`make bench`: every race, then `benchmarks/results.json` and `docs/performance.md`.

    python -m benchmarks [ROW …]

With names, only these rows run and nothing is written.
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks import fit_500, million, nea_year, report, warm_risk, yr4_clones
from benchmarks.race import Row

RACES = {
    yr4_clones.TARGET.name: yr4_clones.run,
    nea_year.TARGET.name: nea_year.run,
    million.TARGET.name: million.run,
    fit_500.TARGET.name: fit_500.run,
    warm_risk.TARGET.name: warm_risk.run,
}
TARGETS = (
    yr4_clones.TARGET,
    nea_year.TARGET,
    nea_year.KETE_TARGET,
    million.TARGET,
    fit_500.TARGET,
    warm_risk.TARGET,
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Race the peers.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"some of: {', '.join(RACES)}")
    wanted = parser.parse_args().rows
    unknown = sorted(set(wanted) - set(RACES))
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}; known: {', '.join(RACES)}")
    at = report.commit()
    rows: list[Row] = []
    for name in wanted or RACES:
        began = time.perf_counter()
        print(f"{name} …", file=sys.stderr, flush=True)
        found = RACES[name]()
        rows += found
        if not found:
            print(f"  left out: {nea_year.POPULATION} is not there", file=sys.stderr)
        for row in found:
            ratio = "" if row.ratio is None else f", {row.ratio:.1f} times {row.peer}"
            print(f"  {row.name}: {row.ours_s:.3f} s, {row.memory_mb:.0f} MB{ratio}")
            print(f"    {row.accuracy}")
        print(f"  took {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    if not wanted:
        report.write(rows, TARGETS, report.machine(), at)
        print(f"written: {report.RESULTS}, {report.DOCUMENT}", file=sys.stderr)


if __name__ == "__main__":
    main()
