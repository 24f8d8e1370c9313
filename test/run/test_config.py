# ctest: label=fast,asan
"""The configuration is read once, by the first rank, from wherever it comes;
and parts of a job that was started as several agree with it."""
import os
import subprocess
import threading

from srbtest import END, MPIEXEC, SRBENCH, RunTest, main

NULL = ("--db_exe=null", "--client=null", "--tensor_bytes=8", "--output=none")
TEXT = "iterations: 79\n"


class ReadOnce(RunTest):

    def said(self, *words, text="", ranks=0):
        """Exit status, standard output and error, of one process or of ranks
        under mpiexec, whose input is a pipe."""
        launch = [MPIEXEC, "-n", str(ranks)] if ranks else []
        done = subprocess.run(
            [*launch, SRBENCH, *words], input=text, capture_output=True,
            encoding="utf-8", timeout=END, check=False,
            env={**os.environ, "TMPDIR": str(self.dir)})
        return done.returncode, done.stdout, done.stderr

    def assert_read(self, status, out, err):
        self.assertEqual(status, 0, err)
        self.assertIn("ITER79", out)
        self.assertNotIn("ITER100", out)

    def pipe(self, text):
        """A named pipe into which the text is written once."""
        path = self.dir / "pipe"
        os.mkfifo(path)

        def write():
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        threading.Thread(target=write, daemon=True).start()
        return f"--config={path}"

    def test_standard_input(self):
        for ranks in (0, 1, 3):
            for name in ("-", "/dev/stdin"):
                with self.subTest(ranks=ranks, name=name):
                    self.assert_read(*self.said(
                        "--config", name, "--dry_run", "--tensor_bytes=4",
                        text=TEXT, ranks=ranks))

    def test_a_request_that_needs_no_mpi(self):
        for ranks in (0, 3):
            with self.subTest(ranks=ranks):
                status, out, err = self.said("--config=-", "--show_config",
                                             text=TEXT, ranks=ranks)
                self.assertEqual(status, 0, err)
                self.assertEqual(out.count("iterations: 79\n"), 1)

    def test_a_machine_that_the_file_names(self):
        status, out, err = self.said(
            "--config=-", "--dry_run", "--tensor_bytes=4",
            text=TEXT + "machine: 2x4\n", ranks=3)
        self.assert_read(status, out, err)
        self.assertIn("8 clients", out)

    def test_a_machine_that_is_the_job_after_all(self):
        status, out, err = self.said("--config=-", "--dry_run", "--machine",
                                     "auto", "--tensor_bytes=4", text=TEXT,
                                     ranks=2)
        self.assert_read(status, out, err)
        self.assertIn("2 clients", out)

    def test_a_pipe(self):
        self.assert_read(*self.said(self.pipe(TEXT), "--dry_run",
                                    "--tensor_bytes=4"))

    def test_a_pipe_of_a_study(self):
        status, out, err = self.said(self.pipe(TEXT), *NULL, ranks=2)
        self.assertEqual(status, 0, err)
        self.assertIn("ITER79", err)

    def test_nothing_but_a_file_may_be_empty(self):
        status, _, err = self.said("--config=-", *NULL)
        self.assertEqual(status, 2)
        self.assertIn("the configuration from 'standard input' is empty", err)
        empty = self.dir / "empty.yaml"
        empty.touch()
        self.assertEqual(self.said(f"--config={empty}", *NULL)[0], 0)

    def test_the_place_of_a_mistake(self):
        status, _, err = self.said("--config=-", "--dry_run",
                                   text="iterations: 79\ntensors: 4\n")
        self.assertEqual(status, 2)
        self.assertIn("standard input:2:1: ", err)


class Parts(RunTest):

    def parts(self, *parts):
        """Two parts of one rank each."""
        command = []
        for i, part in enumerate(parts):
            command += [":"] * (i > 0) + ["-n", "1", SRBENCH, *part]
        done = subprocess.run([MPIEXEC, *command], capture_output=True,
                              encoding="utf-8", timeout=END, check=False,
                              env={**os.environ, "TMPDIR": str(self.dir)})
        return done.returncode, done.stderr

    def test_a_part_that_agrees(self):
        for second in ((), ("--role=client",), ("--tensor_bytes", "8"),
                       NULL[::-1]):
            with self.subTest(second=second):
                status, err = self.parts(NULL, second)
                self.assertEqual(status, 0, err)

    def test_a_part_that_does_not(self):
        for second, words in (
                (("--nonsense=1",), "--nonsense: unknown option"),
                (("--tensor_bytes=4",), "--tensor_bytes says 4, and the first "
                                        "part of the job 8"),
                (("--config=x.yaml",), "--config names 'x.yaml', and the first "
                                       "part of the job none"),
                (("--role=neither",), "--role: ")):
            with self.subTest(second=second):
                status, err = self.parts(NULL, second)
                self.assertEqual(status, 2, err)
                self.assertIn(f"srbench: part 2 of the job (rank 1): {words}",
                              err)


if __name__ == "__main__":
    main()
