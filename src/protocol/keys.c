#include "protocol/keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* CRC-16/XMODEM, bit by bit: a key is hashed once a permutation. */
static unsigned crc16(const char *data, size_t n)
{
    unsigned crc = 0;

    for (size_t i = 0; i < n; i++) {
        crc ^= (unsigned)(unsigned char)data[i] << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
        crc &= 0xffff;
    }
    return crc;
}

/* The tag and its length, or NULL. Only the first { and the first } after it
 * count, and an empty tag is none: the whole key is hashed. */
static const char *tag_of(const char *key, size_t *n)
{
    const char *open = strchr(key, '{');
    const char *shut = open ? strchr(open + 1, '}') : NULL;

    if (!shut || shut == open + 1)
        return NULL;
    *n = (size_t)(shut - open - 1);
    return open + 1;
}

int keys_slot(const char *key)
{
    size_t n;
    const char *tag = tag_of(key, &n);

    return (int)(crc16(tag ? tag : key, tag ? n : strlen(key)) % SRB_SLOTS);
}

/* In decimal; returns how many digits. */
static size_t write_number(char *at, uint64_t number)
{
    char text[20];
    size_t n = 0;

    do
        text[n++] = (char)('0' + number % 10);
    while ((number /= 10) > 0);
    for (size_t k = 0; k < n; k++)
        at[k] = text[n - 1 - k];
    return n;
}

void keys_of_nth(char key[SRB_KEY_MAX], int64_t nth)
{
    char plain[SRB_KEY_MAX];
    size_t tag;
    int n;

    if (nth == 0)
        return;
    memcpy(plain, key, strlen(key) + 1);
    n = tag_of(plain, &tag)
            ? snprintf(key, SRB_KEY_MAX, "%s.p%" PRId64, plain, nth)
            : snprintf(key, SRB_KEY_MAX, "%s{%s}.p%" PRId64, plain, plain, nth);
    if (n >= SRB_KEY_MAX) /* a key that nothing fits behind: see keys_stem() */
        memset(key, '.', SRB_KEY_MAX - 1);
}

int keys_stem(char out[SRB_KEY_MAX], const char *key)
{
    size_t tag;
    int n = tag_of(key, &tag) ? snprintf(out, SRB_KEY_MAX, "%s.", key)
                              : snprintf(out, SRB_KEY_MAX, "%s{%s}.", key, key);

    return n + SRB_KEY_STEP_MAX <= SRB_KEY_MAX ? n : -1;
}

size_t keys_of_step(char key[SRB_KEY_MAX], size_t stem, int64_t step, size_t i)
{
    size_t n = stem + write_number(key + stem, (uint64_t)step);

    key[n++] = '.';
    n += write_number(key + n, i);
    key[n] = '\0';
    return n;
}

size_t keys_of_dataset(char key[SRB_KEY_MAX], size_t stem, int64_t step)
{
    size_t n = stem + write_number(key + stem, (uint64_t)step);

    key[n] = '\0';
    return n;
}

size_t keys_of_meta(char key[SRB_KEY_MAX], size_t stem, int64_t step)
{
    static const char word[] = ".meta";
    size_t n = keys_of_dataset(key, stem, step);

    memcpy(key + n, word, sizeof word);
    return n + sizeof word - 1;
}

size_t keys_of_list(char key[SRB_KEY_MAX], size_t stem, int64_t step)
{
    static const char word[] = "list.";

    memcpy(key + stem, word, sizeof word);
    return keys_of_dataset(key, stem + sizeof word - 1, step);
}

static size_t end_in(char *key, size_t stem, const char *word)
{
    size_t n = strlen(word);

    memcpy(key + stem, word, n + 1);
    return stem + n;
}

size_t keys_of_counter(char key[SRB_KEY_MAX], size_t stem)
{
    return end_in(key, stem, "steps");
}

size_t keys_of_stream(char key[SRB_KEY_MAX], size_t stem)
{
    return end_in(key, stem, "stream");
}

/* The number at *at, which it passes; false: there is none, or more. */
static bool read_number(const char **at, int64_t most, int64_t *number)
{
    const char *begin = *at;

    for (*number = 0; **at >= '0' && **at <= '9'; ++*at) {
        int digit = **at - '0';

        if (*number > (most - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return *at > begin;
}

bool keys_read(const char *key, struct key_of *of)
{
    const size_t stem = sizeof SRB_KEY_STEM - 1;
    int64_t client, nth, i = 0;
    const char *at = key + stem, *shut;

    *of = (struct key_of){.client = -1};
    if (strncmp(key, SRB_KEY_STEM, stem) != 0 ||
        !read_number(&at, INT32_MAX, &client))
        return false;
    of->client = (int)client;
    shut = *at == '{' ? strrchr(at, '}') : NULL;
    if (shut)
        at = shut + 1;
    if (shut && at[0] == '.' && at[1] == 'p') {
        at += 2;
        if (!read_number(&at, INT64_MAX, &nth))
            return false;
    }
    if (!shut || *at == '\0')
        return *at == '\0';
    if (*at++ != '.' || !read_number(&at, INT64_MAX, &of->step) ||
        *at++ != '.' || !read_number(&at, INT32_MAX, &i))
        return false;
    of->i = (size_t)i;
    return *at == '\0';
}

int keys_first_slot(int shard, int nshards)
{
    return (int)((int64_t)shard * SRB_SLOTS / nshards);
}

int keys_shard(const char *key, int nshards)
{
    int slot = keys_slot(key);
    /* the estimate is right or one too low, since first slots round down */
    int shard = (int)((int64_t)slot * nshards / SRB_SLOTS);

    while (shard + 1 < nshards && keys_first_slot(shard + 1, nshards) <= slot)
        shard++;
    return shard;
}

/* CRC16 spreads short decimal numbers evenly, so this takes about nshards
 * tries. */
void keys_tag(char tag[SRB_TAG_MAX], int shard, int nshards)
{
    for (int t = 0;; t++) {
        snprintf(tag, SRB_TAG_MAX, "%d", t);
        if (keys_shard(tag, nshards) == shard)
            return;
    }
}

void keys_make(char key[SRB_KEY_MAX], enum keys_scheme scheme, int client,
               int nshards)
{
    char tag[SRB_TAG_MAX];

    if (scheme == KEYS_SMARTSIM || nshards == 1) {
        snprintf(key, SRB_KEY_MAX, SRB_KEY_STEM "%d", client);
        return;
    }
    keys_tag(tag, client % nshards, nshards);
    snprintf(key, SRB_KEY_MAX, SRB_KEY_STEM "%d{%s}", client, tag);
}

void keys_of_part(char out[SRB_KEY_MAX], const char *key, enum key_part part)
{
    static const char *const ends[KEY_PARTS] = {
        [KEY_IN] = ".in", [KEY_PRE] = ".pre", [KEY_OUT] = ".out"};
    char copy[SRB_KEY_MAX];

    snprintf(copy, sizeof copy, "%.120s", key);
    snprintf(out, SRB_KEY_MAX, "%.120s%s", copy, ends[part]);
}
