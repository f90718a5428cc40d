"""`/v1/health`, `/v1/risk` and `/v1/bodies`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from perilune import __version__
from perilune.contract import risk as risk_contract
from perilune.impact import RiskAssessment
from perilune.service import states
from perilune.service.answers import ERRORS, Envelope, answer
from perilune.service.parameters import Bodies, Body, Center, Epoch, Frame, StepDays, epoch_grid
from perilune.service.source import Source

_BOTH = [Body.EARTH, Body.MOON]


class Order(StrEnum):
    """What a risk list is sorted by, the highest first."""

    PALERMO = "palermo"
    PROBABILITY = "probability"


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


def router(source: Source) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1", responses=ERRORS)

    @routes.get("/health", response_model=Envelope[dict[str, Any]], tags=["service"])
    def show_health(request: Request) -> Response:
        """Whether the service is up."""
        data = {"status": "ok", "version": __version__, "objects": len(source.orbits())}
        return answer(request, data, inputs={"question": "health"})

    @routes.get("/risk", response_model=Envelope[list[RiskAssessment]], tags=["risk"])
    def list_risk(
        request: Request,
        body: Bodies = _BOTH,
        min_probability: Annotated[float, Query(ge=0.0, le=1.0)] = 0.0,
        order: Order = Order.PALERMO,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
    ) -> Response:
        """The risk list: current assessments of all objects."""
        found = source.risk_list(body, min_probability)

        def rank(each: RiskAssessment) -> tuple[float, ...]:
            scale = each.palermo_cumulative
            palermo = (scale is not None, scale or 0.0)
            chance = (each.impact_probability, each.probability_high)
            return palermo + chance if order is Order.PALERMO else chance + palermo

        rows = sorted(found, key=rank, reverse=True)[:limit]
        inputs = {
            "question": "risk list",
            "body": body,
            "min_probability": min_probability,
            "order": order,
            "limit": limit,
        }
        return answer(request, rows, units=risk_contract.UNITS, inputs=inputs)

    @routes.get("/bodies", response_model=Envelope[dict[str, Any]], tags=["ephemeris"])
    def show_bodies(
        request: Request,
        body: Annotated[list[MajorBody], Query(description="May be repeated.")],
        start: Epoch,
        stop: Epoch,
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
        return answer(request, found, units=states.UNITS, inputs=inputs)

    return routes
