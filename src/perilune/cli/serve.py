"""`perilune serve`: the HTTP API and the page."""

from __future__ import annotations

import socket
import sys
import threading
import time
from pathlib import Path
from typing import Annotated

import typer

from perilune.cli.ending import stop_with
from perilune.cli.output import say
from perilune.errors import DataMissingError, InputError

_STARTS_S = 0.05
_TURN_S = 0.0005
_WAITS_S = 5.0  # for a lock: whoever asks wants to be told soon


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 8000,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="A SQLite file, or postgresql://…; the user's own by default."
        ),
    ] = None,
    station: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A station file to keep in the catalogue and to show; may be repeated.",
        ),
    ] = None,
    no_anonymous: Annotated[
        bool, typer.Option("--no-anonymous", help="Nothing is read without a token.")
    ] = False,
    upload_limit: Annotated[
        float,
        typer.Option(metavar="MB", min=0.001, max=1000.0, help="Largest file that is taken."),
    ] = 10.0,
    rate: Annotated[
        float,
        typer.Option(metavar="N", min=0.0, help="Requests a second of one address; 0: no limit."),
    ] = 1000.0,
    no_jobs: Annotated[
        bool, typer.Option("--no-jobs", help="Take jobs, but leave the work to another service.")
    ] = False,
) -> None:
    """Serve the API and the page until Ctrl-C."""
    try:
        import uvicorn
    except ModuleNotFoundError as error:
        raise DataMissingError(
            f"The service needs {error.name}. Install it with: pip install 'perilune[service]'."
        ) from None
    from perilune.catalogue import open_database, put_station
    from perilune.service.app import PAGE, make_app
    from perilune.service.settings import ServiceSettings
    from perilune.service.station_scene import know_file
    from perilune.station.reading import read_station

    stations = [(file.stem, read_station(file).name, file) for file in station or []]
    catalogue = open_database(database, wait_s=_WAITS_S)
    with catalogue.write() as connection:
        for slug, name, file in stations:
            put_station(connection, slug, name, know_file(file), "serve")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=256)
        # asyncio turns Nagle's delay (40 ms an answer) off only where the protocol is named.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        raise InputError(
            "the service cannot listen there",
            field="--host, --port",
            found=f"{host}:{port} ({error.strerror})",
            remedy="Another program may hold the port: take another with --port.",
        ) from None
    settings = ServiceSettings(
        anonymous=not no_anonymous,
        upload_bytes=int(1e6 * upload_limit),
        requests_per_s=rate,
        works=not no_jobs,
    )
    # No log of accesses: addresses and what was asked are nobody's business.
    config = uvicorn.Config(
        make_app(catalogue, settings),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    # Answers that are ready need not wait for a thread that makes another one: turns are short.
    sys.setswitchinterval(_TURN_S)
    server = uvicorn.Server(config)

    def stop() -> None:
        server.should_exit = True

    stop_with(stop)
    address = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    threading.Thread(
        target=_announce, args=(server, address, (PAGE / "index.html").is_file()), daemon=True
    ).start()
    server.run(sockets=[listener])


def _announce(server: object, address: str, has_page: bool) -> None:
    """Say where the service is as soon as it answers."""
    while not getattr(server, "started", False):
        time.sleep(_STARTS_S)
    if has_page:
        say(f"Perilune is at {address}/ until Ctrl-C.")
    else:
        say(f"The API is at {address}/v1/ until Ctrl-C. The page has not been built.")
