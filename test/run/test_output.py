# ctest: label=fast,asan
"""What a person and a script see: the lines on standard output, the words of a
refusal, exit statuses, --help, --version, --show_config and --dry_run."""
import math
import os
import re
import shlex
import shutil

from srbtest import SRBENCH, RunTest, column, main, text

FOM = re.compile(r"SRBENCH_FOM perm=\d{4} name=[a-z_0-9.]+ "
                 r"value=\d\.\d+e[+-]\d{2} unit=(s|B/s|1/s|1)")
STATUS = re.compile(r"SRBENCH_STATUS (pass|fail) permutations=\d+ "
                    r"completed=\d+ failed=\d+ skipped=\d+ verify_errors=\d+"
                    r"( file=.*)?")
QUICK = ("--client=null", "--db_exe=null", "--iterations=20")


class OutputTest(RunTest):

    def setUp(self):
        super().setUp()
        self.out = self.dir / "output.h5"

    def study(self, nranks, *args, **how):
        return self.srbench(nranks, *args, f"--output={self.out}", **how)

    def write(self, name, words):
        path = self.dir / name
        path.write_text(words, encoding="utf-8")
        return path

    def assert_lines(self, job, figures=False):
        """On standard output: last one verdict, figures right before it where
        they were asked for, and no other line that scripts look for."""
        lines = job.stdout.splitlines()
        self.assertTrue(lines, job.describe())
        self.assertRegex(lines[-1], rf"^{STATUS.pattern}$")
        found = [i for i, x in enumerate(lines) if x.startswith("SRBENCH_FOM")]
        self.assertEqual(bool(found), figures, job.describe())
        self.assertEqual(found, list(range(len(lines) - 1 - len(found),
                                           len(lines) - 1)))
        for i in found:
            self.assertRegex(lines[i], rf"^{FOM.pattern}$", job.describe())
        self.assertEqual(job.stdout.count("SRBENCH_"), len(found) + 1)
        self.assertTrue(job.stdout.endswith("\n"))

    def assert_refused(self, job, *words, sentences=1):
        """Exit status 2, the verdict, and words that name the place, on as
        many lines, printed by one rank."""
        self.assert_status(job, 2, completed=0, failed=0, verify_errors=0)
        self.assertRegex(job.stdout, rf"^{STATUS.pattern}\n$")
        self.assertEqual(job.status["file"], "")
        for word in words:
            self.assertIn(word, job.stderr, job.describe())
        lines = [x for x in job.stderr.splitlines() if x.strip()]
        self.assertEqual(len(lines), sentences, job.describe())
        self.assertFalse(self.out.exists(), "a file of nothing")

    def assert_agrees_with_file(self, job, permutations):
        """Each figure is the file's, and each of the file's is printed."""
        summary = self.open(self.out)["summary"]
        printed = {(fom["perm"], fom["name"]): fom for fom in job.foms}
        self.assertEqual(len(printed), len(job.foms), "a figure printed twice")
        names = {name for name, c in summary.items()
                 if c.dtype.kind == "f" and not name.endswith("_value")
                 and text(c.attrs.get("role", "")) != "axis"}
        self.assertGreaterEqual(len(names), 30)
        for (perm, name), fom in printed.items():
            self.assertIn(name, names)
            value = float(summary[name][perm])
            self.assertTrue(math.isclose(fom["value"], value, rel_tol=1e-6),
                            f"{name} of {perm}: {fom['value']} and {value}")
            self.assertEqual(text(summary[name].attrs["units"]),
                             str(fom["unit"]))
        for name in names:
            for perm in range(permutations):
                self.assertEqual((perm, name) in printed,
                                 math.isfinite(summary[name][perm]),
                                 f"{name} of {perm}")
        self.assertEqual(column(summary, "status").count("completed"),
                         len({fom["perm"] for fom in job.foms}))


class Lines(OutputTest):

    def test_figures_and_verdict(self):
        job = self.study(4, "--tensor_bytes=[4,1024]", "--iterations=300",
                         "--repetitions=2", "--figures=stdout")
        self.assert_passed(job, 4)
        self.assert_lines(job, figures=True)
        self.assert_agrees_with_file(job, 4)

    def test_the_story_goes_to_standard_error(self):
        """And the result to standard output, without a figure for scripts."""
        job = self.study(2, *QUICK, "--tensor_bytes=[4,1024]")
        self.assert_lines(job)
        lines = [x for x in job.stderr.splitlines() if x.startswith("[")]
        self.assertEqual(len(lines), 2, job.describe())
        figures = r"put +\S+ [mun]s   get +\S+ [mun]s   +\S+ [kMG]B/s"
        self.assertRegex(lines[0], rf"^\[1/2\]   4 B   {figures}   (< )?[\d.]+ s left")
        self.assertRegex(lines[1], rf"^\[2/2\] 1 KiB   {figures}( |$)")
        for word in ("4 B", "1 KiB", f"file: {self.out}\n"):
            self.assertIn(word, job.stdout, job.describe())
        self.assertNotIn(str(self.out), job.stderr)

    def test_the_command_that_shows_the_file(self):
        """It is there, and the file's name is one word of the shell."""
        self.out = self.dir / "a file's name.h5"
        job = self.study(1, *QUICK, "--tensor_bytes=4")
        command, = re.findall(r"(?m)^to see it: (.*)$", job.stdout)
        program, path = shlex.split(command)
        self.assertEqual(path, str(self.out))
        self.assertTrue(os.access(program, os.X_OK), program)
        # by a link beside the program, wherever that was built
        beside = os.path.join(os.path.dirname(SRBENCH), "srbench-report")
        self.assertEqual(os.path.realpath(self.dir / program),
                         os.path.realpath(beside))
        self.assertTrue(job.stdout.endswith(f" file={self.out}\n"))
        self.assertEqual(job.status["file"], str(self.out))

    def test_failures_among_others(self):
        job = self.study(4, "--client=[null,hiredis]", "--tensor_bytes=1024",
                         "--null_client={client: 1, fail_at: 3}",
                         "--iterations=20", "--figures=stdout")
        self.assert_status(job, 1, permutations=2, completed=1, failed=1,
                           skipped=0)
        self.assert_lines(job, figures=True)
        self.assert_agrees_with_file(job, 2)

    def test_percentiles_need_samples(self):
        """One with fewer than ten samples beyond it is neither printed nor in
        the file."""
        job = self.study(1, *QUICK, "--tensor_bytes=4", "--figures=stdout")
        self.assert_passed(job, 1)
        names = {fom["name"] for fom in job.foms}
        self.assertIn("put_tensor_median", names)
        for percentile in ("p95", "p99", "p99.9"):
            self.assertNotIn(f"put_tensor_{percentile}", names)
            value = self.open(self.out)[f"summary/put_tensor_{percentile}"][0]
            self.assertTrue(math.isnan(value))


class FiguresFile(OutputTest):

    def setUp(self):
        super().setUp()
        self.file = self.dir / "figures.txt"

    def test_they_are_those_of_standard_output(self):
        """In the file and nowhere else, with shares of the floor, which are
        known last."""
        job = self.study(2, "--db_exe=[redis-server,floor]",
                         "--tensor_bytes=[4,8]", "--iterations=200",
                         "--figures=figures.txt")
        self.assert_passed(job, 4)
        self.assert_lines(job)
        self.assert_agrees_with_file(job, 4)
        self.assertIn("window_of_floor", {fom["name"] for fom in job.foms})
        self.assertEqual(sorted(x.name for x in self.dir.iterdir()),
                         ["figures.txt", "output.h5"])

    def test_whole_after_each_permutation(self):
        """Whoever looks finds all lines of some first permutations; another
        file each time, so that what was opened stays as it is."""
        seen, files = set(), set()

        def is_complete():
            if self.file.exists():
                with open(self.file, encoding="utf-8") as f:
                    files.add(os.fstat(f.fileno()).st_ino)
                    lines = f.read()
                self.assertRegex(lines, rf"^({FOM.pattern}\n)*$")
                done = re.findall(r"perm=(\d+) name=client_cpu_share ", lines)
                self.assertEqual(done, [f"{k:04d}" for k in range(len(done))])
                seen.add(len(done))
            return len(seen) > 2
        job = self.start(1, *QUICK, "--tensor_bytes=[4,8,12,16]",
                         "--null_client={delay: 20ms}", "--warmup=0",
                         "--figures=figures.txt", "--output=none")
        job.wait_until(is_complete, "two permutations in the file")
        self.assertGreater(len(files), 1)
        job.wait()
        self.assert_passed(job, 4)
        self.assertEqual({fom["perm"] for fom in job.foms}, {0, 1, 2, 3})

    def test_an_existing_one(self):
        self.file.write_text("precious", encoding="utf-8")
        job = self.study(1, *QUICK, "--tensor_bytes=4",
                         "--figures=figures.txt")
        self.assert_status(job, 2, completed=0)
        for word in ("figures.txt", "exists", "--overwrite"):
            self.assertIn(word, job.stderr)
        self.assertEqual(self.file.read_text(encoding="utf-8"), "precious")
        self.assertFalse(self.out.exists())
        job = self.study(1, *QUICK, "--tensor_bytes=4", "--overwrite",
                         "--figures=figures.txt")
        self.assert_passed(job, 1)
        self.assertGreater(len(job.foms), 10)

    def test_a_link_stays_one(self):
        (self.dir / "link.txt").symlink_to("figures.txt")
        job = self.study(1, *QUICK, "--tensor_bytes=4", "--figures=link.txt")
        self.assert_passed(job, 1)
        self.assertTrue((self.dir / "link.txt").is_symlink())
        self.assertIn("SRBENCH_FOM", self.file.read_text(encoding="utf-8"))

    def test_refused(self):
        for name, *words in (("-", "standard output"), ("/no/such/place",
                             "/no/such"), (".", "no plain file"),
                             ("output.h5", "file of another option")):
            with self.subTest(name=name):
                job = self.srbench(1, *QUICK, "--tensor_bytes=4",
                                   f"--figures={name}", "--output=output.h5")
                self.assert_status(job, 2, completed=0)
                for word in ("figures", *words):
                    self.assertIn(word, job.stderr, job.describe())
                self.assertEqual(list(self.dir.glob("*")), [])

    def test_that_cannot_be_written_at_last(self):
        """Its folder has gone: a sentence, and no success."""
        folder = self.dir / "gone"
        folder.mkdir()
        gate = self.gate(1)
        job = self.start(1, *QUICK, "--tensor_bytes=[4,8]", "--op_timeout=1h",
                         f"--figures={folder}/x", "--output=none", gate=gate)
        job.wait_until(lambda: gate.holds(job), "the client to be ready")
        shutil.rmtree(folder)
        gate.open()
        job.wait()
        self.assert_status(job, 1, completed=2)
        self.assertRegex(job.stderr, r"(?m)^srbench: the figures cannot be "
                         r"written to '.*/gone/x': No such file")


class Requests(OutputTest):
    """What prints and runs nothing: alone, and once under mpiexec."""

    def alone_and_under_mpiexec(self, *args, returncode=0):
        jobs = [self.start(n, *args, "--db_port=6780").wait()
                for n in (0, 3)]
        for job in jobs:
            self.assertEqual(job.returncode, returncode, job.describe())
        self.assertEqual(jobs[0].stdout, jobs[1].stdout)
        self.assertEqual(jobs[0].stderr, jobs[1].stderr)
        self.assertEqual(list(self.dir.iterdir()), [], "a file")
        return jobs[0]

    def test_help(self):
        job = self.alone_and_under_mpiexec("--help", "all")
        self.assertEqual(job.stderr, "")
        for name in ("experiment", "client_nodes", "db_port", "tensor_bytes",
                     "op_timeout", "virtual_nodes", "null_client"):
            self.assertRegex(job.stdout, rf"(?m)^ *--{name}\b")
            self.assertIn("default", job.stdout)
        self.assertLessEqual(max(map(len, job.stdout.splitlines())), 100)

    def test_brief_help(self):
        """It fits into the smallest terminal's width, and names no test's."""
        job = self.alone_and_under_mpiexec("--help")
        self.assertEqual(job.stderr, "")
        self.assertRegex(job.stdout, r"(?m)^  --tensor_bytes +\* size of")
        self.assertNotIn("null_client", job.stdout)
        self.assertLessEqual(max(map(len, job.stdout.splitlines())), 80)

    def test_help_with_one_option(self):
        job = self.alone_and_under_mpiexec("--help", "db_nodes")
        self.assertTrue(job.stdout.startswith("  --db_nodes\n"), job.stdout)
        self.assertNotIn("--tensor_bytes", job.stdout)
        job = self.alone_and_under_mpiexec("--help", "db_node", returncode=2)
        self.assertIn("did you mean 'db_nodes'?", job.stderr)

    def test_version(self):
        job = self.alone_and_under_mpiexec("--version")
        for name in ("srbench", "MPI", "HDF5", "hiredis", "libyaml"):
            self.assertRegex(job.stdout, rf"(?m)^{name} +\S*[0-9a-zA-Z]")

    def test_help_of_a_wrong_command_line(self):
        job = self.alone_and_under_mpiexec("--tensor_byte=8", "--help")
        self.assertIn("Usage", job.stdout)

    def test_show_config(self):
        """Fed back it gives the same, in both spellings of the values."""
        config = self.write("given.yaml",
                            "experiment: [throughput_scaling, "
                            "throughput_colocated]\n"
                            "db_args: {maxmemory: 1gb, hz: '10'}\n"
                            "op_timeout: 00:01:30\n"
                            "verify: all\n")
        first = self.plain("--show_config", "--config", config,
                           "--tensor_bytes=[1KiB, 2MB]", "--nodes=[1,2]",
                           "--exp-name", "a: b", "--overwrite").stdout
        shown = self.write("shown.yaml", first)
        self.assertEqual(self.plain("--show_config", "--config",
                                    shown).stdout, first)
        self.assertIn("throughput_standard", first)
        self.assertIn("[1024, 2000000]", first)

    def test_show_config_of_all_defaults(self):
        first = self.alone_and_under_mpiexec("--show_config").stdout
        shown = self.write("shown.yaml", first)
        self.assertEqual(self.plain("--show_config", "--config",
                                    shown).stdout, first)

    def plain(self, *args):
        job = self.start(0, *args, "--db_port=6780").wait()
        self.assertEqual(job.returncode, 0, job.describe())
        return job

    def test_config_in_the_file_feeds_back(self):
        """What a result file keeps of its study can be run again."""
        self.study(2, *QUICK, "--tensor_bytes=[4,8]")
        kept = self.write("kept.yaml",
                          text(self.open(self.out).attrs["resolved_config"]))
        job = self.srbench(2, "--config", kept, "--overwrite",
                           "--db_port=auto")
        self.assert_passed(job, 2)

    def test_dry_run_of_an_imaginary_job(self):
        job = self.alone_and_under_mpiexec(
            "throughput_standard", "--dry_run", "--machine=136x48",
            "--client_nodes=[20,40,60,80,100,120]", "--db_nodes=[4,8,16]",
            "--tensor_bytes=1024", "--verbose")
        self.assertEqual(len(re.findall(r"(?m)^\d{4}  throughput-sess-c-",
                                        job.stdout)), 18)
        self.assertTrue(job.stdout.startswith(
            "18 permutations in 3 database set-ups"), job.stdout)
        self.assertRegex(job.stdout, r"need 136 nodes of at least 48 ranks")
        self.assertIn("client nodes 0-119, 5760 clients", job.stdout)
        self.assertIn("database nodes 120-135", job.stdout)

    def test_dry_run_of_this_job(self):
        """Once, whatever the number of ranks."""
        job = self.start(3, "--dry_run", "--tensor_bytes=[4,8]").wait()
        self.assertEqual(job.returncode, 0, job.describe())
        self.assertEqual(job.stdout.count("2 permutations in 1 database"), 1)
        self.assertIn("3 clients", job.stdout)
        self.assertEqual(list(self.dir.iterdir()), [])

    def test_dry_run_of_both_placements(self):
        """Axes of one placement collapse in the other, and the plan says so."""
        job = self.alone_and_under_mpiexec(
            "--experiment=[throughput_standard,throughput_colocated]",
            "--dry_run", "--machine=8x4", "--db_nodes=[1,2]",
            "--keys=[smartsim,balanced]", "--client_nodes=[2,4]",
            "--tensor_bytes=1024", "--verbose")
        for axis in ("db_nodes", "keys"):
            self.assertRegex(job.stdout, rf"(?m)^{axis} \(2 values\) "
                             "collapses in throughput_colocated")
        self.assertNotRegex(job.stdout, r"client_nodes .*collapses")
        self.assertEqual(job.stdout.count("throughput-sess-c-"), 8)
        self.assertEqual(job.stdout.count("throughput-sess-colo-c-"), 2)
        self.assertIn("10 permutations in 4 database set-ups", job.stdout)

    def test_dry_run_of_the_impossible(self):
        """What can run is shown, each that cannot is named with its reason."""
        job = self.alone_and_under_mpiexec(
            "throughput_standard", "--dry_run", "--machine=4x4",
            "--client_nodes=[2,3,9]", "--db_nodes=[1,2]",
            "--clients_per_node=[4,5]", "--tensor_bytes=1024", "--verbose",
            returncode=2)
        self.assertEqual(len(re.findall(r"(?m)^\d{4}  throughput", job.stdout)),
                         3)
        self.assertIn("9 client nodes and 1 database node needed, the job has "
                      "4", job.stderr)
        self.assertIn("3 client nodes and 2 database nodes needed", job.stderr)
        self.assertIn("clients_per_node is 5", job.stderr)
        for i in (1, 3, 4, 5, 7, 8, 9, 10, 11):
            self.assertTrue(self.is_named(i, job.stderr), f"{i:04d}\n"
                            + job.stderr)
        for i in (0, 2, 6):
            self.assertFalse(self.is_named(i, job.stderr), f"{i:04d}")

    @staticmethod
    def is_named(i, words):
        spans = re.findall(r"permutations? (\d{4})(?: to (\d{4}))?", words)
        return any(int(a) <= i <= int(b or a) for a, b in spans)


class Refusals(OutputTest):

    def test_command_line(self):
        for arg, *words in (
                ("--tensor_byte=8", "--tensor_byte:", "tensor_bytes"),
                ("--iterations=0", "--iterations:", "'0'", "at least 1|from 1"),
                ("--iterations=many", "--iterations:", "'many'"),
                ("--verify=some", "--verify:", "'some'", "none, ends or all"),
                ("--db_port=70000", "--db_port:", "'70000'", "55535"),
                ("--op_timeout=0s", "--op_timeout:", "'0s'"),
                ("--warmup=[1,2]", "--warmup:"),
                ("--tensor_bytes=[1024,", "--tensor_bytes:"),
                ("--machine=4x4", "--machine", "--dry_run"),
                ("throughput_nonsense", "throughput_nonsense"),
                ("--config=/no/such.yaml", "/no/such.yaml")):
            with self.subTest(argument=arg):
                job = self.study(1, arg)
                self.assert_refused(job)
                for word in words:
                    self.assertRegex(job.stderr, word)

    def test_said_once_by_many_ranks(self):
        self.assert_refused(self.study(4, "--tensor_byte=8"),
                            "--tensor_byte:", "tensor_bytes")

    def test_file(self):
        for name, words, place, *more in (
                ("size.yaml", "iterations: 5\ntensor_bytes: [1024, 10XB]\n",
                 "size.yaml:2:22", "10XB"),
                ("name.yaml", "iterations: 5\n\niteration: 6\n",
                 "name.yaml:3:1", "iterations"),
                ("twice.yaml", "warmup: 1\nwarmup: 2\n", "twice.yaml:2:1"),
                ("syntax.yaml", "warmup: 1\nverify: [all\n", "syntax.yaml:"),
                ("list.yaml", "- 1\n- 2\n", "list.yaml:1:1")):
            with self.subTest(file=name):
                self.write(name, words)
                job = self.study(2, "--config", name)
                self.assert_refused(job, place, *more)

    def test_without_mpiexec(self):
        """A login node's shell sees the same."""
        self.assert_refused(self.study(0, "--tensor_byte=8"),
                            "--tensor_byte:")
        self.assert_refused(self.study(0, "--tensor_byte=8", "--dry_run",
                                       "--machine=4x4"), "--tensor_byte:")

    def test_option_that_serves_no_placement(self):
        for arg in ("--db_nodes=2", "--keys=balanced",
                    "--db_shards_per_node=2"):
            with self.subTest(argument=arg):
                job = self.study(2, "throughput_colocated", arg)
                self.assert_refused(job, arg.split("=")[0],
                                    "throughput_standard")
        self.write("served.yaml", "tensor_bytes: 4\nkeys: balanced\n")
        job = self.study(2, "--config", "served.yaml")
        self.assert_refused(job, "served.yaml:2:", "keys")

    def test_served_by_none_in_a_plan(self):
        """A plan is refused as the run would be."""
        job = self.start(0, "--dry_run", "--machine=4x4",
                         "--db_nodes=2").wait()
        self.assert_refused(job, "--db_nodes", "throughput_standard")

    def test_impossible_permutations(self):
        job = self.study(4, "throughput_standard", "--virtual_nodes=4",
                         "--client_nodes=[2,3]", "--db_nodes=[1,2]",
                         "--tensor_bytes=4")
        self.assert_refused(job, "permutation 0003 ",
                            "3 client nodes and 2 database nodes needed, the "
                            "job has 4", sentences=2)
        self.assertEqual(job.status["permutations"], 4)
        self.assertEqual(job.status["skipped"], 4)
        job = self.study(2, "--clients_per_node=[2,3]", "--tensor_bytes=4")
        self.assert_refused(job, "permutation 0001 ", "2 ranks",
                            "clients_per_node is 3", sentences=2)

    def test_virtual_nodes_do_not_divide(self):
        job = self.study(3, "--virtual_nodes=2", "--tensor_bytes=4")
        self.assert_refused(job, "virtual_nodes", "3 ranks")


class Unwritable(OutputTest):
    """Standard output that takes nothing. mpiexec holds a pipe between, so
    srbench stands alone or a shell behind mpiexec gives it the file."""

    SENTENCE = r"(?m)^srbench: standard output cannot be written: {};"

    def redirected(self, nranks, where, *args):
        """Descriptor 4 is a pipe that nobody reads; each rank's status is
        kept."""
        wrapper = self.top / "redirected"
        wrapper.write_text(f'''#!/bin/sh
mkfifo $0.$$; exec 3<>$0.$$; exec 4>$0.$$; exec 3<&-
"$@" {where}
status=$?
echo $status >$0.$$.status
exit $status
''', encoding="utf-8")
        wrapper.chmod(0o755)
        return self.srbench(nranks, *args, wrapper=[str(wrapper)])

    def assert_said(self, job, reason, returncode=1):
        self.assertEqual(job.returncode, returncode, job.describe())
        self.assertEqual(job.stdout, "")
        self.assertEqual(
            len(re.findall(self.SENTENCE.format(reason), job.stderr)), 1,
            job.describe())

    def test_requests(self):
        for args in (("--help",), ("--help", "all"), ("--version",),
                     ("--show_config",), ("--dry_run", "--machine=4x4"),
                     ("--dry_run",)):
            for where, reason in ((">/dev/full", "No space left on device"),
                                  (">&-", "Bad file descriptor")):
                with self.subTest(args=args, where=where):
                    self.assert_said(self.redirected(0, where, *args), reason)

    def test_plan_of_a_job(self):
        self.assert_said(self.redirected(3, ">/dev/full", "--dry_run"),
                         "No space left on device")

    def test_study(self):
        """The file is whole, and every rank leaves with the status."""
        for where, reason in ((">/dev/full", "No space left on device"),
                              (">&-", "Bad file descriptor"),
                              (">&4", "Broken pipe")):
            with self.subTest(where=where):
                job = self.redirected(3, where, *QUICK, "--overwrite",
                                      "--tensor_bytes=[4,8]",
                                      f"--output={self.out}")
                self.assert_said(job, reason)
                self.assertEqual(len(self.open(self.out)["summary/index"]), 2)
                self.assertIn("end_time", self.open(self.out).attrs)
                kept = [x.read_text(encoding="utf-8") for x in self.top.glob("*.status")]
                self.assertEqual(kept, ["1\n"] * 3)
                for path in self.top.glob("*.status"):
                    path.unlink()

    def test_refusal_stays_one(self):
        self.assert_said(self.redirected(3, ">/dev/full", "--client_nodes=7"),
                         "No space left on device", returncode=2)


class TheFile(OutputTest):

    def test_existing_one_is_kept_or_replaced(self):
        self.out.write_text("precious", encoding="utf-8")
        job = self.study(2, *QUICK, "--tensor_bytes=4")
        self.assert_status(job, 2, permutations=1, completed=0, skipped=1)
        self.assert_lines(job)
        for word in (str(self.out), "exists", "overwrite"):
            self.assertIn(word, job.stderr, job.describe())
        self.assertEqual(self.out.read_text(encoding="utf-8"), "precious")
        job = self.study(2, *QUICK, "--tensor_bytes=4", "--overwrite")
        self.assert_passed(job, 1)
        uuid = text(self.open(self.out).attrs["uuid"])
        job = self.study(2, *QUICK, "--tensor_bytes=4", "--overwrite=true")
        self.assert_passed(job, 1)
        self.assertNotEqual(text(self.open(self.out).attrs["uuid"]), uuid)

    def test_refusal_keeps_the_one_to_be_replaced(self):
        """--overwrite destroys nothing before the study can run."""
        self.out.write_text("precious", encoding="utf-8")
        for args in (("--tensor_byte=4",), ("--client_nodes=7",),
                     ("--db_exe=/no/such",)):
            with self.subTest(arguments=args):
                job = self.study(2, "--overwrite", *args)
                self.assert_status(job, 2)
                self.assertEqual(self.out.read_text(encoding="utf-8"), "precious")

    def test_no_place_for_it(self):
        (self.dir / "plain").write_text("text", encoding="utf-8")
        for path, named in (("plain/output.h5", "plain"),
                            ("/proc/no/output.h5", "/proc"),
                            (self.dir, str(self.dir))):
            with self.subTest(path=path):
                job = self.srbench(2, *QUICK, "--tensor_bytes=4",
                                   f"--output={path}")
                self.assert_status(job, 2, completed=0, skipped=1)
                self.assertIn(named, job.stderr, job.describe())

    def test_none(self):
        job = self.srbench(2, *QUICK, "--tensor_bytes=4", "--output=none")
        self.assert_passed(job, 1)
        self.assert_lines(job)
        self.assertEqual(list(self.dir.iterdir()), [])

    def test_in_a_folder_to_be_made(self):
        job = self.srbench(2, *QUICK, "--tensor_bytes=4", "--exp_name=mine")
        self.assert_passed(job, 1)
        found = list(self.dir.glob("results/mine/run-*-*.h5"))
        self.assertEqual(len(found), 1, job.describe())
        self.assertEqual(job.status["file"],
                         str(found[0].relative_to(self.dir)))


if __name__ == "__main__":
    main()
