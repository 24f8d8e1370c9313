#!/bin/bash
#PBS -N srbench-smoke
#PBS -l select=2:ncpus=4:mpiprocs=4
#PBS -l place=scatter
#PBS -l walltime=00:10:00
#PBS -r n
#
# The first job on a new machine: two nodes, ten minutes at most, seconds in fact.
# The result is in the job's .o file, the story in its .e file.
#
#     qsub pbs_smoke.sh
#     qsub -v SRBENCH=$HOME/srbench/bin/srbench pbs_smoke.sh
#
# The sizes of the job stand above and nowhere else; those of qsub's command
# line win. What is measured stands in $STUDY; qsub hands it on with -v.
set -euo pipefail
cd "${PBS_O_WORKDIR:-.}"

# module load mpich hiredis hdf5 redis       # or: spack load srbench
SRBENCH=${SRBENCH:-srbench}
STUDY=${STUDY:-study_smoke.yaml}

# What is wrong is said here, once, and not by every rank of a job.
if ! command -v "$SRBENCH" >/dev/null; then
    echo "pbs_smoke.sh: there is no program '$SRBENCH'; load its module, or name it:" \
        "qsub -v SRBENCH=/path/bin/srbench pbs_smoke.sh" >&2
    exit 2
fi
if [ ! -r "$STUDY" ]; then
    echo "pbs_smoke.sh: there is no study '$STUDY' in $PWD; submit from the folder" \
        "that has it, or name it: qsub -v STUDY=/path/study.yaml pbs_smoke.sh" >&2
    exit 2
fi
# The plan, which also reads the study; no MPI is started for it. The node file has
# a line for each rank.
ranks=$(wc -l <"$PBS_NODEFILE")
nodes=$(sort -u "$PBS_NODEFILE" | wc -l)
"$SRBENCH" --config "$STUDY" "$@" --dry_run --machine="${nodes}x$((ranks / nodes))"

# MPICH waits by polling, so every rank has a core of its own. exec: no shell stands
# between the job and mpiexec's exit status.
exec mpiexec -f "$PBS_NODEFILE" -n "$ranks" -bind-to core \
    "$SRBENCH" --config "$STUDY" "$@"
