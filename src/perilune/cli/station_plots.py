"""Pictures of a station's light, links, orbits and power, by matplotlib, which is optional."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from perilune.cli.output import write_atomically
from perilune.constants import MOON_RADIUS_KM
from perilune.errors import DataMissingError, InputError
from perilune.times import format_utc, parse_epoch

if TYPE_CHECKING:
    from perilune.station.light import Sky
    from perilune.station.links import Link
    from perilune.station.orbits.track import OrbitTrack
    from perilune.station.power import PowerBalance

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


def draw_orbits(path: Path, tracks: Sequence[OrbitTrack]) -> None:
    """Each orbit from above and from the side, with the Moon to scale, and its height.

    Raises:
        DataMissingError: matplotlib is not installed.
        InputError: the file cannot be written.
    """
    count = max(len(tracks), 1)
    figure = new_figure(10.0, 3.3 * count)
    for row, track in zip(figure.subplots(count, 3, squeeze=False), tracks, strict=False):
        place = 1e-3 * track.place_km
        for axes, (k, name) in zip(row[:2], ((1, "y"), (2, "z")), strict=True):
            axes.plot(place[:, 0], place[:, k], linewidth=0.8)
            axes.add_patch(_disc(1e-3 * MOON_RADIUS_KM))
            axes.set_aspect("equal", adjustable="datalim")
            axes.set_xlabel("x to the Earth, 1000 km", fontsize="small")
            axes.set_ylabel(f"{name}, 1000 km", fontsize="small")
        row[0].set_title(track.orbiter, fontsize="medium", loc="left")
        height_km = np.linalg.norm(track.place_km, axis=1) - MOON_RADIUS_KM
        hours = 24.0 * (track.epoch_mjd_tdb - track.epoch_mjd_tdb[0])
        is_long = hours[-1] > 96.0
        row[2].plot(hours / 24.0 if is_long else hours, height_km, linewidth=0.8)
        row[2].set_xlabel("days" if is_long else "hours", fontsize="small")
        row[2].set_ylabel("height, km", fontsize="small")
        row[2].set_ylim(0.0, 1.1 * float(height_km.max()))
    save_figure(figure, path)


def draw_power(path: Path, balances: Sequence[PowerBalance]) -> None:
    """What is made, used and stored, element by element.

    Raises:
        DataMissingError: matplotlib is not installed.
        InputError: the file cannot be written.
    """
    count = max(len(balances), 1)
    figure = new_figure(9.0, 2.6 * count)
    for row, balance in zip(figure.subplots(count, 1, squeeze=False), balances, strict=False):
        axes, held = row[0], balance.history
        every = max(1, len(held.supply_w) // 3000)
        size = len(held.supply_w) // every * every
        days = held.step_d * np.arange(0.0, size, every)
        made = 1e-3 * held.supply_w[:size].reshape(-1, every)
        used = 1e-3 * held.used_w[:size].reshape(-1, every).mean(axis=1)
        axes.fill_between(days, made.min(axis=1), made.max(axis=1), color="tab:orange", alpha=0.5,
                          linewidth=0.5, label="made")  # fmt: skip
        axes.plot(days, used, color="tab:blue", linewidth=0.9, label="used")
        axes.axhline(1e-3 * balance.load_w, color="tab:blue", linewidth=0.6, linestyle=":",
                     label="wanted")  # fmt: skip
        axes.set_ylabel("kW")
        axes.set_ylim(bottom=0.0)
        axes.set_title(balance.element, fontsize="medium", loc="left")
        if balance.storage_wh:
            stored = axes.twinx()
            least = held.held_wh[:size].reshape(-1, every).min(axis=1)
            stored.plot(days, 100.0 * least / balance.storage_wh, color="tab:green",
                        linewidth=0.8)  # fmt: skip
            stored.set_ylim(0.0, 105.0)
            stored.set_ylabel("store, %", color="tab:green")
        axes.legend(fontsize="x-small", loc="upper right", ncols=3, bbox_to_anchor=(1.0, 1.16),
                    frameon=False)  # fmt: skip
        axes.set_xlabel(f"days from {format_utc(held.first_mjd_tdb, 0)[:10]}", fontsize="small")
    save_figure(figure, path)


def _disc(radius: float) -> Any:
    from matplotlib.patches import Circle

    return Circle((0.0, 0.0), radius, color="0.8", zorder=0)


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
