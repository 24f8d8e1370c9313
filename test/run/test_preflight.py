# ctest: label=fast timeout=6000 full
"""What would end a study later is refused before it starts, with all reasons at
once; and free ports (db_port: 0)."""
import os
import re
import resource
import shutil
import socket
import subprocess
import time
import unittest

from controlgroup import group, memory_group
from srbtest import DATABASE, RunTest, full, main, text

poor = unittest.skipIf(
    os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") > 50 << 30,
    "there is memory for all that a study of few ranks can ask for")


class Refused(RunTest):

    def setUp(self):
        super().setUp()
        self.out = self.dir / "out.h5"

    def study(self, ranks, *args, out=None, **how):
        return self.srbench(ranks, f"--output={out or self.out}", *args, **how)

    def assert_refused(self, job, *words, reasons=1):
        """Exit status 2, these words, that number of sentences, no file and
        nothing started."""
        self.assertEqual(job.returncode, 2, job.describe())
        self.assertEqual(job.status.get("verdict"), "fail", job.describe())
        self.assertEqual(job.status.get("completed"), 0)
        said = [line for line in job.stderr.splitlines()
                if line.startswith("srbench: ")]
        if reasons > 1:
            self.assertEqual(said.pop(),
                             f"srbench: refused for these {reasons} reasons; "
                             "nothing was run")
        self.assertEqual(len(said), min(reasons, 11), job.describe())
        for word in words:
            self.assertIn(word, "\n".join(said))
        self.assertFalse(self.out.exists())
        self.assertEqual(list(self.tmpdir.iterdir()), [])

    def listen(self, *ports):
        for port in ports:
            s = socket.socket()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(("127.0.0.1", port))
            s.listen()
            self.addCleanup(s.close)

    @poor
    def test_memory_of_a_node(self):
        job = self.study(4, "--tensor_bytes=[1024,4GiB]")
        self.assert_refused(job, "permutation 0001 needs 72.0 GiB of memory: 40.0 "
                            "GiB for 1 server, 32.0 GiB for 4 clients, with "
                            "tensors of 4 GiB; ", "use smaller tensors")
        # virtual nodes share what there is; the first speaks for all
        job = self.study(4, "throughput_standard", "--virtual_nodes=4",
                         "--db_nodes=2", "--tensor_bytes=4GiB",
                         "--clients_per_node=1", "--client=hiredis")
        self.assert_refused(job, "(with 3 more on its host)",
                            "for 2 servers", "42.0 GiB for 2 clients")

    @poor
    def test_memory_of_timings(self):
        job = self.study(2, "--tensor_bytes=4", "--iterations=1000000000",
                         out="none")
        self.assert_refused(job, "149.0 GiB for 2 clients")

    def test_memory_of_the_control_group(self):
        with memory_group(400 << 20) as procs:
            into = ("sh", "-c", f'echo $$ >{procs}; exec "$@"', "sh")
            small = ("--iterations=5", "--overwrite")
            job = self.study(2, "--tensor_bytes=64MiB", *small, wrapper=into)
            self.assert_refused(job, "its control group leaves", "592.0 MiB")
            job = self.study(2, "--tensor_bytes=1MiB", *small, wrapper=into)
            self.assert_passed(job, 1)

    def test_open_files(self):
        few = ("sh", "-c", 'ulimit -n 48; exec "$@"', "sh")
        args = ("--tensor_bytes=4", "--iterations=5", "--overwrite")
        job = self.study(2, *args, wrapper=few)
        self.assert_refused(job, "needs 50 open files for 2 clients", "is 48",
                            "ulimit -n")
        self.assert_passed(self.study(2, *args, wrapper=(
            "sh", "-c", 'ulimit -n 60; exec "$@"', "sh")), 1)
        # the soft limit is raised as far as the hard one lets it be
        self.assert_passed(self.study(2, *args, wrapper=(
            "sh", "-c", 'ulimit -S -n 48; exec "$@"', "sh")), 1)

    def test_room_for_results(self):
        small = self.dir / "small"
        small.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs",
                           small], capture_output=True).returncode:
            self.skipTest("a file system cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", small])
        out = small / "new/folder/out.h5"
        job = self.study(1, "--tensor_bytes=4", "--iterations=100000", out=out)
        self.assert_refused(job, "the results may take 7.", f"{small} has 6 MiB left",
                            "--output")
        self.assert_passed(self.study(1, "--tensor_bytes=4", out=out), 1)

    def mounted(self, options):
        """A file system of its own."""
        folder = self.dir / "small"
        folder.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs",
                           folder], capture_output=True).returncode:
            self.skipTest("a file system cannot be mounted here")
        self.addCleanup(subprocess.run, ["umount", folder])
        return folder

    def test_no_file_more_for_results(self):
        small = self.mounted("nr_inodes=2")
        (small / "one").touch()
        self.assert_refused(
            self.study(1, "--tensor_bytes=4", out=small / "out.h5"),
            f"the folder of the results, {small}, cannot be written: No space "
            "left on device; give another one with --output")

    def test_file_size(self):
        """Refused, in dry_run too; a limit that comes later is an error of
        writing, in words and with a whole file."""
        args = ("--tensor_bytes=4", "--iterations=100000")
        limit = ("prlimit", "--fsize=6000000")
        for more in ((), ("--dry_run",)):
            self.assert_refused(
                self.study(1, *args, *more, wrapper=limit),
                "the results may need 7.", "the limit of the size of a file is "
                "5.72 MiB; raise it (ulimit -f, limits.conf)")
        gate = self.gate(1, at=1)
        job = self.start(1, "--tensor_bytes=[4,8,12,16]", "--iterations=20",
                         "--op_timeout=1h", f"--output={self.out}", gate=gate)
        job.wait_until(lambda: gate.holds(job), "the second permutation")
        for rank in job.ranks():
            resource.prlimit(rank.pid, resource.RLIMIT_FSIZE, (4096, 4096))
        gate.open()
        job.wait()
        self.assertEqual(job.returncode, 1, job.describe())
        self.assertIn("File too large", job.stderr)
        self.assertEqual(
            text(self.perm().attrs["status"]), "completed")

    def test_file_size_without_a_server(self):
        """Shared memory is a file as well."""
        for exe, what in (("shm", "the shared memory of a database"),
                          ("files", "the file of a tensor")):
            args = (f"--db_exe={exe}", "--iterations=5",
                    "--tensor_bytes=64MiB")
            for more in ((), ("--dry_run",)):
                with self.subTest(exe=exe, more=more):
                    self.assert_refused(
                        self.study(1, *args, *more,
                                   wrapper=("prlimit", "--fsize=20000000")),
                        what, "the limit of the size of a file is 19.1 MiB; "
                        "raise it (ulimit -f, limits.conf)")

    def test_in_a_plan_as_in_a_study(self):
        """What a study would find missing, its plan in a job does."""
        theirs = ("throughput_standard", "--db_address=127.0.0.1:1")
        open_to_all = self.dir / "auth"
        open_to_all.write_text("secret\n", encoding="utf-8")
        open_to_all.chmod(0o644)
        for args, words in (
                (("--db_exe=/nowhere/redis",),
                 "db_exe: '/nowhere/redis' was not found"),
                ((*theirs, "--db_auth=/nowhere/auth"),
                 "db_auth: cannot read '/nowhere/auth': No such file"),
                ((*theirs, f"--db_auth={open_to_all}"),
                 "db_auth: others than its owner may use")):
            for more in (("--dry_run",), ()):
                with self.subTest(args=args, more=more):
                    self.assert_refused(
                        self.study(2, *args, *more, "--tensor_bytes=4"), words)

    def test_addresses(self):
        for what, option in (("of a process's addresses", "as"),
                             ("of a process's data", "data")):
            job = self.study(2, "--tensor_bytes=512MiB", "--client=socket",
                             wrapper=("prlimit", f"--{option}=1500000000"))
            self.assert_refused(job, "a server may need 2.58 GiB, and the limit "
                                f"{what} is 1.40 GiB; raise it (ulimit -")

    def test_processes(self):
        """Those of a control group; root is held to no limit of its own."""
        with group("pids", "pids.max", 20) as procs:
            into = ("sh", "-c", f'echo $$ >{procs}; exec "$@"', "sh")
            self.assert_refused(
                self.study(2, "throughput_standard", "--virtual_nodes=2",
                           "--db_shards_per_node=4", "--tensor_bytes=4",
                           wrapper=into),
                "its servers need 28 more processes and threads, and its "
                "control group leaves 1")

    def test_paths_of_sockets(self):
        long = self.top / ("l" * 70)
        long.mkdir()
        into = ("env", f"TMPDIR={long}")
        args = ("--tensor_bytes=4", "--iterations=5", "--overwrite")
        self.assert_refused(
            self.study(2, *args, "--transport=[tcp,unix]", wrapper=into),
            f"the folder for scratch, {long}, makes the paths of Unix sockets ",
            "too long; set TMPDIR to a folder with a shorter path")
        self.assert_passed(self.study(2, *args, wrapper=into), 1)

    def test_a_scratch_folder_that_takes_nothing(self):
        small = self.mounted("nr_inodes=3")
        (small / "one").touch()
        self.assert_refused(
            self.study(1, "--tensor_bytes=4", wrapper=("env", f"TMPDIR={small}")),
            f"the folder for scratch, {small}, has room for 1 more files")

    def test_no_room_for_scratch(self):
        small = self.mounted("size=64k")
        self.assert_refused(
            self.study(1, "--tensor_bytes=4", wrapper=("env", f"TMPDIR={small}")),
            f"the folder for scratch, {small}, has 64 KiB left, and its servers "
            "may need ", "set TMPDIR to a folder with room")

    def test_folder_for_scratch(self):
        """The environment is the job's own; its TMPDIR is set to what is not
        there."""
        job = self.srbench(2, "--tensor_bytes=4", f"--output={self.out}",
                           wrapper=("env", "TMPDIR=/nowhere/at/all"))
        self.assert_refused(job, "/nowhere/at/all", "set TMPDIR")

    @poor
    def test_all_at_once(self):
        """From several nodes, in the order of the nodes."""
        self.listen(self.port + 1, self.port + 5)
        args = ("throughput_standard", "--virtual_nodes=3", "--db_nodes=2",
                "--db_shards_per_node=4", "--tensor_bytes=4",
                "--iterations=1000000000", "--repetitions=10000")
        words = ("of memory", f"port {self.port + 1} of",
                 f"port {self.port + 5} of", "the results may take")
        job = self.study(3, *args)
        self.assert_refused(job, *words, reasons=4)
        self.assertRegex(job.stderr, "node [^ ]*/1: cannot listen")
        self.assertRegex(job.stderr, "node [^ ]*/2: cannot listen")
        # the plan of the same study
        job = self.study(3, *args, "--dry_run")
        self.assert_refused(job, *words, reasons=4)
        # what is found in other places is one of the reasons
        job = self.study(3, *args, "--db_exe=cat", "--db_cpus=4000")
        self.assert_refused(job, *words, "'cat' is no server", "db_cpus 4000",
                            reasons=6)

    def test_no_more_than_ten(self):
        self.listen(*range(self.port, self.port + 14))
        job = self.study(1, "throughput_standard", "--virtual_nodes=1",
                         "--dry_run", "--db_shards_per_node=14")
        self.assertEqual(job.returncode, 2)  # one node is too few, and no more
        job = self.study(2, "throughput_standard", "--virtual_nodes=2",
                         "--tensor_bytes=4", "--db_shards_per_node=14")
        self.assert_refused(job, f"port {self.port + 9} of", "... and 4 more",
                            reasons=14)
        self.assertNotIn(f"port {self.port + 10} of", job.stderr)

    def test_ports_of_every_set_up(self):
        """Those of the last one, too."""
        self.listen(self.port + 2)
        job = self.study(2, "throughput_standard", "--virtual_nodes=2",
                         "--tensor_bytes=4", "--db_shards_per_node=[1,2,3]")
        self.assert_refused(job, f"port {self.port + 2} of")


class FreePorts(RunTest):

    def ports(self, g):
        return [int(text(a).rsplit(":", 1)[1]) for a in g["shard_address"]]

    def test_colocated(self):
        """Nodes of one host get different ones, and keep them as long as their
        databases run."""
        out = self.dir / "out.h5"
        job = self.srbench(4, "--virtual_nodes=4", "--db_port=0",
                           "--tensor_bytes=[4,8]", "--iterations=5",
                           f"--output={out}")
        self.assert_passed(job, 2)
        f = self.open(out)
        first, second = (self.ports(f[f"perm_000{i}"]) for i in (0, 1))
        self.assertEqual(len(set(first)), 4)
        self.assertEqual(first, second)
        self.assertTrue(all(1024 <= p <= 55535 for p in first))

    def test_cluster(self):
        """Two jobs at once."""
        files = [self.dir / f"{i}.h5" for i in (0, 1)]
        jobs = [self.start(2, "throughput_standard", "--virtual_nodes=2",
                           "--db_shards_per_node=3", "--db_port=0",
                           "--tensor_bytes=4", "--iterations=5",
                           f"--output={out}") for out in files]
        used = []
        for job, out in zip(jobs, files):
            self.assert_passed(job.wait(), 1)
            used += self.ports(self.open(out)["perm_0000"])
        self.assertEqual(len(set(used)), 6)

    def test_said_in_no_name(self):
        job = self.srbench(2, "--db_port=0", "--dry_run", "--tensor_bytes=4")
        self.assertEqual(job.returncode, 0, job.describe())
        self.assertFalse(re.search("PORT", job.stdout))


def available():
    for line in open("/proc/meminfo", encoding="utf-8"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return 0


@full
class Large(RunTest):

    @unittest.skipIf(available() < 8 << 30, "less than 8 GiB are available")
    def test_values(self):
        out = self.dir / "large.h5"
        job = self.srbench(1, "--tensor_bytes=[600MB,1100MiB]",
                           "--client=[socket,hiredis]", "--iterations=3",
                           "--verify=all", f"--output={out}",
                           "--op_timeout=120s", timeout=3600)
        self.assert_passed(job, 4)
        f = self.open(out)
        for i in range(4):
            g = self.perm(i, f)
            size = int(g.attrs["tensor_bytes"])
            peak, client = g["shard_peak_memory"][0], g["client_peak_memory"][0]
            with self.subTest(size=size, client=text(g.attrs["client"])):
                # what src/plan/footprint.c counts on
                self.assertLess(peak, 2.5 * size + (16 << 20))
                self.assertLess(client, 5.25 * 1100 * 1024 * 1024 + (64 << 20))

    def test_found_servers(self):
        """A server of somebody else's says what it takes, or keeps that to
        itself: then its refusal is the permutation's."""
        server = [shutil.which(DATABASE), "--port", str(self.port), "--save",
                  "", "--dir", str(self.dir), "--proto-max-bulk-len", "2mb"]
        for more, status, words in (
                ([], 2, "take (2097152); raise their proto-max-bulk-len"),
                (["--rename-command", "CONFIG", ""], 1, "invalid bulk length")):
            with self.subTest(server=more):
                p = subprocess.Popen([*server, *more],
                                     stdout=subprocess.DEVNULL)
                try:
                    self.await_port()
                    job = self.srbench(
                        1, "throughput_standard", "--tensor_bytes=4MiB",
                        f"--db_address=127.0.0.1:{self.port}",
                        "--output=none", "--iterations=3")
                    self.assertEqual(job.returncode, status, job.describe())
                    self.assertIn(words, job.stderr)
                finally:
                    p.kill()
                    p.wait()

    def await_port(self):
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline:
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        self.fail("the server does not listen")


@full
class Ports(RunTest):

    def test_nodes_of_a_host_do_not_meet(self):
        """A port is one node's in one set-up and another's in the next; when
        both look at it at once, neither finds it taken."""
        for _ in range(15):
            job = self.srbench(8, "throughput_standard", "--virtual_nodes=8",
                             "--client_nodes=1", "--db_nodes=[1,2,3,5]",
                             "--tensor_bytes=4", "--dry_run")
            self.assertEqual(job.returncode, 0, job.describe())



if __name__ == "__main__":
    main()
