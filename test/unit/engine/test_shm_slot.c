/* A slot of shared memory: what was put is what is got, and nothing torn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/shm_slot.h"

static void *shared(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_true(at != MAP_FAILED);
    assert_int_equal(shm_bring_in(at, bytes), 0);
    return at;
}

static void one_by_one(void **state)
{
    char in[5] = "", out[5] = "abcd";
    struct shm_slot *s = shared(shm_slot_size(sizeof in));

    (void)state;
    assert_int_equal(shm_slot_size(1), 2 * SHM_PAGE);
    assert_int_equal(shm_slot_size(SHM_PAGE), 2 * SHM_PAGE);
    assert_int_equal(shm_slot_size(SHM_PAGE + 1), 3 * SHM_PAGE);
    assert_int_equal((uintptr_t)s->data % SHM_PAGE, 0);
    assert_int_equal(shm_slot_get(s, 0, in, 5), SHM_NOTHING);
    shm_slot_put(s, 0, out, 5);
    assert_int_equal(shm_slot_get(s, 0, in, 5), SHM_GOT);
    assert_string_equal(in, "abcd");
    assert_int_equal(shm_slot_get(s, 0, in, 4), SHM_OTHER);
    shm_slot_put(s, 0, out, 2);
    assert_int_equal(shm_slot_get(s, 0, in, 5), SHM_OTHER);
    assert_int_equal(shm_slot_get(s, 0, in, 2), SHM_GOT);
    /* another tensor's turn, and nobody's */
    assert_int_equal(shm_slot_get(s, 3, in, 2), SHM_NOTHING);
    shm_slot_put(s, 3, out, 5);
    assert_int_equal(shm_slot_get(s, 0, in, 5), SHM_NOTHING);
    assert_int_equal(shm_slot_get(s, 3, in, 5), SHM_GOT);
    assert_int_equal(shm_slot_has(s, 3), SHM_GOT);
    shm_slot_remove(s);
    assert_int_equal(shm_slot_has(s, 3), SHM_NOTHING);
    assert_int_equal(shm_slot_get(s, 3, in, 5), SHM_NOTHING);
    /* the writer has begun, and not come back */
    shm_slot_put(s, 0, out, 2);
    atomic_fetch_add(&s->sequence, 1);
    assert_int_equal(shm_slot_get(s, 0, in, 2), SHM_AGAIN);
    assert_int_equal(shm_slot_has(s, 0), SHM_AGAIN);
    munmap(s, shm_slot_size(sizeof in));
}

#define TENSOR ((size_t)96 * 1024)
#define TENSORS 2000 /* to be read whole, each another than the last */

static volatile size_t paused;

/* Tensors of one byte each, again and again; pauses of all lengths between
 * them, in which a reader may come to an end. */
static void hammer(struct shm_slot *s)
{
    unsigned char *out = malloc(TENSOR);

    for (unsigned n = 0;; n++) {
        memset(out, (int)(n & 0xff), TENSOR);
        shm_slot_put(s, 0, out, TENSOR);
        for (size_t k = 0; k < TENSOR / 4 * (n * 7 % 5); k++)
            paused += k; /* which no compiler leaves out */
    }
}

static int is_torn(const unsigned char *in)
{
    return memcmp(in, in + 1, TENSOR - 1) != 0;
}

/* Neither of the two ever waits for the other. */
static void nothing_torn(void **state)
{
    struct shm_slot *s = shared(shm_slot_size(TENSOR));
    unsigned char *in = malloc(TENSOR);
    int got = 0, torn = 0;
    long long again = 0;
    unsigned char last = 0;
    pid_t writer = fork();

    (void)state;
    assert_true(writer >= 0);
    if (writer == 0)
        hammer(s);
    while (got < TENSORS && torn == 0) {
        enum shm_got how = shm_slot_get(s, 0, in, TENSOR);

        again += how == SHM_AGAIN;
        got += how == SHM_GOT && in[0] != last;
        last = how == SHM_GOT ? in[0] : last;
        torn += how == SHM_GOT && is_torn(in);
    }
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
    print_message("%d tensors, %lld times again\n", got, again);
    assert_int_equal(torn, 0);
    assert_true(again > 0); /* else it was no proof */
    free(in);
    munmap(s, shm_slot_size(TENSOR));
}

static _Noreturn void put_and_tell(struct shm_slot *s)
{
    for (int64_t step = 0;; step++) {
        shm_slot_put(s, step, &step, sizeof step);
        shm_slot_tell(s, step + 1);
    }
}

/* Who has seen how many steps there are, sees the last of them. */
static void what_is_told_is_there(void **state)
{
    struct shm_slot *s = shared(shm_slot_size(8));
    int64_t in = 0, told = 0, wrong = 0;
    pid_t writer = fork();

    (void)state;
    assert_true(writer >= 0);
    if (writer == 0)
        put_and_tell(s);
    while (told < 20000) {
        enum shm_got how;

        told = shm_slot_told(s);
        how = shm_slot_get(s, told - 1, &in, sizeof in);
        /* or one that came after it is */
        wrong += how == SHM_GOT && in != told - 1;
        wrong += told > 0 && how == SHM_NOTHING &&
                 shm_slot_has(s, told) == SHM_NOTHING &&
                 shm_slot_told(s) == told;
    }
    kill(writer, SIGKILL);
    waitpid(writer, NULL, 0);
    assert_int_equal(wrong, 0);
    assert_true((uintptr_t)&s->steps - (uintptr_t)s >= SHM_LINE);
    munmap(s, shm_slot_size(8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_by_one),
        cmocka_unit_test(nothing_torn),
        cmocka_unit_test(what_is_told_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
