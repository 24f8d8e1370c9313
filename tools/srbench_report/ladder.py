"""Where the time goes: what lies between a client and its tensor, rung by rung,
from memory that both share up to a database and its modules; beside it files; and
from which size on the database stops to matter. Empty without a server and something
below or beside it."""
from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Iterator, Sequence

import pandas as pd

import srbench_stats as stats

from . import svg, words
from .charts import (Chart, Entry, MOST_VARIANTS, Table, Variant, _joined, evenly)
from .digest import Digests
from .study import DATABASE, OPS, Study, described
from .svg import Panel

# From below: the rung of an engine (its column `rung`), what a client library
# adds, and what a module of the server adds.
ENGINES = ("memory", "fabric", "sockets", DATABASE)
LIBRARY, MODULE = "client library", "module"
RUNGS = (*ENGINES, LIBRARY, MODULE)
# No part of what a database takes, whose bytes do not go that way: the other thing
# that a program could do with its tensors. A get of one's own is the page cache's.
FILES = "files"
# What a database has where neither adds anything: values of these options.
LEAST = {LIBRARY: ("client", "socket"), MODULE: ("command_set", "plain")}
MATTERS = 0.1  # of the whole: less does not
CLOCK_READS = 10  # as in src/results/record.c
MOST_BESIDE = 2.0  # of the whole; who takes longer leaves the chart
PUT, UNPACK = OPS


@dataclass
class Rung:
    """One rung's part: the difference of medians to what is below, in seconds,
    with its 95 % interval; NaN: not known. most: it takes that at most, for
    reading the clock is a part of it. begins: the rung below it; "" for the
    lowest, which is all there is."""
    name: str
    value: float
    low: float
    high: float
    most: bool
    begins: str


@dataclass
class Ladder:
    """Of one configuration of a database and one operation. above: all that is
    above the highest that was measured of some rungs, as one. beside: all that
    files take, in each folder that was swept."""
    row: pd.Series
    op: str
    total: float
    rungs: list[Rung] = field(default_factory=list)
    above: dict[tuple[str, ...], Rung] = field(default_factory=dict)
    beside: list[Rung] = field(default_factory=list)


# --- who stands below whom ------------------------------------------------------

def _same(study: Study, row: pd.Series, other: pd.Series, but: Sequence[str]
          ) -> bool:
    """Whether it is in the same place, as far as it has the axes at all."""
    return all(axis in but or row[axis] == other[axis]
               or words.absent(axis, other[axis]) or words.absent(axis, row[axis])
               for axis in study.axes)


def _found(study: Study, row: pd.Series, rung: str) -> list[pd.Series]:
    """The configurations that have this rung in the place of row."""
    own = rung in (*ENGINES[:2], FILES)  # comes with a client of its own
    but = ("db_exe", "client") if own else ("db_exe",)
    configs = study.configs[study.configs["rung"] == rung]
    return [other for _, other in configs.iterrows()
            if _same(study, row, other, but)]


def _less(study: Study, row: pd.Series, rung: str) -> pd.Series | None:
    """The same database without what the rung adds; None: it adds nothing."""
    axis, least = LEAST[rung]
    if row[axis] == least:
        return None
    for _, other in study.configs[study.configs["db_exe"] == row["db_exe"]].iterrows():
        if other[axis] == least and _same(study, row, other, (axis,)):
            return other
    return None


def chain(study: Study, row: pd.Series) -> list[tuple[str, pd.Series]]:
    """The rungs that were measured below a database, from below, itself last."""
    found: list[tuple[str, pd.Series]] = []
    for rung in (MODULE, LIBRARY):
        less = _less(study, row, rung)
        if less is not None:
            found.append((rung, row))
            row = less
    found.append((DATABASE, row))
    for rung in reversed(ENGINES[:-1]):
        others = _found(study, row, rung)
        if others:
            found.append((rung, others[0]))
    return found[::-1]


# --- differences ----------------------------------------------------------------

def _mean(values: Sequence[float]) -> tuple[float, float, float]:
    """With Student's interval; without one of a single value."""
    n = len(values)
    mean = sum(values) / n
    if n < 2:
        return mean, math.nan, math.nan
    spread = math.sqrt(sum((v - mean) ** 2 for v in values) / (n - 1) / n)
    half = stats.student_quantile(0.95, n - 1) * spread
    return mean, mean - half, mean + half


def _each(study: Study, row: pd.Series, op: str) -> dict[int, float]:
    """The medians of its repetitions."""
    rows = study.frame.loc[row["rows"]]
    return {int(k): float(v) for k, v in zip(rows["repetition"],
                                             rows[f"{op}_median"]) if v == v}


def difference(study: Study, row: pd.Series, below: pd.Series | None, op: str
               ) -> tuple[float, float, float]:
    """Of medians, repetition by repetition, which take turns; of a single one by
    the intervals within the runs."""
    mine = _each(study, row, op)
    theirs = _each(study, below, op) if below is not None else dict.fromkeys(mine, 0.0)
    both = [mine[k] - theirs[k] for k in mine if k in theirs]
    if not both:
        return math.nan, math.nan, math.nan
    if len(both) > 1:
        return _mean(both)
    ends = [(row[f"{op}_median_low"], row[f"{op}_median"], row[f"{op}_median_high"])]
    if below is None:
        return both[0], ends[0][0], ends[0][2]
    ends.append(tuple(-below[f"{op}_median{end}"] for end in ("_high", "", "_low")))
    return (both[0], both[0] - math.hypot(*(v - low for low, v, _ in ends)),
            both[0] + math.hypot(*(high - v for _, v, high in ends)))


def _as_short_as_the_clock(study: Study, row: pd.Series, op: str) -> bool:
    if "clock_bound" not in row["flags"].split(","):
        return False
    path = row["path"]
    cost = float(study.about[study.paths.index(path)].get("clock_read_cost",
                                                          math.inf))
    return bool(row[op] < CLOCK_READS * cost)


def ladder(study: Study, row: pd.Series, op: str) -> Ladder:
    """The rungs below one database, itself among them."""
    steps = chain(study, row)
    total, _, _ = difference(study, row, None, op)
    out = Ladder(row, op, total)
    below: pd.Series | None = None
    begins = ""
    for name, of in steps:
        out.rungs.append(Rung(name, *difference(study, of, below, op),
                              _as_short_as_the_clock(study, of, op), begins))
        below, begins = of, name
    for keep in (ENGINES[:3], ENGINES[:2]):
        for name, of in steps:
            if name in keep:  # the last stays
                out.above[keep] = Rung("", *difference(study, row, of, op), False,
                                       name)
    files = _found(study, row, FILES)
    for of in files:
        name = FILES if len(files) == 1 else f"{FILES} in {of['db_path']}"
        out.beside.append(Rung(name, *difference(study, of, None, op),
                               _as_short_as_the_clock(study, of, op), ""))
    return out


def ladders(study: Study) -> list[list[Ladder]]:
    """Of each database, by size from the smallest, put and then unpack; those
    with something below or beside them."""
    if study.configs.empty:
        return []
    tops = study.configs[(study.configs["rung"] == DATABASE)
                         & (study.configs["client"] != "null")]
    found: dict[str, list[Ladder]] = {}
    for _, row in tops.sort_values("tensor_bytes", kind="stable").iterrows():
        of = [ladder(study, row, op) for op in OPS]
        if len(of[0].rungs) < 2 and not of[0].beside:
            continue
        name = described(row, [d for d in study.told if d != "tensor_bytes"])
        found.setdefault(name, []).extend(of)
    return list(found.values())


# --- in words -------------------------------------------------------------------

def _name(rung: Rung, row: pd.Series) -> str:
    """As a part of a sentence; a rung whose lower ones were not measured has all
    of them in it."""
    if rung.name == DATABASE:
        return str(row.get("server", row["db_exe"]))
    return {LIBRARY: f"the client library ({row['client']})",
            MODULE: f"the module ({row['command_set']})",
            "fabric": "the fabric"}.get(rung.name, rung.name)


def _between(rung: Rung, text: str) -> str:
    if rung.low != rung.low:
        return text
    return f"{text} ({words.seconds(rung.low)} to {words.seconds(rung.high)})"


def _part(rung: Rung, row: pd.Series) -> str:
    value = ("≤ " if rung.most else "") + words.seconds(rung.value)
    return _between(rung, f"{value} {_name(rung, row)}")


def sentence(of: Ladder) -> str:
    """'at 64 KiB 7 µs of 96 are the fabric, …'"""
    parts = ", ".join(_part(r, of.row) for r in of.rungs)
    beside = ", ".join(_part(r, of.row) for r in of.beside)
    return (f"{of.op} at {words.size(of.row['tensor_bytes'])}: of "
            f"{words.seconds(of.total)} are {parts}"
            + (f"; beside it, {beside}" if beside else ""))


MORE, LESS, UNTOLD = "more", "less", "untold"


def weight(x: Ladder, r: Rung) -> str:
    """Whether a part of the whole is more than a tenth of it, as far as its
    interval tells."""
    if r.low != r.low:
        return MORE if r.value >= MATTERS * x.total else LESS
    if r.high < MATTERS * x.total:
        return LESS
    return MORE if r.low > 0 and r.value >= MATTERS * x.total else UNTOLD


def crossing(of: Sequence[Ladder], below: Sequence[str], what: str) -> str:
    """From which size on a part does not matter, which is less than a tenth of
    the whole then; "" where it was not measured."""
    known = [(x, r) for x in of if (r := x.above.get(tuple(below)))
             and r.value == r.value]
    if not known:
        return ""
    weights = [weight(x, r) for x, r in known]
    begins = known[-1][1].begins.replace("fabric", "the fabric")
    subject = f"{known[0][0].op}: what {what} over {begins}"
    sizes = [words.size(x.row["tensor_bytes"]) for x, _ in known]
    x, last = known[-1]
    if weights[-1] == MORE:
        return (f"{subject} matters up to the largest size, {sizes[-1]}, where it "
                f"is {words.share(last.value / x.total)} of the time.")
    if weights[-1] == UNTOLD:
        return (f"{subject} may be {words.share(last.low / x.total)} to "
                f"{words.share(last.high / x.total)} of the time at {sizes[-1]}: "
                "this study cannot tell whether it stops to matter; more "
                "repetitions on a quiet machine would.")
    first = max((k for k, w in enumerate(weights) if w != LESS), default=-1) + 1
    if first == 0:
        return (f"{subject} matters at no size: it is less than a tenth of the "
                "time.")
    return (f"{subject} stops to matter from {sizes[first]} on: it is less than a "
            "tenth of the time.")


def _crossings(of: Sequence[Ladder], server: str) -> list[str]:
    return [s for op in OPS for s in (
        crossing([x for x in of if x.op == op], ENGINES[:3], f"{server} adds"),
        crossing([x for x in of if x.op == op], ENGINES[:2],
                 f"{server} and its sockets add")) if s]


def _best(of: Sequence[Sequence[Ladder]]) -> Sequence[Ladder]:
    """Which is said in words: the one that took least at the smallest size."""
    return min(of, key=lambda each: each[0].total)


def sentences(study: Study) -> list[str]:
    """The ladder of the fastest database in words; nothing where there is none."""
    found = ladders(study)
    if not found:
        return []
    of = _best(found)
    row = of[0].row
    dims = [d for d in study.told if d != "tensor_bytes"]
    with_ = described(row, dims) if len(found) > 1 else ""
    said = [f"With {with_}, the fastest of {len(found)} at the smallest size:"] \
        if with_ else []
    for op in OPS:
        said += [f"{sentence(x)}." for x in of if x.op == op]
    return said + _crossings(of, str(row.get("server", row["db_exe"])))


# --- the chart ------------------------------------------------------------------

CAPTION = (
    "What lies between a client and its tensor, as shares of what put_tensor and "
    "unpack_tensor take: memory that both share, what messages between ranks add, "
    "sockets, the database, its client library, its module. Each bar is the "
    "difference of two medians and begins where the one below it ends; a whisker is "
    "its 95 % interval. One that goes down is negative: that rung was faster than "
    "the one below it. ≤: as short as reading the clock, at most that. A rung that "
    "was not measured is part of the next one. Files are no rung, since nothing that "
    "goes to a database goes through them: their bar is all that they take, and a get "
    "of what was just put is the page cache's.")


BEYOND = ("Above 100 %: that takes longer by itself than the database does, of "
          "which it is no part then. Memory, ranks that serve and files move all "
          "bytes on CPUs that clients need, and may bring in new pages each time, "
          "where a database does its half on other CPUs; and where processes share "
          "a CPU, who is woken first differs from run to run. Whiskers tell what may "
          "be chance.")


def _beyond(of: Sequence[Ladder]) -> bool:
    """Whether a bar ends above the whole, which is where the last one ends."""
    return any(sum(r.value for r in x.rungs[:k + 1]) > 1.005 * x.total
               for x in of for k in range(len(x.rungs))) \
        or any(r.value > 1.005 * x.total for x in of for r in x.beside)


def where_time_goes(study: Study, _: Digests) -> Chart:
    chart = Chart("ladder", "Where the time goes", CAPTION)
    found = ladders(study)
    if not found:
        chart.why_not = ("nothing below a database (shm, mpi, floor) or beside it "
                         "(files) was swept with one")
        return chart
    kept = evenly(found, MOST_VARIANTS)
    note = "" if len(kept) == len(found) else (
        f"{len(kept)} of {len(found)} configurations are drawn, evenly chosen.")
    dims = [d for d in study.dims if d != "tensor_bytes"]
    for of in kept:
        chart.variants += _variant(described(of[0].row, dims), of, note)
    return chart


def _variant(label: str, of: Sequence[Ladder], note: str) -> Iterator[Variant]:
    table = Table(["operation", "tensor", "rung", "time", "95 %", "share"])
    seen = [r for r in RUNGS if any(r == x.name for each in of for x in each.rungs)]
    seen += list(dict.fromkeys(r.name for each in of for r in each.beside))
    panels = [_panel(op, label, [x for x in of if x.op == op], seen) for op in OPS]
    for each in of:
        size = words.size(each.row["tensor_bytes"])
        for r in (*each.rungs, *each.beside):
            table.rows.append(
                [each.op, size, r.name,
                 "≤ " * r.most + words.seconds(r.value),
                 f"{words.seconds(r.low)} to {words.seconds(r.high)}"
                 if r.low == r.low else "–", words.share(r.value / each.total)])
    legend = [Entry(_series(name, seen), name, "area") for name in seen]
    server = str(of[0].row.get("server", of[0].row["db_exe"]))
    yield Variant(label, panels, legend, table,
                  _joined(*_crossings(of, server), BEYOND * _beyond(of), note))


def _panel(op: str, label: str, of: Sequence[Ladder], seen: Sequence[str]
           ) -> Panel:
    names = [f"{words.size(x.row['tensor_bytes'])}" for x in of]
    ends = [end for x in of for end in _ends(x)]
    y = svg.linear_axis(f"share of {op}", [0.0, 1.0, *ends], words.share)
    panel = Panel(op, f"Shares of {op} that each rung takes, for each tensor size. "
                  f"{label}", svg.category_axis("tensor size", names), y,
                  max(svg.BROAD, 90 * len(of)))
    width = 0.8 / len(seen)
    for k, x in enumerate(of):
        at = 0.0
        for r in (*x.rungs, *x.beside):
            place = k - 0.4 + width * (seen.index(r.name) + 0.5)
            _step(panel, x, r, (place, width, at if r in x.rungs else 0.0),
                  _series(r.name, seen))
            at += r.value / x.total
    return panel


def _series(name: str, seen: Sequence[str]) -> int:
    """Folders share what colours are left."""
    if name in RUNGS:
        return RUNGS.index(name)
    folders = [n for n in seen if n not in RUNGS]
    return len(RUNGS) + folders.index(name) % (svg.SERIES - len(RUNGS))


def _ends(x: Ladder) -> list[float]:
    """What the axis must hold: all bars, and whiskers that are not far off."""
    out, at = [], 0.0
    for r in x.rungs:
        at += r.value / x.total
        out += [at, min(1.5, max(-0.5, at + (r.high - r.value) / x.total)),
                max(-0.5, min(1.5, at + (r.low - r.value) / x.total))]
    out += [min(MOST_BESIDE, v / x.total) for r in x.beside
            for v in (r.value, r.high)]
    return [v for v in out if v == v]


def _step(panel: Panel, x: Ladder, r: Rung, where: tuple[float, float, float],
          series: int) -> None:
    place, width, at = where
    top = at + r.value / x.total
    if top > panel.y.hi:  # files on a disk may take a hundred times as long
        panel.note(place, panel.y.hi, words.share(top))
        top = panel.y.hi
    panel.step(series, place, 0.92 * width, (at, top), _part(r, x.row))
    if r.low == r.low:
        panel.whisker(svg.SERIES, place, top + (r.low - r.value) / x.total,
                      top + (r.high - r.value) / x.total)
    if r.most:
        panel.note(place, max(at, top), "≤")
