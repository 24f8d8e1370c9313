from spack.package import *

try:  # Spack 1.0 and newer
    from spack_repo.builtin.build_systems.cmake import CMakePackage
except ModuleNotFoundError:  # before, it came with spack.package
    pass


class Srbench(CMakePackage):
    """How fast the ranks of an MPI job put tensors into an in-memory database
    (Redis) and get them back, over placements and tensor sizes."""

    license("BSD-3-Clause")

    # Built from a working tree; spack.yaml beside this recipe says which.
    version("develop")

    variant("tools", default=True, description="Python for the tools on results")
    variant("cpp", default=True, description="The timed loop in C++ too")
    variant("fortran", default=True, description="The timed loop in Fortran too")
    variant("tests", default=False, description="Build the tests")

    depends_on("c", type="build")
    depends_on("cxx", type="build", when="+cpp")
    depends_on("fortran", type="build", when="+fortran")
    depends_on("cmake@3.20:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi@3:")
    depends_on("hdf5@1.10:+hl")
    depends_on("hiredis@0.14:")
    depends_on("libyaml")
    depends_on("hwloc@2:")
    depends_on("redis", type="run")

    with when("+tools"):
        depends_on("python@3.11:", type="run")
        depends_on("py-numpy", type="run")
        depends_on("py-pandas", type="run")
        depends_on("py-h5py", type="run")
        depends_on("py-matplotlib", type="run")  # srbench-report --png, --svg

    with when("+tests"):
        depends_on("cmocka", type="build")
        depends_on("python@3.11:", type="build")
        depends_on("py-h5py", type="build")
        depends_on("redis", type="build")

    def cmake_args(self):
        """What CMakeLists.txt is told; a language is left out by its compiler,
        for which Spack's wrapper would be found otherwise."""
        left_out = [self.define(f"CMAKE_{compiler}_COMPILER", "NOTFOUND")
                    for compiler, variant in (("CXX", "cpp"),
                                              ("Fortran", "fortran"))
                    if not self.spec.satisfies(f"+{variant}")]
        return [self.define_from_variant("BUILD_TESTING", "tests"), *left_out]
