# ctest: timeout=6000 full
"""What `cmake --install` brings works from where it is, in a path with blanks,
away from the source and the build: they are hidden from all that runs here (in a
mount namespace), and the tree is moved after it was installed."""
import functools
import os
import pty
import re
import select
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from srbtest import (DATABASE, END, MPIEXEC, OPEN_MPI, SOURCE, SRBENCH, RunTest,
                     free_port, full, main)

BUILD = Path(SRBENCH).parent
# Empty folders in the place of both; its first words are those of a root, the
# others of a user that may have a namespace of its own.
HIDE = ("sh", "-c", 'for d in "$1" "$2"; do [ ! -d "$d" ] || '
        'mount -t tmpfs none "$d"; done; cd "$3"; shift 3; exec "$@"', "sh")
NAMESPACES = (("unshare", "--mount"),
              ("unshare", "--user", "--map-root-user", "--mount"))
TOOLS = ("srbench-compare", "srbench-export", "srbench-model", "srbench-report",
         "srbench-results")
STUDY = ("--tensor_bytes=[1KiB,4KiB]", "--iterations=20", "--repetitions=3",
         "--db_port=0", "--quiet")


@functools.lru_cache(maxsize=None)
def hidden():
    """What to put before a command, or ()."""
    for before in NAMESPACES:
        command = (*before, *HIDE, str(SOURCE), str(BUILD), "/", "test", "!",
                   "-e", str(SOURCE / "CMakeLists.txt"))
        try:
            if subprocess.run(command, stderr=subprocess.DEVNULL,
                              timeout=END).returncode == 0:
                return before
        except OSError:
            pass
    return ()


class Tree(RunTest):
    """An installation, at self.prefix; commands run in self.dir."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.home = Path(tempfile.mkdtemp(prefix="srbt-"))
        cls.addClassCleanup(shutil.rmtree, cls.home, ignore_errors=True)
        first = cls.home / "first place" / "of it"
        subprocess.run(["cmake", "--install", BUILD, "--prefix", first],
                       check=True, stdout=subprocess.DEVNULL, timeout=END)
        cls.prefix = cls.home / "where it went" / "my prefix"
        cls.prefix.parent.mkdir()
        first.rename(cls.prefix)

    def setUp(self):
        super().setUp()
        if not hidden():
            self.skipTest("no mount namespaces to hide the source in")

    def environment(self):
        lib = next(self.prefix.rglob("pkgconfig")).parent
        found = {**OPEN_MPI, **os.environ, "TMPDIR": str(self.tmpdir),
                 "HOME": str(self.dir),
                 "PATH": f"{self.prefix}/bin:{os.environ['PATH']}",
                 "CMAKE_PREFIX_PATH": str(self.prefix),
                 "PKG_CONFIG_PATH": f"{lib}/pkgconfig",
                 "LD_LIBRARY_PATH": str(lib)}
        for name in ("PYTHONPATH", "SRBENCH", "SRBENCH_SOURCE_DIR"):
            found.pop(name, None)
        return found

    def run_it(self, *command, status=0, **how):
        """Away from source and build. Returns what it printed."""
        done = subprocess.run(
            [*hidden(), *HIDE, str(SOURCE), str(BUILD), str(self.dir),
             *map(str, command)], capture_output=True, text=True, timeout=END,
            env={**self.environment(), **how}, encoding="utf-8")
        self.assertEqual(done.returncode, status,
                         f"{command}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def study(self, name):
        self.run_it(MPIEXEC, "-n", 2, "srbench", *STUDY, f"--output={name}")


class Programs(Tree):

    def test_from_a_study_to_its_figures(self):
        for name in ("a.h5", "b.h5"):
            self.study(name)
        said = self.run_it("srbench-results", "a.h5")
        self.assertIn("6 of 6 permutations completed", said)
        said = self.run_it("srbench-results", ".")
        self.assertEqual(len(said.splitlines()), 3, said)
        self.run_it("srbench-report", "a.h5", "-o", "page.html")
        self.assertIn("</html>", (self.dir / "page.html").read_text(encoding="utf-8"))
        self.assertIn("SRBENCH_COMPARE",
                      self.run_it("srbench-compare", "a.h5", "b.h5"))
        self.run_it("srbench-export", "--format", "csv", "tables", "a.h5")
        self.assertEqual(
            len((self.dir / "tables/summary.csv").read_text(encoding="utf-8").splitlines()), 7)

    def test_all_of_them_are_there(self):
        there = {p.name for p in (self.prefix / "bin").iterdir()}
        self.assertEqual(there, {"srbench", *TOOLS})
        self.assertEqual(
            there - {"srbench"},
            {p.name for p in (SOURCE / "tools").glob("srbench-*")})

    def test_nothing_leads_back(self):
        """No text names the source or the build, no link leaves the tree."""
        for path in self.prefix.rglob("*"):
            if path.is_symlink():
                self.assertTrue(path.resolve().is_relative_to(
                    self.prefix.resolve()), path)
            if not path.is_file() or path.suffix in (".mod", ".a", ".so") \
                    or ".so." in path.name or path.name == "srbench" \
                    and path.parent.name == "bin":
                continue
            text = path.read_bytes()
            for place in (SOURCE, BUILD, self.home / "first place"):
                self.assertNotIn(f"{place}/".encode(), text, path)

    def test_run_paths(self):
        """None of the loader's either."""
        if not shutil.which("readelf"):
            self.skipTest("no readelf")
        for path in (self.prefix / "bin/srbench",
                     *self.prefix.rglob("libsrb_tensor_client.so")):
            said = self.run_it("readelf", "-d", path)
            for line in said.splitlines():
                if "RPATH" in line or "RUNPATH" in line:
                    self.assertNotIn(str(SOURCE), line)
                    self.assertNotIn(str(BUILD), line)

    def test_modules(self):
        """As a notebook takes them."""
        self.study("c.h5")
        shebang = (self.prefix / "share/srbench/tools/srbench-results") \
            .read_text(encoding="utf-8").splitlines()[0].removeprefix("#!").split()
        said = self.run_it(
            *shebang, "-c", "import srbench_results as r; "
            "print(len(r.summary('c.h5')))",
            PYTHONPATH=str(self.prefix / "share/srbench/tools"))
        self.assertEqual(said.strip(), "6")

    def test_a_batch_script(self):
        """Its folder is copied, as its page says; srun is a stand-in."""
        (self.dir / "bin").mkdir()
        srun = self.dir / "bin" / "srun"
        srun.write_text('#!/bin/sh\nwhile case $1 in --*) ;; *) false;; esac; '
                        f'do shift; done\nexec {MPIEXEC} -n 3 "$@"\n', encoding="utf-8")
        srun.chmod(0o755)
        shutil.copytree(self.prefix / "share/srbench/batch_scripts",
                        self.dir / "mine")
        said = self.run_it(
            "sh", "-c", 'cd mine && PATH=$1:$PATH exec bash slurm_standard.sh '
            '--virtual_nodes=3 --client_nodes=1 --clients_per_node=1 '
            '--db_nodes=1 --db_cpus=1 --db_io_threads=1 --tensor_bytes=4 '
            '--db_port=0 --output=x.h5', "sh", self.dir / "bin")
        self.assertIn("SRBENCH_STATUS pass permutations=1", said)

    def test_ci(self):
        ci = self.prefix / "share/srbench/tools/ci"
        self.assertEqual(
            {str(p.relative_to(ci)) for p in ci.rglob("*") if p.is_file()},
            {str(p.relative_to(SOURCE / "tools/ci"))
             for p in (SOURCE / "tools/ci").rglob("*")
             if p.is_file() and p.suffix not in (".md", ".pyc")})


class Client(Tree):

    def built(self, *programs):
        """They put tensors into a server, and get them back."""
        port = free_port()
        with subprocess.Popen(
                [DATABASE, "--port", str(port), "--save", ""], cwd=self.dir,
                env=self.environment(), stdout=subprocess.DEVNULL) as server:
            try:
                self.assertTrue(programs)
                for program in programs:
                    self.run_it("sh", "-c", 'until "$@"; do kill -0 $0 && '
                                "sleep 0.1; done", server.pid, program,
                                f"127.0.0.1:{port}")
            finally:
                server.kill()

    def test_cmake(self):
        examples = self.prefix / "share/srbench/tools/examples"
        self.run_it("cmake", "-S", examples, "-B", "built here")
        self.run_it("cmake", "--build", "built here")
        self.built(*(self.dir / "built here/examples").glob("example_*"))

    def test_pkg_config(self):
        if not shutil.which("pkg-config"):
            self.skipTest("no pkg-config")
        examples = self.prefix / "share/srbench/tools/examples"
        self.run_it("sh", "-c", 'eval "cc \'$1\'/c/tensors.c -o c '
                    '$(pkg-config --cflags --libs srb_tensor_client)"', "sh",
                    examples)
        self.built(self.dir / "c")
        self.assertEqual(
            self.run_it("pkg-config", "--modversion",
                        "srb_tensor_client").strip(),
            self.run_it("srbench", "--version").split()[1])


@full
class Quickstart(Tree):

    def files(self, prefix):
        return sorted(str(p.relative_to(prefix)) for p in prefix.rglob("*")
                      if not p.is_dir() and "__pycache__" not in p.parts)

    def test_then_install(self):
        """What quickstart.sh has built, in a folder with blanks, can be installed:
        all that a build of everything installs."""
        tree, build = self.dir / "a copy", self.dir / "built here"
        shutil.copytree(SOURCE, tree, ignore=shutil.ignore_patterns(
            ".*", "build*", "__pycache__", "*.h5"))
        for command in (
                ("bash", tree / "tools/quickstart.sh", f"--build-dir={build}"),
                ("cmake", "--install", build, "--prefix", self.dir / "in it")):
            done = subprocess.run(
                [*map(str, command)], text=True, timeout=3000,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env={**OPEN_MPI, **os.environ, "TMPDIR": str(self.tmpdir)}, encoding="utf-8")
            self.assertEqual(done.returncode, 0, done.stdout)
            if "quickstart" in str(command[1]):
                self.assertIn("\n 50 %\n", done.stdout)
                self.assertIn("SRBENCH_STATUS pass", done.stdout)
        self.assertEqual(self.files(self.dir / "in it"), self.files(self.prefix))


class Pages(Tree):
    """Read by what they are for."""

    def test_manual(self):
        page = self.prefix / "share/man/man1/srbench.1"
        text = page.read_text(encoding="utf-8")
        self.assertIn("\\fB\\-\\-tensor_bytes\\fR", text)
        self.assertIn("\n.nh\n", text)  # no name is broken with a hyphen
        readers = {"mandoc": ("-Tlint", "-Wall"), "groff": ("-man", "-ww", "-z")}
        if not any(map(shutil.which, readers)):
            self.skipTest("neither mandoc nor groff")
        for reader, args in readers.items():
            if shutil.which(reader):
                done = subprocess.run(
                    [reader, *args, page], text=True, capture_output=True,
                    timeout=END, encoding="utf-8")
                # which manuals the machine has is not the page's business
                said = [line for line in
                        (done.stdout + done.stderr).splitlines()
                        if "SEE ALSO" not in line and line]
                self.assertEqual(said, [], reader)

    def completed(self, *words):
        """What bash makes of a command line, the last word of which is begun."""
        page = self.prefix / "share/bash-completion/completions/srbench"
        (self.dir / "my study.yaml").touch()
        done = subprocess.run(
            ["bash", "-c", 'set -u; . "$1"; shift; COMP_WORDS=("$@"); '
             'COMP_CWORD=$(($# - 1)); _srbench; '
             'printf "%s\\n" ${COMPREPLY[@]+"${COMPREPLY[@]}"}', "bash", page,
             "srbench", *words], text=True, capture_output=True, timeout=END,
            cwd=self.dir, encoding="utf-8")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split("\n")[:-1]

    def test_bash(self):
        for words, wanted in (
                (("--tensor_",), ["--tensor_bytes="]),
                (("--verify", "="), ["none", "ends", "all"]),
                (("--verify", "=", "e"), ["ends"]),
                (("--db-exe", "n"), ["null"]),
                (("--overwrite", "=", "t"), ["true"]),
                (("throughput_c",), ["throughput_colocated"]),
                (("--config", "my"), ["my study.yaml"]),
                (("--help", "tensor_"), ["tensor_bytes"]),
                (("--tensor_bytes", "=", ""), [""])):
            with self.subTest(words=words):
                self.assertEqual(self.completed(*words), wanted)

    def test_zsh(self):
        if not shutil.which("zsh"):
            self.skipTest("no zsh")
        functions = self.prefix / "share/zsh/site-functions"
        found = f"fpath=('{functions}' $fpath); autoload -Uz compinit; compinit -u -D"
        self.assertEqual(self.typed(
            "autoload -Uz compinit; compinit -u -D; "
            f"source '{functions}/_srbench'", "srbench --tensor_b"),
            "srbench --tensor_bytes=")
        for typed, wanted in (("srbench --tensor_b", "--tensor_bytes="),
                              ("srbench --verify=en", "--verify=ends"),
                              ("srbench throughput_st", "throughput_standard")):
            with self.subTest(typed=typed):
                self.assertIn(wanted, self.typed(found, typed))

    def typed(self, prepare, line):
        """What a zsh so prepared shows of a line after a tab; it ends with the line's words."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.environ.update(ZDOTDIR=str(self.dir), TERM="dumb", HOME=str(self.dir))
            os.chdir(self.dir)
            os.execvp("zsh", ["zsh", "-f", "-i"])
        said = ""

        def read_until(mark):
            nonlocal said
            deadline = time.monotonic() + END
            while not re.search(mark, said):
                self.assertLess(time.monotonic(), deadline, said)
                if select.select([terminal], [], [], 1)[0]:
                    said += os.read(terminal, 65536).decode(errors="replace")

        try:
            os.write(terminal, (
                f"{prepare}; PS1=; print rea''dy\n").encode())
            read_until("ready")
            said = ""
            # the widget shows the line that came of it and leaves it
            os.write(terminal, (
                "show() { zle complete-word; print -r \"<$BUFFER>\"; "
                "BUFFER=; zle redisplay }; zle -N show; bindkey '^I' show; "
                "print se''t\n").encode())
            read_until("set")
            said = ""
            os.write(terminal, f"{line}\t".encode())
            read_until(r"<[^>\n]*>")
            return re.search(r"<([^>\n]*)>", said)[1]
        finally:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
            os.close(terminal)


if __name__ == "__main__":
    main()
