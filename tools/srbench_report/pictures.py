"""The charts as PNG and SVG files: the page's own shapes, in its light theme,
drawn by matplotlib."""
from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from srbench_results import ResultError, missing_packages

from . import svg
from .charts import Chart, Entry, Variant
from .page import LIGHT

if TYPE_CHECKING:
    from matplotlib.axes import Axes

KINDS = ("png", "svg")
ROOM = 1300  # units across
GAP, HEAD, LINE = 14, 56, 20
POINTS = 0.72  # of matplotlib, a unit
DPI = 144
MARKERS = (("o", 7.4), ("s", 7.0), ("^", 7.4), ("D", 5.6))  # and their sizes
LONGEST = 80   # characters of a name
# What chart.css says of paths: colour (None: of the series), width, fill.
STYLES: dict[str, dict[str, Any]] = {
    "f": {"color": LIGHT["soft"], "lw": 1.0},
    "g": {"color": LIGHT["grid"], "lw": 1.0},
    "r": {"color": LIGHT["soft"], "lw": 1.0, "ls": (0, (2, 3))},
    "l": {"lw": 1.8}, "l d": {"lw": 1.3, "ls": (0, (4, 3))},
    "w": {"lw": 1.2, "alpha": 0.65},
    "b": {"fill": True}, "t": {"fill": True},
}


def need_matplotlib() -> None:
    """Say at once that it is missing."""
    said = missing_packages(["matplotlib"])
    if said:
        raise ResultError(f"--png and --svg: {said}")


def colour(series: int | None) -> str:
    """Of a series in the light theme."""
    return LIGHT.get(f"s{series}", LIGHT["soft"])


def name_of(chart: Chart, variant: Variant) -> str:
    """'percentiles-put_tensor-sync-none': without ending."""
    what = re.sub(r"^(permutation \d+):.*", r"\1", variant.label)
    slug = re.sub(r"[^\w.+]+", "-", what, flags=re.ASCII).strip("-.")
    return "-".join(filter(None, (chart.name, slug)))[:LONGEST].rstrip("-")


class Sheet:
    """A figure whose coordinates are those of the page's panels: units, y
    downwards."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        self.figure = Figure((width / 100, height / 100), dpi=DPI)
        FigureCanvasAgg(self.figure)
        self.axes: Axes = self.figure.add_axes((0, 0, 1, 1))
        self.axes.set(xlim=(0, width), ylim=(height, 0))
        self.axes.set_axis_off()

    def path(self, path: svg.Path, x: float, y: float) -> None:
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path as Outline
        points, codes = [], []
        for piece, closed in path.pieces:
            points += [(x + a, y + b) for a, b in piece]
            codes += [Outline.MOVETO] + [Outline.LINETO] * (len(piece) - 1)
            if closed:
                points.append((x + piece[0][0], y + piece[0][1]))
                codes.append(Outline.CLOSEPOLY)
        if not points:
            return
        style = dict(STYLES[path.style])
        ink = style.pop("color", colour(path.series))
        if style.pop("fill", False):
            look: dict[str, Any] = {"facecolor": ink, "linewidth": 0,
                                    "alpha": path.shade}
        else:
            look = {"edgecolor": ink, "fill": False, "capstyle": "butt",
                    "alpha": style.pop("alpha", None),
                    "linewidth": POINTS * style.pop("lw"),
                    "linestyle": style.pop("ls", "-")}
        self.axes.add_patch(PathPatch(Outline(points, codes), **look))

    def dot(self, series: int, x: float, y: float, hollow: bool = False) -> None:
        marker, size = MARKERS[svg.mark_of(series)]
        inside, edge = (colour(series), LIGHT["bg"])[::-1 if hollow else 1]
        self.axes.plot([x], [y], marker, mfc=inside, ms=POINTS * size,
                       mec=edge, mew=POINTS * (1.4 if hollow else 0.8))

    def words(self, x: float, y: float, text: str, anchor: str = "start",
              size: float = 11.5, turned: bool = False, **look: Any) -> None:
        self.axes.text(
            x, y, text.replace("$", r"\$"), fontsize=POINTS * size,
            ha={"start": "left", "middle": "center", "end": "right"}[anchor],
            va="baseline", rotation=90 if turned else 0,
            rotation_mode="anchor", **{"color": LIGHT["text"], **look})

    def panel(self, panel: svg.Panel, x: float, y: float) -> None:
        for shape in panel.shapes():
            if isinstance(shape, svg.Path):
                self.path(shape, x, y)
            elif isinstance(shape, svg.Dot):
                self.dot(shape.series, x + shape.x, y + shape.y, shape.hollow)
            else:
                title = shape.style == "h"
                self.words(x + shape.x, y + shape.y, shape.words, shape.anchor,
                           13 if title else 11.5, shape.turned,
                           weight="bold" if title else "normal",
                           color=LIGHT["soft" if "n" in shape.style else "text"])

    def key(self, entry: Entry, x: float, y: float) -> None:
        if entry.kind == "area":
            self.path(svg.Path("b", entry.series, [
                svg.box(x + 4, y - 9, x + 24, y + 1)]), 0, 0)
        elif entry.kind == "beyond":
            self.path(svg.Path("w", entry.series, svg.arrow(
                (x + 14, y + 3), (x + 14, y - 11))), 0, 0)
        elif entry.kind not in ("mark", "hollow"):
            style = {"dashed": "l d", "level": "r"}.get(entry.kind, "l")
            self.path(svg.Path(style, entry.series, [
                ([(x, y - 4), (x + 28, y - 4)], False)]), 0, 0)
        if entry.kind in ("line", "mark", "hollow"):
            self.dot(entry.series, x + 14, y - 4, entry.kind == "hollow")
        self.words(x + 34, y, entry.text)


def rows_of(panels: list[svg.Panel]) -> list[list[svg.Panel]]:
    """Panels side by side as far as there is room."""
    rows: list[list[svg.Panel]] = []
    for p in panels:
        if rows and sum(q.width + GAP for q in [*rows[-1], p]) + GAP <= ROOM:
            rows[-1].append(p)
        else:
            rows.append([p])
    return rows


def lines_of(legend: list[Entry], width: float) -> list[list[tuple[Entry, float]]]:
    """The entries with their places, in as many lines as they need."""
    lines: list[list[tuple[Entry, float]]] = []
    x = width
    for e in legend:
        room = 54 + svg.wide(e.text)
        if x + room > width:
            lines.append([])
            x = GAP
        lines[-1].append((e, x))
        x += room
    return lines


def drawn(chart: Chart, variant: Variant) -> Sheet:
    """A variant with title and legend."""
    rows = rows_of(variant.panels)
    width = max(640, *(sum(p.width + GAP for p in r) + GAP for r in rows))
    lines = lines_of(variant.entries, width)
    head = HEAD if variant.label else HEAD - LINE
    top = head + LINE * len(lines)
    height = top + sum(max(p.height for p in r) + GAP for r in rows)
    sheet = Sheet(width, height)
    sheet.words(GAP, 26, chart.title, size=17, weight="bold")
    sheet.words(GAP, 46, variant.label, size=12.5)
    for k, line in enumerate(lines):
        for entry, x in line:
            sheet.key(entry, x, head + 14 + LINE * k)
    y = float(top + GAP / 2)
    for row in rows:
        x = float(GAP)
        for panel in row:
            sheet.panel(panel, x, y)
            x += panel.width + GAP
        y += max(p.height for p in row) + GAP
    return sheet


def write(charts: list[Chart], folder: Path, kind: str, mark: str) -> list[Path]:
    """A file a variant; returns their paths. mark: as in files.py."""
    from matplotlib import rc_context
    folder = Path(os.path.realpath(folder))  # a link may lead to what is not yet
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    about = {"Source": mark, **({"Date": None} if kind == "svg" else {})}
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": mark,
                     "font.family": "sans-serif"}):
        for chart in charts:
            for variant in chart.variants:
                name, n = name_of(chart, variant), 1
                while (path := folder / f"{name}{'' if n == 1 else f'-{n}'}"
                       f".{kind}") in written:
                    n += 1
                drawn(chart, variant).figure.savefig(path, format=kind, dpi=DPI,
                                                     metadata=about)
                written.append(path)
    return written
