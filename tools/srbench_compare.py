"""Two result files of srbench compared, permutation by permutation; the program
is tools/srbench-compare.

An interval tells how far the ratio NEW/BASE may be from the true one. Which
noise it knows of is its basis:

  repetitions  the spread over repetitions, those of clients and iterations in
               each included, and an allowance for what differs between two
               studies but not between repetitions of one: --study-noise, or 0.8
               of what these differ by, whichever is more
  studies      the spread over earlier studies of the same build (--history)
  within       one repetition: blocks of iterations and clients of this one run.
               What another run would give is not known, so nothing is decided.
"""
from __future__ import annotations

import math
import re
import zlib
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Iterator, NamedTuple, Sequence

import h5py
import numpy as np
import pandas as pd

import srbench_stats as stats
from srbench_results import (ResultError, axes, clean, shown, study,
                             summary)

FIGURES = ("put_tensor_median", "unpack_tensor_median", "put_tensor_p99",
           "unpack_tensor_p99", "window", "steady", "window_ops")
# The same of steps, and of writers and readers, beside those where both files
# have them.
EXCHANGE_FIGURES = ("delivery_median", "delivery_p99", "control_put_median",
                    "control_get_median")
STEP_FIGURES = ("step_median", "step_p99", "put_response_median",
                "put_response_p99", "step_response_median", "step_response_p99",
                "sustained_rate")
# And of readers of lists.
LIST_FIGURES = ("poll_list_median", "poll_list_p99", "get_list_median",
                "get_list_p99")
COMPARABLE = ("s", "B/s", "1/s")  # units of which it is known what is better
# What is the same ratio as another one is not one hypothesis more.
SAME_RATIO = {"window_ops": "window", "steady_ops": "steady",
              "sum_of_rank_ops": "sum_of_rank_rates"}
QUANTILE = {"median": 0.5, "p95": 0.95, "p99": 0.99, "p99.9": 0.999}
ALPHA = 0.05
SAME_WITHIN = 0.10
STUDY_NOISE = 0.02
# Repetitions of a study are neighbours in time: what differs from one study to
# the next is a part of their own standard deviation that they do not show. Of
# three times 20 studies on a busy machine: 0.3 to 0.9 of it, up to 1.1 for the
# window. With 0.8, 0 to 3.7 % of pairs of one build fail a gate of 10 %, with
# 0.7 up to 5.8 % (tools/bench/false_alarms.py).
STUDY_SHARE = 0.8
LEAST_STUDIES = 3
MOST_TIMINGS = 4_000_000  # of one array that are read at once

OPERATIONS = ("put_tensor", "unpack_tensor")
TIMES = ("compute", "expire_after")  # axes in seconds

Key = tuple
Samples = dict[tuple[Key, str], tuple[np.ndarray, np.ndarray]]


@dataclass
class Settings:
    """What was asked for; shares are parts of one."""
    figures: Sequence[str] = FIGURES
    limit: float | None = None  # --fail-if-slower
    study_noise: float = STUDY_NOISE
    seed: int = 1
    unsure_fails: bool = False  # --fail-if-unsure

    @property
    def same_within(self) -> float:
        """How narrow an interval makes two figures the same."""
        return SAME_WITHIN if self.limit is None else self.limit


# --- one file ------------------------------------------------------------------

class Results:
    """A result file: its table, its attributes, and its timings on demand."""

    def __init__(self, path: str, settings: Settings) -> None:
        self.path = shown(path)
        every = summary(path)
        ran = every["status"] != "planned"
        self.not_run = int((~ran).sum())  # the writer was killed before
        self.rows = every[ran].dropna(axis="columns", how="all")
        units = every.attrs["units"]
        self.figures = {name: units[name] for name in every.attrs["figures"]
                        if units.get(name) in COMPARABLE}  # with their units
        self.study = study(path)
        self.settings = settings
        self.axes = [name for name in axes(every) if name in self.rows]
        self._kept: dict[tuple[int, str], np.ndarray] = {}
        self._file = h5py.File(path, "r", locking=False)

    def close(self) -> None:
        """Close the file; what was read stays."""
        self._file.close()

    def __enter__(self) -> "Results":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hosts(self) -> dict[str, list]:
        """The columns of /hosts; none where the file has no such table."""
        try:
            group = self._file["hosts"]
            return {name: [_plain(v) for v in data[...]]
                    for name, data in group.items()}
        except (KeyError, OSError, RuntimeError, AttributeError):
            return {}

    def replicates(self, index: int, figure: str) -> np.ndarray:
        """By how much the figure of permutation `index` varies within its run,
        as logarithms; NaN where that cannot be told from the timings."""
        figure = SAME_RATIO.get(figure, figure)
        if (index, figure) not in self._kept:
            self._kept.update(self._resample(index, figure))
        return self._kept[index, figure]

    def samples(self, rows: pd.DataFrame, operation: str) -> np.ndarray:
        """The timings of an operation in all of these permutations."""
        found = [np.empty(0)]
        for i in rows["permutation"]:
            try:
                times = _timings(self._file[f"perm_{i:04d}"][operation]).ravel()
            except (KeyError, OSError, ValueError, AttributeError):
                continue  # of an older srbench, or killed before it was written
            found.append(times[times > 0])
        return np.concatenate(found)

    def _resample(self, index: int, figure: str
                  ) -> dict[tuple[int, str], np.ndarray]:
        """That figure, and those that share the work. What is neither a quantile
        nor a rate, such as a maximum, has no spread within a run."""
        found = {figure: np.full(stats.REPLICATES, np.nan)}
        try:
            group = self._file[f"perm_{index:04d}"]
            if figure.rpartition("_")[2] in QUANTILE:
                found |= self._quantiles(group, index, figure)
            elif figure in ("window", "steady"):
                found |= _rates(group, self._rng(index, "rates"))
        except KeyError:  # of an older srbench, or killed before it was written
            pass
        except (OSError, RuntimeError, ValueError, AttributeError) as error:
            raise ResultError(f"{self.path}: the timings of permutation {index} "
                              f"cannot be read, the file is damaged "
                              f"({str(error).splitlines()[0]})") from None
        return {(index, name): row for name, row in found.items()}

    def _rng(self, index: int, what: str) -> np.random.Generator:
        """The same numbers whatever else is compared."""
        return np.random.default_rng([self.settings.seed, index,
                                      zlib.crc32(what.encode())])

    def _quantiles(self, group: h5py.Group, index: int, figure: str
                   ) -> dict[str, np.ndarray]:
        """The quantiles of an operation."""
        operation = figure.rsplit("_", 1)[0]
        names = [n for n in self.settings.figures if n.startswith(operation + "_")
                 and n.rsplit("_", 1)[1] in QUANTILE]
        found = stats.quantile_replicates(
            _durations(group, operation), [QUANTILE[n.rsplit("_", 1)[1]]
                                         for n in names],
            self._rng(index, operation))
        return dict(zip(names, found))


def _timings(data: h5py.Dataset) -> np.ndarray:
    """[client, iteration]; of more than memory is for, evenly chosen clients."""
    if data.ndim != 2:
        raise ValueError(f"{data.name} has {data.ndim} dimensions, not 2")
    step = max(1, math.ceil(data.size / MOST_TIMINGS))
    return data[::step]


def _of_those(times: np.ndarray) -> np.ndarray:
    """Of the clients that did it: some put and others get."""
    return times[np.isfinite(times).any(axis=1)]


def _durations(group: h5py.Group, operation: str) -> np.ndarray:
    """Of an operation, or from when its step was due."""
    if operation in ("control_put", "control_get"):
        reads = np.isin(np.arange(len(group["control"])),
                        group["reader_client"][...])
        return _of_those(group["control"][...][reads == (operation[-3:] == "get")])
    if not operation.endswith("_response"):
        return _of_those(_timings(group[operation]))
    whose = operation.removesuffix("_response")
    of = "unpack_" if whose == "unpack" and "unpack_due" in group else ""
    late = _timings(group[of + "begun"]) - _timings(group[of + "due"])
    return late + _timings(group["step" if whose == "step" else f"{whose}_tensor"])


def _rates(group: h5py.Group, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Replicates of the rates while any client, and while all were in the loop."""
    puts, gets = (_timings(group[n]) for n in ("put_start", "unpack_start"))
    ends = np.concatenate([puts + _timings(group["put_tensor"]),
                           gets + _timings(group["unpack_tensor"])], axis=1)
    starts = np.concatenate([puts, gets], axis=1)
    there = np.isfinite(starts).any(axis=1)  # a reader may have missed it all
    starts, ends = starts[there], ends[there]
    first, last = np.nanmin(starts, axis=1), np.nanmax(ends, axis=1)
    return {"window": stats.rate_replicates(ends, first.min(), last.max(), rng),
            "steady": stats.rate_replicates(ends, first.max(), last.min(), rng)}


def _plain(value: object) -> object:
    """A cell that can be compared and printed: str, int, float or None."""
    if isinstance(value, bytes):
        value = clean(value.decode(errors="replace"))
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


# --- which permutations belong together ----------------------------------------

@dataclass
class Match:
    """Permutations that differ in nothing but the file and the repetition."""
    key: Key
    base: pd.DataFrame
    new: pd.DataFrame


@dataclass
class Matching:
    """What belongs together, by the values of the axes; and what is left over."""
    axes: list[str]  # those that vary first
    varying: int  # how many of them do
    matches: list[Match] = field(default_factory=list)
    alone: list[str] = field(default_factory=list)  # sentences

    def label(self, key: Key) -> str:
        """The permutation by the axes that vary: "tensor_bytes=1024"."""
        return self.words(key, self.axes[:self.varying]) or "the only one"

    def words(self, key: Key, names: Sequence[str]) -> str:
        """Some axes of it; those that its placement does not have left out."""
        cells = dict(zip(self.axes, key))
        return " ".join(f"{name}={_typed(name, cells[name])}" for name in names
                        if cells[name] not in (-1, "", None))


def _typed(name: str, value: object) -> str:
    """A value as one types it; times in the unit that suits: 31.47ms."""
    if name not in TIMES or not value:
        return str(value)
    scale, unit = next(x for x in ((1, "s"), (1e3, "ms"), (1e6, "us"), (1e9, "ns"))
                       if value * x[0] >= 1 or x[1] == "ns")
    return f"{value * scale:.9g}{unit}"


def grouped(rows: pd.DataFrame, names: Sequence[str]) -> dict[Key, pd.DataFrame]:
    """The rows by their values of the axes, in the order of the file."""
    positions: dict[Key, list[int]] = {}
    columns = [[_plain(v) for v in rows[name]] for name in names]
    for at, key in enumerate(zip(*columns) if names else [()] * len(rows)):
        positions.setdefault(key, []).append(at)
    return {key: rows.iloc[at] for key, at in positions.items()}


def common_axes(files: Sequence[Results]) -> tuple[list[str], int]:
    """The axes that all files have, those that vary in or between them first;
    without that of the server where each file has one of its own: then it is
    servers that are compared."""
    names = [n for n in files[0].axes if all(n in f.rows for f in files)]
    if len({_server(f) for f in files}) > 1 and all(map(_server, files)):
        names = [n for n in names if n != "db_exe"]
    vary = [n for n in names
            if len({_plain(v) for f in files for v in f.rows[n].unique()}) > 1]
    return vary + [n for n in names if n not in vary], len(vary)


def _server(f: Results) -> str:
    """The one program of all its permutations; "" where there are several."""
    programs = set(f.rows["db_exe"]) if "db_exe" in f.rows else set()
    return str(programs.pop()) if len(programs) == 1 else ""


def match(base: Results, new: Results, others: Sequence[Results] = ()) -> Matching:
    """The permutations of both files that are of one kind."""
    names, varying = common_axes([base, new, *others])
    found = Matching(names, varying)
    sides = {"BASE": (base, new), "NEW": (new, base)}
    groups = {side: grouped(own.rows, names) for side, (own, _) in sides.items()}
    found.alone += [f"{own.not_run} permutations of {side}, which was killed before "
                    f"they ran" for side, (own, _) in sides.items() if own.not_run]
    for key in [*groups["BASE"], *(k for k in groups["NEW"]
                                   if k not in groups["BASE"])]:
        reasons = [reason for side, (own, other) in sides.items()
                   for reason in _left_out(side, groups[side].get(key), own, other)]
        if reasons:
            found.alone.append(f"{found.label(key)}: {'; '.join(reasons)}")
        else:
            found.matches.append(Match(key, *(completed(g[key])
                                              for g in groups.values())))
    return found


def completed(rows: pd.DataFrame) -> pd.DataFrame:
    """Those that have figures."""
    return rows[rows["status"] == "completed"]


def _left_out(side: str, rows: pd.DataFrame | None, own: Results, other: Results
              ) -> Iterator[str]:
    """Why these rows of a side cannot be compared, if they cannot."""
    if rows is None:
        yield f"not in {side}"
        return
    hidden = [n for n in own.axes if n not in other.rows and rows[n].nunique() > 1]
    if hidden:
        yield (f"several in {side}, which differ in {', '.join(hidden)}; the other "
               f"file does not say which it has")
    if completed(rows).empty:
        said = sorted({f"{row.status}" + (f" ({row.error})" if row.error else "")
                       for row in rows.assign(
                           error=rows.get("error", "")).itertuples()})
        yield f"not completed in {side}: {', '.join(said)}"


# --- one comparison ------------------------------------------------------------

@dataclass
class Comparison:
    """One figure of one permutation in both files."""
    key: Key
    figure: str
    unit: str
    base: float  # geometric means over the repetitions
    new: float
    repetitions: tuple[int, int]
    basis: str  # of the interval: repetitions, studies, within or none
    ratio: float
    low: float  # 95 % interval of the ratio; NaN: none
    high: float
    p: float
    spread: stats.Spread  # of the ratio's logarithm
    p_adjusted: float = math.nan
    verdict: str = "unsure"
    over_limit: bool = False
    smallest: float = math.nan  # slowdown that would have been found; NaN: none

    @property
    def slowdown(self) -> float:
        """By how much NEW is slower: 1.1 for times 10 % longer, or for rates of
        which BASE has 10 % more."""
        return self.ratio if self.unit == "s" else 1 / self.ratio

    @property
    def decides(self) -> bool:
        """Whether the noise between runs is known."""
        return self.basis in ("repetitions", "studies")


class Logs(NamedTuple):
    """A figure's logarithms, and the numbers of the permutations they are of."""
    numbers: np.ndarray
    values: np.ndarray

    def __len__(self) -> int:
        return len(self.values)


def logs(rows: pd.DataFrame, figure: str) -> Logs:
    """Of the rows that have the figure."""
    if figure not in rows:
        return Logs(np.empty(0, int), np.empty(0))
    values = rows[figure].to_numpy(float)
    there = values > 0  # nor NaN
    return Logs(rows["permutation"].to_numpy()[there], np.log(values[there]))


class Comparer:
    """Compares the figures of two files, with others that tell the noise."""

    def __init__(self, base: Results, new: Results, history: Sequence[Results],
                 settings: Settings) -> None:
        self.base, self.new, self.settings = base, new, settings
        self.matching = match(base, new, history)
        self.units = {**new.figures, **base.figures}
        self.earlier = [grouped(h.rows, self.matching.axes) for h in history]

    def all(self) -> list[Comparison]:
        """Every figure of every permutation that has it in both files."""
        found = [c for m in self.matching.matches for f in self.settings.figures
                 if (c := self.one(m, f)) is not None]
        judge(found, self.settings)
        return found

    def one(self, m: Match, figure: str) -> Comparison | None:
        """One comparison, not judged yet; None where a file lacks the figure."""
        base, new = logs(m.base, figure), logs(m.new, figure)
        if figure not in self.units or not (len(base) and len(new)):
            return None
        centres = base.values.mean(), new.values.mean()
        basis, spread = self.spread(m.key, figure, base, new)
        d = stats.difference(centres[1] - centres[0], spread)
        return Comparison(m.key, figure, self.units[figure],
                          *map(math.exp, centres), (len(base), len(new)), basis,
                          math.exp(d.value),
                          math.exp(d.low), math.exp(d.high), d.p, spread)

    def spread(self, key: Key, figure: str, base: Logs, new: Logs
               ) -> tuple[str, stats.Spread]:
        """What the difference of the centres may be wrong by, and whence that
        is known."""
        sides = [(self.centre(self.base, figure, base), len(base)),
                 (self.centre(self.new, figure, new), len(new))]
        own = stats.add(*(spread for spread, _ in sides))
        studies = self.over_studies(key, figure, base)
        if min(len(base), len(new)) > 1:
            if studies is None:
                return "repetitions", stats.add(own, *(
                    self.beyond(*side) for side in sides))
            return "studies", max(own, studies)
        if studies is not None:
            return "studies", studies
        return ("none" if math.isnan(own.variance) else "within"), own

    def centre(self, results: Results, figure: str, found: Logs) -> stats.Spread:
        """The spread of one file's centre."""
        within = np.stack([results.replicates(int(i), figure)
                           for i in found.numbers])
        rng = np.random.default_rng([self.settings.seed, *found.numbers])
        return stats.centre_spread(found.values, within, rng)

    def beyond(self, centre: stats.Spread, n: int) -> stats.Spread:
        """The allowance for what another study would differ by, given the centre
        of n repetitions: --study-noise, or a share of what these differ by."""
        return max(stats.Spread(self.settings.study_noise ** 2, math.inf),
                   stats.Spread(STUDY_SHARE ** 2 * n * centre.variance, centre.df))

    def over_studies(self, key: Key, figure: str, base: Logs
                     ) -> stats.Spread | None:
        """The spread of a difference of two studies' centres, by BASE and the
        studies before it; None of too few."""
        centres = [base.values.mean()]
        for groups in self.earlier:
            if key in groups:
                values = logs(completed(groups[key]), figure).values
                centres += [values.mean()] if len(values) else []
        if len(centres) < LEAST_STUDIES:
            return None
        return stats.Spread(2 * float(np.var(centres, ddof=1)), len(centres) - 1.0)


def judge(found: Sequence[Comparison], settings: Settings) -> None:
    """Verdicts, all comparisons of the two files taken together; and what they
    could not have missed, by the strictest of Holm's levels."""
    hypotheses: dict[tuple[Key, str], list[Comparison]] = {}
    for c in found:
        if c.decides:
            name = SAME_RATIO.get(c.figure, c.figure)
            hypotheses.setdefault((c.key, name), []).append(c)
    adjusted = stats.holm([cs[0].p for cs in hypotheses.values()])
    for cs, p in zip(hypotheses.values(), adjusted):
        for c in cs:
            c.p_adjusted = p
            c.smallest = math.exp(stats.smallest(
                c.spread, ALPHA / len(hypotheses)))
            c.verdict = verdict(c, settings)
            c.over_limit = (c.verdict == "slower" and settings.limit is not None
                            and c.slowdown > 1 + settings.limit)


def verdict(c: Comparison, settings: Settings) -> str:
    """Sure of a difference; sure that there is none worth the name; or unsure."""
    if c.p_adjusted <= ALPHA:
        return "slower" if c.slowdown > 1 else "faster"
    margin = 1 + settings.same_within
    return "same" if 1 / margin <= c.low and c.high <= margin else "unsure"


# --- what else differs ---------------------------------------------------------

ORDER = ("slower", "faster", "unsure", "same")  # what changed first
FACTS = {"srbench_version": "srbench", "git_commit": "commit",
         "server_version": "server", "mpi_version": "MPI",
         "hiredis_version": "hiredis", "launcher": "launcher", "ranks": "ranks",
         "nodes": "nodes", "hosts": "hosts"}
MACHINE = ("name", "cpu_model", "cpus", "memory", "kernel", "interface",
           "interface_speed", "interface_driver", "somaxconn")
NO_MATTER = {"exp_name", "output", "overwrite", "db_port", "repetitions",
             "until_interval", "seed", "machine", "order"}
OPTION = re.compile(r"^(\w+): (.*)$", re.M)


def changes(base: Results, new: Results, matching: Matching) -> list[str]:
    """Differences of the files, which are the cause of those in the figures, or
    may be."""
    return [*_facts(base, new), *_servers(base, new, matching),
            *_options(base, new), *_machines(base, new)]


def warnings(base: Results, new: Results, matching: Matching) -> list[str]:
    """What makes the comparison doubtful."""
    return [*_same_file(base, new), *_flags(matching)]


def _same_file(base: Results, new: Results) -> Iterator[str]:
    if base.study.get("uuid") and base.study.get("uuid") == new.study.get("uuid"):
        yield "BASE and NEW are the same study"


def _differ(what: str, base: object, new: object) -> str:
    return f"{what}: {base} in BASE, {new} in NEW"


def _facts(base: Results, new: Results) -> Iterator[str]:
    for name, word in FACTS.items():
        a, b = base.study.get(name), new.study.get(name)
        if None not in (a, b) and a != b:
            yield _differ(word, a, b)


def _servers(base: Results, new: Results, matching: Matching) -> Iterator[str]:
    if "db_exe" in base.axes and "db_exe" not in matching.axes:
        yield _differ("the option db_exe", _server(base), _server(new))


def _machines(base: Results, new: Results) -> Iterator[str]:
    a, b = base.hosts(), new.hosts()
    for name in MACHINE:
        if name in a and name in b:
            ours, theirs = (_distinct(h[name]) for h in (a, b))
            if ours != theirs:
                yield _differ(f"the machine's {name}", ours, theirs)


def _distinct(values: Sequence[object]) -> str:
    """A column's values once each, the first of many."""
    once = sorted({str(v) for v in values})
    more = f" and {len(once) - 3} more" if len(once) > 3 else ""
    return ", ".join(once[:3]) + more


def _options(base: Results, new: Results) -> Iterator[str]:
    given = [dict(OPTION.findall(str(r.study.get("resolved_config", ""))))
             for r in (base, new)]
    for name, value in given[0].items():
        if name in NO_MATTER or name in base.axes or name not in given[1]:
            continue
        if value != given[1][name]:
            yield _differ(f"the option {name}", value, given[1][name])


def _flags(matching: Matching) -> Iterator[str]:
    """Flags of one side alone, with how many permutations they are of; and what
    makes any figure doubtful."""
    raised: dict[tuple[str, str], int] = {}
    for m in matching.matches:
        base, new = _flags_of(m.base), _flags_of(m.new)
        for flag in sorted(base ^ new):
            side = "BASE" if flag in base else "NEW"
            raised[flag, side] = raised.get((flag, side), 0) + 1
        for flag in sorted(base & new & {"verify", "ops_mismatch"}):
            raised[flag, "both"] = raised.get((flag, "both"), 0) + 1
    for (flag, side), count in sorted(raised.items()):
        where = "in both" if side == "both" else f"in {side} alone"
        yield (f"the flag {flag} is raised {where}, for {count} of "
               f"{len(matching.matches)} permutations")


def _flags_of(rows: pd.DataFrame) -> set[str]:
    return {flag for text in rows.get("flags", []) for flag in str(text).split(",")
            if flag}


# --- all of it -----------------------------------------------------------------

@dataclass
class Report:
    """What there is to say about two files."""
    base: Results
    new: Results
    history: list[str]
    settings: Settings
    matching: Matching
    comparisons: list[Comparison]
    changes: list[str]
    warnings: list[str]
    absent: list[str]
    samples: Samples = field(default_factory=dict)  # where they were asked for

    @property
    def ordered(self) -> list[Comparison]:
        """What changed first, and most of that first."""
        return sorted(self.comparisons, key=lambda c: (
            ORDER.index(c.verdict), -abs(math.log(c.ratio))))

    @property
    def failed(self) -> bool:
        """Whether a gate fails."""
        return bool(self.over_limit or (self.settings.unsure_fails
                                        and self.counts["unsure"]))

    @property
    def over_limit(self) -> list[Comparison]:
        """What fails the gate."""
        return [c for c in self.comparisons if c.over_limit]

    @property
    def counts(self) -> dict[str, int]:
        """Verdicts, counted."""
        return {v: sum(c.verdict == v for c in self.comparisons)
                for v in ("slower", "faster", "same", "unsure")}


def compare(base_path: str, new_path: str, settings: Settings | None = None,
            history: Sequence[str] = (), distributions: int = 0) -> Report:
    """Compare two files; ResultError where nothing can be compared.
    distributions: of how many permutations the samples are wanted."""
    settings = settings or Settings()
    with ExitStack() as opened:
        base, new, *others = (opened.enter_context(Results(path, settings))
                              for path in (base_path, new_path, *history))
        report = compare_open(base, new, others, settings)
        report.samples = samples(report, distributions)
        return report


def samples(report: Report, most: int) -> Samples:
    """Of the permutations that changed most, of both files."""
    matches = {m.key: m for m in report.matching.matches}
    found: Samples = {}
    for key in list(dict.fromkeys(c.key for c in report.ordered))[:most]:
        for op in OPERATIONS:
            both = (report.base.samples(matches[key].base, op),
                    report.new.samples(matches[key].new, op))
            if all(x.size for x in both):
                found[key, op] = both
    return found


def compare_open(base: Results, new: Results, history: Sequence[Results],
                 settings: Settings) -> Report:
    """The same of files that are open."""
    if tuple(settings.figures) == FIGURES:
        more = dict.fromkeys(STEP_FIGURES + EXCHANGE_FIGURES + LIST_FIGURES)
        settings.figures = [*FIGURES, *(f for f in more
                                        if f in base.rows and f in new.rows)]
    comparer = Comparer(base, new, history, settings)
    for figure in settings.figures:
        if figure not in (*FIGURES, *comparer.units):
            raise ResultError(f"--figure: found '{figure}', expected a time or a "
                              f"rate of /summary such as {', '.join(FIGURES)}")
    matching = comparer.matching
    if not matching.matches:
        raise ResultError(f"{base.path} and {new.path}: no permutation completed "
                          f"in both; {'; '.join(matching.alone[:3])}")
    found = comparer.all()
    if not found:
        raise ResultError(f"{base.path} and {new.path}: none of the figures "
                          f"{', '.join(settings.figures)} is in both")
    return Report(base, new, [h.path for h in history], settings, matching, found,
                  changes(base, new, matching), warnings(base, new, matching),
                  _absent(matching, found, settings))


def _absent(matching: Matching, found: Sequence[Comparison], settings: Settings
            ) -> list[str]:
    """Figures that some permutations do not have."""
    lines = []
    for figure in settings.figures:
        lacking = len(matching.matches) - sum(c.figure == figure for c in found)
        if lacking:
            lines.append(f"{figure}: {lacking} of {len(matching.matches)} "
                         f"permutations do not have it in both files")
    return lines
