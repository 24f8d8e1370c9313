/* The steward's side; the guard itself is guard_main.c. */
#include "servers/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/proc.h"
#include "base/scratch.h"
#include "base/tick.h"
#include "servers/guard_wire.h"

/* How long the guard may take for what it does at once. */
#define ANSWER_SECONDS 30.0
/* How long servers may take to be gone after their guard, and between two
 * looks. */
#define REMOVE_SECONDS 5.0
#define REMOVE_LOOK_NS INT64_C(2000000)

struct guard {
    int fd;
    pid_t pid;
    char scratch[SRB_SCRATCH_MAX];
    char folder[SRB_SCRATCH_MAX]; /* of the server that was started last */
    bool gone;                    /* the guard itself has ended */
    bool ended;                   /* a server has, with these words */
    struct error words;
};

static int gone(struct guard *g, struct error *err)
{
    g->gone = true;
    return error_set(err, "the guard of this node's databases was killed, and "
                          "they with it");
}

/* Keep the first report of a server's end. */
static void note_end(struct guard *g, const char *text)
{
    if (g->ended)
        return;
    g->ended = true;
    error_set(&g->words, "%s", text);
}

/* What an answer has beside its value. */
static void keep_text(struct guard *g, enum wire_type type, char *text)
{
    if (type == WIRE_HELLO)
        snprintf(g->scratch, sizeof g->scratch, "%s", text);
    else if (type == WIRE_STARTED)
        snprintf(g->folder, sizeof g->folder, "%s", text);
}

/* The guard's answer of this type; reports that come before are noted. *payload
 * (may be NULL) is its text, to be freed. */
static int await_with(struct guard *g, enum wire_type type, double seconds,
                      int64_t *value, char **payload, struct error *err)
{
    int64_t deadline = tick_deadline(seconds);

    for (;;) {
        struct wire head;
        char *text;
        int rc = guard_wire_receive(g->fd, deadline, &head, &text);

        if (rc < 0)
            return gone(g, err);
        if (rc == 0)
            return error_set(err,
                             "the guard of this node's databases did not "
                             "answer within %.0f s",
                             seconds);
        if (head.type == (int32_t)type) {
            *value = head.value;
            if (head.value < 0)
                error_set(err, "%s", text);
            else
                keep_text(g, type, text);
            if (payload)
                *payload = text;
            else
                free(text);
            return head.value < 0 ? -1 : 0;
        }
        if (head.type == WIRE_ENDED)
            note_end(g, text);
        free(text);
    }
}

static int await(struct guard *g, enum wire_type type, double seconds,
                 int64_t *value, struct error *err)
{
    return await_with(g, type, seconds, value, NULL, err);
}

struct guard *guard_open(struct error *err)
{
    char self[] = "/proc/self/exe", role[] = SRB_GUARD_ROLE;
    char *argv[] = {self, role, NULL};
    struct guard *g = calloc(1, sizeof *g);
    int ends[2];
    int64_t value = 0;

    if (!g || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        error_set(err, "cannot create the guard's socket: %s", strerror(errno));
        free(g);
        return NULL;
    }
    g->fd = ends[0];
    g->pid = proc_spawn(argv, ends[1], -1, err);
    close(ends[1]);
    if (g->pid < 0) {
        close(g->fd);
        free(g);
        return NULL;
    }
    if (await(g, WIRE_HELLO, ANSWER_SECONDS, &value, err) < 0) {
        guard_close(g);
        return NULL;
    }
    return g;
}

const char *guard_folder(const struct guard *g)
{
    return g->folder;
}

bool guard_gone(const struct guard *g)
{
    return g->gone;
}

const char *guard_scratch(const struct guard *g)
{
    return g->scratch;
}

/* Append n bytes to a message under construction. */
static char *append(char *at, const void *data, size_t n)
{
    memcpy(at, data, n);
    return at + n;
}

static char *append_text(char *at, const char *text)
{
    return append(at, text, strlen(text) + 1);
}

static const char *value_of(const struct pair *variable)
{
    return variable->value ? variable->value : "";
}

int guard_start(struct guard *g, const struct guard_server *v, pid_t *pid,
                struct error *err)
{
    const char *name = v->file_name ? v->file_name : "";
    const char *file = v->file_text ? v->file_text : "";
    struct wire_start start = {0};
    char *payload, *at;
    int64_t value = 0;
    size_t bytes;
    int rc;

    start.cpus_bytes = v->cpus ? (uint32_t)v->cpus_bytes : 0;
    bytes = sizeof start + start.cpus_bytes + strlen(name) + strlen(file) +
            strlen(v->input) + 3;
    for (; v->argv[start.nargs]; start.nargs++)
        bytes += strlen(v->argv[start.nargs]) + 1;
    start.nenv = v->env ? (uint32_t)v->env->npairs : 0;
    for (uint32_t i = 0; i < start.nenv; i++)
        bytes += strlen(v->env->pairs[i].name) +
                 strlen(value_of(&v->env->pairs[i])) + 2;
    if (bytes > WIRE_MAX || !(payload = malloc(bytes)))
        return error_set(err,
                         "the configuration of a server takes %zu bytes, "
                         "which is too much",
                         bytes);
    at = append(payload, &start, sizeof start);
    if (start.cpus_bytes)
        at = append(at, v->cpus, start.cpus_bytes);
    at = append_text(append_text(append_text(at, name), file), v->input);
    for (uint32_t i = 0; i < start.nargs; i++)
        at = append_text(at, v->argv[i]);
    for (uint32_t i = 0; i < start.nenv; i++)
        at = append_text(append_text(at, v->env->pairs[i].name),
                         value_of(&v->env->pairs[i]));
    rc = guard_wire_send(g->fd, WIRE_START, 0, payload, (uint32_t)bytes);
    free(payload);
    if (rc < 0)
        return gone(g, err);
    if (await(g, WIRE_STARTED, ANSWER_SECONDS, &value, err) < 0)
        return -1;
    *pid = (pid_t)value;
    return 0;
}

int guard_check(struct guard *g, struct error *err)
{
    while (!g->ended) {
        struct wire head;
        char *text;
        int rc = guard_wire_receive(g->fd, tick_now(), &head, &text);

        if (rc < 0)
            return gone(g, err);
        if (rc == 0)
            return 0;
        if (head.type == WIRE_ENDED)
            note_end(g, text);
        free(text);
    }
    return error_set(err, "%s", g->words.text);
}

int guard_look(struct guard *g, struct error *err)
{
    return guard_wire_send(g->fd, WIRE_LOOK, 0, NULL, 0) < 0 ? gone(g, err) : 0;
}

int guard_seen(struct guard *g, struct memory_looks *seen, int n,
               struct error *err)
{
    int64_t servers = 0;
    char *payload = NULL;

    if (guard_wire_send(g->fd, WIRE_SEEN, 0, NULL, 0) < 0)
        return gone(g, err);
    if (await_with(g, WIRE_SEEN, ANSWER_SECONDS, &servers, &payload, err) < 0)
        return -1;
    for (int k = 0; k < n; k++)
        if (k < servers)
            memcpy(&seen[k], payload + (size_t)k * sizeof *seen, sizeof *seen);
        else
            memory_looks_begin(&seen[k]);
    free(payload);
    return 0;
}

int guard_stop(struct guard *g, double seconds, int *killed, struct error *err)
{
    int64_t value = 0;

    if (killed)
        *killed = 0;
    if (guard_wire_send(g->fd, WIRE_STOP, (int64_t)(seconds * 1e3), NULL, 0) <
        0)
        return gone(g, err);
    if (await(g, WIRE_STOPPED, seconds + ANSWER_SECONDS, &value, err) < 0)
        return -1;
    if (killed)
        *killed = (int)value;
    g->ended = false;
    return 0;
}

/* One that was killed has left its folder; its servers, which die with it, may
 * still be about to write there. */
static void remove_left(const struct guard *g)
{
    int64_t deadline = tick_deadline(REMOVE_SECONDS);

    while (g->scratch[0] && !scratch_remove_left(g->scratch) &&
           tick_now() < deadline)
        tick_sleep(REMOVE_LOOK_NS);
}

void guard_close(struct guard *g)
{
    if (!g)
        return;
    /* the end of the stream is the order to kill, clean up and leave */
    close(g->fd);
    proc_wait(g->pid, tick_deadline(ANSWER_SECONDS));
    remove_left(g);
    free(g);
}
