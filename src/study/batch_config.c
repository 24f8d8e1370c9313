#include "study/batch_config.h"

#include "options/options.h"

/* An axis has the set-up's value, or none where the server has no such axis;
 * any other option all that the study says. */
static void print_same(FILE *out, const struct batch_terms *terms,
                       enum option_id id)
{
    const struct value *value = terms->p->value[id];

    if (id == OPT_DB_MODULES && terms->plan->module.text) {
        fprintf(out, "db_modules: %s\n", terms->plan->module.text);
    } else if (!option_is_axis(&option_table[id])) {
        fprintf(out, "%s: ", option_table[id].name);
        options_print(out, terms->plan->sweep.options, id);
        fputc('\n', out);
    } else if (value) {
        options_show_one(out, id, value);
    }
}

/* What is TOLD_ANEW: as many nodes as the placement has, and room for all that
 * any permutation needs. */
static void print_anew(FILE *out, const struct batch_terms *terms)
{
    fprintf(out,
            "experiment: %s\n"
            "db_nodes: %d\n"
            "db_max_clients: %lld\n"
            "tensor_bytes: %lld\n"
            "command_set: %s\n",
            terms->p->infers ? "inference_standard" : "throughput_standard",
            terms->pl->db_nodes, (long long)terms->plan->max_clients,
            (long long)terms->plan->max_bytes,
            terms->redisai ? "redisai" : "plain");
}

void batch_config_print(FILE *out, const struct batch_terms *terms)
{
    fprintf(out, "# databases of set-up %zu, for the clients' job\n",
            terms->p->setup);
    print_anew(out, terms);
    for (int id = 0; id < OPT_COUNT; id++)
        if (option_table[id].told == TOLD_SAME)
            print_same(out, terms, (enum option_id)id);
}
