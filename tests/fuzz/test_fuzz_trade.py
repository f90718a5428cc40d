"""Trades with any damage: a search can be opened, or an error comes that Perilune means."""

from __future__ import annotations

import tempfile
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from trading import FILE, POWER, opened

from perilune.errors import PeriluneError
from perilune.station.trade.search import Search

WORDS = [
    "nan", "-1", "[]", "{}", "1e400", "~", "1 kW", "[1 kW, 2 kW]", "base", "earth", "mass_kg",
    "sites.base", "sites", "facilities.cells.battery", "trade.goals", "12 kg/kW", "0 %",
]  # fmt: skip


def outcome(text: str) -> Search | str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "station.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            return opened(path)
        except PeriluneError as error:
            return str(error)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_trades(data: st.DataObject) -> None:
    """Lines of the trade are left out, doubled, swapped; words are swapped for odd ones."""
    lines = POWER.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        k = data.draw(st.integers(0, len(lines) - 1))
        how = data.draw(st.sampled_from(["drop", "double", "swap", "word"]))
        if how == "drop":
            lines[k] = ""
        elif how == "double":
            lines.insert(k, lines[data.draw(st.integers(0, len(lines) - 1))])
        elif how == "swap":
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[k], lines[other] = lines[other], lines[k]
        else:
            words = lines[k].split(" ")
            words[data.draw(st.integers(0, len(words) - 1))] = data.draw(st.sampled_from(WORDS))
            lines[k] = " ".join(words)
    found = outcome(FILE + "\n".join(lines))
    if isinstance(found, Search):
        assert found.designer.axes


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["start", "stop", "step", "phase", "variables", "goals", "constraints"]),
        st.recursive(
            st.none() | st.sampled_from(WORDS) | st.integers() | st.text(max_size=4),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(
                        ["path", "range", "choices", "count", "mass", "minimize", "at", "between"]
                    ),
                    inner,
                    max_size=4,
                )
            ),
            max_leaves=10,
        ),
    )
)
def test_any_structure(trade: object) -> None:
    outcome(FILE + yaml.safe_dump({"trade": trade}))
