"""What the parts of a station file say of each other: names, owners, dependencies, files.

The checks read the file's plain content, so that they can tell of all that is wrong even where
some fields are wrong as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from perilune.errors import DataMissingError, InputError
from perilune.station.faults import fault
from perilune.station.places import Site
from perilune.station.yaml_text import YamlText

Parts: TypeAlias = Mapping[str, Sequence[tuple[int, dict[str, Any]]]]
_ELEMENTS = ("sites", "orbiters")


def reference_faults(text: YamlText, parts: Parts, folder: Path) -> list[InputError]:
    """Names that stand twice or for nothing, facilities without owner, circles, absent files."""
    return [
        *_twice(text, parts),
        *_names(text, parts),
        *_apart(text, parts),
        *_currencies(text, parts),
        *_circles(text, parts),
        *_files(text, parts, folder),
    ]


def terrain_faults(text: YamlText, sites: Sequence[Site], folder: Path) -> list[InputError]:
    """Sites that do not lie on the map of heights that they name; none without rasterio."""
    from perilune.station.terrain_files import covers  # numba, for files with terrain only

    faults = []
    for k, site in enumerate(sites):
        if site.terrain is None or not _is_file(folder / site.terrain):
            continue
        ground_km = site.ground().position_fixed_km
        try:
            if covers(folder / site.terrain, ground_km / np.linalg.norm(ground_km)):
                continue
            problem, found = "the site has no terrain under it", "a place off this map"
        except DataMissingError:
            return []
        except InputError as error:
            problem, found = error.problem, str(error.found or site.terrain)
        faults.append(fault(text, ("sites", k, "terrain"), problem, found=found))
    return faults


def _ids(parts: Parts, *lists: str) -> list[str]:
    entries = [each for name in lists for _, each in parts.get(name, ())]
    return [each["id"] for each in entries if isinstance(each.get("id"), str)]


def _twice(text: YamlText, parts: Parts) -> Iterator[InputError]:
    alone = ("partners", "phases", "facilities", "launchers", "landers", "crews", "consumables")
    for group in (_ELEMENTS, *((name,) for name in alone)):
        seen: set[str] = set()
        for name in group:
            for k, each in parts.get(name, ()):
                own = each.get("id")
                if not isinstance(own, str):
                    continue
                if own in seen:
                    remedy = "Give each its own id."
                    yield fault(
                        text, (name, k, "id"), "an id stands twice", found=own, remedy=remedy
                    )
                seen.add(own)


def _names(text: YamlText, parts: Parts) -> Iterator[InputError]:
    elements, facilities = _ids(parts, *_ELEMENTS), _ids(parts, "facilities")
    partners, phases = _ids(parts, "partners"), _ids(parts, "phases")
    kinds = {
        "at": ("a site or an orbiter", elements),
        "owner": ("a partner", partners),
        "operator": ("a partner", partners),
        "carries": ("a partner", partners),
        "phase": ("a phase", phases),
        "needs": ("a facility", facilities),
        "together": ("a facility", facilities),
    }
    fields = {
        "facilities": ("at", "owner", "operator", "phase", "needs", "together"),
        "launchers": ("owner", "carries"),
        "landers": ("owner", "carries"),
        "crews": ("at", "needs"),
    }
    for part, own_fields in fields.items():
        for k, each in parts.get(part, ()):
            if part == "facilities" and not each.get("owner"):
                yield fault(
                    text,
                    (part, k),
                    "nobody owns this facility",
                    expected="owner: a partner's id",
                    remedy=f"Partners are {', '.join(partners)}." if partners else "Add partners.",
                )
            for field in own_fields:
                what, known = kinds[field]
                value = each.get(field)
                for name in value if isinstance(value, list) else [value]:
                    if isinstance(name, str) and name and name not in known:
                        near = get_close_matches(name, known, n=3, cutoff=0.5)
                        yield fault(
                            text,
                            (part, k, field),
                            f"this is not the id of {what}",
                            found=name,
                            expected=", ".join(known) or f"{what} of this file",
                            remedy=f"Did you mean {' or '.join(near)}?" if near else None,
                        )


def _apart(text: YamlText, parts: Parts) -> Iterator[InputError]:
    """Facilities that are launched together, but not to the same place."""
    facilities = [each for _, each in parts.get("facilities", ())]
    held = {each["id"]: each for each in facilities if isinstance(each.get("id"), str)}
    for k, each in parts.get("facilities", ()):
        wanted = each.get("together", [])
        for name in [wanted] if isinstance(wanted, str) else wanted or []:
            other = held.get(name) if isinstance(name, str) else None
            if other is None or all(each.get(f) == other.get(f) for f in ("at", "left_at")):
                continue
            yield fault(
                text,
                ("facilities", k, "together"),
                "facilities that are launched together go to different places",
                found=name,
                expected="the same at and left_at",
            )


def _currencies(text: YamlText, parts: Parts) -> Iterator[InputError]:
    """Costs in other currencies than the first's: they cannot be added."""
    first: str | None = None
    for part in ("launchers", "landers"):
        for k, each in parts.get(part, ()):
            cost = each.get("cost")
            currency = cost.strip()[-3:] if isinstance(cost, str) else ""
            if not currency.isalpha():
                continue
            first = first or currency
            if currency != first:
                remedy = "Convert it."
                yield fault(
                    text, (part, k, "cost"), "costs of several currencies cannot be added",
                    found=cost, expected=f"a cost in {first}", remedy=remedy,
                )  # fmt: skip


def _circles(text: YamlText, parts: Parts) -> Iterator[InputError]:
    """Facilities that need each other in a circle: each circle once, where it was found first."""
    needs: dict[str, list[str]] = {}
    rows: dict[str, int] = {}
    for k, each in parts.get("facilities", ()):
        own, wanted = each.get("id"), each.get("needs", [])
        if isinstance(own, str):
            wanted = [wanted] if isinstance(wanted, str) else wanted
            needs[own] = [name for name in wanted or [] if isinstance(name, str)]
            rows.setdefault(own, k)
    done: set[str] = set()
    for start in needs:
        trail: list[str] = []
        pending: list[tuple[str, int]] = [(start, 0)]
        while pending:
            name, depth = pending.pop()
            del trail[depth:]
            if name in trail:
                circle = [*trail[trail.index(name) :], name]
                yield fault(
                    text,
                    ("facilities", rows[name], "needs"),
                    "facilities need each other in a circle",
                    found=" -> ".join(circle),
                    remedy="Leave one of these needs out.",
                )
                done.update(circle)
                continue
            if name in done:
                continue
            trail.append(name)
            after = [each for each in needs.get(name, ()) if each in needs]
            if not after:
                done.add(name)
            pending += [(each, depth + 1) for each in reversed(after)]
        done.update(trail)
        done.add(start)


def _files(text: YamlText, parts: Parts, folder: Path) -> Iterator[InputError]:
    """Files that the station file names and that are not there."""
    named: list[tuple[tuple[str | int, ...], object]] = []
    for k, each in parts.get("sites", ()):
        named.append((("sites", k, "terrain"), each.get("terrain")))
    for k, each in parts.get("orbiters", ()):
        named.append((("orbiters", k, "oem"), each.get("oem")))
        spk = each.get("spk")
        if isinstance(spk, dict):
            named.append((("orbiters", k, "spk", "file"), spk.get("file")))
    for place, name in named:
        if isinstance(name, str) and not _is_file(folder / name):
            yield fault(
                text,
                place,
                "the file is not there",
                found=name,
                expected=f"a file in {folder}",
                remedy="Paths count from the station file's own folder.",
            )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name too long, or with a null character
        return False
