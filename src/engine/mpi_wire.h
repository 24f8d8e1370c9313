/* mpi_wire.h - what clients and serving ranks say to each other by messages.
 *
 * A client asks with a header, a put with the tensor behind it, as a message of
 * its own, and is answered likewise; of an answer to a get the tensor is empty
 * where there is none. It may ask for as many tensors as a step has before it
 * is answered; messages of one kind overtake each other never (MPI 3.1, 3.5),
 * and answers carry the question's number.
 */
#ifndef SRB_SERVE_H
#define SRB_SERVE_H

#include <stdint.h>

enum serve_operation {
    SERVE_PUT = 1,
    SERVE_GET,
    SERVE_REMOVE,
    SERVE_TELL, /* how many steps it has put, in place of bytes */
    SERVE_POLL, /* whether a tensor is there; the answer has in place of bytes
                   how many steps its writer has told of */
    SERVE_END,  /* nothing more comes; is not answered */
    /* of answers */
    SERVE_DONE,
    SERVE_NOTHING, /* there is no such tensor, of that length */
};

/* Four MPI_INT64_T. */
struct serve_wire {
    int64_t operation;
    int64_t slot;  /* number x clients + client of a tensor_place (places.h) */
    int64_t bytes; /* of the tensor; of a removal nothing */
    int64_t serial;
};
#define SERVE_INTS 4

/* One each, so that a header is never taken for a tensor. */
enum { SERVE_TAG_ASK = 1, SERVE_TAG_TENSOR, SERVE_TAG_ANSWER, SERVE_TAG_BACK };

/* Who polls lets others run after so many looks in vain: with a CPU for each
 * that costs nothing that is measured, with fewer everybody else's time. */
#define SERVE_PATIENT_LOOKS 256

#endif
