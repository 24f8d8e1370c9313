"""The configuration is read once, by one process, wherever it comes from: a
pipe, a FIFO, standard input. Whoever reads it a second time finds nothing, or
waits for ever, so that each of these ends only where that holds."""
import os
import subprocess
import threading

from srbtest import MPIEXEC, OPEN_MPI, RunTest, SRBENCH, main

STUDY = "iterations: 79\ntensor_bytes: 4\ndb_exe: null\nclient: null\n" \
    "output: none\n"
# each is answered in its own way: without MPI, with it, by a study
REQUESTS = (("--show_config", "iterations: 79"),
            ("--dry_run --verbose", "ITER79"),
            ("--dry_run --machine=2x2 --verbose", "ITER79"),
            ("", "SRBENCH_STATUS pass permutations=1"))


class ConfigOnce(RunTest):
    def ask(self, ranks, *args, text=None):
        """srbench with this text on its standard input: status and output."""
        command = [SRBENCH, *args]
        if ranks:
            command = [MPIEXEC, "-n", str(ranks), *command]
        done = subprocess.run(
            command, input=text, text=True, encoding="utf-8", timeout=300,
            cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, **OPEN_MPI}, check=False)
        return done.returncode, done.stdout, done.stderr

    def assert_answered(self, answer, words):
        status, out, err = answer
        self.assertEqual(status, 0, err)
        self.assertIn(words, out)
        self.assertLessEqual(out.count("SRBENCH_STATUS"), 1, "one speaks")

    def test_standard_input(self):
        for name in "-", "/dev/stdin":
            for ranks in 0, 1, 3:
                for request, words in REQUESTS:
                    with self.subTest(name=name, ranks=ranks, request=request):
                        self.assert_answered(
                            self.ask(ranks, "--config", name, *request.split(),
                                     text=STUDY), words)

    def test_fifo(self):
        """One that is written once: a second reader would wait for ever."""
        path = self.dir / "fifo"
        os.mkfifo(path)

        def write():
            with open(path, "w", encoding="utf-8") as f:
                f.write(STUDY)

        for ranks in 0, 3:
            for request, words in REQUESTS:
                with self.subTest(ranks=ranks, request=request):
                    writer = threading.Thread(target=write, daemon=True)
                    writer.start()
                    self.assert_answered(
                        self.ask(ranks, f"--config={path}", *request.split()),
                        words)
                    writer.join(30)
                    self.assertFalse(writer.is_alive())

    def test_machine_in_the_text(self):
        """Which only who reads it knows."""
        for ranks in 0, 3:
            with self.subTest(ranks=ranks):
                self.assert_answered(
                    self.ask(ranks, "--config=-", "--dry_run", "--verbose",
                             text=STUDY + "machine: 5x4\n"), "-N5-T4-")

    def test_nothing_to_read(self):
        for ranks in 0, 2:
            for request, _ in REQUESTS:
                with self.subTest(ranks=ranks, request=request):
                    status, out, err = self.ask(
                        ranks, "--config=/dev/stdin", *request.split(),
                        text="")
                    self.assertEqual(status, 2)
                    self.assertIn("is empty and no regular file", err)
                    self.assertEqual(out.count("SRBENCH_STATUS"), 1)
        (self.dir / "empty.yaml").write_text("", encoding="utf-8")
        self.assert_answered(self.ask(0, "--config=empty.yaml",
                                      "--show_config"), "iterations: 100")

    def test_words_name_the_place(self):
        for ranks in 0, 2:
            with self.subTest(ranks=ranks):
                status, _, err = self.ask(ranks, "--config=-", "--dry_run",
                                          text="warmup: 1\niteratons: 3\n")
                self.assertEqual(status, 2)
                self.assertIn("standard input:2:1: iteratons: unknown option",
                              err)

    def test_the_text_is_in_the_file(self):
        status, _, err = self.ask(2, "--config=-", "--output=a.h5", text=STUDY
                                  .replace("output: none\n", "# mine\n"))
        self.assertEqual(status, 0, err)
        config = self.open(self.dir / "a.h5").attrs["config"]
        self.assertIn("# mine", config if isinstance(config, str)
                      else config.decode())


if __name__ == "__main__":
    main()
