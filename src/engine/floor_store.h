/* floor_store.h - the keys of the built-in server and the storage of each.
 *
 * A put takes the storage of its key out of the table, receives into it and
 * puts it back: one copy of each value, no allocation from the second put on,
 * and the cache sees one buffer a key, as in a bare exchange of bytes. What two
 * connections do to one key at the same moment stays safe by counting
 * references: a value that is being sent is not written, a put then gets
 * storage of its own, which replaces the other when it is complete. A get while
 * a put writes in place finds no value and is told so (srbench's clients have
 * keys of their own, so no measurement ever pays for the second copy that would
 * spare it that).
 *
 * All functions are local and may be called from any thread.
 */
#ifndef SRB_FLOOR_STORE_H
#define SRB_FLOOR_STORE_H

#include <stdatomic.h>
#include <stddef.h>

#include "engine/floor_parse.h"

struct floor_store;

/* One holder may write it as long as it is not in the table; all others only
 * read. */
struct floor_value {
    atomic_int refs; /* the table, and every reply under way */
    bool taken;      /* out of the table, which misses it */
    size_t room, bytes;
    char *data;
};

/* NULL when there is no memory. */
struct floor_store *floor_store_open(void);

/* No value may be in anybody's hands. NULL is allowed. */
void floor_store_close(struct floor_store *s);

/* Storage for `bytes` bytes that belongs to the caller, to be given back by
 * floor_store_put() or floor_store_spoil(). NULL when there is no memory. */
struct floor_value *floor_store_take(struct floor_store *s,
                                     struct floor_word key, size_t bytes);

/* Make it the value of the key. Returns 0, or -1 when there is no memory; the
 * value is no longer the caller's either way. */
int floor_store_put(struct floor_store *s, struct floor_word key,
                    struct floor_value *v);

/* Give up what was taken. A key whose storage it was has no value any more. */
void floor_store_spoil(struct floor_store *s, struct floor_word key,
                       struct floor_value *v);

/* The value of the key, to be given back by floor_value_drop(); NULL when it
 * has none, with *busy when that is because it is being written. */
struct floor_value *floor_store_get(struct floor_store *s,
                                    struct floor_word key, bool *busy);

/* Remove a key. Whether it had a value. */
bool floor_store_remove(struct floor_store *s, struct floor_word key);

/* NULL is allowed. */
void floor_value_drop(struct floor_value *v);

/* Remove all keys. Values in somebody's hands live until they are dropped.
 */
void floor_store_clear(struct floor_store *s);

#endif
