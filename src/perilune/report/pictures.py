"""Pictures as SVG: one for paper, one that follows the browser's light or dark theme.

Matplotlib writes colours as figures. Each of ours stands once in `LIGHT`, so that in the browser's
version it becomes a variable of the style sheet, with another figure in the dark.
"""

from __future__ import annotations

import base64
import io
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from perilune.errors import DataMissingError

if TYPE_CHECKING:
    from collections.abc import Iterator
from contextlib import contextmanager

LIGHT: Final = {
    "ink": "#1a1d21",
    "muted": "#5c6670",
    "grid": "#d4d9df",
    "fill": "#e9ebee",
    "earth": "#0b62a8",
    "moon": "#b3500a",
    "green": "#117a53",
    "plum": "#7a3b8f",
    "gold": "#8a6a00",
    "paper": "#fefefe",
}
DARK: Final = {
    "ink": "#e8eaed",
    "muted": "#a3adb8",
    "grid": "#3a424c",
    "fill": "#262d35",
    "earth": "#6db3f2",
    "moon": "#f0a35e",
    "green": "#5fcf9f",
    "plum": "#c79bd9",
    "gold": "#e0c060",
    "paper": "#14181d",
}
BODY_COLOUR: Final = {"earth": LIGHT["earth"], "moon": LIGHT["moon"]}
SERIES: Final = tuple(LIGHT[name] for name in ("earth", "moon", "green", "plum", "gold", "muted"))
WIDTH_IN: Final = 6.9  # of the page between its margins
_FONTS: Final = "'Liberation Sans', Arial, Helvetica, 'DejaVu Sans', sans-serif"
_STYLE: Final = {
    "font.family": "DejaVu Sans",
    "font.size": 8.0,
    "axes.edgecolor": LIGHT["muted"],
    "axes.labelcolor": LIGHT["ink"],
    "axes.linewidth": 0.6,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "grid.color": LIGHT["grid"],
    "grid.linewidth": 0.5,
    "legend.frameon": False,
    "legend.fontsize": 7.5,
    "lines.linewidth": 1.1,
    "text.color": LIGHT["ink"],
    "text.parse_math": False,  # a dollar in a name is a dollar
    "xtick.color": LIGHT["muted"],
    "ytick.color": LIGHT["muted"],
    "xtick.labelcolor": LIGHT["ink"],
    "ytick.labelcolor": LIGHT["ink"],
    "xtick.labelsize": 7.5,
    "ytick.labelsize": 7.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "perilune",  # the same picture has the same names inside
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture.

    Attributes:
        id: unique in the report.
        caption: under it.
        alternative: what it shows, for those who do not see it.
        svg: as matplotlib writes it, in the light colours.
    """

    id: str
    caption: str
    alternative: str
    svg: str

    def data_uri(self, *, themed: bool) -> str:
        """The picture inline: for paper, or one that follows the browser's theme."""
        text = _with_theme(self.svg) if themed else self.svg
        return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()


@contextmanager
def drawing(width_in: float, height_in: float) -> Iterator[Any]:
    """A figure in the report's style; fill it within the block and give it to `svg_of` there.

    Raises:
        DataMissingError: matplotlib is not installed.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        raise DataMissingError(
            "The report needs matplotlib. Install it: pip install 'perilune[report]'."
        ) from None
    with rc_context(_STYLE), warnings.catch_warnings():
        # Letters that matplotlib's own font lacks are the reader's font's to draw.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield Figure(figsize=(width_in, height_in), layout="constrained")


def svg_of(figure: Any) -> str:
    """The figure as the text of an SVG file."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    return re.sub(r"'DejaVu Sans'(?:, [^;\"]*)?(?=[;\"])", _FONTS, text)


def _with_theme(svg: str) -> str:
    for name, colour in LIGHT.items():
        svg = svg.replace(colour, f"var(--{name})")
    light, dark = (
        "".join(f"--{name}:{colour};" for name, colour in theme.items()) for theme in (LIGHT, DARK)
    )
    style = f"<style>:root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}</style>"
    end = svg.index(">", svg.index("<svg")) + 1
    return svg[:end] + style + svg[end:]
