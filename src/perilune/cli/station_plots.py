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
from perilune.times import FloatArray, format_utc, parse_epoch

if TYPE_CHECKING:
    from perilune.station.light import Sky
    from perilune.station.links import Link
    from perilune.station.orbits.track import OrbitTrack
    from perilune.station.power import PowerBalance

_BIN_D = 29.53  # light by months: each has one round of the Sun
_MONTHS = 6  # fewer are shown as they go
_MOST_BARS = 60


def draw_light(path: Path, skies: Sequence[Sky]) -> None:
    """The Sun's mean share by months (in shorter spans as it goes), and the Earth's altitude.

    Raises:
        DataMissingError: matplotlib is not installed.
        InputError: the file cannot be written.
    """
    columns = 1 + len(skies) // 36
    figure = new_figure(8.0 + 2.4 * columns, 6.0)
    sun, earth = figure.subplots(2, 1, sharex=True)
    is_long = any(len(sky.sun) * sky.step_d >= _MONTHS * _BIN_D for sky in skies)
    for sky in skies:
        steps = len(sky.sun)
        size = max(1, round(_BIN_D / sky.step_d) if is_long else steps // 1500)
        count = max(1, steps // size)
        epochs = sky.first_mjd_tdb + (np.arange(float(count)) + 0.5) * size * sky.step_d
        mean = sky.sun[: count * size, 0].reshape(count, -1).mean(axis=1)
        label = f"{sky.site}: {sky.horizon.source}"
        sun.plot(_dates(sky, epochs, is_long), 100.0 * mean, label=label, linewidth=0.9)
        every = max(1, steps // 4000)
        at = _dates(sky, sky.epoch_mjd_tdb[::every], is_long)
        earth.plot(at, np.degrees(sky.earth[::every, 1]), linewidth=0.5)
    sun.set_ylabel(f"Sun's disc seen, %{' by month' if is_long else ''}")
    sun.set_ylim(-2.0, 102.0)
    earth.set_ylabel("Earth's altitude, deg")
    earth.ticklabel_format(axis="x", useOffset=False)
    if skies:
        figure.legend(loc="outside right upper", fontsize="x-small", ncols=columns)
        start = format_utc(skies[0].first_mjd_tdb, 0)[:10]
        earth.set_xlabel("year" if is_long else f"days from {start}")
    save_figure(figure, path)


def _dates(sky: Sky, epoch_mjd_tdb: FloatArray, is_long: bool) -> FloatArray:
    """Years, or days from the span's start."""
    return _years(epoch_mjd_tdb) if is_long else epoch_mjd_tdb - sky.first_mjd_tdb


def draw_links(path: Path, links: Sequence[Link]) -> None:
    """How much of the time each link is there.

    Raises:
        DataMissingError: matplotlib is not installed.
        InputError: the file cannot be written.
    """
    if len(links) > _MOST_BARS:
        _draw_many_links(path, links)
        return
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


def _draw_many_links(path: Path, links: Sequence[Link]) -> None:
    """The same as a square of all ends: below the diagonal directly, above it over relays."""
    names = list(dict.fromkeys(end for link in links for end in (link.a, link.b)))
    place = {name: k for k, name in enumerate(names)}
    share = np.full((len(names), len(names)), np.nan)
    for link in links:
        low, high = sorted((place[link.a], place[link.b]))
        cell = (low, high) if link.via else (high, low)
        share[cell] = 100.0 * link.visible_fraction
    side = 3.0 + 0.16 * len(names)
    figure = new_figure(side + 1.0, side)
    axes = figure.subplots()
    image = axes.imshow(share, vmin=0.0, vmax=100.0, cmap="viridis")
    axes.set_xticks(range(len(names)), names, rotation=90, fontsize="xx-small")
    axes.set_yticks(range(len(names)), names, fontsize="xx-small")
    axes.set_title("below the diagonal directly, above it over relays too", fontsize="small")
    figure.colorbar(image, ax=axes, label="% of the time", shrink=0.6)
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


def _years(epoch_mjd_tdb: FloatArray) -> FloatArray:
    first = int(format_utc(float(epoch_mjd_tdb[0]))[:4])
    return np.asarray(first + (epoch_mjd_tdb - parse_epoch(f"{first}-01-01")) / 365.25)
