"""The cache of compiled kernels follows the text of what a kernel uses."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import perilune
from perilune import jit

_PACKAGE = Path(perilune.__file__).parent
_MODULES = [
    ".".join(("perilune", *path.relative_to(_PACKAGE).with_suffix("").parts))
    for path in sorted(_PACKAGE.rglob("*_kernels.py"))
]


def test_a_module_depends_on_what_it_uses_at_any_depth() -> None:
    used = jit._used_by("perilune.dynamics.schedule_kernels")
    assert "perilune.dynamics.step_kernels" in used
    assert "perilune.frames.orientation_kernels" in used
    assert "perilune.orbits.element_kernels" not in used


def test_a_change_reaches_those_who_use_it_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    before = {module: jit.kernel_cache.__wrapped__(module) for module in _MODULES}
    text = jit._text
    changed = "perilune.dynamics.radau_kernels"
    monkeypatch.setattr(jit, "_text", lambda name: text(name) + ("#" if name == changed else ""))
    for module in _MODULES:
        moved = jit.kernel_cache.__wrapped__(module) != before[module]
        assert moved == (changed in jit._used_by(module)), module


@pytest.mark.parametrize("module", _MODULES)
def test_no_import_of_a_kernel_module_escapes(module: str) -> None:
    """Every line that names a kernel module is one that the dependency search understands."""
    lines = re.findall(r"^\s*(?:from|import) .*_kernels\b.*$", jit._text(module), re.MULTILINE)
    assert len(lines) == len(jit._IMPORT.findall(jit._text(module)))
