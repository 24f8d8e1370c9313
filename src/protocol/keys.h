/* keys.h - the keys of the tensors and the slots they hash to.
 *
 * Redis Cluster's rule (redis.io, cluster specification): slot = CRC16 of the
 * key modulo 16384, CRC16 being the XMODEM one (polynomial 0x1021, start 0);
 * where the key has a non-empty {tag}, of the tag alone. Shard s of S owns the
 * slots [s * 16384 / S, (s + 1) * 16384 / S). All functions are local and pure.
 */
#ifndef SRB_KEYS_H
#define SRB_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options/options.h"

#define SRB_SLOTS 16384
#define SRB_KEY_MAX 128

/* What every key of a client begins with. */
#define SRB_KEY_STEM "throughput_rank_"

/* The slot of a key, 0 … SRB_SLOTS - 1. */
int keys_slot(const char *key);

/* First slot of shard s of nshards; that of s = nshards is SRB_SLOTS. */
int keys_first_slot(int shard, int nshards);

/* The shard that owns a key. */
int keys_shard(const char *key, int nshards);

/* The key of client c: `throughput_rank_C` (smartsim), or with a hash tag that
 * puts it on shard C modulo nshards (balanced). */
void keys_make(char key[SRB_KEY_MAX], enum keys_scheme scheme, int client,
               int nshards);

/* The smallest number that, as a hash tag, belongs to the shard. */
#define SRB_TAG_MAX 16
void keys_tag(char tag[SRB_TAG_MAX], int shard, int nshards);

/* Where models are run, a client whose key is `key` puts `KEY.in`, of which a
 * script makes `KEY.pre`, and gets `KEY.out`. `out` may be `key`. */
enum key_part { KEY_IN, KEY_PRE, KEY_OUT, KEY_PARTS };
void keys_of_part(char out[SRB_KEY_MAX], const char *key, enum key_part part);

/* A client's key, for what comes after nth others that had it: KEY where there
 * was none, else `KEY{KEY}.pN`, or `KEY.pN` where KEY has a tag; in the slot of
 * KEY in either case. */
void keys_of_nth(char key[SRB_KEY_MAX], int64_t nth);

/* Tensor i of step s of a client whose key is `key` has the key `KEY{KEY}.s.i`,
 * or `KEY.s.i` where KEY has a tag: in either case of the slot of KEY. The
 * first puts what stands before s there and returns its length, or -1 where
 * there is no room for the rest; the second writes the rest behind it, ending
 * in NUL, and returns the length of the whole. */
#define SRB_KEY_STEP_MAX 26 /* of any step and 9,999 tensors, with the NUL */
int keys_stem(char out[SRB_KEY_MAX], const char *key);
/* The key under which such a client tells how many steps it has put, in the
 * same slot: the stem and "steps". Returns its length. */
size_t keys_of_counter(char key[SRB_KEY_MAX], size_t stem);
/* The stream in which it tells so, likewise: the stem and "stream". */
size_t keys_of_stream(char key[SRB_KEY_MAX], size_t stem);
size_t keys_of_step(char key[SRB_KEY_MAX], size_t stem, int64_t step, size_t i);
/* A step as a data set, KEY{KEY}.s, and the key of its description,
 * KEY{KEY}.s.meta; and the list of a step to which such are appended,
 * KEY{KEY}.list.s. Each returns the length. */
size_t keys_of_dataset(char key[SRB_KEY_MAX], size_t stem, int64_t step);
size_t keys_of_meta(char key[SRB_KEY_MAX], size_t stem, int64_t step);
size_t keys_of_list(char key[SRB_KEY_MAX], size_t stem, int64_t step);

/* Whose key it is, and of which step and tensor (0 and 0 of one without): what
 * the functions above were given. false: they have not written it. */
struct key_of {
    int client;
    int64_t step;
    size_t i;
};
bool keys_read(const char *key, struct key_of *of);

#endif
