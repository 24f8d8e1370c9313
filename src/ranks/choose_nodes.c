#include "ranks/choose_nodes.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "plan/eligible.h"
#include "wlm/wlm.h"

/* What is told of a node. */
struct mark {
    unsigned barred;
    int db_turn;
};

/* Rank 0: what the batch system says that the nodes have; allocated. */
static int ask_features(const struct machine *m, const struct options *o,
                        char **features, struct error *err)
{
    char(*room)[SRB_NAME_MAX] = mem_new((size_t)m->nnodes, sizeof *room);
    char **names = mem_new((size_t)m->nnodes, sizeof *names);
    struct job job;
    int rc = wlm_find(options_one(o, OPT_LAUNCHER)->text, &job, err);

    for (int n = 0; n < m->nnodes; n++) {
        names[n] = room[n];
        snprintf(room[n], sizeof room[n], "%s", m->nodes[n].name);
        room[n][strcspn(room[n], "/")] = '\0'; /* of a part of a node */
    }
    if (rc == 0)
        rc = wlm_features(&job, names, m->nnodes, features, err);
    free(names);
    free(room);
    return rc;
}

/* Rank 0: mark its own machine. */
static int mark(struct machine *m, const struct options *o, struct error *err)
{
    char **features = NULL;
    int rc = 0;

    if (eligible_needs_features(o)) {
        features = mem_new((size_t)m->nnodes, sizeof *features);
        rc = ask_features(m, o, features, err);
    }
    if (rc == 0)
        rc = eligible_mark(m, o, (const char *const *)features, err);
    for (int n = 0; features && n < m->nnodes; n++)
        free(features[n]);
    free(features);
    return rc;
}

/* Rank 0's marks become everybody's. */
static void share(struct team *t)
{
    struct machine *m = &t->machine;
    struct mark *marks = mem_new((size_t)m->nnodes, sizeof *marks);

    for (int n = 0; n < m->nnodes; n++)
        marks[n] = (struct mark){m->nodes[n].barred, m->nodes[n].db_turn};
    team_bcast(t, t->world, marks, m->nnodes * (int)sizeof *marks, 0);
    team_bcast(t, t->world, &m->db_listed, (int)sizeof m->db_listed, 0);
    for (int n = 0; n < m->nnodes; n++) {
        m->nodes[n].barred = marks[n].barred;
        m->nodes[n].db_turn = marks[n].db_turn;
    }
    free(marks);
}

int choose_nodes(struct team *t, const struct options *o, struct error *err)
{
    int rc = t->rank == 0 ? mark(&t->machine, o, err) : 0;

    if (team_agree(t, t->world, rc, err) < 0)
        return -1;
    share(t);
    return 0;
}
