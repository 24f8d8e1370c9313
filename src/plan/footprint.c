#include "plan/footprint.h"

#include <stddef.h>
#include <string.h>

#define MIB (INT64_C(1024) * 1024)
#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A part of the tensors' bytes is in eighths. */
#define WHOLE 8

/* What servers had resident at most (VmHWM), at 1 MiB and 64 MiB with 1 and 8
 * clients: redis 7.0.15 from 2.0 to 2.2 times the tensors at 64 MiB, 2.9 at
 * 1 MiB, and 13 MiB of its own (a value stays while the next one arrives, and
 * is copied into the reply); redis 8.0.6, valkey 8.1.1 and 9.1.2, keydb 6.3.4
 * no more than that; floor 1.04 to 1.2 times and 11 MiB. */
static const struct {
    const char *name;
    int64_t eighths, fixed;
} servers[] = {
    {"redis", 20, 16 * MIB}, /* first: what is not known is such a one */
    {"floor", 10, 16 * MIB},
    /* RedisAI copies what came into a tensor of its own: 204 MiB at 64 MiB with
     * one client */
    {SRB_NEEDS_REDISAI, 28, 16 * MIB},
    {"null", 0, 0},
};

/* The same of clients: socket 2.0 tensors, the one that leaves and the one that
 * comes; hiredis 5.06, since it copies what it sends once and reads into a
 * buffer that doubles, of which it makes the reply (hiredis 0.14). */
static const struct {
    const char *name;
    int64_t eighths;
} clients_of[] = {{"hiredis", 42}, {"socket", 16}, {"null", 16}};

/* Of each pair: start and length of a put and a get; the same on the way to
 * rank 0; and the lengths once more to be sorted. */
#define PAIR_BYTES (32 + 32 + 16)

/* Redis keeps 32 descriptors for itself (CONFIG_MIN_RESERVED_FDS in its
 * server.h); the steward's connection, and some for a person to look. */
#define OWN_DESCRIPTORS (32 + 16)
/* Members of a cluster have a link to and one from each other. */
#define LINKS 2

/* Four arrays of real numbers, and the rows of text and numbers of a client and
 * of a permutation with its attributes (61 KiB with 4 clients). */
#define FILE_PAIR_BYTES 32
#define FILE_CLIENT_BYTES 1024
#define FILE_PERMUTATION_BYTES (64 * 1024)

int64_t footprint_sum(int64_t a, int64_t b)
{
    return a > INT64_MAX - b ? INT64_MAX : a + b;
}

int64_t footprint_product(int64_t a, int64_t b)
{
    return b > 0 && a > INT64_MAX / b ? INT64_MAX : a * b;
}

static int64_t part(int64_t bytes, int64_t eighths)
{
    int64_t all = footprint_product(bytes, eighths);

    return all == INT64_MAX ? INT64_MAX : all / WHOLE;
}

int64_t footprint_server(const char *engine, int64_t clients, int64_t bytes)
{
    size_t at = 0;

    for (size_t i = 0; i < COUNT(servers); i++)
        if (strcmp(servers[i].name, engine) == 0)
            at = i;
    return footprint_sum(
        part(footprint_product(clients, bytes), servers[at].eighths),
        servers[at].fixed);
}

int64_t footprint_client(const char *client, int64_t bytes, int64_t pairs)
{
    size_t at = 0;

    for (size_t i = 0; i < COUNT(clients_of); i++)
        if (strcmp(clients_of[i].name, client) == 0)
            at = i;
    return footprint_sum(part(bytes, clients_of[at].eighths),
                         footprint_product(pairs, PAIR_BYTES));
}

int64_t footprint_descriptors(int64_t connections, int64_t shards)
{
    return footprint_sum(footprint_sum(connections, OWN_DESCRIPTORS),
                         footprint_product(LINKS, shards - 1));
}

int64_t footprint_file(int64_t clients, int64_t pairs)
{
    int64_t each = footprint_sum(footprint_product(pairs, FILE_PAIR_BYTES),
                                 FILE_CLIENT_BYTES);

    return footprint_sum(footprint_product(clients, each),
                         FILE_PERMUTATION_BYTES);
}

const char *footprint_network_file_system(uint64_t f_type)
{
    /* statfs(2) and linux/magic.h, but for what is not in the kernel's tree:
     * Lustre (LL_SUPER_MAGIC in its lustre_user.h), GPFS, BeeGFS, PanFS and
     * others as coreutils has them (stat(1), src/stat.c). */
    static const struct {
        uint64_t type;
        const char *name;
    } known[] = {
        {0x6969, "NFS"},        {0x0bd00bd0, "Lustre"},   {0x47504653, "GPFS"},
        {0x19830326, "BeeGFS"}, {0xff534d42, "CIFS"},     {0xfe534d42, "SMB2"},
        {0x517b, "SMB"},        {0x00c36400, "Ceph"},     {0x5346414f, "AFS"},
        {0x6b414653, "AFS"},    {0x73757245, "Coda"},     {0x01021997, "9P"},
        {0xaad7aaea, "PanFS"},  {0x564c, "NCP"},          {0x7461636f, "OCFS2"},
        {0x01161970, "GFS2"},   {0x20030528, "OrangeFS"}, {0xa501fcf5, "VxFS"},
        {0x013111a8, "IBRIX"},
    };

    for (size_t i = 0; i < COUNT(known); i++)
        if (known[i].type == f_type)
            return known[i].name;
    return NULL;
}
