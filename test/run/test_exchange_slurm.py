# ctest: label=full
"""Writers and readers in a heterogeneous job, under a real Slurm
(slurmtest.py)."""
import test_exchange_places
from slurmtest import SlurmTest
from srbtest import SRBENCH, main

SMALL = test_exchange_places.SMALL
EXCHANGE = test_exchange_places.EXCHANGE


class Heterogeneous(SlurmTest, test_exchange_places.Checked):

    def test_components(self):
        """One world of two: databases on the node of the one, and on those of
        the other writers and readers, beside each other or on nodes of their
        own."""
        for how, readers in ((("--reader_nodes=1",), [2, 3]),
                             (("--readers_per_node=1",), [1, 3])):
            with self.subTest(how=how):
                job = self.srun(("-N1", "-n1"), "--role=db",
                                "throughput_standard", EXCHANGE, *SMALL, *how,
                                "--wait=[1ms,block]", "--overwrite",
                                f"--output={self.out}",
                                f"--db_port={self.port}", ":", "-N2",
                                "--ntasks-per-node=2", SRBENCH, "--role=client")
                self.assert_passed(job, permutations=2)
                writers = [c for c in range(4) if c not in readers]
                for i in range(2):
                    g = self.check_all_read(i, writers, 1)
                    self.assertEqual(g["reader_client"][...].tolist(), readers)
                    self.assertEqual(g["client_rank"][...].tolist(),
                                     [1, 2, 3, 4])
                    self.assertEqual(sorted(set(g["client_node"][...])), [1, 2])


if __name__ == "__main__":
    main()
