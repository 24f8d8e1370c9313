"""A virtual cluster for run tests: hosts in network namespaces with names and
addresses of their own, on two rails.

Every host has eth0 and eth1, each in a subnet of its own (IPv4 and IPv6) and on
a bridge of its own, in a namespace that is their switch. MPI stays in shared
memory (MPICH is told that every two ranks are a node); what srbench itself sends
crosses hosts.

    class Mine(HostsTest):
        def test_it(self):
            with self.without_ipv4():
                job = self.on_hosts("throughput_standard", "--iterations=5")
            self.assert_passed(job, permutations=1)

Set up and taken down once for each class, in some 0.3 s each.
"""
import contextlib
import os
import re
import subprocess
import unittest

import h5py

from srbtest import RunTest, text

HOSTS = 6
RAILS = 2
NAME = f"srb{os.getpid()}"
SWITCH = f"{NAME}-switch"
# three client hosts, three shards
THREE_AND_THREE = ["throughput_standard", "--db_nodes=3", "--keys=balanced"]
SMALL = ["--tensor_bytes=1024", "--iterations=3", "--warmup=0"]
CLIQUES = {"MPIR_CVAR_NUM_CLIQUES": str(HOSTS),
           "MPIR_CVAR_CLIQUES_BY_BLOCK": "1"}
ENTER = """#!/bin/bash
# run a rank on its host: its network and host name, nothing else
name={name}-$((PMI_RANK / {per_host}))
exec nsenter --net="/run/netns/$name" unshare --uts \\
    bash -c 'hostname "$0"; exec "$@"' "$name" "$@"
"""


def host(k):
    return f"{NAME}-{k}"


def rail(r):
    """Its name on every host."""
    return f"eth{r}"


def address(k, r=0):
    return f"10.{100 + r}.7.{k + 1}"


def subnet(r):
    return f"10.{100 + r}.7.0/24"


def address6(k, r=0):
    return f"fd00:{r + 1}::{k + 1}"


def batch(namespace, *lines):
    """Commands of ip(8), all by one process."""
    subprocess.run(["ip", "-n", namespace, "-batch", "-"], check=True,
                   input="\n".join(lines), text=True, capture_output=True,
        encoding="utf-8")


def namespaces():
    listed = subprocess.run(["ip", "netns", "list"], text=True,
                            capture_output=True, encoding="utf-8").stdout
    return [line.split()[0] for line in listed.splitlines() if line.split()]


def take_down():
    """A namespace takes its links with it."""
    for name in [SWITCH, *map(host, range(HOSTS))]:
        subprocess.run(["ip", "netns", "del", name], capture_output=True)
    left = [n for n in namespaces() if n.startswith(f"{NAME}-")]
    if left:
        raise AssertionError(f"namespaces are left: {left}")


def take_down_orphans():
    """Those of a test that was killed."""
    for name in namespaces():
        pid = re.fullmatch(r"srb(\d+)-(switch|\d+)", name)
        if pid and not os.path.exists(f"/proc/{pid.group(1)}"):
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


def set_up():
    take_down_orphans()
    for name in [SWITCH, *map(host, range(HOSTS))]:
        subprocess.run(["ip", "netns", "add", name], check=True,
                       capture_output=True)
    rails, hosts = range(RAILS), range(HOSTS)
    batch(SWITCH,
          *(f"link add rail{r} type bridge" for r in rails),
          *(f"link set rail{r} up" for r in rails),
          *(f"link add v{r}-{k} type veth peer name {rail(r)} netns {host(k)}"
            for k in hosts for r in rails),
          *(f"link set v{r}-{k} master rail{r} up"
            for k in hosts for r in rails))
    for k in hosts:
        batch(host(k), "link set lo up", *configuration(k))


def configuration(k):
    for r in range(RAILS):
        yield f"link set {rail(r)} up"
        yield f"addr add {address(k, r)}/24 dev {rail(r)}"
        # nodad: else it cannot be used for a second
        yield f"addr add {address6(k, r)}/64 dev {rail(r)} nodad"


def crossed(r):
    """Bytes that each host has sent and received on a rail."""
    listed = subprocess.run(
        ["ip", "netns", "exec", SWITCH, "grep", "-h", f"v{r}-",
         "/proc/net/dev"], check=True, text=True, capture_output=True,
                 encoding="utf-8").stdout
    found = {}
    for line in listed.splitlines():
        name, counters = line.split(":")
        fields = counters.split()
        found[int(name.rpartition("-")[2])] = int(fields[0]) + int(fields[8])
    return [found[k] for k in range(HOSTS)]


class HostsTest(RunTest):
    """Tests on six hosts."""
    per_host = 2  # ranks

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(take_down)
        try:
            set_up()
        except (OSError, subprocess.CalledProcessError) as e:
            words = getattr(e, "stderr", "") or str(e)
            words = words.decode() if isinstance(words, bytes) else words
            raise unittest.SkipTest(
                f"no network namespaces here: {words.strip()}")

    def setUp(self):
        super().setUp()
        self.enter = self.top / "enter"
        self.enter.write_text(ENTER.format(name=NAME, per_host=self.per_host),
            encoding="utf-8")
        self.enter.chmod(0o755)
        self.out = self.dir / "hosts.h5"

    def on_hosts(self, *args, **how):
        env = {**CLIQUES, **how.pop("env", {})}
        return self.srbench(HOSTS * self.per_host, *args,
                            f"--output={self.out}",
                            wrapper=[str(self.enter)], env=env, **how)

    def strings(self, group, name):
        return [text(s) for s in group[name][:]]

    @contextlib.contextmanager
    def changed(self, k, do, undo):
        """Host k otherwise for a while: lines of ip(8) to do and to undo."""
        batch(host(k), *do)
        try:
            yield
        finally:
            batch(host(k), *undo)

    def renamed(self, k, old, new):
        """Interface `old` of host k is called `new`."""
        # a link that goes down loses its IPv6 addresses
        back = [f"addr add {address6(k, r)}/64 dev {rail(r)} nodad"
                for r in range(RAILS) if rail(r) == old]
        return self.changed(
            k, [f"link set {old} down", f"link set {old} name {new}",
                f"link set {new} up",
                *(line.replace(f"dev {old}", f"dev {new}") for line in back)],
            [f"link set {new} down", f"link set {new} name {old}",
             f"link set {old} up", *back])

    @contextlib.contextmanager
    def without_ipv4(self, *rails):
        """IPv6 alone on these rails of all hosts."""
        with contextlib.ExitStack() as stack:
            for k in range(HOSTS):
                lines = [f"{address(k, r)}/24 dev {rail(r)}" for r in rails]
                stack.enter_context(
                    self.changed(k, [f"addr del {x}" for x in lines],
                                 [f"addr add {x}" for x in lines]))
            yield

    def shaped(self, mbits, *hosts):
        """What these hosts send on the first rail goes at so many Mb/s until the
        test ends; what makes interfaces say that they have that speed."""
        shape = f"dev {rail(0)} root tbf rate {mbits}mbit burst 64kb latency 50ms"
        for k in hosts:
            subprocess.run(["tc", "-n", host(k), "qdisc", "add", *shape.split()],
                           check=True, capture_output=True)
            self.addCleanup(subprocess.run,
                            ["tc", "-n", host(k), "qdisc", "del", "dev", rail(0),
                             "root"], capture_output=True)
        return {"LD_PRELOAD": str(self.preloaded("link_speed")),
                "LINK_SPEED": str(mbits)}

    def cut_off(self, k, target):
        """What host k sends to an address gets lost on the way, silently."""
        return self.changed(
            k, [f"neigh replace {target} lladdr 02:00:00:00:00:01 dev "
                f"{rail(0)} nud permanent"],
            [f"neigh del {target} dev {rail(0)}"])

    def leaving_from(self, k, r, other):
        """Host k sends on rail r from its address on another one, where nobody
        says otherwise."""
        route = f"route change {subnet(r)} dev {rail(r)}"
        return self.changed(k, [f"{route} src {address(k, other)}"],
                            [f"{route} src {address(k, r)}"])

    def unplug(self, k, r=0):
        """From now on nothing reaches host k on a rail, nor leaves it."""
        batch(SWITCH, f"link set v{r}-{k} down")
        self.addCleanup(batch, SWITCH, f"link set v{r}-{k} up")

    # --- what the file says of them ------------------------------------------

    def hosts_of(self, name):
        """A dataset of the first permutation: addresses without ports."""
        with h5py.File(self.out) as f:
            found = self.strings(f["perm_0000"], name)
        if name == "shard_address":
            found = [a.rpartition(":")[0].strip("[]") for a in found]
        return found

    def assert_addresses(self, of, r=0):
        """Clients on hosts 0 to 2, shards on hosts 3 to 5."""
        self.assertEqual(self.hosts_of("shard_address"),
                         [of(k, r) for k in (3, 4, 5)])
        self.assertEqual(self.hosts_of("client_address"),
                         [of(k, r) for k in (0, 1, 2)
                          for _ in range(self.per_host)])

    def refused(self, *args):
        """What is said of a job that is not started."""
        job = self.on_hosts("throughput_standard", *args)
        self.assert_status(job, 2, completed=0, failed=0)
        self.assertFalse(self.out.exists())
        return job.stderr
