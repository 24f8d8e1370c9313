# ctest: label=fast timeout=6000 full
"""srbench tune: what a search runs, decides, keeps and says.

Whether the procedure finds what is there and nothing else is simulated
(unit_tune); here a planted setting is found, and all that was tried is in the
file.
"""
import math
import os
import signal
import statistics

import h5py

from srbtest import RunTest, column, find_database, full, main, text

FLOOR = ("tune", "throughput_colocated", "--db_exe=floor")
SMALL = ("--tensor_bytes=1KiB", "--iterations=3", "--warmup=1")


def runs_of(f):
    """Rows of /summary that a search made, as dicts."""
    s = f["summary"]
    names = ("status", "tune_step", "tune_round", "tune_candidate", "tune_side",
             "tune_pair", "tune_proven", "window", "tensor_bytes", "put_tensor_median")
    columns = {k: column(s, k) for k in names}
    rows = [dict(zip(columns, values)) for values in zip(*columns.values())]
    return [r for r in rows if r["tune_step"]]


def results_of(f):
    t = f["tune"]
    columns = {k: column(t, k) for k in t if k != "result"}
    rows = [dict(zip(columns, values)) for values in zip(*columns.values())]
    return [r for r in rows if r["step"]]


class TuneTest(RunTest):

    def setUp(self):
        super().setUp()
        self.out = self.dir / "tune.h5"
        self.tuned = self.dir / "best.yaml"

    def tune(self, nranks, *args, **how):
        return self.srbench(nranks, *args, f"--output={self.out}", **how)

    def planted(self, faster_with):
        """A server that sleeps before it reads, unless the shell finds that."""
        script = self.top / "server"
        script.write_text(
            f"#!/bin/sh\nif ! {faster_with}; then\n"
            f"export LD_PRELOAD={self.preloaded('slow_reads')} SLOW_READS=sleeps\n"
            f'fi\nexec {find_database()[0]} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
        return f"--db_exe={script}"

    def assert_refused(self, job, *words):
        self.assert_status(job, 2, completed=0)
        for word in words:
            self.assertIn(word, job.stderr, job.describe())
        self.assertEqual(len(job.stderr.strip().splitlines()), 1, job.stderr)

    # --- identities over what is in the file

    def logs(self, runs, result, load):
        """Of each pair of a result log(candidate / base) of that load."""
        sides = {}
        for r in runs:
            if (r["tune_step"], r["tune_round"], r["tune_candidate"]) == (
                    result["step"], result["round"], result["candidate"]) \
                    and r["status"] == "completed" and r["tune_proven"] != 0:
                sides.setdefault((r["tensor_bytes"], r["tune_pair"]), {})[
                    r["tune_side"]] = math.log(r["window"])
        whole = {k: v["candidate"] - v["base"] for k, v in sides.items()
                 if len(v) == 2}
        sizes = sorted({k[0] for k in whole})
        pairs = sorted({k[1] for k in whole})
        if load >= 0:
            return [whole[sizes[load], p] for p in pairs]
        return [statistics.fmean(whole[s, p] for s in sizes) for p in pairs]

    def assert_results(self, f):
        """/tune is what the rows of /summary say."""
        runs, results = runs_of(f), results_of(f)
        self.assertTrue(results)
        for r in results:
            logs = self.logs(runs, r, r["load"])
            self.assertEqual(r["pairs"], len(logs), r)
            if logs:
                self.assertAlmostEqual(math.log(r["ratio"]),
                                       statistics.fmean(logs), places=9)
            if len(logs) == 6:  # t of 5 degrees of freedom
                half = 2.570582 * statistics.stdev(logs) / math.sqrt(6)
                self.assertAlmostEqual(math.log(r["ratio_high"] / r["ratio"]),
                                       half, delta=1e-5 * half + 1e-12)
                self.assertAlmostEqual(math.log(r["ratio"] / r["ratio_low"]),
                                       half, delta=1e-5 * half + 1e-12)
        return runs, results

    def assert_rounds(self, results):
        """Three of those ahead are confirmed, one is taken over, and the last
        round takes none."""
        whole = [r for r in results if r["load"] < 0]
        for n in range(1, max(r["round"] for r in whole) + 1):
            here = [r for r in whole if r["round"] == n]
            screen = [r for r in here if r["step"] == "screen"]
            confirm = [r for r in here if r["step"] == "confirm"]
            ahead = sorted((r for r in screen if r["ratio"] > 1 and
                            r["decision"] != "dropped"),
                           key=lambda r: -r["ratio"])
            self.assertEqual({r["candidate"] for r in confirm},
                             {r["candidate"] for r in ahead[:3]})
            taken = [r for r in confirm if r["decision"] == "taken"]
            self.assertLessEqual(len(taken), 1)
            for r in taken:
                self.assertLessEqual(r["p"], 0.02 / 2 ** (n - 1))
        taken = [r for r in whole if r["decision"] == "taken"]
        self.assertEqual(bool(taken), whole[-1]["step"] == "final")
        return [r["candidate"] for r in taken]

    # --- what holds on any machine

    def test_a_search(self):
        job = self.tune(2, *FLOOR, "--tensor_bytes=1KiB,4KiB", "--iterations=5",
                        "--seed=3")
        self.assertEqual(job.returncode, 0, job.describe())
        with h5py.File(self.out, "r") as f:
            runs, results = self.assert_results(f)
            taken = self.assert_rounds(results)
            self.assertEqual(text(f.attrs["tune_objective"]), "window")
            self.assertEqual(text(f.attrs["tune_better"]), "higher")
            self.assertEqual(text(f.attrs["tune_stopped"]), "")
            self.assertEqual(bool(text(f.attrs["tune_winner"])), bool(taken))
            self.assertIn("pinned: ", text(f.attrs["tune_candidates"]))
            words = text(f.attrs["verdicts"])
        for line in words.splitlines():
            self.assertIn(line, job.stdout)
        if not taken:
            self.assertIn("Nothing helps", job.stdout)
        self.assertEqual(job.status["permutations"], len(runs))
        # each candidate beside the base, both ways round
        for name in ("db_cpus", "unix_socket", "pinned"):
            mine = [r["tune_side"] for r in runs if r["tune_step"] == "screen" and
                    r["tune_round"] == 1 and r["tune_candidate"] == name]
            if mine:  # db_cpus, where there are so many
                self.assertEqual(mine, ["base"] * 2 + ["candidate"] * 4 +
                                 ["base"] * 2)

    def test_lower_is_better(self):
        job = self.tune(1, *FLOOR, *SMALL, "--objective=put_tensor_median")
        self.assertEqual(job.returncode, 0, job.describe())
        with h5py.File(self.out, "r") as f:
            self.assertEqual(text(f.attrs["tune_better"]), "lower")
            for r in results_of(f):
                sides = {}
                for x in runs_of(f):
                    if (x["tune_step"], x["tune_round"], x["tune_candidate"]) == (
                            r["step"], r["round"], r["candidate"]):
                        sides.setdefault(x["tune_side"], []).append(
                            math.log(x["put_tensor_median"]))
                self.assertAlmostEqual(
                    math.log(r["ratio"]), statistics.fmean(sides["base"]) -
                    statistics.fmean(sides["candidate"]), places=9)

    def test_the_configuration_is_read_back(self):
        job = self.tune(1, *FLOOR, *SMALL, f"--tuned={self.tuned}")
        self.assertEqual(job.returncode, 0, job.describe())
        self.assertIn(f"configuration: {self.tuned}", job.stdout)
        again = self.srbench(1, "--config", self.tuned, "--output=none")
        self.assert_passed(again, permutations=1)
        # an existing one is replaced when that is said, and no sooner
        self.assert_refused(self.srbench(1, *FLOOR, *SMALL, "--output=none",
                                         f"--tuned={self.tuned}"),
                            "exists", "--overwrite")

    def test_a_link_stays_one(self):
        """What it leads to is written, be it there yet or not."""
        link = self.dir / "link.yaml"
        link.symlink_to("far.yaml")
        for more in ([], ["--overwrite"]):
            job = self.tune(1, *FLOOR, *SMALL, f"--tuned={link}", *more)
            self.assertEqual(job.returncode, 0, job.describe())
            self.assertTrue(link.is_symlink())
            self.assertIn("tensor_bytes",
                          (self.dir / "far.yaml").read_text("utf-8"))

    def wait_for(self, job, rows):
        def done():
            try:
                with h5py.File(self.out, "r") as f:
                    return sum(r["status"] == "completed"
                               for r in runs_of(f)) >= rows
            except (OSError, KeyError):
                return False
        job.wait_until(done, f"{rows} permutations")

    def snapshot(self):
        with h5py.File(self.out, "r") as f:
            return runs_of(f)

    def test_a_signal_ends_it_with_what_is_known(self):
        job = self.start(1, *FLOOR, "--tensor_bytes=1KiB", "--duration=100ms",
                         "--term_grace=0s", f"--output={self.out}",
                         f"--tuned={self.tuned}")
        self.wait_for(job, 6)
        os.kill(job.ranks()[0].pid, signal.SIGTERM)
        job.wait()
        self.assertEqual(job.status["verdict"], "fail")
        self.assertIn("signal 15", job.stdout)
        self.assertIn("# The search ended early: signal 15",
                      self.tuned.read_text(encoding="utf-8"))
        with h5py.File(self.out, "r") as f:
            self.assertIn("signal 15", text(f.attrs["tune_stopped"]))
            self.assertGreaterEqual(len(runs_of(f)), 6)

    def test_resumed_after_a_kill(self):
        args = (*FLOOR, "--tensor_bytes=1KiB", "--duration=100ms",
                f"--output={self.out}")
        job = self.start(1, *args)
        self.wait_for(job, 7)
        os.kill(job.ranks()[0].pid, signal.SIGKILL)
        job.wait()
        before = [r for r in self.snapshot() if r["status"] == "completed"]
        plan = self.srbench(1, *args, "--resume", "--dry_run")
        self.assertEqual(plan.returncode, 0, plan.describe())
        self.assertIn(f"what {len(before)} runs said is kept, the search goes on",
                      plan.stdout)
        job = self.srbench(1, *args, "--resume")
        self.assertEqual(job.returncode, 0, job.describe())
        self.assertIn(f"what {len(before)} runs said is kept", job.stderr)
        with h5py.File(self.out, "r") as f:
            runs, results = self.assert_results(f)
            self.assert_rounds(results)
            self.assertEqual([repr(r) for r in runs[:len(before)]],
                             [repr(r) for r in before])
            self.assertEqual(column(f["sessions"], "completed"),
                             [len(before), len(runs) - len(before)])
        # once more there is nothing left to run
        again = self.srbench(1, *args, "--resume")
        self.assertEqual(again.returncode, 0, again.describe())
        self.assertEqual([repr(r) for r in self.snapshot()],
                         [repr(r) for r in runs])
        # and another search is none of its
        other = self.srbench(1, *args, "--resume", "--objective=window_ops")
        self.assert_refused(other, "objective was window, is window_ops")

    def test_time_ends_it(self):
        job = self.tune(1, *FLOOR, *SMALL, "--tune_time=1ms")
        self.assertEqual(job.returncode, 0, job.describe())
        self.assertIn("tune_time", job.stdout)
        with h5py.File(self.out, "r") as f:
            self.assertIn("tune_time", text(f.attrs["tune_stopped"]))
        job = self.tune(1, *FLOOR, *SMALL, "--wall_time=1ms", "--overwrite")
        self.assertEqual(job.returncode, 1, job.describe())
        self.assertIn("wall_time", job.stdout)

    def test_what_takes_no_effect_is_dropped(self):
        """Of memory_kept the allocator says another value: the wrapper takes it
        away."""
        script = self.top / "server"
        script.write_text("#!/bin/sh\nunset MALLOC_CONF JE_MALLOC_CONF\n"
                          f'exec {find_database()[0]} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
        job = self.tune(1, "tune", f"--db_exe={script}", *SMALL,
                        "--tune_time=15s", timeout=600)
        self.assertIn(job.returncode, (0, 1), job.describe())
        with h5py.File(self.out, "r") as f:
            for r in results_of(f):
                if r["candidate"].startswith("memory_kept") and any(
                        x["tune_candidate"] == r["candidate"] and
                        x["tune_side"] == "candidate" for x in runs_of(f)):
                    self.assertEqual(r["decision"], "dropped", r)

    def test_dry_run(self):
        job = self.srbench(1, "tune", "throughput_standard", "--machine=4x8",
                           "--tensor_bytes=4MB,64KiB", "--dry_run")
        self.assertEqual(job.returncode, 0, job.describe())
        for words in ("search: 12 candidates beside the base, at most 84 runs in "
                      "a round and 12 for base and winner",
                      "a round at least 2m48s", "memory_kept: ",
                      "    db_shards_per_node: 2"):
            self.assertIn(words, job.stdout)
        self.assertNotIn("unix_socket", job.stdout)
        self.assertNotIn("independent", job.stdout)  # one shard is none anyway
        self.assertEqual(list(self.dir.glob("*.h5")), [])

    def test_refusals(self):
        for args, words in (
                (["--tuned=x.yaml"], ["--tuned: is for srbench tune"]),
                (["tune", "--objective=limit"],
                 ["--objective", "found 'limit'", "a rate, a time or an overhead"]),
                (["tune", "--compute=1ms"],
                 ["found 'window', which this study does not measure",
                  "overhead or step_median"]),
                (["tune", "--objective=step_median"],
                 ["found 'step_median', which this study does not measure"]),
                (["tune", "--objective=server_busy"], ["found 'server_busy'"]),
                (["tune", "--repetitions=3"], ["--repetitions"]),
                (["tune", "--until_interval=2%"], ["has no part in a search"]),
                (["tune", "--order=random"], ["--order", "seed"]),
                (["tune", "--db_cpus=1,2"], ["--db_cpus", "expected one value"]),
                (["tune", "--transport=tcp,unix"], ["expected one value"]),
                (["tune", "throughput_standard", "throughput_colocated"],
                 ["twice"]),
                (["tune", "--experiment=[throughput_standard, "
                  "throughput_colocated]"], ["expected one value"]),
                (["tune", "--expect={window: \"> 1GB/s\"}"], ["--expect"]),
                (["tune", "throughput_standard", "--db_address=localhost:1"],
                 ["--db_address", "cannot start anew"]),
                (["tune", "--db_exe=null", "--client=null"],
                 ["nothing to try with null"]),
                (["tune", "--tuned=/nowhere/x"], ["/nowhere/x"]),
                (["tune", "--tuned=-"], ["found '-'"]),
                (["tune", "--output=a.h5", "--tuned=a.h5"],
                 ["--tuned", "another option"])):
            with self.subTest(args=args):
                self.assert_refused(self.srbench(1, *args), *words)

    # --- what takes minutes

    def assert_found(self, job, least):
        """The planted setting is found, and what it does."""
        self.assertEqual(job.returncode, 0, job.describe())
        with h5py.File(self.out, "r") as f:
            _, results = self.assert_results(f)
            taken = self.assert_rounds(results)
            final = [r for r in results if r["step"] == "final" and r["load"] < 0]
        self.assertTrue(any(c.startswith("memory_kept") for c in taken), taken)
        self.assertEqual(final[0]["decision"], "helps")
        self.assertGreater(final[0]["ratio_low"], least)
        self.assertIn("db_env: {", self.tuned.read_text(encoding="utf-8"))

    WITH_MEMORY = "test -n \"$MALLOC_CONF\" -a \"${MALLOC_CONF#*dirty}\" != " \
        "\"$MALLOC_CONF\""

    @full
    def test_found_beside_clients(self):
        job = self.tune(2, "tune", "throughput_colocated",
                        self.planted(self.WITH_MEMORY), "--tensor_bytes=1KiB",
                        "--duration=200ms", f"--tuned={self.tuned}", timeout=1800)
        self.assert_found(job, 1.5)

    @full
    def test_found_in_a_cluster(self):
        job = self.tune(4, "tune", "throughput_standard", "--virtual_nodes=2",
                        "--db_shards_per_node=2", self.planted(self.WITH_MEMORY),
                        "--tensor_bytes=1KiB,4KiB", "--duration=200ms",
                        "--tune_time=20m", f"--tuned={self.tuned}", timeout=3600)
        self.assert_found(job, 1.5)


if __name__ == "__main__":
    main()
