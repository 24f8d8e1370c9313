# ctest: label=full timeout=9000
"""Every way to die, for one server, a cluster and colocated databases."""
import faultmatrix
from srbtest import main


class Matrix(faultmatrix.MatrixTest):

    def test_every_fault_in_every_placement(self):
        self.go_through(faultmatrix.TABLE)


if __name__ == "__main__":
    main()
