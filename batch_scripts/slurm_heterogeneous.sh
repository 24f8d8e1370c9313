#!/bin/bash
#SBATCH --job-name=srbench-heterogeneous
#SBATCH --nodes=128
#SBATCH --ntasks-per-node=48
#SBATCH --exclusive
#SBATCH --mem=0
#SBATCH --time=08:00:00
#SBATCH --signal=USR1@300
#SBATCH --no-requeue
#SBATCH --output=%x-%j.out
#SBATCH hetjob
#SBATCH --nodes=16
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --mem=0
#
# The standard placement in a heterogeneous job: clients on 128 nodes of the one
# component, databases on 16 nodes of the other, which may differ in all that
# sbatch knows (--constraint, --partition, --gres). Both make one MPI world.
#
#     sbatch slurm_heterogeneous.sh
#     sbatch --nodes=20 --constraint=V100 : --nodes=4 --constraint=bigmem \
#         slurm_heterogeneous.sh --db_nodes=4 --client_nodes=20
#
# The sizes of the job stand above and nowhere else; those of sbatch's command
# line win. What is measured stands in $STUDY; further arguments are options of
# srbench and win over that file.
set -euo pipefail

# module load mpich hiredis hdf5 redis       # or: spack load srbench
SRBENCH=${SRBENCH:-srbench}
STUDY=${STUDY:-study_standard.yaml}

# Where nodes of the second component sort before those of the first, Slurm's
# pmi2 (seen with 22.05) tells MPICH wrongly which ranks share a node.
clients_last=$(scontrol show hostnames "$SLURM_JOB_NODELIST_HET_GROUP_0" |
    sort | tail -n 1)
databases_first=$(scontrol show hostnames "$SLURM_JOB_NODELIST_HET_GROUP_1" |
    sort | awk 'NR == 1')
if [[ $clients_last > $databases_first ]]; then
    echo "slurm_heterogeneous.sh: warning: $databases_first of the second" \
        "component sorts before $clients_last of the first; with --mpi=pmi2" \
        "MPI may misplace ranks." \
        "Use SLURM_MPI_TYPE=pmix, or choose the nodes (--nodelist)" >&2
fi

step=(--mpi="${SLURM_MPI_TYPE:-pmi2}" --kill-on-bad-exit=1)
clients=(--het-group=0 --threads-per-core=1 --cpu-bind=cores)
databases=(--het-group=1 --cpu-bind=none)

# Five minutes before its end Slurm sends SIGUSR1 to the tasks (without "B:",
# and so not to this shell): the study ends after the running permutation. A job
# shorter than that is told at once: give `sbatch --signal=USR1@30` too. exec:
# no shell stands between the job and srun's exit status.
#
# MPICH waits by polling, so every client has a core of its own. A database node
# needs one task only, bound to no core: srbench gives each server its CPUs
# among all that the node has. The first part's options are everybody's; only
# --role is each part's own.
#
# Without --kill-on-bad-exit a rank that dies leaves the others waiting for it
# until the job's end.
exec srun "${step[@]}" \
    "${clients[@]}" "$SRBENCH" --role=client --config "$STUDY" "$@" : \
    "${databases[@]}" "$SRBENCH" --role=db
