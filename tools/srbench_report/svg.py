"""Panels with axes, drawn as SVG.

A panel is one picture, of WIDTH x HEIGHT units unless it says otherwise, with a
frame, two axes and marks. It carries no colour: classes of chart.css do (s0 ... s7
are series, s8 none of them), so that one picture serves the light and the dark page
and paper. pictures.py draws the same shapes with matplotlib.
"""
from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from html import escape
from typing import Callable, Iterable, Sequence

from .words import tick

WIDTH, HEIGHT = 400, 264
BROAD = 500  # of which two stand side by side
LEFT, RIGHT, TOP, BOTTOM = 82, 22, 28, 44
SERIES = 8
Said = Callable[[float], str]
Point = tuple[float, float]

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


def log_axis(label: str, values: Iterable[float], text: Said) -> Axis:
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
    if len(at) < 2:  # by one alone nobody can read a scale
        return Axis(label, lo, hi, True, [
            t for t in linear_axis(label, [lo, hi], text, zero=False).ticks
            if lo <= t[0] <= hi])
    if len(at) > 8:
        at = at[::math.ceil(len(at) / 8)]
    return Axis(label, lo, hi, True, [(t, tick(text)(t)) for t in at])


def linear_axis(label: str, values: Iterable[float], text: Said,
                zero: bool = True, binary: bool = False,
                whole: bool = False) -> Axis:
    """A linear axis around all values, from zero on, with room beyond those that
    are not zero; four to six ticks, of sizes at powers of two, of a few whole
    things at whole numbers."""
    seen = _finite(values, False) or [1.0]
    seen += [0.0] * zero
    lo, hi = min(seen), max(seen)
    if hi <= lo:
        hi = lo + (abs(lo) or 1.0)
    rough = (hi - lo) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = 2.0 ** math.ceil(math.log2(rough * .99)) if binary else \
        next(s * power for s in (1, 2, 2.5, 5, 10) if s * power >= rough * .99)
    step = max(step, 1.0) if whole else step
    first = math.ceil(lo / step - 1e-9)
    last = math.floor(hi * 1.04 / step + 1e-9)
    ticks = [k * step for k in range(first, last + 1)]
    room = 0.06 * (hi - lo) if lo < 0 else 0.06 * hi
    return Axis(label, lo - room if lo < 0 else lo, hi + room if hi > 0 else hi, False,
                [(t, tick(text)(t)) for t in ticks])


def points_axis(label: str, values: Sequence[float], text: Said,
                log: bool) -> Axis:
    """An axis with ticks at the values that were measured."""
    seen = sorted(set(_finite(values, log)))
    if log:
        pad = (seen[-1] / seen[0]) ** 0.06 if seen[-1] > seen[0] else 2.0
        lo, hi = seen[0] / pad, seen[-1] * pad
    else:
        pad = 0.06 * (seen[-1] - seen[0]) or 1.0
        lo, hi = seen[0] - pad, seen[-1] + pad
    return Axis(label, lo, hi, log, [(v, text(v)) for v in seen])


def category_axis(label: str, names: Sequence[str]) -> Axis:
    """Places 0, 1, 2 ... with a name each."""
    return Axis(label, -0.5, len(names) - 0.5, False,
                [(float(i), n) for i, n in enumerate(names)])


def tail_axis(samples: int) -> Axis:
    """Shares of all samples, by 1 / what lies beyond: each decade is one more
    nine, and the last sample has its place."""
    hi = 3.0 * max(samples, 1)
    ticks = [(2.0, "50 %"), (10.0, "90 %"), (100.0, "99 %")]
    ticks += [(10.0 ** k, f"99.{'9' * (k - 2)} %") for k in range(3, 10)]
    return Axis("share of all that are not slower", 1.0, hi, True,
                [t for t in ticks if t[0] <= hi])


@dataclass
class Path:
    """Lines or areas. style: a class of chart.css; pieces: (points, closed)
    each; words: on hovering; shade: of an area, 0 to 1."""
    style: str
    series: int | None
    pieces: list[tuple[list[Point], bool]]
    words: str = ""
    shade: float | None = None

    def svg(self) -> str:
        d = "".join("M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
                    + "z" * closed for points, closed in self.pieces)
        faint = f' fill-opacity="{number(self.shade)}"' if self.shade else ""
        return (f'<path class="{self.style}{_class(self.series)}"{faint} '
                f'd="{d}"{_closed("path", self.words)}')


@dataclass
class Dot:
    """A mark whose shape tells its series apart. hollow: its interval is wider
    than the panel."""
    series: int
    x: float
    y: float
    words: str
    hollow: bool = False

    def svg(self) -> str:
        return (f'<path class="p{" v" * self.hollow}{_class(self.series)}" '
                f'd="{_shape(self.series, self.x, self.y)}"'
                f'{_closed("path", self.words)}')


@dataclass
class Text:
    """Words at a place. anchor: start, middle or end; turned: upwards."""
    style: str
    x: float
    y: float
    anchor: str
    words: str
    turned: bool = False

    def svg(self) -> str:
        at = (f'transform="translate({number(self.x)} {number(self.y)})'
              'rotate(-90)"' if self.turned else
              f'x="{number(self.x)}" y="{number(self.y)}"')
        style = f'class="{self.style}" ' if self.style else ""
        return (f'<text {style}{at} text-anchor="{self.anchor}">'
                f"{escape(self.words)}</text>")


def _class(series: int | None) -> str:
    return "" if series is None else f" s{series}"


def _closed(tag: str, words: str) -> str:
    """The rest of an element that may have words on hovering."""
    return f"><title>{escape(words)}</title></{tag}>" if words else "/>"


def box(x0: float, y0: float, x1: float, y1: float) -> tuple[list[Point], bool]:
    """A piece of a path: a rectangle."""
    return [(x0, y0), (x1, y0), (x1, y1), (x0, y1)], True


def cap(a: Point, b: Point) -> tuple[list[Point], bool]:
    """The end of an upright or level line from a to b, at b."""
    x, y = b
    return ([(x - 3, y), (x + 3, y)] if a[0] == x else
            [(x, y - 3), (x, y + 3)]), False


def arrow(a: Point, b: Point) -> list[tuple[list[Point], bool]]:
    """An upright or level line from a to b, and its head there."""
    x, y = b
    dx, dy = (math.copysign(5.0, p - q) if p != q else 0.0 for p, q in zip(a, b))
    side = 0.7
    return [([a, b], False),
            ([(x + dx - side * dy, y + dy - side * dx), b,
              (x + dx + side * dy, y + dy + side * dx)], False)]


def wide(words: str) -> float:
    """About how much room words take."""
    return 6.6 * len(words)


class Panel:
    """One picture. title: what it is; desc: what it shows, for those who do not
    see it. What is drawn are shapes, which svg() and pictures.py bring to their
    readers."""

    def __init__(self, title: str, desc: str, x: Axis, y: Axis,
                 width: int = WIDTH, height: int = HEIGHT, left: int = LEFT
                 ) -> None:
        self.title, self.desc, self.left = title, desc, left
        self.x, self.y, self.width, self.height = x, y, width, height
        self._marks: list[Path | Dot | Text] = []
        self.beyond = False  # an interval goes on beyond it
        self.wider = False  # a mark is hollow

    def px(self, v: float) -> float:
        return self.left + self.x.at(v) * (self.width - self.left - RIGHT)

    def py(self, v: float) -> float:
        return self.height - BOTTOM - self.y.at(v) * (self.height - TOP - BOTTOM)

    def _places(self, points: Iterable[tuple[float, float]], beside: float = 0.0
                ) -> list[Point]:
        return [(self.px(x) + beside, self.py(y)) for x, y in points
                if self.x.holds(x) and self.y.holds(y)]

    def line(self, series: int, points: Iterable[tuple[float, float]],
             dashed: bool = False, beside: float = 0.0) -> None:
        """A line through points; what is not a number is left out. beside: so
        many units to the right, where several series would lie together."""
        places = self._places(points, beside)
        if len(places) > 1:
            self._marks.append(Path("l d" if dashed else "l", series,
                                    [(places, False)]))

    def dots(self, series: int, points: Iterable[tuple[float, float, str]],
             beside: float = 0.0, hollow: bool = False) -> None:
        """Marks with words on hovering; hollow: whose interval is wider than the
        panel."""
        self.wider = self.wider or hollow
        for x, y, words in points:
            self._marks += [Dot(series, *at, words, hollow)
                            for at in self._places([(x, y)], beside)]

    def whisker(self, series: int, x: float, low: float, high: float,
                beside: float = 0.0, words: str = "") -> bool:
        """The interval low to high at x, cut where it leaves the panel, and then
        with an arrow and its words on hovering; nothing where it leaves it at
        both ends, which is told: its mark is to be hollow."""
        inside = [min(max(v, self.y.lo), self.y.hi) for v in (low, high)]
        lost = low < self.y.lo and high > self.y.hi
        if not lost:
            self._interval(series, self._places(((x, v) for v in inside), beside),
                           (low, high), inside, words)
        return lost

    def across(self, series: int, y: float, low: float, high: float,
               words: str = "") -> None:
        """The same from left to right, also where it leaves it at both ends."""
        inside = [min(max(v, self.x.lo), self.x.hi) for v in (low, high)]
        self._interval(series, self._places((v, y) for v in inside), (low, high),
                       inside, words)

    def _interval(self, series: int, at: list[Point], ends: Point,
                  inside: list[float], words: str) -> None:
        if len(at) < 2 or not math.isfinite(sum(ends)):
            return
        cut = [v != kept for v, kept in zip(ends, inside)]
        pieces = [(at, False)]
        for is_cut, tip, other in zip(cut, at, at[::-1]):
            pieces.append(arrow(other, tip)[1] if is_cut else cap(other, tip))
        self._marks.append(Path("w", series, pieces, words if any(cut) else ""))
        self.beyond = self.beyond or any(cut)

    def bar(self, series: int, x: float, width: float, value: float,
            words: str, base: float = 0.0) -> None:
        """A bar from base to value, centred at x, width in units of x."""
        if self.y.holds(value):
            area = box(self.px(x - width / 2), self.py(value),
                       self.px(x + width / 2), self.py(max(self.y.lo, base)))
            self._marks.append(Path("b", series, [area], words))

    def step(self, series: int, x: float, width: float,
             ends: tuple[float, float], words: str, shade: float | None = None
             ) -> None:
        """A bar from one value to another."""
        if all(map(self.y.holds, ends)):
            area = box(self.px(x - width / 2), self.py(max(ends)),
                       self.px(x + width / 2), self.py(min(ends)))
            self._marks.append(Path("b", series, [area], words, shade))

    def note(self, x: float, y: float, words: str) -> None:
        """Words above a place."""
        self._marks.append(Text("n o", self.px(x), self.py(y) - 4, "middle",
                                words))

    def spans(self, series: int, spans: Iterable[tuple[float, float, float]],
              thickness: float) -> None:
        """Level bars (x0, x1, y), one path for all of them."""
        pieces = []
        for x0, x1, y in spans:
            if self.x.holds(x0) and self.x.holds(x1):
                a, at = self.px(x0), self.py(y)
                pieces.append(box(a, at - thickness / 2,
                                  max(self.px(x1), a + 0.1), at + thickness / 2))
        self._marks.append(Path("t", series, pieces))

    def cells(self, series: int, shade: float,
              cells: Iterable[tuple[float, float, float, float]]) -> None:
        """Areas (x0, y0, x1, y1) of one shade, one path for all of them."""
        pieces = [box(self.px(x0), self.py(y0), self.px(x1), self.py(y1))
                  for x0, y0, x1, y1 in cells]
        if pieces:
            self._marks.append(Path("t", series, pieces, shade=shade))

    def level(self, y: float) -> None:
        """A reference line across the panel; its name is in the legend."""
        at = self.py(y)
        self._marks.append(Path("r", None, [(
            [(self.left, at), (self.width - RIGHT, at)], False)]))

    def upright(self, x: float, words: str) -> None:
        """A reference line from top to bottom."""
        at = self.px(x)
        self._marks.append(Path("r", None, [(
            [(at, TOP), (at, self.height - BOTTOM)], False)]))
        # the title has the left of what is above
        if at - wide(words) / 2 > self.left + wide(self.title) * 1.2 + 8:
            self._marks.append(Text("n o", at, TOP - 4, "middle", words))
        else:
            self._marks.append(Text("n o", at + 4, TOP + 10, "start", words))

    def _axes(self) -> list[Path | Dot | Text]:
        base, right = self.height - BOTTOM, self.width - RIGHT
        out: list[Path | Dot | Text] = []
        for at, text in apart([(self.py(v), t) for v, t in self.y.ticks],
                              lambda _: 13.0):
            out += [Path("g", None, [([(self.left, at), (right, at)], False)]),
                    Text("", self.left - 6, at + 4, "end", text)]
        out.append(Path("f", None, [
            ([(self.left, TOP), (self.left, base), (right, base)], False)]))
        for at, text in apart([(self.px(v), t) for v, t in self.x.ticks],
                              lambda t: wide(t) + 8):
            out += [Path("f", None, [([(at, base), (at, base + 4)], False)]),
                    Text("", at, base + 17, "middle", text)]
        return [*out, Text("n", (self.left + right) / 2, self.height - 8, "middle",
                           self.x.label),
                Text("n", 12, (TOP + base) / 2, "middle", self.y.label, True)]

    def shapes(self) -> list[Path | Dot | Text]:
        """All that is to be seen, from behind to the front."""
        return [Text("h", self.left, 17, "start", self.title), *self._axes(),
                *self._marks]

    def svg(self) -> str:
        """The picture."""
        n = next(_ids)
        return (f'<svg class="chart" viewBox="0 0 {self.width} {self.height}" '
                f'role="img" aria-labelledby="t{n} d{n}">'
                f'<title id="t{n}">{escape(self.title)}</title>'
                f'<desc id="d{n}">{escape(self.desc)}</desc>'
                f'{"".join(shape.svg() for shape in self.shapes())}</svg>')


def apart(ticks: list[tuple[float, str]], room: Callable[[str], float]
          ) -> list[tuple[float, str]]:
    """Those whose words, which take so much room around their places, do not
    touch; the first always, the last rather than those near it."""
    def touch(a: tuple[float, str], b: tuple[float, str]) -> bool:
        return abs(a[0] - b[0]) < (room(a[1]) + room(b[1])) / 2
    kept = ticks[:1]
    for each in ticks[1:]:
        if not touch(kept[-1], each):
            kept.append(each)
    if len(kept) > 1 and kept[-1] != ticks[-1]:
        while len(kept) > 1 and touch(kept[-1], ticks[-1]):
            kept.pop()
        kept += [] if touch(kept[-1], ticks[-1]) else ticks[-1:]
    return kept


def mark_of(series: int) -> int:
    """Which of four: the later colours, which are near to earlier ones, come with
    another one."""
    return min(series % SERIES, SERIES - 1 - series % SERIES)


def _shape(series: int, x: float, y: float, r: float = 3.6) -> str:
    """Circle, square, triangle, diamond, and back, as a path."""
    a, b, s, two = number(x - r), number(y - r), number(r), number(2 * r)
    kind = mark_of(series)
    if kind == 0:
        return f"M{a} {number(y)}a{s} {s} 0 1 0 {two} 0a{s} {s} 0 1 0 -{two} 0z"
    if kind == 1:
        return f"M{a} {b}h{two}v{two}h-{two}z"
    if kind == 2:
        return f"M{number(x)} {b}l{s} {two}h-{two}z"
    return f"M{number(x)} {b}l{s} {s}l-{s} {s}l-{s} -{s}z"


def key(series: int, kind: str) -> str:
    """A legend's sample of a series. kind: line (with its mark), solid or dashed
    without, area, mark alone, hollow mark, level: a line of reference, or beyond:
    an interval that goes on."""
    mark = f'<path class="p s{series}" d="{_shape(series, 14, 7)}"/>'
    line = f'<path class="l{" d" * (kind == "dashed")} s{series}" d="M0 7H28"/>'
    shown = {"line": line + mark, "solid": line, "dashed": line, "mark": mark,
             "hollow": mark.replace('"p ', '"p v '),
             "level": '<path class="r" d="M0 7H28"/>',
             "beyond": Path("w", series, arrow((14, 13), (14, 1))).svg(),
             "area": f'<path class="b s{series}" d="M4 2h20v10h-20z"/>'}[kind]
    return ('<svg class="key" viewBox="0 0 28 14" width="28" height="14" '
            f'aria-hidden="true">{shown}</svg>')
