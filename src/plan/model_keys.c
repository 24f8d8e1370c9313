#include "plan/model_keys.h"

#include <stdio.h>
#include <string.h>

void model_keys_part(const struct placement *pl, int client, enum key_part part,
                     char key[SRB_KEY_MAX])
{
    place_key(pl, client, key);
    keys_of_part(key, key, part);
}

int model_keys_shard(const struct placement *pl, int client, enum key_part part)
{
    char key[SRB_KEY_MAX];

    if (!pl->copied)
        return place_client_shard(pl, client);
    model_keys_part(pl, client, part, key);
    return place_key_shard(pl, client, key);
}

void model_keys_program(const struct placement *pl, int shard,
                        enum model_part part, int device, char key[SRB_KEY_MAX])
{
    char tag[SRB_TAG_MAX], plain[SRB_KEY_MAX];

    place_tag(pl, shard, tag);
    model_key(plain, tag, part, device);
    snprintf(key, SRB_KEY_MAX, "%.47s%.79s", place_prefix(pl), plain);
}

void model_keys_copy(const struct placement *pl, int client, enum key_part part,
                     int shard, char key[SRB_KEY_MAX])
{
    const char *prefix = place_prefix(pl);
    char tag[SRB_TAG_MAX], own[SRB_KEY_MAX];

    place_tag(pl, shard, tag);
    model_keys_part(pl, client, part, own);
    snprintf(key, SRB_KEY_MAX, "%.40s{%s}.%.60s.TMP", prefix, tag,
             own + strlen(prefix));
}

int model_keys_shards(const struct placement *pl, int client,
                      int shards[KEY_PARTS])
{
    int n = 0;

    for (int part = KEY_IN; part < KEY_PARTS; part++) {
        int shard = model_keys_shard(pl, client, (enum key_part)part), k = 0;

        if (part == KEY_PRE && !pl->scripted)
            continue;
        while (k < n && shards[k] != shard)
            k++;
        if (k == n)
            shards[n++] = shard;
    }
    return n;
}

/* A run between copies: what goes in is got and put, what comes out got, all on
 * one shard, and put where it belongs. */
static void count_run(const struct placement *pl, int client, enum key_part in,
                      enum key_part out, int64_t n, int64_t *ops)
{
    ops[model_keys_shard(pl, client, in)] += 3 * n;
    ops[model_keys_shard(pl, client, out)] += n;
}

void model_keys_count(const struct placement *pl, int client, int64_t n,
                      int64_t *ops)
{
    ops[model_keys_shard(pl, client, KEY_IN)] += n;
    ops[model_keys_shard(pl, client, KEY_OUT)] += n;
    if (pl->copied && pl->scripted)
        count_run(pl, client, KEY_IN, KEY_PRE, n, ops);
    if (pl->copied)
        count_run(pl, client, pl->scripted ? KEY_PRE : KEY_IN, KEY_OUT, n, ops);
}
