"""What `perilune risk` adds for observations: times of entry, corridors, what to see next."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from perilune.cli.numbers import chance, minute, number
from perilune.cli.output import say, show_table, write_atomically

if TYPE_CHECKING:
    from perilune.astrometry import Reading
    from perilune.astrometry.observations import Observations
    from perilune.impact.imminent import BodyOutcome
    from perilune.impact.next_observation import Prospect
    from perilune.impact.observed import ObservedRisk

Prospects = dict[tuple[str, str], "tuple[Prospect, ...]"]

# Next observations are rated every half hour of the coming two days, and so many are shown.
_SPAN_D = 2.0
_STEP_D = 1.0 / 48.0
_SHOWN = 6
_NAME_WIDTH = 16
_SIGMA_ARCSEC = 0.5


def objects_of(readings: Sequence[Reading]) -> list[Observations]:
    """The observations of each object, in the order of first appearance."""
    from perilune.astrometry.observations import concatenate

    if not readings:
        return []
    everything = concatenate([reading.observations for reading in readings])
    return [everything.where(everything.designation == name) for name in everything.objects()]


def digest_of(reading: Reading) -> str:
    """The digest of a file's usable rows."""
    digest = hashlib.sha256()
    for item in dataclasses.fields(reading.observations):
        if item.name != "file":
            values = getattr(reading.observations, item.name)
            text = values.astype("U") if values.dtype.kind == "U" else values
            digest.update("\0".join(text.tolist()).encode() if text.dtype.kind == "U" else
                          text.tobytes())  # fmt: skip
    return digest.hexdigest()


def next_observations(
    observed: Sequence[ObservedRisk], observers: Sequence[str], seed: int, threads: int | None
) -> Prospects:
    """What each observer's next observation would tell, by object and body, the best first.

    Only for objects whose orbits were drawn and some of which hit.
    """
    import numpy as np

    from perilune.astrometry.observations import FloatArray
    from perilune.dynamics import solar_system
    from perilune.impact.next_observation import next_observation
    from perilune.station.observers import parse_observer

    found: Prospects = {}
    if not observers:
        return found
    places = [parse_observer(text) for text in observers]
    for each in observed:
        if each.imminent is None:
            continue
        last = float(each.fit.measurements.epoch_mjd_tdb.max())
        epochs: FloatArray = last + np.arange(_STEP_D, _SPAN_D, _STEP_D)
        for outcome in each.imminent.outcomes:
            if outcome.entry_mjd_tdb is None:
                continue
            before = epochs[epochs < outcome.entry_mjd_tdb[2]]
            if before.size == 0:
                continue
            found[each.imminent.object, outcome.body] = next_observation(
                each.imminent, outcome.body, places, before, solar_system(),
                sigma_rad=float(np.radians(_SIGMA_ARCSEC / 3600.0)), seed=seed, threads=threads,
            )  # fmt: skip
    return found


def observed_rows(each: ObservedRisk, prospects: Prospects) -> list[dict[str, Any]]:
    """The contract's rows, with what observations add: fit, times of entry, corridor, prospects."""
    rows = []
    for assessment in each.assessments:
        outcome = each.imminent.outcome(assessment.body) if each.imminent else None
        row = {item.name: getattr(assessment, item.name) for item in dataclasses.fields(assessment)}
        row["fit"] = {
            "status": each.fit.verdict.status,
            "reason": each.fit.verdict.reason,
            "used": int(each.fit.solution.used.sum()) if each.fit.solution else 0,
            "arc_days": each.fit.measurements.arc_d,
        }
        row["entry_utc"] = _entry(outcome)
        row["corridor"] = (
            outcome.corridor.geojson() if outcome is not None and outcome.corridor else None
        )
        key = (assessment.object, assessment.body)
        row["next_observations"] = [_prospect(one) for one in prospects.get(key, ())]
        rows.append(row)
    return rows


def _entry(outcome: BodyOutcome | None) -> dict[str, str] | None:
    from perilune.times import format_utc

    if outcome is None or outcome.entry_mjd_tdb is None:
        return None
    low, median, high = (format_utc(epoch) for epoch in outcome.entry_mjd_tdb)
    return {"low": low, "median": median, "high": high}


def _prospect(one: Prospect) -> dict[str, Any]:
    import math

    from perilune.times import format_utc

    return {
        "observer": one.observer,
        "epoch_utc": format_utc(one.epoch_mjd_tdb, 0),
        "visible": one.visible,
        "ra_deg": math.degrees(one.ra_rad),
        "dec_deg": math.degrees(one.dec_rad),
        "spread_deg": math.degrees(one.spread_rad),
        "motion_deg_d": math.degrees(one.motion_rad_s) * 86400.0,
        "information_bit": one.information_bit,
        "probability_if_hit": one.probability_if_hit,
        "probability_if_miss": one.probability_if_miss,
    }


def show_prospects(prospects: Prospects) -> None:
    """Print the most telling next observations of each object."""
    for (name, body), ordered in prospects.items():
        rows = [
            (
                shorten(one.observer, _NAME_WIDTH, placeholder="…"),
                minute(one.epoch_mjd_tdb),
                f"{100.0 * one.visible:.0f} %",
                number(one.information_bit, ".3f"),
                chance(one.probability_if_hit),
                chance(one.probability_if_miss),
            )
            for one in ordered[:_SHOWN]
        ]
        columns = ("observer", "when (UTC)", ">visible", ">bits", ">then if hit", ">if miss")
        print()
        show_table(f"{name}: what the next observation tells of the {body}", columns, rows)


def write_corridors(path: Path, observed: Sequence[ObservedRisk]) -> None:
    """Write the corridors of all objects and bodies as one GeoJSON collection."""
    features: list[dict[str, Any]] = []
    for each in observed:
        for outcome in each.imminent.outcomes if each.imminent else ():
            if outcome.corridor is None or each.imminent is None:
                continue
            for feature in _features(outcome.corridor.geojson()):
                feature["properties"]["object"] = each.imminent.object
                feature["properties"]["impact_probability"] = outcome.estimate.probability
                features.append(feature)
    if not features:
        say(f"Nothing written to {path}: there is no corridor.")
        return
    write_atomically(path, json.dumps({"type": "FeatureCollection", "features": features}) + "\n")
    say(f"Wrote {len(features)} features to {path}.")


def _features(collection: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = collection["features"]
    return found


def tell_rejected(readings: Sequence[Reading]) -> None:
    """On stderr: which lines could not be read."""
    for reading in readings:
        for line in reading.rejected[:10]:
            say(f"{reading.file}, {line}.")
        if len(reading.rejected) > 10:
            say(f"{reading.file}: {len(reading.rejected) - 10} more rejected lines.")
