# ctest: label=full
"""TLS to servers of somebody else: who they are is looked at, nothing else is
spoken, and what does not fit is told in a sentence, in time.
"""
import os
import re
import select
import shutil
import socket
import subprocess
import threading
import time
import unittest
from pathlib import Path

from srbtest import DATABASE, END, SRBENCH, RunTest, column, free_port, main

VERSION = subprocess.run([SRBENCH, "--version"], capture_output=True,
                         text=True, check=True, encoding="utf-8").stdout
TLS = re.search(r"^hiredis \S+ with TLS$", VERSION, re.M)
SERVER_TLS = shutil.which("openssl") and "--tls" in subprocess.run(
    ["redis-cli", "--help"], capture_output=True, text=True, encoding="utf-8").stdout
SMALL = ("--tensor_bytes=[4,65536]", "--iterations=3", "--client=hiredis")


class Authority:
    """A throw-away one, and what it signs: CA.pem, NAME.pem, NAME.key."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.openssl("req", "-x509", *self.key("CA"), "-subj", "/CN=CA",
                     "-days", "2", "-out", "CA.pem")

    def key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes", "-keyout", f"{name}.key")

    def openssl(self, *args):
        subprocess.run(["openssl", *args], cwd=self.folder, check=True,
                       capture_output=True)

    def sign(self, name, *names):
        (self.folder / "ext").write_text(
            f"subjectAltName={','.join(names)}\n" if names else "",
            encoding="utf-8")
        self.openssl("req", *self.key(name), "-subj", f"/CN={name}", "-out",
                     f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "CA.pem",
                     "-CAkey", "CA.key", "-CAcreateserial", "-days", "2",
                     "-extfile", "ext", "-out", f"{name}.pem")
        return self

    def __call__(self, file):
        return str(self.folder / file)


class Silent:
    """Between srbench and a server: lets so many connections through, then
    answers with `drip`, a byte in a while, or not at all."""

    def __init__(self, port, through=0, drip=b""):
        self.to, self.through, self.drip = port, through, drip
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        pairs, silent, dripped = {}, [], time.monotonic()
        while not self.ending.is_set():
            ready = select.select([self.listener, *pairs], [], [], 0.1)[0]
            for s in ready:
                if s is self.listener:
                    client = s.accept()[0]
                    if self.through:
                        self.through -= 1
                        there = socket.create_connection(("127.0.0.1", self.to))
                        pairs[client], pairs[there] = there, client
                    else:
                        silent.append(client)
                elif s in pairs:
                    self.forward(pairs, s)
            if self.drip and time.monotonic() - dripped > 0.5:
                dripped = time.monotonic()
                for client in silent:
                    try:
                        client.send(self.drip[:1])
                    except OSError:
                        pass
                self.drip = self.drip[1:]
        for s in (self.listener, *pairs, *silent):
            s.close()

    @staticmethod
    def forward(pairs, s):
        try:
            data = s.recv(1 << 20)
            pairs[s].sendall(data)
        except OSError:
            data = b""
        if not data:
            for end in (pairs.pop(s), s):
                pairs.pop(end, None)
                end.close()

    def stop(self):
        self.ending.set()
        self.thread.join()


class Refused(RunTest):
    """What is seen before anybody is asked."""

    def assert_refused(self, words, *args, client="hiredis"):
        job = self.srbench(1, "throughput_standard", "--tensor_bytes=4",
                           f"--client={client}", "--output=none", *args)
        self.assert_status(job, 2)
        self.assertIn(words, job.stderr)

    def test_options_that_do_not_fit(self):
        tls, plain = (f"--db_address={x}127.0.0.1:1" for x in ("rediss://", ""))
        self.assert_refused("--db_tls_ca: is for servers with TLS, expected "
                            "db_address: rediss://host:port", plain,
                            "--db_tls_ca=x")
        self.assert_refused("--db_tls_cert: is one of two", tls,
                            "--db_tls_cert=x")
        self.assert_refused("--db_tls_key: is one of two", tls,
                            "--db_tls_key=x")

    @unittest.skipIf(TLS, "this srbench has TLS")
    def test_built_without(self):
        self.assert_refused("asks for TLS, and hiredis",
                            "--db_address=rediss://127.0.0.1:1")
        self.assert_refused("build with a hiredis of 1.0 or newer with SSL "
                            "(Spack: hiredis+ssl)",
                            "--db_address=rediss://127.0.0.1:1")

    @unittest.skipUnless(TLS, "the hiredis of this srbench has no TLS")
    def test_built_with(self):
        at = "--db_address=rediss://127.0.0.1:1"
        self.assert_refused("which client: socket does not speak; give "
                            "--client=hiredis", at, client="[hiredis,socket]")
        self.assert_refused("found 'rediss://file', expected rediss://host",
                            "--db_address=rediss://file")
        self.assert_refused("db_tls_ca: cannot "
                            "read '/no/such': No such file", at,
                            "--db_tls_ca=/no/such")
        rubbish = self.dir / "rubbish"
        rubbish.write_text("rubbish\n", encoding="utf-8")
        self.assert_refused(f"db_tls_ca: '{rubbish}' is of no use", at,
                            f"--db_tls_ca={rubbish}")
        self.assert_refused(f"db_tls_cert: '{rubbish}' is of no use", at,
                            f"--db_tls_cert={rubbish}",
                            f"--db_tls_key={rubbish}")


@unittest.skipUnless(TLS, "the hiredis of this srbench has no TLS")
@unittest.skipUnless(SERVER_TLS, "no redis with TLS, or no openssl")
class Tls(RunTest):

    def setUp(self):
        super().setUp()
        self.ca = Authority(self.dir / "ca").sign("server", "IP:127.0.0.1")
        self.out = self.dir / "out.h5"

    def server(self, *args, cert="server", clients="no"):
        """One with TLS; its port."""
        port = free_port()
        process = subprocess.Popen(
            [DATABASE, "--port", "0", "--tls-port", str(port), "--bind",
             "127.0.0.1", "--save", "", "--dir", self.top, "--tls-ca-cert-file",
             self.ca("CA.pem"), "--tls-cert-file", self.ca(f"{cert}.pem"),
             "--tls-key-file", self.ca(f"{cert}.key"), "--tls-auth-clients",
             clients, *args], stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        deadline = time.monotonic() + END
        while not re.search("PONG|NOAUTH", self.ask(port, "PING")):
            self.assertLess(time.monotonic(), deadline, "no server")
            time.sleep(0.02)
        return port

    def ask(self, port, *words):
        return subprocess.run(
            ["redis-cli", "-p", str(port), "--tls", "--cacert",
             self.ca("CA.pem"), "--cert", self.ca("server.pem"), "--key",
             self.ca("server.key"), *words],
            capture_output=True, text=True, timeout=300, encoding="utf-8").stdout

    def measure(self, *ports, args=(), ca="CA.pem"):
        at = ",".join(f"127.0.0.1:{p}" for p in ports)
        return self.srbench(2, "throughput_standard", *SMALL,
                            f"--db_address=rediss://{at}", "--overwrite",
                            f"--db_tls_ca={self.ca(ca)}",
                            f"--output={self.out}", *args)

    def assert_refused(self, words, *ports, **how):
        job = self.measure(*ports, **how)
        self.assert_status(job, 2)
        self.assertRegex(job.stderr, words)

    def test_it_is_spoken(self):
        """To several servers that ask for a password, and recorded."""
        ports = [self.server("--requirepass", "SesaMe") for _ in range(2)]
        secret = self.dir / "secret"
        secret.write_text("SesaMe\n", encoding="utf-8")
        secret.chmod(0o600)
        auth = f"--db_auth={secret}"
        job = self.measure(*ports, args=(auth, "--keys=balanced",
                                         "--verify=all"))
        self.assert_passed(job, permutations=2)
        f = self.assert_whole(self.out, permutations=2)
        self.assertEqual(f.attrs["tls"], 1)
        self.assertEqual(list(f["perm_0001"]["shard_clients"]), [1, 1])
        secret.write_text("wrong\n", encoding="utf-8")
        self.assert_refused("AUTH: the server says: WRONGPASS", *ports,
                            args=(auth,))

    def test_steps(self):
        """Several tensors go back to back through TLS, which takes more from
        the socket than it hands on; steps go, and rates are kept and found."""
        port = self.server()
        for args, permutations in (
                (("--tensors=3", "--pipelined=[true,false]", "--history=[2,all]",
                  "--retire=[overwrite,delete]", "--warmup=1"), 6 * 2),
                (("--tensors=16", "--pipelined=true", "--tensor_bytes=4MB",
                  "--iterations=2"), 1),
                (("--compute=1ms", "--iterations=10"), 2),
                (("--rate=[200,search]", "--duration=250ms",
                  "--tensors=[1,2]", "--pipelined=true",
                  "--sustain={step_response_median: < 50ms}"), 2 * 2 * 2)):
            with self.subTest(args=args):
                small = [a for a in SMALL if not any(
                    a.split("=")[0] == b.split("=")[0] for b in args)]
                if any("rate" in a for a in args):
                    small = [a for a in small if "iterations" not in a]
                job = self.srbench(
                    2, "throughput_standard", *small, "--verify=all",
                    f"--db_address=rediss://127.0.0.1:{port}", "--overwrite",
                    f"--db_tls_ca={self.ca('CA.pem')}",
                    f"--output={self.out}", *args)
                self.assert_passed(job, permutations=permutations)
        self.assertEqual(self.ask(port, "DBSIZE").strip(), "0")

    def assert_read(self, job, steps, permutations):
        """Every step by its reader, and nothing stays there."""
        self.assert_passed(job, permutations=permutations)
        f = self.open(self.out)
        self.assertEqual(column(f["summary"], "missed"), [0] * permutations)
        for i in range(permutations):
            g = self.perm(i, f)
            self.assertEqual(int((g["get_step"][...] >= 0).sum()), steps)
            ages = g["delivery"][...]
            self.assertTrue((ages[ages == ages] > 0).all())

    def test_writers_and_readers(self):
        """They poll, have the server tell them, and share lists, as without
        TLS."""
        port = self.server()
        for args, permutations in (
                (("--pattern=exchange", "--wait=[1ms,block]",
                  "--control_bytes=4", "--tensors=[1,2]"), 2 * 2 * 2),
                (("--pattern=aggregate", "--tensors=2",
                  "--pipelined=[true,false]"), 2 * 2)):
            with self.subTest(args=args):
                job = self.measure(port, args=(
                    "--readers_per_node=1", "--verify=all", *args))
                self.assert_read(job, 3, permutations)
        self.assertEqual(self.ask(port, "DBSIZE").strip(), "0")

    def test_files_are_read_once(self):
        """By one rank: a second reader of a FIFO would wait for ever, or find
        nothing."""
        port = self.server(clients="yes")
        self.ca.sign("me")
        args = []
        for option, name in (("ca", "CA.pem"), ("cert", "me.pem"),
                             ("key", "me.key")):
            path = self.dir / f"{option}.fifo"
            os.mkfifo(path)
            args.append(f"--db_tls_{option}={path}")
            threading.Thread(target=path.write_bytes, daemon=True, args=(
                Path(self.ca(name)).read_bytes(),)).start()
        job = self.srbench(2, "throughput_standard", *SMALL, *args,
                           f"--db_address=rediss://127.0.0.1:{port}",
                           f"--output={self.out}")
        self.assert_passed(job, permutations=2)
        job = self.srbench(2, "throughput_standard", *SMALL, "--output=none",
                           f"--db_address=rediss://127.0.0.1:{port}",
                           "--db_tls_ca=/dev/null")
        self.assert_status(job, 2)
        self.assertIn("'/dev/null' is empty and no regular file", job.stderr)

    def test_a_cluster(self):
        args = ("--cluster-enabled", "yes", "--tls-cluster", "yes",
                "--tls-replication", "yes")
        ports = []
        for k in range(2):
            folder = self.top / str(k)
            folder.mkdir()
            ports.append(self.server(*args, "--dir", folder))
        for port, slots in zip(ports, (("0", "8000"), ("8001", "16383"))):
            self.ask(port, "CLUSTER", "ADDSLOTSRANGE", *slots)
            self.ask(port, "CLUSTER", "MEET", "127.0.0.1", str(ports[0]))
        deadline = time.monotonic() + END
        while any("cluster_state:ok" not in self.ask(p, "CLUSTER", "INFO")
                  for p in ports):
            self.assertLess(time.monotonic(), deadline, "no cluster")
            time.sleep(0.05)
        self.assert_passed(self.measure(ports[1], args=("--keys=balanced",)),
                           permutations=2)
        self.assertEqual(column(self.perm(),
                                "shard_address"),
                         [f"127.0.0.1:{p}" for p in ports])
        job = self.srbench(
            3, "throughput_standard", *SMALL, "--keys=balanced",
            f"--db_address=rediss://127.0.0.1:{ports[1]}", "--overwrite",
            f"--db_tls_ca={self.ca('CA.pem')}", f"--output={self.out}",
            "--pattern=exchange", "--wait=[1ms,block]", "--verify=all")
        self.assert_read(job, 2 * 3, 2 * 2)

    def test_who_the_server_is(self):
        other = Authority(self.dir / "other")
        port = self.server()
        self.assert_refused("certificate is not trusted: .*; give the authority "
                            "that signed it, --db_tls_ca=FILE", port,
                            ca=other("CA.pem"))
        self.ca.sign("named", "DNS:db.example")
        named = self.server(cert="named")
        self.assert_refused("certificate is not for '127.0.0.1'; give the name "
                            "that it is for, --db_tls_name=NAME", named)
        self.assert_refused("certificate is not for 'x.example'", named,
                            args=("--db_tls_name=x.example",))
        self.assert_passed(self.measure(named,
                                        args=("--db_tls_name=db.example",)),
                           permutations=2)

    def test_who_we_are(self):
        port = self.server(clients="yes")
        self.ca.sign("me")
        self.assert_refused("certificate required", port)
        other = Authority(self.dir / "other").sign("me")
        mine = [f"--db_tls_cert={self.ca('me.pem')}",
                f"--db_tls_key={self.ca('me.key')}"]
        self.assert_passed(self.measure(port, args=mine), permutations=2)
        self.assert_refused("db_tls_key: .* is of no use", port,
                            args=(mine[0], f"--db_tls_key={other('me.key')}"))
        self.assert_refused("unknown ca|decrypt error|handshake failure", port,
                            args=(f"--db_tls_cert={other('me.pem')}",
                                  f"--db_tls_key={other('me.key')}"))

    def test_what_speaks_no_tls(self):
        plain = free_port()
        port = self.server("--port", str(plain))
        self.assert_refused("does not speak TLS|no handshake within 5 s; is "
                            "this a port with TLS", plain)
        for drip in (b"", b"\x16\x03\x03\x40\x00" + b"\x02" * 1000):
            with self.subTest(drip=drip[:5]):
                silent = Silent(port, drip=drip)
                self.addCleanup(silent.stop)
                self.assert_refused("no handshake within 5 s", silent.port)

    def test_a_client_is_kept_waiting(self):
        """Five connections are of rank 0, which asks and takes care of the server;
        then come the clients."""
        for drip in (b"", b"\x16\x03\x03\x40\x00" + b"\x02" * 1000):
            with self.subTest(drip=drip[:5]):
                silent = Silent(self.server(), through=5, drip=drip)
                self.addCleanup(silent.stop)
                job = self.measure(silent.port, args=(
                    "--op_timeout=1s", "--db_timeout=3s"))
                self.assert_status(job, 1, completed=0)
                self.assertIn(f"cannot connect to 127.0.0.1:{silent.port}: TLS: "
                              "no handshake within 1 s", job.stderr)


if __name__ == "__main__":
    main()
