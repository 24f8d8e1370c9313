"""Result files as one study: permutations, configurations, hosts.

A configuration is what several repetitions have in common: one value of every
axis (and one file). All figures and answers are of configurations.
"""
from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Sequence

import numpy as np
import pandas as pd

import srbench_results
from srbench_results import ResultError, shown
from srbench_stats import student_quantile

from . import tuned, words

# Columns that are used here, which an older file may lack.
TEXTS = ("flags", "error", "limit", "interval_method", "experiment", "db_exe", "client",
         "command_set")
OPS = ("put_tensor", "unpack_tensor")
SHARES = tuple(dict.fromkeys((*(column for column, _ in words.LIMITS.values()),
                              "server_cpu_share")))
# Of studies with steps, or with writers and readers, alone.
STEPS = (
    "delivery_median", "delivery_p99", "get_list_median", "missed",
    "overhead", "exchange_overhead", "compute_slowdown", "compute_alone",
    "compute_alone_waited", "compute_alone_before", "compute_alone_after",
    "step_median", "step_response_median", "step_response_p99",
    "put_response_p99", "offered_rate", "achieved_rate", "unsent", "behind",
    "sustained_rate", "sustained_rate_low", "sustained_rate_high",
    "shard_memory_start", "shard_memory_end",
)
# Those of which each permutation has the interval within its run.
INTERVALS = ("delivery_median", "step_response_median")
# Of those that run models alone.
RUNS = ("put_share", "run_script_share", "run_model_share", "unpack_share",
        "run_script_median", "run_model_median", "inference_rate",
        "inference_bytes")
NUMBERS = (
    "index", "repetition", "repetitions_done", "clients", "shards", "db_nodes",
    "client_nodes", "clients_per_node", "tensor_bytes", *SHARES,
    "window", "window_repeated", "window_repeated_low", "window_repeated_high",
    "window_ops",
    *(f"{op}_{what}" for op in OPS
      for what in ("median", "p99", "max", "median_low", "median_high",
                   "repeated", "repeated_low", "repeated_high")),
    *(f"{figure}_of_floor{end}" for figure in ("window", *OPS)
      for end in ("", "_low", "_high")),
)
# The rung of the ladder on which databases stand; what stands on others carries
# bytes or does nothing, and is never the answer beside one.
DATABASE = "server"
# The others, of a file that does not say which rung an engine is.
_RUNGS = {"floor": "sockets", "null": "nothing"}


@dataclass
class Study:
    """frame: a row a permutation, with `path`, `place` and `server` as further
    columns;
    configs: a row a configuration; dims: what varies, as the charts use it;
    about and hosts: of each file; absent: columns that some file lacks."""
    paths: list[str]
    frame: pd.DataFrame
    configs: pd.DataFrame
    axes: list[str]
    varying: list[str]
    dims: list[str]
    about: list[dict[str, Any]]
    hosts: list[pd.DataFrame]
    absent: list[str]
    whole: bool = True  # all permutations, not some by --where

    @property
    def told(self) -> list[str]:
        """Of dims what a sentence has to name: what merely differs from file to
        file is told by the file."""
        if "file" not in self.dims:
            return self.dims
        known = self.frame[self.frame["status"] != "planned"].groupby("file")
        return [d for d in self.dims if d == "file" or known[d].nunique().max() > 1]

    def only(self, row: pd.Series) -> str:
        """A configuration by what varies: '4 clients, transport unix'."""
        return described(row, self.dims)


def described(row: pd.Series, dims: Sequence[str]) -> str:
    """A configuration by some dimensions: '4 clients, transport unix'."""
    return ", ".join(filter(None, (words.phrase(d, row[d]) for d in dims)))


def place(experiment: str, db_nodes: float) -> str:
    """Where the databases are: 'colocated', '4 database nodes'."""
    if experiment.endswith("_colocated") or not db_nodes > 0:
        return "colocated"
    return words.count(int(db_nodes), "database node")


def hosts(path: str) -> pd.DataFrame:
    """/hosts, a row a node; empty where the file has none."""
    with srbench_results.opened(path) as f:
        if "hosts" not in f:
            return pd.DataFrame()
        return pd.DataFrame({
            name: srbench_results.values(d)
            for name, d in srbench_results.datasets(f["hosts"]).items()
            if name != "node"})


def rungs(rows: pd.DataFrame) -> pd.Series:
    """On which rung of the ladder each engine stands."""
    guessed = rows["db_exe"].map(lambda exe: _RUNGS.get(exe, DATABASE))
    if "rung" not in rows:
        return guessed
    said = rows["rung"].fillna("")
    return said.where(said != "", guessed)


def servers(path: str, df: pd.DataFrame) -> dict[str, str]:
    """What the programs of db_exe are: 'valkey 8.0.1'; the program too where
    two are the same, and alone where the file does not say."""
    labels: dict[str, str] = {}
    ran = df[(df["status"] == "completed") & (rungs(df) == DATABASE)]
    with srbench_results.opened(path) as f:
        for exe in df["db_exe"].unique():
            first = ran.loc[ran["db_exe"] == exe, "index"].head(1)
            said = "" if first.empty else \
                srbench_results.attributes(srbench_results.group_of(
                    f, int(first.iloc[0]))).get("server", "")
            labels[exe] = said or str(exe)
    said = list(labels.values())
    return {exe: label if said.count(label) == 1 else f"{label} ({exe})"
            for exe, label in labels.items()}


def _read(path: str) -> tuple[pd.DataFrame, dict, pd.DataFrame]:
    df = srbench_results.summary(path)
    if df.empty:
        raise ResultError(f"{path}: /summary has no rows, so there is nothing "
                          "to report")
    df["index"] = df["permutation"]
    df["path"] = path
    if "tune_step" in df:
        df = tuned.at_last(df)
    if "db_exe" in df:
        df["server"] = df["db_exe"].map(servers(path, df))
    return df, srbench_results.study(path), hosts(path)


def _typed(df: pd.DataFrame) -> None:
    """Give every column its type, those too that are used here and lacking."""
    for c in (*TEXTS, *NUMBERS):
        if c not in df:
            df[c] = "" if c in TEXTS else math.nan
    for c in df:
        if df[c].dtype.kind == "O":
            df[c] = df[c].fillna("").astype(str)


def load(paths: Sequence[str | Path],
         where: dict[str, list[str]] | None = None) -> Study:
    """Read the files; where keeps permutations whose axes have these values."""
    names = [str(p) for p in paths]
    frames, about, machines = zip(*map(_read, names))
    frame = srbench_results.together(frames, names)
    axes = srbench_results.axes(frame)
    absent = [c for c in (*TEXTS, *NUMBERS) if any(c not in f for f in frames)]
    _typed(frame)
    frame["rung"] = rungs(frame)
    if len(names) > 1:
        frame["file"] = _short(frame["path"])
        axes = ["file", *axes]
    frame["place"] = [place(e, n) if s != "planned" else "" for e, n, s in
                      zip(frame["experiment"], frame["db_nodes"],
                          frame["status"])]
    frame = _kept(frame, where or {})
    # a planned row knows nothing of itself
    known = frame[frame["status"] != "planned"]
    varying = [a for a in axes if varies(known[a])]
    return Study(names, frame, configurations(frame, axes), axes, varying,
                 dimensions(known, varying), list(about), list(machines), absent,
                 not where)


def varies(axis: pd.Series) -> bool:
    """Whether an axis has several values; that one placement does not have it
    is none."""
    return sum(not words.absent(str(axis.name), v) for v in axis.unique()) > 1


def _short(paths: pd.Series) -> pd.Series:
    """Paths by their last part, where that is enough to tell them apart."""
    names = paths.map(lambda p: shown(Path(p).name))
    return names if names.nunique() == paths.nunique() else paths.map(shown)


def _kept(frame: pd.DataFrame, where: dict[str, list[str]]) -> pd.DataFrame:
    for axis, wanted in where.items():
        if axis not in frame:
            raise ResultError(f"--where {axis}: the file has no such column")
        cells = frame[axis].map(
            lambda v: words.exact(v) if isinstance(v, float) and v == v
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
    placement, a server goes by name and version rather than its program, and
    the axis that makes the number of clients is that number."""
    dims = [v for v in varying if v not in ("experiment", "db_nodes")]
    if "db_exe" in dims and "server" in frame:
        dims[dims.index("db_exe")] = "server"
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


def repeated(last: dict[str, Any], group: pd.DataFrame, figure: str,
             each: str) -> float:
    """A figure over repetitions; an old file has it of each alone."""
    if np.isfinite(last[f"{figure}_repeated"]):
        return last[f"{figure}_repeated"]
    return math.exp(np.log(group[each].to_numpy(float)).mean())


def step_measure(row: dict[str, Any]) -> str:
    """What a permutation is compared by where it has writers and readers, or its
    steps compute or have a rate, and its bandwidth is what was asked of it; else
    ""."""
    if not words.missing(row.get("delivery_median")):
        return "delivery_median"
    if words.missing(row.get("step_median")):
        return ""
    if not words.missing(row.get("sustained_rate_low")):
        return "sustained_rate"
    return "overhead" if words.missing(row.get("step_response_median")) \
        else "step_response_median"


def compared_by(group: pd.DataFrame, measure: str) -> dict[str, Any]:
    """`measure`, and what it comes to over repetitions: `measured`, the geometric
    mean (of an overhead with the computing, 1 + that), and `measured_error`, the
    standard error of its logarithm."""
    found = {"measure": measure, "measured": math.nan, "measured_error": math.nan}
    if measure:
        each = group[measure].to_numpy(float) + (measure == "overhead")
        logs = np.log(np.where(each > 0, each, np.nan))
        found["measured"] = math.exp(logs.mean())
        if len(logs) > 1:
            found["measured_error"] = logs.std(ddof=1) / math.sqrt(len(logs))
    return found


def over_repetitions(group: pd.DataFrame, figure: str) -> dict[str, float]:
    """A figure's geometric mean over repetitions and its 95 % interval."""
    known = group[figure].to_numpy(float)
    logs = np.log(known[known > 0])
    if len(logs) < 2:
        return {f"{figure}_low": math.nan, f"{figure}_high": math.nan}
    half = student_quantile(0.95, len(logs) - 1) * logs.std(ddof=1) \
        / math.sqrt(len(logs))
    return {f"{figure}{end}": math.exp(logs.mean() + by)
            for end, by in (("", 0.0), ("_low", -half), ("_high", half))}


def search_ended(group: pd.DataFrame, measure: str, measured: float) -> str:
    """Of a search that has no rate to be compared by: "none" held in some
    repetition, or "all" that were tried; else ""."""
    if measure != "sustained_rate" or measured == measured:
        return ""
    if (group["sustained_rate_low"] == 0).any():
        return "none"
    return "all" if group["sustained_rate_high"].isna().any() else ""


def _configuration(group: pd.DataFrame) -> dict[str, Any]:
    done = group["repetitions_done"].fillna(len(group))  # an old file
    last = group.loc[done.idxmax()].to_dict()
    n = int(done.max())
    last["repetitions"] = n
    last["rows"] = list(group.index)
    for op in OPS:
        if n > 1:
            last[op] = repeated(last, group, op, f"{op}_median")
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
        last["window"] = repeated(last, group, "window", "window")
        last["window_low"] = last["window_repeated_low"]
        last["window_high"] = last["window_repeated_high"]
    for end in ("", "_low", "_high"):
        last[f"ops{end}"] = last[f"window{end}"] * middle(
            group["window_ops"] / group["window"])
    last |= compared_by(group, step_measure(last))
    last["search_ended"] = search_ended(group, last["measure"], last["measured"])
    for share in (*SHARES, *(c for c in STEPS + RUNS if c in group)):
        last[share] = middle(group[share])
    alone = group.reindex(columns=["compute_alone_before", "compute_alone_after"])
    last["compute_alone_least"] = alone.min().min()
    last["compute_alone_most"] = alone.max().max()
    for figure in INTERVALS:
        if n > 1 and f"{figure}_low" in group:
            last |= over_repetitions(group, figure)
    if group["limit"].nunique() > 1:
        last["limit"] = ""
    raised = {f for cell in group["flags"] for f in cell.split(",") if f}
    last["flags"] = ",".join(f for f in words.FLAGS if f in raised)
    return last
