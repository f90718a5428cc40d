"""`perilune report` as a user runs it: every number is that of the command that the table names."""

from __future__ import annotations

import hashlib
import html.parser
import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib", reason="the report's packages are not installed")
pytest.importorskip("jinja2", reason="the report's packages are not installed")

from printing import has_poppler, need_printer
from watching import rules_for

from perilune.cli.main import main
from perilune.errors import DataMissingError
from perilune.orbits import catalogue, write_perilune
from perilune.report import pdf

pytestmark = pytest.mark.slow

AXE = Path(__file__).resolve().parents[2] / "web/node_modules/axe-core/axe.min.js"

MADE_S = 1_790_000_000  # 2026-09-21
NOW = "2026-09-20"
YEARS = "10"  # the search reaches 2024 YR4's passage of 2032
STATION = """\
name: Test station
about: Made up, with a name that needs <escaping> & care.
assumptions: [all of it]
partners:
  - {id: one, name: First partner, country: Here, since: 2020-01-01}
  - {id: two, name: Second partner}
phases:
  - {id: now, name: Building, start: 2025-01-01, stop: 2029-12-31}
  - {id: then, name: Running, start: 2030-01-01}
sites:
  - {id: pole, name: The pole, body: moon, longitude: 30 deg, latitude: -89 deg, height: 1 km,
     mast: 5 m}
  - {id: dish, body: earth, longitude: 20 deg, latitude: 50 deg, height: 0.2 km,
     elevation_mask: 10 deg}
orbiters:
  - id: relay
    frozen:
      perilune: 3000 km
      apolune: 9000 km
      inclination: 56 deg
      argument: 90 deg
      epoch: 2030-01-01
facilities:
  - {id: panels, kind: power, at: pole, owner: one, phase: now, mass: 2 t, solar: {power: 10 kW},
     battery: {energy: 50 kWh, depth: 80 %, efficiency: 90 %}}
  - {id: lab, name: Laboratory, kind: laboratory, at: pole, owner: [one, two], phase: then,
     needs: panels, mass: 4 t, power: 6 kW}
  - {id: eye, kind: telescope, at: pole, owner: two, phase: now, mass: 1 t, power: 1 kW}
  - {id: bus, kind: relay, at: relay, owner: two, phase: now, mass: 500 kg, power: 300 W,
     solar: {power: 900 W}, battery: {energy: 2 kWh, depth: 80 %, efficiency: 95 %}}
launchers:
  - {id: rocket, owner: one, to: {surface: 5 t, llo: 3 t}, rate: 4 /y, cost: 100 MUSD}
"""


@dataclass
class Made:
    """What a run left."""

    folder: Path
    station: Path
    database: Path
    envelope: dict[str, Any]

    @property
    def html(self) -> str:
        """The page."""
        return (self.folder / "base-report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    need_printer()
    folder = tmp_path_factory.mktemp("report")
    database = folder / "catalogue.db"
    station = folder / "base.yaml"
    station.write_text(STATION, encoding="utf-8")
    inbox = folder / "inbox"
    inbox.mkdir()
    orbits = [catalogue.find(name) for name in ("2024 YR4", "1 Ceres")]
    (inbox / "orbits.json").write_text(write_perilune(orbits))
    watch = [
        "watch", str(station), "--database", str(database), "--inbox", str(inbox), "--rules",
        str(rules_for(folder)), "--empty", "--years", YEARS, "--now", NOW,
    ]  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", str(MADE_S))
        assert main(watch) == 0
        report = ["report", str(station), "--database", str(database), "--output"]
        out = _run([*report, str(folder)])
        (folder / "again").mkdir()
        _run([*report, str(folder / "again")])
        yield Made(folder, station, database, json.loads(out))


def _run(arguments: list[str]) -> str:
    """The command's stdout."""
    import contextlib
    import io

    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        words = [*arguments] if "--json" in arguments else [*arguments, "--json"]
        assert main(words) == 0, arguments
    return out.getvalue()


@dataclass
class Cell:
    """One cell of a table."""

    fields: list[str]
    values: list[Any]
    text: str = ""


@dataclass
class Page(html.parser.HTMLParser):
    """The page's tables, links, names and pictures."""

    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    addresses: list[tuple[str, str]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    pictures: list[dict[str, str | None]] = field(default_factory=list)
    headings: list[int] = field(default_factory=list)
    cell: Cell | None = None

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            if given.get(name):
                self.addresses.append((tag, str(given[name])))
        if given.get("id"):
            self.names.append(str(given["id"]))
        if tag == "img":
            self.pictures.append(given)
        if tag in ("h1", "h2", "h3"):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self.tables[str(given["id"])] = {**given, "rows": []}
        if tag == "tr" and "data-at" in given:
            list(self.tables.values())[-1]["rows"].append((given["data-at"], []))
        if tag in ("td", "th") and given.get("data-fields"):
            values = json.loads(str(given["data-values"]))
            self.cell = Cell(str(given["data-fields"]).split(), values)

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.text += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self.cell is not None:
            list(self.tables.values())[-1]["rows"][-1][1].append(self.cell)
            self.cell = None


@pytest.fixture(scope="module")
def page(made: Made) -> Page:
    found = Page()
    found.feed(made.html)
    return found


def test_the_envelope_lists_files_and_sections(made: Made) -> None:
    data = made.envelope["data"]
    for each in data["files"]:
        content = Path(each["file"]).read_bytes()
        assert each["bytes"] == len(content)
        assert each["sha256"] == hashlib.sha256(content).hexdigest()
    assert [each["kind"] for each in data["files"]] == ["html", "pdf"]
    sections = {each["id"]: each for each in data["sections"]}
    assert list(sections) == ["summary", "risk", "station", "method", "file"]
    tables = [each["id"] for section in sections.values() for each in section["tables"]]
    assert len(tables) == len(set(tables)) >= 15


def test_every_number_is_that_of_the_command_named(made: Made, page: Page) -> None:
    answers: dict[str, dict[str, Any]] = {}
    compared = 0
    for name, table in page.tables.items():
        command = table.get("data-command")
        if command is None:
            continue
        if command not in answers:
            words = shlex.split(command)
            assert words[0] == "perilune"
            answers[command] = json.loads(_run(words[1:]))
        answer = answers[command]
        assert answer["signature"]["inputs_sha256"] == table["data-inputs-sha256"], command
        for at, cells in table["rows"]:
            row = _at(answer["data"], at)
            for cell in cells:
                assert [row[each] for each in cell.fields] == cell.values, (name, at, cell)
                compared += 1
    assert compared > 150
    verbs = {command.split()[1:3][-1] for command in answers}
    assert verbs >= {"show", "light", "power", "links", "orbits", "plan"}
    assert {"sightings", "light-now", "links-now", "hazards"} <= set(page.tables)


def test_what_is_printed_is_the_number_rounded(page: Page) -> None:
    """Each number that is read back lies within half a unit of its last digit."""
    scales = (1.0, 100.0, 1e-3)
    looked_at = 0
    for name, table in page.tables.items():
        for at, cells in table["rows"]:
            for cell in cells:
                if len(cell.values) != 1 or type(cell.values[0]) not in (int, float):
                    continue
                text = cell.text.replace("\N{NO-BREAK SPACE}", " ").replace("−", "-")
                text = text.replace(",", "").removesuffix(" %")
                if cell.text == "none found" or cell.fields == ["impact_probability"]:
                    continue  # looked at by `test_chances`
                digits = len(text.partition(".")[2])
                near = min(abs(float(text) - scale * cell.values[0]) for scale in scales)
                figures = max(0.5001 * 10.0**-digits, 5.001e-3 * abs(float(text)))
                assert near <= figures, (name, at, cell)
                looked_at += 1
    assert looked_at > 60


def test_nothing_outside_is_asked_for(made: Made, page: Page) -> None:
    assert page.addresses
    for tag, address in page.addresses:
        assert address.startswith(("#", "data:image/svg+xml;base64,")), (tag, address[:80])
    text = re.sub(r"data:[^\"]*", "", made.html)
    assert "@import" not in text
    assert "url(" not in text
    assert "<script" not in text
    for picture in page.pictures:
        assert picture["alt"]
    assert len(page.pictures) >= 8


def test_the_page_is_in_order(page: Page, made: Made) -> None:
    assert len(page.names) == len(set(page.names))
    targets = [address[1:] for tag, address in page.addresses if address.startswith("#")]
    assert set(targets) <= set(page.names)
    assert page.headings[0] == 1
    assert all(b - a <= 1 for a, b in zip(page.headings, page.headings[1:], strict=False))
    assert "&lt;escaping&gt; &amp; care" in made.html
    assert "2026-09-21" in made.html


def test_the_same_again_gives_the_same(made: Made) -> None:
    """All but the date is the catalogue's and the file's; SOURCE_DATE_EPOCH holds that."""
    again = sorted((made.folder / "again").iterdir())
    assert [each.name for each in again] == ["base-report.html", "base-report.pdf"]
    for each in again:
        assert each.read_bytes() == (made.folder / each.name).read_bytes()


def test_without_pango_the_page_is_written_and_the_pdf_asked_for(
    made: Made,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def absent() -> Any:
        raise DataMissingError("The PDF needs Pango. Install it.")

    monkeypatch.setattr(pdf, "printer", absent)
    arguments = ["report", str(made.station), "--database", str(made.database), "--output"]
    assert main([*arguments, str(tmp_path / "only.pdf")]) == 4
    assert "needs Pango" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
    assert main([*arguments, str(tmp_path), "--json"]) == 4
    captured = capsys.readouterr()
    assert captured.err.endswith("Error: The PDF needs Pango. Install it.\n")
    assert [each["kind"] for each in json.loads(captured.out)["data"]["files"]] == ["html"]
    assert [each.name for each in tmp_path.iterdir()] == ["base-report.html"]


def test_interrupted_it_leaves_nothing(made: Made, tmp_path: Path) -> None:
    arguments = ["report", str(made.station), "--database", str(made.database), "--output"]
    code = "from perilune.cli.main import main; import sys; sys.exit(main(sys.argv[1:]))"
    run = subprocess.Popen(
        [sys.executable, "-c", code, *arguments, str(tmp_path)], stderr=subprocess.PIPE, text=True
    )
    time.sleep(3.0)
    run.send_signal(signal.SIGINT)
    began_s = time.monotonic()
    _, talk = run.communicate(timeout=60)
    if run.returncode != 0:  # else it was done before the signal
        assert run.returncode == 130
        assert time.monotonic() - began_s < 5.0
        assert talk.endswith("Interrupted.\n")
        assert "Traceback" not in talk
        assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not AXE.is_file(), reason="axe is not here: it comes with `make page`")
def test_axe_finds_no_serious_fault(made: Made) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_api.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for options in (
            {"color_scheme": "light", "viewport": {"width": 1200, "height": 900}},
            {"color_scheme": "dark", "viewport": {"width": 360, "height": 740}},
        ):
            visit = browser.new_context(**options).new_page()
            said: list[str] = []
            visit.on("console", lambda message, said=said: said.append(message.text))
            visit.on(
                "request",
                lambda request, said=said: said.extend(
                    [] if request.url.startswith(("data:", "file:")) else [request.url]
                ),
            )
            visit.goto((made.folder / "base-report.html").as_uri())
            wide = visit.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, "the page is wider than the screen"
            visit.add_script_tag(content=AXE.read_text(encoding="utf-8"))
            found = visit.evaluate("axe.run()")["violations"]
            faults = [
                (each["id"], each["help"], each["nodes"][0]["html"][:200])
                for each in found
                if each["impact"] in ("serious", "critical")
            ]
            assert faults == []
            assert said == []
        browser.close()


def test_the_pdf_is_whole(made: Made) -> None:
    file = made.folder / "base-report.pdf"
    content = file.read_bytes()
    assert content.startswith(b"%PDF-1.7")
    assert content.rstrip().endswith(b"%%EOF")
    if not has_poppler():
        pytest.skip("no pdfinfo and pdftotext to look into the PDF with")
    info = subprocess.run(["pdfinfo", file], capture_output=True, text=True, check=True).stdout
    facts = dict(line.split(":", 1) for line in info.splitlines())
    assert facts["Title"].strip() == "Test station: station and risk report"
    assert facts["Tagged"].strip() == "yes"
    assert "(A4)" in facts["Page size"]
    assert facts["CreationDate"].strip().startswith("Mon Sep 21")
    pages = int(facts["Pages"])
    assert 8 <= pages <= 25
    text = subprocess.run(
        ["pdftotext", "-layout", file, "-"], capture_output=True, text=True, check=True
    ).stdout
    assert f"{pages} of {pages}" in text
    for words in ("Contents", "Risk list for the Moon", "2024 YR4", "Laboratory", "4.2"):
        assert words in text


def _at(data: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        data = data[int(step)] if isinstance(data, list) else data[step]
    return data
