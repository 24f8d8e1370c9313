# ctest: label=fast runner=pytest computes
"""The tools for results, whatever their surroundings: standard output that takes
nothing, any locale, names that hold anything."""
import csv
import html.parser
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from xml.etree import ElementTree

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
            "srbench-results": [path],
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


class Names(Tools):
    """A file whose name, and texts in it, are what nobody would choose."""

    NAME = b"a|b\xff\x1b[31m<i>&\n`c`,\"'.h5"
    SHOWN = "a|b\\xff\\x1b[31m<i>&\\x0a`c`,\"'.h5"
    FOREIGN = b"r\xe9dis \x1b[31m7"

    def setUp(self):
        self.odd = os.path.join(os.fsencode(self.dir), self.NAME)
        path, f = self.altered("plain.h5")
        f.attrs["server_version"] = self.FOREIGN
        f["summary/error"][0] = self.FOREIGN
        f.close()
        os.replace(path, self.odd)

    def said(self, name, *args):
        done = self.run_tool(name, args, stdout=subprocess.PIPE,
                             env={**os.environ, "PYTHONUTF8": "0"})
        words = done.stderr.decode()
        self.assertEqual(done.returncode, 0, words)
        for text in (done.stdout.decode(), words):
            self.assertNotRegex(text, "[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
        return done.stdout.decode()

    def test_summary(self):
        words = self.said("srbench_results.py", self.odd, self.odd)
        self.assertIn(self.SHOWN, words)
        self.assertIn("r\ufffddis ?[31m7", words)

    def test_refusal(self):
        done = self.run_tool("srbench_results.py", [self.odd + b"\x1b"],
                             stdout=subprocess.PIPE)
        self.assertEqual(done.returncode, 2)
        self.assertNotIn(b"\x1b", done.stderr)
        self.assertNotIn(b"Traceback", done.stderr)

    def compare(self, kind):
        out = self.dir / f"compared.{kind}"
        self.said("srbench-compare", self.odd, self.path, "--format", kind,
                  "-o", out)
        return out.read_text(encoding="utf-8")

    def test_junit(self):
        suite = ElementTree.fromstring(self.compare("junit"))
        self.assertIn(self.SHOWN, "".join(suite.itertext()))

    def test_markdown(self):
        page = self.compare("markdown")
        self.assertNotIn("<i>", page.replace("\\<i", ""))
        self.assertIn("\\`c\\`", page)
        cells = {re.sub(r"\\\|", "", line).count("|")
                 for line in page.splitlines() if line.startswith("|")}
        self.assertEqual(len(cells), 1, page)

    def test_json_and_text(self):
        self.assertIn(self.SHOWN, json.loads(self.compare("json"))["base"])
        self.assertIn(self.SHOWN, self.compare("text"))

    def test_page(self):
        page, table = self.dir / "page.html", self.dir / "table.csv"
        self.said("srbench-report", self.odd, self.path, "-o", page, "--csv",
                  table, "--title", b"x\xff\x1b<b>")
        words = page.read_text(encoding="utf-8")
        self.assertNotRegex(words, "[\x00-\x08\x0b-\x1f\x7f]")
        texts = []
        parser = html.parser.HTMLParser()
        parser.handle_data = texts.append
        parser.feed(words)
        parser.close()
        self.assertIn(self.SHOWN, "".join(texts))
        self.assertIn("x\\xff\\x1b<b>", "".join(texts))
        for part in re.findall(r"(?s)<svg.*?</svg>", words):
            ElementTree.fromstring(part)
        self.assert_rows(table)

    def assert_rows(self, path):
        with open(path, encoding="utf-8", newline="") as f:
            rows = list(csv.reader(f, strict=True))
        self.assertEqual({len(r) for r in rows}, {len(rows[0])})
        self.assertGreater(len(rows), 2)
        self.assertIn(self.SHOWN, "".join(c for row in rows for c in row))

    def test_export(self):
        for kind in ("csv", "smartsim"):
            with self.subTest(format=kind):
                out = os.path.join(os.fsencode(self.dir),
                                   kind.encode() + b"\xff\x1b")
                self.said("srbench-export", "--format", kind, out, self.odd,
                          self.path)
                if kind == "csv":
                    for name in (b"summary.csv", b"timings.csv"):
                        self.assert_rows(os.path.join(out, name))
                else:
                    with open(os.path.join(out, b"run.cfg"),
                              encoding="utf-8") as f:
                        self.assertIn("smartsim\\xff\\x1b", f.read())


if __name__ == "__main__":
    main()
