"""The cache of the massive asteroids' table: whole, of this version, or made anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from perilune.dynamics import massive_asteroids as own
from perilune.ephemeris import Ephemeris, planets


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[int]]:
    """An empty cache, and a table made in no time; what is counted is how often."""
    calls: list[int] = []

    def build(ephemeris: Ephemeris, progress: object = None) -> tuple[NDArray[np.float64], float]:
        calls.append(1)
        return np.ones((len(own.STATES), 4, 3, 14)), 60000.0

    path = tmp_path / "cache" / "table.npz"
    monkeypatch.setattr(own, "build_table", build)
    monkeypatch.setattr(own, "_cache_path", lambda ephemeris: path)
    own.solar_system.cache_clear()
    yield calls
    own.solar_system.cache_clear()


def _load() -> Ephemeris:
    own.solar_system.cache_clear()
    return own.solar_system()


def _cache(ephemeris: Ephemeris) -> Path:
    return own._cache_path(ephemeris)


def test_the_table_is_made_once(built: list[int]) -> None:
    first, second = _load(), _load()
    assert len(built) == 1
    assert np.array_equal(first.arrays.small, second.arrays.small)
    assert first.first_mjd_tdb == 60000.0
    assert first.last_mjd_tdb == 60000.0 + 4 * own.RECORD_D
    assert [path.name for path in _cache(planets()).parent.iterdir()] == ["table.npz"]


@pytest.mark.parametrize("keep", [0, 1, 100, 700, -1])
def test_a_cache_cut_short_is_made_anew(built: list[int], keep: int) -> None:
    _load()
    path = _cache(planets())
    whole = path.read_bytes()
    path.write_bytes(whole[:keep])
    _load()
    assert len(built) == 2
    assert path.read_bytes() == whole


@pytest.mark.parametrize("at", [0, 200, 1000, 5000, -400, -30])
def test_a_damaged_cache_is_made_anew_or_sound(built: list[int], at: int) -> None:
    """A changed byte is either in padding or noticed: the table in use is never another."""
    _load()
    path = _cache(planets())
    data = bytearray(path.read_bytes())
    data[at] ^= 0x55
    path.write_bytes(data)
    assert np.array_equal(_load().arrays.small, np.ones((4, 14, 3, len(own.STATES))))


def test_a_cache_of_another_version_is_made_anew(
    built: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    _load()
    monkeypatch.setattr(own, "_MAGIC", "perilune massive asteroids 999")
    _load()
    assert len(built) == 2


def test_another_kind_of_file_is_made_anew(built: list[int]) -> None:
    path = _cache(planets())
    path.parent.mkdir(parents=True)
    for content in (b"not a table", b"\x93NUMPY\x01\x00", b"PK\x03\x04" + b"\0" * 60):
        path.write_bytes(content)
        _load()
    np.savez(path, something=np.ones(3))
    _load()
    assert len(built) == 4


def test_a_cache_that_cannot_be_written_is_no_error(
    built: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", refuse)
    assert len(_load().asteroid_numbers) == 16
    assert not list(_cache(planets()).parent.iterdir())


def test_an_interrupt_while_writing_leaves_nothing(
    built: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez", interrupt)
    with pytest.raises(KeyboardInterrupt):
        _load()
    assert not list(_cache(planets()).parent.iterdir())


def test_the_cache_is_named_by_what_the_table_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    name = own._cache_path(planets())
    monkeypatch.setitem(own.STATES, 1, (0.0,) * 6)
    assert own._cache_path(planets()) != name
