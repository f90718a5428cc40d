"""`perilune data get lola-…`: a PDS image with its label, from a server that plays the PDS."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from lunar_terrain import lola_label

from perilune import datasets
from perilune.cli.main import main
from perilune.constants import MOON_RADIUS_KM
from perilune.datasets import LOLA, Dataset, fetch
from perilune.errors import DataMissingError

SIZE = 400
R = MOON_RADIUS_KM


def image() -> bytes:
    """Heights in half metres that tell rows from columns."""
    row, column = np.mgrid[0:SIZE, 0:SIZE]
    return np.asarray(20 * row - 7 * column - 3000, dtype="<i2").tobytes()


class Server(HTTPServer):
    """Serves files by their names, as a PDS node does: in lower case, with ranges."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {
            "ldem_80s_20m.img": image(),
            "ldem_80s_20m.lbl": lola_label("LDEM_80S_20M", SIZE, 20.0).encode(),
        }
        self.cut: int | None = None
        self.asked: list[tuple[str, str | None]] = []


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name, wanted = self.path.rpartition("/")[2], self.headers.get("Range")
        self.server.asked.append((name, wanted))
        if name not in self.server.files:
            self.send_error(404)
            return
        start = int(wanted[6:-1]) if wanted else 0
        body = self.server.files[name]
        if start and start >= len(body):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body) - start))
        self.end_headers()
        cut = self.server.cut if name.endswith(".img") else None
        self.wfile.write(body[start:][:cut])

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def wanted(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Dataset:
    """The 20 m map, at the local server, kept in an empty folder."""
    monkeypatch.setenv("PERILUNE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    base = f"http://127.0.0.1:{server.server_port}/polar/img"
    local = replace(LOLA[0], url=f"{base}/ldem_80s_20m.img", label_url=f"{base}/ldem_80s_20m.lbl")
    monkeypatch.setattr(datasets, "DATASETS", MappingProxyType({local.name: local}))
    return local


def nothing(_done: float, _label: str) -> None:
    """Progress that nobody watches."""


def test_the_map_comes_with_its_label_and_a_site_stands_on_it(
    wanted: Dataset, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fetched, and read through rasterio: a site in the middle of a cell has the cell's height."""
    pytest.importorskip("rasterio")
    from perilune.station.terrain_files import read_terrain

    assert wanted.name == "lola-80s-20m"
    assert main(["data", "get", wanted.name]) == 0
    assert f"terrain: {wanted.path}" in capsys.readouterr().err
    assert sorted(each.name for each in wanted.folder.iterdir()) == [
        "LDEM_80S_20M.IMG", "LDEM_80S_20M.LBL",
    ]  # fmt: skip
    assert wanted.path.name == "LDEM_80S_20M.LBL"
    row, column = 250, 90
    x, y = (column - 199.5) * 0.02, (199.5 - row) * 0.02
    colatitude = 2.0 * math.atan(math.hypot(x, y) / (2.0 * R))
    longitude = math.atan2(x, y)
    place = np.array(
        [
            math.sin(colatitude) * math.cos(longitude),
            math.sin(colatitude) * math.sin(longitude),
            -math.cos(colatitude),
        ]
    )
    terrain = read_terrain(wanted.path)
    height_km = 0.0005 * (20 * row - 7 * column - 3000)
    assert terrain.height_km(place) == pytest.approx(height_km, abs=1e-6)
    file = tmp_path / "station.yaml"
    file.write_text(
        "name: Test\nsites:\n  - {id: base, body: moon, height: 0 m, "
        f"longitude: {math.degrees(longitude)} deg, latitude: {math.degrees(colatitude) - 90} deg, "
        f"terrain: {wanted.path}}}\n"
    )
    span = ["--start", "2030-01-01", "--stop", "2030-01-05"]
    assert main(["station", "light", str(file), *span]) == 0
    assert "LDEM_80S_20M.LBL, 20 m" in capsys.readouterr().out


def test_a_broken_download_is_carried_on(wanted: Dataset, server: Server) -> None:
    server.cut = 100_000
    with pytest.raises(DataMissingError, match=r"0\.1 MB are here"):
        fetch(wanted, nothing)
    assert not wanted.is_installed
    server.cut = None
    fetch(wanted, nothing)
    assert server.asked[-1] == ("ldem_80s_20m.img", "bytes=100000-")
    assert (wanted.folder / wanted.member).read_bytes() == image()


def test_what_does_not_fit_its_label_is_refused(wanted: Dataset, server: Server) -> None:
    server.files["ldem_80s_20m.img"] = image()[:-100]
    with pytest.raises(DataMissingError, match="where its label says 320000"):
        fetch(wanted, nothing)
    server.files["ldem_80s_20m.img"] = image()
    server.files["ldem_80s_20m.lbl"] = b"<html>moved</html>"
    with pytest.raises(DataMissingError, match="no PDS label"):
        fetch(wanted, nothing)
    del server.files["ldem_80s_20m.lbl"]
    with pytest.raises(DataMissingError, match=r"404.*LDEM_80S_20M\.IMG and LDEM_80S_20M\.LBL"):
        fetch(wanted, nothing)
    assert list(wanted.folder.iterdir()) == []
    assert not wanted.is_installed


def test_a_digest_is_asked_for_where_the_user_knows_one(wanted: Dataset) -> None:
    with pytest.raises(DataMissingError, match="SHA-256"):
        fetch(wanted, nothing, sha256="0" * 64)
    assert list(wanted.folder.iterdir()) == []


def test_sizes_are_those_of_the_published_files() -> None:
    """As the PDS Geosciences Node lists them: bytes of the 16-bit images."""
    sizes = {item.name: item.size_bytes for item in LOLA}
    assert sizes["lola-80s-20m"] == 1_848_320_000
    assert sizes["lola-80s-80m"] == 115_520_000
    assert sizes["lola-875s-5m"] == 1_840_545_792
    assert sizes["lola-75s-240m"] == 29_062_688
