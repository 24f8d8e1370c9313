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
    srb_tensor_client_close(client);
    if (rc == 0)
        printf("%d tensors there and back\n", KEYS);
    return rc == 0 ? 0 : 1;
}
