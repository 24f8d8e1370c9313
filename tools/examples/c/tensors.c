/* tensors ADDRESSES: put some tensors into a database, and get them back.
 *
 *     cc tensors.c -lsrb_tensor_client && ./a.out 127.0.0.1:6379
 */
#include <srb/tensor_client.h>
#include <stdbool.h>
#include <stdio.h>

enum { COUNT = 1000, KEYS = 12 };

static bool same(const float *a, const float *b)
{
    int i = 0;

    while (i < COUNT && a[i] == b[i])
        i++;
    return i == COUNT;
}

/* One tensor there and back. Returns 0, or -1 after saying why. */
static int there_and_back(struct srb_tensor_client *client, int number)
{
    float out[COUNT], in[COUNT];
    char key[32];

    snprintf(key, sizeof key, "example_c_%d", number);
    for (int i = 0; i < COUNT; i++)
        out[i] = (float)(number * COUNT + i);
    if (srb_put_tensor(client, key, out, COUNT) != 0 ||
        srb_unpack_tensor(client, key, in, COUNT) != 0) {
        fprintf(stderr, "tensors: %s\n", srb_tensor_client_error(client));
        return -1;
    }
    if (same(out, in))
        return 0;
    fprintf(stderr, "tensors: %s came back changed\n", key);
    return -1;
}

/* All of them at once, back to back. */
static int together(struct srb_tensor_client *client)
{
    static float out[KEYS][COUNT], in[KEYS][COUNT];
    static char keys[KEYS][32];
    struct srb_tensor put[KEYS], got[KEYS];

    for (int k = 0; k < KEYS; k++) {
        int n = snprintf(keys[k], sizeof keys[k], "example_c_%d", k);

        for (int i = 0; i < COUNT; i++)
            out[k][i] = (float)(k - i);
        put[k] = (struct srb_tensor){keys[k], (size_t)n, out[k], COUNT};
        got[k] = (struct srb_tensor){keys[k], (size_t)n, in[k], COUNT};
    }
    if (srb_put_tensors(client, put, KEYS) != 0 ||
        srb_unpack_tensors(client, got, KEYS) != 0) {
        fprintf(stderr, "tensors: %s\n", srb_tensor_client_error(client));
        return -1;
    }
    for (int k = 0; k < KEYS; k++)
        if (!same(out[k], in[k])) {
            fprintf(stderr, "tensors: %s came back changed\n", keys[k]);
            return -1;
        }
    return 0;
}

int main(int argc, char **argv)
{
    struct srb_tensor_client_options options = {.timeout = 5};
    struct srb_tensor_client *client;
    char words[512];
    int rc = 0;

    options.addresses = argc > 1 ? argv[1] : "127.0.0.1:6379";
    client = srb_tensor_client_open(&options, words, sizeof words);
    if (!client) {
        fprintf(stderr, "tensors: %s\n", words);
        return 1;
    }
    for (int k = 0; k < KEYS && rc == 0; k++)
        rc = there_and_back(client, k);
    if (rc == 0)
        rc = together(client);
    srb_tensor_client_close(client);
    if (rc == 0)
        printf("%d tensors there and back\n", KEYS);
    return rc == 0 ? 0 : 1;
}
