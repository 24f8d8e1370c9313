/* shm_slot.h - a place in shared memory for one tensor, with one writer.
 *
 * Readers never wait for the writer, nor the writer for readers: a sequence
 * number is odd while the writer is at it, and a reader whose number has
 * changed meanwhile has read something torn and tries again (a sequence lock;
 * Boehm 2012, "Can seqlocks get along with programming language memory
 * models?"). A slot of zeros is empty. All functions are local and never wait.
 */
#ifndef SRB_SHM_SLOT_H
#define SRB_SHM_SLOT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

/* Slots and what is in them begin at a page. */
#define SHM_PAGE 4096
/* What a CPU takes from another at a time, at most. */
#define SHM_LINE 128

struct shm_slot {
    _Atomic uint64_t sequence;
    _Atomic uint64_t bytes; /* of what is in it, */
    _Atomic int64_t number; /* and which tensor that is; -1: it was removed */
    char apart[SHM_LINE - 3 * sizeof(uint64_t)];
    _Atomic int64_t steps; /* that were put, in a writer's first slot; who polls
                              that does not take the line above from it */
    char rest[SHM_PAGE - SHM_LINE - sizeof(uint64_t)];
    unsigned char data[];
};

enum shm_got {
    SHM_GOT,
    SHM_AGAIN,   /* the writer was at it */
    SHM_NOTHING, /* nobody has put that one, or it has gone */
    SHM_OTHER,   /* it is longer or shorter */
};

/* The least that a slot for so many bytes takes. */
size_t shm_slot_size(size_t bytes);

/* Replace what is in it, or remove it, whatever it is; for its one writer. */
void shm_slot_put(struct shm_slot *s, int64_t number, const void *data,
                  size_t bytes);
void shm_slot_remove(struct shm_slot *s);

/* Read `bytes` bytes of that tensor. data is spoilt where that fails. */
enum shm_got shm_slot_get(const struct shm_slot *s, int64_t number, void *data,
                          size_t bytes);

/* Whether that tensor is in it: SHM_GOT, and nothing is read. */
enum shm_got shm_slot_has(const struct shm_slot *s, int64_t number);

/* How many steps a writer has put, as it tells and others ask, in its first
 * slot: who has seen a number sees the tensors of so many steps, or that they
 * have gone. */
static inline void shm_slot_tell(struct shm_slot *first, int64_t steps)
{
    atomic_store_explicit(&first->steps, steps, memory_order_release);
}
static inline int64_t shm_slot_told(const struct shm_slot *first)
{
    return atomic_load_explicit(&first->steps, memory_order_acquire);
}

/* Bring so many bytes of a mapping in, for writing, so that no page is missing
 * when time is taken. -1 with errno where there is no memory. */
int shm_bring_in(void *at, size_t bytes);

/* What a client is told with the descriptor of the memory: each client of the
 * node has an area of it, in which it makes its slots as long as its tensors
 * are. */
struct shm_hello {
    uint64_t areas, area_bytes;
};

/* The name of the socket in the store's folder. */
#define SHM_SOCKET "memory.sock"

#endif
