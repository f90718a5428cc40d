"""`/v1/station`: the station files of the catalogue."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from perilune.catalogue import Database, all_stations, find_station
from perilune.service import station_scene
from perilune.service.answers import ERRORS, Envelope, answer
from perilune.service.parameters import Epoch, StepDays, epoch_grid

Id = Annotated[str, Path(max_length=80, description="A station's short name.", examples=["ilrs"])]


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

    return routes
