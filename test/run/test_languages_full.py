# ctest: label=full timeout=4000
"""The languages where compilers are missing, under valgrind, and from an srbench
that is installed."""
import shutil
import subprocess
import unittest
from pathlib import Path

from srbtest import SOURCE, SRBENCH, main
from test_languages import EXAMPLES, LANGUAGES, ServerTest

BUILD = Path(SRBENCH).parent
VALGRIND = ("valgrind", "-q", "--leak-check=full",
            "--errors-for-leak-kinds=definite", "--error-exitcode=9")


class LackingTest(ServerTest):

    def test_without_the_other_compilers(self):
        build = self.dir / "build"
        done = subprocess.run(
            ["cmake", "-S", SOURCE, "-B", build, "-DBUILD_TESTING=OFF",
             "-DCMAKE_CXX_COMPILER=NOTFOUND",
             "-DCMAKE_Fortran_COMPILER=NOTFOUND"],
            capture_output=True, text=True, timeout=1200)
        self.assertEqual(done.returncode, 0, done.stderr)
        for language in ("cpp", "fortran"):
            self.assertIn(f"languages has no {language}", done.stdout)
        subprocess.run(["cmake", "--build", build, "--parallel", "2"],
                       check=True, stdout=subprocess.DEVNULL, timeout=2400)
        for language, status in (("c", 0), ("cpp", 2), ("fortran", 2)):
            done = subprocess.run(
                [build / "srbench", f"--languages={language}", "--dry_run",
                 "--machine=1x1"], capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, status, done.stderr)
            if status:
                self.assertIn(f"{language} was left out of this build",
                              done.stderr)
        done = subprocess.run([build / "srbench", "--version"],
                              capture_output=True, text=True, timeout=300)
        self.assertRegex(done.stdout, r"(?m)^languages c$")


class InstalledTest(ServerTest):

    def command(self, *words):
        done = subprocess.run(words, capture_output=True, text=True,
                              timeout=1200)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_a_project_that_uses_the_client(self):
        """tools/examples copied elsewhere, so that nothing of the source is
        found; and srbench moved after it was installed."""
        there, project = self.dir / "there", self.dir / "project"
        self.command("cmake", "--install", BUILD, "--prefix",
                     self.dir / "here")
        (self.dir / "here").rename(there)
        shutil.copytree(SOURCE / "tools" / "examples", project)
        self.command("cmake", "-S", project, "-B", project / "build",
                     f"-DCMAKE_PREFIX_PATH={there}")
        self.command("cmake", "--build", project / "build")
        built = sorted(p.name for p in (project / "build/examples").iterdir())
        self.assertEqual(built, [f"example_{x}" for x in LANGUAGES])
        port = self.serve()
        self.await_answer(port, "PONG", "PING")
        for name in built:
            said = self.command(project / "build/examples" / name,
                                f"127.0.0.1:{port}")
            self.assertIn("12 tensors", said)

    def test_a_newer_one_is_asked_for(self):
        prefix, project = self.dir / "prefix", self.dir / "project"
        self.command("cmake", "--install", BUILD, "--prefix", prefix)
        project.mkdir()
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.20)\nproject(p LANGUAGES C)\n"
            "find_package(srb_tensor_client 99 REQUIRED)\n")
        done = subprocess.run(
            ["cmake", "-S", project, "-B", project / "build",
             f"-DCMAKE_PREFIX_PATH={prefix}"],
            capture_output=True, text=True, timeout=1200)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("compatible with requested version", done.stderr)


@unittest.skipUnless(shutil.which("valgrind"), "valgrind is not installed")
class ValgrindTest(ServerTest):

    def valgrind(self, *words):
        done = subprocess.run([*VALGRIND, *words], capture_output=True,
                              text=True, timeout=1200)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def test_loops(self):
        """With the null client, since the guard is srbench once more, which
        valgrind cannot start."""
        for language in LANGUAGES:
            said = self.valgrind(
                SRBENCH, f"--languages={language}", "--db_exe=null",
                "--client=null", "--tensor_bytes=[4,5000,70000]",
                "--pattern=[pair,phases]", "--iterations=9", "--warmup=2",
                "--verify=all", "--output=none")
            self.assertIn("completed=6 ", said)

    def test_clients(self):
        port = self.serve()
        self.await_answer(port, "PONG", "PING")
        for language in LANGUAGES:
            said = self.valgrind(EXAMPLES / f"example_{language}",
                                 f"127.0.0.1:{port}")
            self.assertIn("12 tensors", said)


if __name__ == "__main__":
    main()
