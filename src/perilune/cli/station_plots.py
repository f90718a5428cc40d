"""Pictures of a station's light and links, by matplotlib, which is optional."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from perilune.cli.output import write_atomically
from perilune.errors import DataMissingError, InputError
from perilune.times import format_utc, parse_epoch

if TYPE_CHECKING:
    from perilune.station.light import Sky
    from perilune.station.links import Link

_BIN_D = 29.53  # light by months: each has one round of the Sun


def draw_light(path: Path, skies: Sequence[Sky]) -> None:
    """The Sun's mean share by months, and how high the Earth stands.

    Raises:
        DataMissingError: matplotlib is not installed.
        InputError: the file cannot be written.
    """
    figure = new_figure(8.0, 6.0)
    sun, earth = figure.subplots(2, 1, sharex=True)
    for sky in skies:
        size = max(1, round(_BIN_D / sky.step_d))
        count = max(1, len(sky.sun) // size)
        years = _years(sky.first_mjd_tdb + (np.arange(count) + 0.5) * size * sky.step_d)
        mean = [part.mean() for part in np.array_split(sky.sun[: count * size, 0], count)]
        sun.plot(years, 100.0 * np.array(mean), label=f"{sky.site}: {sky.horizon.source}")
        every = max(1, len(sky.earth) // 4000)
        at = _years(sky.epoch_mjd_tdb[::every])
        earth.plot(at, np.degrees(sky.earth[::every, 1]), linewidth=0.5, label=sky.site)
    sun.set_ylabel("Sun's disc seen, % by month")
    sun.legend(fontsize="small")
    earth.set_ylabel("Earth's altitude, deg")
    earth.set_xlabel("year")
    save_figure(figure, path)


def draw_links(path: Path, links: Sequence[Link]) -> None:
    """How much of the time each link is there.

    Raises:
        DataMissingError: matplotlib is not installed.
        InputError: the file cannot be written.
    """
    figure = new_figure(8.0, 1.0 + 0.22 * len(links))
    axes = figure.subplots()
    names = [f"{link.a} - {link.b}{' or by relay' if link.via else ''}" for link in links]
    colours = ["tab:orange" if link.via else "tab:blue" for link in links]
    axes.barh(names, [100.0 * link.visible_fraction for link in links], color=colours)
    axes.invert_yaxis()
    axes.set_xlabel("% of the time")
    axes.set_xlim(0.0, 100.0)
    axes.tick_params(labelsize="small")
    save_figure(figure, path)


def new_figure(width: float, height: float) -> Any:
    """A figure, inches.

    Raises:
        DataMissingError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise DataMissingError(
            "Pictures need matplotlib. Install it: pip install 'perilune[station]'."
        ) from None
    return Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure in the kind that the name ends in.

    Raises:
        InputError: the kind is not known, or the file cannot be written.
    """
    """Write a figure in one piece, of the kind that the file's name tells.

    Raises:
        InputError: the kind is not known, or the file cannot be written.
    """
    kind = path.suffix.removeprefix(".").lower()
    if kind not in ("png", "pdf", "svg"):
        raise InputError(
            "the picture's kind is not known",
            field="--plot",
            found=str(path),
            expected="a name that ends in .png, .pdf or .svg",
        )
    buffer = BytesIO()
    figure.savefig(buffer, format=kind)
    write_atomically(path, buffer.getvalue())


def _years(epoch_mjd_tdb: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    first = int(format_utc(float(epoch_mjd_tdb[0]))[:4])
    return np.asarray(first + (epoch_mjd_tdb - parse_epoch(f"{first}-01-01")) / 365.25)
