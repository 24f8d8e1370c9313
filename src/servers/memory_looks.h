/* memory_looks.h - what a server has resident, looked at from time to time.
 *
 * Whoever looks reads a line of /proc every 10 ms at first; when there is room
 * for no more, every second look is dropped and the pauses double. So what is
 * kept is spread evenly over any time, in bounded memory, and of a long time
 * little is looked at: some 10 us of CPU each. All functions are local.
 */
#ifndef SRB_MEMORY_LOOKS_H
#define SRB_MEMORY_LOOKS_H

#include <stdint.h>

#define SRB_MEMORY_LOOKS 64

/* Of one server. */
struct memory_looks {
    int64_t n;
    int64_t pause;                  /* ns */
    int64_t when[SRB_MEMORY_LOOKS]; /* tick_now() */
    int64_t bytes[SRB_MEMORY_LOOKS];
};

/* Nothing was looked at yet. */
void memory_looks_begin(struct memory_looks *x);

/* When to look again, an instant: at once where nothing was looked at. */
int64_t memory_looks_due(const struct memory_looks *x);

/* Keep a look; bytes of -1: it could not be had. */
void memory_looks_add(struct memory_looks *x, int64_t when, int64_t bytes);

#endif
