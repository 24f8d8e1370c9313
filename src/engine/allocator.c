#include "engine/allocator.h"

#include <stdio.h>
#include <string.h>

/* The rest of the line that begins with these words, or NULL. */
static const char *line_of(const char *text, const char *name, size_t *len)
{
    size_t n = strlen(name);

    while (text && *text) {
        if (strncmp(text, name, n) == 0 && text[n] == ' ') {
            *len = strcspn(text + n + 1, "\n");
            return text + n + 1;
        }
        text = strchr(text, '\n');
        text += text ? 1 : 0;
    }
    return NULL;
}

/* Whether the allocator is of that name; where nothing is said, it is. */
static bool is_allocator(const char *effective, const char *name)
{
    size_t len;
    const char *is = line_of(effective, "mem_allocator", &len);

    return !is || strncmp(is, name, strlen(name)) == 0;
}

/* One "name:value" of jemalloc's, which prints words in quotes. */
static bool arrived(const char *effective, const char *name, int n,
                    const char *value, size_t len)
{
    char key[128];
    size_t got;
    const char *is;

    snprintf(key, sizeof key, "opt.%.*s", n, name);
    is = line_of(effective, key, &got);
    if (is && got >= 2 && is[0] == '"') {
        is++;
        got -= 2;
    }
    return is && got == len && strncmp(is, value, len) == 0;
}

static bool jemalloc_took(const char *effective, const char *conf)
{
    if (!strstr(effective, "\nopt."))
        return true; /* it tells nothing */
    while (*conf) {
        size_t len = strcspn(conf, ",");
        const char *colon = memchr(conf, ':', len);

        if (!colon || !arrived(effective, conf, (int)(colon - conf), colon + 1,
                               len - (size_t)(colon + 1 - conf)))
            return false;
        conf += len + (conf[len] == ',');
    }
    return true;
}

bool allocator_ignored(const char *effective, const struct value *env)
{
    for (size_t i = 0; effective && i < env->npairs; i++) {
        const char *name = env->pairs[i].name;
        const char *value = env->pairs[i].value ? env->pairs[i].value : "";

        if (strcmp(name, "GLIBC_TUNABLES") == 0 &&
            !is_allocator(effective, "libc"))
            return true;
        if ((strcmp(name, "MALLOC_CONF") == 0 ||
             strcmp(name, "JE_MALLOC_CONF") == 0) &&
            (!is_allocator(effective, "jemalloc") ||
             !jemalloc_took(effective, value)))
            return true;
    }
    return false;
}
