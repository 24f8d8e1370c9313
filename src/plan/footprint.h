/* footprint.h - what a permutation takes, before it is run: memory,
 * descriptors, room in the result file.
 *
 * Plain arithmetic on counts; sizes in bytes. Sums and products that pass
 * int64_t stay at INT64_MAX, which nothing has. All functions are local and
 * pure.
 */
#ifndef SRB_FOOTPRINT_H
#define SRB_FOOTPRINT_H

#include <stdbool.h>
#include <stdint.h>

/* What a server or a client has resident at most: a part of the bytes of its
 * tensors, in eighths, what it takes without any, and what for each, however
 * short. Each has its own (engine.h, client.h), from what was measured. */
struct footprint {
    int64_t eighths;
    int64_t fixed, each; /* bytes */
};

/* a + b and a * b, of numbers that are not negative. */
int64_t footprint_sum(int64_t a, int64_t b);
int64_t footprint_product(int64_t a, int64_t b);

/* Memory of one server with so many clients, each of which puts its own tensor
 * and gets it: the values, those that arrive to replace them or leave, and the
 * server itself. */
int64_t footprint_server(const struct footprint *server, int64_t clients,
                         int64_t bytes);

/* The same where each client keeps `kept` tensors at a time, `moving` of which
 * arrive or leave together: what lies still takes no more than what moves, and
 * its bytes and what allocators round them up to at most. */
int64_t footprint_keeper(const struct footprint *server, int64_t clients,
                         int64_t bytes, int64_t kept, int64_t moving);

/* Memory of one client: its two tensors and whatever its way to talk copies,
 * timings of so many pairs, and what sorting and sending these takes. */
int64_t footprint_client(const struct footprint *client, int64_t bytes,
                         int64_t pairs);

/* The same of one with so many tensors a step, of which `moving` are copied at
 * a time; without a server it keeps `kept` more of them itself. */
int64_t footprint_stepper(const struct footprint *client, int64_t bytes,
                          int64_t pairs, int64_t tensors, int64_t moving,
                          int64_t kept);

/* What is timed of steps beside their operations. */
struct footprint_steps {
    bool computes;
    bool streams; /* over a buffer of its own */
    bool paced;
    bool phases; /* puts have steps of their own, and so have gets */
    bool removes;
    bool controls; /* tensors after steps are timed as removals are */
    int runs;      /* of a script or a model between a put and a get */
};

/* What a client computes on with compute_kind: stream. */
#define FOOTPRINT_STREAM_BYTES (32 << 20)

/* Memory of one client for the steps of so many pairs, and room in the result
 * file for them, of each client. */
int64_t footprint_steps(const struct footprint_steps *s, int64_t pairs);
int64_t footprint_steps_file(const struct footprint_steps *s, int64_t pairs);

/* Descriptors that a server of so many connections opens; `shards`: of its
 * cluster, 1 where there is none. */
int64_t footprint_descriptors(int64_t connections, int64_t shards);

/* Room in the result file of a permutation with so many clients, each with the
 * timings of so many pairs. */
int64_t footprint_file(int64_t clients, int64_t pairs);

/* The network file system that statfs(2) calls by this f_type, or NULL for
 * any other: "NFS". */
const char *footprint_network_file_system(uint64_t f_type);

#endif
