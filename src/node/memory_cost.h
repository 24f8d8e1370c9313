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

/* Measure it. Each buffer is 32 MiB, whatever the last cache: a larger one is
 * shared by many CPUs, or a virtual machine's host's, and glibc adds those of a
 * whole AMD processor. To bring in more takes longest of all, at the start of
 * each job. Takes about 0.05 s and two buffers, which are given back. */
struct memory_cost memory_cost_measure(void);

#endif
