/* The batch systems, by their environment and by their commands. The commands
 * are STAND-INS: a shell script in a folder of its own, first in PATH, that
 * notes its arguments, environment and input and prints what the test says.
 * Slurm itself is met in test/run/test_slurm.py; PBS and Flux only here.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "srb/wlm.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define TEXT_MAX 65536

static const char stand_in[] =
    "#!/bin/sh\n"
    "d=$(dirname \"$0\") me=$(basename \"$0\")\n"
    "for a; do printf '%s\\n' \"$a\"; done >\"$d/$me.args\"\n"
    "env >\"$d/$me.env\"\n"
    "cat >\"$d/$me.in\"\n"
    "[ ! -f \"$d/$me.out\" ] || cat \"$d/$me.out\"\n"
    "[ ! -f \"$d/$me.status\" ] || exit \"$(cat \"$d/$me.status\")\"\n";

static const char *const commands[] = {
    "sbatch", "squeue", "scontrol", "scancel", "qsub", "qstat", "qdel", "flux"};
static const char *const endings[] = {"",    ".args", ".env",
                                      ".in", ".out",  ".status"};
static char folder[] = "/tmp/srb-wlm-XXXXXX";

/* ---- the stand-ins ---- */

static const char *path_of(const char *command, const char *ending)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s%s", folder, command, ending);
    return path;
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* What a command noted; valid until the next call. */
static const char *noted(const char *command, const char *ending)
{
    static char text[TEXT_MAX];
    FILE *f = fopen(path_of(command, ending), "r");
    size_t n;

    if (!f)
        fail_msg("%s was not called", command);
    n = fread(text, 1, sizeof text - 1, f);
    text[n] = '\0';
    fclose(f);
    return text;
}

static void install(const char *command, const char *script)
{
    write_file(path_of(command, ""), script);
    assert_int_equal(chmod(path_of(command, ""), 0755), 0);
}

/* What the next call of a command prints, and its exit status. */
static void answers(const char *command, const char *text, int status)
{
    char number[16];

    snprintf(number, sizeof number, "%d", status);
    write_file(path_of(command, ".out"), text);
    write_file(path_of(command, ".status"), number);
}

static void clean(void)
{
    for (size_t c = 0; c < COUNT(commands); c++)
        for (size_t e = 0; e < COUNT(endings); e++)
            unlink(path_of(commands[c], endings[e]));
    unlink(path_of("nodes", ""));
}

/* Nothing of a batch system around, and all stand-ins there. */
static int set_up(void **state)
{
    char path[128];

    (void)state;
    clearenv();
    snprintf(path, sizeof path, "%s:/usr/bin:/bin", folder);
    setenv("PATH", path, 1);
    clean();
    for (size_t c = 0; c < COUNT(commands); c++)
        install(commands[c], stand_in);
    return 0;
}

static int make_folder(void **state)
{
    (void)state;
    alarm(50); /* nothing here may hang for long */
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    clean();
    return rmdir(folder);
}

/* Set variables as in a line "A=1 B=2". */
static void set_variables(const char *line)
{
    char copy[1024], *rest;

    snprintf(copy, sizeof copy, "%s", line);
    for (char *word = strtok_r(copy, " ", &rest); word;
         word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');

        assert_non_null(value);
        *value = '\0';
        setenv(word, value + 1, 1);
    }
}

static void job_of(const char *launcher, struct job *j)
{
    static const struct {
        const char *launcher, *variables;
    } known[] = {
        {"slurm", "SLURM_JOB_ID=77 SLURM_JOB_NODELIST=nid[1-2]"},
        {"pbs", "PBS_JOBID=88.server"},
        {"flux", "FLUX_JOB_ID=f99"},
        {"none", ""},
    };
    struct error err;

    for (size_t i = 0; i < COUNT(known); i++)
        if (strcmp(known[i].launcher, launcher) == 0)
            set_variables(known[i].variables);
    assert_int_equal(wlm_find(launcher, j, &err), 0);
}

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

#define QSTAT                                                                  \
    "Job Id: 88.server\n"                                                      \
    "    Job_Name = srbench\n"                                                 \
    "    resources_used.vmem = 0kb\n"

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

/* ---- other jobs ---- */

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

#define TEST(name) cmocka_unit_test_setup(name, set_up)

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
