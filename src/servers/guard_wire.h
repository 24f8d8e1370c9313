/* guard_wire.h - what steward and guard say to each other.
 *
 * Both ends are the same binary on one machine: a message is a struct followed
 * by `bytes` bytes of text, strings one after the other with their NULs.
 */
#ifndef SRB_GUARD_WIRE_H
#define SRB_GUARD_WIRE_H

#include <stdint.h>

#include "base/error.h"

enum wire_type {
    WIRE_HELLO,   /* guard: text = the scratch folder, or words and value -1 */
    WIRE_START,   /* steward: see struct wire_start */
    WIRE_STARTED, /* guard: value = pid, text = its folder; or -1 with words */
    WIRE_ENDED,   /* guard: value = pid, text = words */
    WIRE_STOP,    /* steward: value = grace in milliseconds */
    WIRE_STOPPED, /* guard: value = how many were killed */
    WIRE_LOOK,    /* steward: look at the servers' memory from now on; again:
                     begin anew */
    WIRE_SEEN,    /* steward: end that, and say it; guard: value = how many
                     servers, payload = a struct memory_looks each */
};

struct wire {
    int32_t type;
    uint32_t bytes;
    int64_t value;
};

/* The head of WIRE_START's payload. After it: the CPU mask (cpus_bytes), then
 * file_name, file_text, input, nargs arguments, and names and values of nenv
 * variables as strings; file_name is "" for no file. */
struct wire_start {
    uint32_t cpus_bytes;
    uint32_t nargs;
    uint32_t nenv;
};

/* The longest payload: configuration and nodes.conf of a large cluster. */
#define WIRE_MAX (64u * 1024 * 1024)

/* Send all of a message. Returns 0 or -1. */
int guard_wire_send(int fd, enum wire_type type, int64_t value,
                    const void *payload, uint32_t bytes);

/* Receive a message before the deadline (tick.h; < 0: no deadline). *payload is
 * allocated, NUL-terminated, to be freed. Returns 1, 0 when nothing came by the
 * deadline, -1 when the other end is gone. */
int guard_wire_receive(int fd, int64_t deadline, struct wire *head,
                       char **payload);

#endif
