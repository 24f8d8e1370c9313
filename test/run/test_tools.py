# ctest: label=fast runner=pytest
"""The tools for results, whatever their surroundings: standard output that takes
nothing, any locale."""
import os
import pty
import shutil
import subprocess
import sys

from resultfile import OneFile
from srbtest import SOURCE, main

TOOLS = SOURCE / "tools"


class Tools(OneFile):

    ARGS = ("--tensor_bytes=[1024,4096]", "--iterations=30", "--repetitions=2")

    def commands(self, path=None):
        """Each tool, at work on a file."""
        path = path or self.path
        other = path.with_name("other.h5")
        shutil.copy(path, other)
        return {
            "srbench_results.py": [path],
            "srbench-compare": [path, other],
            "srbench-report": [path, "-o", self.dir / "page.html"],
        }

    def run_tool(self, name, args, **how):
        return subprocess.run([sys.executable, TOOLS / name, *args],
                              stderr=subprocess.PIPE, timeout=600, **how)


class Unwritable(Tools):

    def assert_said(self, done, reason):
        words = done.stderr.decode()
        self.assertEqual(done.returncode, 1, words)
        self.assertNotIn("Traceback", words)
        self.assertNotIn("Exception ignored", words)
        self.assertEqual(words.count("standard output cannot be written: "
                                     + reason), 1, words)

    def test_full(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            for name, args in self.commands().items():
                with self.subTest(tool=name):
                    self.assert_said(self.run_tool(name, args, stdout=full),
                                     "No space left on device")
            for name in (*self.commands(), "srbench-export"):
                with self.subTest(tool=name, args="--help"):
                    self.assert_said(
                        self.run_tool(name, ["--help"], stdout=full),
                        "No space left on device")

    def test_closed(self):
        for name, args in self.commands().items():
            with self.subTest(tool=name):
                done = subprocess.run(
                    ["sh", "-c", 'exec "$@" >&-', "sh", sys.executable,
                     TOOLS / name, *args], stderr=subprocess.PIPE, timeout=600)
                self.assert_said(done, "Bad file descriptor")

    def test_what_is_written_is_whole(self):
        page = self.dir / "page.html"
        page.unlink(missing_ok=True)
        with open("/dev/full", "w", encoding="utf-8") as full:
            self.run_tool("srbench-report", [self.path, "-o", page],
                          stdout=full)
        self.assertIn("</html>", page.read_text(encoding="utf-8"))


class Locale(Tools):
    """Python's own default there would be that encoding. A locale that is not
    installed is C, whose encoding is ASCII: the tests take Python's switches
    instead."""

    ENCODINGS = ("ascii", "latin-1")

    def in_locale(self, encoding, *command, **how):
        """By an interpreter whose files and streams have that encoding."""
        start = ("import io, locale, os, runpy, sys\n"
                 "name, sys.argv = sys.argv[1], sys.argv[2:]\n"
                 "sys.path.insert(0, os.path.dirname(sys.argv[0]))\n"
                 "locale.getpreferredencoding = lambda *_: name\n"
                 "of = io.open\n"
                 "def opened(*args, **kw):\n"
                 "    mode = kw.get('mode', args[1] if len(args) > 1 else 'r')\n"
                 "    if 'b' not in mode and kw.get('encoding') is None \\\n"
                 "            and len(args) < 4:\n"
                 "        kw['encoding'] = name\n"
                 "    return of(*args, **kw)\n"
                 "import builtins\n"
                 "builtins.open = io.open = opened\n"
                 "runpy.run_path(sys.argv[0], run_name='__main__')\n")
        return subprocess.run(
            [sys.executable, "-c", start, encoding, *map(str, command)],
            env={**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": encoding},
            timeout=600, check=False, **how)

    def test_page_is_the_same(self):
        pages = set()
        for encoding in (*self.ENCODINGS, "utf-8"):
            page = self.dir / "page.html"
            done = self.in_locale(encoding, TOOLS / "srbench-report", self.path,
                                  "-o", page, capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            pages.add(page.read_bytes())
        self.assertEqual(len(pages), 1)
        self.assertIn("\u00b5s", pages.pop().decode())

    def test_words(self):
        """Of a file whose name and server are not ASCII."""
        path, f = self.altered("Messung-\u00b5.h5")
        f.attrs["server_version"] = "r\u00e9dis"
        f.close()
        for encoding in self.ENCODINGS:
            for name, args in self.commands(path).items():
                with self.subTest(tool=name, encoding=encoding):
                    done = self.in_locale(encoding, TOOLS / name, *args,
                                          capture_output=True)
                    self.assertEqual(done.returncode, 0, done.stderr.decode())
                    words = done.stdout.decode()
                    if name != "srbench-report":
                        self.assertIn("Messung-\u00b5.h5", words)
                        self.assertIn("r\u00e9dis", words)

    def test_refusal(self):
        for encoding in self.ENCODINGS:
            done = self.in_locale(encoding, TOOLS / "srbench_results.py",
                                  self.dir / "\u00b5.h5", capture_output=True)
            self.assertEqual(done.returncode, 2)
            self.assert_sentence(done.stderr.decode(), "\u00b5.h5")

    def test_terminal_that_cannot_show_it(self):
        path, f = self.altered("other-\u00b5.h5")
        f.close()
        master, terminal = pty.openpty()
        self.addCleanup(os.close, master)
        done = self.in_locale("ascii", TOOLS / "srbench_results.py", path,
                              stdout=terminal, stderr=subprocess.PIPE)
        os.close(terminal)
        self.assertEqual(done.returncode, 0, done.stderr.decode())
        self.assertIn(b"other-?.h5", os.read(master, 4096))


if __name__ == "__main__":
    main()
