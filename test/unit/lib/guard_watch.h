/* guard_watch.h - what the tests of the guard look at: processes and folders.
 */
#ifndef SRB_TEST_GUARD_WATCH_H
#define SRB_TEST_GUARD_WATCH_H

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scratch.h"
#include "base/tick.h"
#include "servers/guard.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Every test has a TMPDIR of its own, which must be empty in the end. */
static char watch_folder[] = "/tmp/test-guard-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    alarm(500); /* nothing here may hang for long */
    memcpy(strchr(watch_folder, '\0') - 6, "XXXXXX", 6);
    return !mkdtemp(watch_folder) || setenv("TMPDIR", watch_folder, 1) != 0 ? -1
                                                                            : 0;
}

/* How many entries a folder has. */
static int watch_entries(const char *path)
{
    DIR *dir = opendir(path);
    int n = 0;

    if (!dir)
        return -1;
    for (struct dirent *e; (e = readdir(dir));)
        n += e->d_name[0] != '.';
    closedir(dir);
    return n;
}

static int tear_down(void **state)
{
    int left = watch_entries(watch_folder);

    (void)state;
    scratch_remove(watch_folder);
    if (left != 0)
        print_error("%d scratch folders were left\n", left);
    return left == 0 ? 0 : -1;
}

/* State and parent of a process; one that nobody reaps counts as gone ('X').
 */
static char watch_state(pid_t pid, pid_t *parent)
{
    char path[64], line[512], *at, state = 'X';
    FILE *f;

    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    f = fopen(path, "r");
    if (!f)
        return 'X';
    if (fgets(line, sizeof line, f) && (at = strrchr(line, ')')) &&
        at[2] != 'Z') {
        state = at[2];
        if (parent)
            *parent = (pid_t)strtol(at + 4, NULL, 10);
    }
    fclose(f);
    return state;
}

static bool gone_within(pid_t pid, double seconds)
{
    int64_t deadline = tick_deadline(seconds);

    while (watch_state(pid, NULL) != 'X') {
        if (tick_now() > deadline)
            return false;
        tick_sleep(1000000);
    }
    return true;
}

static bool removed_within(const char *path, double seconds)
{
    int64_t deadline = tick_deadline(seconds);
    struct stat st;

    while (lstat(path, &st) == 0) {
        if (tick_now() > deadline)
            return false;
        tick_sleep(1000000);
    }
    return true;
}

static inline pid_t parent_of(pid_t pid)
{
    pid_t parent = -1;

    watch_state(pid, &parent);
    return parent;
}

static struct guard *open_guard(void)
{
    struct error err;
    struct guard *g = guard_open(&err);

    if (!g)
        fail_msg("%s", err.text);
    return g;
}

/* Start a line of shell as a server; `v` says what else it gets, or is NULL. */
static pid_t start(struct guard *g, const char *line,
                   const struct guard_server *v)
{
    char sh[] = "sh", c[] = "-c", text[1024];
    char *argv[] = {sh, c, text, NULL};
    struct guard_server server = {.input = ""};
    struct error err;
    pid_t pid = -1;

    if (v)
        server = *v;
    server.argv = argv;
    snprintf(text, sizeof text, "%s", line);
    if (guard_start(g, &server, &pid, &err) < 0)
        fail_msg("'%s': %s", line, err.text);
    if (pid <= 0)
        fail_msg("'%s' has pid %ld", line, (long)pid);
    return pid;
}

/* The words of a server's end, without the pid that they name. */
static inline const char *await_end(struct guard *g, pid_t pid,
                                    struct error *err)
{
    int64_t deadline = tick_deadline(60);
    char head[64];

    while (guard_check(g, err) == 0) {
        if (tick_now() > deadline)
            fail_msg("the end of process %ld is not told", (long)pid);
        tick_sleep(1000000);
    }
    snprintf(head, sizeof head, "the database server (pid %ld) ", (long)pid);
    if (strncmp(err->text, head, strlen(head)) != 0)
        fail_msg("'%s' does not begin '%s'", err->text, head);
    return err->text + strlen(head);
}

#endif
