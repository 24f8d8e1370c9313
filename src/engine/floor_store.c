#include "engine/floor_store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Ten thousand clients have as many keys: a few in a bucket. Each bucket has
 * its lock, so that loops hardly ever meet. */
#define BUCKETS 4096
#define LINE ((size_t)64) /* of the cache */

struct entry {
    struct entry *next;
    struct floor_value *value; /* NULL: none, or it was taken */
    int taken;                 /* puts that write in place */
    size_t bytes;
    char key[];
};

struct bucket {
    pthread_mutex_t lock;
    struct entry *first;
};

struct floor_store {
    struct bucket bucket[BUCKETS];
};

struct floor_store *floor_store_open(void)
{
    struct floor_store *s = calloc(1, sizeof *s);

    for (size_t i = 0; s && i < BUCKETS; i++)
        pthread_mutex_init(&s->bucket[i].lock, NULL);
    return s;
}

void floor_store_close(struct floor_store *s)
{
    if (!s)
        return;
    floor_store_clear(s);
    for (size_t i = 0; i < BUCKETS; i++)
        pthread_mutex_destroy(&s->bucket[i].lock);
    free(s);
}

/* FNV-1a, 64 bits (http://www.isthe.com/chongo/tech/comp/fnv). */
static struct bucket *bucket_of(struct floor_store *s, struct floor_word key)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < key.bytes; i++)
        hash = (hash ^ (unsigned char)key.text[i]) * UINT64_C(1099511628211);
    return &s->bucket[(hash ^ hash >> 32) % BUCKETS];
}

static struct entry *find(const struct bucket *b, struct floor_word key)
{
    struct entry *e = b->first;

    while (e && (e->bytes != key.bytes ||
                 (key.bytes && memcmp(e->key, key.text, key.bytes) != 0)))
        e = e->next;
    return e;
}

static struct entry *add(struct bucket *b, struct floor_word key)
{
    struct entry *e = calloc(1, sizeof *e + key.bytes);

    if (!e)
        return NULL;
    e->bytes = key.bytes;
    if (key.bytes)
        memcpy(e->key, key.text, key.bytes);
    e->next = b->first;
    b->first = e;
    return e;
}

/* The value itself and its bytes, from a line of the cache on, in one. */
static struct floor_value *allocate(size_t bytes)
{
    size_t head = (sizeof(struct floor_value) + LINE - 1) / LINE * LINE;
    struct floor_value *v = NULL;

    if (bytes > SIZE_MAX - head - LINE)
        return NULL;
    v = aligned_alloc(LINE, (head + bytes + LINE - 1) / LINE * LINE);
    if (!v)
        return NULL;
    atomic_init(&v->refs, 1);
    v->taken = false;
    v->room = bytes;
    v->data = (char *)v + head;
    return v;
}

struct floor_value *floor_store_take(struct floor_store *s,
                                     struct floor_word key, size_t bytes)
{
    struct bucket *b = bucket_of(s, key);
    struct floor_value *v = NULL;
    struct entry *e;

    pthread_mutex_lock(&b->lock);
    e = find(b, key);
    /* the table holds the one reference, and only through the table others
     * are made; acquire: what a reply read was read before */
    if (e && e->value && e->value->room >= bytes &&
        atomic_load_explicit(&e->value->refs, memory_order_acquire) == 1) {
        v = e->value;
        e->value = NULL;
        e->taken++;
        v->taken = true;
    }
    pthread_mutex_unlock(&b->lock);
    if (!v)
        v = allocate(bytes);
    if (v)
        v->bytes = bytes;
    return v;
}

/* One put in place is over. */
static void end_taking(struct entry *e, struct floor_value *v)
{
    if (v->taken && e->taken > 0) /* none: a FLUSHALL came between */
        e->taken--;
    v->taken = false;
}

int floor_store_put(struct floor_store *s, struct floor_word key,
                    struct floor_value *v)
{
    struct bucket *b = bucket_of(s, key);
    struct floor_value *old = v;
    struct entry *e;

    pthread_mutex_lock(&b->lock);
    e = find(b, key);
    if (!e)
        e = add(b, key);
    if (e) {
        end_taking(e, v);
        old = e->value;
        e->value = v;
    }
    pthread_mutex_unlock(&b->lock);
    floor_value_drop(old);
    return e ? 0 : -1;
}

void floor_store_spoil(struct floor_store *s, struct floor_word key,
                       struct floor_value *v)
{
    struct bucket *b = bucket_of(s, key);
    struct entry *e;

    pthread_mutex_lock(&b->lock);
    e = find(b, key);
    if (e)
        end_taking(e, v);
    pthread_mutex_unlock(&b->lock);
    floor_value_drop(v);
}

struct floor_value *floor_store_get(struct floor_store *s,
                                    struct floor_word key, bool *busy)
{
    struct bucket *b = bucket_of(s, key);
    struct floor_value *v;
    struct entry *e;

    pthread_mutex_lock(&b->lock);
    e = find(b, key);
    v = e ? e->value : NULL;
    if (v)
        atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    *busy = e && !v && e->taken > 0;
    pthread_mutex_unlock(&b->lock);
    return v;
}

/* An entry that a put has taken the storage of stays for that put. */
bool floor_store_remove(struct floor_store *s, struct floor_word key)
{
    struct bucket *b = bucket_of(s, key);
    struct floor_value *v = NULL;
    struct entry **at, *e;

    pthread_mutex_lock(&b->lock);
    e = find(b, key);
    if (e) {
        v = e->value;
        e->value = NULL;
    }
    if (e && e->taken == 0) {
        at = &b->first;
        while (*at != e)
            at = &(*at)->next;
        *at = e->next;
        free(e);
    }
    pthread_mutex_unlock(&b->lock);
    floor_value_drop(v);
    return v != NULL;
}

void floor_value_drop(struct floor_value *v)
{
    if (v && atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) == 1)
        free(v);
}

void floor_store_clear(struct floor_store *s)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct bucket *b = &s->bucket[i];
        struct entry *e, *next;

        pthread_mutex_lock(&b->lock);
        e = b->first;
        b->first = NULL;
        pthread_mutex_unlock(&b->lock);
        for (; e; e = next) {
            next = e->next;
            floor_value_drop(e->value);
            free(e);
        }
    }
}
