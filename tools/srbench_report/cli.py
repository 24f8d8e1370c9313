"""The command line."""
from __future__ import annotations

import argparse
from pathlib import Path
from typing import Sequence

from srbench_results import ResultError, shown

from . import answer, charts, files, page, pictures
from .digest import Digests
from .study import Study, load

EPILOG = """\
examples:
  srbench-report run.h5
  srbench-report monday.h5 friday.h5 -o both.html --title 'Before and after'
  srbench-report run.h5 --where db_nodes=4,16 --where client=socket
  srbench-report run.h5 --timeline 7,12 --png pictures --csv table.csv
  srbench-report run.h5 --text

exit status: 0 the page is written; 2 it is not, and one sentence says why.
"""


def parser() -> argparse.ArgumentParser:
    p = argparse.ArgumentParser(
        prog="srbench-report", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="""\
Write one page (HTML, self-contained) on result files of srbench: what was best
and how sure that is, a table of all permutations, charts, and what was run.""")
    p.add_argument("files", metavar="FILE", nargs="+",
                   help="result file of srbench; several are compared, the file "
                        "being one more axis")
    p.add_argument("-o", "--output", metavar="HTML", type=Path,
                   help="the page (default: report.html)")
    p.add_argument("--text", action="store_true",
                   help="print the answer as text, and write no page unless -o "
                        "names one")
    for kind in pictures.KINDS:
        p.add_argument(f"--{kind}", metavar="DIR", type=Path,
                       help=f"write the charts as {kind.upper()} files, too, named "
                            "for what they show (needs matplotlib)")
    p.add_argument("--overwrite", action="store_true",
                   help="replace another study's page, and remove its pictures "
                        "from DIR")
    p.add_argument("--csv", metavar="FILE", type=Path,
                   help="write the table of all permutations, every column of "
                        "/summary, as CSV, too")
    p.add_argument("--title", help="heading of the page (default: the study's "
                                   "exp_name)")
    p.add_argument("--where", metavar="AXIS=VALUE[,VALUE...]", action="append",
                   default=[], type=condition,
                   help="only permutations of which AXIS has one of these "
                        "values, as /summary spells them; may be given for "
                        "several axes")
    p.add_argument("--timeline", metavar="I[,I...]", type=indices,
                   help="permutations that are looked at closely: timeline, "
                        "latency over time, each client (default: those of the "
                        "largest bandwidth at up to four tensor sizes)")
    return p


def condition(text: str) -> tuple[str, list[str]]:
    """'db_nodes=4,16' as ('db_nodes', ['4', '16'])."""
    axis, equals, values = text.partition("=")
    if not axis or not equals or not values:
        raise argparse.ArgumentTypeError(
            f"found '{text}', expected AXIS=VALUE such as db_nodes=4")
    return axis, values.split(",")


def indices(text: str) -> list[int]:
    """'7,12' as [7, 12]."""
    try:
        return [int(x) for x in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"found '{text}', expected numbers of permutations such as 7,12"
        ) from None


def title_of(study: Study) -> str:
    names = dict.fromkeys(str(a.get("exp_name") or shown(Path(p).stem))
                          for p, a in zip(study.paths, study.about))
    return "srbench: " + ", ".join(names)


def report(args: argparse.Namespace) -> list[str]:
    """Write everything that is asked for; returns what to print."""
    asked = {kind: folder for kind in pictures.KINDS
             if (folder := getattr(args, kind))}
    if asked:
        pictures.need_matplotlib()
    study = load(args.files, dict(args.where))
    mark = files.mark(study)
    output = args.output or (None if args.text else Path("report.html"))
    if output:
        files.may_write(output, mark, args.overwrite)
    for kind, folder in asked.items():
        files.prepare(folder, kind, mark, args.overwrite)
    with Digests(study) as digests:
        study.configs = charts.with_imbalance(study, digests)
        drawn = charts.all_charts(study, digests, args.timeline) \
            if output or asked else []
    title = shown(args.title) if args.title else title_of(study)
    found = answer.answer(study)
    said = [answer.as_text(study, found, title)] if args.text else []
    if output:
        output.write_text(page.page(study, found, drawn, title, mark),
                          encoding="utf-8")
        said.append(shown(output))
    if args.csv:
        study.frame.drop(columns=["path", "place"]).to_csv(args.csv, index=False)
        said.append(shown(args.csv))
    for kind, folder in asked.items():
        said += map(shown, pictures.write(drawn, folder, kind, mark))
    return said


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page; raises ResultError."""
    args = parser().parse_args(argv)
    try:
        said = report(args)
    except OSError as e:
        raise ResultError(f"{e.filename}: {e.strerror}") from e
    print(*said, sep="\n")
    return 0
