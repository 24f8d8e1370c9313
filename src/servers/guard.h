/* guard.h - the parent of a node's servers.
 *
 * A steward spawns srbench itself in a hidden role, the guard: in a session of
 * its own (what a launcher signals to the rank's process group hits neither the
 * guard nor the servers), with nothing open but a socket to the steward. The
 * guard starts the servers, reports their ends, stops them; and when the
 * steward's end of the socket closes, for whatever reason, it kills them,
 * removes the scratch folder and ends. Servers die with their guard (parent
 * death signal). So nothing is left behind, whichever of the three is killed.
 *
 * All functions are local; every wait has a deadline.
 */
#ifndef SRB_GUARD_H
#define SRB_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "options/options.h"
#include "servers/memory_looks.h"

/* argv[1] of the hidden role. */
#define SRB_GUARD_ROLE "--guard-of-a-steward"

/* What a server is started with. It runs in a folder of its own in the scratch
 * folder, its output goes to a log there. */
struct guard_server {
    char *const *argv;     /* NULL at the end; argv[0] is looked up in PATH */
    const char *input;     /* its standard input, a text */
    const char *file_name; /* a file put into its folder first, or NULL */
    const char *file_text;
    const struct value *env; /* a map, put into its environment; NULL: none */
    const void *cpus;        /* CPU mask, or NULL */
    size_t cpus_bytes;
};

struct guard;

/* Start the guard. Returns NULL on failure. */
struct guard *guard_open(struct error *err);

/* Start a server; *pid is its process. That it was started says nothing of how
 * it fares: see guard_check(). */
int guard_start(struct guard *g, const struct guard_server *v, pid_t *pid,
                struct error *err);

/* The folder of the server that was started last: where it runs. */
const char *guard_folder(const struct guard *g);

/* Whether all servers started since the last guard_stop() still run; -1 with
 * the words of the first that ended, its last log lines among them. Does not
 * wait. */
int guard_check(struct guard *g, struct error *err);

/* Have the guard look at what the servers have resident, from now on, until
 * guard_seen() fetches that: seen [n], by the order in which the n servers were
 * started. The steward may be a client meanwhile, which nothing should disturb.
 */
int guard_look(struct guard *g, struct error *err);
int guard_seen(struct guard *g, struct memory_looks *seen, int n,
               struct error *err);

/* Wait until all servers have ended, at most `seconds`, kill those that have
 * not, remove their folders. *killed (may be NULL) is how many had to be. */
int guard_stop(struct guard *g, double seconds, int *killed, struct error *err);

/* Whether the guard itself was found dead: all it can do now is to be closed.
 */
bool guard_gone(const struct guard *g);

/* The scratch folder, for as long as the guard is open. */
const char *guard_scratch(const struct guard *g);

/* Kill what still runs, end and reap the guard; of one that was killed, remove
 * the scratch folder. NULL is allowed. */
void guard_close(struct guard *g);

/* The guard's own main(), its steward on descriptor 0. Returns exit status. */
int guard_main(void);

#endif
