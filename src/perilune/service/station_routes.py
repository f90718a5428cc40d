"""`/v1/station`: the station files of the catalogue."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from perilune.catalogue import Database, all_stations, find_station
from perilune.contract.station import LIGHT_UNITS, LINK_UNITS
from perilune.errors import InputError
from perilune.service import station_scene
from perilune.service.answers import ERRORS, Envelope, answer
from perilune.service.parameters import Epoch, StepDays, epoch_grid
from perilune.times import parse_epoch

Id = Annotated[str, Path(max_length=80, description="A station's short name.", examples=["ilrs"])]


LIGHT_LONGEST_D: Final = 7_000.0
LINKS_LONGEST_D: Final = 31.0


def router(database: Database) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1/station", tags=["station"], responses=ERRORS)

    @routes.get("", response_model=Envelope[list[dict[str, Any]]])
    def list_stations(request: Request) -> Response:
        """Every station of the catalogue."""
        with database.read() as connection:
            rows = [{"id": s.slug, "name": s.name} for s in all_stations(connection)]
        return answer(request, rows, inputs={"question": "stations"})

    @routes.get("/{id}", response_model=Envelope[dict[str, Any]])
    def show_station(request: Request, id: Id) -> Response:
        """One station: partners, phases, sites, orbiters and facilities."""
        with database.read() as connection:
            held = find_station(connection, id)
        inputs = {"question": "station", "sha256": held.sha256}
        parts = {"id": held.slug} | station_scene.station_parts(held.document)
        return answer(request, parts, units=station_scene.UNITS, inputs=inputs)

    @routes.get("/{id}/sky", response_model=Envelope[dict[str, Any]])
    def show_sky(
        request: Request, id: Id, start: Epoch, stop: Epoch, step_d: StepDays = 1.0
    ) -> Response:
        """Where the Sun and the Earth stand for the Moon, on a grid of epochs."""
        with database.read() as connection:
            find_station(connection, id)
        epochs = epoch_grid(start, stop, step_d)
        inputs = {"question": "sky", "grid": (float(epochs[0]), step_d, len(epochs))}
        sky = station_scene.moon_sky(epochs)
        return answer(request, sky, units=station_scene.SKY_UNITS, inputs=inputs)

    @routes.get("/{id}/light", response_model=Envelope[list[dict[str, Any]]])
    def show_light(request: Request, id: Id, start: Epoch, stop: Epoch) -> Response:
        """Light, nights and Earth of the sites on the Moon, by steps of an hour."""
        document, span, inputs = _asked(database, id, "light", start, stop, LIGHT_LONGEST_D)
        rows = station_scene.light_rows(document, *span)
        return answer(request, rows, units=LIGHT_UNITS, inputs=inputs)

    @routes.get("/{id}/links", response_model=Envelope[list[dict[str, Any]]])
    def show_links(request: Request, id: Id, start: Epoch, stop: Epoch) -> Response:
        """Lines of sight, passes, gaps and data rates between all elements, by the minute."""
        document, span, inputs = _asked(database, id, "links", start, stop, LINKS_LONGEST_D)
        rows = station_scene.link_rows(document, *span)
        return answer(request, rows, units=LINK_UNITS, inputs=inputs)

    return routes


def _asked(
    database: Database, id: str, question: str, start: str, stop: str, longest_d: float
) -> tuple[str, tuple[float, float], dict[str, Any]]:
    """The station's file, the span, and what the answer depends on.

    Raises:
        UnknownNameError: no such station.
        InputError: the span is empty or too long.
    """
    with database.read() as connection:
        held = find_station(connection, id)
    span = (parse_epoch(start, "start"), parse_epoch(stop, "stop"))
    if not 0.0 < span[1] - span[0] <= longest_d:
        raise InputError(
            "the span is empty or too long", field="stop", found=stop,
            expected=f"after {start}, by at most {longest_d:g} days",
        )  # fmt: skip
    return held.document, span, {"question": question, "sha256": held.sha256, "span": span}
