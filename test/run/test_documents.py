# ctest: label=fast
"""Every command of every document runs, in order, in a copy of this tree whose
build/ is the one under test; what does not run is named here with its reason.
Links lead somewhere, here and where they are installed.

test/README.md says what the first line of a block of code makes of it.
"""
import functools
import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

from srbtest import (MPIEXEC, OPEN_MPI, SOURCE, SRBENCH, RunTest, kill_all, main)

BUILD = Path(SRBENCH).parent
# Documents that tell what was, and not what to do.
RECORDS = {"tools/bench/RESULTS.md": "what tools/bench has measured"}
# Blocks marked norun, by document and first line.
CLUSTER = "needs a cluster; test_batch_scripts.py and test_slurm.py do it small"
BUILDS = "installs packages and builds all of it, as tools/check.sh does"
MEASURES = "measures for minutes; test_bench.py does it small"
NOT_RUN = {
    ("README.md", "tools/quickstart.sh"): BUILDS,
    ("README.md", "cmake --preset release && cmake --build --preset release"):
        BUILDS,
    ("README.md", "salloc -N 136 --ntasks-per-node=48 --exclusive"): CLUSTER,
    ("batch_scripts/README.md", "sbatch slurm_smoke.sh"): CLUSTER,
    ("batch_scripts/README.md", "sbatch slurm_standard.sh"): CLUSTER,
    ("batch_scripts/README.md",
     "salloc -N 136 --ntasks-per-node=48 --exclusive"): CLUSTER,
    ("batch_scripts/README.md",
     "srun --mpi=pmi2 -N16 -n16 srbench --role=db throughput_standard \\"):
        CLUSTER,
    ("batch_scripts/README.md",
     "srun -N4 srbench serve --db_nodes=4 --db_address=$HOME/address "
     "--tensor_bytes=4MiB"): CLUSTER,
    ("batch_scripts/STUDIES.md", "srun --mpi=pmi2 build/srbench tune "
     "throughput_standard --tensor_bytes=64KiB,4MB \\"): CLUSTER,
    ("test/README.md", "tools/check.sh               # what every change must "
     "pass: ten minutes on two cores"): "it would run this test",
    ("test/README.md", "tools/bench/soak.sh 3600"):
        "takes an hour; test_soak.py takes a minute",
    ("tools/bench/README.md", "/usr/bin/python3 tools/bench/bench.py --write"):
        MEASURES,
    ("tools/bench/README.md",
     "/usr/bin/python3 tools/bench/bench.py clients floor --rounds 3"): MEASURES,
    ("tools/bench/README.md", "/usr/bin/python3 tools/bench/tune.py --write "
     "--folder=searches \\"): MEASURES,
    ("tools/bench/README.md", "/usr/bin/python3 tools/bench/false_alarms.py"):
        MEASURES,
    ("tools/ci/README.md", "reframe -C SITE.py -c tools/ci/srbench_reframe.py -r "
     "--performance-report \\"): "needs ReFrame; test_ci.py reads its file",
    ("tools/ci/README.md", "jube run tools/ci/jube/srbench.yaml && jube result "
     "srbench_runs -a"): "needs JUBE; test_ci.py runs its file",
    ("tools/ci/README.md", "tools/srbench-compare base.h5 new.h5 "
     "--fail-if-slower=10% --format=junit -o x.xml"):
        "fails where it is slower; test_compare.py",
}
INFO = re.compile(r"(bash|sh)( norun| status=\d+)?|python|yaml|text( printed)?|c")
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^)\s]+)\)")
PATIENCE = 600  # s, for one block
# A network of its own, so that nothing has the usual ports.
LONELY = ("sh", "-c", 'ip link set lo up && exec "$@"', "sh")
NETWORKS = (("unshare", "--net", *LONELY),
            ("unshare", "--user", "--map-root-user", "--net", *LONELY), ())


@functools.lru_cache(maxsize=None)
def network():
    """What to put before a command: the first of NETWORKS that can be had."""
    for before in NETWORKS:
        try:
            subprocess.run([*before, "true"], check=True, timeout=PATIENCE,
                           stderr=subprocess.DEVNULL)
            return before
        except (OSError, subprocess.CalledProcessError):
            pass
    raise AssertionError("not even `true` runs")


def documents():
    """Paths of all documents below SOURCE, as text."""
    found = []
    for folder, folders, files in os.walk(SOURCE):
        folders[:] = sorted(d for d in folders
                            if not d.startswith((".", "build", "results")))
        found += [os.path.relpath(os.path.join(folder, f), SOURCE)
                  for f in sorted(files) if f.endswith(".md")]
    return found


class Block:
    """A fenced block: info (the words behind the fence), code, line."""

    def __init__(self, text, match):
        self.info, self.code = match[1], match[2]
        self.line = text.count("\n", 0, match.start()) + 1
        self.first = self.code.split("\n", 1)[0]
        self.language, _, self.how = self.info.partition(" ")

    @property
    def status(self):
        return int(self.how.partition("=")[2] or 0)

    @property
    def runs(self):
        return self.language in ("bash", "sh", "python") and self.how != "norun"


def blocks(document):
    text = (SOURCE / document).read_text(encoding="utf-8")
    return [Block(text, m) for m in FENCE.finditer(text)]


def plain(words):
    """Without the numbers, and the units that go with them."""
    return re.sub(r"\d[\w.]*( [kMGmun]?(B/s|s)\b)?", "N", words.strip())


def is_among(line, printed):
    """Whether this line, in which ... is anything, was printed."""
    wanted = re.escape(plain(line)).replace(r"\.\.\.", ".*")
    return any(re.fullmatch(wanted, plain(x)) for x in printed.splitlines())


def anchors(path):
    """What a link to a heading of this document ends in."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", h.lower()).strip().replace(" ", "-")
            for h in re.findall(r"^#+ (.*)$", text, re.M)}


def broken_links(path):
    """Links of a document that lead nowhere."""
    broken = []
    for link in LINK.findall(FENCE.sub("", path.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if not target.is_file() or (anchor and anchor not in anchors(target)):
            broken.append(f"{path}: {link}")
    return broken


class Written(unittest.TestCase):
    """What can be said of documents without running anything."""

    def test_every_block_says_what_it_is(self):
        for document in set(documents()) - set(RECORDS):
            for block in blocks(document):
                self.assertRegex(block.info, rf"^({INFO.pattern})$",
                                 f"{document}:{block.line}: ```{block.info}")
            text = FENCE.sub("", (SOURCE / document).read_text(encoding="utf-8"))
            self.assertNotIn("```", text, f"{document}: a fence too many")
            bare = re.search(r"(?m)^( {4}|\t)\S.*", text)
            self.assertIsNone(bare, f"{document}: code without a fence: {bare}")

    def test_what_does_not_run_is_named(self):
        seen = [(d, b.first) for d in documents() for b in blocks(d)
                if b.how == "norun"]
        self.assertEqual(sorted(seen), sorted(NOT_RUN))

    def test_what_does_not_run_could(self):
        """Its syntax, its options and its files are right."""
        listed = subprocess.run([SRBENCH, "--help", "all"], text=True,
                                timeout=PATIENCE, stdout=subprocess.PIPE,
                                check=True, encoding="utf-8").stdout
        options = set(re.findall(r"--(\w+)", listed))
        for document in documents():
            for block in (b for b in blocks(document) if b.how == "norun"):
                where = f"{document}:{block.line}"
                done = subprocess.run(["bash", "-n", "-c", block.code],
                                      text=True, capture_output=True,
                           encoding="utf-8")
                self.assertEqual((done.returncode, done.stderr), (0, ""), where)
                for words in block.code.replace("\\\n", " ").splitlines():
                    ours = re.split(r"(?:^|[ /])srbench ", words)[1:]
                    for name in re.findall(r"--(\w+)", " ".join(ours)):
                        self.assertIn(name, options, where)
                for path in re.findall(r"(?<![\w/])tools/[\w./-]*\w", block.code):
                    self.assertTrue((SOURCE / path).exists(), f"{where}: {path}")

    def test_the_first_one_is_short(self):
        lines = (SOURCE / "README.md").read_text(encoding="utf-8").count("\n")
        self.assertTrue(150 <= lines <= 200, f"README.md has {lines} lines")

    def test_the_list_of_documents(self):
        text = (SOURCE / "README.md").read_text(encoding="utf-8")
        listed = LINK.findall(text.split("\n## Documents\n")[1]
                              .split("\n## ")[0])
        self.assertEqual(sorted(listed),
                         sorted(set(documents()) - {"README.md"}))

    def test_links(self):
        self.assertEqual([], [link for d in documents()
                              for link in broken_links(SOURCE / d)])

    def test_the_house_is_as_it_is_drawn(self):
        """Its rooms in their order; files and functions that are there."""
        page = (SOURCE / "src/README.md").read_text(encoding="utf-8")
        cmake = (SOURCE / "cmake/SrbRooms.cmake").read_text(encoding="utf-8")
        rooms = re.search(r"set\(SRB_ROOMS([^)]*)\)", cmake)[1].split()
        self.assertEqual(re.findall(r"(?m)^- \*\*`(\w+)`\*\*", page), rooms)
        code = "\n".join(p.read_text(encoding="utf-8") for top in ("src", "include")
                         for p in (SOURCE / top).rglob("*.[ch]*"))
        for name in re.findall(r"`(\w+)\(\)`", page):
            self.assertTrue(re.search(rf"\b{name}\(", code),
                            f"src/README.md: there is no {name}()")
        there = [str(p) for top in ("src", "include", "cmake", "test", "tools")
                 for p in (SOURCE / top).rglob("*.*")]
        for name in re.findall(r"`((?:\w+/)*[a-z_]+\.(?:[ch]|cmake|sh|py))`",
                               page):
            self.assertTrue(any(p.endswith(f"/{name}") for p in there),
                            f"src/README.md: {name}")

    def test_every_run_test_has_its_subject(self):
        page = (SOURCE / "test/README.md").read_text(encoding="utf-8")
        page = page.split("\n## Run tests")[1].split("\n## ")[0]
        told = re.findall(r"`(\w+)`", "\n".join(
            line.rsplit(" | ", 1)[1] for line in page.splitlines()
            if line.startswith("| ")))
        there = {p.stem.removeprefix("test_").removesuffix("_full")
                 for p in (SOURCE / "test/run").glob("test_*.py")}
        self.assertEqual(set(told), there)


class Installed(RunTest):

    def test_links(self):
        subprocess.run(["cmake", "--install", BUILD, "--prefix", self.dir],
                       check=True, stdout=subprocess.DEVNULL, timeout=PATIENCE)
        top, = (p.parent for p in self.dir.rglob("README.md")
                if p.parent.name == "srbench")
        self.assertEqual(
            sorted(str(p.relative_to(top)) for p in top.rglob("*.md")),
            sorted(documents()))
        self.assertEqual([], [link for p in top.rglob("*.md")
                              for link in broken_links(p)])


class Commands(RunTest):
    """One test a document, made below."""

    def setUp(self):
        super().setUp()
        self.tree = self.dir / "srbench"
        shutil.copytree(SOURCE, self.tree, symlinks=True,
                        ignore=shutil.ignore_patterns(
                            ".*", "build*", "results", "__pycache__", "*.h5"))
        (self.tree / "build").symlink_to(BUILD)
        self.env = {**OPEN_MPI, **os.environ, "TMPDIR": str(self.tmpdir),
                    "HOME": str(self.dir), "PATH": self.programs()}
        for name in ("PYTHONPATH", "SRBENCH"):
            self.env.pop(name, None)

    def programs(self):
        """PATH that leads to srbench, and to Python and mpiexec of the tests."""
        folder = self.dir / "bin"
        folder.mkdir()
        for name, program in (("srbench", SRBENCH), ("python3", sys.executable),
                              ("mpiexec", shutil.which(MPIEXEC))):
            path = folder / name
            path.write_text(f'#!/bin/sh\nexec "{program}" "$@"\n',
                encoding="utf-8")
            path.chmod(0o755)
        return f"{folder}:{os.environ['PATH']}"

    def run_block(self, block):
        """Returns exit status, and what it printed."""
        shell = (block.language, "-euc") if block.language != "python" \
            else ("python3", "-c")
        with open(self.dir / "printed", "w+", encoding="utf-8") as printed:
            process = subprocess.Popen(
                [*network(), *shell, block.code], stdin=subprocess.DEVNULL,
                stdout=printed, stderr=subprocess.STDOUT, env=self.env,
                cwd=self.tree, start_new_session=True)
            try:
                status = process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                kill_all(self.tmpdir)
                process.wait()
                status = f"no end within {PATIENCE} s"
        return status, (self.dir / "printed").read_text(errors="replace",
                           encoding="utf-8")

    def keep(self, block, later):
        """A configuration: under its name, or, without one, read."""
        name = re.match(r"# (\S+\.yaml)$", block.first)
        path = self.tree / (name[1] if name else "unnamed.yaml")
        path.write_text(block.code, encoding="utf-8")
        if name:
            self.assertTrue(any(name[1] in b.code for b in later),
                            f"nothing uses {name[1]}")
            return
        done = subprocess.run([SRBENCH, "--config", path, "--show_config"],
                              text=True, capture_output=True, timeout=PATIENCE,
                   encoding="utf-8")
        self.assertEqual(done.returncode, 0, done.stderr)

    def document(self, name):
        found, printed = blocks(name), ""
        for i, block in enumerate(found):
            where = f"{name}:{block.line}: {block.first}"
            if block.runs:
                status, printed = self.run_block(block)
                self.assertEqual(status, block.status, f"{where}\n{printed}")
            elif block.language == "yaml":
                self.keep(block, found[i + 1:])
            elif block.how == "printed":
                for line in block.code.splitlines():
                    self.assertTrue(is_among(line, printed),
                                    f"{name}:{block.line}: {line}\n{printed}")


def add_test(document):
    def test(self):
        self.document(document)
    test.__doc__ = document
    name = re.sub(r"\W", "_", document.removesuffix(".md"))
    setattr(Commands, f"test_{name}", test)


for one in documents():
    if any(b.runs or b.language == "yaml" for b in blocks(one)):
        add_test(one)


if __name__ == "__main__":
    main()
