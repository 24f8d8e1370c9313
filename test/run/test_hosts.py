"""Several hosts on one machine: network namespaces with host names, addresses
and interfaces of their own on a bridge. MPI stays in shared memory (MPICH is
told that every two ranks are a node); what srbench itself sends crosses hosts.
"""
# ctest: label=fast timeout=120
import os
import subprocess
import unittest

import h5py

from srbtest import RunTest, main, text

HOSTS = 4
PER_HOST = 2
NET = f"10.{100 + os.getpid() // 256 % 100}.{os.getpid() % 256}"
BRIDGE = f"srb{os.getpid() % 100000}"
CLIQUES = {"MPIR_CVAR_NUM_CLIQUES": str(HOSTS),
           "MPIR_CVAR_CLIQUES_BY_BLOCK": "1"}
ENTER = """#!/bin/bash
# run a rank on its host: its network and host name, nothing else
name={bridge}-$((PMI_RANK / {per_host}))
exec nsenter --net="/run/netns/$name" unshare --uts \\
    bash -c 'hostname "$0"; exec "$@"' "$name" "$@"
"""


def ip(*words):
    return subprocess.run(["ip", *words], check=True, capture_output=True)


def host(k):
    return f"{BRIDGE}-{k}"


def take_down():
    for k in range(HOSTS):
        subprocess.run(["ip", "netns", "del", host(k)], capture_output=True)
    subprocess.run(["ip", "link", "del", BRIDGE], capture_output=True)


def set_up():
    ip("link", "add", BRIDGE, "type", "bridge")
    ip("link", "set", BRIDGE, "up")
    for k in range(HOSTS):
        ip("netns", "add", host(k))
        ip("link", "add", f"{BRIDGE}v{k}", "type", "veth", "peer", "name",
           "eth0", "netns", host(k))
        ip("link", "set", f"{BRIDGE}v{k}", "master", BRIDGE, "up")
        ip("-n", host(k), "addr", "add", f"{NET}.{k + 1}/24", "dev", "eth0")
        ip("-n", host(k), "link", "set", "eth0", "up")
        ip("-n", host(k), "link", "set", "lo", "up")


def crossed(k):
    """Bytes that host k has sent and received."""
    folder = f"/sys/class/net/{BRIDGE}v{k}/statistics"
    return sum(int(open(f"{folder}/{d}_bytes").read()) for d in ("rx", "tx"))


def address(k):
    return f"{NET}.{k + 1}"


class Hosts(RunTest):

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(take_down)
        try:
            set_up()
        except (OSError, subprocess.CalledProcessError) as e:
            words = getattr(e, "stderr", b"") or str(e).encode()
            raise unittest.SkipTest("no network namespaces here: "
                                    f"{words.decode().strip()}")

    def setUp(self):
        super().setUp()
        self.enter = self.top / "enter"
        self.enter.write_text(ENTER.format(bridge=BRIDGE, per_host=PER_HOST))
        self.enter.chmod(0o755)
        self.out = self.dir / "hosts.h5"

    def on_hosts(self, *args):
        return self.srbench(HOSTS * PER_HOST, *args, f"--output={self.out}",
                            wrapper=[str(self.enter)], env=CLIQUES)

    def strings(self, group, name):
        return [text(s) for s in group[name][:]]

    def test_standard_crosses_hosts(self):
        """Two clients' hosts, a cluster on the two others; the bytes are seen
        on the wires."""
        before = [crossed(k) for k in range(HOSTS)]
        job = self.on_hosts("throughput_standard", "--db_nodes=2",
                            "--keys=balanced", "--tensor_bytes=1MiB",
                            "--iterations=20", "--warmup=0")
        self.assert_passed(job, permutations=1)
        with h5py.File(self.out) as f:
            g = f["perm_0000"]
            self.assertEqual(f.attrs["hosts"], HOSTS)
            self.assertEqual(text(g.attrs["net_ifname"]), "eth0")
            self.assertEqual(self.strings(f["hosts"], "name"),
                             [host(k) for k in range(HOSTS)])
            self.assertEqual(
                [a.rsplit(":", 1)[0] for a in self.strings(g, "shard_address")],
                [address(2), address(3)])
            self.assertEqual(self.strings(g, "client_address"),
                             [address(0)] * 2 + [address(1)] * 2)
        payload = 2 * 20 * 1024 * 1024 * PER_HOST  # of one host, both ways
        for k in range(HOSTS):
            bytes_ = crossed(k) - before[k]
            self.assertGreater(bytes_, payload, f"host {k}")
            self.assertLess(bytes_, 1.2 * payload, f"host {k}")

    def test_colocated_stays_on_its_host(self):
        before = [crossed(k) for k in range(HOSTS)]
        job = self.on_hosts("throughput_colocated", "--tensor_bytes=1MiB",
                            "--iterations=20")
        self.assert_passed(job, permutations=1)
        with h5py.File(self.out) as f:
            addresses = set(self.strings(f["perm_0000"], "shard_address"))
            # one port on every host: each has its own
            self.assertEqual(addresses, {f"127.0.0.1:{self.port}"})
        for k in range(HOSTS):
            self.assertLess(crossed(k) - before[k], 1024 * 1024, f"host {k}")

    def test_colocated_on_a_named_interface(self):
        job = self.on_hosts("throughput_colocated", "--net_ifname=eth0",
                            "--tensor_bytes=1024", "--iterations=5")
        self.assert_passed(job, permutations=1)
        with h5py.File(self.out) as f:
            self.assertEqual(self.strings(f["perm_0000"], "shard_address"),
                             [f"{address(k)}:{self.port}"
                              for k in range(HOSTS)])

    def test_an_interface_that_is_not_there(self):
        job = self.on_hosts("throughput_standard", "--net_ifname=ib0")
        self.assert_status(job, 2, completed=0, failed=0)
        self.assertIn("no interface 'ib0'", job.stderr)
        self.assertIn("there are: lo, eth0", job.stderr)
        self.assertFalse(self.out.exists())


if __name__ == "__main__":
    main()
