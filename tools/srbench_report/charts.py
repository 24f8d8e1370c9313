"""The charts of the page.

A chart has variants, of which the reader chooses one. As much of what varies as
there are colours for is told by colour, all placements, servers and transports
in one figure; what is left is never pooled: it tells the variants apart. Where
there are more than can be drawn, the figure says how many are not.
"""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Callable, Iterable, Iterator, Sequence

import numpy as np
import pandas as pd

from srbench_results import ResultError

from . import svg, tuned, verdicts, words
from .digest import TOLD, Clients, Digest, Digests, Heat
from .study import DATABASE, OPS, Study, described, groups, rungs
from .svg import SERIES, Panel

MOST_VARIANTS = 12
MOST_PANELS = 12
MOST_MARKS = 60  # of a series; of more those that leave so many units between them
BETWEEN_MARKS = 9.0
ROWS_OF_TIMELINE = 24
BARS_OF_TIMELINE = 1200  # of each operation
DOTS_OF_CLIENTS = 200
SHADES = 6
NEUTRAL = SERIES  # the class of what is no series
WORD = {"put_tensor": "put", "unpack_tensor": "unpack"}
# Which axes are told by colour first.
BY_COLOUR = ("file", "place", "server", "transport", "client", "clients")
Said = Callable[[float], str]


@dataclass
class Entry:
    """One line of a legend; kind: as in svg.key()."""
    series: int
    text: str
    kind: str = "line"


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

    @property
    def entries(self) -> list[Entry]:
        """The legend, with what the panels say by themselves."""
        return self.legend + [Entry(NEUTRAL, "goes on beyond the panel", "beyond")] \
            * any(p.beyond for p in self.panels) + [
            Entry(NEUTRAL, "unknown: interval wider than the panel", "hollow")] \
            * any(p.wider for p in self.panels)


@dataclass
class Chart:
    """name: of its anchor and files; why_not: the reason when there is nothing
    to draw (and then no variant)."""
    name: str
    title: str
    caption: str
    variants: list[Variant] = field(default_factory=list)
    why_not: str = ""


@dataclass
class Series:
    """Configurations of one colour. beside: so many units to the right stand
    its marks, so that those of several series at one place can be told apart."""
    k: int
    name: str
    rows: pd.DataFrame
    beside: float


# --- what goes where ----------------------------------------------------------

def evenly(values: Sequence, most: int) -> list:
    """At most so many of them, evenly chosen, first and last among them."""
    if len(values) <= most:
        return list(values)
    return [values[i] for i in
            np.linspace(0, len(values) - 1, most).round().astype(int)]


def distinct(column: pd.Series) -> list:
    """Its values in order."""
    return sorted(column.dropna().unique().tolist())


def plays(part: pd.DataFrame) -> tuple[bool, bool]:
    """Sorts databases before what only plays one."""
    first = part[:1]
    return (rungs(first).iloc[0] != DATABASE,
            first["client"].iloc[0] == "null")


def slices(configs: pd.DataFrame, dims: Sequence[str]
           ) -> list[tuple[str, pd.DataFrame]]:
    """Configurations by what dims say, with a label each; one slice without a
    label where there are none. In the order of the study, but databases before
    what only plays one."""
    found = sorted(groups(configs, dims, sort=False), key=plays)
    return [(described(g.iloc[0], dims), g) for g in found]


def coloured(configs: pd.DataFrame, free: Sequence[str]) -> list[str]:
    """Which of the free dimensions are told by colour: as many as there are
    colours for, one at least."""
    order = sorted(free, key=lambda d: (BY_COLOUR.index(d) if d in BY_COLOUR
                                        else len(BY_COLOUR)))
    told: list[str] = []
    for d in order:
        if not told or len(groups(configs, [*told, d])) <= SERIES:
            told.append(d)
    return told


def series_of(part: pd.DataFrame, dims: Sequence[str]) -> tuple[list[Series], str]:
    """What is drawn in a colour each, and a note on what is left out."""
    every = slices(part, dims)
    kept = evenly(every, SERIES)
    note = "" if len(kept) == len(every) else (
        f"{len(kept)} of {len(every)} combinations of "
        f"{', '.join(words.AXIS_NAMES.get(d, d) for d in dims)} are drawn, "
        "evenly chosen.")
    step = min(5.0, 24.0 / len(kept))
    return [Series(k, name, rows, step * (k - (len(kept) - 1) / 2))
            for k, (name, rows) in enumerate(kept)], note


def legend_of(series: Iterable[Series], kind: str = "line") -> list[Entry]:
    """Of those that have a name."""
    return [Entry(s.k, s.name, kind) for s in series if s.name]


def varied(chart: Chart, configs: pd.DataFrame, dims: Sequence[str],
           taken: Sequence[str], make: Callable[..., Iterable[Variant]]) -> Chart:
    """Fill a chart with a variant for each combination of what is neither taken
    nor a colour; make: of a label, its configurations and what is a colour."""
    free = [d for d in dims if d not in taken
            and configs[d].nunique(dropna=False) > 1]
    colours = coloured(configs, free)
    every = slices(configs, [d for d in free if d not in colours])
    kept = evenly(every, MOST_VARIANTS)
    if len(kept) < len(every):
        chart.caption += (
            f" Of {len(every)} combinations, {len(kept)} are drawn, evenly "
            "chosen; --where chooses others, the table has all.")
    for label, part in kept:
        chart.variants += make(label, part, colours)
    return chart


def span(configs: pd.DataFrame, *figures: str, log: bool = False) -> list[float]:
    """What an axis of these figures must hold: themselves, and of their intervals
    what is within a factor of 3, on a linear axis within half of its length. A few
    wild ones would flatten all else; they go on beyond the panel."""
    def finite(names: Iterable[str]) -> np.ndarray:
        found = configs[[n for n in names if n in configs]].to_numpy(float).ravel()
        return found[np.isfinite(found) & ((found > 0) | (not log))]
    seen = finite(figures)
    if not seen.size:  # nothing of it was measured
        return []
    least, most = seen.min(), seen.max()
    if log:
        least, most = least / 3, most * 3
    else:
        half = (max(most, 0.0) - min(least, 0.0)) / 2
        least, most = min(least, 0.0) - half, max(most, 0.0) + half
    ends = finite(f"{f}{end}" for f in figures for end in ("_low", "_high"))
    return [*seen, *ends.clip(least, most)]


def cell(low: float, high: float, text: Said) -> str:
    """An interval as a cell."""
    return f"{text(low)} to {text(high)}" if low == low else "–"


def _sizes(configs: pd.DataFrame, most: int = MOST_PANELS
           ) -> tuple[list[int], str]:
    every = [int(v) for v in distinct(configs["tensor_bytes"])]
    kept = evenly(every, most)
    note = "" if len(kept) == len(every) else (
        f"{len(kept)} of {len(every)} tensor sizes are drawn, evenly chosen.")
    return kept, note


def _joined(*notes: str) -> str:
    return " ".join(n for n in notes if n)


def marked(places: Sequence[float]) -> list[int]:
    """Which of them have a mark: of very many those that do not cover each other,
    first and last among them."""
    if len(places) <= MOST_MARKS:
        return list(range(len(places)))
    kept = [0]
    for i, at in enumerate(places):
        if at - places[kept[-1]] >= BETWEEN_MARKS:
            kept.append(i)
    return [*kept[:max(len(kept) - 1, 1)], len(places) - 1]


def curve(panel: Panel, s: Series, x: str, y: str, text: Said) -> None:
    """A series: a line, its marks, and their intervals where there are any; of
    very many places some have a mark. The panel's axis is of span()."""
    rows = s.rows.sort_values(x)
    panel.line(s.k, zip(rows[x], rows[y]), beside=s.beside)
    rows = rows.iloc[marked([panel.px(v) for v in rows[x]])]
    at = words.size if x == "tensor_bytes" else lambda v: words.phrase(x, v)
    known = f"{y}_low" in rows
    lost = [known and panel.whisker(
        s.k, r[x], r[f"{y}_low"], r[f"{y}_high"], s.beside,
        f"95 %: {cell(r[f'{y}_low'], r[f'{y}_high'], text)}")
        for _, r in rows.iterrows()]
    for hollow, (_, r) in zip(lost, rows.iterrows()):
        said = ", ".join(filter(None, (s.name, at(r[x])))) + f": {text(r[y])}"
        panel.dots(s.k, [(r[x], r[y], said)], s.beside, hollow)


# --- bandwidth ----------------------------------------------------------------

WINDOW = ("Bandwidth of the window: bytes of both directions / (last end − first "
          "start). Whiskers: 95 %, over repetitions where there are several, else "
          "within this run; one with an arrow goes on beyond the panel, and a "
          "hollow mark has one that does so at both ends.")
SCALING = (" Scaling efficiency: bandwidth / {0}, as a share of that of the fewest in "
           "the same series; 100 % is linear. Its whiskers: the 95 % interval of "
           "that ratio of two bandwidths, with the doubt of both, as in the verdicts; "
           "the fewest have none.")


def sure(configs: pd.DataFrame) -> pd.DataFrame:
    """With the interval of a bandwidth that was not repeated, as the verdicts have
    it: of what it is within the run."""
    found, once = configs.copy(), configs["repetitions"] < 2
    rows = configs[once]
    ends = [verdicts.interval(r) for _, r in rows.iterrows()]
    for end, each in zip(("_low", "_high"), zip(*ends)):
        found.loc[once, f"window{end}"] = each
        found.loc[once, f"ops{end}"] = each * rows["ops"] / rows["window"]
    return found


NO_WINDOW = ("steps compute or have a rate, and what was moved is what was asked "
             "for")


def bandwidth(study: Study, _: Digests) -> Chart:
    chart = Chart("bandwidth", "Bandwidth against tensor size", WINDOW)
    known = study.configs[study.configs["window"].notna()]
    if known.empty:
        chart.why_not = NO_WINDOW
        return chart
    return varied(chart, sure(known), study.dims, ["tensor_bytes"], _bandwidth_variant)


def _bandwidth_variant(label: str, part: pd.DataFrame, dims: list[str]
                       ) -> Iterator[Variant]:
    series, note = series_of(part, dims)
    x = svg.points_axis("tensor size", part["tensor_bytes"], words.size, True)
    panels = []
    for figure, what, text in (("window", "bandwidth", words.rate),
                               ("ops", "operations per second", words.plain)):
        y = svg.log_axis(what, span(part, figure, log=True), text)
        panel = Panel(what, f"{what} against the size of the tensor, both "
                      f"logarithmic. {label}", x, y, svg.BROAD)
        for s in series:
            curve(panel, s, "tensor_bytes", figure, text)
        panels.append(panel)
    table = Table(["tensor", "bandwidth", "95 % interval", "operations/s",
                   "series"])
    for s in series:
        for _, r in s.rows.sort_values("tensor_bytes").iterrows():
            table.rows.append([
                words.size(r["tensor_bytes"]), words.rate(r["window"]),
                cell(r["window_low"], r["window_high"], words.rate),
                words.plain(float(f"{r['ops']:.3g}")), s.name or "all"])
    yield Variant(label, panels, legend_of(series), table, note)


SUPERLINEAR = ("Above 100 %: more than linear. The fewest were held up by what more "
               "of them relieve (a server or a CPU that all share, waiting for "
               "each other), or the noise of either is that large: see the "
               "whiskers.")


def _against(name: str, title: str, column: str, study: Study) -> Chart:
    """Bandwidth against a number of things, with the efficiency of scaling."""
    chart = Chart(name, title, WINDOW + SCALING.format(
        words.AXIS_NAMES.get(column, column)))
    configs = study.configs[study.configs[column] > 0]
    if configs[column].nunique() < 2:
        chart.why_not = (f"the number of {words.AXIS_NAMES.get(column, column)} "
                         "was not varied")
        return chart
    if configs["window"].isna().all():
        chart.why_not = NO_WINDOW
        return chart
    if column == "db_nodes":  # of which `place` consists
        dims = [d for d in study.dims if d != "place"]
    else:
        dims = list(study.dims)
    return varied(chart, sure(configs), dims, ["tensor_bytes", column],
                  lambda *of: _against_variant(column, *of))


def against_nodes(study: Study, _: Digests) -> Chart:
    return _against("nodes", "Bandwidth against database nodes", "db_nodes", study)


def against_clients(study: Study, _: Digests) -> Chart:
    return _against("clients", "Bandwidth against clients", "clients", study)


def scaling(s: Series, column: str) -> Series:
    """With a column `efficiency` and its interval, by the rules of the verdicts.
    The first is the measure of all, itself too, so that it has none."""
    rows = s.rows.sort_values(column)
    first = rows.iloc[0]
    each = [np.array(verdicts.Effect().add(r, first).interval())
            * (first[column] / r[column]) for _, r in rows.iterrows()]
    each[0][1:] = np.nan
    names = [f"efficiency{end}" for end in ("", "_low", "_high")]
    return Series(s.k, s.name, rows.assign(**dict(zip(names, zip(*each)))), s.beside)


def _against_variant(column: str, label: str, part: pd.DataFrame,
                     dims: list[str]) -> Iterator[Variant]:
    if part[column].nunique() < 2:
        return
    what = words.AXIS_NAMES.get(column, column)
    series, note = series_of(part, dims)
    sizes, fewer = _sizes(part, MOST_PANELS // 2)
    x = svg.points_axis(what, part[column], words.plain, False)
    table = Table(["tensor", what, "bandwidth", "95 % interval",
                   "scaling efficiency", "its 95 % interval", "series"])
    rates, shares, beyond = [], [], False
    for size in sizes:
        of_size = part[part["tensor_bytes"] == size]
        found = [scaling(Series(s.k, s.name, rows, s.beside), column)
                 for s in series
                 if len(rows := s.rows[s.rows["tensor_bytes"] == size])]
        y = svg.linear_axis("bandwidth", span(of_size, "window"), words.rate)
        panel = Panel(words.size(size), f"Bandwidth against {what} with tensors "
                      f"of {words.size(size)}. {label}", x, y)
        e = svg.linear_axis("scaling efficiency", [1.0, *(
            v for s in found for v in span(s.rows, "efficiency"))], words.share)
        share = Panel(f"{words.size(size)}: scaling efficiency", "Scaling "
                      f"efficiency against {what} with tensors of "
                      f"{words.size(size)}. {label}", x, e)
        share.level(1.0)
        beyond = beyond or any((s.rows["efficiency"] > 1.05).any() for s in found)
        for s in found:
            curve(panel, s, column, "window", words.rate)
            curve(share, s, column, "efficiency", words.share)
            table.rows += [[words.size(size), words.exact(r[column]),
                            words.rate(r["window"]),
                            cell(r["window_low"], r["window_high"], words.rate),
                            words.share(r["efficiency"]),
                            cell(r["efficiency_low"], r["efficiency_high"],
                                 words.share), s.name or "all"]
                           for _, r in s.rows.iterrows()]
        rates.append(panel)
        shares.append(share)
    legend = [*legend_of(series), Entry(NEUTRAL, "linear scaling", "level")]
    yield Variant(label, rates + shares, legend, table,
                  _joined(note, fewer, SUPERLINEAR * beyond))


# --- time against size --------------------------------------------------------

def against_size(study: Study, _: Digests) -> Chart:
    chart = Chart("size", "Median and p99 against tensor size",
                 "Solid: median, with its 95 % interval (with an arrow: it goes "
                 "on beyond the panel; hollow mark: at both ends); dashed: p99 (not "
                 "given with fewer than 1000 samples).")
    return varied(chart, study.configs, study.dims, ["tensor_bytes"],
                  _size_variant)


def _size_variant(label: str, part: pd.DataFrame, dims: list[str]
                  ) -> Iterator[Variant]:
    series, note = series_of(part, dims)
    times = [*span(part, *OPS, log=True),
             *(t for op in OPS for t in part[f"{op}_p99"])]
    x = svg.points_axis("tensor size", part["tensor_bytes"], words.size, True)
    y = svg.log_axis("time", times, words.seconds)
    panels = []
    for op in OPS:
        panel = Panel(f"{op}", f"Median and 99th percentile of {op} against the "
                      f"size of the tensor, both logarithmic. {label}", x, y,
                      svg.BROAD)
        for s in series:
            rows = s.rows.sort_values("tensor_bytes")
            panel.line(s.k, zip(rows["tensor_bytes"], rows[f"{op}_p99"]),
                       dashed=True, beside=s.beside)
            curve(panel, s, "tensor_bytes", op, words.seconds)
        panels.append(panel)
    # a line needs two points
    dashed = any(rows[f"{op}_p99"].notna().sum() > 1
                 for s in series for op in OPS for rows in [s.rows])
    legend = legend_of(series) + [Entry(NEUTRAL, "p99", "dashed")] * dashed
    yield Variant(label, panels, legend, _size_table(series), note)


def _size_table(series: list[Series]) -> Table:
    table = Table(["tensor"] + [
        f"{WORD[op]} {what}" for op in OPS for what in
        ("median", "95 % interval", "p99")] + ["series"])
    for s in series:
        for _, r in s.rows.sort_values("tensor_bytes").iterrows():
            cells = [words.size(r["tensor_bytes"])]
            for op in OPS:
                cells += [words.seconds(r[op]),
                          cell(r[f"{op}_low"], r[f"{op}_high"], words.seconds),
                          words.seconds(r[f"{op}_p99"])]
            table.rows.append([*cells, s.name or "all"])
    return table


# --- percentiles --------------------------------------------------------------

def percentiles(study: Study, digests: Digests) -> Chart:
    chart = Chart("percentiles", "Percentiles up to the last sample",
                 "How long the slowest of so many operations took: each step to "
                 "the right is one more nine, and the line ends at the slowest "
                 "of all. Time logarithmic, one panel for each tensor size; "
                 "repetitions are pooled.")
    varied(chart, study.configs, study.dims, ["tensor_bytes"],
           lambda *of: _percentile_variants(digests, *of))
    if not chart.variants:
        chart.why_not = "the file holds no samples"
    return chart


def _found(digests: Digests, series: list[Series], size: int
           ) -> list[tuple[Series, Digest]]:
    """What there is of one tensor size."""
    return [(s, d) for s in series
            for _, r in s.rows[s.rows["tensor_bytes"] == size].iterrows()
            if (d := digests.of(r)) is not None]


def _percentile_variants(digests: Digests, label: str, part: pd.DataFrame,
                         dims: list[str]) -> Iterator[Variant]:
    series, note = series_of(part, dims)
    sizes, fewer = _sizes(part)
    found = {size: _found(digests, series, size) for size in sizes}
    if any(d.clients_read < d.clients for f in found.values() for _, d in f):
        note = _joined(note, "Of permutations with very many samples, evenly "
                       "chosen clients were read, and the slowest of all.")
    drawn = [s for s in series if any(s.k == x.k for f in found.values()
                                      for x, _ in f)]
    for op in OPS:
        panels = [_percentile_panel(op, size, label, f)
                  for size, f in found.items() if f]
        table = Table(["tensor"] + [f"p{100 * q:g}" for q in TOLD] +
                      ["slowest", "series"])
        for size, f in found.items():
            table.rows += [[words.size(size)] + [
                words.seconds(d.tails[op].at(q)) for q in TOLD] + [
                words.seconds(d.tails[op].times[-1]), s.name or "all"]
                for s, d in f]
        if panels:
            yield Variant(", ".join(filter(None, (op, label))), panels,
                          legend_of(drawn), table, _joined(note, fewer))


def _percentile_panel(op: str, size: int, label: str,
                      found: list[tuple[Series, Digest]]) -> Panel:
    tails = [(s, d.tails[op]) for s, d in found]
    x = svg.tail_axis(max(t.beyond[-1] for _, t in tails) / 2)
    y = svg.log_axis("time", [v for _, t in tails for v in t.times[[0, -1]]],
                     words.seconds)
    panel = Panel(words.size(size), f"Percentiles of {op} with tensors of "
                  f"{words.size(size)}, up to the slowest. {label}", x, y)
    for s, t in tails:
        panel.line(s.k, zip(t.beyond, t.times))
        marks = [(1 / (1 - q), t.at(q), f"p{100 * q:g}") for q in TOLD]
        marks.append((t.beyond[-1], t.times[-1], "slowest"))
        panel.dots(s.k, ((b, v, _joined(s.name, f"{w}: {words.seconds(v)}"))
                         for b, v, w in marks if v == v))
    return panel


# --- over time ----------------------------------------------------------------

def representative(study: Study, least: int = 1) -> list[pd.Series]:
    """Permutations worth a closer look: those of the largest bandwidth at up to
    four tensor sizes, evenly chosen; of databases, where there are any. least:
    so many clients they must have."""
    known = study.configs[(study.configs["window"] > 0)
                          & (study.configs["clients"] >= least)]
    real = known[rungs(known) == DATABASE]
    known = real if len(real) else known
    sizes = evenly(distinct(known["tensor_bytes"]), 4)
    best = (known[known["tensor_bytes"] == s]["window"].idxmax() for s in sizes)
    return [known.loc[i] for i in best]


def examples(study: Study, which: Sequence[int] | None, least: int = 1
             ) -> list[pd.Series]:
    """The permutations of --timeline, else representative ones."""
    return representative(study, least) if which is None else [
        _named(study, i) for i in which]


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


def permutation_label(study: Study, r: pd.Series) -> str:
    """'permutation 7: 4 clients, tensors of 1 KiB'."""
    what = study.only(r)
    return f"permutation {int(r['index'])}" + (f": {what}" if what else "")


EXAMPLES = (" Shown are permutations of the largest bandwidth at some tensor "
            "sizes, or those that --timeline names.")


def over_time(study: Study, digests: Digests, which: Sequence[int] | None) -> Chart:
    chart = Chart("heat", "Latency over time",
                 "How many operations began when, and took how long (the stronger "
                 "the colour the more, on a logarithmic scale): pauses stand alone above, "
                 "modes are bands, a slow start is on the left." + EXAMPLES)
    for r in examples(study, which):
        label, found = permutation_label(study, r), digests.heats(r)
        if found:
            chart.variants.append(Variant(
                label, [_heat_panel(op, label, h) for op, h in found.items()],
                [], _heat_table(found)))
    if not chart.variants:
        chart.why_not = "the file holds too few starts of operations"
    return chart


def _heat_panel(op: str, label: str, h: Heat) -> Panel:
    x = svg.linear_axis("time since the agreed start", h.times, words.seconds)
    y = svg.log_axis("time", h.latencies, words.seconds)
    panel = Panel(op, f"When operations of {op} began and how long they took. "
                  f"{label}", x, y, svg.BROAD)
    level = np.ceil(SHADES * np.log1p(h.counts) / np.log1p(h.counts.max()))
    for shade in range(1, SHADES + 1):
        panel.cells(OPS.index(op), shade / SHADES, (
            (h.times[i], h.latencies[j], h.times[i + 1], h.latencies[j + 1])
            for i, j in zip(*np.nonzero(level == shade))))
    return panel


def _heat_table(found: dict[str, Heat]) -> Table:
    """By quarters of the time: how many, and the cell of the slowest."""
    table = Table(["quarter of the time", "operation", "operations",
                   "slowest, up to"])
    for op, h in found.items():
        for k, part in enumerate(np.array_split(h.counts, 4)):
            seen = np.nonzero(part.sum(axis=0))[0]
            table.rows.append([str(k + 1), op, f"{part.sum():.0f}", words.seconds(
                h.latencies[seen[-1] + 1]) if seen.size else "–"])
    return table


# --- slowdown -----------------------------------------------------------------

def slowdown(study: Study, digests: Digests) -> Chart:
    chart = Chart("iterations", "Slowdown over iterations",
                 "Median of the clients by iteration (of runs of neighbouring "
                 "iterations, where there are more than 50), one panel for each "
                 "tensor size. Solid: put_tensor, dashed: unpack_tensor. With a "
                 "duration, iterations are the samples that were kept.")
    varied(chart, study.configs, study.dims, ["tensor_bytes"],
           lambda *of: _slowdown_variant(digests, *of))
    if not chart.variants:
        chart.why_not = "the file holds no loop of more than one iteration"
    return chart


def _slowdown_variant(digests: Digests, label: str, part: pd.DataFrame,
                      dims: list[str]) -> Iterator[Variant]:
    series, note = series_of(part, dims)
    sizes, fewer = _sizes(part)
    table = Table(["tensor", "operation", "slowest block", "first tenth",
                   "last tenth", "last / first", "series"])
    panels, beyond = [], False
    for size in sizes:
        found = [(s, d) for s, d in _found(digests, series, size)
                 if len(d.iterations) > 1]
        if found:
            panel, cut = _slowdown_panel(size, label, found)
            panels.append(panel)
            beyond = beyond or cut
            table.rows += [[words.size(size), op, *_drift(d.medians[op]),
                            s.name or "all"] for s, d in found for op in OPS]
    if beyond:
        note = _joined(note, "A line that runs along the upper edge is beyond it, "
                       "so that the first iterations do not flatten the rest; "
                       "the numbers say how far.")
    legend = [*legend_of(series, "solid"), Entry(NEUTRAL, OPS[0], "solid"),
              Entry(NEUTRAL, OPS[1], "dashed")]
    if panels:
        yield Variant(label, panels, legend, table, _joined(note, fewer))


def ceiling(values: Sequence[np.ndarray]) -> float:
    """How far an axis must go to show lines but for their few highest points."""
    known = np.concatenate([v[np.isfinite(v)] for v in values])
    most = known.max(initial=0.0)
    usual = max((float(np.nanquantile(v, 0.96)) for v in values
                 if np.isfinite(v).any()), default=0.0)
    return min(most, 1.2 * usual)


def _slowdown_panel(size: int, label: str, found: list[tuple[Series, Digest]]
                    ) -> tuple[Panel, bool]:
    """And whether some of it is beyond the panel."""
    lines = [d.medians[op] for _, d in found for op in OPS]
    top = ceiling(lines)
    x = svg.linear_axis("iteration", [d.iterations[-1] for _, d in found],
                        words.plain)
    y = svg.linear_axis("median time", [top], words.seconds)
    panel = Panel(words.size(size), "Median time of the clients by iteration with "
                  f"tensors of {words.size(size)}. {label}", x, y)
    for s, d in found:
        for op in OPS:
            panel.line(s.k, zip(d.iterations, d.medians[op].clip(max=y.hi)),
                       dashed=op == OPS[1])
    return panel, any(np.nanmax(v) > y.hi for v in lines)


def _drift(medians: np.ndarray) -> list[str]:
    """How the last tenth compares with the first."""
    known = medians[np.isfinite(medians)]
    if known.size == 0:
        return ["–"] * 4
    n = max(1, len(known) // 10)
    first, last = np.median(known[:n]), np.median(known[-n:])
    return [words.seconds(known.max()), words.seconds(first),
            words.seconds(last), f"{last / first:.2f}"]


# --- each client --------------------------------------------------------------

def each_client(study: Study, digests: Digests, which: Sequence[int] | None
                ) -> Chart:
    chart = Chart("each", "Each client",
                 "Median of each client, and up to the cap its 95th percentile, "
                 "one colour for those that share a node and, where its clients "
                 "are in several, a NUMA domain: who lags behind, and whether "
                 "all of a place do." + EXAMPLES)
    for r in examples(study, which, least=2):
        found = digests.clients(r)
        if found is not None and len(found.node) > 1:
            chart.variants.append(_client_variant(permutation_label(study, r),
                                                  found))
    if not chart.variants:
        chart.why_not = "there was one client"
    return chart


def told_clients(found: Clients) -> np.ndarray:
    """Which are drawn: all, or of many the slowest and evenly chosen others."""
    n = len(found.node)
    if n <= DOTS_OF_CLIENTS:
        return np.arange(n)
    worst = np.concatenate([np.argsort(found.p95[op])[-10:] for op in OPS])
    return np.unique([*worst, *evenly(range(n), DOTS_OF_CLIENTS - len(worst))])


def places_of(found: Clients) -> list[str]:
    """Where each client is: "node 2", with its NUMA domain where those of its
    node are in several."""
    several = {v for v in np.unique(found.node)
               if len(np.unique(found.numa[found.node == v])) > 1}
    return [f"node {int(v)}" + (f", NUMA {int(m)}" if v in several and m >= 0
                                else "")
            for v, m in zip(found.node, found.numa)]


def _client_variant(label: str, found: Clients) -> Variant:
    shown, n = told_clients(found), len(found.node)
    place = places_of(found)
    places = list(dict.fromkeys(place))
    times = [t for op in OPS for t in (*found.median[op], *found.p95[op])]
    x = svg.category_axis("client", [str(c) for c in shown])
    y = svg.log_axis("time", times, words.seconds)
    panels = []
    for op in OPS:
        panel = Panel(op, f"Median and 95th percentile of {op} of each client. "
                      f"{label}", x, y, svg.BROAD)
        for at, c in enumerate(shown):
            k = places.index(place[c]) % SERIES
            mid, high = found.median[op][c], found.p95[op][c]
            panel.whisker(k, at, mid, high)
            panel.dots(k, [(at, mid, f"client {c}: {words.seconds(mid)}, p95 "
                            f"{words.seconds(high)}")])
        panels.append(panel)
    legend = [Entry(k, v, "mark") for k, v in enumerate(places)] \
        if 1 < len(places) <= SERIES else []
    table = Table(["operation", "fastest client", "median client",
                   "slowest client", "slowest / median"])
    for op in OPS:
        m = found.median[op][np.isfinite(found.median[op])]
        if m.size:
            table.rows.append([op, *map(words.seconds, (m.min(), np.median(m),
                                                        m.max())),
                               f"{m.max() / np.median(m):.2f}"])
    note = "" if len(shown) == n else (
        f"{len(shown)} of {n} clients are drawn: the slowest, and others evenly "
        "chosen.")
    if len(places) > SERIES:
        note = _joined(note, f"{len(places)} places share {SERIES} colours, in "
                       "turn.")
    return Variant(label, panels, legend, table, note)


# --- CPU ----------------------------------------------------------------------

CPU = {"servers": ("shard_cpu_time", "shard_ops"),
       "clients": ("client_cpu_time", "client_ops")}


def cpu(study: Study, digests: Digests) -> Chart:
    chart = Chart("cpu", "CPU of servers and clients",
                 "CPU time for each operation, of all servers (warm-up and loop) "
                 "and of all clients (loop), on one scale: whose work it is.")
    configs = study.configs
    for who, (time, ops) in CPU.items():
        each = [digests.summed(r, time) / (digests.summed(r, ops) or np.nan)
                for _, r in configs.iterrows()]
        configs = configs.assign(**{f"cpu_{who}": each})
    configs = configs[(configs[[f"cpu_{who}" for who in CPU]] > 0).any(axis=1)]
    if configs.empty:
        chart.why_not = "the file holds no CPU times"
        return chart
    return varied(chart, configs, study.dims, ["tensor_bytes"], _cpu_variant)


def _cpu_variant(label: str, part: pd.DataFrame, dims: list[str]
                 ) -> Iterator[Variant]:
    series, note = series_of(part, dims)
    x = svg.points_axis("tensor size", part["tensor_bytes"], words.size, True)
    y = svg.log_axis("CPU time an operation",
                     span(part, *(f"cpu_{who}" for who in CPU), log=True),
                     words.seconds)
    panels = []
    for who in CPU:
        if not (part[f"cpu_{who}"] > 0).any():  # such as servers of null
            continue
        panel = Panel(who, f"CPU time of all {who} for each operation, against "
                      f"tensor size, both logarithmic. {label}", x, y, svg.BROAD)
        for s in series:
            curve(panel, s, "tensor_bytes", f"cpu_{who}", words.seconds)
        panels.append(panel)
    table = Table(["tensor", *(f"{who}, an operation" for who in CPU),
                   "series"])
    for s in series:
        table.rows += [[words.size(r["tensor_bytes"]), *(
            words.seconds(r[f"cpu_{who}"]) for who in CPU), s.name or "all"]
            for _, r in s.rows.sort_values("tensor_bytes").iterrows()]
    yield Variant(label, panels, legend_of(series), table, note)


# --- shards -------------------------------------------------------------------

SHARD_ARRAYS = (("shard_clients", "clients", words.plain),
                ("shard_ops", "puts and gets", words.plain),
                ("shard_cpu_time", "CPU time", words.seconds))


def imbalance(values: np.ndarray) -> float:
    """How much more than its share the busiest has: max / mean; NaN: unknown."""
    if not np.isfinite(values).all() or values.sum() <= 0:
        return float("nan")
    return float(values.max() / values.mean())


def with_imbalance(study: Study, digests: Digests) -> pd.DataFrame:
    """The configurations with that of their operations."""
    several = study.configs.get("shards", pd.Series(dtype=float)) > 1
    return study.configs.assign(imbalance=[
        imbalance(digests.arrays(r, ["shard_ops"]).get(
            "shard_ops", np.array([np.nan]))) if many else np.nan
        for many, (_, r) in zip(several, study.configs.iterrows())])


def shards(study: Study, digests: Digests) -> Chart:
    chart = Chart("shards", "Load of every shard",
                 "What each shard had to do in warm-up and loop: clients whose "
                 "key it owns, their operations, and the CPU time of its server. "
                 "The imbalance is max / mean: 1 is even, 2 is a shard with "
                 "twice its share. One permutation at a time.")
    several = study.configs[study.configs["shards"] > 1]
    columns = [d for d in study.dims if d != "tensor_bytes"]
    latest = several.sort_values("tensor_bytes")
    lasts = (g[-1:] for g in groups(latest, columns))
    every = [g.iloc[0] for g in sorted(lasts, key=plays)]
    for r in evenly(every, MOST_VARIANTS):
        chart.variants += _shard_variant(study, r, digests)
    if len(every) > MOST_VARIANTS:
        chart.caption += (f" Of {len(every)} combinations, {MOST_VARIANTS} are "
                          "drawn, evenly chosen; --where chooses others.")
    if not chart.variants:
        chart.why_not = "there was one shard" if several.empty else \
            "the file holds no counts of shards"
    return chart


def _shard_variant(study: Study, r: pd.Series, digests: Digests
                   ) -> Iterator[Variant]:
    data = digests.arrays(r, ["shard_address", *(a for a, *_ in SHARD_ARRAYS)])
    label = permutation_label(study, r)
    n = int(r["shards"])
    x = svg.category_axis("shard", [str(i) for i in range(n)])
    table = Table(["shard", "address"], [
        [str(i), str(a)] for i, a in enumerate(
            data.get("shard_address", ["–"] * n))])
    panels, told = [], []
    for name, what, text in SHARD_ARRAYS:
        values = data.get(name, np.full(n, np.nan))
        if not np.isfinite(values).any():
            continue
        table.head.append(what)
        for row, v in zip(table.rows, values):
            row.append("–" if np.isnan(v) else text(v) if what == "CPU time"
                       else f"{v:g}")
        uneven = imbalance(values)
        title = what
        if uneven == uneven:
            title += f": max / mean {uneven:.2f}"
            told.append(f"{what} {uneven:.2f}")
        panel = Panel(title, f"{what} of each of {n} shards. {label}", x,
                      svg.linear_axis(what, values, text,
                                      whole=text is words.plain))
        for i, v in enumerate(values):
            panel.bar(0, i, 0.8, v, f"shard {i}: {text(v)}")
        panel.level(float(np.nanmean(values)))
        panels.append(panel)
    idle = int((data.get("shard_ops", np.ones(n)) == 0).sum())
    note = _joined(f"Imbalance (max / mean): {', '.join(told)}." * bool(told),
                   f"{words.count(idle, 'shard')} had nothing to do."
                   * bool(idle))
    if panels:
        yield Variant(label, panels, [Entry(NEUTRAL, "mean", "level")], table, note)


# --- timeline -----------------------------------------------------------------

def timeline(study: Study, digests: Digests, which: Sequence[int] | None) -> Chart:
    chart = Chart("timeline", "Timeline of one permutation",
                 "The first iterations of every client (evenly chosen ones of "
                 "very many) on the common clock, from the agreed start on."
                 + EXAMPLES)
    for r in examples(study, which):
        data = digests.arrays(r, ["put_start", "unpack_start", *OPS])
        if len(data) == 4:
            chart.variants += _timeline_variant(permutation_label(study, r), data)
    if not chart.variants:
        chart.why_not = "the file holds no starts of operations"
    return chart


def _timeline_variant(label: str, data: dict[str, np.ndarray]
                      ) -> Iterator[Variant]:
    n = len(data[OPS[0]])
    clients = evenly(range(n), ROWS_OF_TIMELINE)
    first = min(50, max(2, BARS_OF_TIMELINE // len(clients)))
    starts = {op: data[f"{WORD[op]}_start"][clients, :first] for op in OPS}
    ends = {op: starts[op] + data[op][clients, :first] for op in OPS}
    if not all(np.isfinite(e).any() for e in ends.values()):
        return
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
            # of both: some only put and others only get
            [str(c), words.seconds(np.fmin.reduce(
                np.concatenate([s[i] for s in starts.values()]))),
             words.seconds(np.fmax.reduce(
                 np.concatenate([e[i] for e in ends.values()])))] +
            [words.seconds(np.nansum(ends[op][i] - starts[op][i])) for op in OPS])
    legend = [Entry(k, op, "area") for k, op in enumerate(OPS)]
    note = "" if len(clients) == n else (
        f"{len(clients)} of {n} clients are drawn, evenly chosen.")
    yield Variant(label, [panel], legend, table, note)


# --- the floor ----------------------------------------------------------------

FLOOR_COLUMNS = (("window_of_floor", "bandwidth"),
                 ("put_tensor_of_floor", "put_tensor"),
                 ("unpack_tensor_of_floor", "unpack_tensor"))
BEATEN = ("Above 100 % the server was faster than the floor, which is no bound "
          "there (floor_beaten: by more than chance). A server with more threads "
          "or with buffers that fit can beat it with large tensors, and where "
          "several processes share a CPU, who is woken first differs from run to "
          "run. Repetitions, which take turns, on a quiet machine tell which it "
          "is.")


def of_floor(study: Study, _: Digests) -> Chart:
    chart = Chart("floor", "Share of the floor",
                 "How near a server comes to the built-in one, which only carries "
                 "bytes, in the same place: its share of that bandwidth, and for "
                 "times the floor's median / this one's; each repetition beside "
                 "its like, whiskers 95 % over these. 100 %: nothing left to gain "
                 "but in network, CPUs and client.")
    names = [c for c, _ in FLOOR_COLUMNS]
    known = study.configs[study.configs[names].notna().any(axis=1)]
    if known.empty:
        chart.why_not = "db_exe: floor was not swept beside a server"
        return chart
    return varied(chart, known, study.dims, ["tensor_bytes"], _floor_variant)


def _floor_variant(label: str, part: pd.DataFrame, dims: list[str]
                   ) -> Iterator[Variant]:
    series, note = series_of(part, dims)
    x = svg.points_axis("tensor size", part["tensor_bytes"], words.size, True)
    names = [c for c, _ in FLOOR_COLUMNS]
    y = svg.linear_axis("share of the floor",
                        [1.0, *span(part, *names)], words.share)
    panels = []
    for column, what in FLOOR_COLUMNS:
        panel = Panel(what, f"Share of what the built-in server reaches in {what}, "
                      f"against tensor size. {label}", x, y)
        panel.level(1.0)
        for s in series:
            curve(panel, s, "tensor_bytes", column, words.share)
        panels.append(panel)
    table = Table(["tensor", *(what for _, what in FLOOR_COLUMNS), "series"])
    for s in series:
        table.rows += [[words.size(r["tensor_bytes"]),
                        *(words.share(r[c]) for c in names), s.name or "all"]
                       for _, r in s.rows.sort_values("tensor_bytes").iterrows()]
    beaten = BEATEN * bool((part[names] > 1.005).any(axis=None))
    legend = [*legend_of(series), Entry(NEUTRAL, "the floor", "level")]
    yield Variant(label, panels, legend, table, _joined(note, beaten))


# --- how sure -----------------------------------------------------------------

MOST_DOUBT = 10.0  # that is drawn, of half an interval as a share of its figure


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
    unknown = 0
    table = Table(["interval", "figure", "configurations", "median", "largest"])
    panels = []
    for title, columns, figures in SURENESS:
        points = []
        for k, figure in enumerate(figures):
            h = half_width(study.configs, *(c.format(figure) for c in columns))
            seen = h[h > 0]
            points += [(k, study.configs.loc[i], v) for i, v in seen.items()]
            unknown += int((seen > MOST_DOUBT).sum())
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
        Entry(k, f, "mark") for k, f in enumerate((*OPS, "window"))
        if f in {row[1] for row in table.rows}], table, _joined(
            f"Of {words.count(unknown, 'figure')} at the upper edge nothing is known: "
            f"more than {words.share(MOST_DOUBT)}; more repetitions tell."
            * bool(unknown), _methods(study))))
    return chart


def _sureness_panel(study: Study, title: str,
                    points: list[tuple[int, pd.Series, float]]) -> Panel:
    x = svg.points_axis("tensor size", [r["tensor_bytes"] for _, r, _ in points],
                        words.size, True)
    y = svg.log_axis("half the interval", [min(v, MOST_DOUBT) for _, _, v in points],
                     words.share)
    panel = Panel(title, f"Half of the 95 % intervals {title}, as a share of the "
                  "figure, against tensor size.", x, y, svg.BROAD)
    for k, r, v in points:
        panel.dots(k, [(r["tensor_bytes"], min(v, MOST_DOUBT),
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
    """In the order of the page; which: the permutations of --timeline."""
    from . import (  # which are made of what is above
        exchange, inference, kept, ladder, steps)

    if study.configs.empty:
        return []
    found = tuned.effects(study.paths, study.about)
    return [*filter(None, [found]), inference.shares(study, digests),
            inference.rates(study, digests), inference.copied(study, digests),
            bandwidth(study, digests), ladder.where_time_goes(study, digests),
            steps.overhead(study, digests), steps.capacity(study, digests),
            kept.memory(study, digests), exchange.delivery(study, digests),
            exchange.lists(study, digests),
            exchange.distribution(study, digests),
            exchange.one_step(study, digests), against_nodes(study, digests),
            against_clients(study, digests), against_size(study, digests),
            percentiles(study, digests), over_time(study, digests, which),
            slowdown(study, digests), each_client(study, digests, which),
            cpu(study, digests), shards(study, digests),
            of_floor(study, digests), sureness(study, digests),
            timeline(study, digests, which)]
