"""The chart of what steps leave in the database. Empty for studies whose steps
have one tensor under one key."""
from __future__ import annotations

from typing import Iterator, Sequence

import numpy as np
import pandas as pd

from . import svg, words
from .charts import (Chart, Series, Table, Variant, _joined, _sizes, legend_of,
                     series_of, varied)
from .digest import Digests
from .steps import column
from .study import Study
from .svg import Panel


def memory(study: Study, digests: Digests) -> Chart:
    chart = Chart(
        "memory", "Memory over steps",
        "What the fullest shard had resident, by the kernel's word, whenever it "
        "was looked at; warm-up is at 0. It is flat where keys are used again or "
        "removed, and rises by every step's tensors where all stay. Of servers "
        "that nobody looked at (those of another job) two dots, joined: memory in "
        "use by their own word before the first step and after the last timed "
        "one, which the table has of all.")
    rows = study.configs[column(study.configs, "shard_memory_end") >= 0]
    if rows.empty:
        chart.why_not = "no steps were kept (history, tensors)"
        return chart
    rows = rows.assign(
        steps=[_steps(study.frame.loc[of[0]], digests) for of in rows["rows"]],
        looks=[_looks(study.frame.loc[of[0]], digests) for of in rows["rows"]])
    return varied(chart, rows, study.dims, ["tensor_bytes"], _variant)


def _steps(row: pd.Series, digests: Digests) -> float:
    """Timed steps of a client that puts: it gets as well, but where others read
    what it writes, who may miss some."""
    of = digests.arrays(row, ["put_start", "client_stride"])
    if "delivery_median" not in row or len(of) < 2 or np.isnan(
            row["delivery_median"]):
        return float(row["ops"]) / (2 * float(row["clients"]))
    put = np.isfinite(of["put_start"]).sum(axis=1)
    return float(put[put > 0].mean() * of["client_stride"].mean())


def _looks(row: pd.Series, digests: Digests) -> list[tuple[float, float]]:
    """(steps of a client by then, bytes of the fullest shard); or nothing."""
    of = digests.arrays(row, ["shard_resident", "shard_resident_time",
                              "put_start", "client_stride"])
    if len(of) < 4 or not np.isfinite(of["shard_resident"]).any():
        return []
    bytes_ = of["shard_resident"]
    fullest = np.nanargmax(np.nan_to_num(bytes_).max(axis=1))
    bytes_ = bytes_[fullest]
    seen = np.isfinite(bytes_)
    # before the loop began times are below 0, which are NaN here
    when = np.nan_to_num(of["shard_resident_time"][fullest][seen], nan=-1.0)
    starts = of["put_start"]
    begun = np.sort(starts[np.isfinite(starts)])
    steps = np.searchsorted(begun, when, side="right") \
        * of["client_stride"].mean() / np.isfinite(starts).any(axis=1).sum()
    return list(zip(steps, bytes_[seen]))


def _variant(label: str, part: pd.DataFrame, dims: list[str]) -> Iterator[Variant]:
    series, note = series_of(part, dims)
    sizes, fewer = _sizes(part)
    ends = {i: r["looks"] or [(0.0, r["shard_memory_start"]),
                              (r["steps"], r["shard_memory_end"])]
            for i, r in part.iterrows()}
    x = svg.linear_axis("timed steps of a client", [0.0, *part["steps"]],
                        words.plain)
    # what is beside its place at 0 stays right of the axis
    first = min((s.beside for s in series), default=0.0)
    panels = []
    for size in sizes:
        of_size = part[part["tensor_bytes"] == size]
        y = svg.linear_axis("memory", [0.0, *(v for i in of_size.index
                                              for _, v in ends[i])], words.size,
                            binary=True)
        panel = Panel(words.size(size), "Memory over steps with tensors of "
                      f"{words.size(size)}. {label}", x, y)
        for s in series:
            for i, r in s.rows[s.rows["tensor_bytes"] == size].iterrows():
                beside = s.beside - first
                panel.line(s.k, ends[i], beside=beside)
                panel.dots(s.k, ((at, v, f"{s.name}: {words.size(v)}")
                                 for at, v in (ends[i][0], ends[i][-1])), beside)
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
