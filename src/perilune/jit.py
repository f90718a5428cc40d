"""The one decorator that makes a kernel: compiled once, cached on disk, free of the GIL.

numba's own cache looks at the file that holds a function, not at the files of the functions that
it calls, so a kernel could outlive a change to what it uses. Here the cache folder is named by a
hash of every kernel module's text with numba's version: any change makes a new folder.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, cast

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


@cache
def kernel_cache() -> Path:
    """The folder of compiled kernels for exactly this source and this numba."""
    digest = hashlib.sha256(f"numba {numba.__version__}".encode())
    package = Path(__file__).parent
    for module in sorted(package.rglob("*_kernels.py")):
        digest.update(str(module.relative_to(package)).encode())
        digest.update(module.read_bytes())
    digest.update(Path(__file__).read_bytes())
    return cache_root() / "kernels" / digest.hexdigest()[:16]


def kernel(function: _Function) -> _Function:
    """Compile a function of plain arrays and numbers with numba.

    Contraction to fused multiply-adds is allowed; NaN and infinity keep their meaning. Division
    follows IEEE 754 (no exception). The GIL is released.
    """
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(kernel_cache())
    try:
        compiled = numba.njit(
            cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz"}
        )(function)
    finally:
        numba.config.CACHE_DIR = before
    return cast(_Function, compiled)
