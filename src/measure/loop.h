/* loop.h - the timed loop, as each language writes it.
 *
 * A language's loop is its own: it allocates its tensors, goes round, takes the
 * instants and calls the client through tensor_client.h. What comes next and
 * what becomes of the timings is the same for all of them and stands in the
 * functions below, none of which is within a timed span:
 *
 *     while (loop_more(load)) {
 *         loop_stamp(load);   the instant; put_tensor; the instant
 *         loop_put(load, rc, start, end)
 *         loop_spoil(load);   the instant; unpack_tensor; the instant
 *         loop_got(load, rc, start, end)
 *     }
 *
 * Where a step has several tensors, or keys that change (t->tensors), the same
 * is said of all of them:
 *
 *     loop_stamp_all(load);   the instant; put t->put[]; the instant
 *     loop_put(load, rc, start, end)
 *     loop_spoil_all(load);   the instant; unpack t->get[]; the instant
 *     loop_got(load, rc, start, end)
 *     loop_retire(load)       where t->retires says so and the step puts
 *
 * and where servers run models (t->infers), between the two
 *
 *     loop_infer(load)
 *
 * and where they are data sets whose names go to lists (t->lists), within the
 * timed span, each where nothing before it has failed
 *
 *     loop_describe(load)     before the tensors are put or got
 *     loop_append(load)       after they were put
 *
 * C and C++ include this header, loop_fortran.f90 declares the same.
 */
#ifndef SRB_LOOP_H
#define SRB_LOOP_H

#include <stddef.h>
#include <stdint.h>

#include "srb/tensor_client.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Tensors begin at a page, so that every client's lies alike. */
#define SRB_LOOP_PAGE 4096

struct load;

/* What a loop works with. The same layout stands in loop_fortran.f90. */
struct loop_task {
    struct load *load;
    struct srb_tensor_client *client;
    const char *key;
    size_t key_length;
    size_t count; /* elements of a tensor */
    void *own;    /* what allocate() returned */
    int puts;     /* whether an iteration puts, */
    int gets;     /* and gets what was put last */
    /* Of steps that are more than that one tensor under that key: 0, or how
     * many tensors a step has, and what is put and got in it. */
    size_t tensors;
    const struct srb_tensor *put, *get;
    int pipelined; /* back to back, else one after the other */
    int retires;   /* loop_retire() is for after a step */
    int infers;    /* loop_infer() is for between put and get */
    int lists;     /* loop_describe() and loop_append() are for within these */
};

/* One language's loop. */
struct loop_language {
    const char *name; /* as the option `languages` spells it */
    /* Two tensors of count elements from a page on, in new pages that this
     * thread has touched: NULL where there is no memory, else what release()
     * takes. The tensors stay the language's; *out and *in are for stamps and
     * checks. */
    void *(*allocate)(size_t count, float **out, float **in);
    void (*release)(void *own);
    /* Go round until loop_more(), loop_put() or loop_got() says to stop. */
    void (*run)(const struct loop_task *t);
};

extern const struct loop_language loop_c;

/* What C calls of the others; language.c makes languages of them. */
void *loop_cpp_allocate(size_t count, float **out, float **in);
void loop_cpp_release(void *own);
void loop_cpp_run(const struct loop_task *t);
void *loop_fortran_allocate(size_t count, float **out, float **in);
void loop_fortran_release(void *own);
void loop_fortran_run(const struct loop_task *t);

/* Whether there is one more iteration. Collective over the clients with sync:
 * iteration, else local. */
int loop_more(struct load *l);

/* Before a put and a get: make the tensor another one; make sure that an old
 * one cannot pass for it, where it will be checked. Local. */
void loop_stamp(struct load *l);
void loop_spoil(struct load *l);

/* After them: what the client returned and the instants around the call. -1:
 * stop. Local. */
int loop_put(struct load *l, int rc, int64_t start, int64_t end);
int loop_got(struct load *l, int rc, int64_t start, int64_t end);

/* The same of a step's tensors, whose keys and stamps are then those of the
 * step that comes. */
void loop_stamp_all(struct load *l);
void loop_spoil_all(struct load *l);

/* Remove the tensors of the step that is too old by now, if there is one, which
 * is timed in there: -1: stop. Local. */
int loop_retire(struct load *l);

/* Have the server run what comes between put and get, each timed in there: -1:
 * stop. Local. */
int loop_infer(struct load *l);

/* Put or get what describes the data set at hand, and append a put one's name
 * to its list: -1: it failed, which loop_put() or loop_got() then knows. Local.
 */
int loop_describe(struct load *l);
int loop_append(struct load *l);

/* tick_now() for a language that has no inline functions of C. Local. */
int64_t loop_now(void);

/* Give whole pages of one's own back, so that the next to touch them gets new
 * ones, near to where it runs: what an allocator hands out may have been
 * touched before this rank was pinned (madvise(2), MADV_DONTNEED). They read as
 * zeros. Local. */
void loop_renew(void *pages, size_t bytes);

#ifdef __cplusplus
}
#endif

#endif
