"""Which configuration was best, which might be as good, and what made the
difference.

Two configurations are told apart only where the 95 % interval of their ratio
excludes 1 (verdicts.py); what cannot be told apart from the best shares the
first place with it.
"""
from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Iterable, Iterator

import pandas as pd

from . import exchange, inference, ladder, steps, verdicts, words
from .charts import evenly
from .study import DATABASE, Study, described, rungs, varies


@dataclass
class Best:
    """One figure's best configuration, of a tensor size or of all."""
    figure: str            # a column of Study.configs
    row: pd.Series
    value: float
    low: float
    high: float
    rivals: list[pd.Series]  # that cannot be told apart from it
    tried: int               # how many there were, itself included

    @property
    def has_interval(self) -> bool:
        return self.low == self.low and self.high == self.high

    @property
    def sure(self) -> bool:
        """Whether it can be told apart from anything."""
        known = verdicts.known(self.row, self.figure if self.figure in FIGURES
                               else "measured")
        return known.error == known.error


@dataclass
class Answer:
    """caution: what must be read first (what failed, that all is flagged; a line
    each), "" for nothing; verdicts: a sentence for each axis; held: what held the
    best of each size back, a sentence each; ladder: where the time goes, rung by
    rung, likewise; top: {figure: Best} of all sizes; best: {tensor_bytes: {figure:
    Best}}, sizes ascending; remarks: what was left out, or what the reader must
    know, a sentence each; tried: how many configurations could win."""
    best: dict[int, dict[str, Best]]
    dims: list[str]  # what varies among those that may win, but for the size
    remarks: list[str]
    tried: int
    top: dict[str, Best] = field(default_factory=dict)
    caution: str = ""
    verdicts: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    ladder: list[str] = field(default_factory=list)


MOST_SIZES = 24  # of which the best is told
MOST_RIVALS = 3  # that are named where the first place is shared
FIGURES = ("window", "put_tensor", "unpack_tensor")
HEADS = {"delivery_median": "Shortest median delivery",
         "sustained_rate": "Largest sustained rate",
         "overhead": "Smallest overhead",
         "step_response_median": "Shortest median response",
         "window": "Largest bandwidth",
         "put_tensor": "Shortest median put_tensor",
         "unpack_tensor": "Shortest median unpack_tensor"}


def text_of(figure: str, v: float) -> str:
    """A figure with its unit."""
    return {"window": words.rate, "overhead": words.share,
            "sustained_rate": words.steps}.get(figure, words.seconds)(v)


def candidates(configs: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Configurations that may win, and sentences on those that may not."""
    remarks: list[str] = []
    if configs.empty:
        return configs, remarks
    wrong = configs["flags"].str.contains("verify")
    if wrong.any():
        remarks.append("Configurations whose tensors came back wrong are left "
                       "out of the answer.")
    right = configs[~wrong]
    rung = rungs(right)
    real = right[(rung == DATABASE) & (right["client"] != "null")]
    if real.empty and not right.empty:
        remarks.append("Nothing here is a database: what srbench has of its own "
                       "(such as floor, or the client null) was measured.")
        return right, remarks
    if len(real) < len(right):
        remarks.append("The built-in server (floor) and the client null are "
                       "limits, not databases, and left out of the answer.")
    serverless = right.loc[~rung.isin((DATABASE, "sockets", "nothing")), "db_exe"]
    if len(serverless):
        remarks.append("Nor is what has no server a database: "
                       f"{', '.join(serverless.unique())}.")
    return real, remarks


def best(group: pd.DataFrame, figure: str) -> Best | None:
    """The largest rate or smallest time of some configurations."""
    if figure not in FIGURES:
        return _best_of_steps(group[group["measure"] == figure], figure)
    known = group[group[figure] > 0]
    if known.empty:
        return None
    top, rivals = _first(known, figure, figure == "window")
    low, high = top[f"{figure}_low"], top[f"{figure}_high"]
    if figure == "window" and top["repetitions"] < 2:
        low, high = verdicts.interval(top)
    return Best(figure, top, top[figure], low, high, rivals, len(known))


def _first(known: pd.DataFrame, figure: str, large: bool
           ) -> tuple[pd.Series, list[pd.Series]]:
    """The best, and those that cannot be told apart from it."""
    order = known.sort_values(figure, ascending=not large, kind="stable")
    top, *others = (row for _, row in order.iterrows())
    return top, [r for r in others if not verdicts.is_less(
        *((r, top) if large else (top, r)), figure)]


def _best_of_steps(group: pd.DataFrame, figure: str) -> Best | None:
    """The same by what steps are compared by, over repetitions."""
    known = group[group["measured"] > 0]
    if known.empty:
        return None
    top, rivals = _first(known, "measured", figure == "sustained_rate")
    sure = verdicts.known(top, "measured")
    far = math.exp(verdicts.student(sure.df) * sure.error)
    value, low, high = (top["measured"] * by - (figure == "overhead")
                        for by in (1, 1 / far, far))
    return Best(figure, top, value, low, high, rivals, len(known))


def figures(able: pd.DataFrame) -> list[str]:
    """What is told of some configurations: times and bandwidth, and before them
    what is asked of steps, unless how much is asked was varied: then least of that
    is best, which is no answer."""
    asked = {"overhead": "compute", "step_response_median": "rate"}
    return [f for f in HEADS if f in FIGURES or (
        (able["measure"] == f).any()
        and (f not in asked or not varies(able[asked[f]])))]


def bests(group: pd.DataFrame, told: list[str]) -> dict[str, Best]:
    """By figure."""
    each = {f: best(group, f) for f in told}
    return {f: b for f, b in each.items() if b}


def reasons(errors: Iterable[str]) -> str:
    """Why something failed, each kind once: what differs in numbers, paths and
    addresses alone is one."""
    kinds: dict[str, str] = {}
    for e in filter(None, errors):
        kinds.setdefault(re.sub(r"\S*[\d/]\S*", "", e), e.rstrip("."))
    return words.listed(list(kinds.values()), 2)


def caution(study: Study) -> str:
    """What to say first: that nothing completed, or that no configuration is
    without a flag; "" where neither holds."""
    configs = study.configs
    if configs.empty:
        why = [f"{n} {status}" for status, n in
               study.frame["status"].value_counts().items()]
        errors = reasons(study.frame["error"])
        return ("No permutation completed, so there is no answer: "
                + ", ".join(why) + f": {errors}" * bool(errors) + ".")
    if (configs["flags"] == "").any():
        return ""
    raised = {f for cell in configs["flags"] for f in cell.split(",")}
    why = "; ".join(f"{f}: {words.FLAGS.get(f, f)}"
                    for f in (*words.FLAGS, *sorted(raised - set(words.FLAGS)))
                    if f in raised)
    return ("Every configuration is flagged, so what follows may be of that, and "
            f"not of the database. {why}.")


def lost(study: Study, status: str, how: str) -> str:
    """'1 of 12 permutations failed: why.'; "" where none did."""
    of = study.frame["status"] == status
    return (f"{of.sum()} of {words.count(len(of), 'permutation')} {how}: "
            f"{reasons(study.frame.loc[of, 'error'])}.") if of.any() else ""


def said(study: Study, able: pd.DataFrame) -> list[str]:
    """The verdicts: the file's own, of a study as a whole; else by its rules."""
    if len(study.about) == 1 and study.whole:
        own = str(study.about[0].get("verdicts", ""))
        if own:  # what is said of all flagged ones stands in a box
            return [s for s in own.splitlines()
                    if not s.startswith("Every configuration is flagged")]
    return steps.sentences(study, study.told) \
        + verdicts.sentences(study.configs, study.varying)


def held_back(found: dict[int, dict[str, Best]]) -> list[str]:
    """What held the largest bandwidth of each size back, where it is told."""
    said_: list[str] = []
    for size, of in found.items():
        row = of["window"].row if "window" in of else None
        column, sentence = words.LIMITS.get(
            "" if row is None else row["limit"], ("", ""))
        if sentence:
            of_all = row["server_cpu_share"] if row["limit"] == "server_memory" \
                else 1
            share = row[column] / of_all
            said_.append(
                f"{words.size(size)}: " + sentence.format(f"{100 * share:.0f} %")
                + (f". {words.FASTER_LINK}" if column == "network_share"
                   and share > 1.005 else "") + ".")
    return said_


def answer(study: Study) -> Answer:
    """Everything that can be said in words."""
    able, remarks = candidates(study.configs)
    found: dict[int, dict[str, Best]] = {}
    told = figures(able) if len(able) else []
    if not able.empty:
        for bytes_, group in able.groupby("tensor_bytes"):
            found[int(bytes_)] = bests(group, told)
    first = caution(study)
    if not study.configs.empty:  # else it is what there is to say
        first = "\n".join(filter(None, (lost(study, "failed", "failed"), first)))
        remarks += filter(None, [lost(study, "skipped", "were skipped")])
    for about in study.about:
        nodes, hosts = about.get("nodes", 0), about.get("hosts", 0)
        if nodes > hosts > 0:
            remarks.append(f"{words.count(nodes, 'virtual node')} on "
                           f"{words.count(hosts, 'host')}: they share its CPUs "
                           "and memory; a rehearsal, not a measurement of a "
                           "cluster.")
    remarks += inference.sentences(study, study.told)
    remarks += exchange.sentences(study, study.told)
    dims = [d for d in study.told if d != "tensor_bytes"
            and varies(able[d])] if len(able) else []
    return Answer(found, dims, list(dict.fromkeys(remarks)), len(able),
                  bests(able, told) if len(able) else {}, first,
                  said(study, able), held_back(some(found)), ladder.sentences(study))


# --- in words -----------------------------------------------------------------

def name(row: pd.Series, dims: list[str], many_sizes: bool) -> str:
    """A configuration, with its size where there are several."""
    return described(row, (["tensor_bytes"] if many_sizes else []) + dims)


def shared(b: Best, dims: list[str], many_sizes: bool) -> str:
    """Who shares the first place: the next ones, by what they differ in, and what
    all of very many have in common."""
    told_ = ["tensor_bytes"] * many_sizes + dims

    def differs(r: pd.Series) -> str:
        other = [d for d in told_ if r[d] != b.row[d]]
        return name(r, dims, many_sizes) if len(other) in (0, len(told_)) \
            else f"the same with {described(r, other)}"

    others = [f"{differs(r)} ({text_of(b.figure, r[b.figure])})" for r in b.rivals]
    said_ = ("first place shared, since this study cannot tell them apart, by "
             + words.listed(others, MOST_RIVALS))
    common = described(b.row, [d for d in told_ if all(
        r[d] == b.row[d] for r in b.rivals)])
    if len(others) > MOST_RIVALS and common:
        said_ += f"; all {1 + len(others)} of them with {common}"
    return said_


def headlines(a: Answer) -> Iterator[tuple[str, str, str]]:
    """(what, figure, with what): the best of all, and who shares its place."""
    many = len(a.best) > 1
    for figure, b in a.top.items():
        with_ = name(b.row, a.dims, many)
        if b.rivals:
            with_ += f"; {shared(b, a.dims, many)}"
        yield HEADS[figure], text_of(figure, b.value), with_


def some(best: dict[int, dict[str, Best]]) -> dict[int, dict[str, Best]]:
    """The sizes that are told. To leave out a few is not worth a sentence."""
    most = len(best) if len(best) <= MOST_SIZES * 5 // 4 else MOST_SIZES
    return {s: best[s] for s in evenly(list(best), most)}


def told(a: Answer) -> tuple[dict[int, dict[str, Best]], str]:
    """The best of each tensor size; of very many sizes some, and what to say then."""
    sizes = some(a.best)
    return sizes, "" if len(sizes) == len(a.best) else (
        f"{len(sizes)} of {len(a.best)} tensor sizes are shown, evenly chosen; the "
        "table of all permutations has the others.")


def interval(b: Best) -> str:
    """'95 %: 1 to 2 GB/s, over 3 repetitions'."""
    if not b.has_interval:
        return "no interval: too few samples"
    of = ("within this run" if b.row["repetitions"] < 2 else
          f"over {int(b.row['repetitions'])} repetitions")
    return (f"95 %: {text_of(b.figure, b.low)} to {text_of(b.figure, b.high)}, "
            f"{of}")


def certainty(b: Best) -> str:
    """How sure it is that this is the best alone."""
    if b.tried < 2:
        return ""
    if not b.sure:
        which = HEADS[b.figure].split()[0].lower()
        return f"the {which} of {b.tried}; without an interval none is told apart"
    if not b.rivals:
        return ("clear of the other one" if b.tried == 2 else
                f"clear of the other {b.tried - 1}")
    return f"shared first place, {1 + len(b.rivals)} of {b.tried}"


def _idle(study: Study, axis: str) -> bool:
    """Whether nothing is asked of an axis, in any permutation."""
    if axis not in words.NOTHING or axis not in study.frame:
        return False
    return {v for v in study.frame[axis].unique()
            if not words.absent(axis, v)} <= {words.NOTHING[axis]}


def same_in_all(study: Study) -> str:
    """What does not vary, in one sentence."""
    row = study.frame.iloc[0]
    shown = [words.phrase("place", row["place"])] * ("place" not in study.dims)
    if "clients" not in study.dims and row["clients"] > 0:
        shown.append(words.phrase("clients", row["clients"]))
    alone = () if "pattern" not in study.frame \
        or (study.frame["pattern"] == "exchange").any() else words.OF_READERS
    for axis in study.axes:
        if axis in ("experiment", "db_nodes", *study.varying, *alone):
            continue
        if not _idle(study, axis) and not _idle(study, words.OF.get(axis, "")):
            shown += {words.phrase(axis, v)
                      for v in study.frame[axis].unique()} - {""}
    return "The same in all permutations: " + ", ".join(filter(None, shown)) + "."


def as_text(study: Study, a: Answer, heading: str) -> str:
    """All of it for a terminal."""
    lines = [heading, ""]
    if a.caution:
        lines += [*(f"!! {s}" for s in a.caution.splitlines()), ""]
    lines += [f"* {s}" for s in a.verdicts] + [""] * bool(a.verdicts)
    if a.held:
        lines += ["What held the best of each size back:",
                  *(f"* {s}" for s in a.held), ""]
    if a.ladder:
        lines += ["Where the time goes:", *(f"* {s}" for s in a.ladder), ""]
    lines += [f"{what}: {value} with {with_}" if with_ else f"{what}: {value}"
              for what, value, with_ in headlines(a)]
    lines += ["", same_in_all(study), ""]
    sizes, fewer = told(a)
    lines += [fewer, ""] * bool(fewer)
    for size, found in sizes.items():
        lines.append(words.size(size))
        for figure, b in found.items():
            sure = "; ".join(filter(None, (interval(b), certainty(b))))
            names = [described(r, a.dims) for r in (b.row, *b.rivals)]
            lines.append(f"  {HEADS[figure].lower()}: "
                         f"{text_of(figure, b.value)} ({sure})")
            if a.dims:
                lines.append(f"    {words.listed(names, 4, ' | ')}")
    return "\n".join([*lines, "", *a.remarks]).rstrip() + "\n"
