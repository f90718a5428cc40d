"""`/v1/health`, `/v1/risk` and `/v1/bodies`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from perilune import __version__
from perilune.catalogue import (
    Database,
    count_objects,
    count_orbits,
    next_approaches,
    risk_list,
)
from perilune.catalogue.details import preferred_elements
from perilune.constants import AU_KM
from perilune.contract import approaches as approach_contract
from perilune.contract import risk as risk_contract
from perilune.errors import InputError
from perilune.impact import RiskAssessment
from perilune.impact.risk import now_mjd_tdb
from perilune.service import orbit_rows, states
from perilune.service.answers import ERRORS, Envelope, answer, risk_row
from perilune.service.formats import rows_of
from perilune.service.parameters import (
    Bodies,
    Body,
    Center,
    Frame,
    Start,
    StepDays,
    Stop,
    epoch_grid,
)
from perilune.times import parse_epoch

_BOTH = [Body.EARTH, Body.MOON]


Order = Literal["palermo", "probability", "torino", "date"]


class MajorBody(StrEnum):
    """A body of the ephemeris."""

    SUN = "sun"
    MERCURY = "mercury"
    VENUS = "venus"
    EARTH = "earth"
    MOON = "moon"
    MARS = "mars"
    JUPITER = "jupiter"
    SATURN = "saturn"
    URANUS = "uranus"
    NEPTUNE = "neptune"


def router(database: Database) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1", responses=ERRORS)

    @routes.get("/health", response_model=Envelope[dict[str, Any]], tags=["service"])
    def show_health(request: Request) -> Response:
        """Whether the service is up."""
        with database.read() as connection:
            data = {
                "status": "ok",
                "version": __version__,
                "objects": count_objects(connection),
                "orbits": count_orbits(connection),
            }
        return answer(request, data, inputs={"question": "health"})

    @routes.get("/risk", tags=["risk"], **rows_of(Envelope[list[RiskAssessment]]))
    def list_risk(
        request: Request,
        body: Bodies = _BOTH,
        min_probability: Annotated[float, Query(ge=0.0, le=1.0)] = 0.0,
        order: Annotated[
            Order, Query(description="Highest first; date: the earliest impact first.")
        ] = "palermo",
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    ) -> Response:
        """The risk list: current assessments of all objects, body by body."""
        with database.read() as connection:
            found = [
                each
                for name in dict.fromkeys(body)
                for each in risk_list(
                    connection, name, min_probability=min_probability, sort=order, limit=limit
                )
            ]
        rows = [risk_row(each) for each in found]
        inputs = {
            "question": "risk list",
            "body": body,
            "min_probability": min_probability,
            "order": order,
            "limit": limit,
        }
        return answer(request, rows, units=risk_contract.UNITS, inputs=inputs)

    @routes.get("/approaches", tags=["risk"], **rows_of(Envelope[list[dict[str, Any]]]))
    def list_approaches(
        request: Request,
        body: Bodies = _BOTH,
        start: Annotated[
            str | None, Query(max_length=64, description="The present by default.")
        ] = None,
        stop: Annotated[str | None, Query(max_length=64, description="No end by default.")] = None,
        within_au: Annotated[float, Query(gt=0.0, le=10.0)] = 0.05,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Response:
        """The next close approaches of all objects, the earliest first."""
        first = now_mjd_tdb() if start is None else parse_epoch(start, "start")
        last = None if stop is None else parse_epoch(stop, "stop")
        if last is not None and last < first:
            raise InputError(
                "the span ends before it starts", field="stop", found=stop, expected="after start"
            )
        wanted = dict.fromkeys(each.value for each in body)
        only = next(iter(wanted)) if len(wanted) == 1 else None
        with database.read() as connection:
            held = next_approaches(
                connection, first, stop_mjd_tdb=last, body=only, within_km=within_au * AU_KM,
                limit=limit,
            )  # fmt: skip
        rows = [approach_contract.approach_row(each.approach) for each in held]
        inputs = {"question": "approaches", "body": list(wanted), "within_au": within_au}
        return answer(request, rows, units=approach_contract.UNITS, inputs=inputs)

    @routes.get("/elements", tags=["objects"], **rows_of(Envelope[dict[str, list[Any]]]))
    def list_elements(
        request: Request, limit: Annotated[int, Query(ge=1, le=100_000)] = 2000
    ) -> Response:
        """Elements of many objects' preferred orbits as columns, to draw them."""
        with database.read() as connection:
            held = preferred_elements(connection, limit)
        found = orbit_rows.element_columns(held)
        names = ["object", *list(found)[1:]]

        def table() -> list[dict[str, Any]]:
            rows = zip(*found.values(), strict=True)
            return [dict(zip(names, row, strict=True)) for row in rows]

        inputs = {"question": "elements", "limit": limit}
        return answer(request, found, units=orbit_rows.ELEMENT_UNITS, inputs=inputs, table=table)

    @routes.get("/bodies", tags=["ephemeris"], **rows_of(Envelope[dict[str, Any]]))
    def show_bodies(
        request: Request,
        body: Annotated[
            list[MajorBody], Query(description="May be repeated.", examples=[["moon"]])
        ],
        start: Start,
        stop: Stop,
        step_d: StepDays = 1.0,
        center: Center = Center.SUN,
        frame: Frame = Frame.ICRF,
    ) -> Response:
        """States of the Sun, the planets and the Moon on a grid of epochs, from DE440."""
        epochs = epoch_grid(start, stop, step_d)
        names = list(dict.fromkeys(each.value for each in body))
        found = states.body_states(names, epochs, center, frame)
        inputs = {
            "question": "bodies",
            "body": names,
            "grid": (float(epochs[0]), step_d, len(epochs), center, frame),
        }

        def table() -> list[dict[str, Any]]:
            return [row for name in names for row in states.rows(found, name)]

        return answer(request, found, units=states.UNITS, inputs=inputs, table=table)

    return routes
