#!/bin/bash
#SBATCH --job-name=srbench-clients
#SBATCH --nodes=128
#SBATCH --ntasks-per-node=48
#SBATCH --exclusive
#SBATCH --mem=0
#SBATCH --time=08:00:00
#SBATCH --signal=USR1@300
#SBATCH --no-requeue
#SBATCH --output=%x-%j.out
#
# The standard placement with each database set-up as a batch job of its own.
# This job has client nodes only; srbench submits a job of db_nodes nodes, waits
# until it serves, and ends it when its permutations are done. Nodes are then
# held only by the databases that are running, and may be of another kind or
# partition. The folder of the results must be one that all nodes see, and nodes
# must be allowed to submit (sbatch).
#
#     sbatch slurm_databases_as_batch.sh
#     BATCH_ARGS='{exclusive: null, partition: db}' \
#         sbatch slurm_databases_as_batch.sh
#
# The sizes of the job stand above and nowhere else; those of sbatch's command
# line win. What is measured stands in $STUDY; further arguments are options of
# srbench and win over that file.
set -euo pipefail

# module load mpich hiredis hdf5 redis       # or: spack load srbench
SRBENCH=${SRBENCH:-srbench}
STUDY=${STUDY:-study_databases_as_batch.yaml}
# Further arguments of the databases' submission: whole nodes with their memory.
BATCH_ARGS=${BATCH_ARGS:-"{exclusive: null, mem: 0}"}

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
    "$SRBENCH" --config "$STUDY" --batch_args="$BATCH_ARGS" "$@"
