# ctest: label=full timeout=6000 runner=pytest
"""Coverage, power and false alarms of tools/srbench-compare, by ten times as
many files of known truth as test_compare.py takes."""
import test_compare
from srbtest import main
from test_compare import Gate, Intervals  # noqa: F401

test_compare.MANY = 10

if __name__ == "__main__":
    main()
