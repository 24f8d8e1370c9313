#!/bin/bash
#PBS -N srbench-standard
#PBS -l select=144:ncpus=48:mpiprocs=48
#PBS -l place=scatter:excl
#PBS -l walltime=08:00:00
#PBS -j oe
#PBS -r n
#
# The standard placement: databases on nodes of their own, which are the last
# ones of the job: 128 nodes of clients and 16 of databases.
#
#     qsub pbs_standard.sh
#     qsub -l select=24:ncpus=48:mpiprocs=48 -v STUDY=mine.yaml pbs_standard.sh
#
# The sizes of the job stand above and nowhere else; those of qsub's command
# line win. What is measured stands in $STUDY; qsub hands it on with -v. srbench
# respects the job's walltime (qstat); `qsig -s SIGUSR1 JOB` ends the study
# after the running permutation.
set -euo pipefail
cd "${PBS_O_WORKDIR:-.}"

# module load mpich hiredis hdf5 redis       # or: spack load srbench
SRBENCH=${SRBENCH:-srbench}
STUDY=${STUDY:-study_standard.yaml}

# MPICH waits by polling, so every rank has a core of its own. srbench finds
# CPUs for the databases among the cores of all ranks of a node.
#
# The node file has a line for each rank. exec: no shell stands between the job
# and mpiexec's exit status.
exec mpiexec -f "$PBS_NODEFILE" -n "$(wc -l <"$PBS_NODEFILE")" -bind-to core \
    "$SRBENCH" --config "$STUDY" "$@"
