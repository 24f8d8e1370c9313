#!/bin/bash
#PBS -N srbench-chosen-hosts
#PBS -l select=144:ncpus=48:mpiprocs=48
#PBS -l place=scatter:excl
#PBS -l walltime=08:00:00
#PBS -j oe
#PBS -r n
#
# The standard placement with databases on chosen hosts. Here they are spread
# evenly over the nodes of the job, so that no cabinet or switch has all of
# them.
#
#     qsub pbs_chosen_hosts.sh
#     qsub -l select=64:ncpus=48:mpiprocs=48 -v DB_NODES=4 pbs_chosen_hosts.sh
#
# DB_HOSTS names them (r1n[1-4],r9n7); else DB_NODES says how many.
#
# The sizes of the job stand above and nowhere else; those of qsub's command
# line win. What is measured stands in $STUDY; qsub hands it on with -v. srbench
# respects the job's walltime (qstat); `qsig -s SIGUSR1 JOB` ends the study
# after the running permutation.
set -euo pipefail
cd "${PBS_O_WORKDIR:-.}"

# module load mpich hiredis hdf5 redis       # or: spack load srbench
SRBENCH=${SRBENCH:-srbench}
STUDY=${STUDY:-study_chosen_hosts.yaml}
DB_NODES=${DB_NODES:-16}

# The last node of each of DB_NODES equal parts of the job.
if [ -z "${DB_HOSTS:-}" ]; then
    DB_HOSTS=$(uniq "$PBS_NODEFILE" | awk -v db="$DB_NODES" \
        -v all="$(uniq "$PBS_NODEFILE" | wc -l)" '
            int(NR * db / all) > int((NR - 1) * db / all) {
                printf "%s%s", found++ ? "," : "", $1
            }')
fi

# MPICH waits by polling, so every rank has a core of its own. srbench finds
# CPUs for the databases among the cores of all ranks of a node.
#
# The node file has a line for each rank. exec: no shell stands between the job
# and mpiexec's exit status.
exec mpiexec -f "$PBS_NODEFILE" -n "$(wc -l <"$PBS_NODEFILE")" -bind-to core \
    "$SRBENCH" --config "$STUDY" --db_hosts="$DB_HOSTS" "$@"
