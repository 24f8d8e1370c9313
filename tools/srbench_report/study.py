"""Result files as one study: permutations, configurations, hosts.

A configuration is what several repetitions have in common: one value of every
axis (and one file). All figures and answers are of configurations.
"""
from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Sequence

import h5py
import numpy as np
import pandas as pd

import srbench_results
from srbench_results import ResultError

from . import words

TEXTS = ("status", "name", "flags", "error", "interval_method", "experiment",
         "db_exe", "client", "transport", "keys", "sync", "pattern")
OPS = ("put_tensor", "unpack_tensor")
NUMBERS = (
    "index", "repetition", "repetitions_done", "clients", "shards", "db_nodes",
    "client_nodes", "clients_per_node", "tensor_bytes", "client_cpu_share",
    "window", "window_repeated", "window_repeated_low", "window_repeated_high",
    "window_of_floor",
    *(f"{op}_{what}" for op in OPS
      for what in ("median", "p99", "median_low", "median_high", "repeated",
                   "repeated_low", "repeated_high", "of_floor")),
)
# What carries bytes or does nothing: never the answer beside a database.
NO_DATABASE = ("floor", "null")


@dataclass
class Study:
    """frame: a row a permutation, all columns of TEXTS and NUMBERS there, and
    `path`, `place`; configs: a row a configuration; dims: what varies, as the
    figures use it."""
    paths: list[str]
    frame: pd.DataFrame
    configs: pd.DataFrame
    axes: list[str]
    varying: list[str]
    dims: list[str]
    about: list[dict[str, Any]]
    hosts: list[pd.DataFrame]
    absent: list[str] = field(default_factory=list)

    def only(self, row: pd.Series) -> str:
        """A configuration by what varies: '4 clients, transport unix'."""
        return described(row, self.dims)


def described(row: pd.Series, dims: Sequence[str]) -> str:
    """A configuration by some dimensions: '4 clients, transport unix'."""
    return ", ".join(words.phrase(d, row[d]) for d in dims)


def place(experiment: str, db_nodes: float) -> str:
    """Where the databases are: 'colocated', '4 database nodes'."""
    if experiment == "throughput_colocated" or not db_nodes > 0:
        return "colocated"
    return words.count(int(db_nodes), "database node")


def hosts(path: str) -> pd.DataFrame:
    """/hosts, a row a node; empty where the file has none."""
    with h5py.File(path, "r") as f:
        if "hosts" not in f:
            return pd.DataFrame()
        columns = {}
        for name, d in f["hosts"].items():
            if name == "node" or d.ndim != 1:
                continue
            text = h5py.check_string_dtype(d.dtype)
            columns[name] = d.asstr(errors="replace")[...] if text else d[...]
        return pd.DataFrame(columns)


def _read(path: str) -> tuple[pd.DataFrame, dict, pd.DataFrame]:
    try:
        df = srbench_results.summary(path)
        about, machines = srbench_results.study(path), hosts(path)
    except ResultError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError,
            AttributeError) as e:
        words_of = str(e).splitlines()[0] if str(e) else type(e).__name__
        raise ResultError(f"{path}: cannot be read ({words_of})") from e
    for needed in ("index", "status"):
        if needed not in df:
            raise ResultError(f"{path}: /summary has no column {needed}; this "
                              "is not a result file of srbench")
    if df.empty:
        raise ResultError(f"{path}: /summary has no rows, so there is nothing "
                          "to report")
    return df, about, machines


def _completed(df: pd.DataFrame) -> list[str]:
    """Give df every column that is used here; returns those that it lacked."""
    lacking = [c for c in (*TEXTS, *NUMBERS) if c not in df]
    for c in TEXTS:
        df[c] = df[c].fillna("").astype(str) if c in df else ""
    for c in NUMBERS:
        df[c] = pd.to_numeric(df[c], errors="coerce") if c in df else np.nan
    return lacking


def load(paths: Sequence[str | Path],
         where: dict[str, list[str]] | None = None) -> Study:
    """Read the files; where keeps permutations whose axes have these values."""
    frames, about, machines = [], [], []
    for path in map(str, paths):
        df, a, h = _read(path)
        df["path"] = path
        frames.append(df)
        about.append(a)
        machines.append(h)
    frame = pd.concat(frames, ignore_index=True)
    axes = srbench_results.axes(frame)
    absent = _completed(frame)
    if len(paths) > 1:
        frame["file"] = [Path(p).name if len({Path(q).name for q in paths})
                         == len(paths) else p for p in frame["path"]]
        axes = ["file", *axes]
    frame["place"] = [place(e, n) for e, n in
                      zip(frame["experiment"], frame["db_nodes"])]
    frame = _kept(frame, where or {})
    varying = [a for a in axes if frame[a].nunique(dropna=False) > 1]
    return Study([str(p) for p in paths], frame, configurations(frame, axes),
                 axes, varying, dimensions(frame, varying), about, machines,
                 absent)


def _kept(frame: pd.DataFrame, where: dict[str, list[str]]) -> pd.DataFrame:
    for axis, wanted in where.items():
        if axis not in frame:
            raise ResultError(f"--where {axis}: the file has no such column")
        cells = frame[axis].map(lambda v: f"{v:g}" if isinstance(v, float)
                                else str(v))
        keep = cells.isin(wanted)
        if not keep.any():
            there = ", ".join(sorted(set(cells))[:12])
            raise ResultError(f"--where {axis}={','.join(wanted)}: no "
                              f"permutation has that; there is {there}")
        frame = frame[keep]
    return frame.reset_index(drop=True)


def dimensions(frame: pd.DataFrame, varying: Sequence[str]) -> list[str]:
    """What varies, as one says it: experiment and db_nodes together are the
    placement, and the axis that makes the number of clients is that number."""
    dims = [v for v in varying if v not in ("experiment", "db_nodes")]
    if frame["place"].nunique() > 1:
        dims.insert(0, "place")
    if frame["clients"].nunique() > 1:
        for axis in ("client_nodes", "clients_per_node"):
            if axis in dims:
                dims[dims.index(axis)] = "clients"
                break
        else:
            dims.append("clients")
    return dims


def groups(frame: pd.DataFrame, columns: Sequence[str],
           sort: bool = True) -> list[pd.DataFrame]:
    """Rows that agree in columns, together; all in one where there are none."""
    if not columns:
        return [frame] if len(frame) else []
    by = list(columns) if len(columns) > 1 else columns[0]
    return [g for _, g in frame.groupby(by, sort=sort, dropna=False)]


def configurations(frame: pd.DataFrame, axes: Sequence[str]) -> pd.DataFrame:
    """A row a configuration that completed: its axes and `rows` (of frame);
    put_tensor, unpack_tensor and window each with _low and _high, over
    repetitions where there are several, else within the run."""
    done = frame[frame["status"] == "completed"]
    rows = [_configuration(g) for g in groups(done, axes, sort=False)]
    return pd.DataFrame(rows).reset_index(drop=True)


def middle(column: pd.Series) -> float:
    """The median of what is known; NaN where nothing is."""
    known = column.to_numpy(float)
    known = known[np.isfinite(known)]
    return float(np.median(known)) if known.size else math.nan


def _configuration(group: pd.DataFrame) -> dict[str, Any]:
    done = group["repetitions_done"].fillna(1)
    last = group.loc[done.idxmax()].to_dict()
    n = int(done.max())
    last["repetitions"] = n
    last["rows"] = list(group.index)
    for op in OPS:
        if n > 1:
            last[op] = last[f"{op}_repeated"]
            last[f"{op}_low"] = last[f"{op}_repeated_low"]
            last[f"{op}_high"] = last[f"{op}_repeated_high"]
        else:
            last[op] = last[f"{op}_median"]
            last[f"{op}_low"] = last[f"{op}_median_low"]
            last[f"{op}_high"] = last[f"{op}_median_high"]
        last[f"{op}_p99"] = middle(group[f"{op}_p99"])
        last[f"{op}_of_floor"] = middle(group[f"{op}_of_floor"])
    last["window_of_floor"] = middle(group["window_of_floor"])
    last["window_low"] = last["window_high"] = np.nan
    if n > 1:
        last["window"] = last["window_repeated"]
        last["window_low"] = last["window_repeated_low"]
        last["window_high"] = last["window_repeated_high"]
    raised = {f for cell in group["flags"] for f in cell.split(",") if f}
    last["flags"] = ",".join(f for f in words.FLAGS if f in raised)
    return last
