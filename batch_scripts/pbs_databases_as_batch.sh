#!/bin/bash
#PBS -N srbench-clients
#PBS -l select=128:ncpus=48:mpiprocs=48
#PBS -l place=scatter:excl
#PBS -l walltime=08:00:00
#PBS -j oe
#PBS -r n
#
# The standard placement with each database set-up as a batch job of its own.
# This job has client nodes only; srbench submits a job of db_nodes nodes
# (qsub), waits until it serves, and ends it when its permutations are done. The
# folder of the results must be one that all nodes see, and nodes must be
# allowed to submit.
#
#     qsub pbs_databases_as_batch.sh
#
# The sizes of the job stand above and nowhere else; those of qsub's command
# line win. What is measured stands in $STUDY; qsub hands it on with -v. srbench
# respects the job's walltime (qstat); `qsig -s SIGUSR1 JOB` ends the study
# after the running permutation.
set -euo pipefail
cd "${PBS_O_WORKDIR:-.}"

# module load mpich hiredis hdf5 redis       # or: spack load srbench
SRBENCH=${SRBENCH:-srbench}
STUDY=${STUDY:-study_databases_as_batch.yaml}
# Further arguments of the databases' submission: whole nodes.
BATCH_ARGS=${BATCH_ARGS:-"{place: \"scatter:excl\"}"}

# MPICH waits by polling, so every rank has a core of its own. srbench finds
# CPUs for the databases among the cores of all ranks of a node.
#
# The node file has a line for each rank. exec: no shell stands between the job
# and mpiexec's exit status.
exec mpiexec -f "$PBS_NODEFILE" -n "$(wc -l <"$PBS_NODEFILE")" -bind-to core \
    "$SRBENCH" --config "$STUDY" --batch_args="$BATCH_ARGS" "$@"
