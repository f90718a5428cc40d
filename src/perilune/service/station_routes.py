"""`/v1/station`: the station files of the catalogue."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request, Response

from perilune.catalogue import Database, all_stations, find_station
from perilune.contract.envelope import without_place
from perilune.contract.station import LIGHT_UNITS, LINK_UNITS, ORBIT_UNITS
from perilune.errors import InputError
from perilune.impact.risk import now_mjd_tdb
from perilune.service import sensors, station_scene, station_timeline
from perilune.service.answers import ERRORS, Envelope, answer
from perilune.service.formats import rows_of
from perilune.service.parameters import Epoch, Start, StepDays, Stop, epoch_grid
from perilune.times import parse_epoch

Id = Annotated[str, Path(max_length=80, description="A station's short name.", examples=["ilrs"])]


LIGHT_LONGEST_D: Final = 7_000.0
LINKS_LONGEST_D: Final = 31.0
TIMELINE_LONGEST_D: Final = 366.0
_ROWS: Final = rows_of(Envelope[list[dict[str, Any]]])


def router(database: Database) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/v1/station", tags=["station"], responses=ERRORS)

    @routes.get("", **_ROWS)
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
        request: Request, id: Id, start: Start, stop: Stop, step_d: StepDays = 1.0
    ) -> Response:
        """Where the Sun and the Earth stand for the Moon, on a grid of epochs."""
        with database.read() as connection:
            find_station(connection, id)
        epochs = epoch_grid(start, stop, step_d)
        inputs = {"question": "sky", "grid": (float(epochs[0]), step_d, len(epochs))}
        sky = station_scene.moon_sky(epochs)
        return answer(request, sky, units=station_scene.SKY_UNITS, inputs=inputs)

    @routes.get("/{id}/light", **_ROWS)
    def show_light(request: Request, id: Id, start: Start, stop: Stop) -> Response:
        """Light, nights and Earth of the sites on the Moon, by steps of an hour."""
        document, span, inputs = _asked(database, id, "light", start, stop, LIGHT_LONGEST_D)
        rows = station_scene.light_rows(document, *span)
        return answer(request, rows, units=LIGHT_UNITS, inputs=inputs)

    @routes.get("/{id}/links", **_ROWS)
    def show_links(request: Request, id: Id, start: Start, stop: Stop) -> Response:
        """Lines of sight, passes, gaps and data rates between all elements, by the minute."""
        document, span, inputs = _asked(database, id, "links", start, stop, LINKS_LONGEST_D)
        rows = station_scene.link_rows(document, *span)
        return answer(request, rows, units=LINK_UNITS, inputs=inputs)

    @routes.get("/{id}/timeline", response_model=Envelope[dict[str, Any]])
    def show_timeline(
        request: Request, id: Id, start: Start, stop: Stop, step_d: StepDays = 0.05
    ) -> Response:
        """Light, lines of sight and power on a grid of epochs, over a year at most."""
        document, span, inputs = _asked(database, id, "timeline", start, stop, TIMELINE_LONGEST_D)
        epochs = epoch_grid(start, stop, step_d)
        if len(epochs) < 2:
            raise InputError(
                "there is one epoch only", field="step_d", found=step_d, expected="a shorter step"
            )
        found = station_timeline.timeline(document, span[0], step_d, len(epochs))
        units, inputs = station_timeline.UNITS, inputs | {"step_d": step_d}
        return answer(request, found, units=units, inputs=inputs)

    @routes.get("/{id}/paths", **_ROWS)
    def show_paths(request: Request, id: Id, epoch: Epoch) -> Response:
        """The orbiters' paths over one revolution from an epoch on."""
        with database.read() as connection:
            held = find_station(connection, id)
        when = parse_epoch(epoch, "epoch")
        rows = station_timeline.paths(held.document, when)
        inputs = {"question": "paths", "sha256": held.sha256, "epoch_mjd_tdb": when}
        return answer(request, rows, units=station_timeline.PATH_UNITS, inputs=inputs)

    @routes.get("/{id}/orbits", **_ROWS)
    def show_orbits(
        request: Request,
        id: Id,
        days: Annotated[
            float, Query(ge=1.0, le=366.0, description="To look, from each orbit's epoch.")
        ] = 365.25,
        samples: Annotated[
            int, Query(ge=0, le=20, description="Of station-keeping's Monte Carlo; 0 for none.")
        ] = 0,
        seed: Annotated[int, Query(ge=0, le=2**31)] = 1,
    ) -> Response:
        """Shape, stability, eclipses, station-keeping and lifetime of the orbiters' orbits."""
        with database.read() as connection:
            held = find_station(connection, id)
        rows = station_scene.orbit_rows(held.document, days, samples, seed)
        inputs = {"question": "orbits", "sha256": held.sha256, "run": (days, samples, seed)}
        return answer(request, rows, units=ORBIT_UNITS, inputs=inputs)

    @routes.get("/{id}/sensors", **_ROWS)
    def show_sensors(
        request: Request,
        id: Id,
        epoch: Annotated[
            str | None, Query(max_length=64, description="The present by default.")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=200, description="Objects at most.")] = 50,
        all: Annotated[
            bool, Query(description="All elements, not only those with a telescope.")
        ] = False,
        others: Annotated[
            bool,
            Query(
                description="While there is room, other objects of the catalogue too, with orbits "
                "of within fifty years."
            ),
        ] = False,
        limiting_magnitude: Annotated[float | None, Query(ge=-5.0, le=40.0)] = None,
        min_elongation_deg: Annotated[
            float | None, Query(ge=0.0, le=180.0, description="Each telescope's own by default.")
        ] = None,
    ) -> Response:
        """What each telescope can see of the objects that may hit or come near."""
        # A minute's objects do not move: the same question within it is the same answer.
        when = (
            round(now_mjd_tdb() * 1440.0) / 1440.0 if epoch is None else parse_epoch(epoch, "epoch")
        )
        with database.read() as connection:
            held = find_station(connection, id)
        orbits = sensors.watch_list(database, when, limit, others=others)
        rows = sensors.sensor_rows(
            held.document,
            tuple(orbits),
            when,
            all_elements=all,
            limiting_magnitude=limiting_magnitude,
            min_elongation_deg=min_elongation_deg,
        )
        inputs = {
            "question": "sensors",
            "sha256": held.sha256,
            "epoch_mjd_tdb": when,
            "orbits": without_place(orbits),
        }
        return answer(request, rows, units=sensors.UNITS, inputs=inputs)

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
