/* The rules of the timed loop, once for all languages (loop.h). */
#include "measure/loop.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/tick.h"
#include "measure/loop_parts.h"
#include "measure/tensor.h"

/* ---- what a loop asks ---- */

int loop_more(struct load *l)
{
    struct load_phase *x = &l->phase;

    if (x->steps)
        steps_end(l);
    if (x->last || x->failed)
        return 0;
    if (l->rules.exchange.reads)
        return exchange_more(l);
    loop_look(l, x->latest);
    if (x->over)
        return 0;
    x->last = x->steps ? steps_last(l) : loop_is_last(l);
    if (x->steps && !steps_begin(l))
        return 0;
    if (loop_meets(l))
        x->last = (loop_meet(l, x->last ? LOOP_LAST : 0) & LOOP_LAST) != 0;
    if (x->over)
        return 0; /* who failed has the words */
    if (loop_cut_off(l)) {
        loop_fail(l);
        return 0;
    }
    x->left--;
    return 1;
}

/* ---- one operation ---- */

void loop_stamp(struct load *l)
{
    tensor_stamp(l->out, l->count, l->number, l->pair++);
}

int loop_put(struct load *l, int rc, int64_t start, int64_t end)
{
    if (l->phase.failed) /* and has its words */
        return -1;
    if (rc < 0)
        return loop_fail(l);
    if (loop_note(l, &l->samples.put, (size_t)l->pair - 1, start, end) < 0)
        return -1;
    return l->rules.exchange.writes ? exchange_tell(l) : 0;
}

void loop_spoil(struct load *l)
{
    if (loop_checks(l))
        tensor_spoil(l->in, l->count);
}

int loop_got(struct load *l, int rc, int64_t start, int64_t end)
{
    bool check = loop_checks(l);

    if (l->phase.failed)
        return -1;
    if (l->rules.exchange.reads)
        return exchange_got(l, rc, start, end);
    if (rc < 0)
        return loop_fail(l);
    if (loop_note(l, &l->samples.unpack, (size_t)l->got++, start, end) < 0)
        return -1;
    l->samples.loop_end = end; /* the last check is not the loop's */
    if (l->inference.runs)
        inference_got(l);
    else if (check)
        loop_verify(l);
    return 0;
}

int64_t loop_now(void)
{
    return tick_now();
}

void loop_renew(void *pages, size_t bytes)
{
    /* what does not come new is no worse than what an allocator gave */
    if (madvise(pages, bytes, MADV_DONTNEED) != 0)
        memset(pages, 0, bytes);
}
