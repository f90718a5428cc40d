"""Station files for tests of launch manifests: a base, two partners, and what a test adds."""

from __future__ import annotations

from pathlib import Path

from perilune.station.reading import read_station
from perilune.station.station import Station

HEAD = """\
name: Test
partners: [{id: one, name: One}, {id: two, name: Two}]
phases:
  - {id: early, name: Early, start: 2030-01-01, stop: 2031-12-31}
  - {id: late, name: Late, start: 2032-01-01, stop: 2033-12-31}
sites:
  - {id: base, body: moon, longitude: 0 deg, latitude: -90 deg, height: 0 m, mast: 10 m}
  - {id: dish, body: earth, mpc: "253"}
orbiters:
  - {id: relay, llo: {altitude: 100 km, inclination: 90 deg, epoch: 2030-01-01}}
  - id: halo
    nrho: {point: L2, branch: south, resonance: "9:2", epoch: 2030-01-01}
"""


def planned(
    folder: Path,
    facilities: list[str],
    launchers: list[str],
    *more: str,
    head: str = HEAD,
) -> Station:
    """The station of a file with these facilities and launchers, each in YAML's flow style."""
    lists = {"facilities": facilities, "launchers": launchers}
    text = head + "".join(
        f"{name}:\n" + "".join(f"  - {{{each}}}\n" for each in entries)
        for name, entries in lists.items()
        if entries
    )
    path = folder / "station.yaml"
    path.write_text(text + "".join(f"{each}\n" for each in more))
    return read_station(path)


def facility(
    name: str, mass: str, *, phase: str = "early", at: str = "base", more: str = ""
) -> str:
    """A facility of partner one, unless `more` says another owner."""
    owner = "" if "owner:" in more else ", owner: one"
    tail = f", {more}" if more else ""
    return f"id: {name}, kind: power, at: {at}, phase: {phase}, mass: {mass}{owner}{tail}"
