"""The command line."""
from __future__ import annotations

import argparse
from pathlib import Path
from typing import Sequence

from srbench_results import ResultError, shown

from . import answer, charts, page, pictures
from .digest import Digests
from .study import Study, load

EPILOG = """\
examples:
  srbench-report run.h5
  srbench-report monday.h5 friday.h5 -o both.html --title 'Before and after'
  srbench-report run.h5 --where db_nodes=4,16 --where client=socket
  srbench-report run.h5 --timeline 7,12 --png pictures --csv table.csv

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
                   default=Path("report.html"),
                   help="the page (default: report.html)")
    p.add_argument("--png", metavar="DIR", type=Path,
                   help="write the charts as PNG files, too (needs "
                        "rsvg-convert, Debian: librsvg2-bin)")
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
                   help="permutations whose timeline is drawn (default: those of "
                        "the largest bandwidth at up to four tensor sizes)")
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


def report(args: argparse.Namespace) -> list[Path]:
    """Write everything that is asked for; returns what was written."""
    study = load(args.files, dict(args.where))
    with Digests(study) as digests:
        drawn = charts.all_charts(study, digests, args.timeline)
    text = page.page(study, answer.answer(study), drawn,
                     shown(args.title) if args.title else title_of(study))
    written = [args.output]
    args.output.write_text(text, encoding="utf-8")
    if args.csv:
        study.frame.drop(columns=["path", "place"]).to_csv(args.csv, index=False)
        written.append(args.csv)
    if args.png:
        written += pictures.write(drawn, args.png)
    return written


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page; raises ResultError."""
    args = parser().parse_args(argv)
    try:
        written = report(args)
    except OSError as e:
        raise ResultError(f"{e.filename}: {e.strerror}") from e
    print(*map(shown, written), sep="\n")
    return 0
