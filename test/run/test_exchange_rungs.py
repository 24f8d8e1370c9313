# ctest: label=fast full long
"""Writers and readers without a server: through memory, files and ranks that serve
nothing else holds than through a database, whoever is slow, stopped or killed."""
import os
import shutil
import signal
import time

from exchangetest import EXCHANGE, ExchangeTest
from srbtest import column, full, main, stop, text

ENGINES = ("shm", "files", "mpi")
ALL = "--db_exe=[shm,files,mpi]"
TIMEOUT = 1  # op_timeout of studies in which somebody is stopped, s
RANK_NAMES = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK")


class Rungs(ExchangeTest):

    def setUp(self):
        super().setUp()
        self.folder = self.dir / "tensors"
        self.folder.mkdir()

    def study(self, ranks, *args, permutations):
        job = self.srbench(ranks, EXCHANGE, f"--output={self.out}",
                           "--overwrite", f"--db_path={self.folder}", *args)
        self.assert_passed(job, permutations=permutations)
        self.assertEqual(list(self.folder.iterdir()), [])

    def check(self, i=0, missed=False):
        g = self.perm(i)
        there = g["get_step"][...] >= 0
        self.check_deliveries(g, g["put_start"][...], there)
        self.check_order(g, there)
        self.assertEqual(int(g["reader_missed"][...].sum()),
                         int(self.row("missed", i)))
        self.assertEqual(bool(self.row("missed", i)), missed, g.name)
        if text(g.attrs["db_exe"]) == "mpi":  # who serves, counts
            self.assertEqual(g["shard_ops"][...].tolist(),
                             g["shard_commands"][...].tolist())
            self.assertNotIn("ops_mismatch", text(g.attrs["flags"]))
        return g

    def test_one_and_one(self):
        self.study(3, ALL, "--clients_per_node=2", "--languages=[c,cpp,fortran]",
                   "--wait=[spin,1ms]", "--iterations=12", "--verify=all",
                   "--tensor_bytes=20000", permutations=3 * 3 * 2)
        for i in range(18):
            g = self.check(i)
            self.assertEqual(int((g["get_step"][...] >= 0).sum()), 12)

    def test_more_of_them(self):
        """By own and by all, with several tensors of a step, and a small one
        behind them or not."""
        for writers, readers in (2, 2), (4, 2):
            self.study(writers + readers + 1, ALL, f"--readers_per_node={readers}",
                       "--fan=[own,all]", "--tensors=[1,3]",
                       "--pipelined=[false,true]", "--iterations=8",
                       "--verify=all", "--tensor_bytes=70000",
                       f"--control_bytes={4 * (writers - 2)}",
                       f"--clients_per_node={writers + readers}",
                       permutations=3 * 2 * 3)
            for i in range(18):
                g = self.check(i)
                each = readers if text(g.attrs["fan"]) == "all" else 1
                self.assertEqual(len(g["reader_client"]), readers)
                self.assertEqual(int((g["get_step"][...] >= 0).sum()),
                                 8 * writers * each)

    def test_nodes_of_their_own(self):
        """Readers on nodes of their own, or beside the writers; two shards: a
        rank that serves has all who read there, and no others."""
        for roles in (("--client_nodes=2", "--reader_nodes=1"),
                      ("--client_nodes=3", "--readers_per_node=1")):
            self.study(8, "throughput_standard", "--virtual_nodes=4",
                       "--db_nodes=1", *roles, "--db_exe=[files,mpi,floor]",
                       "--db_shards_per_node=2", "--keys=balanced",
                       "--fan=[own,all]", "--iterations=10",
                       "--tensor_bytes=1024", "--verify=all",
                       permutations=3 * 2)
            clients = {}
            for i in range(6):
                g = self.check(i)
                clients.setdefault(text(g.attrs["db_exe"]), []).append(
                    g["shard_clients"][...].tolist())
            self.assertEqual(clients["mpi"], clients["floor"])

    def test_what_is_retired_is_missed(self):
        """Its pause is long beside a step even where others have the CPUs."""
        self.study(3, ALL, "--clients_per_node=2", "--history=[1,3]",
                   "--wait=100ms", "--iterations=100",
                   "--tensor_bytes=[8,300000]",
                   "--tensors=2", "--pipelined=[false,true]", "--verify=all",
                   permutations=3 * 2 * 2 * 2)
        for i in range(24):
            self.check(i, missed=True)

    def test_steps(self):
        """Writers compute, or have a schedule."""
        for how in "--compute=1ms", "--rate=500":
            self.study(3, ALL, "--clients_per_node=2", how, "--iterations=20",
                       "--tensor_bytes=1024", permutations=3)
            for i in range(3):
                self.check(i)

    # --- somebody is hit -------------------------------------------------------

    def begin(self, engine, *args):
        """A writer or two, and a reader, which is the last rank."""
        job = self.start(3, EXCHANGE, f"--db_exe={engine}",
                         f"--op_timeout={TIMEOUT}", "--warmup=0",
                         f"--output={self.out}", "--overwrite", "--verify=all",
                         *args, loops=True)
        # found before it matters: on a busy machine looking takes a while, and
        # the steps of the loop go on meanwhile
        job.wait_until(lambda: len(self.find_ranks(job)) == 3, "its ranks")
        self.found = self.find_ranks(job)
        job.wait_in_loop(1, 2 if engine == "mpi" else 3)
        return job

    @staticmethod
    def find_ranks(job):
        """By their numbers."""
        return {k: p for p in job.ranks() for k in range(3)
                if any(f"{name}={k}".encode() in p.environ.split(b"\0")
                       for name in RANK_NAMES)}

    def pause(self, job, number, how_long=1.5):
        """For longer than any reply may take."""
        rank = self.found[number]
        stop(job, rank)
        time.sleep(how_long * TIMEOUT)
        os.kill(rank.pid, signal.SIGCONT)

    def test_a_reader_is_stopped(self):
        """It is behind, or has missed what was retired; nobody else has noticed.
        """
        self.stop_reader("shm", "all", "4KiB", "lag_max")
        for engine in ENGINES:
            self.stop_reader(engine, "2", "100000", "missed")

    @full
    def test_a_reader_is_stopped_that_misses_nothing(self):
        for engine in "files", "mpi":
            self.stop_reader(engine, "all", "4KiB", "lag_max")

    def stop_reader(self, engine, history, size, figure):
        with self.subTest(engine=engine, history=history):
            job = self.begin(engine, "--rate=100", "--iterations=400",
                             f"--history={history}", f"--tensor_bytes={size}")
            self.pause(job, 2)
            self.assert_passed(job.wait(), 1)
            self.check(missed=figure == "missed")
            self.assertGreater(self.row(figure), 100 * TIMEOUT)

    def test_a_writer_is_stopped(self):
        """A reader waits for it as long as it takes."""
        for engine in ENGINES:
            with self.subTest(engine=engine):
                job = self.begin(engine, "--rate=100", "--iterations=300",
                                 "--history=all", "--tensor_bytes=100000")
                self.pause(job, 1)
                self.assert_passed(job.wait(), 1)
                self.check()

    def test_a_rank_that_serves_is_stopped(self):
        """Whoever asks it first fails, and so do all; the next is served."""
        job = self.begin("mpi", "--rate=[100,max]", "--iterations=1000",
                         "--tensor_bytes=100000", "--history=2")
        self.pause(job, 0, 2)  # and its client has failed before it is back
        job.wait()
        f = self.open(self.out)["summary"]
        self.assertEqual(column(f, "status")[0], "failed")
        self.assertIn("completed", column(f, "status"))
        self.assertRegex(text(self.perm().attrs["error"]),
                         f"at rank 0: no reply within {TIMEOUT} s")

    @full
    def test_a_rank_that_serves_is_killed(self):
        job = self.begin("mpi", "--rate=100", "--iterations=100000",
                         "--tensor_bytes=4", "--history=2")
        os.kill(self.found[0].pid, signal.SIGKILL)
        job.wait()
        self.assertNotEqual(job.returncode, 0)

    def test_a_folder_is_removed(self):
        """While a reader waits for 1,000 s: the writer's words end it."""
        folder = self.dir / "away"
        folder.mkdir()
        job = self.begin("files", f"--db_path={folder}", "--wait=1000s",
                         "--rate=100", "--iterations=100000", "--history=2",
                         "--tensor_bytes=4096")
        while folder.exists():
            shutil.rmtree(folder, ignore_errors=True)
        job.wait()
        self.assertEqual(job.returncode, 1, job.describe())
        self.assertIn("No such file or directory",
                      text(self.perm().attrs["error"]))

    def test_a_signal(self):
        """The grace is over while a reader waits."""
        for engine in ENGINES:
            with self.subTest(engine=engine):
                job = self.begin(engine, "--rate=0.001", "--wait=spin",
                                 "--iterations=1000", "--tensor_bytes=4",
                                 "--history=2", "--term_grace=100ms")
                for rank in self.found.values():
                    os.kill(rank.pid, signal.SIGTERM)
                job.wait()
                self.assertIn("signal 15", job.stderr)
                self.assertEqual(text(self.perm().attrs["status"]), "failed")


if __name__ == "__main__":
    main()
