"""`/v1/objects/{name}/residuals` and `/corridor`: what a number rests on, and where it points."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from perilune.catalogue import Database
from perilune.service import corridors, residual_rows
from perilune.service.answers import ERRORS, Envelope, answer
from perilune.service.formats import rows_of
from perilune.service.object_routes import Name
from perilune.service.parameters import Body


def router(database: Database) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1/objects", tags=["objects"], responses=ERRORS)

    @routes.get("/{name:path}/residuals", **rows_of(Envelope[dict[str, Any]]))
    def show_residuals(request: Request, name: Name) -> Response:
        """Observed minus computed of the last fit that converged, in the order of time."""
        found, fit = residual_rows.residual_scene(database, name)
        inputs = {
            "question": "residuals",
            "observations_sha256": fit.observations_sha256,
            "orbit_id": fit.orbit_id,
        }
        return answer(
            request, found, units=residual_rows.UNITS, inputs=inputs, table=lambda: found["rows"]
        )

    @routes.get("/{name:path}/corridor", response_model=Envelope[dict[str, Any]])
    def show_corridor(
        request: Request,
        name: Name,
        body: Body = Body.EARTH,
        epoch: Annotated[
            str | None,
            Query(max_length=64, description="Near the impact meant; the likeliest by default."),
        ] = None,
    ) -> Response:
        """Where one virtual impactor may hit: points, central line and swaths."""
        found, held = corridors.corridor_scene(database, name, body.value, epoch)
        inputs = {
            "question": "corridor",
            "assessment": held.inputs_sha256,
            "epoch_utc": found["epoch_utc"],
        }
        return answer(request, found, units=corridors.UNITS, inputs=inputs)

    return routes
