"""Databases that another job runs: srbench serve and its file, servers of
somebody else, and the parts of a job that was started in several.
"""
# ctest: label=fast long
import os
import signal
import socket
import subprocess
import threading
import time

from srbtest import (END, SERVER, SERVER_VERSION, SRBENCH, Job, RunTest, column,
                     free_port, main, text)
from theirserver import Redis

SMALL = ("--tensor_bytes=[4096,65536]", "--iterations=5")
VIRTUAL = ("--virtual_nodes=2", "--db_nodes=2", "--net_ifname=lo")


class Serve(RunTest):

    def setUp(self):
        super().setUp()
        self.address = self.dir / "address.yaml"
        self.out = self.dir / "out.h5"

    def serve(self, *args, ranks=2):
        job = self.start(ranks, "serve", f"--db_address={self.address}", *args)
        job.wait_until(lambda: "SRBENCH_SERVING" in job.stdout, "serving")
        return job

    def measure(self, *args, ranks=2, **how):
        return self.srbench(ranks, "throughput_standard", *SMALL,
                            f"--output={self.out}", *args, **how)

    def end(self, job, status=128 + signal.SIGTERM):
        for rank in job.ranks():
            os.kill(rank.pid, signal.SIGTERM)
        job.wait()
        self.assertEqual(job.returncode, status, job.describe())
        self.assertFalse(self.address.exists())

    def theirs(self, n=1):
        found = []
        for _ in range(n):
            found.append(Redis(self.top, free_port()))
            self.addCleanup(found[-1].stop)
        return found

    # --- srbench serve ---------------------------------------------------------

    def test_a_cluster_for_another_job(self):
        job = self.serve(*VIRTUAL, "--tensor_bytes=65536")
        self.assertIn(f"SRBENCH_SERVING shards=2 file={self.address}",
                      job.stdout)
        self.assertEqual(self.address.stat().st_mode & 0o777, 0o600)
        clients = self.measure(f"--db_address={self.address}",
                               "--keys=[smartsim,balanced]")
        self.assert_passed(clients, permutations=4)
        f = self.assert_whole(self.out, permutations=4)
        g = f["perm_0003"]
        self.assertEqual(column(g, "shard_address"),
                         [f"127.0.0.1:{self.port + k}" for k in range(2)])
        self.assertEqual(list(g["shard_clients"]), [1, 1])
        self.assertNotIn("", column(g, "shard_cpus"))
        for name, value in {"db_nodes": 2, "db_shards_per_node": 1,
                            "db_cluster": 1, "db_cpus": 1}.items():
            self.assertEqual(g.attrs[name], value, name)
            self.assertEqual(f["summary"][name][3], value, name)
        self.assertIn("-N1-T2-DBN2-DBCPU1-", text(g.attrs["name"]))
        self.assertEqual(text(g.attrs["server"]),
                         f"{SERVER} {SERVER_VERSION}")
        self.assertIn("cluster-enabled yes", text(g.attrs["db_config"]))
        # larger than what the servers were made for
        big = self.srbench(2, "throughput_standard", "--tensor_bytes=65540",
                           f"--db_address={self.address}")
        self.assert_status(big, 2)
        self.assertIn("tensor_bytes: 65540 is more than the databases that run "
                      "take (65536)", big.stderr)
        # the same servers, as if they were somebody else's
        other = self.measure(f"--db_address=127.0.0.1:{self.port + 1}")
        self.assert_status(other, 2)
        self.assertIn("NOAUTH Authentication required.; give its password in a "
                      "file, --db_auth=FILE", other.stderr)
        self.end(job)

    def test_what_servers_are_told(self):
        """What an allocator did not take is said where it is known, and what it
        took is in the clients' file."""
        job = self.serve("--net_ifname=lo", "--db_args={hz: 33}",
                         "--db_env={MALLOC_CONF: 'dirty_decay_ms:777', "
                         "JE_MALLOC_CONF: 'dirty_decay_ms:777,no_such:1'}", ranks=1)
        self.assertIn("an allocator did not take what db_env says", job.stderr)
        self.assertIn("no_such:1", job.stderr)
        self.assert_passed(self.measure(f"--db_address={self.address}"), 2)
        found = self.perm().attrs
        self.assertEqual(text(found["db_args"]), "{hz: 33}")
        self.assertIn("dirty_decay_ms:777,no_such:1", text(found["db_env"]))
        config = text(found["db_config"])
        self.assertIn("\nhz 33\n", config)
        if "\nmem_allocator jemalloc" in config:
            self.assertIn("\nopt.dirty_decay_ms 777\n", config)
        self.end(job)

    def test_a_server_that_ends(self):
        job = self.serve("--net_ifname=lo", ranks=1)
        os.kill(job.servers()[0].pid, signal.SIGKILL)
        job.wait()
        self.assertEqual(job.returncode, 1, job.describe())
        self.assertIn("killed by signal 9", job.stderr)
        self.assertFalse(self.address.exists())

    def test_the_lifeline(self):
        with socket.create_server(("127.0.0.1", 0)) as ours:
            at = f"127.0.0.1:{ours.getsockname()[1]}"
            job = self.serve("--net_ifname=lo", f"--lifeline={at}", ranks=1)
            held, _ = ours.accept()
            # as long as it is held it serves whoever comes
            self.assert_passed(self.measure(f"--db_address={self.address}"), 2)
            self.assertIsNone(job.process.poll(), job.describe())
            held.close()
            job.wait()
        self.assertEqual(job.returncode, 0, job.describe())
        self.assertIn("the clients' job has ended", job.stderr)
        self.assertFalse(self.address.exists())
        # nobody there: it does not even begin
        late = self.srbench(1, "serve", f"--db_address={self.address}",
                            "--net_ifname=lo", f"--lifeline={at}")
        self.assert_status(late, 2)
        self.assertIn("the job of the clients is not there", late.stderr)

    def test_clients_come_first(self):
        """They wait for the file."""
        clients = self.start(2, "throughput_standard", *SMALL,
                             f"--db_address={self.address}",
                             f"--output={self.out}")
        clients.wait_until(lambda: "waiting for" in clients.stderr, "waiting")
        job = self.serve("--net_ifname=lo", ranks=1)
        self.assert_passed(clients.wait(), permutations=2)
        self.end(job)

    def test_refused(self):
        address = f"--db_address={self.address}"
        for args, words in (
                (["serve"], "serve: found no db_address"),
                (["serve", "--db_address=node1:6780"],
                 "db_address: 'node1:6780' names a server"),
                (["serve", "--db_address=rediss://node1:6780"],
                 "db_address: 'rediss://node1:6780' names a server"),
                (["serve", address, "--db_cpus=[1,2]", "--net_ifname=lo"],
                 "runs one database set-up, and the options name 2"),
                (["serve", address, "--run_db_as_batch"],
                 "is for the job with the clients"),
                (["serve", address, "--experiment=throughput_colocated"],
                 "expected throughput_standard"),
                (["throughput_standard", address, "--db_cpus=4"],
                 "--db_cpus: is nothing to databases that run already"),
                (["throughput_colocated", address],
                 "only throughput_standard and inference_standard have it"),
                (["throughput_standard", address, "--db_timeout=1s"],
                 f"there is no file '{self.address}' after 1 s (db_timeout)"),
                (["throughput_standard", "--db_address=127.0.0.1:1"],
                 "db_address: 127.0.0.1:1: cannot connect"),
                (["throughput_standard", "--db_address=no-such-host.:6780"],
                 "db_address: 'no-such-host.' is no host"),
                (["throughput_standard", "--lifeline=127.0.0.1:1"],
                 "--lifeline: is for srbench serve"),
                (["throughput_standard", "--batch_args={exclusive: null}",
                  "--run_db_as_batch=false"],
                 "does nothing without run_db_as_batch"),
                (["throughput_colocated", "--node_feature={C: V100}"],
                 "features of nodes are known to Slurm alone"),
                (["throughput_standard", "--run_db_as_batch"],
                 "a job can be submitted to Slurm and PBS"),
        ):
            with self.subTest(" ".join(args)):
                job = self.srbench(1, *args)
                self.assert_status(job, 2)
                self.assertIn(words, job.stderr)

    def test_a_file_that_is_there(self):
        self.address.write_text("roster: 3\n", encoding="utf-8")
        job = self.srbench(1, "serve", f"--db_address={self.address}",
                           "--net_ifname=lo")
        self.assertEqual(job.returncode, 1, job.describe())
        self.assertIn(f"there is a file '{self.address}'", job.stderr)
        self.assertEqual(self.address.read_text(encoding="utf-8"), "roster: 3\n")
        clients = self.measure(f"--db_address={self.address}", ranks=1)
        self.assert_status(clients, 2)
        self.assertIn("found no 'addresses', expected a file that srbench "
                      "serve wrote", clients.stderr)

    # --- servers of somebody else ------------------------------------------------

    def test_their_data_stays(self):
        server = self.theirs()[0]
        job = self.measure(f"--db_address=localhost:{server.port}",
                           "--verify=all")
        self.assert_passed(job, permutations=2)
        f = self.assert_whole(self.out, permutations=2)
        self.assertEqual(server.ask("GET", "theirs"), "$1\r\n1\r\n")
        self.assertEqual(server.ask("DBSIZE"), ":1\r\n")
        g = f["perm_0001"]
        self.assertEqual(column(g, "shard_address"),
                         [f"127.0.0.1:{server.port}"])
        self.assertEqual(text(g.attrs["server"]), f"{SERVER} {SERVER_VERSION}")
        self.assertEqual(g.attrs["db_cpus"], -1)
        self.assertGreaterEqual(g["shard_cpu_time"][0], 0)

    def test_a_name_with_both_families(self):
        """It is said which was taken."""
        hosts = self.dir / "hosts"
        hosts.write_text("127.0.0.1 twice\n::1 twice\n", encoding="utf-8")
        over = ("unshare", "--mount", "sh", "-c",
                f'mount --bind {hosts} /etc/hosts; exec "$@"', "sh")
        if subprocess.run([*over, "grep", "-q", "twice", "/etc/hosts"],
                          stderr=subprocess.DEVNULL).returncode:
            self.skipTest("no mount namespaces here")
        server = Redis(self.top, free_port(), "--bind", "127.0.0.1", "::1")
        self.addCleanup(server.stop)
        job = self.measure(f"--db_address=twice:{server.port}", wrapper=over)
        self.assert_passed(job, 2)
        at = column(self.perm(), "shard_address")[0]
        self.assertIn("note: db_address: 'twice' has addresses of IPv4 and of "
                      f"IPv6; {at.rsplit(':', 1)[0].strip('[]')} is taken\n",
                      job.stderr)

    def test_two_addresses_of_one_server(self):
        server = Redis(self.top, free_port(), "--bind", "127.0.0.1",
                       "127.0.0.2")
        self.addCleanup(server.stop)
        for other in ("127.0.0.2", "[::ffff:127.0.0.1]"):
            at = f"127.0.0.1:{server.port},{other}:{server.port}"
            job = self.measure(f"--db_address={at}")
            self.assert_status(job, 2)
            self.assertIn("are the same server, by its own word (run_id), "
                          "expected every server once", job.stderr)

    def test_several_of_theirs(self):
        servers = self.theirs(2)
        at = ",".join(f"127.0.0.1:{s.port}" for s in servers)
        job = self.measure(f"--db_address={at}", "--keys=balanced",
                           "--verify=all")
        self.assert_passed(job, permutations=2)
        g = self.perm()
        self.assertEqual(list(g["shard_clients"]), [1, 1])
        self.assertEqual(list(g["shard_commands"]), [12, 12])
        self.assertEqual(g.attrs["db_cluster"], 0)
        for server in servers:
            self.assertEqual(server.ask("DBSIZE"), ":1\r\n")

    def cluster(self, *slots, replica=False):
        """A cluster of theirs, of masters with these slots; with a replica of
        the first as the last server."""
        servers = []
        for k in range(len(slots) + replica):
            folder = self.top / str(k)
            folder.mkdir()
            servers.append(Redis(folder, free_port(), "--cluster-enabled",
                                 "yes", "--cluster-node-timeout", "2000",
                                 "--repl-diskless-sync-delay", "0"))
            self.addCleanup(servers[-1].stop)
        for server, some in zip(servers, slots):
            self.assertIn("OK", server.ask("CLUSTER", "ADDSLOTS",
                                           *map(str, some)))
        for server in servers:
            server.ask("CLUSTER", "MEET", "127.0.0.1", str(servers[0].port))
        masters = servers[:len(slots)]
        self.wait_for(lambda: all("cluster_state:ok" in s.ask("CLUSTER", "INFO")
                                  for s in masters))
        if replica:
            first = servers[0].ask("CLUSTER", "MYID").split()[1]
            self.wait_for(lambda: "OK" in servers[-1].ask(
                "CLUSTER", "REPLICATE", first))
            self.wait_for(lambda: "master_link_status:up" in servers[-1].ask(
                "INFO", "replication"))
        return servers

    def wait_for(self, condition):
        deadline = time.monotonic() + END
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it did not come")
            time.sleep(0.05)

    def test_a_cluster_of_theirs(self):
        """All of it is found by one of it, the first that answers."""
        servers = self.cluster(range(10000), range(10000, 16384))
        alive = f"127.0.0.1:{servers[1].port}"
        for at in (alive, f"127.0.0.1:{free_port()},{alive}",
                   f"no-such-host:1,{alive}"):
            with self.subTest(at=at):
                job = self.measure(f"--db_address={at}", "--keys=balanced",
                                   "--verify=all", "--overwrite")
                self.assert_passed(job, permutations=2)
                with self.open(self.out) as f:
                    g = f["perm_0000"]
                    self.assertEqual(column(g, "shard_address"),
                                     [f"127.0.0.1:{s.port}" for s in servers])
                    self.assertEqual(list(g["shard_clients"]), [1, 1])

    def test_a_cluster_that_is_not_well(self):
        """Slots on their way, though the server that is asked has none of them;
        a shard that is down."""
        servers = self.cluster(range(10000), range(10000, 16384))
        first, second = (f"127.0.0.1:{s.port}" for s in servers)
        other = servers[0].ask("CLUSTER", "MYID").split()[1]
        self.assertIn("OK", servers[1].ask("CLUSTER", "SETSLOT", "3",
                                           "IMPORTING", other))
        job = self.measure(f"--db_address={first}")
        self.assert_status(job, 2)
        self.assertIn(f"is being resharded ({second} says so)", job.stderr)
        servers[1].ask("CLUSTER", "SETSLOT", "3", "STABLE")
        servers[1].stop()
        job = self.measure(f"--db_address={first}")
        self.assert_status(job, 2)
        self.assertIn(second, job.stderr)

    def test_a_failover_of_theirs(self):
        """The permutation that meets it may fail; the later ones go where the
        cluster is."""
        servers = self.cluster(range(16384), replica=True)
        replica = servers[-1]
        gate = self.gate(2)
        job = self.start(2, "throughput_standard", "--iterations=20",
                         "--tensor_bytes=[4,8,12,16]", "--op_timeout=1h",
                         f"--db_address=127.0.0.1:{servers[0].port}",
                         f"--output={self.out}", gate=gate)
        job.wait_until(lambda: gate.holds(job), "clients to be ready")
        self.assertIn("OK", replica.ask("CLUSTER", "FAILOVER",
                                          "TAKEOVER"))
        self.wait_for(lambda: "role:master" in replica.ask("INFO",
                                                           "replication"))
        gate.open()
        job.wait()
        status = self.statuses()
        self.assertEqual(status[2:], ["completed"] * 2, job.describe())
        self.assertIn(str(replica.port), column(
            self.perm(3), "shard_address")[0])

    def test_rights_of_theirs(self):
        """What a study needs is tried before it begins."""
        server = self.theirs()[0]
        secret = self.dir / "secret"
        secret.write_text("me OpenIt\n", encoding="utf-8")
        secret.chmod(0o600)
        needed = {"ping", "info", "set", "get", "del"}
        for lacks in ("set", "get", "del"):
            with self.subTest(lacks=lacks):
                server.ask("ACL", "SETUSER", "me", "reset", "on", ">OpenIt",
                           "~srbench:*", *(f"+{x}" for x in needed - {lacks}))
                job = self.measure(f"--db_address=127.0.0.1:{server.port}",
                                   f"--db_auth={secret}")
                self.assert_status(job, 2)
                self.assertIn(f"a study needs {lacks.upper()} of every server",
                              job.stderr)
                self.assertIn("NOPERM", job.stderr)
        server.ask("ACL", "SETUSER", "me", "reset", "on", ">OpenIt",
                   "~srbench:*", *(f"+{x}" for x in needed))
        server.ask("SET", "theirs", "1")
        job = self.measure(f"--db_address=127.0.0.1:{server.port}",
                           f"--db_auth={secret}", "--flush")
        self.assert_status(job, 2)
        self.assertIn("a study needs FLUSHALL of every server", job.stderr)
        # how that was asked empties nothing where it is allowed
        self.assertIn("syntax", server.ask("FLUSHALL", "SYNC", "not"))
        self.assertEqual(server.ask("GET", "theirs"), "$1\r\n1\r\n")

    def test_keys_that_stay(self):
        """One server takes no DEL any more: keys of the other go all the same,
        and those that are left are told."""
        servers = self.theirs(2)
        at = ",".join(f"127.0.0.1:{s.port}" for s in servers)
        gate = self.gate(2)
        job = self.start(2, "throughput_standard", "--tensor_bytes=4096",
                         "--iterations=20", f"--db_address={at}",
                         "--keys=balanced", "--op_timeout=1h",
                         f"--output={self.out}", gate=gate)
        # what it may do was tried before
        job.wait_until(lambda: gate.holds(job), "clients to be ready")
        servers[0].ask("ACL", "SETUSER", "default", "-del")
        gate.open()
        job.wait()
        self.assert_status(job, 0, completed=1)
        self.assertRegex(
            job.stderr, "keys of this run may have been left: 1 of 2 keys, the "
            rf"first is 'srbench:.*127\.0\.0\.1:{servers[0].port}.*NOPERM")
        self.assertEqual(servers[0].ask("DBSIZE"), ":2\r\n")
        self.assertEqual(servers[1].ask("DBSIZE"), ":1\r\n")

    def test_their_password(self):
        """From a file or the environment, of a user or of nobody in
        particular; `flush` empties."""
        server = self.theirs()[0]
        server.ask("CONFIG", "SET", "requirepass", "SesaMe")
        server.login = ("SesaMe",)
        server.ask("ACL", "SETUSER", "me", "on", ">OpenIt", "~srbench:*", "+set",
                   "+get", "+ping", "+info", "+del")
        secret = self.dir / "secret"
        at = f"--db_address=127.0.0.1:{server.port}"
        for file, variable, args in ((None, "SesaMe", ()),
                                     ("SesaMe\n", None, ()),
                                     ("me OpenIt\n", "wrong", ()),
                                     ("SesaMe", None, ("--flush",))):
            with self.subTest(file=file, variable=variable, args=args):
                self.assertEqual(server.ask("DBSIZE"), ":1\r\n")
                if file:
                    secret.write_text(file, encoding="utf-8")
                    secret.chmod(0o600)
                    args = (*args, f"--db_auth={secret}")
                job = self.measure(at, "--overwrite", *args, env={
                    "SRBENCH_DB_AUTH": variable} if variable else None)
                self.assert_passed(job, permutations=2)
                for word in ("SesaMe", "OpenIt"):
                    self.assertNotIn(word, job.stdout + job.stderr)
                    self.assertNotIn(word.encode(), self.out.read_bytes())
        self.assertEqual(server.ask("DBSIZE"), ":0\r\n")
        # and what does not get in
        secret.write_text("me WrongOne\n", encoding="utf-8")
        secret.chmod(0o640)
        auth = f"--db_auth={secret}"
        for mode, args, words in (
                (0o640, (at, auth), f"others than its owner may use '{secret}'"),
                (0o600, (at, auth), "AUTH as me: the server says: WRONGPASS"),
                (0o600, (at,), "NOAUTH Authentication required.; give its "
                               "password in a file, --db_auth=FILE"),
                (0o600, ("--db_address=file", auth), "db_auth: the file of "
                 "srbench serve has its databases' passwords"),
                (0o600, ("--db_address=file", "--flush"), "flush: the databases "
                 "of srbench serve are emptied anyway"),
                (0o600, ("--db_address=rediss://127.0.0.1:1",),
                 "asks for TLS")):
            with self.subTest(words):
                secret.chmod(mode)
                job = self.srbench(1, "throughput_standard", *args)
                self.assert_status(job, 2)
                self.assertIn(words, job.stderr)
                self.assertNotIn("WrongOne", job.stdout + job.stderr)

    def fifo(self, name, text):
        """One that is written once: a second reader would wait for ever."""
        path = self.dir / name
        os.mkfifo(path, 0o600)
        threading.Thread(target=path.write_text, args=(text, "utf-8"),
                         daemon=True).start()
        return path

    def test_files_are_read_once(self):
        """By one rank, also where a set-up asks the servers anew: the file of
        srbench serve, a password."""
        job = self.serve("--net_ifname=lo", "--tensor_bytes=65536", ranks=1)
        served = self.fifo("served", self.address.read_text("utf-8"))
        self.assert_passed(self.measure(f"--db_address={served}",
                                        "--keys=[smartsim,balanced]"), 4)
        self.end(job)
        server = self.theirs()[0]
        server.ask("CONFIG", "SET", "requirepass", "SesaMe")
        server.login = ("SesaMe",)
        secret = self.fifo("secret", "SesaMe\n")
        at = f"--db_address=127.0.0.1:{server.port}"
        self.assert_passed(self.measure(
            at, f"--db_auth={secret}", "--keys=[smartsim,balanced]",
            "--overwrite"), 4)
        # bash's <(...): of a process alone, as a launcher hands no pipe on
        shell = ("bash", "-c", 'exec "$@" --db_auth=<(echo SesaMe)', "bash")
        self.assert_passed(self.srbench(
            0, "throughput_standard", *SMALL, at, "--output=none",
            wrapper=shell), 2)

    def test_one_of_theirs_goes(self):
        """The permutation fails, in words; what was measured is kept."""
        server = self.theirs()[0]
        job = self.start(2, "throughput_standard", "--tensor_bytes=4096",
                         "--duration=1h",
                         f"--db_address=127.0.0.1:{server.port}",
                         f"--output={self.out}", loops=True)
        job.wait_in_loop()
        server.stop()
        job.wait()
        self.assert_status(job, 1, completed=0, failed=1)
        g = self.perm()
        self.assertIn(f"127.0.0.1:{server.port}", text(g.attrs["error"]))


class Roles(RunTest):
    """A job that was started in several parts."""

    def parts(self, first, second, *args):
        """Two ranks of the first role and two of the second."""
        job = self.start(2, f"--role={first}", "throughput_standard", *SMALL,
                         *args, f"--output={self.dir}/roles.h5",
                         f"--db_port={self.port}", ":", "-n", "2",
                         os.environ.get("SRBENCH", ""), f"--role={second}")
        return job.wait()

    def test_databases_in_their_part(self):
        for first, second, at in (("db", "client", 1), ("client", "db", 0)):
            with self.subTest(first):
                job = self.parts(first, second, "--overwrite")
                self.assert_passed(job, permutations=2)
                f = self.assert_whole(self.dir / "roles.h5", permutations=2)
                self.assertEqual(f.attrs["nodes"], 2)
                self.assertEqual(set(f["perm_0000"]["client_node"]), {at})
                self.assertEqual(list(f["perm_0000"]["client_rank"]),
                                 [2 * at, 2 * at + 1])
                f.close()

    def test_no_database_part(self):
        job = self.parts("client", "client")
        self.assert_status(job, 2)
        self.assertIn("by roles, features and db_hosts 1 may run clients, and "
                      "0 databases", job.stderr)

    def test_a_role_that_is_none(self):
        job = self.parts("client", "dbs")
        self.assert_status(job, 2)
        self.assertIn("part 2 of the job", job.stderr)
        self.assertIn("--role: found 'dbs', expected auto, db or client",
                      job.stderr)

    def test_what_parts_say(self):
        """The same or nothing; the part and the option are named."""
        first = ("--db_exe=null", "--client=null", "--output=none",
                 "--iterations=2", "--tensor_bytes=4", ":", "-n", "1",
                 os.environ.get("SRBENCH", ""))
        for second, words in (
                ("--nonsense=1", "--nonsense: unknown option"),
                ("--iterations=9999",
                 "--iterations: found 9999, but the first part"),
                ("--config=x.yaml", "--config: found 'x.yaml', but the first")):
            with self.subTest(second):
                job = self.start(2, *first, second).wait()
                self.assert_status(job, 2)
                self.assertIn("part 2 of the job", job.stderr)
                self.assertIn(words, job.stderr)
        job = self.start(2, *first, "--iterations=2").wait()
        self.assert_passed(job, permutations=1)

    def test_requests_of_parts(self):
        """What needs no machine is compared like all else, where a launcher
        started several: who left without the others would have them wait in
        MPI_Init() for ever."""
        nulls = ("--db_exe=null", "--client=null", "--output=none",
                 "--iterations=2", "--tensor_bytes=4")
        (self.dir / "x.yaml").write_text("iterations: 3\n", "utf-8")
        plan = ("--dry_run", "--machine=2x2")
        for first, second, words in (
                (("--help",), ("--config=x.yaml",), "--config: found 'x.yaml'"),
                (("--help",), ("--version",), "found --version, which"),
                (("--version",), nulls, "--db_exe: found null, but the first"),
                (nulls, ("--help",), "found --help, which the first part"),
                (nulls, ("-h",), "found --help, which the first part"),
                (nulls, ("--version",), "found --version, which the first"),
                (nulls, ("--show_config",), "found --show_config, which"),
                (nulls, plan, "found --dry_run, which the first part"),
                ((*nulls, *plan), ("--iterations=9",),
                 "--iterations: found 9, but the first part")):
            with self.subTest(first=first, second=second):
                job = self.both(first, second)
                self.assert_status(job, 2)
                self.assertIn("part 2 of the job", job.stderr)
                self.assertIn(words, job.stderr)
        for first in (("--help",), ("--help", "--nonsense"), ("--version",),
                      (*nulls, "--show_config"), (*nulls, *plan)):
            for second in (), first:
                with self.subTest(first=first, second=second):
                    self.assertEqual(self.both(first, second).stdout,
                                     self.alone(first))

    def both(self, first, second):
        """Parts of one rank and of two."""
        job = Job(1, *first, ":", "-n", "2", SRBENCH, *second,
                  tmpdir=self.tmpdir, cwd=self.dir)
        self.jobs.append(job)
        return job.wait()

    def alone(self, args):
        return subprocess.run([SRBENCH, *args], cwd=self.dir, check=True,
                              encoding="utf-8", stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    main()
