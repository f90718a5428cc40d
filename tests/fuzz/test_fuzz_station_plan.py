"""Station files with any damage to launchers, crews and facilities: a plan, or an error we mean."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planning import HEAD

from perilune.errors import PeriluneError
from perilune.station.build_up.ledger import partner_sums, phase_sums
from perilune.station.build_up.plan import plan_build_up
from perilune.station.reading import read_station

pytest.importorskip("highspy")

WHOLE = (
    HEAD
    + """\
facilities:
  - {id: hut, kind: habitat, at: base, owner: one, phase: early, mass: 3 t, crew: 4, needs: panels}
  - {id: panels, kind: power, at: base, owner: [one, two], phase: early, mass: 2 t, together: box}
  - {id: box, kind: power, at: base, owner: two, phase: early, mass: 1 t}
  - {id: node, kind: relay, at: halo, owner: two, phase: late, mass: 4 t, left_at: tli}
launchers:
  - {id: big, owner: one, to: {tli: 27 t, nrho: 9 t}, rate: 2 /y, cost: 300 MUSD, carries: one}
  - {id: taxi, owner: two, to: {surface: 1 t}, rate: 2 /y, cost: 90 MUSD, seats: 4}
landers:
  - {id: cargo, owner: two, at: tli, to: surface, dry: 3 t, propellant: 17 t, isp: 320 s}
routes:
  - {at: llo, to: surface, dv: 2.1 km/s}
crews:
  - {id: crew, at: base, people: 4, start: 2032-01-01, stay: 90 d, every: 182 d, needs: hut}
consumables:
  - {id: water, rate: 4 kg/d, recycled: 50 %, packaging: 5 %}
"""
)
ODD = (
    "0", "0 t", "1e308 t", "1e-300 t", "-1", "nan", "[]", "{}", "~", "surface", "leo", "tli", "one",
    "hut", "node", "base", "halo", "dish", "early", "late", "1 /y", "1000 /y", "0.01 /y", "0 kg/d",
    "1e300 kg/d", "1000", "9999-12-31", "0001-01-01", "2030-01-01", "1 s", "1e300 s", "0 d",
    "0 MUSD", "1e200 GUSD", "100 %",
)  # fmt: skip


@settings(max_examples=80)
@given(st.data())
def test_damaged_words(data: st.DataObject) -> None:
    lines = WHOLE.splitlines()
    first = lines.index("facilities:")
    for _ in range(data.draw(st.integers(1, 3))):
        k = data.draw(st.integers(first, len(lines) - 1))
        how = data.draw(st.sampled_from(["value", "value", "value", "drop", "double"]))
        if how == "drop":
            lines[k] = ""
        elif how == "double":
            lines.insert(k, lines[k])
        else:
            fields = lines[k].split(", ")
            part = data.draw(st.integers(0, len(fields) - 1))
            name, _, _ = fields[part].partition(": ")
            fields[part] = f"{name}: {data.draw(st.sampled_from(ODD))}"
            end = "}" if part == len(fields) - 1 and "{" in lines[k] else ""
            lines[k] = ", ".join(fields) + end
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "station.yaml"
        path.write_text("\n".join(lines) + "\n")
        try:
            plan = plan_build_up(read_station(path), months=6, time_limit_s=3.0)
        except PeriluneError:
            return  # one that tells what is wrong: a defect would be of another type
    for launch in plan.launches:
        assert launch.mass_kg <= launch.option.capacity_kg * (1.0 + 1e-6) + 1e-3
    assert all(each.mass_kg >= 0.0 for each in phase_sums(plan))
    assert all(each.launches >= 0.0 for each in partner_sums(plan))
