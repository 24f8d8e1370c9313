"""More of test_hosts.py: the same on other rails, with the other client, and a
host that is cut off while it is measured."""
# ctest: label=full
import subprocess
import time

import h5py

from hoststest import (CLIQUES, HOSTS, PER_HOST, SMALL, THREE_AND_THREE,
                       HostsTest, address, address6, crossed, host, rail)
from srbtest import END, TEST_USER, main, text


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
                         [address(k // PER_HOST)
                          for k in range(HOSTS * PER_HOST)])

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
            capture_output=True).stdout
        lines = [line.split() for line in said.splitlines() if line]
        return sorted((w[1].partition(":")[0], w[7]) for w in lines)

    def test_a_member_whose_bus_uses_another_interface(self):
        """The others do not take it for moved to where nobody listens."""
        everybody = sorted((address(k, 1), "connected") for k in (3, 4, 5))
        with self.leaving_from(3, 1, 0):
            job = self.start(HOSTS * PER_HOST, *THREE_AND_THREE,
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
        job = self.start(HOSTS * PER_HOST, *THREE_AND_THREE,
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
        job = self.start(HOSTS * PER_HOST, "throughput_colocated",
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
        job = self.start(HOSTS * PER_HOST, "throughput_standard",
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
