"""The charts of the page.

A chart has variants, of which the reader chooses one: what varies in the study
and is neither on an axis, nor a colour, nor a panel, is never pooled; it tells
the variants apart. Where there are more than can be drawn, the figure says how
many are not.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Iterable, Sequence

import numpy as np
import pandas as pd

import srbench_results
from srbench_results import ResultError

from . import svg, words
from .digest import QUANTILES, Digest, Digests
from .study import NO_DATABASE, OPS, Study, described, groups
from .svg import Panel

MOST_VARIANTS = 12
MOST_PANELS = 12
MOST_COLOURS = 6
ROWS_OF_TIMELINE = 24
BARS_OF_TIMELINE = 1200  # of each operation
WORD = {"put_tensor": "put", "unpack_tensor": "unpack"}
NO_LEGEND: list["Entry"] = []


@dataclass
class Entry:
    """One line of a legend."""
    series: int
    text: str
    dashed: bool = False
    filled: bool = False


@dataclass
class Table:
    """The numbers behind a picture."""
    head: list[str]
    rows: list[list[str]] = field(default_factory=list)


@dataclass
class Variant:
    """What is shown at a time: panels side by side."""
    label: str
    panels: list[Panel]
    legend: list[Entry]
    table: Table
    note: str = ""


@dataclass
class Chart:
    """name: of its anchor and PNG files; why_not: the reason when there is
    nothing to draw (and then no variant)."""
    name: str
    title: str
    caption: str
    variants: list[Variant] = field(default_factory=list)
    why_not: str = ""


# --- what goes where ----------------------------------------------------------

def evenly(values: Sequence, most: int) -> list:
    """At most so many of them, evenly chosen, first and last among them."""
    if len(values) <= most:
        return list(values)
    return [values[i] for i in
            np.linspace(0, len(values) - 1, most).round().astype(int)]


def distinct(column: pd.Series) -> list:
    """Its values in order: numbers by size, '9 database nodes' before '16'."""
    def order(v: object) -> tuple:
        if isinstance(v, str):
            head = v.split(" ")[0]
            number = float(head) if head.isdigit() else -1.0
            return (number, v)
        return (float(v), "")
    return sorted(column.dropna().unique().tolist(), key=order)


def colour_axis(dims: Sequence[str], taken: Sequence[str]) -> str | None:
    """Which of the free dimensions is told by colour: the first of these."""
    for d in ("clients", "place", "server", "client", "transport"):
        if d in dims and d not in taken:
            return d
    return next((d for d in dims if d not in taken), None)


def slices(configs: pd.DataFrame, dims: Sequence[str]
           ) -> list[tuple[str, pd.DataFrame]]:
    """Configurations by what dims say, with a label each; one slice without a
    label where there are none. Databases stand before what only plays one."""
    found = sorted(groups(configs, dims), key=lambda g: plays(g.iloc[0]))
    return [(described(g.iloc[0], dims), g) for g in found]


def plays(config: pd.Series) -> tuple[bool, bool]:
    """Sorts databases before what only plays one."""
    return config["db_exe"] in NO_DATABASE, config["client"] == "null"


def limited(found: list, what: str) -> tuple[list, str]:
    """At most MOST_VARIANTS, and a sentence when there were more."""
    kept = evenly(found, MOST_VARIANTS)
    if len(kept) == len(found):
        return kept, ""
    return kept, (f" Of {len(found)} {what}, {len(kept)} are drawn, evenly "
                  "chosen; --where chooses others, the table has all.")


def aside(series: int) -> float:
    """Where the whiskers of a series stand beside its dots, so that those of
    several series at one place can be told apart."""
    return (0.0, 3.0, -3.0, 6.0, -6.0, 9.0)[series % MOST_COLOURS]


def reach(configs: pd.DataFrame, figure: str, factor: float) -> list[float]:
    """Ends of intervals that an axis should show: those within a factor of the
    figures themselves. A few wild ones would squeeze all else."""
    least, most = configs[figure].min() / factor, configs[figure].max() * factor
    return [*configs[f"{figure}_low"].clip(lower=least).dropna(),
            *configs[f"{figure}_high"].clip(upper=most).dropna()]


def cell(low: float, high: float, text: Callable[[float], str]) -> str:
    """An interval as a cell."""
    return f"{text(low)} to {text(high)}" if low == low else "–"


def _sizes(configs: pd.DataFrame) -> tuple[list[int], str]:
    every = [int(v) for v in distinct(configs["tensor_bytes"])]
    kept = evenly(every, MOST_PANELS)
    note = "" if len(kept) == len(every) else (
        f"{len(kept)} of {len(every)} tensor sizes are drawn, evenly chosen.")
    return kept, note


def _colours(part: pd.DataFrame, colour: str | None
             ) -> tuple[list[tuple[int, str, pd.DataFrame]], str]:
    """(series, its name, its configurations), and a note on what is left out."""
    if colour is None:
        return [(0, "", part)], ""
    every = distinct(part[colour])
    kept = evenly(every, MOST_COLOURS)
    note = "" if len(kept) == len(every) else (
        f"{len(kept)} of {len(every)} values of "
        f"{words.AXIS_NAMES.get(colour, colour)} are drawn, evenly chosen.")
    return [(i, words.phrase(colour, v), part[part[colour] == v])
            for i, v in enumerate(kept)], note


def _joined(*notes: str) -> str:
    return " ".join(n for n in notes if n)


# --- time against size --------------------------------------------------------

def against_size(study: Study, _: Digests) -> Chart:
    chart = Chart("size", "Median and p99 against tensor size",
                 "Solid: median, with its 95 % interval (without a cap: it goes "
                 "on beyond the panel); dashed: p99 (not given with fewer than "
                 "1000 samples).")
    colour = colour_axis(study.dims, ["tensor_bytes"])
    rest = [d for d in study.dims if d not in ("tensor_bytes", colour)]
    parts, more = limited(slices(study.configs, rest), "combinations")
    chart.caption += more
    for label, part in parts:
        chart.variants.append(_size_variant(label, part, colour))
    return chart


def _size_variant(label: str, part: pd.DataFrame, colour: str | None) -> Variant:
    series, note = _colours(part, colour)
    times = [t for op in OPS for t in
             (*part[op], *part[f"{op}_p99"], *reach(part, op, 3.0))]
    x = svg.points_axis("tensor size", part["tensor_bytes"], words.size, True)
    y = svg.log_axis("time", times, words.seconds)
    panels = []
    for op in OPS:
        panel = Panel(f"{op}", f"Median and 99th percentile of {op} against the "
                      f"size of the tensor, both logarithmic. {label}", x, y)
        for k, name, rows in series:
            _size_line(panel, op, k, name, rows.sort_values("tensor_bytes"))
        panels.append(panel)
    legend = [Entry(k, name) for k, name, _ in series if name]
    legend.append(Entry(6, "p99", dashed=True))
    return Variant(label, panels, legend, _size_table(series), note)


def _size_line(panel: Panel, op: str, k: int, name: str,
               rows: pd.DataFrame) -> None:
    panel.line(k, zip(rows["tensor_bytes"], rows[f"{op}_p99"]), dashed=True)
    panel.line(k, zip(rows["tensor_bytes"], rows[op]))
    for _, r in rows.iterrows():
        panel.whisker(k, r["tensor_bytes"], r[f"{op}_low"], r[f"{op}_high"],
                      aside(k))
    panel.dots(k, ((r["tensor_bytes"], r[op],
                    f"{name} {words.size(r['tensor_bytes'])}: "
                    f"{words.seconds(r[op])}") for _, r in rows.iterrows()))


def _size_table(series: list[tuple[int, str, pd.DataFrame]]) -> Table:
    table = Table(["series", "tensor"] + [
        f"{WORD[op]} {what}" for op in OPS for what in
        ("median", "95 % interval", "p99")])
    for _, name, rows in series:
        for _, r in rows.sort_values("tensor_bytes").iterrows():
            cells = [name or "all", words.size(r["tensor_bytes"])]
            for op in OPS:
                cells += [words.seconds(r[op]),
                          cell(r[f"{op}_low"], r[f"{op}_high"], words.seconds),
                          words.seconds(r[f"{op}_p99"])]
            table.rows.append(cells)
    return table


# --- bandwidth against clients ------------------------------------------------

def bandwidth(study: Study, _: Digests) -> Chart:
    chart = Chart("bandwidth", "Bandwidth against clients",
                 "Bandwidth of the window: bytes of both directions / (last end "
                 "− first start), one panel for each tensor size, each with an "
                 "axis of its own. Whiskers: 95 % over repetitions, where there "
                 "are several; one without a cap goes on beyond the panel.")
    if study.configs["clients"].nunique() < 2:
        chart.why_not = "the number of clients was not varied"
        return chart
    taken = ["tensor_bytes", "clients", "place"]
    rest = [d for d in study.dims if d not in taken]
    parts, more = limited(slices(study.configs, rest), "combinations")
    chart.caption += more
    chart.variants = [_bandwidth_variant(label, part) for label, part in parts]
    return chart


def _bandwidth_variant(label: str, part: pd.DataFrame) -> Variant:
    series, note = _colours(part, "place")
    sizes, fewer = _sizes(part)
    x = svg.points_axis("clients", part["clients"], words.plain, False)
    panels, table = [], Table(["placement", "tensor", "clients", "bandwidth",
                               "95 % interval"])
    for s in sizes:
        of_size = part[part["tensor_bytes"] == s]
        y = svg.linear_axis("bandwidth", [*of_size["window"],
                                          *reach(of_size, "window", 1.5)],
                            words.rate)
        panel = Panel(words.size(s), f"Bandwidth against clients with tensors of "
                      f"{words.size(s)}. {label}", x, y)
        for k, name, rows in series:
            rows = rows[rows["tensor_bytes"] == s].sort_values("clients")
            panel.line(k, zip(rows["clients"], rows["window"]))
            for _, r in rows.iterrows():
                panel.whisker(k, r["clients"], r["window_low"], r["window_high"],
                              aside(k))
                table.rows.append([
                    name, words.size(s), f"{words.exact(r['clients'])}",
                    words.rate(r["window"]),
                    cell(r["window_low"], r["window_high"], words.rate)])
            panel.dots(k, ((r["clients"], r["window"],
                            f"{name}, {words.exact(r['clients'])} clients: "
                            f"{words.rate(r['window'])}")
                           for _, r in rows.iterrows()))
        panels.append(panel)
    return Variant(label, panels, [Entry(k, name) for k, name, _ in series],
                   table, _joined(note, fewer))


# --- violins ------------------------------------------------------------------

def violins(study: Study, digests: Digests) -> Chart:
    chart = Chart("violins", "How times are spread",
                 "How often which time was seen, time logarithmic, one panel for "
                 "each tensor size. Left: put_tensor, right: unpack_tensor; line: "
                 "median, short lines: quartiles. The outermost 0.5 % at either "
                 "end are cut off; repetitions are pooled.")
    rest = [d for d in study.dims if d not in ("tensor_bytes", "clients")]
    parts, more = limited(slices(study.configs, rest), "combinations")
    chart.caption += more
    for label, part in parts:
        variant = _violin_variant(label, part, digests)
        if variant.panels:
            chart.variants.append(variant)
    if not chart.variants:
        chart.why_not = "the file holds no samples"
    return chart


def _violin_variant(label: str, part: pd.DataFrame, digests: Digests) -> Variant:
    sizes, note = _sizes(part)
    clients = distinct(part["clients"])
    kept = evenly(clients, 8)
    if len(kept) < len(clients):
        note = _joined(note, f"{len(kept)} of {len(clients)} client counts are "
                       "drawn, evenly chosen.")
    x = svg.category_axis("clients", [words.exact(c) for c in kept])
    table = Table(["tensor", "clients", "operation"] +
                  [f"p{100 * q:g}" for q in QUANTILES])
    panels, sampled = [], 0
    for s in sizes:
        found = []
        for _, r in part[part["tensor_bytes"] == s].iterrows():
            d = digests.of(r) if r["clients"] in kept else None
            if d is not None:
                found.append((kept.index(r["clients"]), r["clients"], d))
                sampled += d.clients_read < d.clients
        if found:
            panels.append(_violin_panel(s, label, x, found))
            _violin_rows(table, s, found)
    if sampled:
        note = _joined(note, "Of permutations with very many samples, evenly "
                       "chosen clients were read.")
    legend = [Entry(0, "put_tensor", filled=True),
              Entry(1, "unpack_tensor", filled=True)]
    return Variant(label, panels, legend, table, note)


def _violin_panel(size: int, label: str, x: svg.Axis,
                  found: list[tuple[int, float, Digest]]) -> Panel:
    y = svg.log_axis("time", (t for _, _, d in found for op in OPS
                              for t in d.density[op].times[[0, -1]]),
                     words.seconds)
    panel = Panel(words.size(size), "Distribution of the times of put_tensor and "
                  f"unpack_tensor with tensors of {words.size(size)}, by the "
                  f"number of clients. {label}", x, y)
    for at, _, d in found:
        for k, op in enumerate(OPS):
            side, shape = 2 * k - 1, d.density[op]
            panel.half_violin(k, at, side, 0.42, shape.times, shape.heights)
            for q, reach in ((1, 0.14), (2, 0.42), (3, 0.14)):
                panel.tick(k, *sorted((at, at + side * reach)),
                           shape.quantiles[q])
    return panel


def _violin_rows(table: Table, size: int,
                 found: list[tuple[int, float, Digest]]) -> None:
    for _, clients, d in found:
        for op in OPS:
            table.rows.append([words.size(size), words.exact(clients), op] +
                              [words.seconds(q) for q in d.density[op].quantiles])


# --- slowdown -----------------------------------------------------------------

def slowdown(study: Study, digests: Digests) -> Chart:
    chart = Chart("iterations", "Slowdown over iterations",
                 "Median of the clients by iteration (of runs of neighbouring "
                 "iterations, where there are more than 50), one panel for each "
                 "tensor size. Solid: put_tensor, dashed: unpack_tensor. With a "
                 "duration, iterations are the samples that were kept.")
    taken = ["tensor_bytes", "clients"]
    rest = [d for d in study.dims if d not in taken]
    parts, more = limited(slices(study.configs, rest), "combinations")
    chart.caption += more
    for label, part in parts:
        variant = _slowdown_variant(label, part, digests)
        if variant.panels:
            chart.variants.append(variant)
    if not chart.variants:
        chart.why_not = "the file holds no loop of more than one iteration"
    return chart


def _slowdown_variant(label: str, part: pd.DataFrame,
                      digests: Digests) -> Variant:
    series, note = _colours(part, "clients")
    sizes, fewer = _sizes(part)
    table = Table(["tensor", "series", "operation", "first tenth", "last tenth",
                   "last / first"])
    panels = []
    for s in sizes:
        found = [(k, name, d) for k, name, rows in series
                 for _, r in rows[rows["tensor_bytes"] == s].iterrows()
                 if (d := digests.of(r)) is not None and len(d.iterations) > 1]
        if found:
            panels.append(_slowdown_panel(s, label, found))
            for _, name, d in found:
                table.rows += [[words.size(s), name, op, *_drift(d.medians[op])]
                               for op in OPS]
    legend = [Entry(k, name) for k, name, _ in series]
    legend.append(Entry(6, "unpack_tensor", dashed=True))
    return Variant(label, panels, legend, table, _joined(note, fewer))


def _slowdown_panel(size: int, label: str,
                    found: list[tuple[int, str, Digest]]) -> Panel:
    x = svg.linear_axis("iteration", [d.iterations[-1] for _, _, d in found],
                        words.plain)
    y = svg.linear_axis("median time", (v for _, _, d in found for op in OPS
                                        for v in d.medians[op]), words.seconds)
    panel = Panel(words.size(size), "Median time of the clients by iteration with "
                  f"tensors of {words.size(size)}. {label}", x, y)
    for k, _, d in found:
        for op in OPS:
            panel.line(k, zip(d.iterations, d.medians[op]),
                       dashed=op == OPS[1])
    return panel


def _drift(medians: np.ndarray) -> list[str]:
    """How the last tenth compares with the first."""
    known = medians[np.isfinite(medians)]
    if known.size == 0:
        return ["–"] * 3
    n = max(1, len(known) // 10)
    first, last = np.median(known[:n]), np.median(known[-n:])
    return [words.seconds(first), words.seconds(last), f"{last / first:.2f}"]


# --- shards -------------------------------------------------------------------

SHARD_ARRAYS = (("shard_clients", "clients", words.plain),
                ("shard_ops", "puts and gets", words.plain),
                ("shard_cpu_time", "CPU time", words.seconds))


def shards(study: Study, _: Digests) -> Chart:
    chart = Chart("shards", "Load of every shard",
                 "What each shard had to do in warm-up and loop: clients whose "
                 "key it owns, their operations, and the CPU time of its server. "
                 "One permutation at a time.")
    columns = [d for d in study.dims if d != "tensor_bytes"]
    latest = study.configs.sort_values("tensor_bytes")
    rows, more = limited(sorted((g.iloc[-1] for g in groups(latest, columns)),
                                key=plays), "combinations")
    chart.caption += more
    for r in rows:
        variant = _shard_variant(study, r)
        if variant:
            chart.variants.append(variant)
    if not chart.variants:
        chart.why_not = "the file holds no counts of shards"
    return chart


def _shard_variant(study: Study, r: pd.Series) -> Variant | None:
    data = _permutation(r)
    if data is None or "shard" not in data.sizes:
        return None
    label = permutation_label(study, r)
    n = data.sizes["shard"]
    x = svg.category_axis("shard", [str(i) for i in range(n)])
    table = Table(["shard", "address"], [
        [str(i), str(data["shard_address"].values[i])
         if "shard_address" in data else "–"] for i in range(n)])
    panels = []
    for name, what, text in SHARD_ARRAYS:
        if name not in data:
            continue
        values = data[name].values.astype(float)
        values[values < 0] = np.nan  # -1: not measured
        table.head.append(what)
        for row, v in zip(table.rows, values):
            row.append("–" if np.isnan(v) else text(v) if what == "CPU time"
                       else f"{v:g}")
        if np.isfinite(values).any():
            panel = Panel(f"{what} of each shard", f"{what} of each of {n} "
                          f"shards. {label}", x,
                          svg.linear_axis(what, values, text))
            for i, v in enumerate(values):
                panel.bar(0, i, min(0.8, 0.15 * n), v, f"shard {i}: {text(v)}")
            if n > 1 and np.nanmean(values) > 0:
                panel.level(float(np.nanmean(values)), "mean")
            panels.append(panel)
    if not panels:
        return None
    return Variant(label, panels, NO_LEGEND, table, _balance(data))


def _balance(data: "srbench_results.xr.Dataset") -> str:
    """How much more than its share the busiest shard had."""
    if data.sizes["shard"] < 2 or "shard_ops" not in data:
        return ""
    ops = data["shard_ops"].values.astype(float)
    if ops.mean() <= 0:
        return ""
    idle = int((ops == 0).sum())
    return (f"The busiest shard had {ops.max() / ops.mean():.2f} times the mean "
            "of operations" + (f"; {words.count(idle, 'shard')} had none."
                               if idle else "."))


def _permutation(r: pd.Series) -> "srbench_results.xr.Dataset | None":
    """What was measured of a row; None where the file does not hold it."""
    try:
        return srbench_results.permutation(r["path"], int(r["index"]))
    except ResultError:
        return None


def permutation_label(study: Study, r: pd.Series) -> str:
    """'permutation 7: 4 clients, tensors of 1 KiB'."""
    what = study.only(r)
    return f"permutation {int(r['index'])}" + (f": {what}" if what else "")


# --- timeline -----------------------------------------------------------------

def representative(study: Study) -> list[pd.Series]:
    """Permutations worth a timeline: those of the largest bandwidth at up to
    four tensor sizes, evenly chosen."""
    known = study.configs[study.configs["window"] > 0]
    sizes = evenly(distinct(known["tensor_bytes"]), 4)
    best = (known[known["tensor_bytes"] == s]["window"].idxmax() for s in sizes)
    return [known.loc[i] for i in best]


def timeline(study: Study, which: Sequence[int] | None) -> Chart:
    """which: indices of permutations; None: representative ones."""
    chart = Chart("timeline", "Timeline of one permutation",
                 "The first iterations of every client (evenly chosen ones of "
                 "very many) on the common clock, from the agreed start on. "
                 "Shown are the permutations of largest bandwidth at some tensor "
                 "sizes, or those that --timeline names.")
    if which is None:
        rows: Iterable[pd.Series] = representative(study)
    else:
        rows = [_named(study, i) for i in which]
    for r in rows:
        data = _permutation(r)
        if data is not None and {"put_start", "unpack_start", *OPS} <= set(data):
            variant = _timeline_variant(permutation_label(study, r), data)
            if variant:
                chart.variants.append(variant)
    if not chart.variants:
        chart.why_not = "the file holds no starts of operations"
    return chart


def _named(study: Study, index: int) -> pd.Series:
    rows = study.frame[study.frame["index"] == index]
    if rows.empty:
        raise ResultError(f"--timeline {index}: there is no such permutation; "
                          f"they are 0 to {int(study.frame['index'].max())}")
    row = rows.iloc[0]
    if row["status"] != "completed":
        raise ResultError(f"--timeline {index}: that permutation is "
                          f"{row['status']}, so it has no timeline")
    return row


def _timeline_variant(label: str, data: "srbench_results.xr.Dataset"
                      ) -> Variant | None:
    n = data.sizes["client"]
    clients = evenly(range(n), ROWS_OF_TIMELINE)
    first = min(50, max(2, BARS_OF_TIMELINE // len(clients)))
    starts = {op: data[f"{WORD[op]}_start"].values[clients, :first] for op in OPS}
    ends = {op: starts[op] + data[op].values[clients, :first] for op in OPS}
    if not all(np.isfinite(e).any() for e in ends.values()):
        return None
    x = svg.linear_axis("time since the agreed start",
                        [0.0, max(np.nanmax(e) for e in ends.values())],
                        words.seconds)
    y = svg.category_axis("client", [str(c) for c in clients])
    height = svg.TOP + svg.BOTTOM + max(90, 15 * len(clients))
    panel = Panel(f"first {starts[OPS[0]].shape[1]} iterations",
                  f"When which client was in put_tensor and unpack_tensor. {label}",
                  x, y, 2 * svg.WIDTH, height)
    thick = 0.72 * (height - svg.TOP - svg.BOTTOM) / len(clients)
    for k, op in enumerate(OPS):
        panel.spans(k, ((a, b, float(i)) for i in range(len(clients))
                        for a, b in zip(starts[op][i], ends[op][i])), thick)
    table = Table(["client", "first start", "last end shown", "in put", "in unpack"])
    for i, c in enumerate(clients):
        table.rows.append(
            [str(c), words.seconds(np.nanmin(starts[OPS[0]][i])),
             words.seconds(max(np.nanmax(e[i]) for e in ends.values()))] +
            [words.seconds(np.nansum(ends[op][i] - starts[op][i])) for op in OPS])
    legend = [Entry(0, "put_tensor", filled=True),
              Entry(1, "unpack_tensor", filled=True)]
    note = "" if len(clients) == n else (
        f"{len(clients)} of {n} clients are drawn, evenly chosen.")
    return Variant(label, [panel], legend, table, note)


# --- the floor ----------------------------------------------------------------

FLOOR_COLUMNS = (("put_tensor_of_floor", "put_tensor"),
                 ("unpack_tensor_of_floor", "unpack_tensor"),
                 ("window_of_floor", "bandwidth"))


def of_floor(study: Study, _: Digests) -> Chart:
    chart = Chart("floor", "Share of the floor",
                 "How near a server comes to the built-in one, which only carries "
                 "bytes, in the same place: its share of that bandwidth, and for "
                 "times the floor's median / this one's. 100 %: nothing left to "
                 "gain but in network, CPUs and client.")
    names = [c for c, _ in FLOOR_COLUMNS]
    configs = study.configs
    known = configs[configs[names].notna().any(axis=1)]
    if known.empty:
        chart.why_not = "db_exe: floor was not swept beside a server"
        return chart
    rest = [d for d in study.dims if d != "tensor_bytes"]
    parts, more = limited(slices(known, rest), "combinations")
    chart.caption += more
    for label, part in parts:
        x = svg.points_axis("tensor size", part["tensor_bytes"], words.size, True)
        y = svg.linear_axis("share of the floor",
                            [1.0, *part[names].to_numpy().ravel()], words.share)
        panel = Panel("share of the floor", "Share of what the built-in server "
                      f"reaches, against tensor size. {label}", x, y)
        panel.level(1.0, "floor")
        table = Table(["tensor"] + [text for _, text in FLOOR_COLUMNS])
        part = part.sort_values("tensor_bytes")
        for k, (column, text) in enumerate(FLOOR_COLUMNS):
            panel.line(k, zip(part["tensor_bytes"], part[column]))
            panel.dots(k, ((b, v, f"{text}, {words.size(b)}: {words.share(v)}")
                           for b, v in zip(part["tensor_bytes"], part[column])))
        table.rows = [[words.size(r["tensor_bytes"])] +
                      [words.share(r[c]) for c in names]
                      for _, r in part.iterrows()]
        chart.variants.append(Variant(label, [panel], [
            Entry(k, text) for k, (_, text) in enumerate(FLOOR_COLUMNS)], table))
    return chart


# --- how sure -----------------------------------------------------------------

def half_width(rows: pd.DataFrame, low: str, high: str, centre: str) -> pd.Series:
    """Half an interval as a share of its centre."""
    return (rows[high] - rows[low]) / (2 * rows[centre])


SURENESS = (
    ("within a run", ("{}_median_low", "{}_median_high", "{}_median"), OPS),
    ("over repetitions", ("{}_repeated_low", "{}_repeated_high", "{}_repeated"),
     (*OPS, "window")),
)


def sureness(study: Study, _: Digests) -> Chart:
    chart = Chart("sureness", "How sure each figure is",
                 "Half the 95 % interval as a share of the figure; small is sure. "
                 "Every configuration is one dot, whatever its axes. Within a "
                 "run: how well that run knows its own median. Over repetitions: "
                 "how much another run would differ, which is what counts when "
                 "configurations are compared.")
    table = Table(["interval", "figure", "configurations", "median", "largest"])
    panels = []
    for title, columns, figures in SURENESS:
        points = []
        for k, figure in enumerate(figures):
            h = half_width(study.configs, *(c.format(figure) for c in columns))
            seen = h[h > 0]
            points += [(k, study.configs.loc[i], v) for i, v in seen.items()]
            if len(seen):
                table.rows.append([title, figure, str(len(seen)),
                                   words.share(seen.median()),
                                   words.share(seen.max())])
        if points:
            panels.append(_sureness_panel(study, title, points))
    if not panels:
        chart.why_not = "no interval is in the file: too few samples or repetitions"
        return chart
    chart.variants.append(Variant("", panels, [
        Entry(k, f) for k, f in enumerate((*OPS, "window"))
        if f in {row[1] for row in table.rows}], table, _methods(study)))
    return chart


def _sureness_panel(study: Study, title: str,
                    points: list[tuple[int, pd.Series, float]]) -> Panel:
    x = svg.points_axis("tensor size", [r["tensor_bytes"] for _, r, _ in points],
                        words.size, True)
    y = svg.log_axis("half the interval", [v for _, _, v in points], words.share)
    panel = Panel(title, f"Half of the 95 % intervals {title}, as a share of the "
                  "figure, against tensor size.", x, y)
    for k, r, v in points:
        panel.dots(k, [(r["tensor_bytes"], v,
                        f"{permutation_label(study, r)}: ± {words.share(v)}")],
                   beside=7.0 * (k - 1))
    return panel


def _methods(study: Study) -> str:
    methods = study.frame.loc[study.frame["interval_method"] != "",
                              "interval_method"].value_counts()
    shown = [f"{m} ({words.count(n, 'permutation')})" for m, n in methods.items()]
    return f"Methods: {words.listed(shown)}." if shown else ""


def all_charts(study: Study, digests: Digests,
                which: Sequence[int] | None = None) -> list[Chart]:
    """In the order of the page; which: as in timeline()."""
    if study.configs.empty:
        return []
    return [against_size(study, digests), bandwidth(study, digests),
            violins(study, digests), slowdown(study, digests),
            sureness(study, digests), of_floor(study, digests),
            shards(study, digests), timeline(study, which)]
