"""The page of srbench-compare: what changed, how sure that is, and both
distributions, in the manner of srbench-report's page."""
from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Sequence

import numpy as np

from . import charts, digest, svg, words
from .page import chart_section, document, prose

if TYPE_CHECKING:
    from srbench_compare import Comparison, Report

MOST_ROWS = 60
ROW = 18
COLOUR = {"slower": 1, "faster": 2, "unsure": 6, "same": 0}


@dataclass
class Words:
    """What srbench-compare says in each of its formats."""
    gate: str
    files: list[str]
    remarks: list[str]
    meaning: list[str]
    head: Sequence[str]
    rows: list[Sequence[str]]


def ratios(report: Report) -> charts.Chart:
    """Each row's ratio with its interval, what changed first."""
    chart = charts.Chart(
        "ratios", "NEW / BASE", "The ratio of each figure with its 95 % interval, "
        "what changed first; a mark tells the verdict. Times: right is slower; "
        "rates: right is faster.")
    rows = report.ordered[:MOST_ROWS]
    seen = [v for c in rows for v in (c.ratio, c.low, c.high) if v > 0]
    limits = np.clip([min(seen), max(seen)], 0.2, 5.0)
    x = svg.log_axis("NEW / BASE", [0.9, *limits, 1.1], lambda v: f"{v:.3g}")
    names = [f"{report.matching.label(c.key)} {c.figure}" for c in rows]
    y = svg.category_axis("", names[::-1])
    height = svg.TOP + svg.BOTTOM + ROW * len(rows)
    panel = svg.Panel("", "Ratios of NEW to BASE with their intervals.", x, y,
                      svg.BROAD * 2, height, left=7 * max(map(len, names)) + 12)
    panel.upright(1.0, "equal")
    for at, c in enumerate(reversed(rows)):
        panel.across(COLOUR[c.verdict], at, c.low, c.high,
                     f"95 %: {c.low:.3g} to {c.high:.3g}")
        panel.dots(COLOUR[c.verdict], [(
            min(max(c.ratio, x.lo), x.hi), at, f"{c.verdict}: {c.ratio:.3f}")])
    note = "" if len(rows) == len(report.comparisons) else (
        f"The first {len(rows)} of {len(report.comparisons)} rows are drawn; the "
        "table has all.")
    chart.variants.append(charts.Variant("", [panel], [
        charts.Entry(k, v, "mark") for v, k in COLOUR.items()
        if any(c.verdict == v for c in rows)], charts.Table([]), note))
    return chart


def distributions(report: Report) -> charts.Chart:
    """Of the permutations that changed most, both files' percentiles."""
    chart = charts.Chart(
        "distributions", "Both distributions", "How long the slowest of so many "
        "operations took, up to the slowest of all; repetitions together. The "
        "permutations that changed most.")
    panels: list[svg.Panel] = []
    table = charts.Table(["permutation", "operation", "file", *(
        f"p{100 * q:g}" for q in digest.TOLD), "slowest"])
    for (key, op), both in report.samples.items():
        tails = [t for t in map(digest.tail, both) if t]
        label = report.matching.label(key)
        x = svg.tail_axis(int(max(t.beyond[-1] for t in tails) / 2))
        y = svg.log_axis(op, [v for t in tails for v in t.times[[0, -1]]],
                         words.seconds)
        panel = svg.Panel(_short(label), f"Percentiles of {op} in BASE "
                          f"and NEW. {label}", x, y)
        for k, (name, t) in enumerate(zip(("BASE", "NEW"), tails)):
            panel.line(k, zip(t.beyond, t.times))
            panel.dots(k, ((1 / (1 - q), t.at(q), f"{name} p{100 * q:g}: "
                            f"{words.seconds(t.at(q))}") for q in digest.TOLD
                           if t.at(q) == t.at(q)))
            table.rows.append([label, op, name, *(
                words.seconds(t.at(q)) for q in digest.TOLD),
                words.seconds(t.times[-1])])
        panels.append(panel)
    if panels:
        chart.variants.append(charts.Variant("", panels, [
            charts.Entry(0, "BASE"), charts.Entry(1, "NEW")], table))
    return chart


def _short(title: str, most: int = 40) -> str:
    return title if len(title) <= most else title[:most - 1] + "…"


def changed(report: Report) -> list[Comparison]:
    return [c for c in report.ordered if c.verdict in ("slower", "faster")]


def page(report: Report, said: Words) -> str:
    """The document."""
    head = "".join(f'<th scope="col">{escape(h)}</th>' for h in said.head)
    rows = "".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in r) + "</tr>"
                   for r in said.rows)
    counts = ", ".join(f"{n} {v}" for v, n in report.counts.items() if n)
    first = changed(report)
    box = (f'<p class="alert" role="alert">{escape(said.gate)}</p>'
           if report.failed else f"<p><code>{escape(said.gate)}</code></p>")
    lead = "".join(
        f"<li>{c.verdict}: <strong>x{c.ratio:.3f}</strong> ({c.low:.3f} to "
        f"{c.high:.3f}) {escape(c.figure)}, "
        f"{escape(report.matching.label(c.key))}</li>" for c in first[:8])
    more = f"<li>and {len(first) - 8} more</li>" if len(first) > 8 else ""
    notes = "".join(f"<li>{escape(r)}</li>" for r in said.remarks
                    if not r.startswith("changed: "))
    files = "".join(f"<li>{escape(f)}</li>" for f in [
        *said.files, *(f"changed: {c}" for c in report.changes)])
    meaning = "".join(f"<p>{prose(m)}</p>" for m in said.meaning)
    drawn = [c for c in (ratios(report), distributions(report)) if c.variants]
    body = (f'<section id="answer" tabindex="-1"><h2>What changed</h2>{box}'
            f"<ul>{files}</ul>"
            + (f'<ul class="lead">{lead}{more}</ul>' if lead else
               "<p>No figure is surely slower or faster.</p>")
            + (f'<ul class="remarks">{notes}</ul>' if notes else "") + "</section>"
            + '<section id="charts"><h2>Charts</h2>'
            + "".join(map(chart_section, drawn)) + "</section>"
            '<section id="rows"><h2>All figures</h2>'
            '<div class="scroll" tabindex="0" role="region" aria-label="figures">'
            f'<table class="plain"><thead><tr>{head}</tr></thead>'
            f"<tbody>{rows}</tbody></table>"
            f'</div></section><section id="meaning"><h2>What it means</h2>{meaning}'
            "</section>")
    links = [("answer", "What changed"), *((c.name, c.title) for c in drawn),
             ("rows", "All figures"), ("meaning", "What it means")]
    return document("srbench-compare", counts, links, body)
