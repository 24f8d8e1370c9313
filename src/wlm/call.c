#include "wlm/call.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/mem.h"
#include "base/proc.h"

/* The longest wait for a command: a busy controller answers after many seconds.
 */
#define CALL_SECONDS 60.0

/* What the step's launcher and batch system set in its processes, by the starts
 * of names: Slurm (srun(1), sbatch(1)), MPICH's and Cray's launchers, PMI and
 * PMIx, Open MPI with PRRTE, PBS (qsub(1B)), Flux, and masks of devices and
 * CPUs. An sbatch or srun that reads these asks for what this step has. */
static const char *const dropped[] = {
    "SLURM_",
    "SLURMD_",
    "SBATCH_",
    "SRUN_",
    "SALLOC_",
    "PMI_",
    "PMI2_",
    "PMIX_",
    "HYDRA_",
    "HYDI_",
    "MPIEXEC_",
    "MPI_LOCAL",
    "MPIR_CVAR_CH3_INTERFACE_HOSTNAME=",
    "GFORTRAN_UNBUFFERED_PRECONNECTED=",
    "PALS_",
    "ALPS_",
    "OMPI_",
    "ORTE_",
    "PRTE_",
    "PBS_",
    "FLUX_",
    "CUDA_VISIBLE_DEVICES=",
    "ROCR_VISIBLE_DEVICES=",
    "HIP_VISIBLE_DEVICES=",
    "ZE_AFFINITY_MASK=",
    "GPU_DEVICE_ORDINAL=",
    "GOMP_CPU_AFFINITY=",
    "KMP_AFFINITY=",
    "OMP_PLACES=",
    "OMP_PROC_BIND=",
};

/* Of those, what says where the batch system is and how to talk to it, and what
 * holds for the whole site: the MPI that made this step one world makes the
 * next one so. */
static const char *const kept[] = {
    "SLURM_CONF=",
    "SLURM_CONF_SERVER=",
    "SLURM_JWT=",
    "SLURM_MPI_TYPE=",
    "PBS_CONF_FILE=",
    "PBS_EXEC=",
    "PBS_HOME=",
    "PBS_SERVER=",
    "PBS_DEFAULT=",
    "FLUX_URI=",
    "OMPI_ALLOW_RUN_AS_ROOT",
};

static bool begins_with_any(const char *text, const char *const starts[],
                            size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strncmp(text, starts[i], strlen(starts[i])) == 0)
            return true;
    return false;
}

bool call_sets(const char *name)
{
    char start[256];

    snprintf(start, sizeof start, "%s=", name);
    return begins_with_any(start, dropped, sizeof dropped / sizeof dropped[0]);
}

/* This process's environment without what launchers and batch systems put there
 * for the running step; to be freed, its strings are the process's. */
static char **environment(void)
{
    size_t n = 0, used = 0;
    char **env;

    while (environ[n])
        n++;
    env = mem_new(n + 1, sizeof *env);
    for (size_t i = 0; i < n; i++)
        if (!begins_with_any(environ[i], dropped,
                             sizeof dropped / sizeof dropped[0]) ||
            begins_with_any(environ[i], kept, sizeof kept / sizeof kept[0]))
            env[used++] = environ[i];
    return env;
}

void call_words_add(struct words *w, const char *fmt, ...)
{
    char *word;
    va_list ap;
    int rc;

    /* with room for the NULL behind it */
    w->word = mem_more(w->word, w->n + 1, &w->room, sizeof *w->word);
    va_start(ap, fmt);
    rc = vasprintf(&word, fmt, ap);
    va_end(ap);
    if (rc < 0)
        die("not enough memory for an argument");
    w->word[w->n++] = word;
    w->word[w->n] = NULL;
}

void call_words_free(struct words *w)
{
    for (size_t i = 0; i < w->n; i++)
        free(w->word[i]);
    free(w->word);
    *w = (struct words){0};
}

int call_run(struct words *w, const char *input, char *buf, size_t n,
             struct error *err)
{
    char **env = environment();
    int rc = proc_ask(w->word, input, env, CALL_SECONDS, buf, n, err);

    free(env);
    call_words_free(w);
    return rc;
}

int call_check_arg(const struct pair *arg, const char *const refused[],
                   struct error *err)
{
    const char *name = arg->name;

    if (name[0] == '\0' || name[0] == '-' ||
        name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")])
        return error_set(err,
                         "'%s' is no argument of a submission: expected its "
                         "name without dashes, such as account or A",
                         name);
    for (; *refused; refused++)
        if (strcmp(name, *refused) == 0)
            return error_set(err,
                             "'%s' cannot be an argument of a submission: it "
                             "would make it something else than one job of its "
                             "own; leave it out",
                             name);
    return 0;
}

double call_parse_duration(const char *text)
{
    const char *dash = strchr(text, '-');
    double seconds = 0, days = 0;
    char *end;

    if (dash) {
        days = (double)strtol(text, &end, 10);
        if (end == text || end != dash)
            return NAN;
        text = dash + 1;
    }
    for (;; text = end + 1) {
        if (*text < '0' || *text > '9')
            return NAN;
        seconds = 60 * seconds + (double)strtol(text, &end, 10);
        if (*end != ':')
            break;
    }
    return end[strspn(end, " \t\r\n")] ? NAN : 86400 * days + seconds;
}

int call_find_value(const char *text, const char *key, const char *until,
                    char *buf, size_t n)
{
    const char *at = text;
    size_t len;

    buf[0] = '\0';
    while ((at = strstr(at, key)) && at > text && !strchr(" \t\n", at[-1]))
        at += strlen(key);
    if (!at)
        return -1;
    at += strlen(key);
    len = strcspn(at, until);
    snprintf(buf, n, "%.*s", (int)(len < n ? len : n), at);
    return 0;
}
