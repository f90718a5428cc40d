"""Make `src/perilune/orbits/builtin/orbits.json` from the publishers' own files.

    python design/builtin_catalogue.py ../shared/data src/perilune/orbits/builtin/orbits.json

The files are answers of JPL's SBDB API and of ESA's NEOCC; only their figures go into the
catalogue, each with publisher, solution and date, in Perilune's own format.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from perilune.orbits.oef import read_oef
from perilune.orbits.perilune_json import write_perilune
from perilune.orbits.sbdb import read_sbdb

SBDB = (
    "2024YR4", "Apophis", "Bennu", "2023DZ2", "2022AP7", "2001VB", "433", "243", "Ceres",
    "1P", "67P", "C_2022_E3",
)  # fmt: skip
SBDB_QUERY = "https://ssd-api.jpl.nasa.gov/sbdb.api?sstr={}&cov=mat&phys-par=1&full-prec=1"
NEOCC = {"2024BX1.ke0": "https://neo.ssa.esa.int, 2024BX1.ke0"}


def main(data: Path, output: Path) -> None:
    """Read the files below `data` and write the catalogue."""
    orbits = []
    for stem in SBDB:
        orbit = read_sbdb(data / "sbdb" / f"{stem}.json")
        orbits.append(replace(orbit, source=SBDB_QUERY.format(orbit.designation)))
    for name, address in NEOCC.items():
        (orbit,) = read_oef(data / "neocc" / name)
        orbits.insert(1, replace(orbit, source=address))
    output.write_text(write_perilune(orbits), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
