"""`/v1/objects`: what is known of an object, and where it is."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response

from perilune.astrometry.sites import Observer
from perilune.catalogue import (
    Database,
    approaches_of,
    assessments_of,
    find_object,
    orbits_of,
    preferred_orbit,
    search_objects,
)
from perilune.contract import approaches as approach_contract
from perilune.contract import ephemeris as sky_contract
from perilune.contract import risk as risk_contract
from perilune.contract.envelope import without_place
from perilune.determination.sky_path import sky_path
from perilune.dynamics import solar_system
from perilune.errors import UnknownNameError
from perilune.impact import RiskAssessment
from perilune.orbits.orbit import Orbit
from perilune.service import encounters, orbit_rows, states
from perilune.service.answers import ERRORS, Envelope, answer, risk_row
from perilune.service.formats import rows_of
from perilune.service.parameters import (
    Bodies,
    Body,
    Center,
    Epoch,
    Frame,
    Start,
    StepDays,
    Stop,
    epoch_grid,
)
from perilune.station.observers import parse_observer
from perilune.times import parse_epoch

Name = Annotated[
    str,
    Path(
        max_length=80,
        description="Any of the object's names.",
        examples=["2024 YR4", "99942", "Apophis"],
    ),
]
_BOTH = [Body.EARTH, Body.MOON]
_MOST_ROWS: Final = 10_000
_ROWS: Final = rows_of(Envelope[list[dict[str, Any]]])


def router(database: Database) -> APIRouter:
    """The routes. What has a tail comes before what has none: names may hold a slash."""
    routes = APIRouter(prefix="/v1/objects", tags=["objects"], responses=ERRORS)

    @routes.get("", **_ROWS)
    def list_objects(
        request: Request,
        query: Annotated[
            str, Query(max_length=80, description="A part of a name.", examples=["apo"])
        ] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """Objects whose name holds the query."""
        with database.read() as connection:
            found = search_objects(connection, query, limit=limit)
            held = [preferred_orbit(connection, each.id) for each in found]
        rows = [orbit_rows.object_row(each.orbit) for each in held if each is not None]
        inputs = {"question": "objects", "query": query, "limit": limit}
        return answer(request, rows, units=orbit_rows.UNITS, inputs=inputs)

    @routes.get("/{name:path}/orbits", **_ROWS)
    def list_orbits(request: Request, name: Name) -> Response:
        """Every solution, the preferred one first."""
        with database.read() as connection:
            held = orbits_of(connection, find_object(connection, name).id)
        rows = [
            orbit_rows.orbit_row(each.orbit)
            | {
                "is_preferred": each.is_preferred,
                "added_by": each.added_by,
                "added_utc": each.added_utc,
            }
            for each in held
        ]
        orbits = [each.orbit for each in held]
        inputs = {"question": "orbits", "orbits": without_place(orbits)}
        return answer(request, rows, units=orbit_rows.UNITS, inputs=inputs)

    @routes.get("/{name:path}/approaches", **_ROWS)
    def list_approaches(request: Request, name: Name, body: Bodies = _BOTH) -> Response:
        """Close approaches to the Earth and the Moon, the earliest first."""
        orbit, object_id = _preferred(database, name)
        with database.read() as connection:
            held = approaches_of(connection, object_id)
        rows = [
            approach_contract.approach_row(each.approach)
            for each in held
            if each.approach.body in body
        ]
        inputs = {"question": "approaches", "orbits": without_place([orbit]), "body": body}
        return answer(request, rows, units=approach_contract.UNITS, inputs=inputs)

    @routes.get("/{name:path}/risk", **rows_of(Envelope[list[RiskAssessment]]))
    def show_risk(
        request: Request, name: Name, body: Bodies = _BOTH, history: bool = False
    ) -> Response:
        """The current assessments, one a body; with `history` all, the latest first."""
        with database.read() as connection:
            found = find_object(connection, name)
            held = assessments_of(connection, found.id, history=history)
        rows = [risk_row(each) for each in held if each.risk.body in body]
        inputs = {"question": "risk", "assessments": [each.inputs_sha256 for each in held]}
        return answer(request, rows, units=risk_contract.UNITS, inputs=inputs)

    @routes.get("/{name:path}/ephemeris", **_ROWS)
    def show_ephemeris(
        request: Request,
        name: Name,
        observer: Annotated[
            str,
            Query(
                max_length=8,
                pattern=r"^\w{3,4}$",
                description="An MPC code.",
                examples=["X05"],
            ),
        ],
        start: Start,
        stop: Stop,
        step: Annotated[str, Query(max_length=16, description="1d, 2h, 10m or 30s.")] = "1d",
    ) -> Response:
        """Places, motion, brightness and their uncertainty in an observer's sky."""
        orbit, _ = _preferred(database, name)
        who: Observer = parse_observer(observer)
        epochs = sky_contract.sky_epochs(start, stop, step, most=_MOST_ROWS)
        path = sky_path(solar_system(), orbit, who, epochs)
        inputs = {
            "question": "ephemeris",
            "orbits": without_place([orbit]),
            "observer": observer,
            "epochs_mjd_tdb": [float(epochs[0]), float(epochs[-1]), len(epochs)],
        }
        rows = sky_contract.sky_rows(path)
        return answer(request, rows, units=sky_contract.UNITS, inputs=inputs)

    @routes.get("/{name:path}/states", **rows_of(Envelope[dict[str, Any]]))
    def show_states(
        request: Request,
        name: Name,
        start: Start,
        stop: Stop,
        step_d: StepDays = 1.0,
        center: Center = Center.SUN,
        frame: Frame = Frame.ICRF,
    ) -> Response:
        """States on a grid of epochs."""
        orbit, _ = _preferred(database, name)
        epochs = epoch_grid(start, stop, step_d)
        grid = (float(epochs[0]), step_d, len(epochs), center, frame)
        inputs = {"question": "states", "orbits": without_place([orbit]), "grid": grid}
        found = states.object_states(orbit, *grid)
        return answer(
            request, found, units=states.UNITS, inputs=inputs, table=lambda: states.rows(found)
        )

    @routes.get("/{name:path}/encounter", response_model=Envelope[dict[str, Any]])
    def show_encounter(
        request: Request,
        name: Name,
        body: Annotated[Body, Query(examples=["moon"])],
        epoch: Epoch,
    ) -> Response:
        """One encounter: path, clones and target plane."""
        orbit, _ = _preferred(database, name)
        epoch_mjd_tdb = parse_epoch(epoch, "epoch")
        inputs = {
            "question": "encounter",
            "orbits": without_place([orbit]),
            "body": body,
            "epoch_mjd_tdb": epoch_mjd_tdb,
        }
        # One scene for a day: the encounter is the same whatever the hour that was asked for.
        found = _scene(orbit, body.value, round(epoch_mjd_tdb, 2))
        return answer(request, found, units=encounters.UNITS, inputs=inputs)

    @routes.get("/{name:path}", response_model=Envelope[dict[str, Any]])
    def show_object(request: Request, name: Name) -> Response:
        """One object and its preferred orbit."""
        orbit, _ = _preferred(database, name)
        inputs = {"question": "object", "orbits": without_place([orbit])}
        return answer(request, orbit_rows.orbit_row(orbit), units=orbit_rows.UNITS, inputs=inputs)

    return routes


def _preferred(database: Database, name: str) -> tuple[Orbit, int]:
    """The preferred orbit of an object, and the object's number in the database.

    Raises:
        UnknownNameError: no such object, or none of its orbits is known.
    """
    with database.read() as connection:
        found = find_object(connection, name)
        stored = preferred_orbit(connection, found.id)
    if stored is None:
        raise UnknownNameError("orbit of an object", name)
    return stored.orbit, found.id


@lru_cache(maxsize=64)
def _scene(orbit: Orbit, body: str, epoch_mjd_tdb: float) -> dict[str, Any]:
    return encounters.encounter_scene(orbit, body, epoch_mjd_tdb)
