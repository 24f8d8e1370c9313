/* wlm_probe - wlm.h by hand, for the tests under a real Slurm.
 *
 *   wlm_probe left                      seconds until the job's end
 *   wlm_probe features NODE...          a line each: its features
 *   wlm_probe submit FOLDER CONSTRAINT NODES [NAME[=VALUE]...] <SCRIPT
 *                                       the id; output goes to FOLDER/out
 *   wlm_probe state ID                  phase|word|reason
 *   wlm_probe cancel ID
 *
 * Exit status 1, and words, for what fails.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wlm/wlm.h"

#define ARGS_MAX 16

static int left(struct job *j, int n, char *args[], struct error *err)
{
    (void)n;
    (void)args;
    if (wlm_ask_end(j, err) < 0)
        return -1;
    printf("%g\n", wlm_time_left(j));
    return 0;
}

static int features(struct job *j, int n, char *args[], struct error *err)
{
    char **found = calloc((size_t)n + 1, sizeof *found);
    int rc = found ? wlm_features(j, args, n, found, err) : -1;

    for (int i = 0; i < n && rc == 0; i++) {
        printf("%s\n", found[i]);
        free(found[i]);
    }
    free(found);
    return rc;
}

static int submit(struct job *j, int n, char *args[], struct error *err)
{
    char script[8192], output[4096], id[SRB_JOB_ID_MAX];
    struct pair pairs[ARGS_MAX];
    struct wlm_request r = {.script = script,
                            .name = "probe",
                            .output = output,
                            .tasks_per_node = 1,
                            .cpus_per_task = 1,
                            .wall_time = 60,
                            .args = pairs};
    size_t got = fread(script, 1, sizeof script - 1, stdin);

    if (n < 3 || n > 3 + ARGS_MAX)
        return error_set(err, "submit FOLDER CONSTRAINT NODES [NAME[=VALUE]]");
    script[got] = '\0';
    snprintf(output, sizeof output, "%s/out", args[0]);
    r.folder = args[0];
    r.constraint = args[1];
    r.nodes = atoi(args[2]);
    for (int i = 3; i < n; i++) {
        char *value = strchr(args[i], '=');

        if (value)
            *value++ = '\0';
        pairs[r.nargs++] = (struct pair){.name = args[i], .value = value};
    }
    if (wlm_submit(j, &r, id, err) < 0)
        return -1;
    printf("%s\n", id);
    return 0;
}

static int state(struct job *j, int n, char *args[], struct error *err)
{
    static const char *const phases[] = {"unknown", "pending", "running",
                                         "ended"};
    struct wlm_state s;

    if (n != 1 || wlm_state(j, args[0], &s, err) < 0)
        return -1;
    printf("%s|%s|%s\n", phases[s.phase], s.word, s.reason);
    return 0;
}

static int cancel(struct job *j, int n, char *args[], struct error *err)
{
    return n == 1 ? wlm_cancel(j, args[0], err) : -1;
}

int main(int argc, char *argv[])
{
    static const struct {
        const char *verb;
        int (*act)(struct job *, int, char *[], struct error *);
    } verbs[] = {{"left", left},
                 {"features", features},
                 {"submit", submit},
                 {"state", state},
                 {"cancel", cancel}};
    struct error err = {.text = "usage: see the head of wlm_probe.c"};
    struct job j;
    int rc = -1;

    if (argc > 1 && wlm_find("auto", &j, &err) == 0)
        for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
            if (strcmp(argv[1], verbs[i].verb) == 0)
                rc = verbs[i].act(&j, argc - 2, argv + 2, &err);
    if (rc < 0)
        fprintf(stderr, "wlm_probe: %s\n", err.text);
    return rc < 0 ? 1 : 0;
}
