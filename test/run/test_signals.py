# ctest: label=fast full long
"""Signals and kills, to everything there is: the file stays whole, all
processes and scratch folders go (RunTest sees to that after every test)."""
import os
import shlex
import signal
import srbtest
import time
from unittest import mock

from srbtest import MPIEXEC, RunTest, column, full, main, processes, text

STANDARD = ("throughput_standard", "--virtual_nodes=4", "--clients_per_node=2",
            "--client_nodes=1")  # 8 ranks: 0 and 1 clients, 2 to 7 others
RANK_NAMES = ("PMI_RANK", "PMIX_RANK", "OMPI_COMM_WORLD_RANK", "SLURM_PROCID")


# A rank's own exit status, which mpiexec's need not be: see assert_signalled().
WATCH = """#!/bin/sh
trap : TERM INT HUP USR1
"$@"
status=$?
echo $status >{folder}/rank.${{PMI_RANK:-${{PMIX_RANK:-$OMPI_COMM_WORLD_RANK}}}}
exit $status
"""
LAUNCH = """#!/bin/sh
# -n N PROGRAM ...
ranks=$2
shift 2
exec {mpiexec} -n "$ranks" {watch} "$@"
"""


LONG_BYTES = 64 << 20


class SignalTest(RunTest):

    SIZES = [1024, 1028, 1032, 1036, 1040, 1044, 1048, 1052]

    def setUp(self):
        super().setUp()
        self.out = self.dir / "signals.h5"

    def watch_statuses(self):
        """From now on the exit status of every rank is taken down."""
        self.left_with = self.top / "statuses"
        self.left_with.mkdir(exist_ok=True)
        for old in self.left_with.iterdir():
            old.unlink()
        watch, launch = self.top / "watch", self.top / "launch"
        watch.write_text(WATCH.format(folder=shlex.quote(str(self.left_with))),
            encoding="utf-8")
        launch.write_text(LAUNCH.format(mpiexec=MPIEXEC, watch=watch),
            encoding="utf-8")
        for path in (watch, launch):
            path.chmod(0o755)
        patch = mock.patch.object(srbtest, "MPIEXEC", str(launch))
        patch.start()
        self.addCleanup(patch.stop)

    def sizes(self, at, of, long=LONG_BYTES):
        """Of tensors: number `at` takes a thousand times as long as others."""
        return [long if i == at else size
                for i, size in enumerate(self.SIZES[:of], 1)]

    def looping(self, nranks, *args, at=2, iterations=3000, grace="200ms",
                clients=None, long=LONG_BYTES):
        """A study of eight permutations, all clients in the loop of number
        `at`, which takes minutes (or less with smaller tensors)."""
        job = self.start(nranks, *args, "--verbose",
                         f"--tensor_bytes={self.sizes(at, 8, long)}",
                         f"--term_grace={grace}", f"--iterations={iterations}",
                         f"--output={self.out}", loops=True)
        job.wait_in_loop(at, clients)
        return job

    def starting(self):
        """A cluster whose servers run, and which is not ready yet (it takes
        some 2 s)."""
        job = self.start(8, *STANDARD, "--db_nodes=3", "--tensor_bytes=[4,8]",
                         "--iterations=5000", "--overwrite",
                         f"--output={self.out}")
        job.wait_until(lambda: len(job.servers()) == 3, "three servers")
        return job

    def rank(self, job, number):
        """The process of that rank."""
        found = [p for p in job.ranks()
                 if any(f"{name}={number}".encode() in p.environ.split(b"\0")
                        for name in RANK_NAMES)]
        self.assertEqual(len(found), 1, f"rank {number}: {found}")
        return found[0]

    @staticmethod
    def wait_taken(job):
        """Until the first signal was taken, and one that comes is another: what
        comes within 0.2 s is the same wish, see ending.c."""
        job.wait_until(lambda: "told to end" in job.stderr, "the first")
        time.sleep(0.4)

    def wait_gone(self):
        """All that is left goes within PATIENCE, by itself."""
        left = self.await_no_leftovers()
        self.assertEqual(left, [], "left behind: " + "; ".join(left))

    def assert_returned(self, job, nranks, status):
        """All ranks returned this, which is 128 and a signal's number, and
        mpiexec nothing else."""
        found = {int(p.suffix[1:]): int(p.read_text(encoding="utf-8"))
                 for p in self.left_with.iterdir()}
        self.assertEqual(found, dict.fromkeys(range(nranks), status),
                         job.describe())
        self.assert_signalled(job, status - 128)

    def assert_ended_by(self, job, nranks, number, planned=8, finished=None):
        """Ended in order: one status, a verdict, and a file that tells of all
        permutations. Returns how many were completed."""
        words = f"signal {number}"
        self.assert_returned(job, nranks, 128 + number)
        self.assertEqual(job.status.get("verdict"), "fail", job.describe())
        self.assertEqual(job.status["permutations"], planned)
        f = self.open(self.out)
        statuses = self.assert_groups(f)
        self.assertEqual(len(statuses), planned)
        counts = {s: statuses.count(s)
                  for s in ("completed", "failed", "skipped")}
        for status, count in counts.items():
            self.assertEqual(job.status[status], count, job.describe())
        self.assertEqual(sum(counts.values()), planned, statuses)
        # completed ones, then at most one broken off, then skipped ones
        self.assertEqual(statuses, sorted(statuses), job.describe())
        self.assertLessEqual(counts["failed"], 1)
        self.assertGreater(counts["skipped"], 0, job.describe())
        errors = column(f["summary"], "error")
        for i, status in enumerate(statuses):
            if status == "completed":
                self.assert_permutation(self.perm(i, f))
            else:
                self.assertIn(words, errors[i], job.describe())
        self.assertIn("end_time", f.attrs)
        if finished is not None:
            self.assertGreaterEqual(counts["completed"], finished)
        return counts["completed"]

    def assert_kept(self, job):
        """Killed: what was reported complete is in the file, whole."""
        f = self.open(self.out)
        done = [i for i in range(8) if job.has_ended(i + 1)]
        for i in done:
            self.assert_permutation(self.perm(i, f))
        return done

    def send(self, job, number):
        os.kill(job.process.pid, number)

    def ended_in_a_loop(self, number):
        self.watch_statuses()
        job = self.looping(4)
        self.send(job, number)
        job.wait()
        self.assert_ended_by(job, 4, number, finished=1)
        self.wait_gone()

    def ended_in_database_start(self, number):
        self.watch_statuses()
        job = self.starting()
        self.send(job, number)
        job.wait()
        self.assertEqual(
            self.assert_ended_by(job, 8, number, planned=2), 0)
        self.wait_gone()

    def killed(self, number, nranks, *args, clients=None):
        job = self.looping(nranks, *args, clients=clients)
        os.kill(self.rank(job, number).pid, signal.SIGKILL)
        job.wait()
        self.assertNotEqual(job.returncode, 0, job.describe())
        self.wait_gone()
        self.assertGreaterEqual(len(self.assert_kept(job)), 1)

    def group(self, number):
        """srbench ends in order, and not because its servers went."""
        self.watch_statuses()
        job = self.looping(4)
        os.killpg(os.getpgid(self.rank(job, 1).pid), number)
        job.wait()
        self.assert_ended_by(job, 4, number, finished=1)
        self.assertNotIn("server", text(
            self.open(self.out)["summary/error"][-1]))
        self.assertNotIn("the database server", job.stderr)


class ToMpiexec(SignalTest):

    def test_term_in_a_loop(self):
        self.ended_in_a_loop(signal.SIGTERM)

    def test_term_while_nothing_moves(self):
        """A client that hangs does not keep the study from ending."""
        self.watch_statuses()
        job = self.start(4, "--client=null", "--db_exe=null",
                         "--null_client={client: 1, hang_at: 2}",
                         "--op_timeout=1h", "--iterations=10",
                         "--term_grace=0s", "--tensor_bytes=[4,8]",
                         f"--output={self.out}", loops=True)
        job.wait_in_loop()
        self.send(job, signal.SIGTERM)
        job.wait()
        self.assert_returned(job, 4, 143)
        self.assertEqual(job.status, {
            "verdict": "fail", "permutations": 2, "completed": 0, "failed": 1,
            "skipped": 1, "verify_errors": 0, "file": str(self.out)})

    def test_kill_in_a_loop(self):
        job = self.looping(4)
        self.send(job, signal.SIGKILL)
        job.wait()
        self.assertEqual(job.returncode, -signal.SIGKILL)
        self.wait_gone()
        self.assertGreaterEqual(len(self.assert_kept(job)), 1)
        self.assertEqual(job.status, {})

    def test_term_in_database_start(self):
        self.ended_in_database_start(signal.SIGTERM)

    def test_kill_in_database_start(self):
        job = self.starting()
        self.send(job, signal.SIGKILL)
        job.wait()
        self.wait_gone()

    def test_int_twice(self):
        """A person who does not want to wait."""
        job = self.looping(4, at=1, iterations=300000, grace="1h")
        self.send(job, signal.SIGINT)
        self.wait_taken(job)
        self.send(job, signal.SIGINT)
        job.wait()
        self.assertEqual(job.status, {}, job.describe())
        self.wait_gone()
        self.assertEqual(self.assert_kept(job), [])

    def test_term_while_a_database_never_starts(self):
        """It is given up after the signal, not after db_timeout."""
        self.watch_statuses()
        deaf = self.dir / "deaf-redis"
        deaf.write_text("#!/bin/sh\n"
                        "[ \"$1\" = --version ] && exec redis-server \"$1\"\n"
                        "sleep 600\n", encoding="utf-8")
        deaf.chmod(0o755)
        job = self.start(2, f"--db_exe={deaf}", "--tensor_bytes=[4,8]",
                         "--db_timeout=1h", "--verbose",
                         f"--output={self.out}")
        job.wait_until(lambda: "[1/2]" in job.stderr and any(
            p.command == "sleep 600" for p in processes(self.tmpdir)),
                       "a database to start")
        self.send(job, signal.SIGTERM)
        job.wait()
        self.assert_ended_by(job, 2, signal.SIGTERM, planned=2)


class ToRanks(SignalTest):

    def test_rank_0_killed(self):
        self.killed(0, 4)

    def test_idle_rank_killed(self):
        self.killed(5, 8, *STANDARD, "--db_nodes=1", clients=2)

    def test_killed_in_database_start(self):
        for number in (0, 4):
            with self.subTest(rank=number):
                job = self.starting()
                os.kill(self.rank(job, number).pid, signal.SIGKILL)
                job.wait()
                self.assertNotEqual(job.returncode, 0, job.describe())
                self.wait_gone()

    def test_servers_live_in_other_groups(self):
        """What a launcher or a terminal signals hits ranks alone."""
        job = self.looping(8, *STANDARD, "--db_nodes=1", clients=2)
        ours = [job.process.pid] + [p.pid for p in job.ranks()]
        groups = {os.getpgid(pid) for pid in ours}
        sessions = {os.getsid(pid) for pid in ours}
        theirs = job.servers() + job.guards()
        self.assertEqual(len(theirs), 2, theirs)
        for p in theirs:
            self.assertNotIn(os.getpgid(p.pid), groups, str(p))
            self.assertNotIn(os.getsid(p.pid), sessions, str(p))
        os.kill(job.process.pid, signal.SIGTERM)
        job.wait()

    def test_term_to_a_group(self):
        self.group(signal.SIGTERM)


class ToGuards(SignalTest):

    def test_guard_killed(self):
        """Its servers go with it; a new guard takes the next permutation."""
        job = self.looping(4, iterations=300)
        guards, servers = job.guards(), job.servers()
        self.assertEqual((len(guards), len(servers)), (1, 1))
        os.kill(guards[0].pid, signal.SIGKILL)
        job.wait_until(
            lambda: servers[0].pid not in [s.pid for s in job.servers()],
            "the server to go with its guard")
        job.wait()
        self.assert_status(job, 1, permutations=8, completed=7, failed=1,
                           skipped=0)
        f = self.open(self.out)
        statuses = column(f["summary"], "status")
        failed = statuses.index("failed")
        self.assertIn("guard", column(f["summary"], "error")[failed])
        self.assert_permutation(self.perm(failed + 1, f))
        self.wait_gone()


@full
class MoreToMpiexec(SignalTest):

    def test_int_in_a_loop(self):
        self.ended_in_a_loop(signal.SIGINT)

    def test_term_in_a_cluster(self):
        """Idle ranks, stewards and clients end alike."""
        self.watch_statuses()
        job = self.looping(8, *STANDARD, "--db_nodes=3", clients=2)
        self.send(job, signal.SIGTERM)
        job.wait()
        self.assert_ended_by(job, 8, signal.SIGTERM, finished=1)
        self.wait_gone()

    def test_int_in_database_start(self):
        self.ended_in_database_start(signal.SIGINT)


@full
class MoreToRanks(SignalTest):

    def test_client_killed(self):
        self.killed(3, 4)

    def test_steward_killed(self):
        """The steward of a standard database, which no client is."""
        self.killed(6, 8, *STANDARD, "--db_nodes=1", clients=2)

    def test_term_to_one_rank(self):
        """It is everybody's."""
        for number in (0, 7):
            with self.subTest(rank=number):
                self.watch_statuses()
                job = self.looping(8, *STANDARD, "--db_nodes=1",
                                   "--overwrite", clients=2)
                os.kill(self.rank(job, number).pid, signal.SIGTERM)
                job.wait()
                self.assert_ended_by(job, 8, signal.SIGTERM, finished=1)

    def test_servers_heed_no_signal(self):
        """A batch system signals every process of a job."""
        job = self.looping(4, iterations=300, long=4 << 20)
        for p in job.servers() + job.guards():
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT,
                           signal.SIGUSR1, signal.SIGUSR2):
                os.kill(p.pid, number)
        job.wait()
        self.assert_passed(job, 8)

    def test_int_to_a_group(self):
        self.group(signal.SIGINT)

    def test_hup_to_a_group(self):
        """Whatever a rank does with it (UCX takes it as a wish to be told
        more), the servers are not hit, and what was kept is whole."""
        job = self.looping(4, iterations=300, long=4 << 20)
        os.killpg(os.getpgid(self.rank(job, 1).pid), signal.SIGHUP)
        job.wait()
        self.assertNotIn("the database server", job.stderr)
        self.wait_gone()
        self.assertGreaterEqual(len(self.assert_kept(job)), 1)



if __name__ == "__main__":
    main()
