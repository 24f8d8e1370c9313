# ctest: label=full timeout=400
"""A build on a machine that has neither a C++ nor a Fortran compiler."""
import subprocess

from srbtest import SOURCE, RunTest, main


class LackingTest(RunTest):

    def test_without_the_other_compilers(self):
        build = self.dir / "build"
        done = subprocess.run(
            ["cmake", "-S", SOURCE, "-B", build, "-DBUILD_TESTING=OFF",
             "-DCMAKE_CXX_COMPILER=NOTFOUND",
             "-DCMAKE_Fortran_COMPILER=NOTFOUND"],
            capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)
        for language in ("cpp", "fortran"):
            self.assertIn(f"languages has no {language}", done.stdout)
        subprocess.run(["cmake", "--build", build, "--parallel", "2"],
                       check=True, stdout=subprocess.DEVNULL, timeout=240)
        for language, status in (("c", 0), ("cpp", 2), ("fortran", 2)):
            done = subprocess.run(
                [build / "srbench", f"--languages={language}", "--dry_run",
                 "--machine=1x1"], capture_output=True, text=True, timeout=20)
            self.assertEqual(done.returncode, status, done.stderr)
            if status:
                self.assertIn(f"{language} was left out of this build",
                              done.stderr)
        done = subprocess.run([build / "srbench", "--version"],
                              capture_output=True, text=True, timeout=20)
        self.assertRegex(done.stdout, r"(?m)^languages c$")


if __name__ == "__main__":
    main()
