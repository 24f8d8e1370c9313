#include "engine/shm_slot.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

/* Since Linux 5.14; older headers lack it, and older kernels say EINVAL. */
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

_Static_assert(sizeof(struct shm_slot) == SHM_PAGE, "data begin at a page");

size_t shm_slot_size(size_t bytes)
{
    return sizeof(struct shm_slot) +
           (bytes + SHM_PAGE - 1) / SHM_PAGE * SHM_PAGE;
}

/* odd before any byte of the copy can be seen, even after all of them: a number
 * that only grew after the copy would let a torn one pass */
static uint64_t begin(struct shm_slot *s)
{
    uint64_t n = atomic_load_explicit(&s->sequence, memory_order_relaxed);

    atomic_store_explicit(&s->sequence, n + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    return n + 2;
}

void shm_slot_put(struct shm_slot *s, int64_t number, const void *data,
                  size_t bytes)
{
    uint64_t next = begin(s);

    atomic_store_explicit(&s->number, number, memory_order_relaxed);
    atomic_store_explicit(&s->bytes, bytes, memory_order_relaxed);
    memcpy(s->data, data, bytes);
    atomic_store_explicit(&s->sequence, next, memory_order_release);
}

void shm_slot_remove(struct shm_slot *s)
{
    uint64_t next = begin(s);

    atomic_store_explicit(&s->number, -1, memory_order_relaxed);
    atomic_store_explicit(&s->sequence, next, memory_order_release);
}

/* Copies where it is that tensor, of that length. */
static enum shm_got look(const struct shm_slot *s, int64_t number, void *data,
                         uint64_t bytes, bool copies)
{
    uint64_t n = atomic_load_explicit(&s->sequence, memory_order_acquire);
    bool same, fits;

    if (n == 0)
        return SHM_NOTHING;
    if (n % 2)
        return SHM_AGAIN;
    same = atomic_load_explicit(&s->number, memory_order_relaxed) == number;
    fits = !copies ||
           atomic_load_explicit(&s->bytes, memory_order_relaxed) == bytes;
    if (same && fits && copies)
        memcpy(data, s->data, bytes);
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load_explicit(&s->sequence, memory_order_relaxed) != n)
        return SHM_AGAIN;
    return !same ? SHM_NOTHING : fits ? SHM_GOT : SHM_OTHER;
}

enum shm_got shm_slot_get(const struct shm_slot *s, int64_t number, void *data,
                          size_t bytes)
{
    return look(s, number, data, bytes, true);
}

enum shm_got shm_slot_has(const struct shm_slot *s, int64_t number)
{
    return look(s, number, NULL, 0, false);
}

/* One byte of each page, to where it was. */
static void touch(volatile unsigned char *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += SHM_PAGE) {
        unsigned char byte = at[i];

        at[i] = byte;
    }
}

int shm_bring_in(void *at, size_t bytes)
{
    if (madvise(at, bytes, MADV_POPULATE_WRITE) == 0)
        return 0;
    if (errno != EINVAL)
        return -1;
    touch(at, bytes);
    return 0;
}
