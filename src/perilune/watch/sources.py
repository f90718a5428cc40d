"""What JPL, ESA's NEOCC and the Minor Planet Center publish of one object, and where.

JPL SBDB: https://ssd-api.jpl.nasa.gov/doc/sbdb.html; Sentry:
https://ssd-api.jpl.nasa.gov/doc/sentry.html; NEOCC: https://neo.ssa.esa.int/computer-access;
MPC: https://docs.minorplanetcenter.net/mpc-ops-docs/apis/get-obs/.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from perilune.errors import DataMissingError, InputError
from perilune.orbits.designations import tidy
from perilune.watch.client import Client
from perilune.watch.intake import Incoming, parse_incoming

ADDRESSES: Final = {
    "jpl": "https://ssd-api.jpl.nasa.gov/sbdb.api",
    "sentry": "https://ssd-api.jpl.nasa.gov/sentry.api",
    "neocc": "https://neo.ssa.esa.int/PSDB-portlet/download",
    "mpc": "https://data.minorplanetcenter.net/api/get-obs",
}
NAMES: Final = {
    "jpl": "JPL SBDB", "sentry": "JPL Sentry", "neocc": "ESA NEOCC", "mpc": "MPC",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PublishedRisk:
    """What Sentry says of an object's risk for the Earth.

    Attributes:
        object: the designation there.
        impact_probability: of all its virtual impactors together.
        palermo_cumulative, palermo_max, torino_max: the scales.
        impacts: how many virtual impactors.
        computed: when, as it is published.
    """

    object: str
    impact_probability: float
    palermo_cumulative: float | None
    palermo_max: float | None
    torino_max: int | None
    impacts: int
    computed: str | None


def fetch_orbits_jpl(client: Client, name: str) -> Incoming:
    """The orbit with covariance and physical parameters from JPL's Small-Body Database.

    Raises:
        DataMissingError: it cannot be reached, or knows no such object.
        InputError: its answer is damaged.
    """
    asked = {"sstr": name, "full-prec": "1", "cov": "mat", "phys-par": "1"}
    body = client.get(ADDRESSES["jpl"], asked).body
    _refuse_message(_json(body, "jpl"), name, "jpl")
    return parse_incoming(body, f"jpl-{_file(name)}.json")


def fetch_risk_sentry(client: Client, name: str) -> PublishedRisk | None:
    """Sentry's risk for the Earth; None where the object is not on its list (any more).

    Raises:
        DataMissingError: it cannot be reached.
        InputError: its answer is damaged.
    """
    answer = _json(client.get(ADDRESSES["sentry"], {"des": name}).body, "sentry")
    if "error" in answer or "removed" in answer:
        return None
    summary = answer.get("summary")
    if not isinstance(summary, dict):
        raise InputError("the answer is damaged", file=NAMES["sentry"], field="summary")
    try:
        return PublishedRisk(
            object=str(summary.get("des", name)),
            impact_probability=float(summary["ip"]),
            palermo_cumulative=_number(summary.get("ps_cum")),
            palermo_max=_number(summary.get("ps_max")),
            torino_max=None if summary.get("ts_max") is None else int(summary["ts_max"]),
            impacts=int(summary["n_imp"]),
            computed=summary.get("cdate"),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            "the answer is damaged", file=NAMES["sentry"], field="summary", found=str(error)
        ) from error


def fetch_orbits_neocc(client: Client, name: str) -> Incoming:
    """The orbit with covariance near the middle of its observations, from ESA's NEOCC.

    Raises:
        DataMissingError: it cannot be reached, or has no such object.
        InputError: its answer is damaged.
    """
    file = f"{_file(name)}.ke0"
    body = client.get(ADDRESSES["neocc"], {"file": file}).body
    if not body.strip() or body.lstrip()[:1] == b"<":
        raise DataMissingError(f"{NAMES['neocc']} has no orbit of {name!r} ({file}).")
    return parse_incoming(body, f"neocc-{file}")


def fetch_observations_mpc(client: Client, name: str) -> Incoming:
    """All published observations from the Minor Planet Center, 80 columns.

    Raises:
        DataMissingError: it cannot be reached, or has no such object.
        InputError: its answer is damaged.
    """
    asked = {"desigs": [name], "output_format": ["OBS80"]}
    answer = _json(client.get(ADDRESSES["mpc"], {}, body=asked).body, "mpc")
    first = answer[0] if isinstance(answer, list) and answer else answer
    text = first.get("OBS80") if isinstance(first, dict) else None
    if not isinstance(text, str):
        raise InputError("the answer is damaged", file=NAMES["mpc"], field="OBS80")
    if not text.strip():
        raise DataMissingError(f"{NAMES['mpc']} has no observations of {name!r}.")
    return parse_incoming(text.encode(), f"mpc-{_file(name)}.obs80")


FETCHERS: Final[dict[str, Callable[[Client, str], Incoming]]] = {
    "jpl": fetch_orbits_jpl,
    "neocc": fetch_orbits_neocc,
    "mpc": fetch_observations_mpc,
}


def _json(body: bytes, source: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError(
            "the answer is no JSON", file=NAMES[source], found=body[:60].decode("utf-8", "replace")
        ) from error


def _refuse_message(answer: Any, name: str, source: str) -> None:
    """SBDB says in words what it has not found, or that several objects match."""
    if not isinstance(answer, dict) or "orbit" in answer:
        return
    if isinstance(answer.get("list"), list):
        found = ", ".join(str(each.get("pdes")) for each in answer["list"][:5])
        raise DataMissingError(
            f"{NAMES[source]} knows several objects {name!r}: {found}. Name one of them."
        )
    said = str(answer.get("message") or "no orbit in its answer")
    raise DataMissingError(f"{NAMES[source]} has no orbit of {name!r}: {said}.")


def _file(name: str) -> str:
    """The name as it stands in names of files: 2024YR4, C2022E3."""
    return "".join(char for char in tidy(name) if char.isalnum() or char in "-_")


def _number(value: object) -> float | None:
    return None if value is None else float(str(value))
