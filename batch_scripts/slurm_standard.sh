#!/bin/bash
#SBATCH --job-name=srbench-standard
#SBATCH --nodes=144
#SBATCH --ntasks-per-node=48
#SBATCH --exclusive
#SBATCH --mem=0
#SBATCH --time=08:00:00
#SBATCH --signal=USR1@300
#SBATCH --no-requeue
#SBATCH --output=%x-%j.out
#
# The standard placement: databases on nodes of their own, which are the last
# ones of the job: 128 nodes of clients and 16 of databases.
#
#     sbatch slurm_standard.sh
#     STUDY=mine.yaml sbatch --nodes=24 slurm_standard.sh --net_ifname=ib0
#
# The sizes of the job stand above and nowhere else; those of sbatch's command
# line win. What is measured stands in $STUDY; further arguments are options of
# srbench and win over that file.
set -euo pipefail

# module load mpich hiredis hdf5 redis       # or: spack load srbench
SRBENCH=${SRBENCH:-srbench}
STUDY=${STUDY:-study_standard.yaml}

# Five minutes before its end Slurm sends SIGUSR1 to the tasks (without "B:",
# and so not to this shell): the study ends after the running permutation. A job
# shorter than that is told at once: give `sbatch --signal=USR1@30` too. exec:
# no shell stands between the job and srun's exit status.
#
# MPICH waits by polling, so every rank has a core of its own (two hardware
# threads of a core would slow each other down). srbench finds CPUs for the
# databases among the cores of all ranks of a node.
#
# Without --kill-on-bad-exit a rank that dies leaves the others waiting for it
# until the job's end.
exec srun --mpi="${SLURM_MPI_TYPE:-pmi2}" --threads-per-core=1 \
    --cpu-bind=cores --kill-on-bad-exit=1 \
    "$SRBENCH" --config "$STUDY" "$@"
