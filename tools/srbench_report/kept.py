"""The chart of what steps leave in the database. Empty for studies whose steps
have one tensor under one key."""
from __future__ import annotations

from typing import Iterator, Sequence

import pandas as pd

from . import svg, words
from .charts import (Chart, Series, Table, Variant, _joined, _sizes, legend_of,
                     series_of, varied)
from .digest import Digests
from .steps import column
from .study import Study
from .svg import Panel


def memory(study: Study, _: Digests) -> Chart:
    chart = Chart(
        "memory", "Memory over steps",
        "Memory of the fullest shard by its own word, before the first step and "
        "after the last timed one; what lies between is not looked at, and the "
        "line only joins the two. It is flat where keys are used again or removed, "
        "and rises by every step's tensors where all stay.")
    rows = study.configs[column(study.configs, "shard_memory_end") >= 0]
    if rows.empty:
        chart.why_not = "no steps were kept (history, tensors)"
        return chart
    ops = [float(study.frame.loc[of[0], "ops"]) for of in rows["rows"]]
    rows = rows.assign(steps=ops / (2 * rows["clients"]))
    return varied(chart, rows, study.dims, ["tensor_bytes"], _variant)


def _variant(label: str, part: pd.DataFrame, dims: list[str]) -> Iterator[Variant]:
    series, note = series_of(part, dims)
    sizes, fewer = _sizes(part)
    x = svg.linear_axis("timed steps of a client", [0.0, *part["steps"]],
                        words.plain)
    panels = []
    for size in sizes:
        of_size = part[part["tensor_bytes"] == size]
        y = svg.linear_axis("memory", [
            v for end in ("start", "end") for v in of_size[f"shard_memory_{end}"]],
            words.size)
        panel = Panel(words.size(size), "Memory over steps with tensors of "
                      f"{words.size(size)}. {label}", x, y)
        for s in series:
            for _, r in s.rows[s.rows["tensor_bytes"] == size].iterrows():
                ends = [(0.0, r["shard_memory_start"]),
                        (r["steps"], r["shard_memory_end"])]
                panel.line(s.k, ends, beside=s.beside)
                panel.dots(s.k, ((at, v, f"{s.name}: {words.size(v)}")
                                 for at, v in ends), s.beside)
        panels.append(panel)
    yield Variant(label, panels, legend_of(series), _table(series),
                  _joined(note, fewer))


def _table(series: Sequence[Series]) -> Table:
    table = Table(["tensor", "steps", "memory before", "memory after", "a step",
                   "series"])
    for s in series:
        for _, r in s.rows.sort_values("tensor_bytes").iterrows():
            grown = r["shard_memory_end"] - r["shard_memory_start"]
            table.rows.append(
                [words.size(r["tensor_bytes"]), words.plain(r["steps"]),
                 words.size(r["shard_memory_start"]),
                 words.size(r["shard_memory_end"]),
                 words.size(max(0.0, grown / r["steps"])), s.name])
    return table
