# ctest: label=fast runner=pytest
"""The result file needs no tool: a file that srbench has just written, in h5py,
xarray, netCDF4, pandas, ncdump and h5dump, as tools/README.md promises."""
import re
import subprocess

import h5py
import numpy as np

from resultfile import OneFile
from srbtest import SOURCE, main

INTS = ("tensor_bytes", "clients", "iterations", "failed_rank", "db_nodes")
REALS = ("clock_error", "db_start_seconds", "until_interval")
TEXTS = ("name", "status", "client", "error", "flags", "start_time")
SIZES = {"client": 3, "iteration": 30, "warmup": 2, "shard": 1}
UNITS = {"put_tensor": "s", "unpack_start": "s", "loop_time": "s",
         "client_peak_memory": "B", "shard_bytes": "B"}


def command(program, *args):
    """What a program prints."""
    run = subprocess.run([program, *map(str, args)], capture_output=True,
                         text=True, timeout=300, encoding="utf-8")
    if run.returncode or run.stderr:
        raise AssertionError(f"{program}: {run.returncode}\n{run.stderr}")
    return run.stdout


class FormatTest(OneFile):
    """null has no server, so shard_commands and shard_bytes are -1."""

    def assert_attributes(self, attrs):
        """Of a permutation: native types, one value each."""
        for names, kind in ((INTS, (int, np.integer)),
                            (REALS, (float, np.floating)), (TEXTS, str)):
            for name in names:
                self.assertIsInstance(attrs[name], kind, name)
        self.assertEqual(attrs["tensor_bytes"], 1024)
        self.assertEqual((attrs["failed_rank"], attrs["db_nodes"]), (-1, -1))
        self.assertEqual((attrs["status"], attrs["error"]), ("completed", ""))
        self.assertTrue(np.isnan(attrs["until_interval"]))


class H5py(FormatTest):

    def test_permutation(self):
        with h5py.File(self.path) as f:
            g = f["perm_0000"]
            self.assert_attributes(g.attrs)
            for name, dataset in g.items():
                if h5py.h5ds.is_scale(dataset.id):
                    self.assertEqual(dataset[:].tolist(),
                                     list(range(len(dataset))))
                    continue
                dims = [dim.keys()[0] for dim in dataset.dims]
                self.assertEqual(tuple(len(g[d]) for d in dims), dataset.shape)
                self.assertIsInstance(dataset.attrs["long_name"], str)
                # of a text h5py 3.7 cannot be asked: it crashes
                if dataset.dtype.kind in "fi":
                    fill = np.nan if dataset.dtype.kind == "f" else -1
                    np.testing.assert_equal(dataset.fillvalue, fill, name)
                    np.testing.assert_equal(dataset.attrs["_FillValue"], fill)
            for name, unit in UNITS.items():
                self.assertEqual(g[name].attrs["units"], unit)
            self.assertEqual(g["shard_commands"][0], -1)
            for value in (*f.attrs.values(), *g.attrs.values()):
                self.assertEqual(np.ndim(value), 0)

    def test_the_table_of_the_documents(self):
        """What the line of tools/README.md makes of /summary (that it runs is
        test_documents.py's)."""
        text = (SOURCE / "tools/README.md").read_text(encoding="utf-8")
        line, = re.findall(r"(?m)^df = pd\.DataFrame.*$", text)
        with h5py.File(self.path) as f:
            import pandas as pd
            names = {"pd": pd, "f": f}
            exec(line, names)
            df = names["df"]
            self.assertEqual(list(df.columns), list(f["summary"]))
        self.assertEqual(df["tensor_bytes"].tolist(), [1024, 4096] * 2)
        self.assertEqual(df["status"].tolist(), ["completed"] * 4)
        kinds = {name: df[name].dtype.kind for name in
                 ("window", "clients", "name", "put_tensor_p99")}
        self.assertEqual(kinds, {"window": "f", "clients": "i", "name": "O",
                                 "put_tensor_p99": "f"})


class Xarray(FormatTest):

    def test_permutation(self):
        import xarray
        with xarray.open_dataset(self.path, group="perm_0002") as ds:
            self.assertEqual(dict(ds.sizes), SIZES)
            self.assertEqual(set(ds.coords), set(SIZES))
            for name, size in SIZES.items():
                self.assertEqual(ds[name].values.tolist(), list(range(size)))
            self.assert_attributes(ds.attrs)
            self.assertEqual(ds["put_tensor"].dims, ("client", "iteration"))
            for name, unit in UNITS.items():
                self.assertEqual(ds[name].attrs["units"], unit, name)
            self.assertIn("long_name", ds["put_start"].attrs)
            self.assertIsInstance(ds["client_cpus"].values[0], str)
            # -1 is the fill value: not measured is NaN here
            self.assertTrue(np.isnan(ds["shard_commands"].values).all())
            with h5py.File(self.path) as f:
                np.testing.assert_array_equal(ds["put_tensor"],
                                              f["perm_0002/put_tensor"])

    def test_tables(self):
        import xarray
        with xarray.open_dataset(self.path, group="summary") as ds:
            self.assertEqual(dict(ds.sizes), {"permutation": 4})
            self.assertEqual(ds["status"].values.tolist(), ["completed"] * 4)
            self.assertEqual(ds["window"].attrs["units"], "B/s")
        with xarray.open_dataset(self.path, group="hosts") as ds:
            self.assertEqual(ds["memory"].attrs["units"], "B")
            self.assertIsInstance(ds["cpu_model"].values[0], str)


class NetCDF(FormatTest):

    def test_permutation(self):
        import netCDF4
        with netCDF4.Dataset(self.path) as f:
            self.assertEqual(f.schema_version, "1")
            g = f["perm_0000"]
            self.assertEqual({k: len(d) for k, d in g.dimensions.items()},
                             {**SIZES, "client": 2})
            self.assert_attributes({k: g.getncattr(k) for k in g.ncattrs()})
            put = g["put_tensor"]
            self.assertEqual(put.dimensions, ("client", "iteration"))
            self.assertTrue(np.isnan(put._FillValue))
            self.assertEqual(g["client_rank"]._FillValue, -1)
            self.assertEqual(g["client_rank"].dtype, np.int64)
            self.assertIs(g["client_cpus"].dtype, str)
            for name, unit in UNITS.items():
                self.assertEqual(g[name].units, unit)
            self.assertTrue(np.ma.getmaskarray(g["shard_commands"][:]).all())
            self.assertFalse(np.ma.getmaskarray(put[:]).any())
            self.assertEqual(f["summary"]["name"][3],
                             f["perm_0003"].getncattr("name"))

    def test_ncdump(self):
        out = command("ncdump", "-h", self.path)
        group = out[out.index("group: perm_0002"):out.index("group: perm_0003")]
        for line in ("client = 3 ;", "iteration = 30 ;",
                     "double put_tensor(client, iteration) ;",
                     'put_tensor:units = "s" ;', "put_tensor:_FillValue = NaN ;",
                     "int64 client_rank(client) ;",
                     "client_rank:_FillValue = -1LL ;",
                     "string client_cpus(client) ;",
                     ":tensor_bytes = 1024LL ;", 'string :status = "completed" ;',
                     ":until_interval = NaN ;"):
            self.assertIn(line, group)
        self.assertIn("double window(permutation) ;", out)


class H5dump(FormatTest):

    def test_h5dump(self):
        out = command("h5dump", "-p", "-d", "/perm_0002/put_tensor", self.path)
        self.assertIn("H5T_IEEE_F64LE", out)
        self.assertIn("( 3, 30 ) / ( 3, 30 )", out)
        self.assertRegex(out, r"(?i)VALUE +-?nan")
        self.assertIn('ATTRIBUTE "DIMENSION_LIST"', out)
        out = command("h5dump", "-a", "/perm_0002/status", self.path)
        self.assertIn("DATASPACE  SCALAR", out)
        self.assertIn("H5T_CSET_UTF8", out)
        self.assertIn('"completed"', out)
        self.assertIn("perm_0003/loop_time", command("h5dump", "-n", self.path))


if __name__ == "__main__":
    main()
