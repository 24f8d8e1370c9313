#!/usr/bin/env python3
"""What srbench tune finds, as a section of RESULTS.md.

One search for each size and server: four clients beside one database. A search
of 84 runs and more takes minutes; with four sizes and two servers some hours.
"""
import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(TOP / "tools"))
try:
    import h5py

    import srbench_results
except ModuleNotFoundError as missing:
    sys.exit(f"tune: {sys.executable} has no {missing.name}; on Debian run it "
             "with /usr/bin/python3 and install python3-h5py")

SRBENCH = os.environ.get("SRBENCH", str(TOP / "build/srbench"))
MPIEXEC = os.environ.get("MPIEXEC", "mpiexec")
SIZES = ("64KiB", "1MiB", "4MB", "16MiB")
TITLE = "## What srbench tune finds"
HEAD = """{title}

`{command}`, one search a size; the factor is of {objective}, of six pairs of their own,
with its 95 % interval. Confirmed besides: what was better beyond doubt in the round in
which another one was taken over.

| server | tensor | base | winner | factor | taken over | confirmed besides | runs |
|---|---|---|---|---|---|---|---|"""


def search(folder, exe, size, args):
    """The file of a search; resumed where it is there."""
    out = Path(folder) / f"{Path(exe).name}-{size}.h5"
    command = [MPIEXEC, "-n", str(args.ranks), SRBENCH, "tune",
               "throughput_colocated", f"--db_exe={exe}", f"--tensor_bytes={size}",
               f"--duration={args.duration}", f"--db_cpus={args.db_cpus}",
               f"--output={out}", "--resume", *args.option]
    print("tune:", *command, file=sys.stderr, flush=True)
    subprocess.run(command, check=False, stdout=sys.stderr)
    return out


def effect(row):
    return (f"{row['ratio']:.3g} ({row['ratio_low']:.3g} to "
            f"{row['ratio_high']:.3g})")


def line(path, size):
    """A row of the table."""
    with h5py.File(path) as f:
        server = str(srbench_results.native(f.attrs["server_version"]))
        table = [dict(zip(f["tune"], row)) for row in zip(
            *(srbench_results.values(f["tune"][k]) for k in f["tune"]))]
    results = [r for r in table if r["step"] and r["load"] < 0]
    final = next((r for r in results if r["step"] == "final"), None)
    runs = srbench_results.summary(path)
    last = runs[runs["tune_step"] == "final"] if final else runs
    rates = [last[last["tune_side"] == side]["window"].median()
             for side in ("base", "candidate")]
    named = {d: ", ".join(f"{r['candidate']} {effect(r)}" for r in results
                          if r["decision"] == d) or "-"
             for d in ("taken", "confirmed")}
    return (f"| {server} | {size} | {srbench_results.rate_in_words(rates[0])} | "
            f"{srbench_results.rate_in_words(rates[1]) if final else '-'} | "
            f"{effect(final) if final else 'nothing helps'} | {named['taken']} | "
            f"{named['confirmed']} | {len(runs)} |")


def section(args, folder):
    rows = [line(search(folder, exe, size, args), size)
            for exe in args.db_exe for size in args.sizes]
    command = (f"mpiexec -n {args.ranks} srbench tune throughput_colocated "
               f"--duration={args.duration} --db_cpus={args.db_cpus}")
    return "\n".join([HEAD.format(title=TITLE, objective="window",
                                  command=command), *rows, ""])


def write(text):
    """In place of the section that is there, else before the notes."""
    path = HERE / "RESULTS.md"
    old = path.read_text(encoding="utf-8")
    pattern = re.compile(re.escape(TITLE) + r"\n.*?(?=^## )", re.S | re.M)
    if pattern.search(old):
        new = pattern.sub(lambda _: text + "\n", old)
    else:
        new = old.replace("## Notes\n", f"{text}\n## Notes\n", 1)
    path.write_text(new, encoding="utf-8")


def main():
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--db_exe", action="append", metavar="PROGRAM",
                   help="a server; several may be given (default: redis-server)")
    p.add_argument("--sizes", type=lambda s: s.split(","), default=list(SIZES))
    p.add_argument("--ranks", type=int, default=4)
    p.add_argument("--db_cpus", type=int, default=1)
    p.add_argument("--duration", default="1s")
    p.add_argument("--folder", help="keep the files there, and go on with those "
                                    "that it has")
    p.add_argument("--write", action="store_true",
                   help="put the section into RESULTS.md")
    p.add_argument("option", nargs="*", metavar="-- --OPTION=VALUE",
                   help="further options of srbench")
    args = p.parse_args()
    args.db_exe = args.db_exe or ["redis-server"]
    with tempfile.TemporaryDirectory(prefix="srbt-") as own:
        text = section(args, args.folder or own)
    if args.write:
        write(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
