# ctest: label=fast
"""db_port: auto, which is the default: ports that are free, whoever else is on
the node; what decides is the server's own bind."""
import os
import signal
import socket

from srbtest import DATABASE, RunTest, column, main, text

FIRST = 6780  # where it begins
BUS = 10000
AUTO = "--db_port=auto"  # as without; the class gives every job a port else
QUICK = ("--tensor_bytes=4", "--iterations=5")
CLUSTER = ("throughput_standard", "--virtual_nodes=2",
           "--db_shards_per_node=3")
# A server whose port is taken the moment before it binds, so many times. The
# thief is of its process group, so gone by the time srbench could look again.
ROBBED = """#!/bin/sh
[ "$1" = - ] || exec {database} "$@"
cat >conf
echo >>{starts}
i=0 # shards start at once: who makes the folder is one of the first
while [ $i -lt {times} ] && ! mkdir {starts}.$i 2>/dev/null; do i=$((i + 1)); done
if [ $i -lt {times} ]; then
    python3 - $(sed -n 's/^port //p' conf) {bus} 3>held <<'END' &
import os, socket, sys, time
port, bus = map(int, sys.argv[1:])
thief = socket.create_server(("127.0.0.1", port + bus))
os.write(3, b"x")
time.sleep(600)
END
    while [ ! -s held ]; do sleep 0.01; done
fi
exec {database} - <conf
"""


class Ports(RunTest):

    def setUp(self):
        super().setUp()
        self.out = self.dir / "out.h5"
        self.starts = self.dir / "starts"

    def hold(self, port):
        """Something listens there, ours or somebody else's."""
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.addCleanup(s.close)
        try:
            s.bind(("127.0.0.1", port))
            s.listen()
        except OSError:
            pass

    def ports(self, out=None, perm="perm_0000"):
        g = self.open(out or self.out)[perm]
        self.assertEqual(text(g.attrs["db_port"]), "auto")
        return [int(a.rsplit(":", 1)[1]) for a in column(g, "shard_address")]

    def robbed(self, times, bus=0):
        path = self.dir / "robbed"
        path.write_text(ROBBED.format(database=DATABASE, starts=self.starts,
                                      times=times, bus=bus), encoding="utf-8")
        path.chmod(0o755)
        return f"--db_exe={path}"

    def started(self):
        return len(self.starts.read_text(encoding="utf-8").splitlines())

    def test_jobs_at_once(self):
        """With default options, colocated and clusters: none loses a study."""
        kinds = [("--tensor_bytes=[4,8]",), (*CLUSTER, "--tensor_bytes=[4,8]"),
                 ("--tensor_bytes=[4,8]", "--db_exe=floor"),
                 ("--tensor_bytes=[4,8]",)]
        files = [self.dir / f"{i}.h5" for i in range(len(kinds))]
        jobs = [self.start(2, *kind, "--iterations=300", AUTO,
                           f"--output={out}")
                for kind, out in zip(kinds, files)]
        for job, out in zip(jobs, files):
            self.assert_passed(job.wait(), 2)
            self.assertEqual(self.ports(out), self.ports(out, "perm_0001"))

    def test_a_port_of_the_first_ones_is_taken(self):
        """That is said once, not refused, in dry_run neither."""
        self.hold(FIRST)
        job = self.srbench(2, "--tensor_bytes=[4,8]", "--iterations=5", AUTO,
                           "--transport=[tcp,unix]", f"--output={self.out}")
        self.assert_passed(job, 4)
        self.assertEqual(
            job.stderr.count(f"note: the ports from {FIRST} on are not all free "
                             "on node "), 1, job.describe())
        self.assertNotIn(FIRST, self.ports())
        job = self.srbench(2, *QUICK, AUTO, "--dry_run")
        self.assertEqual(job.returncode, 0, job.describe())

    def test_a_port_of_the_bus_is_taken(self):
        self.hold(FIRST + BUS + 1)
        job = self.srbench(2, *CLUSTER, *QUICK, AUTO, f"--output={self.out}")
        self.assert_passed(job, 1)
        self.assertIn(f"note: the ports from {FIRST} on", job.stderr)
        self.assertNotIn(FIRST + 1, self.ports())

    def test_taken_at_the_last_moment(self):
        """The whole set-up is started on others, three times at most."""
        job = self.srbench(2, *QUICK, AUTO, self.robbed(3),
                           f"--output={self.out}")
        self.assert_passed(job, 1)
        self.assertEqual(self.started(), 4)
        self.ports()

    def test_of_a_cluster(self):
        """By one of its shards; the others go with it."""
        job = self.srbench(2, *CLUSTER, *QUICK, AUTO, self.robbed(1, BUS),
                           f"--output={self.out}")
        self.assert_passed(job, 1)
        self.assertEqual(len(set(self.ports())), 3)
        self.assertGreaterEqual(self.started(), 4)

    def test_taken_again_and_again(self):
        job = self.srbench(2, *QUICK, AUTO, self.robbed(99),
                           f"--output={self.out}")
        self.assert_status(job, 1, completed=0, failed=1)
        self.assertEqual(self.started(), 4)
        self.assertIn("Address already in use", job.stderr)

    def test_one_that_was_named(self):
        """Is refused, or fails, with the way out in the sentence."""
        out = f"--output={self.out}"
        way = ("; end what listens there, choose another --db_port, or let "
               "srbench find free ones (--db_port=0)")
        self.hold(self.port)
        job = self.srbench(2, *QUICK, out)
        self.assert_status(job, 2, completed=0)
        self.assertIn(f"Address already in use{way}", job.stderr)
        job = self.srbench(2, *QUICK, f"--db_port={self.port + 1}",
                           self.robbed(1), out)
        self.assert_status(job, 1, completed=0, failed=1)
        self.assertEqual(self.started(), 1)
        self.assertIn(way[way.index("choose"):], job.stderr)

    def test_serve(self):
        self.hold(FIRST)
        address = self.dir / "address.yaml"
        job = self.start(1, "serve", f"--db_address={address}",
                         "--net_ifname=lo", *QUICK[:1], AUTO, self.robbed(1))
        job.wait_until(lambda: "SRBENCH_SERVING" in job.stdout, "serving")
        clients = self.srbench(1, "throughput_standard", *QUICK,
                               f"--db_address={address}",
                               f"--output={self.out}")
        self.assert_passed(clients, 1)
        self.assertEqual(self.started(), 2)
        for rank in job.ranks():
            os.kill(rank.pid, signal.SIGTERM)
        job.wait()


if __name__ == "__main__":
    main()
