# ctest: label=fast runner=pytest
"""The tools for results, whatever their surroundings: standard output that takes
nothing."""
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


if __name__ == "__main__":
    main()
