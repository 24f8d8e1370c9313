#!/usr/bin/env python3
"""How often tools/srbench-compare cries wolf: a small study is run many times
by the same build, and every pair of the results is compared as if it were a
change. Each alarm is a false one.

Prints the alarms of --fail-if-slower at several limits, the verdicts, and how
much the studies really differ from each other.
"""
from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Sequence

TOP = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tools"), str(TOP / "test" / "run" / "lib")]
try:
    import numpy as np
    import srbench_compare as compare
    from srbench_results import ResultError
    from srbtest import DATABASE, Job, free_port
except ModuleNotFoundError as missing:
    sys.exit(f"false_alarms: {sys.executable} has no {missing.name}; on Debian run "
             f"it with /usr/bin/python3 and install python3-{missing.name}")

STUDY = ("--clients_per_node=2", "--tensor_bytes=[1024,1MiB]", "--order=random")
LIMITS = (0.05, 0.10)


def run(folder: Path, number: int, given: argparse.Namespace) -> Path:
    """One study; its file."""
    path = folder / f"run-{number:02d}.h5"
    tmpdir = folder / f"tmp-{number:02d}"
    tmpdir.mkdir()
    port = given.db_port or free_port()
    job = Job(2, *STUDY, f"--repetitions={given.repetitions}",
              f"--iterations={given.iterations}", f"--db_exe={given.db_exe}",
              f"--db_port={port}", f"--output={path}", tmpdir=tmpdir)
    try:
        job.wait(given.timeout)
    finally:
        job.close()
    if job.returncode != 0:
        sys.exit(f"false_alarms: study {number} failed\n{job.describe()}")
    return path


class Alarms:
    """Of all pairs at one limit: those that fail the gate, the comparisons that
    make them fail, and the verdicts."""

    def __init__(self, limit: float) -> None:
        self.settings = compare.Settings(limit=limit)
        self.pairs = self.failed = self.rows = self.doubtful = 0
        self.verdicts: dict[str, int] = {}

    def add(self, report: compare.Report) -> None:
        """Judge a pair by this limit."""
        compare.judge(report.comparisons, self.settings)
        self.pairs += 1
        self.failed += bool(report.over_limit)
        self.rows += len(report.over_limit)
        self.doubtful += report.counts["slower"] + report.counts["faster"] > 0
        for name, count in report.counts.items():
            self.verdicts[name] = self.verdicts.get(name, 0) + count

    def __str__(self) -> str:
        told = ", ".join(f"{n} {v}" for v, n in self.verdicts.items())
        return (f"--fail-if-slower={100 * self.settings.limit:g}%: {self.failed} "
                f"false alarms of {self.pairs} "
                f"({100 * self.failed / self.pairs:.1f} %), by {self.rows} of "
                f"{sum(self.verdicts.values())} comparisons; any verdict of a "
                f"difference: {self.doubtful} pairs; verdicts: {told}")


def spread(studies: Sequence[compare.Results]) -> list[str]:
    """For each figure of each permutation how much repetitions differ within a
    study, and studies from each other beyond that."""
    names, varying = compare.common_axes(studies)
    matching = compare.Matching(names, varying)
    groups = [compare.grouped(s.rows, names) for s in studies]
    lines = [f"{'permutation':22} {'figure':22} {'repetitions':>11} {'studies':>8}"]
    for key in groups[0]:
        for figure in compare.FIGURES:
            values = [compare.logs(compare.completed(g[key]), figure).values
                      for g in groups]
            if min(map(len, values)) < 2:
                continue
            inner = float(np.mean([v.var(ddof=1) for v in values]))
            outer = float(np.var([v.mean() for v in values], ddof=1))
            beyond = max(0.0, outer - inner / len(values[0]))
            lines.append(f"{matching.label(key):22} {figure:22} "
                         f"{100 * inner ** 0.5:9.1f} % {100 * beyond ** 0.5:6.1f} %")
    return lines


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--runs", type=int, default=20, help="(default: 20)")
    parser.add_argument("--repetitions", type=int, default=5, help="(default: 5)")
    parser.add_argument("--iterations", type=int, default=500,
                        help="(default: 500)")
    parser.add_argument("--db_exe", default=DATABASE)
    parser.add_argument("--db_port", type=int, help="without: any free one")
    parser.add_argument("--timeout", type=float, default=120,
                        help="of each run, s (default: 120)")
    parser.add_argument("--history", type=int, default=0, metavar="N",
                        help="give each comparison N of the other studies as "
                        "--history (default: none)")
    parser.add_argument("--keep", type=Path, metavar="FOLDER",
                        help="keep the result files there; those that it holds "
                        "are compared without running anything")
    given = parser.parse_args()
    if given.runs < 2 or given.repetitions < 1 or given.history < 0:
        parser.error("at least 2 runs, 1 repetition and no history")
    return given


def measured(folder: Path, given: argparse.Namespace) -> list[Path]:
    """The files of all studies, run now where there are none."""
    there = sorted(folder.glob("run-*.h5"))
    if there:
        return there
    found = []
    for number in range(given.runs):
        print(f"false_alarms: study {number + 1} of {given.runs}", file=sys.stderr)
        found.append(run(folder, number, given))
    return found


def tell(paths: Sequence[Path], given: argparse.Namespace) -> None:
    """Compare all pairs, print the table."""
    limits = [Alarms(limit) for limit in LIMITS]
    settings = compare.Settings()
    with ExitStack() as opened:
        studies = [opened.enter_context(compare.Results(str(p), settings))
                   for p in paths]
        for base, new in itertools.combinations(studies, 2):
            others = [s for s in studies if s not in (base, new)]
            report = compare.compare_open(base, new, others[:given.history],
                                          settings)
            for limit in limits:
                limit.add(report)
        print(f"{len(studies)} studies of one build, {limits[0].pairs} pairs, "
              f"{len(report.comparisons)} comparisons each; load before and after: "
              f"{given.load:.1f}, {os.getloadavg()[0]:.1f}")
        print(*limits, sep="\n")
        print("\nstandard deviations: of repetitions in a study; of studies beyond "
              "that", *spread(studies), sep="\n")


def main() -> None:
    """Run the studies, compare all pairs, print."""
    given = arguments()
    given.load = os.getloadavg()[0]
    try:
        if given.keep:
            given.keep.mkdir(parents=True, exist_ok=True)
            tell(measured(given.keep, given), given)
        else:
            with tempfile.TemporaryDirectory(prefix="srbfa-") as folder:
                tell(measured(Path(folder), given), given)
    except (ResultError, OSError, subprocess.SubprocessError, AssertionError) as e:
        sys.exit(f"false_alarms: {e}")


if __name__ == "__main__":
    main()
