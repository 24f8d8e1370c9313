#include "engine/shm_slot.h"

#include <errno.h>
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

void shm_slot_put(struct shm_slot *s, const void *data, size_t bytes)
{
    uint64_t n = atomic_load_explicit(&s->sequence, memory_order_relaxed);

    /* odd before any byte of the copy can be seen, even after all of them: a
     * number that only grew after the copy would let a torn one pass */
    atomic_store_explicit(&s->sequence, n + 1, memory_order_relaxed);
    atomic_thread_fence(memory_order_release);
    atomic_store_explicit(&s->bytes, bytes, memory_order_relaxed);
    memcpy(s->data, data, bytes);
    atomic_store_explicit(&s->sequence, n + 2, memory_order_release);
}

enum shm_got shm_slot_get(const struct shm_slot *s, void *data, size_t bytes)
{
    uint64_t n = atomic_load_explicit(&s->sequence, memory_order_acquire), had;

    if (n == 0)
        return SHM_NOTHING;
    if (n % 2)
        return SHM_AGAIN;
    had = atomic_load_explicit(&s->bytes, memory_order_relaxed);
    if (had == bytes)
        memcpy(data, s->data, bytes);
    atomic_thread_fence(memory_order_acquire);
    if (atomic_load_explicit(&s->sequence, memory_order_relaxed) != n)
        return SHM_AGAIN;
    return had == bytes ? SHM_GOT : SHM_OTHER;
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
