"""Panels with axes, drawn as SVG.

A panel is one picture, of WIDTH x HEIGHT units unless it says otherwise, with a
frame, two axes and marks. It carries no colour: classes of chart.css do (s0 ... s7
are series), so that one picture serves the light and the dark page, paper and PNG.
"""
from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from html import escape
from typing import Callable, Iterable, Sequence

from .words import tick

WIDTH, HEIGHT = 400, 264
LEFT, RIGHT, TOP, BOTTOM = 74, 22, 28, 44
SERIES = 8
Text = Callable[[float], str]

_ids = itertools.count()


def number(v: float) -> str:
    """A coordinate, short: a tenth of a unit is finer than any screen."""
    return f"{v:.1f}".rstrip("0").rstrip(".") if v else "0"


@dataclass
class Axis:
    """Values lo to hi, linear or logarithmic, with words at some of them."""
    label: str
    lo: float
    hi: float
    log: bool
    ticks: list[tuple[float, str]]

    def at(self, v: float) -> float:
        """Where v is: 0 at lo, 1 at hi."""
        if self.log:
            return math.log(v / self.lo) / math.log(self.hi / self.lo)
        return (v - self.lo) / (self.hi - self.lo)

    def holds(self, v: float) -> bool:
        """Whether v can be drawn at all."""
        return math.isfinite(v) and (v > 0 or not self.log)


def _finite(values: Iterable[float], positive: bool) -> list[float]:
    return [float(v) for v in values
            if math.isfinite(v) and (v > 0 or not positive)]


def log_axis(label: str, values: Iterable[float], text: Text) -> Axis:
    """A logarithmic axis around all positive values; ticks at 1, or at 1, 2, 5
    of each decade where there are few."""
    seen = _finite(values, True) or [1.0]
    lo, hi = min(seen) / 1.15, max(seen) * 1.15
    decades = range(math.floor(math.log10(lo)), math.ceil(math.log10(hi)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        at = [s * 10.0 ** d for d in decades for s in steps]
        at = [t for t in at if lo <= t <= hi]
        if len(at) >= 3:
            break
    if len(at) > 8:
        at = at[::math.ceil(len(at) / 8)]
    return Axis(label, lo, hi, True, [(t, tick(text)(t)) for t in at or [min(seen)]])


def linear_axis(label: str, values: Iterable[float], text: Text,
                zero: bool = True) -> Axis:
    """A linear axis around all values, from zero on; four to six ticks."""
    seen = _finite(values, False) or [1.0]
    lo, hi = (min(0.0, *seen, 0.0) if zero else min(seen)), max(seen)
    if hi <= lo:
        hi = lo + (abs(lo) or 1.0)
    rough = (hi - lo) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= rough * .99)
    first = math.ceil(lo / step - 1e-9)
    last = math.floor(hi * 1.04 / step + 1e-9)
    ticks = [k * step for k in range(first, last + 1)]
    return Axis(label, lo, hi * 1.06 if hi > 0 else hi, False,
                [(t, tick(text)(t)) for t in ticks])


def points_axis(label: str, values: Sequence[float], text: Text,
                log: bool) -> Axis:
    """An axis with ticks at the values that were measured, thinned so that
    their words do not touch."""
    seen = sorted(set(_finite(values, log)))
    if log:
        pad = (seen[-1] / seen[0]) ** 0.06 if seen[-1] > seen[0] else 2.0
        lo, hi = seen[0] / pad, seen[-1] * pad
    else:
        pad = 0.06 * (seen[-1] - seen[0]) or 1.0
        lo, hi = seen[0] - pad, seen[-1] + pad
    axis = Axis(label, lo, hi, log, [])
    last = -1.0
    for v in seen:
        if axis.at(v) - last >= 0.13:
            axis.ticks.append((v, text(v)))
            last = axis.at(v)
    return axis


def category_axis(label: str, names: Sequence[str]) -> Axis:
    """Places 0, 1, 2 ... with a name each, thinned where there are many."""
    step = math.ceil(len(names) / 8)
    return Axis(label, -0.5, len(names) - 0.5, False,
                [(float(i), n) for i, n in enumerate(names) if i % step == 0])


class Panel:
    """One picture. title: what it is; desc: what it shows, for those who do not
    see it."""

    def __init__(self, title: str, desc: str, x: Axis, y: Axis,
                 width: int = WIDTH, height: int = HEIGHT) -> None:
        self.title, self.desc = title, desc
        self.x, self.y, self.width, self.height = x, y, width, height
        self._marks: list[str] = []

    def px(self, v: float) -> float:
        return LEFT + self.x.at(v) * (self.width - LEFT - RIGHT)

    def py(self, v: float) -> float:
        return self.height - BOTTOM - self.y.at(v) * (self.height - TOP - BOTTOM)

    def _places(self, points: Iterable[tuple[float, float]]
                ) -> list[tuple[float, float]]:
        return [(self.px(x), self.py(y)) for x, y in points
                if self.x.holds(x) and self.y.holds(y)]

    def line(self, series: int, points: Iterable[tuple[float, float]],
             dashed: bool = False) -> None:
        """A line through points; what is not a number is left out."""
        places = self._places(points)
        if len(places) > 1:
            d = "L".join(f"{number(x)} {number(y)}" for x, y in places)
            self._marks.append(f'<path class="l s{series}'
                               f'{" d" if dashed else ""}" d="M{d}"/>')

    def dots(self, series: int, points: Iterable[tuple[float, float, str]],
             beside: float = 0.0) -> None:
        """Marks whose shape tells the series apart, with words on hovering;
        beside: so many units to the right, where many would lie together."""
        for x, y, words in points:
            for px, py in self._places([(x, y)]):
                shape = _shape(series, px + beside, py)
                self._marks.append(
                    f'<path class="p s{series}" d="{shape}">'
                    f"<title>{escape(words)}</title></path>")

    def whisker(self, series: int, x: float, low: float, high: float,
                beside: float = 0.0) -> None:
        """The interval low to high at x, cut (and then without a cap) where it
        leaves the panel; beside: as in dots()."""
        inside = [min(max(v, self.y.lo), self.y.hi) for v in (low, high)]
        ends = self._places((x, v) for v in inside)
        if len(ends) < 2 or not math.isfinite(low + high):
            return
        px = ends[0][0] + beside
        caps = "".join(f"M{number(px - 3)} {number(at)}h6" for v, kept, (_, at)
                       in zip((low, high), inside, ends) if v == kept)
        self._marks.append(f'<path class="w s{series}" d="M{number(px)} '
                           f'{number(ends[0][1])}V{number(ends[1][1])}{caps}"/>')

    def bar(self, series: int, x: float, width: float, value: float,
            words: str) -> None:
        """A bar from zero to value, centred at x, width in units of x."""
        if not self.y.holds(value):
            return
        left, right = self.px(x - width / 2), self.px(x + width / 2)
        top, base = self.py(value), self.py(max(self.y.lo, 0.0))
        self._marks.append(
            f'<rect class="b s{series}" x="{number(left)}" y="{number(top)}" '
            f'width="{number(right - left)}" height="{number(base - top)}">'
            f"<title>{escape(words)}</title></rect>")

    def half_violin(self, series: int, x: float, side: int, width: float,
                    times: Sequence[float], heights: Sequence[float]) -> None:
        """A density that leans on the vertical at x, to the left (side -1) or
        right (1), as wide as width at its highest."""
        edge = [(x + side * width * h, t) for t, h in zip(times, heights)]
        outline = [(x, times[0]), *edge, (x, times[-1])]
        d = "L".join(f"{number(a)} {number(b)}" for a, b in
                     self._places(outline))
        self._marks.append(f'<path class="v s{series}" d="M{d}z"/>')

    def tick(self, series: int, x0: float, x1: float, y: float) -> None:
        """A short level line, such as a median."""
        ends = self._places([(x0, y), (x1, y)])
        if len(ends) == 2:
            self._marks.append(
                f'<path class="m s{series}" d="M{number(ends[0][0])} '
                f'{number(ends[0][1])}H{number(ends[1][0])}"/>')

    def spans(self, series: int, spans: Iterable[tuple[float, float, float]],
              thickness: float) -> None:
        """Level bars (x0, x1, y), one path for all of them."""
        d = []
        for x0, x1, y in spans:
            if self.x.holds(x0) and self.x.holds(x1):
                a, b = self.px(x0), self.px(x1)
                d.append(f"M{number(a)} {number(self.py(y) - thickness / 2)}"
                         f"h{max(b - a, 0.05):.2f}v{number(thickness)}"
                         f"H{number(a)}z")
        self._marks.append(f'<path class="t s{series}" d="{"".join(d)}"/>')

    def level(self, y: float, words: str) -> None:
        """A reference line across the panel, with its name."""
        at = number(self.py(y))
        self._marks.append(
            f'<path class="r" d="M{LEFT} {at}H{self.width - RIGHT}"/>'
            f'<text class="n" x="{self.width - RIGHT + 20}" '
            f'y="{number(self.py(y) - 4)}" text-anchor="end">{escape(words)}</text>')

    def _axes(self) -> str:
        base, right = self.height - BOTTOM, self.width - RIGHT
        out = [f'<path class="f" d="M{LEFT} {TOP}V{base}H{right}"/>']
        for v, text in self.y.ticks:
            at = number(self.py(v))
            out.append(f'<path class="g" d="M{LEFT} {at}H{right}"/>'
                       f'<text x="{LEFT - 6}" y="{number(self.py(v) + 4)}" '
                       f'text-anchor="end">{escape(text)}</text>')
        for v, text in self.x.ticks:
            at = number(self.px(v))
            out.append(f'<path class="f" d="M{at} {base}v4"/>'
                       f'<text x="{at}" y="{base + 17}" text-anchor="middle">'
                       f"{escape(text)}</text>")
        middle = (TOP + base) / 2
        out.append(f'<text class="n" x="{(LEFT + right) / 2}" '
                   f'y="{self.height - 8}" text-anchor="middle">'
                   f"{escape(self.x.label)}</text>"
                   f'<text class="n" transform="translate(12 {middle})rotate(-90)"'
                   f' text-anchor="middle">{escape(self.y.label)}</text>')
        return "".join(out)

    def svg(self, place: str = "") -> str:
        """The picture; place: further attributes, such as x and y inside of
        another picture."""
        n = next(_ids)
        return (f'<svg class="chart" {place}viewBox="0 0 {self.width} {self.height}" '
                f'role="img" aria-labelledby="t{n} d{n}">'
                f'<title id="t{n}">{escape(self.title)}</title>'
                f'<desc id="d{n}">{escape(self.desc)}</desc>'
                f'<text class="h" x="{LEFT}" y="17">{escape(self.title)}</text>'
                f'{self._axes()}{"".join(self._marks)}</svg>')


def _shape(series: int, x: float, y: float, r: float = 3.6) -> str:
    """Circle, square, triangle, diamond, and again, as a path."""
    a, b, s, two = number(x - r), number(y - r), number(r), number(2 * r)
    kind = series % 4
    if kind == 0:
        return f"M{a} {number(y)}a{s} {s} 0 1 0 {two} 0a{s} {s} 0 1 0 -{two} 0z"
    if kind == 1:
        return f"M{a} {b}h{two}v{two}h-{two}z"
    if kind == 2:
        return f"M{number(x)} {b}l{s} {two}h-{two}z"
    return f"M{number(x)} {b}l{s} {s}l-{s} {s}l-{s} -{s}z"


def key(series: int, dashed: bool = False, filled: bool = False) -> str:
    """A legend's sample of a series."""
    if filled:
        mark = f'<rect class="b s{series}" x="4" y="2" width="20" height="10"/>'
    else:
        mark = (f'<path class="l s{series}{" d" if dashed else ""}" d="M0 7H28"/>'
                + ("" if dashed else
                   f'<path class="p s{series}" d="{_shape(series, 14, 7)}"/>'))
    return ('<svg class="key" viewBox="0 0 28 14" width="28" height="14" '
            f'aria-hidden="true">{mark}</svg>')
