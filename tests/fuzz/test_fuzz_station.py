"""Station files with any damage: a station comes out, or an error that Perilune means."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from perilune.errors import PeriluneError
from perilune.station.reading import read_station
from perilune.station.station import Station

STATIONS = Path(__file__).resolve().parents[2] / "stations"
TEXTS = [(STATIONS / f"{name}.yaml").read_text() for name in ("gateway", "ilrs")]


def outcome(text: str | bytes) -> Station | str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "station.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
        try:
            return read_station(path)
        except PeriluneError as error:
            text = str(error)
        assert text.startswith(str(path))
        return text


@settings(max_examples=40)
@given(st.data())
def test_damaged_lines(data: st.DataObject) -> None:
    """Lines are left out, doubled, swapped and cut; words are swapped for odd ones."""
    lines = data.draw(st.sampled_from(TEXTS)).splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        k = data.draw(st.integers(0, len(lines) - 1))
        other = data.draw(st.integers(0, len(lines) - 1))
        how = data.draw(st.sampled_from(["drop", "double", "swap", "cut", "word"]))
        if how == "drop":
            lines[k] = ""
        elif how == "double":
            lines.insert(k, lines[other])
        elif how == "swap":
            lines[k], lines[other] = lines[other], lines[k]
        elif how == "cut":
            lines[k] = lines[k][: data.draw(st.integers(0, len(lines[k])))]
        else:
            words = lines[k].split(" ")
            words[data.draw(st.integers(0, len(words) - 1))] = data.draw(
                st.sampled_from(["nan", "-1", "[]", "{}", "1e400", "~", "!!x", "&a", "*a", "\x00"])
            )
            lines[k] = " ".join(words)
    found = outcome("\n".join(lines))
    if isinstance(found, Station):
        assert found.name is not None


@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    outcome(content)


@given(
    st.recursive(
        st.none() | st.text(max_size=5) | st.integers() | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["name", "sites", "orbiters", "facilities", "id", "needs", "at", "spk"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_structure(content: object) -> None:
    import yaml

    outcome(yaml.safe_dump(content))
