#!/bin/bash
#SBATCH --job-name=srbench-chosen-hosts
#SBATCH --nodes=144
#SBATCH --ntasks-per-node=48
#SBATCH --exclusive
#SBATCH --mem=0
#SBATCH --time=08:00:00
#SBATCH --signal=USR1@300
#SBATCH --no-requeue
#SBATCH --output=%x-%j.out
#
# The standard placement with databases on chosen hosts. Here they are spread
# evenly over the job's nodes, which Slurm sorts by name or topology, so that no
# cabinet or switch has all of them.
#
#     sbatch slurm_chosen_hosts.sh
#     DB_NODES=4 sbatch --nodes=64 slurm_chosen_hosts.sh
#     DB_HOSTS='nid[0001-0004,0010]' sbatch --nodelist=nid[0001-0144] \
#         slurm_chosen_hosts.sh
#
# DB_HOSTS names them; else DB_NODES says how many. The sizes of the job stand
# above and nowhere else; those of `sbatch --nodes=2 …` win. What is measured
# stands in $STUDY; further arguments are options of srbench and win over that
# file.
set -euo pipefail

# module load mpich hiredis hdf5 redis       # or: spack load srbench
SRBENCH=${SRBENCH:-srbench}
STUDY=${STUDY:-study_chosen_hosts.yaml}
DB_NODES=${DB_NODES:-16}

# The last node of each of DB_NODES equal parts of the job.
if [ -z "${DB_HOSTS:-}" ]; then
    DB_HOSTS=$(scontrol show hostnames "$SLURM_JOB_NODELIST" |
        awk -v db="$DB_NODES" -v all="$SLURM_JOB_NUM_NODES" '
            int(NR * db / all) > int((NR - 1) * db / all) {
                printf "%s%s", found++ ? "," : "", $1
            }')
fi

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
    "$SRBENCH" --config "$STUDY" --db_hosts="$DB_HOSTS" "$@"
