/* floor_parts.h - what the files of the built-in server share. */
#ifndef SRB_FLOOR_PARTS_H
#define SRB_FLOOR_PARTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "engine/floor_server.h"
#include "engine/floor_store.h"

/* What a loop has done; written by its own thread alone, read by any. */
struct floor_tally {
    _Atomic int64_t sets, gets, bytes_in, bytes_out;
};

struct floor_conn;

struct floor_loop {
    struct floor *floor;
    int epoll;
    pthread_t thread;
    pthread_mutex_t lock; /* of the list: connections come from another loop */
    struct floor_conn *first;
    /* a cache line of its own, since every operation writes there */
    _Alignas(64) struct floor_tally tally;
};

#define FLOOR_LISTENERS 2 /* TCP, unix */

struct floor {
    struct floor_config config;
    struct floor_store *store;
    struct floor_loop *loop; /* [config.threads]; loop 0 accepts */
    int listener[FLOOR_LISTENERS];
    int end_event; /* readable for all loops from a SHUTDOWN on */
    atomic_bool ending;
    int next;    /* loop that gets the next connection */
    int started; /* threads */
};

/* Let a loop serve a connected socket, which is then its. -1: the socket is
 * closed. */
int floor_conn_open(struct floor_loop *loop, int fd);

/* Do what can be done without waiting; events: of epoll_wait(). The connection
 * may be gone after it. */
void floor_conn_serve(struct floor_conn *c);

void floor_conn_close(struct floor_conn *c);

/* Make all loops return. */
void floor_end(struct floor *f);

#endif
