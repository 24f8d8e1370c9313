/* Jobs that are submitted, watched and cancelled; in place of the commands are
 * stand-ins.
 */
#include "lib/wlm_stand_ins.h"

static struct pair arg(const char *name, const char *value)
{
    return (struct pair){.name = (char *)(uintptr_t)name,
                         .value = (char *)(uintptr_t)value};
}

static struct wlm_request request(const struct pair *args, size_t nargs)
{
    return (struct wlm_request){.script = "#!/bin/sh\nexec true\n",
                                .name = "srbench-db",
                                .output = "/scratch/a b/db.out",
                                .folder = "/scratch/it's",
                                .constraint = "",
                                .nodes = 16,
                                .tasks_per_node = 2,
                                .cpus_per_task = 8,
                                .wall_time = 3599.5,
                                .args = args,
                                .nargs = nargs};
}

static void slurm_is_given_a_job(void **state)
{
    struct pair args[] = {arg("C", "V100&ib"), arg("exclusive", NULL),
                          arg("account", "abc"), arg("s", NULL)};
    struct wlm_request r = request(args, COUNT(args));
    char id[SRB_JOB_ID_MAX];
    struct error err;
    struct job j;

    (void)state;
    r.constraint = "P100";
    job_of("slurm", &j);
    answers("sbatch", "sbatch: 12 hours are left\n4711;fake\n", 0);
    if (wlm_submit(&j, &r, id, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(id, "4711");
    assert_string_equal(noted("sbatch", ".args"),
                        "--parsable\n--no-requeue\n--job-name=srbench-db\n"
                        "--nodes=16\n--ntasks-per-node=2\n--cpus-per-task=8\n"
                        "--output=/scratch/a b/db.out\n--chdir=/scratch/it's\n"
                        "--time=0-01:00:00\n--constraint=P100\n"
                        "-C\nV100&ib\n--exclusive\n--account=abc\n-s\n");
    assert_string_equal(noted("sbatch", ".in"), r.script);
    r.wall_time = 90061;
    assert_int_equal(wlm_submit(&j, &r, id, &err), 0);
    assert_non_null(strstr(noted("sbatch", ".args"), "--time=1-01:01:01\n"));
    r.wall_time = NAN;
    r.constraint = "";
    r.nargs = 0;
    assert_int_equal(wlm_submit(&j, &r, id, &err), 0);
    assert_null(strstr(noted("sbatch", ".args"), "--time"));
    assert_null(strstr(noted("sbatch", ".args"), "--constraint"));
}

static void pbs_is_given_a_job(void **state)
{
    struct pair args[] = {arg("q", "debug"), arg("place", "scatter:excl"),
                          arg("h", NULL)};
    struct wlm_request r = request(args, COUNT(args));
    char id[SRB_JOB_ID_MAX];
    struct error err;
    struct job j;

    (void)state;
    job_of("pbs", &j);
    answers("qsub", "4711.server\n", 0);
    if (wlm_submit(&j, &r, id, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(id, "4711.server");
    assert_string_equal(noted("qsub", ".args"),
                        "-N\nsrbench-db\n-j\noe\n-o\n/scratch/a b/db.out\n"
                        "-r\nn\n-l\nselect=16:ncpus=16:mpiprocs=2\n"
                        "-l\nwalltime=01:00:00\n"
                        "-q\ndebug\n-l\nplace=scatter:excl\n-h\n");
    assert_string_equal(noted("qsub", ".in"),
                        "#!/bin/sh\ncd '/scratch/it'\\''s' || exit 1\n"
                        "exec true\n");
    r.wall_time = 360000;
    assert_int_equal(wlm_submit(&j, &r, id, &err), 0);
    assert_non_null(strstr(noted("qsub", ".args"), "walltime=100:00:00\n"));
    r.constraint = "V100";
    assert_int_equal(wlm_submit(&j, &r, id, &err), -1);
    assert_non_null(strstr(err.text, "PBS knows no features of nodes"));
}

/* What a step has goes, what leads to the batch system stays. */
static void a_new_job_has_a_clean_environment(void **state)
{
    static const char gone[] =
        "SLURM_NTASKS=8 SLURM_MEM_PER_CPU=1 SLURM_CPU_BIND=map SLURM_STEP_ID=0 "
        "SLURMD_NODENAME=nid1 SBATCH_CPU_BIND=x SRUN_DEBUG=3 PMI_FD=7 "
        "PMI_RANK=1 PMIX_RANK=1 HYDI_CONTROL_FD=9 HYDRA_LAUNCHER=ssh "
        "MPI_LOCALNRANKS=3 MPIR_CVAR_CH3_INTERFACE_HOSTNAME=nid1 "
        "OMPI_COMM_WORLD_SIZE=3 OMPI_MCA_orte_ess_vpid=0 PALS_RANKID=0 "
        "PBS_NODEFILE=/x PBS_O_HOST=login CUDA_VISIBLE_DEVICES=0 "
        "KMP_AFFINITY=compact OMP_PROC_BIND=true";
    static const char stays[] =
        "SLURM_CONF=/a/slurm.conf SLURM_JWT=token SLURM_MPI_TYPE=pmix "
        "PBS_CONF_FILE=/etc/pbs.conf PBS_EXEC=/opt/pbs HOME=/root LANG=C "
        "MPIR_CVAR_CH4_OFI_ENABLE_RMA=0 UCX_TLS=rc SLURMISH=1";
    struct wlm_request r = request(NULL, 0);
    char id[SRB_JOB_ID_MAX], copy[1024], line[256], *rest;
    struct error err;
    struct job j;

    (void)state;
    set_variables(gone);
    set_variables(stays);
    job_of("slurm", &j);
    answers("sbatch", "1\n", 0);
    if (wlm_submit(&j, &r, id, &err) < 0)
        fail_msg("%s", err.text);
    for (int keep = 0; keep < 2; keep++) {
        snprintf(copy, sizeof copy, "%s", keep ? stays : gone);
        for (char *word = strtok_r(copy, " ", &rest); word;
             word = strtok_r(NULL, " ", &rest)) {
            const char *env = noted("sbatch", ".env");
            size_t n = strlen(word);

            snprintf(line, sizeof line, "\n%s\n", word);
            if ((strstr(env, line) || strncmp(env, word, n) == 0) != keep)
                fail_msg("the job has%s %s", keep ? " no" : "", word);
        }
    }
    assert_string_equal(getenv("SLURM_NTASKS"), "8"); /* ours is as it was */
}

static void submissions_that_cannot_be(void **state)
{
    static const struct {
        const char *launcher, *name, *value, *words;
    } vectors[] = {
        {"slurm", "array", "1-9", "'array' cannot be an argument"},
        {"slurm", "W", NULL, "'W' cannot be an argument"},
        {"slurm", "wrap", "true", "'wrap' cannot be an argument"},
        {"slurm", "--exclusive", NULL, "'--exclusive' is no argument"},
        {"slurm", "", "x", "'' is no argument"},
        {"slurm", "a b", "x", "'a b' is no argument"},
        {"slurm", "time=5", NULL, "'time=5' is no argument"},
        {"pbs", "J", "1-9", "'J' cannot be an argument"},
        {"pbs", "exclusive", NULL, "PBS has no argument 'exclusive'"},
        {"none", "x", "y", "this is a job of no batch system"},
        {"flux", "x", "y", "this is a job of Flux"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct pair args[] = {arg(vectors[i].name, vectors[i].value)};
        struct wlm_request r = request(args, 1);
        char id[SRB_JOB_ID_MAX];
        struct error err;
        struct job j;

        set_up(NULL);
        job_of(vectors[i].launcher, &j);
        assert_int_equal(wlm_submit(&j, &r, id, &err), -1);
        if (!strstr(err.text, vectors[i].words))
            fail_msg("'%s' without '%s'", err.text, vectors[i].words);
        assert_int_equal(access(path_of("sbatch", ".args"), F_OK), -1);
        assert_int_equal(access(path_of("qsub", ".args"), F_OK), -1);
    }
}

static void submissions_that_fail(void **state)
{
    static const struct {
        const char *launcher, *command, *answer;
        int status;
        const char *words;
    } vectors[] = {
        {"slurm", "sbatch",
         "sbatch: hello\nsbatch: error: invalid partition: x\n", 1,
         "cannot submit the job 'srbench-db': 'sbatch' exited with status 1: "
         "sbatch: hello sbatch: error: invalid partition: x"},
        {"slurm", "sbatch", "12 hours\n", 0,
         "cannot submit the job 'srbench-db': sbatch did not say the id of the "
         "job"},
        {"pbs", "qsub", "qsub: Unknown queue\n", 170,
         "cannot submit the job 'srbench-db': 'qsub' exited with status 170: "
         "qsub: Unknown queue"},
        {"pbs", "qsub", "", 0,
         "cannot submit the job 'srbench-db': qsub did not say the id of the "
         "job"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct wlm_request r = request(NULL, 0);
        char id[SRB_JOB_ID_MAX];
        struct error err;
        struct job j;

        set_up(NULL);
        job_of(vectors[i].launcher, &j);
        answers(vectors[i].command, vectors[i].answer, vectors[i].status);
        assert_int_equal(wlm_submit(&j, &r, id, &err), -1);
        assert_string_equal(err.text, vectors[i].words);
    }
}

static void states_of_jobs(void **state)
{
    static const struct {
        const char *launcher, *command, *answer;
        int status;
        enum wlm_phase phase;
        const char *word, *reason;
    } vectors[] = {
        {"slurm", "squeue", "PENDING|Resources\n", 0, WLM_PENDING, "PENDING",
         "Resources"},
        {"slurm", "squeue", "CONFIGURING|None\n", 0, WLM_PENDING, "CONFIGURING",
         ""},
        {"slurm", "squeue", "RUNNING|None\n", 0, WLM_RUNNING, "RUNNING", ""},
        {"slurm", "squeue", "TIMEOUT|TimeLimit\n", 0, WLM_ENDED, "TIMEOUT",
         "TimeLimit"},
        {"slurm", "squeue", "CANCELLED|None\n", 0, WLM_ENDED, "CANCELLED", ""},
        {"slurm", "squeue", "DREAMING|None\n", 0, WLM_UNKNOWN, "DREAMING", ""},
        {"slurm", "squeue", "", 0, WLM_ENDED, "", ""},
        {"slurm", "squeue", "slurm_load_jobs error: Invalid job id specified\n",
         1, WLM_ENDED, "", ""},
        {"pbs", "qstat",
         QSTAT "    job_state = Q\n    comment = Not Running: "
               "Insufficient\n\t amount of resource\n",
         0, WLM_PENDING, "Q", "Not Running: Insufficient amount of resource"},
        {"pbs", "qstat", QSTAT "    job_state = R\n", 0, WLM_RUNNING, "R", ""},
        {"pbs", "qstat", QSTAT "    job_state = C\n", 0, WLM_ENDED, "C", ""},
        {"pbs", "qstat", "qstat: Unknown Job Id 5.server\n", 153, WLM_ENDED, "",
         ""},
        {"pbs", "qstat",
         "qstat: 5.server Job has finished, use -x or -H to obtain\n", 35,
         WLM_ENDED, "", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct wlm_state s;
        struct error err;
        struct job j;

        set_up(NULL);
        job_of(vectors[i].launcher, &j);
        answers(vectors[i].command, vectors[i].answer, vectors[i].status);
        if (wlm_state(&j, "5", &s, &err) < 0)
            fail_msg("'%s': %s", vectors[i].answer, err.text);
        if (s.phase != vectors[i].phase)
            fail_msg("'%s' is phase %d", vectors[i].answer, (int)s.phase);
        assert_string_equal(s.word, vectors[i].word);
        assert_string_equal(s.reason, vectors[i].reason);
    }
}

static void states_that_nobody_says(void **state)
{
    struct wlm_state s;
    struct error err;
    struct job j;

    (void)state;
    job_of("slurm", &j);
    answers("squeue", "Unable to contact slurm controller\n", 1);
    assert_int_equal(wlm_state(&j, "5", &s, &err), -1);
    assert_int_equal(s.phase, WLM_UNKNOWN);
    assert_non_null(strstr(err.text, "cannot ask for the job 5: 'squeue'"));
    assert_string_equal(noted("squeue", ".args"),
                        "--noheader\n--states=all\n--jobs=5\n--format=%T|%r\n");
    job_of("none", &j);
    assert_int_equal(wlm_state(&j, "5", &s, &err), -1);
    assert_int_equal(wlm_cancel(&j, "5", &err), -1);
}

static void jobs_are_cancelled(void **state)
{
    struct error err;
    struct job j;

    (void)state;
    job_of("slurm", &j);
    assert_int_equal(wlm_cancel(&j, "5", &err), 0);
    assert_string_equal(noted("scancel", ".args"), "--quiet\n5\n");
    answers("scancel", "scancel: error: Access denied\n", 1);
    assert_int_equal(wlm_cancel(&j, "5", &err), -1);
    assert_string_equal(err.text, "cannot cancel the job 5: 'scancel' exited "
                                  "with status 1: scancel: error: Access "
                                  "denied");
    set_up(NULL);
    job_of("pbs", &j);
    assert_int_equal(wlm_cancel(&j, "5.server", &err), 0);
    assert_string_equal(noted("qdel", ".args"), "5.server\n");
    answers("qdel", "qdel: Unknown Job Id 5.server\n", 153);
    assert_int_equal(wlm_cancel(&j, "5.server", &err), 0);
    answers("qdel", "qdel: Unauthorized Request\n", 159);
    assert_int_equal(wlm_cancel(&j, "5.server", &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(slurm_is_given_a_job),
        TEST(pbs_is_given_a_job),
        TEST(a_new_job_has_a_clean_environment),
        TEST(submissions_that_cannot_be),
        TEST(submissions_that_fail),
        TEST(states_of_jobs),
        TEST(states_that_nobody_says),
        TEST(jobs_are_cancelled),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
