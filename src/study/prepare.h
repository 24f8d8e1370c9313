/* prepare.h - everything that is decided before the first database starts. */
#ifndef SRB_PREPARE_H
#define SRB_PREPARE_H

#include "client/client.h"
#include "plan/remaining.h"
#include "results/record.h"
#include "servers/collapse.h"
#include "servers/db.h"
#include "study/model_files.h"
#include "wlm/wlm.h"

/* What is to be measured, as main() has it. */
struct run_args {
    const struct options *options;
    const char *command_line;
    const char *config; /* the file's text as it was read, "" if none */
    int64_t began;      /* tick at which srbench did */
};

struct prepared {
    struct sweep sweep;
    struct model_files *models; /* NULL: none are run */
    struct setting modules;     /* db_modules, found where it is auto */
    struct value module;        /* its value then */
    struct server *servers;     /* one for each value of db_exe */
    struct server found;        /* that runs already (db_address) */
    int64_t max_clients;        /* of any permutation */
    int64_t max_bytes;          /* longest tensor */
    int64_t max_kept;           /* tensors that a client keeps at a time */
    struct work work;           /* of all permutations together */
    uint64_t run;               /* random, the same on all ranks */
    struct secret *secret; /* of databases that this job starts; alike too */
    uint64_t seed;         /* of the random order */
    struct job job;
    char exp_name[256];
    char when[32];           /* it began, in the output's name */
    char output[4096];       /* rank 0 alone; "" for none */
    char summary_json[4096]; /* rank 0 alone; "" for none */
    char server_names[1024];
    char network[2 * SRB_NETWORK_MAX]; /* of all permutations */
    char *config;                      /* resolved, as text */
    bool limited;                      /* the time is, on all ranks alike */
    int64_t ends_at; /* rank 0: tick at which the study is to have ended */
    struct study_attributes study;
};

/* The server of a permutation. */
const struct server *prepare_server(const struct prepared *plan,
                                    const struct permutation *p);

/* What a permutation costs, in arbitrary units: its bytes, and a start. Local.
 */
double prepare_weight(const struct permutation *p, const struct placement *pl);

/* Solve the whole sweep and look at the servers. Returns 0 on all ranks, or -1
 * on all: refused, the words printed or in *err. Collective over the world. */
int prepare(struct prepared *plan, struct team *t, const struct discovery *d,
            const struct run_args *args, struct error *err);

/* Rank 0: a name of the output that srbench chose may be another study's since,
 * which began in the same second. Then it becomes the n-th of such names, from
 * 2 on. Returns whether it did. Local. */
bool prepare_next_output(struct prepared *plan, int n);

/* Whether the job's machine has what the plan takes, for a dry run: servers are
 * not asked what they are. Returns and prints as prepare() does. Collective
 * over the world. */
int prepare_try(struct team *t, const struct discovery *d,
                const struct options *o, struct error *err);

/* What the options say of clients, servers and files that can be judged without
 * asking anybody, on a machine on which they all can be placed or not: for a
 * plan. Local. */
int prepare_by_name(const struct sweep *s, const struct machine *m,
                    struct error *err);

void prepare_free(struct prepared *plan);

#endif
