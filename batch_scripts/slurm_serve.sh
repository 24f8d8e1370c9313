#!/bin/bash
#SBATCH --job-name=srbench-serve
#SBATCH --nodes=16
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --mem=0
#SBATCH --time=08:00:00
#SBATCH --signal=USR1@300
#SBATCH --no-requeue
#SBATCH --output=%x-%j.out
#
# Databases that serve the clients of other jobs (slurm_clients.sh), as long as
# this job has time, or until it is told to end:
#
#     serve=$(sbatch --parsable slurm_serve.sh)
#     clients=$(sbatch --parsable --dependency=after:$serve slurm_clients.sh)
#     sbatch --dependency=afterany:$clients --wrap="scancel $serve"
#
# Clients find them by the file $ADDRESS, which all nodes must see. The sizes of
# the job stand above and nowhere else; those of sbatch's command line win.
# db_nodes of $STUDY must fit; further arguments are options of srbench and win
# over that file.
set -euo pipefail

# module load mpich hiredis hdf5 redis       # or: spack load srbench
SRBENCH=${SRBENCH:-srbench}
STUDY=${STUDY:-study_serve.yaml}
ADDRESS=${ADDRESS:-databases.address}

# One task on each node, bound to no core: srbench gives each server its CPUs
# among all that the node has.
#
# Five minutes before its end Slurm sends SIGUSR1 to the task (without "B:", and
# so not to this shell): the servers are stopped, and the file is removed. exec:
# no shell stands between the job and srun's exit status.
exec srun --mpi="${SLURM_MPI_TYPE:-pmi2}" --cpu-bind=none \
    --kill-on-bad-exit=1 \
    "$SRBENCH" serve --config "$STUDY" --db_address="$ADDRESS" "$@"
