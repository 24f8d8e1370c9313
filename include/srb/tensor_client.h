/* tensor_client.h - put tensors into an in-memory database, and get them back.
 *
 * A program that is no part of srbench uses what srbench measures through this
 * interface alone: no MPI, no other header, and the library srb_tensor_client.
 * The database is one Redis (or a server that speaks its protocol), or a Redis
 * Cluster, which is recognised; a tensor is float32 elements under a key, as
 * plain SET and GET have them. tensor_client.hpp is the same for C++, the
 * module srb_tensor_client for Fortran.
 *
 * A failure is a value: -1, or NULL of open, and words that say what failed,
 * where, and why. Nothing is printed, no signal is touched. After a failure the
 * connection in question is closed, so that no late reply can pass for another
 * one's; the next call makes a new one, and asks a cluster anew who serves
 * which keys.
 *
 * A client is used by one thread at a time; each wait ends after `timeout`.
 */
#ifndef SRB_TENSOR_CLIENT_H
#define SRB_TENSOR_CLIENT_H

#include <stddef.h>

#if defined(__GNUC__)
#define SRB_PUBLIC __attribute__((visibility("default")))
#else
#define SRB_PUBLIC
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The longest key, in bytes. */
#define SRB_TENSOR_KEY_MAX 127

/* How bytes travel. A program that uses SRB_CLIENT_HIREDIS should ignore
 * SIGPIPE, which that library does not prevent. */
enum srb_client_kind {
    SRB_CLIENT_SOCKET, /* straight between socket and tensor */
    SRB_CLIENT_HIREDIS /* through hiredis, which copies */
};

/* Zeros are defaults. Texts need not outlive the call. */
struct srb_tensor_client_options {
    /* "host:port", "[::1]:port", several comma-separated: the first that
     * answers speaks for its cluster. Or "unix:/path". */
    const char *addresses;
    const char *user;     /* NULL: the one that servers take for meant */
    const char *password; /* NULL: the server asks for none */
    double timeout;       /* s, for each reply; 0: 30 */
    enum srb_client_kind kind;
};

/* One of several tensors: `count` elements under a key of `key_length` bytes,
 * which need not end in NUL. */
struct srb_tensor {
    const char *key;
    size_t key_length;
    float *data; /* only read where it is put */
    size_t count;
};

struct srb_tensor_client;

/* Connect. NULL on failure, with the reason in words[n] (NULL: none wanted). */
SRB_PUBLIC struct srb_tensor_client *
srb_tensor_client_open(const struct srb_tensor_client_options *o, char *words,
                       size_t n);

/* Disconnect and release; NULL is allowed. */
SRB_PUBLIC void srb_tensor_client_close(struct srb_tensor_client *c);

/* The words of the last failure, "" before the first; valid until the next
 * call. */
SRB_PUBLIC const char *
srb_tensor_client_error(const struct srb_tensor_client *c);

/* Store count elements under the key; done when the server has confirmed it.
 * Returns 0 or -1. */
SRB_PUBLIC int srb_put_tensor(struct srb_tensor_client *c, const char *key,
                              const float *data, size_t count);

/* Bring the tensor of that key into data; it must have count elements. Returns
 * 0, or -1 with data in no known state. */
SRB_PUBLIC int srb_unpack_tensor(struct srb_tensor_client *c, const char *key,
                                 float *data, size_t count);

/* The same for keys of a known length, which need not end in NUL. */
SRB_PUBLIC int srb_put_tensor_n(struct srb_tensor_client *c, const char *key,
                                size_t length, const float *data, size_t count);
SRB_PUBLIC int srb_unpack_tensor_n(struct srb_tensor_client *c, const char *key,
                                   size_t length, float *data, size_t count);

/* Store n tensors, or bring them, back to back: requests go out without waiting
 * for the replies to those before them, which are read meanwhile, so that no
 * number and size of tensors can make both sides wait for each other. Of a
 * cluster that holds for those of one server that follow each other. Done when
 * all are; on -1 some may be. n of 0 is nothing to do. */
SRB_PUBLIC int srb_put_tensors(struct srb_tensor_client *c,
                               const struct srb_tensor *tensors, size_t n);
SRB_PUBLIC int srb_unpack_tensors(struct srb_tensor_client *c,
                                  const struct srb_tensor *tensors, size_t n);

#ifdef __cplusplus
}
#endif

#endif
