"""`/compat/sentry` and `/compat/cad`: for clients of CNEOS' APIs, which need only another address.

What CNEOS refuses with 400 and a `message` is refused so here too.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from perilune.catalogue import Database
from perilune.errors import PeriluneError
from perilune.impact.risk import now_mjd_tdb
from perilune.service import compat_cad, compat_sentry
from perilune.service.answers import refusals
from perilune.service.problems import MEDIA_TYPE, compat_refusal
from perilune.times import parse_epoch

_LD: Final = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(au|ld)?", re.IGNORECASE | re.ASCII)
_AHEAD: Final = re.compile(r"\+(\d{1,6})", re.ASCII)

Spk = Annotated[
    int | None,
    Query(ge=1, le=999_999_999, description="The SPK-ID of a numbered minor planet: 20099942."),
]
Flag = Annotated[bool, Query()]
Speed = Annotated[float | None, Query(ge=0.0, le=1e4, allow_inf_nan=False)]


class CompatProblem(BaseModel):
    """A refusal as CNEOS words it."""

    code: str
    message: str
    moreInfo: str


class Signature(BaseModel):
    """What made the answer, and whose shape it has."""

    source: str
    version: str


class SentryAnswer(BaseModel):
    """Modes S, V and R: a count and rows; mode O: a summary and rows, or an error."""

    signature: Signature
    count: int | None = None
    summary: dict[str, str | int | None] | None = None
    data: list[dict[str, str | int | None]] | None = None
    error: str | None = None
    removed: str | None = None


class CadAnswer(BaseModel):
    """Rows of texts in the order of the fields; neither where there are none."""

    signature: Signature
    count: int
    total: int | None = None
    fields: list[str] | None = None
    data: list[list[str | None]] | None = None


class _Refused(Exception):
    """A parameter does not hold what it should."""


def install(app: FastAPI) -> None:
    """Give the refusals of these routes their shape."""

    @app.exception_handler(_Refused)
    async def _refused(_: Request, error: _Refused) -> JSONResponse:
        return compat_refusal(str(error))


_ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    400: {
        "model": CompatProblem,
        "description": "A parameter does not hold what it should; or the request is damaged.",
        "content": {MEDIA_TYPE: {}},
    },
    **refusals(401, 403, 414, 429, 503),
}


def router(database: Database) -> APIRouter:
    """The routes, also by the names that they have at CNEOS."""
    routes = APIRouter(prefix="/compat", tags=["compat"], responses=_ERRORS)

    @routes.get("/sentry.api", include_in_schema=False)
    @routes.get("/sentry", response_model=SentryAnswer)
    def sentry(
        request: Request,
        des: Annotated[str | None, Query(max_length=80, description="Mode O.")] = None,
        spk: Spk = None,
        all: Annotated[bool, Query(description="Mode V.")] = False,
        removed: Annotated[bool, Query(description="Mode R.")] = False,
        h_max: Annotated[float | None, Query(alias="h-max", ge=-10.0, le=100.0)] = None,
        ps_min: Annotated[float | None, Query(alias="ps-min", ge=-20.0, le=20.0)] = None,
        ip_min: Annotated[float, Query(alias="ip-min", ge=0.0, le=1.0)] = 0.0,
        days: Annotated[int | None, Query(ge=-100_000, le=100_000)] = None,
        body: Annotated[
            Literal["earth", "moon"], Query(description="Perilune's own: the Moon as well.")
        ] = "earth",
    ) -> Response:
        """Risks as CNEOS' Sentry API gives them: summary, one object, all impactors, removed."""
        des = _specified(des, spk)
        if sum((des is not None, all, removed)) > 1:
            raise _Refused("only one of des, spk, all and removed may be given")
        if days is not None and abs(days) <= 6:
            raise _Refused("invalid value specified for query parameter 'days': ABS(days) > 6")
        with database.read() as connection:
            if des is not None:
                return _answer(request, compat_sentry.object_table(connection, body, des))
            if removed:
                return _answer(request, compat_sentry.removed_table(connection, body))
            table = compat_sentry.impactor_table if all else compat_sentry.summary_table
            found = table(
                connection, body, ip_min=ip_min, ps_min=ps_min, h_max=h_max, days=days,
                now_mjd_tdb=now_mjd_tdb(),
            )  # fmt: skip
        return _answer(request, found)

    @routes.get("/cad.api", include_in_schema=False)
    @routes.get("/cad", response_model=CadAnswer)
    def cad(
        request: Request,
        date_min: Annotated[
            str, Query(alias="date-min", max_length=32, description="A date, or now.")
        ] = "now",
        date_max: Annotated[
            str, Query(alias="date-max", max_length=32, description="A date, now, or +days.")
        ] = "+60",
        dist_max: Annotated[
            str, Query(alias="dist-max", max_length=16, description="au, or with LD.")
        ] = "0.05",
        dist_min: Annotated[str | None, Query(alias="dist-min", max_length=16)] = None,
        h_max: Annotated[float | None, Query(alias="h-max", ge=-100.0, le=100.0)] = None,
        h_min: Annotated[float | None, Query(alias="h-min", ge=-100.0, le=100.0)] = None,
        v_inf_max: Annotated[Speed, Query(alias="v-inf-max")] = None,
        v_inf_min: Annotated[Speed, Query(alias="v-inf-min")] = None,
        v_rel_max: Annotated[Speed, Query(alias="v-rel-max")] = None,
        v_rel_min: Annotated[Speed, Query(alias="v-rel-min")] = None,
        des: Annotated[str | None, Query(max_length=80)] = None,
        spk: Spk = None,
        body: Annotated[Literal["Earth", "Moon", "ALL"], Query()] = "Earth",
        neo: Flag = True,
        sort: Annotated[
            str, Query(pattern=f"^-?({'|'.join(compat_cad.SORTS)})$", description="- reverses.")
        ] = "date",
        limit: Annotated[int | None, Query(ge=1, le=1_000_000)] = None,
        limit_from: Annotated[int, Query(alias="limit-from", ge=0, le=1_000_000_000)] = 0,
        diameter: Flag = False,
        fullname: Flag = False,
    ) -> Response:
        """Close approaches as CNEOS' CAD API gives them, to the Earth, the Moon or both."""
        now = now_mjd_tdb()
        des = _specified(des, spk)
        start = _date("date-min", date_min, now)
        question = compat_cad.Question(
            start_mjd_tdb=start,
            stop_mjd_tdb=_date("date-max", date_max, now),
            bodies=("earth", "moon") if body == "ALL" else (body.lower(),),
            dist_max_au=_distance_au("dist-max", dist_max),
            dist_min_au=None if dist_min is None else _distance_au("dist-min", dist_min),
            h_max=h_max,
            h_min=h_min,
            v_inf_max=v_inf_max,
            v_inf_min=v_inf_min,
            v_rel_max=v_rel_max,
            v_rel_min=v_rel_min,
            name=des,
            neo=neo and des is None,
            sort=sort.removeprefix("-"),
            descending=sort.startswith("-"),
            limit=limit,
            offset=limit_from,
            diameter=diameter,
            fullname=fullname,
            body=body == "ALL",
        )
        with database.read() as connection:
            return _answer(request, compat_cad.approach_table(connection, question))

    return routes


def _answer(request: Request, found: dict[str, Any]) -> Response:
    """JSON with an ETag."""
    text = json.dumps(found, ensure_ascii=False, allow_nan=False)
    tag = f'W/"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if tag in [each.strip() for each in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="application/json", headers=headers)


def _specified(des: str | None, spk: int | None) -> str | None:
    """The name asked for; that of an SPK-ID is the number that it holds.

    JPL gives the minor planet (n) the SPK-ID 20000000 + n, and gave it 2000000 + n before. An
    SPK-ID without a number in it is JPL's own: no name here is like it, so nothing is found.
    """
    if des is not None and spk is not None:
        raise _Refused("only one of des and spk may be given")
    if spk is None:
        return des
    for first, last in ((20_000_001, 49_999_999), (2_000_001, 2_999_999)):
        if first <= spk <= last:
            return str(spk - first + 1)
    return f"SPK-ID {spk}"


def _date(name: str, given: str, now: float) -> float:
    """MJD TDB: CNEOS' dates are TDB."""
    if given == "now":
        return now
    if ahead := _AHEAD.fullmatch(given):
        return now + float(ahead[1])
    try:
        return parse_epoch(given.replace(" ", "T") + "@tdb", name)
    except PeriluneError as error:
        raise _Refused(f"invalid value specified for query parameter '{name}': {error}") from None


def _distance_au(name: str, given: str) -> float:
    match = _LD.fullmatch(given.strip())
    if match is None:
        raise _Refused(
            f"invalid value specified for query parameter '{name}': {given!r}; expected au, or a "
            "number with LD"
        )
    unit = compat_cad.LUNAR_DISTANCE_AU if (match[2] or "").lower() == "ld" else 1.0
    return float(match[1]) * unit
