#!/bin/bash
#SBATCH --job-name=srbench-smoke
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --time=00:10:00
#SBATCH --signal=USR1@60
#SBATCH --no-requeue
#SBATCH --output=%x-%j.out
#SBATCH --error=%x-%j.err
#
# The first job on a new machine: two nodes, ten minutes at most, seconds in fact.
# The result is in the .out, the story in the .err.
#
#     sbatch slurm_smoke.sh
#     SRBENCH=$HOME/srbench/bin/srbench sbatch -p debug slurm_smoke.sh --net_ifname=ib0
#
# The sizes of the job stand above and nowhere else; those of sbatch's command
# line win. What is measured stands in $STUDY; further arguments are options of
# srbench and win over that file.
set -euo pipefail

# module load mpich hiredis hdf5 redis       # or: spack load srbench
SRBENCH=${SRBENCH:-srbench}
STUDY=${STUDY:-study_smoke.yaml}

# What is wrong is said here, once, and not by every task of a job.
if ! command -v "$SRBENCH" >/dev/null; then
    echo "slurm_smoke.sh: there is no program '$SRBENCH'; load its module, or name" \
        "it: SRBENCH=/path/bin/srbench sbatch slurm_smoke.sh" >&2
    exit 2
fi
if [ ! -r "$STUDY" ]; then
    echo "slurm_smoke.sh: there is no study '$STUDY' in $PWD; submit from the folder" \
        "that has it, or name it: STUDY=/path/study.yaml sbatch slurm_smoke.sh" >&2
    exit 2
fi
# The plan, which also reads the study; no MPI is started for it.
"$SRBENCH" --config "$STUDY" "$@" --dry_run \
    --machine="${SLURM_JOB_NUM_NODES:-2}x${SLURM_NTASKS_PER_NODE:-4}"

# MPICH waits by polling, so every rank has a core of its own. Without
# --kill-on-bad-exit a rank that dies leaves the others waiting for it until the
# job's end. exec: no shell stands between the job and srun's exit status.
exec srun --mpi="${SLURM_MPI_TYPE:-pmi2}" --threads-per-core=1 \
    --cpu-bind=cores --kill-on-bad-exit=1 \
    "$SRBENCH" --config "$STUDY" "$@"
