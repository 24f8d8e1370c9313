/* wlm_stand_ins.h - commands of batch systems that are none.
 *
 * They are STAND-INS: a shell script in a folder of its own, first in PATH,
 * that notes its arguments, environment and input and prints what the test
 * says. Slurm itself is met in test/run/test_slurm*.py; PBS and Flux only here.
 */
#ifndef SRB_TEST_WLM_STAND_INS_H
#define SRB_TEST_WLM_STAND_INS_H

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

#include "wlm/wlm.h"

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

static inline const char *path_of(const char *command, const char *ending)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s%s", folder, command, ending);
    return path;
}

static inline void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* What a command noted; valid until the next call. */
static inline const char *noted(const char *command, const char *ending)
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

static inline void install(const char *command, const char *script)
{
    write_file(path_of(command, ""), script);
    assert_int_equal(chmod(path_of(command, ""), 0755), 0);
}

/* What the next call of a command prints, and its exit status. */
static inline void answers(const char *command, const char *text, int status)
{
    char number[16];

    snprintf(number, sizeof number, "%d", status);
    write_file(path_of(command, ".out"), text);
    write_file(path_of(command, ".status"), number);
}

static inline void clean(void)
{
    for (size_t c = 0; c < COUNT(commands); c++)
        for (size_t e = 0; e < COUNT(endings); e++)
            unlink(path_of(commands[c], endings[e]));
    unlink(path_of("nodes", ""));
}

/* Nothing of a batch system around, and all stand-ins there. */
static inline int set_up(void **state)
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

static inline int make_folder(void **state)
{
    (void)state;
    alarm(500); /* nothing here may hang for long */
    return mkdtemp(folder) ? 0 : -1;
}

static inline int remove_folder(void **state)
{
    (void)state;
    clean();
    return rmdir(folder);
}

/* Set variables as in a line "A=1 B=2". */
static inline void set_variables(const char *line)
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

static inline void job_of(const char *launcher, struct job *j)
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

/* The start of what qstat -f says. */
#define QSTAT                                                                  \
    "Job Id: 88.server\n"                                                      \
    "    Job_Name = srbench\n"                                                 \
    "    resources_used.vmem = 0kb\n"

#define TEST(name) cmocka_unit_test_setup(name, set_up)

#endif
