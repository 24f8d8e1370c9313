"""Several hosts on one machine: where databases listen, from where clients
come, and what is said when that is not possible."""
# ctest: label=fast full long

import subprocess
import time

import h5py

from hoststest import (CLIQUES, HOSTS, SMALL, THREE_AND_THREE,
                       HostsTest, address, address6, crossed, host, rail)
from srbtest import END, TEST_USER, full, main, text

MIB = 1024 * 1024
ITERATIONS = 10
LARGE = ["--tensor_bytes=1MiB", f"--iterations={ITERATIONS}", "--warmup=0"]


class Hosts(HostsTest):
    """With a rank on each host: addresses are a host's."""
    per_host = 1

    def assert_crossing(self, r, *args):
        """The bytes of three client hosts and three shards are seen on rail r
        alone."""
        before = [crossed(0), crossed(1)]
        job = self.on_hosts(*THREE_AND_THREE, *LARGE, *args)
        after = [crossed(0), crossed(1)]
        self.assert_passed(job, permutations=1)
        payload = 2 * ITERATIONS * MIB * self.per_host  # of one host, both ways
        for k in range(HOSTS):
            moved = [after[i][k] - before[i][k] for i in (0, 1)]
            self.assertGreater(moved[r], payload, f"host {k}")
            self.assertLess(moved[r], 1.2 * payload, f"host {k}")
            self.assertLess(moved[1 - r], 0.01 * payload, f"host {k}")
        return job

    def test_standard_crosses_hosts(self):
        """Nothing is said of an interface: the first of two alike is taken,
        and that is said and stored."""
        job = self.assert_crossing(0)
        self.assert_addresses(address)
        said = (r"note: databases listen on interface eth0 \(IPv4 "
                r"10\.100\.7\.0/24, 10 Gb/s\), before eth1 \(IPv4 "
                r"10\.101\.7\.0/24, 10 Gb/s\), since it is the first of its "
                r"like on the first node; --net_ifname names another")
        self.assertRegex(job.stderr, said)
        with h5py.File(self.out) as f:
            hosts = f["hosts"]
            self.assertEqual(f.attrs["hosts"], HOSTS)
            self.assertIn(text(f.attrs["network"]), job.stderr)
            self.assertEqual(text(f["perm_0000"].attrs["net_ifname"]), "eth0")
            for name, wanted in {
                    "name": [host(k) for k in range(HOSTS)],
                    "address": [address(k) for k in range(HOSTS)],
                    "interface": ["eth0"] * HOSTS,
                    "interface_driver": ["veth"] * HOSTS}.items():
                self.assertEqual(self.strings(hosts, name), wanted, name)
            # what the kernel says of a veth pair
            self.assertEqual(hosts["interface_speed"][:].tolist(),
                             [10_000_000_000 // 8] * HOSTS)
            self.assertEqual(text(hosts["interface_speed"].attrs["units"]),
                             "B/s")
            self.assertEqual(hosts["interface_numa_node"][:].tolist(),
                             [-1] * HOSTS)

    def blind(self, folder, *hosts):
        """A wrapper by which those hosts have a folder of their own there."""
        wrapper = self.dir / "blind"
        wrapper.write_text(f"""#!/bin/bash
case $((PMI_RANK / {self.per_host})) in {"|".join(map(str, hosts))})
    exec unshare --mount --propagation private bash -c \\
        'mount -t tmpfs none "$0" && exec "$@"' {folder} {self.enter} "$@";;
esac
exec {self.enter} "$@"
""", encoding="utf-8")
        wrapper.chmod(0o755)
        return [str(wrapper)]

    def test_a_folder_that_hosts_do_not_share(self):
        """Is refused before anything starts, in a sentence for all of them."""
        folder = self.dir / "not_shared"
        folder.mkdir()
        args = [*THREE_AND_THREE, *SMALL, "--db_exe=[redis-server,files]",
                f"--db_path={folder}", f"--output={self.out}"]
        for hosts, more in (((4,), "see$"), (
                (1, 2, 4), "see; 2 more nodes do not see it either$")):
            job = self.srbench(HOSTS * self.per_host, *args, env=CLIQUES,
                               wrapper=self.blind(folder, *hosts))
            self.assert_status(job, 2, completed=0)
            self.assertRegex(
                job.stderr, rf"(?m)^srbench: node {host(hosts[0])}: db_path: "
                rf"the folder {folder}/srbench-files-\S+ is not there \(No such "
                "file or directory\\), while the node that has made it sees it; "
                f"give a db_path that all nodes {more}")
            self.assertEqual(list(folder.iterdir()), [])
        self.assert_passed(self.on_hosts(*args[:-1], "--overwrite"), 2)
        self.assertEqual(list(folder.iterdir()), [])

    def test_a_link_that_is_full(self):
        """A client and a shard whose link is slow: one way it carries what it
        can in each phase, and that is the word. In turn, each way has half of
        the time: then nothing is said of it."""
        env = self.shaped(200, 0, 1)
        how = ["throughput_standard", "--client_nodes=1", "--clients_per_node=1",
               "--db_hosts=[" + host(1) + "]", "--tensor_bytes=1MiB",
               "--duration=2s", "--pattern=[phases,pair]", "--keys=balanced"]
        job = self.on_hosts(*how, env=env)
        self.assert_passed(job, permutations=2)
        with h5py.File(self.out) as f:
            self.assertEqual(set(f["hosts/interface_speed"][:].tolist()),
                             {200_000_000 // 8})
            full, half = f["summary/network_share"][:]
            self.assertLess(full, 1.02)
            self.assertLess(half, 0.7)
            self.assertGreater(full, 0.7)
            word, other = self.strings(f["summary"], "limit")
            crowded = "oversubscribed" in self.strings(f["summary"], "flags")[0]
            self.assertEqual(word, "" if crowded else "network")
            self.assertNotEqual(other, "network")

    def test_the_other_rail(self):
        """Also where the kernel would leave from the address of the first one:
        clients are bound to theirs, and shards do not take each other for
        moved."""
        with self.leaving_from(0, 1, 0), self.leaving_from(3, 1, 0):
            self.assert_crossing(1, "--net_ifname=eth1")
        self.assert_addresses(address, 1)

    def test_ipv6_alone(self):
        """A cluster and both clients."""
        with self.without_ipv4(0, 1):
            job = self.on_hosts(*THREE_AND_THREE, *SMALL,
                                "--client=[socket,hiredis]")
        self.assert_passed(job, permutations=2)
        self.assert_addresses(address6)
        self.assertIn("eth0 (IPv6 fd00:1::/64, 10 Gb/s)", job.stderr)
        with h5py.File(self.out) as f:
            self.assertEqual(self.strings(f["perm_0000"], "shard_address")[0],
                             f"[{address6(3)}]:{self.port}")

    def test_colocated_stays_on_its_host(self):
        before = crossed(0)
        job = self.on_hosts("throughput_colocated", "--tensor_bytes=1MiB",
                            "--iterations=5")
        after = crossed(0)
        self.assert_passed(job, permutations=1)
        # one port on every host: each has its own
        with h5py.File(self.out) as f:
            addresses = set(self.strings(f["perm_0000"], "shard_address"))
            for where in f, f["perm_0000"]:  # not the interface of others
                self.assertRegex(text(where.attrs["network"]), "^lo, since")
        self.assertEqual(addresses, {f"127.0.0.1:{self.port}"})
        self.assertEqual(set(self.hosts_of("client_address")), {"127.0.0.1"})
        for k in range(HOSTS):
            self.assertLess(after[k] - before[k], MIB, f"host {k}")

    def test_loopback_of_one_family(self):
        """It is found: where a host has ::1 alone, that is it."""
        lo = "127.0.0.1/8 dev lo"
        with self.changed(4, [f"addr del {lo}"], [f"addr add {lo}"]):
            job = self.on_hosts("throughput_colocated", *SMALL,
                                "--transport=[tcp,unix]",
                                "--db_exe=[redis-server,floor]")
        self.assert_passed(job, permutations=4)
        hosts = ["127.0.0.1"] * HOSTS
        hosts[4] = "::1"
        self.assertEqual(self.hosts_of("shard_address"), hosts)

    def test_loopback_that_is_down(self):
        """Refused at once, by its name; no port is to blame."""
        with self.changed(1, ["link set lo down"], ["link set lo up"]):
            for transport in ("tcp", "unix"):
                job = self.on_hosts("throughput_colocated", *SMALL,
                                    f"--transport={transport}")
                self.assert_status(job, 2, completed=0)
                self.assertIn(f"the loopback interface of node {host(1)} is "
                              "down or has no address, and its database and "
                              "clients speak over it; bring it up",
                              job.stderr)
                self.assertNotIn("port", job.stderr)

    # --- interfaces that do not fit ------------------------------------------

    def test_chosen_hosts(self):
        """Databases on the hosts that were named, in that order; the bytes are
        theirs and those of the clients' hosts."""
        before = crossed(0)
        job = self.on_hosts("throughput_standard", "--client_nodes=2",
                            f"--db_hosts=[{host(4)}, {host(1)}.site.org]",
                            "--keys=balanced", "--tensor_bytes=1MiB",
                            "--iterations=10", "--warmup=0")
        self.assert_passed(job, permutations=1)
        with h5py.File(self.out) as f:
            g = f["perm_0000"]
            self.assertEqual(
                [a.rsplit(":", 1)[0] for a in self.strings(g, "shard_address")],
                [address(4), address(1)])
            self.assertEqual(self.strings(g, "client_address"),
                             [address(0), address(2)])
            for k, line in enumerate(self.strings(f["hosts"], "interfaces")):
                self.assertIn(f"eth0 {address(k)} ", line)
                self.assertIn(f"eth1 {address(k, 1)} ", line)
        bytes_ = [b - a for a, b in zip(before, crossed(0))]
        payload = 2 * 10 * 1024 * 1024  # of one shard or client host
        for k in (0, 1, 2, 4):
            self.assertGreater(bytes_[k], payload, f"host {k}")
        for k in (3, 5):
            self.assertLess(bytes_[k], payload / 10, f"host {k}")
        self.out.unlink()
        self.assertIn(f"db_hosts: '{host(9)}' is not among the 6 nodes",
                      self.refused(f"--db_hosts=[{host(1)}, {host(9)}]"))

    def test_an_interface_that_is_not_there(self):
        self.assertIn(
            "srbench: net_ifname: there is no interface 'ib0' with an address on any "
            f"node; on {host(0)} there are: lo, eth0, eth1",
            self.refused("--net_ifname=ib0"))

    def test_interfaces_that_some_hosts_lack(self):
        """Named: refused with those hosts. Not named: where no name is that of
        all, those of one subnet."""
        with self.renamed(1, rail(0), "ens3"), self.renamed(4, rail(0), "ens3"):
            self.assertIn(
                "srbench: net_ifname: there is no interface 'eth0' with an "
                f"address on 2 of 6 nodes ({host(1)}, {host(4)}); on {host(1)} "
                "there are: lo, ens3, eth1",
                self.refused("--net_ifname=eth0"))
            with self.renamed(3, rail(1), "ens4"):
                job = self.on_hosts(*THREE_AND_THREE, *SMALL)
        self.assert_passed(job, permutations=1)
        self.assert_addresses(address)
        self.assertIn("eth0 and others in its subnet (IPv4 10.100.7.0/24",
                      job.stderr)
        with h5py.File(self.out) as f:
            self.assertEqual(self.strings(f["hosts"], "interface"),
                             ["eth0", "ens3", "eth0", "eth0", "ens3", "eth0"])

    # --- a shard that cannot be reached --------------------------------------

    def test_a_shard_that_one_host_does_not_reach(self):
        """Only the permutation with that host fails, in time and in words."""
        with self.cut_off(2, address(5)):
            job = self.on_hosts(*THREE_AND_THREE, *SMALL,
                                "--client_nodes=[2,3]", "--op_timeout=2s")
        self.assert_status(job, 1, completed=1, failed=1)
        with h5py.File(self.out) as f:
            self.assertEqual(text(f["perm_0000"].attrs["status"]), "completed")
            # client 2, on host 2, uses shard 2, on host 5
            self.assertEqual(
                text(f["perm_0001"].attrs["error"]),
                f"rank 2 on {host(2)}: client 2: cannot connect to "
                f"{address(5)}:{self.port} from {address(2)}: no answer within "
                "2 s (op_timeout)")


@full
class MoreHosts(HostsTest):

    def wait_for_bytes(self, job, k, r):
        """Until the loop runs: host k has moved some on rail r."""
        before = crossed(r)[k]
        deadline = time.monotonic() + END
        while crossed(r)[k] - before < 1024 * 1024:
            self.assertLess(time.monotonic(), deadline, job.describe())
            time.sleep(0.05)

    def test_clients_of_hiredis_on_the_other_rail(self):
        job = self.on_hosts(*THREE_AND_THREE, *SMALL, "--client=hiredis",
                            "--net_ifname=eth1")
        self.assert_passed(job, permutations=1)
        self.assert_addresses(address, 1)

    def test_ipv6_on_a_named_rail(self):
        """The built-in server too, and several shards of a host."""
        with self.without_ipv4(1):
            job = self.on_hosts(*THREE_AND_THREE, *SMALL, "--net_ifname=eth1",
                                "--db_exe=[floor,redis-server]",
                                "--db_shards_per_node=[1,2]")
        self.assert_passed(job, permutations=4)
        self.assert_addresses(address6, 1)

    def test_colocated_on_a_named_interface(self):
        job = self.on_hosts("throughput_colocated", "--net_ifname=eth0", *SMALL)
        self.assert_passed(job, permutations=1)
        self.assertEqual(self.hosts_of("shard_address"),
                         [address(k) for k in range(HOSTS)])
        self.assertEqual(self.hosts_of("client_address"),
                         [address(k // self.per_host)
                          for k in range(HOSTS * self.per_host)])

    def test_loopback_leads_to_no_other_host(self):
        self.assertIn("net_ifname lo is loopback: clients on other hosts than "
                      f"{host(5)} do not reach a database there",
                      self.refused("--net_ifname=lo"))

    def test_the_rail_that_all_hosts_have(self):
        with self.renamed(1, rail(0), "ens3"):
            job = self.on_hosts(*THREE_AND_THREE, *SMALL)
        self.assert_passed(job, permutations=1)
        self.assert_addresses(address, 1)
        # the former goes by the names, the latter by the subnet
        self.assertIn("eth1 (IPv4 10.101.7.0/24, 10 Gb/s), before eth0 and "
                      "others in its subnet (IPv4 10.100.7.0/24, 10 Gb/s), "
                      "since all nodes call it so", job.stderr)

    def members(self, k):
        """The addresses of a cluster as the shard on host k knows them, with
        the state of each member."""
        said = subprocess.run(
            ["ip", "netns", "exec", host(k), "redis-cli", "-h", address(k, 1),
             "-p", str(self.port), "--user", TEST_USER[0], "--pass",
             TEST_USER[1], "--no-auth-warning", "cluster", "nodes"], text=True, timeout=300,
            capture_output=True, encoding="utf-8").stdout
        lines = [line.split() for line in said.splitlines() if line]
        return sorted((w[1].partition(":")[0], w[7]) for w in lines)

    def test_a_member_whose_bus_uses_another_interface(self):
        """The others do not take it for moved to where nobody listens."""
        everybody = sorted((address(k, 1), "connected") for k in (3, 4, 5))
        with self.leaving_from(3, 1, 0):
            job = self.start(HOSTS * self.per_host, *THREE_AND_THREE,
                             "--tensor_bytes=1024", "--duration=5s",
                             "--net_ifname=eth1", f"--output={self.out}",
                             f"--db_exe={self.open_server()}",
                             wrapper=[str(self.enter)], env=CLIQUES)
            self.wait_for_bytes(job, 4, 1)
            end = time.monotonic() + 3  # members ping each other every second
            while time.monotonic() < end:
                self.assertEqual(self.members(4), everybody)
                time.sleep(0.2)
            self.assert_passed(job.wait(), permutations=1)

    def test_no_interface_in_common(self):
        """Refused for databases that others must reach; a colocated one stays
        on its host."""
        lines = [f"link set {rail(r)} down" for r in (0, 1)]
        back = [f"link set {rail(r)} up" for r in (0, 1)] + [
            f"addr add {address6(2, r)}/64 dev {rail(r)} nodad"
            for r in (0, 1)]
        with self.changed(2, lines, back):
            self.assertIn(
                "there is no interface for the databases: node "
                f"{host(2)} has no network interface but loopback; name one "
                "with --net_ifname", self.refused())
            job = self.on_hosts("throughput_colocated", *SMALL)
        self.assert_passed(job, permutations=1)

    def test_a_host_that_is_unplugged_in_mid_loop(self):
        """The clients of its shard give up after op_timeout, the others end
        their loops."""
        job = self.start(HOSTS * self.per_host, *THREE_AND_THREE,
                         "--tensor_bytes=64KiB", "--duration=5s",
                         "--op_timeout=2s", f"--output={self.out}",
                         wrapper=[str(self.enter)], env=CLIQUES)
        self.wait_for_bytes(job, 4, 0)
        self.unplug(4)
        self.assert_status(job.wait(), 1, completed=0, failed=1)
        with h5py.File(self.out) as f:
            error = text(f["perm_0000"].attrs["error"])
        self.assertRegex(error, rf"rank \d+ on {host(0)} \(and 1 more rank\): "
                         "(put|unpack)_tensor of .* at "
                         rf"{address(4)}:{self.port}: no reply within 2 s")

    def test_a_host_of_colocated_databases_is_unplugged(self):
        """Its clients and its database have each other, and that is all that is
        measured."""
        job = self.start(HOSTS * self.per_host, "throughput_colocated",
                         "--tensor_bytes=[65536,65540]", "--duration=2s",
                         "--op_timeout=2s", f"--output={self.out}",
                         wrapper=[str(self.enter)], env=CLIQUES, loops=True)
        job.wait_in_loop()
        self.unplug(4)
        self.assert_passed(job.wait(), permutations=2)
        self.assertEqual(self.hosts_of("shard_address"), ["127.0.0.1"] * HOSTS)

    def test_the_host_of_the_only_server_is_unplugged(self):
        """Nobody's loop ends: all clients give up after op_timeout; the next
        permutation does not reach the server either, and fails in words."""
        job = self.start(HOSTS * self.per_host, "throughput_standard",
                         f"--db_hosts=[{host(4)}]",
                         "--tensor_bytes=[65536,65540]", "--duration=5s",
                         "--op_timeout=2s", "--db_timeout=3s",
                         f"--output={self.out}", wrapper=[str(self.enter)],
                         env=CLIQUES)
        self.wait_for_bytes(job, 4, 0)
        self.unplug(4)
        self.assert_status(job.wait(), 1, completed=0, failed=2)
        with h5py.File(self.out) as f:
            first, second = (text(f[n].attrs["error"])
                             for n in ("perm_0000", "perm_0001"))
        self.assertRegex(first, rf"rank \d+ on {host(0)} \(and 9 more ranks\): "
                         "(put|unpack)_tensor of .* at "
                         rf"{address(4)}:{self.port}: no reply within 2 s")
        self.assertIn(f"cannot connect to {address(4)}:{self.port}", second)



if __name__ == "__main__":
    main()
