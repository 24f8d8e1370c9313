# ctest: label=fast
"""Clients that append data sets to lists and clients that await these: each data
set reaches its readers once or is counted as missed, by SmartRedis's commands
or their like, servers count what was asked of them, and who fails ends all."""
import os
import re
import signal
import subprocess
import sys
import time
from configparser import ConfigParser

import numpy

from exchangetest import AGGREGATE, AggregateTest
from redisaitest import STAND_IN
from srbtest import SOURCE, main, text
from test_tensors import Monitored

REDISAI = ("--command_set=redisai", f"--db_modules={STAND_IN}")
PATIENCE_SECONDS = 3  # op_timeout of studies that fail


class Aggregate(AggregateTest):

    def test_one_and_one(self):
        """In all languages, through both clients, with tensors back to back and
        one after another, and whole tensors compared."""
        self.study("--languages=[c,cpp,fortran]", "--client=[socket,hiredis]",
                   "--tensors=[1,3]", "--pipelined=[true,false]",
                   "--tensor_bytes=20000", "--verify=all", "--iterations=9",
                   permutations=18)
        for i in range(18):
            self.check_all_read(i, 1, 9, 1)

    def test_as_smartredis_has_it(self):
        """The same by RedisAI's commands, with a description of each data set,
        which goes with a single tensor too."""
        self.study(*REDISAI, "--languages=[c,cpp,fortran]",
                   "--client=[socket,hiredis]", "--tensors=[1,3]",
                   "--pipelined=[true,false]", "--tensor_bytes=20000",
                   "--verify=all", "--iterations=9", permutations=24)
        for i in range(24):
            self.check_all_read(i, 1, 9, 1)

    def test_two_and_two(self):
        self.study("--readers_per_node=2", "--fan=[own,all]", "--wait=spin",
                   "--tensor_bytes=[8,70000]", "--iterations=12", "--tensors=2",
                   ranks=4, permutations=4)
        for i in range(4):
            fan = text(self.perm(i).attrs["fan"])
            self.check_all_read(i, 1 if fan == "own" else 2, 12, 2)

    def test_six_and_two(self):
        """Three writers have a list that a reader of theirs awaits, or all six
        one for both readers."""
        self.study("--readers_per_node=2", "--fan=[own,all]", "--verify=all",
                   "--tensor_bytes=3000", "--iterations=8", ranks=8,
                   permutations=2)
        for i, each in enumerate((1, 2)):
            self.check_all_read(i, each, 8, 6)

    def test_cluster(self):
        """Three shards: writers connect to that of their list too, and readers
        to all that they read from."""
        for more in ((), REDISAI):
            self.study("throughput_standard", "--virtual_nodes=4",
                       "--db_nodes=1", "--client_nodes=2", "--reader_nodes=1",
                       "--db_shards_per_node=3", "--keys=[smartsim,balanced]",
                       "--iterations=10", "--tensor_bytes=1024",
                       "--fan=[own,all]", "--verify=all", "--tensors=2", *more,
                       ranks=8, permutations=4)
            for i in range(4):
                own = text(self.perm(i).attrs["fan"]) == "own"
                g = self.check_all_read(i, 1 if own else 2, 10, 4)
                self.assertEqual(g["reader_client"][...].tolist(), [4, 5])
                self.assertEqual(g["shard_ops"][...].tolist(),
                                 g["shard_commands"][...].tolist())
                self.check_connections(g, own)

    def check_connections(self, g, own):
        shard = g["client_shard"][...].tolist()
        counted = [shard[:4].count(s) for s in range(3)]
        for of in ([(0, 1), (2, 3)] if own else [range(4)] * 2):
            for s in {shard[w] for w in of}:
                counted[s] += 1  # a reader
        for of in ([(0, 1), (2, 3)] if own else [range(4)]):
            for w in of:  # a writer whose list is elsewhere
                counted[shard[of[0]]] += shard[w] != shard[of[0]]
        self.assertEqual(g["shard_clients"][...].tolist(), counted)

    def test_what_is_retired_is_missed(self):
        """A reader that is too slow misses what its writers remove, lists as
        well as single data sets of a list that it has, and says so."""
        for ranks, more, n in ((2, ("--wait=100ms", "--history=[1,5]"), 8),
                               (3, ("--wait=spin", "--history=[1,4]"), 8)):
            for kind in ((), REDISAI):
                self.study("--iterations=100", "--tensor_bytes=8",
                           "--tensors=2", "--pipelined=[false,true]",
                           "--client=[socket,hiredis]", *more, *kind,
                           ranks=ranks, permutations=n)
                for i in range(n):
                    g = self.check(i)
                    read, missed = self.read_and_missed(g)
                    self.assertEqual(read + missed, 100 * (ranks - 1))
                    if ranks == 2:
                        self.assertGreater(missed, 0, g.name)

    def test_what_is_said(self):
        """To somebody else's server: SmartRedis's commands, as often as the
        file says, and nothing stays there."""
        for kind in ((), ("--command_set=redisai",)):
            server = Monitored(self, "--loadmodule", STAND_IN)
            self.study("throughput_standard", "--readers_per_node=1",
                       f"--db_address=127.0.0.1:{server.port}", "--history=3",
                       "--iterations=9", "--warmup=0", "--tensor_bytes=1024",
                       "--tensors=2", *kind, ranks=3)
            self.assertEqual(server.ask("dbsize"), "0")
            g = self.check()
            read, missed = self.read_and_missed(g)
            self.assertEqual(read + missed, 18)
            self.check_said(server, g, bool(kind))

    def check_said(self, server, g, redisai):
        said = {name: [[re.sub("srbench:[0-9a-f]*:", "", w) for w in words]
                       for words in server.said(name)] for name in
                ("RPUSH", "LLEN", "LRANGE", "HMSET", "HGETALL", "UNLINK",
                 "SET", "AI.TENSORSET")}
        stems = [f"throughput_rank_{w}{{throughput_rank_{w}}}." for w in (0, 1)]
        self.assertEqual(
            sorted(said["RPUSH"]),
            sorted([f"{stems[0]}list.{s}", f"{stems[w]}{s}"]
                   for s in range(9) for w in (0, 1)))
        self.assertEqual(len(said["LLEN"]), int(g["reader_polls"][0]))
        self.assertGreaterEqual(
            len(said["LRANGE"]),
            int(numpy.isfinite(g["get_list"][...]).sum()))
        for words in said["LRANGE"]:
            self.assertEqual(words[1:], ["0", "-1"])
        tensors = [w[0] for w in said["AI.TENSORSET" if redisai else "SET"]
                   if not w[0].endswith(".steps")]
        self.assertEqual(sorted(tensors), sorted(
            f"{stem}{s}.{i}" for stem in stems for s in range(9)
            for i in (0, 1)))
        self.assertEqual(len(said["HMSET"]), 18 if redisai else 0)
        for words in said["HMSET"]:
            self.assertEqual(words[1:], [".tensor_names", "0 1", ".COMPLETE",
                                         "1"])
        self.assertGreaterEqual(len(said["HGETALL"]),
                                int((g["get_step"][...] >= 0).sum())
                                if redisai else 0)
        # a data set goes with its description, and the first takes the list
        self.assertEqual(sorted(len(w) for w in said["UNLINK"]),
                         sorted([2 + redisai, 3 + redisai] * 6))

    def test_rights(self):
        """Somebody else's server that lets nobody append says so before
        anything runs."""
        server = Monitored(self)
        server.ask("acl", "setuser", "default", "-rpush")
        job = self.srbench(2, AGGREGATE, "throughput_standard",
                           f"--db_address=127.0.0.1:{server.port}")
        self.assert_status(job, 2)
        self.assertIn("a study needs RPUSH of every server", job.stderr)

    def test_served(self):
        """By databases of another job, which let any study in."""
        address = self.dir / "address.yaml"
        serve = self.start(2, "serve", f"--db_address={address}",
                           "--virtual_nodes=2", "--db_nodes=2",
                           "--net_ifname=lo", *REDISAI)
        serve.wait_until(lambda: "SRBENCH_SERVING" in serve.stdout, "serving")
        self.study("throughput_standard", f"--db_address={address}",
                   "--command_set=[plain,redisai]", "--history=[2,all]",
                   "--readers_per_node=1", "--tensor_bytes=1024",
                   "--iterations=20", "--verify=all", ranks=3, permutations=4)
        for i in range(4):
            read, missed = self.read_and_missed(self.check(i))
            self.assertEqual(read + missed, 40)
        for rank in serve.ranks():
            os.kill(rank.pid, signal.SIGTERM)
        serve.wait()

    def test_plan(self):
        """What has no lists is left out, with a word; what cannot be is
        refused."""
        job = self.srbench(1, "--pattern=[pair,aggregate]", "--dry_run",
                           "--machine=1x8", "--verbose", "--tensor_bytes=1MiB",
                           "--db_exe=[redis-server,floor,shm,files]")
        self.assertEqual(job.returncode, 0, job.describe())
        self.assertIn("5 permutations", job.stdout)
        for exe in ("floor", "shm", "files"):
            self.assertIn(f"db_exe {exe} is left out with pattern: aggregate, "
                          "since it has no lists", " ".join(job.stdout.split()))
        for args, words in (
                (("--db_exe=floor",), "has no lists, which pattern: aggregate "
                 "needs"),
                (("--client=null",), "knows no lists"),
                (("--retire=overwrite",), "overwrite contradicts pattern: "
                 "aggregate"),
                (("--retire=expire", "--expire_after=1s"), "expire contradicts "
                 "pattern: aggregate, whose lists do not go by themselves"),
                (("--duration=1s",), "contradicts pattern: aggregate"),
                (("--sync=iteration",), "contradicts pattern: aggregate")):
            job = self.srbench(2, AGGREGATE, *args)
            self.assert_status(job, 2)
            self.assertIn(words, " ".join(job.stderr.split()))
        job = self.srbench(1, AGGREGATE, "--dry_run", "--machine=1x1")
        self.assertIn("pattern aggregate: of 1 client", job.stdout + job.stderr)

    def test_example(self):
        """As it is, on virtual nodes, with shorter loops; and what is said of
        it on the screen."""
        job = self.srbench(6, "--config",
                           SOURCE / "batch_scripts/example_aggregation.yaml",
                           "--virtual_nodes=6", "--iterations=6",
                           "--compute=2ms", "--repetitions=1",
                           f"--output={self.out}")
        self.assert_passed(job, 2 * 2)
        self.assertIn("get list", job.stdout)
        self.assertIn("get list: a step's list and all data sets",
                      " ".join(job.stdout.split()))
        for i in range(4):
            self.check_all_read(i, 1, 6, 4)
        self.check_report()

    def check_report(self):
        """A chart of lists against size, and a sentence a configuration."""
        sys.path.insert(0, str(SOURCE / "tools"))
        from srbench_report import answer, charts, digest, study
        of = study.load([self.out])
        with digest.Digests(of) as digests:
            found = {c.name: c for c in charts.all_charts(of, digests)}
        self.assertEqual([row[0] for v in found["lists"].variants
                          for row in v.table.rows],
                         ["8 KiB", "1000 KiB"] * 2)
        for name in ("lists", "delivery", "ages", "one_step"):
            self.assertTrue(found[name].variants, found[name].why_not)
            for variant in found[name].variants:
                self.assertIn("<path", variant.panels[0].svg())
        said = [s for s in answer.answer(of).remarks
                if "A list of data sets was awaited for" in s]
        self.assertEqual(len(said), 4)

    def test_figures(self):
        """A list has figures as any operation: limits hold for them, they go to
        --figures, and two studies are compared by them."""
        job = self.srbench(2, AGGREGATE, f"--output={self.out}", "--overwrite",
                           "--tensor_bytes=1024", "--iterations=250",
                           f"--figures={self.dir / 'figures.json'}",
                           "--expect={get_list_median: '< 1ns', "
                           "poll_list_max: '< 300s'}")
        self.assertEqual(job.returncode, 3, job.describe())
        self.assertIn("get_list_median", job.stderr)
        self.assertNotIn("poll_list_max", job.stderr)
        figures = (self.dir / "figures.json").read_text(encoding="utf-8")
        self.assertIn("get_list_p95", figures)
        job = subprocess.run(
            [sys.executable, str(SOURCE / "tools/srbench-compare"), self.out,
             self.out], capture_output=True, text=True, encoding="utf-8",
            check=False)
        self.assertEqual(job.returncode, 0, job.stderr)
        self.assertIn("get_list_median", job.stdout)

    def test_export(self):
        """What SmartSim-Scaling's post-processing reads of its consumers: it
        takes every column after the first two commas for a time, and looks a
        session up by these attributes."""
        self.study("--readers_per_node=2", "--fan=all", "--iterations=7",
                   "--tensors=2", "--tensor_bytes=[1024,4096]", ranks=5,
                   permutations=2)
        run = self.dir / "run-1"
        job = subprocess.run(
            [sys.executable, str(SOURCE / "tools/srbench-export"), "--format",
             "smartsim", run, self.out], capture_output=True, text=True,
            encoding="utf-8", check=False)
        self.assertEqual(job.returncode, 0, job.stderr)
        sessions = sorted(p for p in run.iterdir() if p.is_dir())
        self.assertEqual(
            [p.name for p in sessions],
            [f"aggregate-sess-cons-c-N1-T3-DBN1-ITER7-TB{b}-TPD2-CT1"
             for b in (1024, 4096)])
        for i, session in enumerate(sessions):
            self.check_session(session, self.perm(i), i)

    def check_session(self, session, g, i):
        config = ConfigParser()
        config.read(session / "run.cfg")
        said = dict(config["attributes"])
        self.assertEqual(said, {
            "client_total": "3", "client_per_node": "3", "client_nodes": "1",
            "database_nodes": "1", "database_cpus": "1", "iterations": "7",
            "tensor_bytes": ("1024", "4096")[i], "t_per_dataset": "2",
            "client_threads": "1", "language": "c"})
        self.assertEqual(config["run"]["path"], str(session))
        self.assertEqual(sorted(p.name for p in session.glob("rank*")),
                         ["rank_0_timing.csv", "rank_1_timing.csv"])
        for r, client in self.readers(g):
            lines = (session / f"rank_{r}_timing.csv").read_text(
                encoding="ascii").splitlines()
            rows = [line.split(",") for line in lines]
            self.assertEqual({row[0] for row in rows}, {str(r)})
            self.assertEqual([row[1] for row in rows],
                             ["client()", *["get_list", "poll_list"] * 7,
                              "loop_time", "main()"])
            for name in ("get_list", "poll_list"):
                numpy.testing.assert_allclose(
                    [float(row[2]) for row in rows if row[1] == name],
                    g[name][client][:7], rtol=1e-14)

    def failing(self, *args, ranks=3):
        """A study without an end of its own."""
        return self.start(ranks, AGGREGATE, f"--output={self.out}",
                          "--iterations=100000", "--tensor_bytes=1024",
                          f"--op_timeout={PATIENCE_SECONDS}", "--warmup=0",
                          "--overwrite", *args, loops=True)

    def assert_failed(self, job, *words):
        job.wait()
        self.assertEqual(job.returncode, 1, job.describe())
        error = text(self.perm().attrs["error"])
        for word in words:
            self.assertIn(word, error)
        return error

    def test_server_dies(self):
        job = self.failing("--rate=100")
        job.wait_in_loop()
        os.kill(job.servers()[0].pid, signal.SIGKILL)
        self.assert_failed(job, "signal 9")

    def test_connection_is_lost(self):
        """By a reader, while its writers have nothing to do for 1,000 s; and by
        a writer, while its reader pauses as long: whoever fails ends the
        others, with its words."""
        for rates, command in ((("--rate=0.001", "--wait=1ms"), "llen"),
                               (("--rate=20", "--wait=1000s"), "rpush")):
            server = Monitored(self)
            job = self.failing("throughput_standard", "--readers_per_node=1",
                               f"--db_address=127.0.0.1:{server.port}", *rates)
            job.wait_in_loop()
            job.wait_until(lambda: self.kill(server, command),
                           f"a client that says {command}")
            since = time.monotonic()
            error = self.assert_failed(job)
            # nobody waits for another's 1,000 s: ten times 1 s + op_timeout
            self.assertLess(time.monotonic() - since, 10 * (1 + PATIENCE_SECONDS))
            self.assertRegex(error, "closed the connection|reset by peer|"
                                    "Broken pipe")
            self.assertRegex(error, "poll_list of .*list" if command == "llen"
                             else "put_tensor|append_list")
            self.assertEqual(int(self.perm().attrs["failed_ranks"]), 1)
            server.end()

    @staticmethod
    def kill(server, command):
        """End the connection of a client that has last said that."""
        for line in server.ask("client", "list").splitlines():
            client = dict(w.split("=", 1) for w in line.split() if "=" in w)
            if client["cmd"].split("|")[0] == command:
                return server.ask("client", "kill", "id", client["id"]) == "1"
        return False


if __name__ == "__main__":
    main()
