"""The charts as PNG files, drawn from the same SVG in the light theme."""
from __future__ import annotations

import os
import re
import shutil
import subprocess
from html import escape
from pathlib import Path

from srbench_results import ResultError

from . import svg
from .charts import Chart, Variant
from .page import LIGHT, part

COLUMNS = 3
GAP, HEAD, LINE = 12, 56, 20
PATIENCE = 60  # s, for one picture


def resolved(css: str) -> str:
    """chart.css with colours in place of custom properties, which programs that
    draw SVG do not know."""
    return re.sub(r"var\(--([a-z0-9-]+)\)", lambda m: LIGHT[m[1]], css)


def _legend(variant: Variant, y: float, width: float) -> tuple[str, float]:
    """Its entries from y on; returns them and where they end."""
    out, x = [], float(GAP)
    for e in (e for e in variant.legend if e.text):
        wide = 44 + 7.2 * len(e.text)
        if x > GAP and x + wide > width:
            x, y = float(GAP), y + LINE
        sample = svg.key(e.series, e.dashed, e.filled).replace(
            "<svg ", f'<svg x="{x:.0f}" y="{y - 11:.0f}" ', 1)
        out.append(f'{sample}<text x="{x + 34:.0f}" y="{y:.0f}">'
                   f"{escape(e.text)}</text>")
        x += wide
    return "".join(out), y + LINE if out else y


def standalone(chart: Chart, variant: Variant) -> str:
    """A variant as an SVG document of its own, with title and legend."""
    across = min(COLUMNS, len(variant.panels))
    width = max(640, across * (max(p.width for p in variant.panels) + GAP) + GAP)
    legend, y = _legend(variant, HEAD + 14, width)
    parts, x, tallest = [], 0, 0
    for i, panel in enumerate(variant.panels):
        column = i % across
        if column == 0 and i > 0:
            y, tallest = y + tallest + GAP, 0
        x = GAP + column * (svg.WIDTH + GAP)
        parts.append(panel.svg(f'x="{x}" y="{y:.0f}" width="{panel.width}" '
                               f'height="{panel.height}" '))
        tallest = max(tallest, panel.height)
    height = y + tallest + GAP
    css = resolved(part("chart.css"))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height:.0f}" viewBox="0 0 {width} {height:.0f}">'
            f"<style>text{{font:12.5px sans-serif;fill:{LIGHT['text']}}}{css}"
            "</style>"
            f'<rect width="100%" height="100%" fill="{LIGHT["bg"]}"/>'
            f'<text x="{GAP}" y="26" style="font-size:17px;font-weight:600">'
            f'{escape(chart.title)}</text><text x="{GAP}" y="46">'
            f"{escape(variant.label)}</text>{legend}{''.join(parts)}</svg>")


def write(charts: list[Chart], folder: Path) -> list[Path]:
    """One PNG a variant; returns their paths."""
    program = shutil.which("rsvg-convert")
    if not program:
        raise ResultError("--png needs rsvg-convert, which is not in PATH "
                          "(Debian: apt-get install librsvg2-bin)")
    folder = Path(os.path.realpath(folder))  # a link may lead to what is not yet
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for chart in charts:
        for i, variant in enumerate(chart.variants):
            many = f"-{i}" if len(chart.variants) > 1 else ""
            path = folder / f"{chart.name}{many}.png"
            done = subprocess.run(
                [program, "--zoom", "2", "--output", str(path)],
                input=standalone(chart, variant).encode(), capture_output=True,
                timeout=PATIENCE, check=False)
            if done.returncode != 0:
                words = done.stderr.decode("utf-8", "replace").strip()
                raise ResultError(f"{path}: rsvg-convert failed ({words})")
            written.append(path)
    return written
