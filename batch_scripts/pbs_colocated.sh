#!/bin/bash
#PBS -N srbench-colocated
#PBS -l select=128:ncpus=48:mpiprocs=48
#PBS -l place=scatter:excl
#PBS -l walltime=08:00:00
#PBS -j oe
#PBS -r n
#
# The colocated placement: a database on every client node, for the clients of
# that node.
#
#     qsub pbs_colocated.sh
#     qsub -l select=16:ncpus=48:mpiprocs=48 -v STUDY=mine.yaml pbs_colocated.sh
#
# The sizes of the job stand above and nowhere else; those of qsub's command
# line win. What is measured stands in $STUDY; qsub hands it on with -v. srbench
# respects the job's walltime (qstat); `qsig -s SIGUSR1 JOB` ends the study
# after the running permutation.
set -euo pipefail
cd "${PBS_O_WORKDIR:-.}"

# module load mpich hiredis hdf5 redis       # or: spack load srbench
SRBENCH=${SRBENCH:-srbench}
STUDY=${STUDY:-study_colocated.yaml}

# A rank is started on every core, since a job that binds its ranks owns no more
# cores than they have; clients_per_node leaves some ranks idle, and their cores
# to the database.
#
# The node file has a line for each rank. exec: no shell stands between the job
# and mpiexec's exit status.
exec mpiexec -f "$PBS_NODEFILE" -n "$(wc -l <"$PBS_NODEFILE")" -bind-to core \
    "$SRBENCH" --config "$STUDY" "$@"
