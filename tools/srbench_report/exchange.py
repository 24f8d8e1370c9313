"""Charts and sentences of clients that read what others write: how old data are
when a reader has them. Empty for studies without such."""
from __future__ import annotations

import math
from typing import Iterator, Sequence

import numpy as np
import pandas as pd

from . import svg, words
from .charts import (NEUTRAL, Chart, Entry, Series, Table, Variant, _joined,
                     curve, evenly, legend_of, permutation_label, series_of, span,
                     varied)
from .digest import Digests
from .steps import column
from .study import Study
from .svg import Panel

NOBODY = "no client reads what others write (pattern: exchange or aggregate)"
MOST_SENTENCES = 6
MOST_EXAMPLES = 4
SHARES = np.linspace(0.0, 1.0, 101)
# Of what it is drawn: the figure, and which line.
LINES = (("delivery_median", "delivery, median", False),
         ("delivery_p99", "delivery, p99", True),
         ("visible_median", "seen after the put, median", True))


def exchanging(configs: pd.DataFrame) -> pd.DataFrame:
    return configs[column(configs, "delivery_median").notna()]


# --- against size, and against the pause ---------------------------------------

def delivery(study: Study, _: Digests) -> Chart:
    chart = Chart(
        "delivery", "How old data are when a reader has them",
        "Solid: median from the begin of a put to the end of its get; dashed: its "
        "99th percentile (not given with fewer than 1000 samples), and how long "
        "after the end of the put a reader saw that it is there, where that is "
        "above 0. What was retired before it was read is in none of them.")
    rows = exchanging(study.configs)
    if rows.empty:
        chart.why_not = NOBODY
        return chart
    chart = varied(chart, rows, study.dims, ["tensor_bytes"],
                   lambda *of: _variant("tensor_bytes", *of))
    timed = rows[column(rows, "wait_value").notna()]
    if timed["wait_value"].nunique() > 1:
        chart = varied(chart, timed, study.dims, ["wait", "wait_value"],
                       lambda *of: _variant("wait_value", *of))
    return chart


def _variant(x: str, label: str, part: pd.DataFrame,
             dims: list[str]) -> Iterator[Variant]:
    series, note = series_of(part, dims)
    text = words.size if x == "tensor_bytes" else words.seconds
    name = "tensor size" if x == "tensor_bytes" else "pause between polls"
    panel = Panel(
        f"against {name}", f"Delivery against {name}. {label}",
        svg.points_axis(name, part[x], text, True),
        svg.log_axis("time", span(part, *(f for f, _, _ in LINES), log=True),
                     words.seconds))
    for s in series:
        curve(panel, s, x, LINES[0][0], words.seconds)
        ordered = s.rows.sort_values(x)
        for figure, _, _ in LINES[1:]:
            panel.line(s.k, ((a, b) for a, b in zip(ordered[x], ordered[figure])
                             if b > 0), dashed=True, beside=s.beside)
    yield Variant(_joined(label, "against " + name), [panel],
                  legend_of(series) + [Entry(NEUTRAL, "p99; seen", "dashed")],
                  _table(series), note)


def _table(series: Sequence[Series]) -> Table:
    # of the tensors after those of a step, where there are any
    control = [f for f in ("control_put_median", "control_get_median")
               if any(column(s.rows, f).notna().any() for s in series)]
    table = Table(["tensor", "pause", *(what for _, what, _ in LINES), "get",
                   *(f.replace("_", " ").replace(" median", "") for f in control),
                   "polls", "lag at most", "missed", "series"])
    for s in series:
        for _, r in s.rows.sort_values("tensor_bytes").iterrows():
            table.rows.append(
                [words.size(r["tensor_bytes"]), str(r["wait"]),
                 *(words.seconds(r[f]) for f, _, _ in LINES),
                 words.seconds(r["unpack_tensor_median"]),
                 *(words.seconds(r[f]) for f in control),
                 *(words.exact(r[f]) for f in ("polls", "lag_max", "missed")),
                 s.name or "all"])
    return table


# --- lists of data sets ----------------------------------------------------------

LISTS = (("get_list_median", "got, median", False),
         ("get_list_p99", "got, p99", True),
         ("poll_list_median", "awaited, median", True))


def lists(study: Study, _: Digests) -> Chart:
    chart = Chart(
        "lists", "How long a list of data sets is awaited and got",
        "Solid: median time of getting a step's list and all data sets that it "
        "names; dashed: its 99th percentile (not given with fewer than 1000 "
        "samples), and how long the list was awaited before. Lists that were "
        "removed before they were whole are in none of them.")
    rows = study.configs[column(study.configs, "get_list_median").notna()]
    if rows.empty:
        chart.why_not = "no client appends data sets to lists (pattern: aggregate)"
        return chart
    return varied(chart, rows, study.dims, ["tensor_bytes"], _list_variant)


def _list_variant(label: str, part: pd.DataFrame,
                  dims: list[str]) -> Iterator[Variant]:
    series, note = series_of(part, dims)
    panel = Panel(
        "against tensor size", f"Lists against tensor size. {label}",
        svg.points_axis("tensor size", part["tensor_bytes"], words.size, True),
        svg.log_axis("time", span(part, *(f for f, _, _ in LISTS), log=True),
                     words.seconds))
    table = Table(["tensor", "tensors", *(what for _, what, _ in LISTS), "delivery",
                   "missed", "series"])
    for s in series:
        curve(panel, s, "tensor_bytes", LISTS[0][0], words.seconds)
        ordered = s.rows.sort_values("tensor_bytes")
        for figure, _, dashed in LISTS[1:]:
            panel.line(s.k, ((a, b) for a, b in zip(ordered["tensor_bytes"],
                                                    ordered[figure]) if b > 0),
                       dashed=dashed, beside=s.beside)
        for _, r in ordered.iterrows():
            table.rows.append(
                [words.size(r["tensor_bytes"]), words.exact(r["tensors"]),
                 *(words.seconds(r[f]) for f, _, _ in LISTS),
                 words.seconds(r["delivery_median"]), words.exact(r["missed"]),
                 s.name or "all"])
    yield Variant(_joined(label, "against tensor size"), [panel],
                  legend_of(series) + [Entry(NEUTRAL, "p99; awaited", "dashed")],
                  table, note)


# --- its distribution -----------------------------------------------------------

def examples(study: Study) -> list[pd.Series]:
    """Permutations at up to four tensor sizes, evenly chosen."""
    rows = exchanging(study.configs)
    sizes = evenly(sorted(rows["tensor_bytes"].unique()), MOST_EXAMPLES)
    return [rows.loc[rows[rows["tensor_bytes"] == s]["delivery_median"].idxmin()]
            for s in sizes]


def distribution(study: Study, digests: Digests) -> Chart:
    chart = Chart(
        "ages", "Distribution of deliveries",
        "Which share of all gets had data of at most that age. Who polls every "
        "so often has a step that is as wide as its pause. Shown are permutations "
        "of the shortest median at some tensor sizes.")
    for r in examples(study):
        found = digests.arrays(r, ["delivery"]).get("delivery")
        if found is None or not np.isfinite(found).any():
            continue
        ages = found[np.isfinite(found)]
        at = np.quantile(ages, SHARES)
        label = permutation_label(study, r)
        panel = Panel(words.size(r["tensor_bytes"]),
                      f"Distribution of deliveries. {label}",
                      svg.linear_axis("delivery", at, words.seconds),
                      svg.linear_axis("share of gets", [0.0, 1.0], words.share))
        panel.line(0, zip(at, SHARES))
        table = Table(["share", "delivery"])
        table.rows = [[f"{100 * q:g} %", words.seconds(float(np.quantile(ages, q)))]
                      for q in (0.0, 0.25, 0.5, 0.75, 0.95, 1.0)]
        chart.variants.append(Variant(label, [panel], [], table))
    if not chart.variants:
        chart.why_not = NOBODY
    return chart


# --- one step -------------------------------------------------------------------

NAMES = ["put_start", "put_tensor", "unpack_start", "unpack_tensor",
         "reader_client", "get_writer", "get_step", "visible"]
ROWS = 24


def one_step(study: Study, digests: Digests) -> Chart:
    chart = Chart(
        "one_step", "One step over writers, database and readers",
        "The step whose delivery is the median of its permutation: when its "
        "writers put, how long it lay in the database until a reader saw it, and "
        "when readers got it. Time begins with the first put.")
    for r in examples(study):
        data = digests.arrays(r, NAMES)
        if len(data) == len(NAMES):
            chart.variants += _step_variant(permutation_label(study, r), data)
    if not chart.variants:
        chart.why_not = NOBODY
    return chart


def _gets(data: dict[str, np.ndarray]) -> pd.DataFrame:
    """All gets, a row each: instants of its put, of being seen, and its own."""
    found = []
    for k, reader in enumerate(data["reader_client"].astype(int)):
        read = np.isfinite(data["get_step"][k])
        writer = data["get_writer"][k][read].astype(int)
        step = data["get_step"][k][read].astype(int)
        begin = data["put_start"][writer, step]
        put = begin + data["put_tensor"][writer, step]
        # what is below 0 was there before the writer had its reply
        start = data["unpack_start"][reader][:len(read)][read]
        end = start + data["unpack_tensor"][reader][:len(read)][read]
        found.append(pd.DataFrame({
            "reader": reader, "writer": writer, "step": step, "begin": begin,
            "put": put, "start": start, "end": end}))
    return pd.concat(found, ignore_index=True)


def _step_variant(label: str, data: dict[str, np.ndarray]) -> Iterator[Variant]:
    gets = _gets(data)
    if gets.empty:
        return
    age = (gets["end"] - gets["begin"])
    step = int(gets.loc[(age - age.median()).abs().idxmin(), "step"])
    of = gets[gets["step"] == step]
    writers = evenly(sorted(of["writer"].unique()), ROWS)
    readers = evenly(sorted(of["reader"].unique()), ROWS)
    zero = of["begin"].min()
    names = ([f"writer {w}" for w in writers] + ["database"] +
             [f"reader {r}" for r in readers])
    x = svg.linear_axis("time since the first put", [0.0, of["end"].max() - zero],
                        words.seconds)
    height = svg.TOP + svg.BOTTOM + max(90, 18 * len(names))
    panel = Panel(f"step {step}", f"One step over writers, database and readers. "
                  f"{label}", x, svg.category_axis("", names), 2 * svg.WIDTH, height)
    thick = 0.72 * (height - svg.TOP - svg.BOTTOM) / len(names)
    puts = of.drop_duplicates("writer")
    panel.spans(0, ((r.begin - zero, r.put - zero, float(writers.index(r.writer)))
                    for r in puts.itertuples() if r.writer in writers), thick)
    lain = of[of["start"] > of["put"]]
    panel.spans(1, ((r.put - zero, r.start - zero, float(len(writers)))
                    for r in lain.itertuples()), thick)
    panel.spans(2, ((r.start - zero, r.end - zero,
                     float(len(writers) + 1 + readers.index(r.reader)))
                    for r in of.itertuples() if r.reader in readers), thick)
    table = Table(["writer", "reader", "put", "until the get", "get", "delivery"])
    for r in of.head(ROWS).itertuples():
        table.rows.append([str(r.writer), str(r.reader),
                           *(words.seconds(v) for v in (
                               r.put - r.begin, max(0.0, r.start - r.put),
                               r.end - r.start, r.end - r.begin))])
    yield Variant(label, [panel],
                  [Entry(0, "put", "area"), Entry(1, "in the database", "area"),
                   Entry(2, "get", "area")], table)


# --- in words -------------------------------------------------------------------

def sentences(study: Study, named: Sequence[str]) -> list[str]:
    """How old data are: one a configuration, the first of many."""
    found: list[str] = []
    for r in exchanging(study.configs).to_dict("records"):
        who = ", ".join(filter(None, (words.phrase(d, r[d]) for d in named)))
        who = who[:1].upper() + who[1:] if who else "This configuration"
        missed = r.get("missed", 0)
        found.append(
            f"{who}: {words.size(r['tensor_bytes'])} are "
            f"{words.seconds(r['delivery_median'])} old when a reader has them" + (
                f" (p99 {words.seconds(r['delivery_p99'])})"
                if math.isfinite(r.get("delivery_p99", math.nan)) else "") + (
                f"; {missed:.0f} steps were retired before they were read."
                if missed > 0 else "."))
        if math.isfinite(r.get("get_list_median", math.nan)):
            found[-1] += (
                f" A list of data sets was awaited for "
                f"{words.seconds(r['poll_list_median'])} and got in "
                f"{words.seconds(r['get_list_median'])}.")
    more = len(found) - MOST_SENTENCES
    return found[:MOST_SENTENCES] + (
        [f"And {more} more, in the table."] if more > 0 else [])
