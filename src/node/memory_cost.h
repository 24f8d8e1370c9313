/* memory_cost.h - what memory costs on this node: to bring in a page, and to
 * copy.
 *
 * Both by the CPU time of the calling thread, so that others on the node do not
 * count (wall time of the same varies by an order). All functions are local.
 */
#ifndef SRB_MEMORY_COST_H
#define SRB_MEMORY_COST_H

struct memory_cost {
    double page_fault; /* s of the first touch of an ordinary page: the median
                          of five batches of 256; NaN unknown */
    double copy;       /* B/s copied by memcpy() between two buffers that were
                          brought in before: the best of five; NaN unknown */
};

/* Measure it. Each buffer is as large as the last cache, at least 32 and at
 * most 64 MiB: together they are twice that, so that a copy finds nothing of
 * the one before, and a larger cache is shared by many CPUs. More would take
 * long to bring in, at the start of each job. Takes 0.05 to 0.1 s and two
 * buffers, which are given back. */
struct memory_cost memory_cost_measure(void);

#endif
