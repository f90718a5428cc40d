"""Station files with trades, for tests."""

from __future__ import annotations

from pathlib import Path

from perilune.station.trade.opening import open_trade
from perilune.station.trade.search import Effort, Outcome, Search

# A site on the equator, whose night is half a month, and one relay or two over it.
FILE = """\
name: Test
partners: [{id: one, name: One}]
phases:
  - {id: use, name: In use, start: 2036-01-01}
sites:
  # A comment that stays.
  - id: base
    body: moon
    longitude: 0 deg         # east
    latitude: 0 deg
    height: 0 m
    mast: 2 m
  - {id: dish, body: earth, mpc: "253"}
orbiters:
  - id: first
    llo: {altitude: 500 km, inclination: 90 deg, epoch: 2036-01-01}
  - id: second
    llo: {altitude: 500 km, inclination: 90 deg, anomaly: 180 deg, epoch: 2036-01-01}
facilities:
  - {id: panels, kind: power, at: base, owner: one, mass: 100 kg, solar: {power: 10 kW}}
  - id: cells
    kind: power
    at: base
    owner: one
    battery: {energy: 100 kWh, depth: 80 %, efficiency: 100 %}
  - {id: heart, kind: command, at: base, owner: one, power: 1 kW, mass: 1 t}
  - {id: bus-1, kind: relay, at: first, owner: one, mass: 300 kg, power: 100 W}
  - {id: bus-2, kind: relay, at: second, owner: one, mass: 300 kg}
"""
POWER = """\
trade:
  phase: use
  stop: 2036-03-01
  step: 1 h
  variables:
    - path: facilities.panels.solar.power
      range: [1 kW, 9 kW]
      step: 2 kW
      mass: 17 kg/kW
    - path: facilities.cells.battery.energy
      range: [100 kWh, 600 kWh]
      step: 100 kWh
      mass: 13 kg/kWh
    - path: sites.base
      choices:
        - {latitude: 0 deg}
        - {latitude: -89 deg, height: 1 km}
  goals:
    - {minimize: mass_kg}
    - {maximize: served_fraction, at: base}
"""


def write_file(folder: Path, trade: str, file: str = FILE) -> Path:
    """The station file with a trade."""
    path = folder / "station.yaml"
    path.write_text(file + trade)
    return path


def opened(path: Path) -> Search:
    """The search of a file's trade."""
    return open_trade(path, now_mjd_tdb=64000.0)[1]


def front_of(path: Path, evaluations: int = 1000, seed: int = 1) -> tuple[str, list[Outcome]]:
    """How it was searched, and what none betters."""
    search = opened(path)
    method = search.run(Effort(20, 1000, evaluations, seed), lambda _done, _label: None)
    return method, search.front()
