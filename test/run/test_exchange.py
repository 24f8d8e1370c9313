# ctest: label=fast full
"""Clients that write and clients that read what these wrote: every step reaches
its readers once or is counted as missed, its age is what the clocks of both
say, servers count what was asked of them, and who fails ends all of it."""
import os
import signal
import sys
import time

import numpy

from exchangetest import EXCHANGE, ExchangeTest
from resultfile import tool
from srbtest import SOURCE, column, full, main, text
from test_tensors import Monitored

PATIENCE_SECONDS = 3  # op_timeout of studies that fail


class Exchange(ExchangeTest):

    def test_all_is_read_once(self):
        """In all languages and through both clients, with every wait, by own
        and by all, nothing is missed where all steps stay."""
        self.study("--languages=[c,cpp,fortran]", "--client=[socket,hiredis]",
                   "--fan=[own,all]", "--readers_per_node=2", "--verify=all",
                   "--iterations=12", "--tensor_bytes=20000", "--wait=spin",
                   ranks=6, permutations=12)
        for i in range(12):
            g = self.check(i)
            self.assertEqual(int(self.row("missed", i)), 0)
            readers = 1 if text(g.attrs["fan"]) == "own" else 2
            self.assertEqual(int((g["get_step"][...] >= 0).sum()),
                             12 * 4 * readers)

    def test_verdict(self):
        """Pauses are compared by how old data are, by one run's own intervals, and
        the report says the same."""
        job = self.study("--wait=[1ms,100ms]", "--compute=5ms",
                         "--compute_kind=sleep", "--iterations=60",
                         "--tensor_bytes=1KiB", permutations=2)
        low, high, median = (numpy.array(column(self.open(self.out)["summary"],
                                         f"delivery_median{end}"))
                             for end in ("_low", "_high", ""))
        self.assertTrue((low <= median).all() and (median <= high).all())
        said, = (x for x in job.stdout.splitlines() if x.startswith("Wait, "))
        self.assertRegex(said, r"^Wait, 1(\.00)? ms to 100 ms: delivery x\d")
        told = tool("--text", self.out, program=SOURCE / "tools/srbench-report")
        self.assertIn(said, told.stdout)
        page = self.dir / "page.html"
        made = tool("-o", page, self.out, program=SOURCE / "tools/srbench-report")
        self.assertEqual(made.returncode, 0, made.stderr)
        page = page.read_text(encoding="utf-8")
        for column_head in ('["delivery_median","delivery","time"]',
                            '["missed","missed","count"]', '"100 ms"'):
            self.assertIn(column_head, page)

    def test_block(self):
        """Servers tell: in both clients, of several tensors, of several writers
        on a cluster, who are told of in streams of their own. Nobody polls, and
        where there are no streams a reader spins."""
        job = self.study(
            "throughput_standard", "--virtual_nodes=4", "--db_nodes=1",
            "--client_nodes=2", "--reader_nodes=1", "--db_shards_per_node=3",
            "--client=[socket,hiredis]", "--db_exe=[redis-server,floor]",
            "--wait=block", "--tensors=2", "--pipelined=[false,true]",
            "--fan=all", "--iterations=10", "--tensor_bytes=1024",
            "--verify=all", "--compute=2ms", "--compute_kind=sleep", ranks=4,
            permutations=8)
        self.assertIn("wait: block comes to spin with floor",
                      job.stdout + job.stderr)
        for i in range(8):
            g = self.check(i)
            self.assertEqual(int(self.row("missed", i)), 0)
            self.assertEqual(int((g["get_step"][...] >= 0).sum()), 10 * 2)
            redis = "redis" in text(g.attrs["db_exe"])
            self.assertEqual(text(g.attrs["wait"]), "block" if redis else "spin")

    def test_block_misses(self):
        """What is gone by the time that a reader gets it."""
        self.study("--history=1", "--wait=block", "--iterations=300",
                   "--tensor_bytes=8", "--tensors=2", "--fan=all",
                   "--pipelined=[false,true]", "--client=[socket,hiredis]",
                   ranks=4, permutations=4)
        for i in range(4):
            self.check_but_ops(i)

    def test_what_is_told(self):
        """A writer's steps are in a stream in turn, or in a number, and in
        neither once it is over; and a reader asks for nothing else."""
        server = Monitored(self)
        self.study("throughput_standard", "--wait=[1ms,block]", "--warmup=3",
                   f"--db_address=127.0.0.1:{server.port}",
                   "--iterations=9", "--tensor_bytes=1024", permutations=2)
        self.assertEqual(server.ask("dbsize"), "0")
        added = [w[1] for w in server.said("XADD")]
        self.assertEqual(added, [str(s + 1) for s in range(12)])
        asked = [w[-1] for w in server.said("XREAD") if w[0] == "COUNT"]
        self.assertEqual(sorted({int(s) for s in asked if s != "0"} | {0}),
                         list(range(12)))
        told = [w for w in server.said("SET") if w[0].endswith(".steps")]
        self.assertEqual(len(told), 12)

    def test_control(self):
        """A small tensor after those of a step, through all that keeps tensors:
        it is put, got and removed by itself, it has timings and figures of its
        own, and the order of a step is kept on the common clock."""
        self.study("--control_bytes=[0,64]", "--tensors=2", "--verify=all",
                   "--pipelined=[false,true]", "--client=[socket,hiredis]",
                   "--wait=[1ms,block]", "--iterations=15", "--warmup=2",
                   "--tensor_bytes=5000", "--fan=all", ranks=3,
                   permutations=16)
        for i in range(16):
            self.check_control(i)
        sys.path.insert(0, str(SOURCE / "tools"))
        from srbench_report import charts, digest, study
        of = study.load([self.out])
        with digest.Digests(of) as digests:
            found = {c.name: c for c in charts.all_charts(of, digests)}
        self.assertIn("control get",
                      found["delivery"].variants[0].table.head)

    def check_control(self, i):
        g = self.check(i)
        controls = int(g.attrs["control_bytes"]) > 0
        self.assertEqual("control" in g, controls)
        for name in "control_put", "control_get":
            self.assertEqual(bool(self.row(f"{name}_median", i) > 0), controls)
        self.assertEqual(int(self.row("control_missed", i)),
                         0 if controls else -1)
        if not controls:
            return
        took, start = g["control"][...], g["control_start"][...]
        readers = g["reader_client"][...]
        for c in range(len(took)):
            name = "unpack" if c in readers else "put"
            n = numpy.isfinite(g[f"{name}_tensor"][c]).sum()
            self.assertEqual(numpy.isfinite(took[c]).sum(), n)
            ends = (g[f"{name}_start"][c] + g[f"{name}_tensor"][c])[:n]
            self.assertTrue((start[c][:n] >= ends - 2e-9).all())
            self.assertTrue((start[c][:n - 1] + took[c][:n - 1] <=
                             g[f"{name}_start"][c][1:n] + 2e-9).all())
        mine = [c for c in range(len(took)) if c not in readers]
        self.assertAlmostEqual(self.row("control_put_median", i),
                               numpy.nanmedian(took[mine]), delta=2e-9)
        self.assertAlmostEqual(self.row("control_get_max", i),
                               numpy.nanmax(took[readers]), delta=2e-9)

    def test_control_is_removed(self):
        """With its step, on somebody else's server too, and by engines that are
        none."""
        server = Monitored(self)
        self.study("throughput_standard", "--control_bytes=8", "--history=2",
                   f"--db_address=127.0.0.1:{server.port}", "--warmup=0",
                   "--iterations=9", "--tensor_bytes=1024")
        self.assertEqual(server.ask("dbsize"), "0")
        gone = [[k.rsplit("}.", 1)[1] for k in w] for w in
                server.said("UNLINK")]
        self.assertEqual(gone, [[f"{s}.0", f"{s}.1"] for s in range(7)])
        self.study("--db_exe=[shm,files]", f"--db_path={self.dir}",
                   "--control_bytes=8", "--history=[2,all]", "--iterations=9",
                   "--tensor_bytes=1024", "--verify=all", permutations=4)

    def test_several_tensors(self):
        """Of a step, back to back or not, with a step that is nothing but the
        first page of a tensor to be looked at."""
        self.study("--tensors=3", "--pipelined=[false,true]", "--iterations=20",
                   "--tensor_bytes=[8,70000]", "--verify=none",
                   "--client=[socket,hiredis]", permutations=8)
        for i in range(8):
            self.check(i)

    def test_what_is_retired_is_missed(self):
        """A reader that is too slow misses what its writer removes, says so,
        and has the rest; also where it loses a step between poll and get."""
        self.study("--history=[1,2,5]", "--wait=100ms", "--iterations=300",
                   "--tensor_bytes=8", "--tensors=2",
                   "--pipelined=[false,true]", "--client=[socket,hiredis]",
                   permutations=12)
        for i in range(12):
            g = self.check_but_ops(i)
            self.assertGreater(int(g["reader_missed"][0]), 0, g.name)

    def check_but_ops(self, i):
        """Nobody knows how many of a step's tensors a server was asked for
        back to back before one was not there."""
        g = self.perm(i)
        self.check_order(g, g["get_step"][...] >= 0)
        ops, commands = g["shard_ops"][...], g["shard_commands"][...]
        self.assertTrue(((ops == commands) | (ops == -1)).all())
        if not int(g.attrs["pipelined"]):
            self.assertEqual(ops.tolist(), commands.tolist())
        self.assertNotIn("ops_mismatch", text(g.attrs["flags"]))
        return g

    def test_missed_from_the_warm_up_on(self):
        """Nobody waits for a reader that is still at its warm-up."""
        self.study("--history=1", "--wait=20ms", "--sync=none", "--warmup=200",
                   "--iterations=200", "--tensor_bytes=8")
        self.assertEqual(int((self.perm()["get_step"][...] >= 0).sum()) +
                         int(self.row("missed")), 200)

    def test_expire(self):
        self.study("--retire=expire", "--expire_after=2ms", "--wait=20ms",
                   "--iterations=60", "--tensor_bytes=8",
                   "--compute=1ms", "--compute_kind=sleep")
        g = self.check_but_ops(0)
        self.assertEqual(int((g["get_step"][...] >= 0).sum()) +
                         int(g["reader_missed"][0]), 60)

    def test_nodes_of_their_own(self):
        """Readers on nodes of their own, a cluster of three shards, hash tags
        and none; floor speaks it as well."""
        self.study("throughput_standard", "--virtual_nodes=4", "--db_nodes=1",
                   "--client_nodes=2", "--reader_nodes=1",
                   "--db_shards_per_node=3", "--keys=[smartsim,balanced]",
                   "--db_exe=[redis-server,floor]", "--iterations=10",
                   "--tensor_bytes=1024", "--fan=all", "--verify=all",
                   ranks=8, permutations=4)
        for i in range(4):
            g = self.check(i)
            self.assertEqual(g["reader_client"][...].tolist(), [4, 5])
            self.assertEqual(int(self.row("client_nodes", i)), 2)
            shards = set(g["client_shard"][...][:4])
            # who reads from all of them is connected to all of them
            counted = [2 * (s in shards) + list(g["client_shard"][...][:4])
                       .count(s) for s in range(3)]
            self.assertEqual(g["shard_clients"][...].tolist(), counted)

    def test_steps(self):
        """Writers compute or have a schedule, readers do neither, and the
        figures are the writers' alone."""
        self.study("--compute=2ms", "--iterations=20", "--tensor_bytes=1024",
                   "--readers_per_node=1", ranks=3)
        g = self.check()
        self.assertEqual(numpy.isfinite(g["step"][...]).sum(1).tolist(),
                         [20, 20, 0])
        self.assertGreater(self.row("compute_alone"), 0)
        self.assertGreater(self.row("exchange_overhead"), 0)
        self.study("--rate=500", "--iterations=20", "--tensor_bytes=1024")
        self.check()
        self.assertAlmostEqual(self.row("offered_rate"), 500, delta=1)
        self.assertTrue(numpy.isnan(self.row("unpack_response_median")))

    def test_servers_of_others(self):
        """Somebody else's server: a reader asks for the counter before it asks
        for the tensor, and nothing stays there."""
        server = Monitored(self)
        self.study("throughput_standard",
                   f"--db_address=127.0.0.1:{server.port}", "--history=2",
                   "--iterations=9", "--tensor_bytes=1024", "--tensors=2")
        self.assertEqual(server.ask("dbsize"), "0")
        lines = server.lines
        self.assertTrue(server.said("EXISTS"))
        said = [[w.rstrip('"\n') for w in line] for line in lines]
        for before, now in zip(said, said[1:]):
            if before[0].endswith('"GET') and before[1].endswith(".steps"):
                self.assertTrue(now[0].endswith('"EXISTS') or
                                now[0].endswith('"SET'), now)

    def test_rights(self):
        """Somebody else's server is asked before the start for what this study
        needs, and for nothing else."""
        server = Monitored(self)
        here = ("throughput_standard", f"--db_address=127.0.0.1:{server.port}",
                "--iterations=5", "--tensor_bytes=8")
        for command in "xadd", "xread":
            server.ask("acl", "setuser", "default", f"-{command}")
            self.study(*here)
            job = self.srbench(2, EXCHANGE, *here, "--wait=block",
                               "--overwrite", f"--output={self.out}")
            self.assert_status(job, 2)
            self.assertIn(f"a study needs {command.upper()} of every server",
                          job.stderr)
            server.ask("acl", "setuser", "default", f"+{command}")
        self.study(*here, "--wait=block")

    def test_plan(self):
        """The plan counts what readers move, and refuses what cannot be."""
        job = self.srbench(1, EXCHANGE, "--dry_run", "--machine=1x8",
                           "--readers_per_node=2", "--fan=[own,all]",
                           "--tensor_bytes=1MiB", "--verbose")
        self.assertEqual(job.returncode, 0, job.describe())
        self.assertIn("FANall", job.stdout)
        job = self.srbench(1, EXCHANGE, "--dry_run", "--machine=1x1")
        self.assertIn("none is left to write", job.stdout + job.stderr)
        job = self.srbench(2, EXCHANGE, "--client=null", "--db_exe=null")
        self.assert_status(job, 2)
        self.assertIn("cannot ask whether a tensor is there", job.stderr)

    def test_example(self):
        """As it is, on virtual nodes, with shorter loops; and what is said of
        it on the screen and in the report."""
        job = self.srbench(6, "--config",
                           SOURCE / "batch_scripts/example_online_training.yaml",
                           "--virtual_nodes=6", "--iterations=15",
                           "--compute=2ms", "--repetitions=1",
                           f"--output={self.out}")
        self.assert_passed(job, 3 * 2)
        self.assertIn("delivery: from the begin of a put", job.stdout)
        self.assertRegex(job.stderr, r"\] .*delivery \d")
        sys.path.insert(0, str(SOURCE / "tools"))
        from srbench_report import answer, charts, digest, study
        of = study.load([self.out])
        with digest.Digests(of) as digests:
            found = {c.name: c for c in charts.all_charts(of, digests)}
        self.assertEqual([v.label.split(", ")[-1] for v in
                          found["delivery"].variants],
                         ["against tensor size", "against pause between polls"])
        self.assertEqual(len(found["delivery"].variants[0].table.rows), 6)
        self.assertEqual(len(found["ages"].variants), 2)
        self.assertEqual(len(found["one_step"].variants), 2)
        for name in ("delivery", "ages", "one_step"):
            for variant in found[name].variants:
                self.assertIn("<path", variant.panels[0].svg())
        # writers' steps, whatever their readers have missed
        self.assertEqual({row[1] for v in found["memory"].variants
                          for row in v.table.rows}, {"15"})
        said = [s for s in answer.answer(of).remarks if "old when" in s]
        self.assertEqual(len(said), 6)

    def failing(self, *args, ranks=2):
        """A study without an end of its own."""
        return self.start(ranks, EXCHANGE, f"--output={self.out}",
                          "--iterations=100000", "--tensor_bytes=1024",
                          f"--op_timeout={PATIENCE_SECONDS}", "--history=2",
                          "--warmup=0", *args,
                          loops=True)

    def assert_failed(self, job, *words):
        job.wait()
        self.assertEqual(job.returncode, 1, job.describe())
        error = text(self.perm().attrs["error"])
        for word in words:
            self.assertIn(word, error)

    def test_server_dies(self):
        job = self.failing("--rate=100", ranks=3)
        job.wait_in_loop()
        os.kill(job.servers()[0].pid, signal.SIGKILL)
        self.assert_failed(job, "signal 9")

    def test_connection_is_lost(self):
        """By a reader, while its writer has nothing to do for 1,000 s; and by a
        writer, while its reader pauses as long: whoever fails ends the other,
        with its words."""
        for rates, command, rank, word in (
                (("--rate=0.001", "--wait=1ms"), "exists", 1, "poll"),
                (("--rate=0.001", "--wait=block"), "xread", 1, "poll"),
                (("--rate=20", "--wait=1000s"), "set", 0, "t")):
            server = Monitored(self)
            job = self.failing("throughput_standard", "--overwrite",
                               f"--db_address=127.0.0.1:{server.port}", *rates)
            job.wait_in_loop()
            job.wait_until(lambda: self.kill(server, command),
                           f"a client that says {command}")
            since = time.monotonic()
            self.assert_failed(job, word)
            # neither waits for the other's 1,000 s: ten times 1 s + op_timeout
            self.assertLess(time.monotonic() - since, 10 * (1 + PATIENCE_SECONDS))
            self.assertRegex(text(self.perm().attrs["error"]),
                             "closed the connection|reset by peer|Broken pipe")
            self.assertEqual(int(self.perm().attrs["failed_rank"]), rank)
            self.assertEqual(int(self.perm().attrs["failed_ranks"]), 1)
            server.end()

    @staticmethod
    def kill(server, command):
        """End the connection of the client that has last said that."""
        for line in server.ask("client", "list").splitlines():
            client = dict(w.split("=", 1) for w in line.split() if "=" in w)
            last = client["cmd"].split("|")[0]
            if last == command or (command == "set" and last == "unlink"):
                return server.ask("client", "kill", "id", client["id"]) == "1"
        return False

    def test_signal(self):
        """The grace is over while a reader waits for what is long to come."""
        for wait in "1000s", "block":
            job = self.failing("--rate=0.001", f"--wait={wait}",
                               "--term_grace=1s", "--overwrite")
            job.wait_in_loop()
            for rank in job.ranks():
                os.kill(rank.pid, signal.SIGTERM)
            job.wait()
            self.assertIn("signal 15", job.stderr)
            self.assertEqual(text(self.perm().attrs["status"]), "failed")
            self.assertIn("signal 15", text(self.perm().attrs["error"]))

    @full
    def test_age_is_half_a_pause(self):
        """A reader that pauses 100 ms between two polls has data that are older
        by 50 ms on average; a period that divides the pause would lock both."""
        self.study("--wait=100ms", "--compute=37ms", "--compute_kind=sleep",
                   "--iterations=200", "--tensor_bytes=1024")
        g = self.check()
        polled = g["polls"][0][...] > 1
        idle = (g["delivery"][0] - g["unpack_tensor"][1])[...]
        self.assertTrue((idle > 0).all())
        self.assertTrue(0.045 <= idle.mean() <= 0.055,
                        f"{idle.mean()} s at load {os.getloadavg()[0]}, "
                        f"{polled.sum()} of {len(idle)} polled twice")


if __name__ == "__main__":
    main()
