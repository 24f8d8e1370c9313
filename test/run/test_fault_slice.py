# ctest: label=fast long
"""A few rows of the table of faults, each in one placement: the whole of it is
test_fault_matrix.py."""
import faultmatrix
from srbtest import main

FEW = {"a shard killed": faultmatrix.COLOCATED,
       "dropped in mid-reply": faultmatrix.STANDARD,
       "exchange: a shard killed that readers block on": faultmatrix.CLUSTER,
       "too few descriptors": faultmatrix.CLUSTER}


class Slice(faultmatrix.MatrixTest):

    def test_a_few(self):
        rows = [row._replace(placements=(FEW[row.fault],))
                for row in faultmatrix.TABLE if row.fault in FEW]
        self.assertEqual(len(rows), len(FEW))
        self.go_through(rows)


if __name__ == "__main__":
    main()
