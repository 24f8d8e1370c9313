/* What batch systems say of a job: by its environment, and by their commands,
 * in whose place are stand-ins.
 */
#include "lib/wlm_stand_ins.h"

/* ---- by the environment ---- */

static void jobs_are_found(void **state)
{
    static const struct {
        const char *variables, *forced, *launcher, *id, *nodes;
    } vectors[] = {
        {"", "auto", "none", "", ""},
        {"", "none", "none", "", ""},
        {"SLURM_JOB_ID=7 SLURM_JOB_NODELIST=nid[0001-0004]", "auto", "slurm",
         "7", "nid[0001-0004]"},
        {"SLURM_JOB_ID=7", "slurm", "slurm", "7", ""},
        {"SLURM_JOB_ID=7", "none", "none", "", ""},
        {"SLURM_JOB_ID=", "auto", "none", "", ""},
        {"SLURM_CONF=/etc/slurm.conf", "auto", "none", "", ""},
        {"PBS_JOBID=8.server", "auto", "pbs", "8.server", ""},
        {"FLUX_JOB_ID=f2", "auto", "flux", "f2", ""},
        {"FLUX_JOB_ID=f2 SLURM_JOB_ID=7", "auto", "flux", "f2", ""},
        {"FLUX_JOB_ID=f2 SLURM_JOB_ID=7", "slurm", "slurm", "7", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct error err;
        struct job j;

        set_up(NULL);
        set_variables(vectors[i].variables);
        if (wlm_find(vectors[i].forced, &j, &err) < 0)
            fail_msg("'%s': %s", vectors[i].variables, err.text);
        assert_string_equal(j.launcher, vectors[i].launcher);
        assert_string_equal(j.id, vectors[i].id);
        assert_string_equal(j.node_list, vectors[i].nodes);
        assert_true(isnan(wlm_time_left(&j)));
    }
}

static void one_that_is_not_there_is_refused(void **state)
{
    struct error err;
    struct job j;

    (void)state;
    setenv("SLURM_JOB_ID", "7", 1);
    assert_int_equal(wlm_find("pbs", &j, &err), -1);
    assert_string_equal(
        err.text, "launcher: 'pbs' was asked for, but this is no job of PBS "
                  "(PBS_JOBID is not set): this is a job of Slurm; leave "
                  "launcher out, or start srbench in such a job");
    assert_int_equal(wlm_find("lsf", &j, &err), -1);
    assert_string_equal(err.text, "launcher: there is none called 'lsf'");
}

static void started_tasks_are_counted(void **state)
{
    static const struct {
        const char *variables;
        int tasks;
        const char *words; /* of a refusal in a world of one; NULL: none */
    } vectors[] = {
        {"", 0, NULL},
        {"SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=8", 8, "srun --mpi=pmi2, or"},
        {"SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=1", 1, NULL},
        /* a batch script, and a shell of salloc: no step */
        {"SLURM_JOB_ID=7 SLURM_NTASKS=8 SLURM_NPROCS=8 SLURM_PROCID=0", 0,
         NULL},
        {"SLURM_STEP_NUM_TASKS=8", 0, NULL},
        /* mpiexec under salloc: its own helpers are the step */
        {"SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=4 PMI_SIZE=1", 1, NULL},
        {"SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=4 PMI_SIZE=96", 96,
         "of another MPI library"},
        /* srun --mpi=pmi2 and a library that does not know it */
        {"SLURM_STEP_ID=0 SLURM_STEP_NUM_TASKS=8 PMI_SIZE=8", 8,
         "srun --mpi=pmi2, or"},
        {"PMI_SIZE=4 PMI_RANK=0", 4, "4 tasks were started"},
        {"OMPI_COMM_WORLD_SIZE=6", 6, "6 tasks were started"},
        {"OMPI_COMM_WORLD_SIZE=1", 1, NULL},
        {"PMI_SIZE=x", 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct error err = {.text = ""};
        int rc;

        set_up(NULL);
        set_variables(vectors[i].variables);
        assert_int_equal(wlm_launched_tasks(), vectors[i].tasks);
        rc = wlm_check_world(1, &err);
        if ((rc < 0) != (vectors[i].words != NULL))
            fail_msg("'%s' is %d: %s", vectors[i].variables, rc, err.text);
        if (rc < 0 && !strstr(err.text, vectors[i].words))
            fail_msg("'%s': '%s' without '%s'", vectors[i].variables, err.text,
                     vectors[i].words);
        assert_int_equal(wlm_check_world(2, &err), 0);
    }
}

static void nodes_have_their_systems_names(void **state)
{
    char name[64], self[64], text[300];
    struct error err;
    struct job j;

    (void)state;
    wlm_node_name(name, sizeof name);
    assert_string_equal(name, "");
    set_variables("SLURM_JOB_ID=7 SLURMD_NODENAME=nid0003");
    wlm_node_name(name, sizeof name);
    assert_string_equal(name, "nid0003");
    setenv("MPI_LOCALNRANKS", "2", 1); /* the name is of mpiexec's node */
    wlm_node_name(name, sizeof name);
    assert_string_equal(name, "");

    set_up(NULL);
    assert_int_equal(gethostname(self, sizeof self), 0);
    self[strcspn(self, ".")] = '\0';
    snprintf(text, sizeof text, "first\nfirst\n%s.a.site\n%s.a.site\nlast\n",
             self, self);
    write_file(path_of("nodes", ""), text);
    set_variables("PBS_JOBID=8.server");
    wlm_node_name(name, sizeof name); /* no node file on this host */
    assert_string_equal(name, "");
    setenv("PBS_NODEFILE", path_of("nodes", ""), 1);
    wlm_node_name(name, sizeof name);
    snprintf(text, sizeof text, "%s.a.site", self);
    assert_string_equal(name, text);
    assert_int_equal(wlm_find("auto", &j, &err), 0);
    snprintf(text, sizeof text, "first,%s.a.site,last", self);
    assert_string_equal(j.node_list, text);
}

/* ---- the end ---- */

static void the_end_is_asked_for(void **state)
{
    static const struct {
        const char *launcher, *command, *answer;
        double left; /* NaN: unknown */
    } vectors[] = {
        {"slurm", "squeue", "4:59\n", 299},
        {"slurm", "squeue", "59:00\n", 3540},
        {"slurm", "squeue", "1:02:03\n", 3723},
        {"slurm", "squeue", "2-01:00:00\n", 176400},
        {"slurm", "squeue", "0:00\n", 0},
        {"slurm", "squeue", "UNLIMITED\n", NAN},
        {"slurm", "squeue", "NOT_SET\n", NAN},
        {"slurm", "squeue", "INVALID\n", NAN},
        {"slurm", "squeue", "", NAN},
        {"slurm", "squeue", "-1:00\n", NAN},
        {"slurm", "squeue", "1:\n", NAN},
        {"pbs", "qstat",
         QSTAT "    resources_used.walltime = 00:10:00\n"
               "    Resource_List.walltime = 01:00:00\n",
         3000},
        {"pbs", "qstat", QSTAT "    Resource_List.walltime = 100:00:00\n",
         360000},
        {"pbs", "qstat", QSTAT "    job_state = R\n", NAN},
        {"flux", "flux", "1800\n", 1800},
        {"flux", "flux", "infinity\n", NAN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        struct error err;
        struct job j;
        double left;

        set_up(NULL);
        job_of(vectors[i].launcher, &j);
        answers(vectors[i].command, vectors[i].answer, 0);
        if (wlm_ask_end(&j, &err) < 0)
            fail_msg("'%s': %s", vectors[i].answer, err.text);
        left = wlm_time_left(&j);
        if (isnan(left) != isnan(vectors[i].left) ||
            fabs(left - vectors[i].left) > 5)
            fail_msg("'%s' leaves %g s instead of %g s", vectors[i].answer,
                     left, vectors[i].left);
    }
}

static void the_question_names_the_job(void **state)
{
    struct error err;
    struct job j;

    (void)state;
    job_of("slurm", &j);
    answers("squeue", "1:00\n", 0);
    assert_int_equal(wlm_ask_end(&j, &err), 0);
    assert_string_equal(noted("squeue", ".args"),
                        "--noheader\n--jobs=77\n--format=%L\n");
    answers("squeue", "9:00\n", 0); /* it is not asked again */
    assert_int_equal(wlm_ask_end(&j, &err), 0);
    assert_true(wlm_time_left(&j) <= 60);
    job_of("pbs", &j);
    answers("qstat", QSTAT, 0);
    assert_int_equal(wlm_ask_end(&j, &err), 0);
    assert_string_equal(noted("qstat", ".args"), "-f\n88.server\n");
    set_up(NULL);
    job_of("flux", &j);
    answers("flux", "10\n", 0);
    assert_int_equal(wlm_ask_end(&j, &err), 0);
    assert_string_equal(noted("flux", ".args"), "job\ntimeleft\nf99\n");
}

static void the_end_without_being_asked(void **state)
{
    char text[64];
    struct error err;
    struct job j;

    (void)state;
    snprintf(text, sizeof text, "%lld", (long long)time(NULL) + 1000);
    setenv("SLURM_JOB_END_TIME", text, 1);
    job_of("slurm", &j);
    assert_true(fabs(wlm_time_left(&j) - 1000) < 5);
    unlink(path_of("squeue", ""));
    assert_int_equal(wlm_ask_end(&j, &err), 0);
    setenv("SLURM_JOB_END_TIME", "1000", 1); /* long ago */
    job_of("slurm", &j);
    assert_true(wlm_time_left(&j) == 0);

    /* Torque's limit, from when its node file was written */
    set_up(NULL);
    write_file(path_of("nodes", ""), "first\n");
    setenv("PBS_NODEFILE", path_of("nodes", ""), 1);
    setenv("PBS_WALLTIME", "600", 1);
    job_of("pbs", &j);
    answers("qstat", "qstat: cannot connect to server\n", 1);
    assert_int_equal(wlm_ask_end(&j, &err), 0);
    assert_true(fabs(wlm_time_left(&j) - 600) < 5);
}

static void an_end_that_nobody_says(void **state)
{
    struct error err;
    struct job j;

    (void)state;
    job_of("slurm", &j);
    answers("squeue", "slurm_load_jobs error:\nUnable to contact\n", 1);
    assert_int_equal(wlm_ask_end(&j, &err), -1);
    assert_string_equal(err.text,
                        "Slurm does not say when the job ends: 'squeue' exited "
                        "with status 1: slurm_load_jobs error: Unable to "
                        "contact");
    assert_true(isnan(wlm_time_left(&j)));
    unlink(path_of("squeue", ""));
    setenv("PATH", folder, 1);
    assert_int_equal(wlm_ask_end(&j, &err), -1);
    assert_non_null(strstr(err.text, "'squeue' was not found in PATH"));
}

/* ---- features ---- */

static void features_of_nodes(void **state)
{
    char a[] = "nid2", b[] = "nid1", c[] = "nid2", d[] = "nid3";
    char *names[] = {a, b, c, d}, *got[4] = {NULL};
    static const char *const want[] = {"P100,bigmem", "V100,ib", "P100,bigmem",
                                       ""};
    struct error err;
    struct job j;

    (void)state;
    job_of("slurm", &j);
    answers("scontrol",
            "NodeName=nid1 Arch=x86_64 AvailableFeatures=V100,ib,off "
            "ActiveFeatures=V100,ib Gres=(null)\n"
            "NodeName=nid2 Arch=x86_64 AvailableFeatures=P100,bigmem Gres=x\n"
            "NodeName=nid3 AvailableFeatures=(null) ActiveFeatures=(null)\n",
            0);
    if (wlm_features(&j, names, 4, got, &err) < 0)
        fail_msg("%s", err.text);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(got[i], want[i]);
        free(got[i]);
    }
    assert_string_equal(noted("scontrol", ".args"),
                        "--oneliner\nshow\nnode\nnid1,nid2,nid3\n");
}

/* More names than one argument may have, each once. */
static void features_of_many_nodes(void **state)
{
    enum { N = 9408 };
    static const char script[] =
        "#!/bin/sh\n"
        "echo call >>\"$(dirname \"$0\")/scontrol.in\"\n"
        "printf '%s' \"$4\" | awk -v RS=, "
        "'{ print \"NodeName=\" $1 \" ActiveFeatures=f\" $1 }'\n";
    char **names = calloc(N, sizeof *names), **got = calloc(N, sizeof *got);
    struct error err;
    struct job j;

    (void)state;
    assert_true(names && got);
    install("scontrol", script);
    job_of("slurm", &j);
    for (int i = 0; i < N; i++)
        assert_true(asprintf(&names[i], "frontier%05d", N - i) > 0);
    if (wlm_features(&j, names, N, got, &err) < 0)
        fail_msg("%s", err.text);
    for (int i = 0; i < N; i++) {
        assert_string_equal(got[i] + 1, names[i]);
        free(names[i]);
        free(got[i]);
    }
    assert_string_equal(noted("scontrol", ".in"), "call\ncall\ncall\n");
    free(names);
    free(got);
}

static void features_that_nobody_knows(void **state)
{
    char a[] = "nid1", b[] = "nid2", *names[] = {a, b}, *got[2] = {NULL};
    struct error err;
    struct job j;

    (void)state;
    job_of("slurm", &j);
    answers("scontrol", "NodeName=nid1 ActiveFeatures=a\n", 0);
    assert_int_equal(wlm_features(&j, names, 2, got, &err), -1);
    assert_string_equal(err.text, "cannot ask for the features of nodes: Slurm "
                                  "says nothing of node 'nid2'");
    assert_null(got[0]); /* nothing, or all */
    answers("scontrol", "Node nid2 not found\n", 1);
    assert_int_equal(wlm_features(&j, names, 2, got, &err), -1);
    assert_string_equal(err.text, "cannot ask for the features of nodes: Slurm "
                                  "knows no node 'nid2'");
    unlink(path_of("scontrol", ""));
    setenv("PATH", folder, 1);
    assert_int_equal(wlm_features(&j, names, 2, got, &err), -1);
    assert_string_equal(err.text, "cannot ask for the features of nodes: "
                                  "'scontrol' was not found in PATH");
    set_up(NULL);
    job_of("pbs", &j);
    assert_int_equal(wlm_features(&j, names, 2, got, &err), -1);
    assert_string_equal(err.text,
                        "features of nodes are known to Slurm alone, and this "
                        "is a job of PBS; choose nodes by name, or leave their "
                        "features out");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(jobs_are_found),
        TEST(one_that_is_not_there_is_refused),
        TEST(started_tasks_are_counted),
        TEST(nodes_have_their_systems_names),
        TEST(the_end_is_asked_for),
        TEST(the_question_names_the_job),
        TEST(the_end_without_being_asked),
        TEST(an_end_that_nobody_says),
        TEST(features_of_nodes),
        TEST(features_of_many_nodes),
        TEST(features_that_nobody_knows),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
