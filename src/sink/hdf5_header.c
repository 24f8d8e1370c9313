/* hdf5_header.c - an object header of version 2 as bytes: a prefix, messages,
 * a checksum (HDF5 File Format Specification, IV.A.1.b).
 *
 * A message is at most 64 KiB, the library merges empty ones side by side, and
 * gives up what it cannot merge; it can leave room for some 1800 links at most.
 * header_widen() puts as much as needed, in gaps with messages between them.
 */
#include <stdlib.h>
#include <string.h>

#include "sink/hdf5_parts.h"

enum { CONTINUATION = 0x10, FLAGS = 5 };

uint64_t get_le(const unsigned char *from, unsigned width)
{
    uint64_t value = 0;

    for (unsigned i = width; i-- > 0;)
        value = value << 8 | from[i];
    return value;
}

void put_le(unsigned char *to, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++)
        to[i] = (unsigned char)(value >> 8 * i);
}

static uint32_t turn(uint32_t x, unsigned k)
{
    return x << k | x >> (32 - k);
}

static void mix(uint32_t s[3])
{
    static const unsigned by[6] = {4, 6, 8, 16, 19, 4};

    for (unsigned i = 0; i < 6; i++) {
        unsigned a = i % 3, b = (i + 1) % 3, c = (i + 2) % 3;

        s[a] -= s[c];
        s[a] ^= turn(s[c], by[i]);
        s[c] += s[b];
    }
}

static void finish(uint32_t s[3])
{
    static const unsigned by[7] = {14, 11, 25, 16, 4, 14, 24};

    for (unsigned i = 0; i < 7; i++) {
        unsigned to = (i + 2) % 3, from = (i + 1) % 3;

        s[to] ^= s[from];
        s[to] -= turn(s[from], by[i]);
    }
}

/* The checksum of HDF5's metadata: Bob Jenkins' lookup3, hashlittle(). */
static uint32_t checksum(const unsigned char *p, size_t n)
{
    uint32_t s[3];

    s[0] = s[1] = s[2] = 0xdeadbeef + (uint32_t)n;
    if (n == 0)
        return s[2];
    for (; n > 12; n -= 12, p += 12) {
        for (unsigned i = 0; i < 3; i++)
            s[i] += (uint32_t)get_le(p + 4 * i, 4);
        mix(s);
    }
    for (size_t i = 0; i < n; i++)
        s[i / 4] += (uint32_t)p[i] << 8 * (i % 4);
    finish(s);
    return s[2];
}

static unsigned size_width(const unsigned char *h)
{
    return 1u << (h[FLAGS] & 3);
}

static size_t message_prefix(const unsigned char *h)
{
    return h[FLAGS] & 0x04 ? 6 : 4; /* with the order of creation */
}

/* Where the messages' size stands, the last of the prefix. */
static size_t size_place(const unsigned char *h)
{
    size_t at = FLAGS + 1;

    if (h[FLAGS] & 0x20)
        at += 16; /* times */
    if (h[FLAGS] & 0x10)
        at += 4; /* limits of attribute storage */
    return at;
}

/* Where the first message starts. */
static size_t body_place(const unsigned char *h)
{
    return size_place(h) + size_width(h);
}

uint64_t header_length(const unsigned char *h)
{
    if (memcmp(h, "OHDR\002", 5) != 0)
        return 0;
    return body_place(h) + get_le(h + size_place(h), size_width(h)) +
           4; /* the checksum */
}

bool header_is_whole(const unsigned char *h, size_t length)
{
    size_t prefix = message_prefix(h), at;

    if (header_length(h) != length ||
        get_le(h + length - 4, 4) != checksum(h, length - 4))
        return false;
    for (at = body_place(h); at + prefix <= length - 4;) {
        if (h[at] == CONTINUATION)
            return false;
        at += prefix + get_le(h + at + 1, 2);
    }
    return at <= length - 4;
}

/* Copy the messages to `to`, with gaps of `room` bytes in all; returns the end
 * of what was put, or NULL if there are too few messages to part the gaps. */
static unsigned char *spread(unsigned char *to, const unsigned char *h,
                             size_t length, size_t room)
{
    size_t prefix = message_prefix(h), n;

    for (size_t at = body_place(h); at + prefix <= length - 4; at += n) {
        n = prefix + get_le(h + at + 1, 2);
        memcpy(to, h + at, n);
        to += n;
        if (h[at] != 0 && room) {
            size_t gap = room < HEADER_GAP ? room : HEADER_GAP;

            put_le(to + 1, gap, 2); /* a message of type 0: nothing */
            to += prefix + gap;
            room -= gap;
        }
    }
    return room ? NULL : to;
}

unsigned char *header_widen(const unsigned char *h, size_t length, size_t room,
                            size_t *widened)
{
    size_t most = length + HEADER_PREFIX + room + 6 * (room / HEADER_GAP + 1);
    size_t at = size_place(h);
    unsigned char *wide, *end;

    if (!header_is_whole(h, length))
        return NULL;
    wide = calloc(1, most);
    if (!wide)
        return NULL;
    memcpy(wide, h, at);
    wide[FLAGS] = (unsigned char)((h[FLAGS] & ~3) | 2); /* 4 bytes for it */
    end = spread(wide + at + 4, h, length, room);
    if (!end) {
        free(wide);
        return NULL;
    }
    put_le(wide + at, (uint64_t)(end - wide) - at - 4, 4);
    put_le(end, checksum(wide, (size_t)(end - wide)), 4);
    *widened = (size_t)(end - wide) + 4;
    return wide;
}
