#include "plan/footprint.h"

#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* A part of the tensors' bytes is in eighths. */
#define WHOLE 8
/* Of one that lies still: size classes of allocators are up to a quarter apart
 * (jemalloc(3), "SIZE CLASSES"). */
#define STILL_EIGHTHS 10

/* Of each pair: start and length of a put and a get; the same on the way to
 * rank 0; and the lengths once more to be sorted. */
#define PAIR_BYTES (32 + 32 + 16)

/* Of each step begin and length, the same on the way to rank 0, and the length
 * as it was and sorted; with a schedule also when it was due and could have
 * begun, when it was due on the way, when it was if it was never begun, and
 * three responses and the lateness as they were and sorted. */
#define STEP_BYTES (16 + 16 + 16)
#define PACED_BYTES (16 + 8 + 8 + 64)
/* Of each removal and each run of a model as of an operation. */
#define OPERATION_BYTES (PAIR_BYTES / 2)

/* Redis keeps 32 descriptors for itself (CONFIG_MIN_RESERVED_FDS in its
 * server.h); the steward's connection, and some for a person to look. */
#define OWN_DESCRIPTORS (32 + 16)
/* Members of a cluster have a link to and one from each other. */
#define LINKS 2

/* Four arrays of real numbers, and the rows of text and numbers of a client and
 * of a permutation with its attributes (61 KiB with 4 clients). */
#define FILE_PAIR_BYTES 32
#define FILE_STEP_BYTES 16
#define FILE_PACED_BYTES 8
#define FILE_OPERATION_BYTES 16
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

static int64_t resident(const struct footprint *f, int64_t bytes)
{
    return footprint_sum(part(bytes, f->eighths), f->fixed);
}

int64_t footprint_server(const struct footprint *server, int64_t clients,
                         int64_t bytes)
{
    return resident(server, footprint_product(clients, bytes));
}

/* Two of each tensor are the loop's own, the rest is of how it talks. */
#define OWN_EIGHTHS 16

int64_t footprint_keeper(const struct footprint *server, int64_t clients,
                         int64_t bytes, int64_t kept, int64_t moving)
{
    int64_t each = footprint_product(clients, bytes);
    int64_t still = kept > moving ? kept - moving : 0;
    int64_t still_eighths =
        server->eighths < STILL_EIGHTHS ? server->eighths : STILL_EIGHTHS;
    int64_t all = footprint_product(clients, footprint_sum(still, moving));

    if (server->eighths == 0)
        return server->fixed;
    return footprint_sum(
        footprint_sum(resident(server, footprint_product(each, moving)),
                      footprint_product(all, server->each)),
        part(footprint_product(each, still), still_eighths));
}

int64_t footprint_stepper(const struct footprint *client, int64_t bytes,
                          int64_t pairs, int64_t tensors, int64_t moving,
                          int64_t kept)
{
    int64_t more = footprint_sum(
        part(footprint_product(bytes, tensors - moving), OWN_EIGHTHS),
        footprint_product(bytes, kept));

    return footprint_sum(
        footprint_client(client, footprint_product(bytes, moving), pairs),
        more);
}

int64_t footprint_client(const struct footprint *client, int64_t bytes,
                         int64_t pairs)
{
    return footprint_sum(resident(client, bytes),
                         footprint_product(pairs, PAIR_BYTES));
}

/* Of each pair, by the bytes of a step, of one with a schedule in addition, and
 * of a further operation. */
static int64_t of_steps(const struct footprint_steps *s, int64_t step,
                        int64_t paced, int64_t operation)
{
    int64_t each = s->computes || s->paced ? step : 0;

    each += s->paced ? paced : 0;
    return (s->phases ? 2 * each : each) +
           ((s->removes ? 1 : 0) + (s->controls ? 1 : 0) + s->runs) * operation;
}

int64_t footprint_steps(const struct footprint_steps *s, int64_t pairs)
{
    int64_t each = of_steps(s, STEP_BYTES, PACED_BYTES, OPERATION_BYTES);

    return footprint_sum(footprint_product(pairs, each),
                         s->computes && s->streams ? FOOTPRINT_STREAM_BYTES
                                                   : 0);
}

int64_t footprint_steps_file(const struct footprint_steps *s, int64_t pairs)
{
    return footprint_product(
        pairs,
        of_steps(s, FILE_STEP_BYTES, FILE_PACED_BYTES, FILE_OPERATION_BYTES));
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
