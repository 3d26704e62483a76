"""Drawing with matplotlib: colours, fonts, and figures as SVG that follows the page's light or dark colours, or as PNG.

Belongs here: how any figure looks and how it is written. Does not belong here: what is plotted (``plots``).

Figures are drawn in stand-in colours that no plot would choose. In SVG each becomes one of the page's CSS variables;
for PNG, which is shown where there is no style sheet, figures are drawn in the light colours. Figures are made without
pyplot, so that nothing global keeps them.
"""

import base64
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from xml.etree import ElementTree as ET

import matplotlib as mpl
from matplotlib.figure import Figure

WIDTH: Final = 420
HEIGHT: Final = 250
"""CSS pixels of a figure. It is shown at about this size on every screen, so that its text stays readable."""
_PIXELS_PER_INCH: Final = 72
_PNG_DPI: Final = 144
_SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "http://www.w3.org/1999/xlink"
_KEPT_PROPERTIES: Final = frozenset(
    {
        "fill",
        "fill-opacity",
        "font-size",
        "font-weight",
        "opacity",
        "stroke",
        "stroke-dasharray",
        "stroke-dashoffset",
        "stroke-linecap",
        "stroke-linejoin",
        "stroke-opacity",
        "stroke-width",
        "text-anchor",
    }
)
"""Everything that matplotlib styles and that is an attribute of SVG too. Font families are the page's."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by what they are for."""

    ink: str
    muted: str
    grid: str
    now: str
    before: str
    alarm: str
    ground: str


STAND_INS: Final = Palette("#010a01", "#010a02", "#010a03", "#010a04", "#010a05", "#010a06", "#010a07")
LIGHT: Final = Palette("#1b1f24", "#57606a", "#d8dee4", "#1f5fb4", "#8a6d1d", "#b3261e", "#ffffff")
_VARIABLES: Final = {
    STAND_INS.ink: "currentColor",
    STAND_INS.muted: "var(--muted)",
    STAND_INS.grid: "var(--line)",
    STAND_INS.now: "var(--now)",
    STAND_INS.before: "var(--before)",
    STAND_INS.alarm: "var(--alarm)",
    STAND_INS.ground: "var(--ground)",
}

Plot = Callable[[Figure, Palette], None]
"""Draws on a figure in the colours of a palette."""


def to_svg(plot: Plot, *, identity: str, title: str, height: int = HEIGHT) -> str:
    """Return a figure as an SVG element for an HTML page.

    It has no ``style`` attribute and no external reference, so a strict Content-Security-Policy shows it.

    Args:
        plot: what to draw.
        identity: what sets its ids apart from those of other figures on the page.
        title: what the figure shows, for those who can't see it.
        height: of the figure, in CSS pixels.
    """
    buffer = io.BytesIO()
    with mpl.rc_context(_settings(STAND_INS, identity)):
        _figure(plot, STAND_INS, height).savefig(buffer, format="svg", transparent=True, metadata=_NO_METADATA)
    root = ET.fromstring(buffer.getvalue())  # noqa: S314 -- matplotlib wrote it just now
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in {f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"}:
                parent.remove(child)
    for element in root.iter():
        _plain_attributes(element)
    _renumber(root, identity)
    _describe(root, identity, title, height)
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    return ET.tostring(root, encoding="unicode")


def to_png(plot: Plot, *, height: int = HEIGHT) -> bytes:
    """Return a figure as PNG, in light colours."""
    buffer = io.BytesIO()
    with mpl.rc_context(_settings(LIGHT, "png")):
        figure = _figure(plot, LIGHT, height)
        figure.savefig(buffer, format="png", dpi=_PNG_DPI, facecolor=LIGHT.ground, metadata={"Software": None})
    return buffer.getvalue()


def png_data_uri(png: bytes) -> str:
    """Return PNG as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def printable(text: str, most: int = 40) -> str:
    """Return ``text`` fit for a label: XML takes no control characters, and a figure no long names."""
    shown = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


_NO_METADATA: Final = {"Date": None, "Creator": None, "Format": None, "Type": None}


def _figure(plot: Plot, palette: Palette, height: int) -> Figure:
    figure = Figure(figsize=(WIDTH / _PIXELS_PER_INCH, height / _PIXELS_PER_INCH), layout="constrained")
    plot(figure, palette)
    return figure


def _settings(palette: Palette, identity: str) -> dict[Any, Any]:
    return {
        "svg.fonttype": "none",
        "svg.hashsalt": identity,
        # Names of models are shown as they are, dollar signs included.
        "text.parse_math": False,
        "font.family": ["DejaVu Sans"],
        "font.size": 12,
        "axes.edgecolor": palette.muted,
        "axes.facecolor": "none",
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.labelcolor": palette.ink,
        "axes.spines.right": False,
        "axes.spines.top": False,
        "grid.color": palette.grid,
        "legend.fontsize": 11,
        "legend.frameon": False,
        "legend.labelcolor": palette.ink,
        "text.color": palette.ink,
        "xtick.color": palette.muted,
        "xtick.labelcolor": palette.ink,
        "ytick.color": palette.muted,
        "ytick.labelcolor": palette.ink,
    }


def _plain_attributes(element: ET.Element) -> None:
    """Turn ``style`` into attributes, and stand-ins into variables."""
    style = element.attrib.pop("style", "")
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        if name.strip() in _KEPT_PROPERTIES:
            element.set(name.strip(), value.strip())
    for name in ("fill", "stroke"):
        painted = element.get(name)
        if painted in _VARIABLES:
            element.set(name, _VARIABLES[painted])


def _renumber(root: ET.Element, identity: str) -> None:
    """Make ids unique on the page: every figure has an ``axes_1``. Ids that nothing refers to are dropped."""
    referred: set[str] = set()
    for element in root.iter():
        for name, before, after in (("clip-path", "url(#", ")"), (f"{{{_XLINK}}}href", "#", "")):
            if name in element.attrib:
                own = element.attrib[name].removeprefix(before).removesuffix(after)
                referred.add(own)
                element.set(name, f"{before}{identity}-{own}{after}")
    for element in root.iter():
        own = element.attrib.pop("id", "")
        if own in referred:
            element.set("id", f"{identity}-{own}")


def _describe(root: ET.Element, identity: str, title: str, height: int) -> None:
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("viewBox", f"0 0 {WIDTH} {height}")
    root.set("role", "img")
    root.set("aria-labelledby", f"{identity}-title")
    element = ET.Element(f"{{{_SVG}}}title", {"id": f"{identity}-title"})
    element.text = title
    root.insert(0, element)
