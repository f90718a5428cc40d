"""The one decorator that makes a kernel: compiled once, cached on disk, free of the GIL.

numba's own cache looks at the file that holds a function, not at the files of the functions that
it calls, so a kernel could outlive a change to what it uses. Here the cache folder of a kernel
module is named by a hash of its text, of the texts of all kernel modules that it uses, directly
or not, and of numba's version: a change makes a new folder for just those whom it concerns.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

_Function = TypeVar("_Function", bound=Callable[..., Any])


def cache_root() -> Path:
    """The folder for everything that Perilune computes once and keeps.

    `PERILUNE_CACHE` names it; else `$XDG_CACHE_HOME/perilune`, else `~/.cache/perilune`.
    """
    explicit = os.environ.get("PERILUNE_CACHE")
    if explicit:
        return Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "perilune"


_IMPORT: Final = re.compile(
    r"^\s*(?:from (perilune[\w.]*_kernels) import|import (perilune[\w.]*_kernels)"
    r"|from (perilune[\w.]*) import (\w+_kernels)\b)",
    re.MULTILINE,
)


@cache
def _text(module: str) -> str:
    return Path(__file__).parent.joinpath(*module.split(".")[1:]).with_suffix(".py").read_text()


def _used_by(module: str) -> frozenset[str]:
    """A kernel module and all kernel modules that it uses, directly or not."""
    found: set[str] = set()
    pending = [module]
    while pending:
        current = pending.pop()
        if current not in found:
            found.add(current)
            for whole, plain, package, name in _IMPORT.findall(_text(current)):
                pending.append(whole or plain or f"{package}.{name}")
    return frozenset(found)


@cache
def kernel_cache(module: str) -> Path:
    """The folder of compiled kernels for exactly this module's source and this numba.

    Args:
        module: the kernel module's full name, e.g. "perilune.dynamics.step_kernels".
    """
    digest = hashlib.sha256(f"numba {numba.__version__}".encode())
    for used in (*sorted(_used_by(module)), "perilune.jit"):
        digest.update(used.encode())
        digest.update(_text(used).encode())
    return cache_root() / "kernels" / digest.hexdigest()[:16]


def kernel_caches() -> list[Path]:
    """The folders of all kernel modules of the package."""
    package = Path(__file__).parent
    names = (path.relative_to(package).with_suffix("") for path in package.rglob("*_kernels.py"))
    return sorted({kernel_cache(".".join(("perilune", *name.parts))) for name in names})


def kernel(function: _Function) -> _Function:
    """Compile a function of plain arrays and numbers with numba.

    Contraction to fused multiply-adds is allowed; NaN and infinity keep their meaning. Division
    follows IEEE 754 (no exception). The GIL is released.
    """
    return _compiled(function, allocates=True)


def lean_kernel(function: _Function) -> _Function:
    """A kernel that allocates nothing: numba then counts no references to arrays.

    Counting is atomic, two operations for every view `a[i]` of an array: a third of the time of
    one particle's step.
    """
    return _compiled(function, allocates=False)


def _compiled(function: _Function, allocates: bool) -> _Function:
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(kernel_cache(function.__module__))
    try:
        compiled = numba.njit(
            cache=True,
            nogil=True,
            error_model="numpy",
            fastmath={"contract", "nsz"},
            _nrt=allocates,
        )(function)
    finally:
        numba.config.CACHE_DIR = before
    return cast(_Function, compiled)
