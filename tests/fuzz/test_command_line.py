"""Whatever words stand on the command line, it answers with an exit code and a message."""

from __future__ import annotations

import contextlib
import io

from hypothesis import given
from hypothesis import strategies as st

from perilune.cli.main import main

_words = st.text(min_size=1, max_size=30).filter(lambda text: not text.startswith("-"))
_epochs = st.one_of(
    st.text(max_size=20),
    st.from_regex(r"(mjd|jd):[+-]?[0-9.e+-]{1,320}(@(tdb|tt|utc|xyz))?", fullmatch=True),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9:.]{0,12})?(@(tdb|tt))?", fullmatch=True),
)


def _run(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(arguments)
    return code, out.getvalue(), err.getvalue()


@given(_words)
def test_any_target_is_found_or_refused(word: str) -> None:
    code, out, err = _run("convert", word, "--to", "perilune")
    assert code in (0, 2, 4)
    assert (out != "") == (code == 0)
    assert (err != "") == (code != 0)


@given(_epochs)
def test_any_epoch_is_read_or_refused_before_anything_is_computed(epoch: str) -> None:
    code, out, err = _run("propagate", "Nibiru", f"--to={epoch}")
    assert code in (2, 4)
    assert out == ""
    assert "rror: " in err


@given(st.lists(st.text(max_size=10), max_size=4))
def test_any_words_end_in_help_or_an_error(words: list[str]) -> None:
    code, _, err = _run(*words)
    assert code in (0, 2)
    assert "Traceback" not in err
