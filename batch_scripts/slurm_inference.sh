#!/bin/bash
#SBATCH --job-name=srbench-inference
#SBATCH --nodes=16
#SBATCH --ntasks-per-node=48
#SBATCH --exclusive
#SBATCH --gpus-per-node=4
#SBATCH --mem=0
#SBATCH --time=08:00:00
#SBATCH --signal=USR1@300
#SBATCH --no-requeue
#SBATCH --output=%x-%j.out
#
# Models on the GPUs of the nodes: a database with RedisAI on each, for the
# clients of that node. RAI_PATH names its library, SRBENCH_MODELS the folder
# with resnet50.gpu.pt (srbench-model make resnet50 FOLDER --device=gpu).
#
#     sbatch slurm_inference.sh
#     STUDY=mine.yaml sbatch --nodes=4 slurm_inference.sh --client_nodes=4
#
# The sizes of the job stand above and nowhere else; those of sbatch's command
# line win. What is measured stands in $STUDY; further arguments are options of
# srbench and win over that file.
set -euo pipefail

# module load mpich hiredis hdf5 redis       # or: spack load srbench
SRBENCH=${SRBENCH:-srbench}
STUDY=${STUDY:-study_inference.yaml}

# Five minutes before its end Slurm sends SIGUSR1 to the tasks (without "B:",
# and so not to this shell): the study ends after the running permutation. A job
# shorter than that is told at once: give `sbatch --signal=USR1@30` too. exec:
# no shell stands between the job and srun's exit status.
#
# A rank is started on every core, since a job that binds its tasks owns no more
# cores than they have; clients_per_node leaves some ranks idle, and their cores
# to the database.
#
# Without --kill-on-bad-exit a rank that dies leaves the others waiting for it
# until the job's end.
exec srun --mpi="${SLURM_MPI_TYPE:-pmi2}" --threads-per-core=1 \
    --cpu-bind=cores --kill-on-bad-exit=1 \
    "$SRBENCH" --config "$STUDY" "$@"
