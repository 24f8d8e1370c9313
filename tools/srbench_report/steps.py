"""Charts and sentences of steps: what exchanging costs a solver, and what rate a
configuration sustains. Empty for studies whose steps neither compute nor have a
rate."""
from __future__ import annotations

import math
from typing import Iterator, Sequence

import numpy as np
import pandas as pd

from . import svg, words
from .charts import (NEUTRAL, Chart, Entry, Series, Table, Variant, _joined, _sizes,
                     curve, legend_of, series_of, span, varied)
from .digest import Digests
from .study import Study
from .svg import Panel

# At the knee a response is so many times what the service takes, at the median.
KNEE = 2.0
MOST_SENTENCES = 6
# Of what it is drawn: the figure, and which line.
LINES = (("step_response_median", "response, median", False),
         ("step_response_p99", "response, p99", True),
         ("step_median", "service, median", True))


def column(configs: pd.DataFrame, name: str) -> pd.Series:
    """A figure, or NaN where the files have none."""
    if name in configs:
        return configs[name].astype(float)
    return pd.Series(math.nan, configs.index)


# --- overhead -----------------------------------------------------------------

def overhead(study: Study, _: Digests) -> Chart:
    chart = Chart(
        "overhead", "What exchanging costs a solver",
        "Overhead: how much longer a step takes than its computing takes alone, "
        "with idle servers. It is what the solver waits for its exchange and what "
        "its computing suffers meanwhile (a database beside it takes CPU).")
    rows = study.configs[column(study.configs, "overhead").notna()]
    if rows.empty:
        chart.why_not = "no step computes (compute)"
        return chart
    chart = varied(chart, rows, study.dims, ["tensor_bytes"],
                   lambda *of: _overhead_variant("tensor_bytes", *of))
    if rows["compute"].nunique() > 1:
        chart = varied(chart, rows, study.dims, ["compute"],
                       lambda *of: _overhead_variant("compute", *of))
    return chart


def _overhead_variant(x: str, label: str, part: pd.DataFrame,
                      dims: list[str]) -> Iterator[Variant]:
    series, note = series_of(part, dims)
    text = words.size if x == "tensor_bytes" else words.seconds
    name = "tensor size" if x == "tensor_bytes" else "computing of a step"
    across = svg.points_axis(name, part[x], text, True)
    panels = []
    for figure, what in (("overhead", "overhead"),
                         ("exchange_overhead", "waiting for the exchange"),
                         ("compute_slowdown", "computing suffers")):
        panel = Panel(what, f"{what} against {name}. {label}", across,
                      svg.linear_axis("share of its computing", span(part, figure),
                                      words.share))
        panel.level(0.0)
        for s in series:
            curve(panel, s, x, figure, words.share)
        panels.append(panel)
    yield Variant(_joined(label, "against " + name), panels, legend_of(series),
                  _overhead_table(series), note)


def _overhead_table(series: Sequence[Series]) -> Table:
    table = Table(["tensor", "computing", "alone", "step, median", "overhead",
                   "waiting", "computing suffers", "alone before, after",
                   "series"])
    for s in series:
        for _, r in s.rows.sort_values(["tensor_bytes", "compute"]).iterrows():
            table.rows.append(
                [words.size(r["tensor_bytes"]),
                 *(words.seconds(r[c]) for c in ("compute", "compute_alone",
                                                 "step_median")),
                 *(words.share(r[c]) for c in ("overhead", "exchange_overhead",
                                               "compute_slowdown")),
                 ", ".join(words.seconds(r.get(f"compute_alone_{when}", math.nan))
                           for when in ("before", "after")),
                 s.name or "all"])
    return table


# --- capacity -----------------------------------------------------------------

def knee(rows: pd.DataFrame) -> float:
    """The lowest rate at which responses part from what the service takes, or
    that was not achieved; NaN: there is none."""
    late = (rows["step_response_median"] > KNEE * rows["step_median"]) \
        | (rows["behind"] > 0)
    return float(rows.loc[late, "rate_value"].min()) if late.any() else math.nan


def capacity(study: Study, _: Digests) -> Chart:
    chart = Chart(
        "capacity", "Response and service against the offered rate",
        "Solid: median from when a step was due to its end; dashed: its 99th "
        "percentile (not given with fewer than 1000 samples), and the median of "
        "the service alone, without waiting for the steps before. The line from "
        "top to bottom is the knee of all that is drawn: the lowest rate that was "
        f"not achieved, or whose median response is more than {KNEE:g} times the "
        "service.")
    rows = study.configs[(column(study.configs, "rate_value") > 0)
                         & column(study.configs, "step_response_median").notna()]
    if rows.empty:
        chart.why_not = "no steps were offered at a rate (rate)"
        return chart
    return varied(chart, rows, study.dims, ["tensor_bytes", "rate"],
                  _capacity_variant)


def _capacity_variant(label: str, part: pd.DataFrame, dims: list[str]
                      ) -> Iterator[Variant]:
    series, note = series_of(part, dims)
    sizes, fewer = _sizes(part)
    x = svg.points_axis("steps a second of a client", part["rate_value"],
                        words.plain, True)
    panels = []
    for size in sizes:
        of_size = part[part["tensor_bytes"] == size]
        y = svg.log_axis("time of a step", span(
            of_size, *(figure for figure, _, _ in LINES), log=True), words.seconds)
        panel = Panel(words.size(size), f"Response and service against the "
                      f"offered rate with tensors of {words.size(size)}. {label}",
                      x, y)
        for s in series:
            rows = s.rows[s.rows["tensor_bytes"] == size]
            if rows.empty:
                continue
            of = Series(s.k, s.name, rows, s.beside)
            curve(panel, of, "rate_value", LINES[0][0], words.seconds)
            for figure, _, _ in LINES[1:]:
                ordered = rows.sort_values("rate_value")
                panel.line(s.k, zip(ordered["rate_value"], ordered[figure]),
                           dashed=True, beside=s.beside)
        at = knee(of_size)
        if at == at:
            panel.upright(at, "knee")
        panels.append(panel)
    legend = legend_of(series) + [Entry(NEUTRAL, "p99; service", "dashed")]
    yield Variant(label, panels, legend, _capacity_table(series),
                  _joined(note, fewer))


def _capacity_table(series: Sequence[Series]) -> Table:
    table = Table(["tensor", "offered", "achieved", "unsent",
                   *(what for _, what, _ in LINES), "put response p99", "behind",
                   "series"])
    for s in series:
        for _, r in s.rows.sort_values(["tensor_bytes",
                                        "rate_value"]).iterrows():
            table.rows.append(
                [words.size(r["tensor_bytes"]),
                 *(words.steps(r[c]) for c in ("offered_rate", "achieved_rate")),
                 words.exact(r["unsent"]),
                 *(words.seconds(r[f]) for f, _, _ in LINES),
                 words.seconds(r["put_response_p99"]),
                 "yes" if r["behind"] > 0 else "no", s.name or "all"])
    return table


# --- in words -----------------------------------------------------------------

def rate(v: float) -> str:
    """Steps a second where the sentence says that they are."""
    return words.steps(v).removesuffix("/s")


def _why(r: dict) -> str:
    """Why what computing takes alone does not tell much; "": it does."""
    if "compute_disturbed" in r["flags"]:
        return (f"others had its CPU for {100 * r['compute_alone_waited']:.0f} % of "
                "the time that it computed alone")
    if "compute_unsteady" in r["flags"]:
        return (f"computing alone, asked for as {words.seconds(r['compute'])}, took "
                f"from {words.seconds(r['compute_alone_least'])} to "
                f"{words.seconds(r['compute_alone_most'])}")
    return ""


def _cost(r: dict, what: str, of: str) -> str:
    """What exchanging costs a solver, as far as that can be told."""
    disturbed, why = "compute_disturbed" in r["flags"], _why(r)
    waiting = f"{100 * r['exchange_overhead']:.1f} %"
    if why and min(r["overhead"], r["compute_slowdown"]) < 0:
        return (f"Exchanging {what} every step of {words.seconds(r['compute'])} makes "
                f"the solver wait {waiting} of its computing time; what else it costs "
                f"cannot be told, since {why}{of}.")
    # alone it took as long as others left it no CPU
    step = words.seconds(r["compute" if disturbed else "compute_alone"])
    least, doubt = "at least " * disturbed, ""
    if why and not disturbed:
        loop = (1 + r["overhead"]) * r["compute_alone"]
        low, high = (100 * (loop / r[f"compute_alone_{which}"] - 1)
                     for which in ("most", "least"))
        doubt = f" ({low:.1f} to {high:.1f} %: {why})"
    return (f"Exchanging {what} every step of {step} costs the solver {least}"
            f"{100 * r['overhead']:.1f} % of its computing time{doubt}: {waiting} "
            f"waiting, {least}{100 * r['compute_slowdown']:.1f} % slower "
            f"computing{of}.")


def sentences(study: Study, named: Sequence[str]) -> list[str]:
    """What steps cost, and what is sustained, as srbench itself says it at the
    end of a study: one a configuration, the first of many."""
    found: list[str] = []
    for r in study.configs.to_dict("records"):
        of = ", ".join(filter(None, (words.phrase(d, r[d]) for d in named if d
                                     not in ("rate", "compute", "tensor_bytes"))))
        of = f" ({of})" if of else ""
        what = words.size(r["tensor_bytes"])
        if r.get("tensors", 1) > 1:
            what = f"{r['tensors']:.0f} x {what}"
        if np.isfinite(r.get("overhead", math.nan)):
            found.append(_cost(r, what, of))
        elif np.isfinite(r.get("sustained_rate", math.nan)):
            found.append(
                f"{rate(r['sustained_rate_low'])} steps of {what} a second of "
                f"each client held three times of three, "
                f"{rate(r['sustained_rate_high'])} did not{of}.")
        elif r.get("sustained_rate_low", math.nan) > 0:
            found.append(f"{rate(r['sustained_rate_low'])} steps of {what} a "
                         f"second of each client held{of}.")
        elif r.get("sustained_rate_low", math.nan) == 0:
            found.append(f"No rate down to {rate(r['sustained_rate_high'])} steps "
                         f"of {what} a second held{of}.")
        elif r.get("behind", 0) > 0:
            left = f", and {r['unsent']:.0f} were due and not begun in the end" \
                if r["unsent"] > 0 else ""
            found.append(
                f"Of {rate(r['offered_rate'])} steps of {what} a second that each "
                f"client was offered {rate(r['achieved_rate'])} were "
                f"achieved{left}{of}.")
    more = len(found) - MOST_SENTENCES
    return found[:MOST_SENTENCES] + (
        [f"And {more} more, in the table."] if more > 0 else [])
