"""What a PDF is made and looked at with, from the system: Pango, and poppler's programs.

Where they are not installed, and we are root on a system with apt-get, they are installed, quietly.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

_INSTALL_S = 240
_PANGO = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
_LOADS = "import sys\ntry:\n    import weasyprint\nexcept OSError:\n    sys.exit(1)"


def need_printer() -> None:
    """Skip, saying why, where no PDF can be made."""
    pytest.importorskip("pydyf", reason="WeasyPrint is not installed")
    # In a process of its own: a library that was missed once is not looked for again.
    if not _can_print() and (why := _install(*_PANGO)):
        pytest.skip(f"no Pango to print with: {why}")
    if not _can_print():
        pytest.skip("no Pango to print with")


def has_poppler() -> bool:
    """Whether `pdftotext` and `pdfinfo` are here, maybe only now."""
    if shutil.which("pdftotext") is None:
        _install("poppler-utils")
    return shutil.which("pdftotext") is not None and shutil.which("pdfinfo") is not None


def _can_print() -> bool:
    return subprocess.run([sys.executable, "-c", _LOADS], check=False).returncode == 0


def _install(*packages: str) -> str:
    """Install Debian's packages; why that cannot be, or nothing."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return f"{', '.join(packages)} are not installed"
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        for words in (["update", "-qq"], ["install", "-qq", "--no-install-recommends", *packages]):
            subprocess.run(
                ["apt-get", *words], env=quiet, check=True, capture_output=True, timeout=_INSTALL_S
            )
    except (subprocess.SubprocessError, OSError) as error:
        return f"apt-get failed: {error}"
    return ""
