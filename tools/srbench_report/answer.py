"""Which configuration was best, and which might be as good.

Two configurations are told apart only where their 95 % intervals do not
overlap; a figure without an interval is told apart from nothing.
"""
from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from . import words
from .study import NO_DATABASE, Study, varies


@dataclass
class Best:
    """One figure's best configuration for one tensor size."""
    figure: str            # a column of Study.configs
    row: pd.Series
    value: float
    low: float
    high: float
    rivals: list[pd.Series]  # whose intervals overlap with its own
    tried: int               # configurations of this size, itself included

    @property
    def has_interval(self) -> bool:
        return self.low == self.low and self.high == self.high


@dataclass
class Answer:
    """best: {tensor_bytes: {figure: Best}}, sizes ascending; remarks: what was
    left out, or what the reader must know, a sentence each; tried: how many
    configurations could win."""
    best: dict[int, dict[str, Best]]
    dims: list[str]  # what varies among those that may win, but for the size
    remarks: list[str]
    tried: int


FIGURES = ("window", "put_tensor", "unpack_tensor")


def candidates(configs: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Configurations that may win, and sentences on those that may not."""
    remarks = []
    if configs.empty:
        return configs, ["No permutation completed, so there is no answer."]
    wrong = configs["flags"].str.contains("verify")
    if wrong.any():
        remarks.append("Configurations whose tensors came back wrong are left "
                       "out of the answer.")
    right = configs[~wrong]
    real = right[~right["db_exe"].isin(NO_DATABASE)
                 & (right["client"] != "null")]
    if real.empty and not right.empty:
        remarks.append("Nothing here is a database: srbench's own server "
                       "(floor) or client (null) was measured.")
        return right, remarks
    if len(real) < len(right):
        remarks.append("The built-in server (floor) and the client null are "
                       "limits, not databases, and left out of the answer.")
    return real, remarks


def overlap(a: pd.Series, b: pd.Series, figure: str) -> bool:
    """Whether the intervals of a figure have a value in common; false where one
    of them is not known."""
    low, high = f"{figure}_low", f"{figure}_high"
    return bool(a[low] <= b[high] and b[low] <= a[high])


def best(group: pd.DataFrame, figure: str) -> Best | None:
    """The largest window or smallest time of some configurations."""
    known = group[group[figure] > 0]
    if known.empty:
        return None
    order = known.sort_values(figure, ascending=figure != "window",
                              kind="stable")
    top = order.iloc[0]
    rivals = [r for _, r in order.iloc[1:].iterrows() if overlap(top, r, figure)]
    return Best(figure, top, top[figure], top[f"{figure}_low"],
                top[f"{figure}_high"], rivals, len(known))


def answer(study: Study) -> Answer:
    """The best of each tensor size."""
    able, remarks = candidates(study.configs)
    found: dict[int, dict[str, Best]] = {}
    if not able.empty:
        for bytes_, group in able.groupby("tensor_bytes"):
            each = {f: best(group, f) for f in FIGURES}
            found[int(bytes_)] = {f: b for f, b in each.items() if b}
    for about in study.about:
        nodes, hosts = about.get("nodes", 0), about.get("hosts", 0)
        if nodes > hosts > 0:
            remarks.append(f"{words.count(nodes, 'virtual node')} on "
                           f"{words.count(hosts, 'host')}: they share its CPUs "
                           "and memory; a rehearsal, not a measurement of a "
                           "cluster.")
    if any(not b.has_interval for x in found.values() for b in x.values()):
        remarks.append("A figure without an interval was run once: whether "
                       "another configuration is as good is not known "
                       "(repetitions: 3 or more tells).")
    dims = [d for d in study.dims if d != "tensor_bytes"
            and varies(able[d])] if len(able) else []
    return Answer(found, dims, list(dict.fromkeys(remarks)), len(able))
