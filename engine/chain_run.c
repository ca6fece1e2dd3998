/* chain_run.c - runs a chain. Every thread goes through all stages and takes items of each while there are any; what it reads it
 * waits for, part by part. */
#include <omp.h>
#include <sched.h>
#include "engine/chain.h"

/* One execution, of all threads. */
typedef struct chain_run {
    const nonet_chain *chain;
    const nonet_weights *const *weights;
    const float *src;
    float *const *maps;
    nonet_share *shares;
    chain_counter *counters;
    chain_mark *marks;
    float *work;
    double *seconds;            /* of each convolution, or NULL */
    nonet_wino_laps *laps;      /* one a thread, or NULL */
} chain_run;

/* A thread's part in a stage. It touches the workspace only for an item that it has: without one, the others do not wait for it,
 * and may have gone on to what stands there next. */
typedef struct worker {
    const chain_run *run;
    const chain_stage *stage;
    const chain_link *link;
    nonet_share *shares;        /* of the stage; those of the next one follow */
    int thread, block;          /* at hand, -1 for none */
    int first_unit, last_unit;  /* of the link before, that it reads */
    nonet_pair_task pair;       /* of a run */
    nonet_wino_task *task;      /* of a block: the pair's second */
} worker;

/* ---- waiting ---- */

static inline void relax(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* What is waited for is at work in another thread. The system may have put that one aside, so after SPINS turns this one yields its
 * CPU. */
#define WAIT_UNTIL(condition) \
    for (int waits_ = 0; !(condition); waits_++) { \
        if (waits_ < SPINS) \
            relax(); \
        else \
            sched_yield(); \
    }
enum { SPINS = 1000 };          /* some 20 us: a wait is mostly shorter, and a time slice a hundred times as long */

static void wait_for_stage(const chain_run *run, int stage)
{
    WAIT_UNTIL(atomic_load_explicit(&run->counters[stage].left, memory_order_acquire) == 0)
}

static void wait_for_mark(const chain_mark *mark)
{
    WAIT_UNTIL(atomic_load_explicit(mark, memory_order_acquire))
}

/* ---- what a block reads ---- */

/* The unit in which row y of image n of a link's output stands: the first one of its row of tiles, or the last. */
static int unit_of_row(const chain_link *from, int n, int y, int is_last)
{
    const nonet_wino_plan *w = &from->plan->wino;
    int in_image = (from->plan->p.pool ? 2 * y : y) / w->m, row = n * w->ty + (in_image < w->ty ? in_image : w->ty - 1);
    return from->pair ? row : (row * w->tx + (is_last ? w->tx - 1 : 0)) / w->block;
}

/* The units that the tiles of the block at hand read. */
static void find_input(worker *me)
{
    nonet_tile_rows rows = nonet_tile_rows_of(me->link->plan, me->block);
    me->first_unit = unit_of_row(me->link - 1, rows.n_first, rows.first, 0);
    me->last_unit = unit_of_row(me->link - 1, rows.n_last, rows.last, 1);
}

static chain_mark *mark_of(const worker *me, const chain_link *link, int unit, int part)
{
    return me->run->marks + link->marks + (size_t)unit * (size_t)link->parts + (size_t)part;
}

/* Waits until all that the block at hand reads of channel block cb stands in memory. */
static void wait_for_input(const worker *me, int cb)
{
    if (me->stage->link == 0)
        return;
    const chain_link *from = me->link - 1;
    int part = from->pair ? 0 : cb / (from->plan->nr / NONET_L);
    for (int unit = me->first_unit; unit <= me->last_unit; unit++)
        wait_for_mark(mark_of(me, from, unit, part));
}

static void mark_done(const worker *me, int unit, int part)
{
    atomic_store_explicit(mark_of(me, me->link, unit, part), 1, memory_order_release);
}

/* ---- items ---- */

static void take_block(worker *me, int block)
{
    me->block = block;
    nonet_wino_take_block(me->task, block);
    if (me->stage->link > 0)
        find_input(me);
}

static void transform(const worker *me, int cb)
{
    wait_for_input(me, cb);
    nonet_wino_lap(me->task, NONET_WINO_OTHER);
    nonet_wino_in(me->task, cb);
    nonet_wino_lap(me->task, NONET_WINO_IN);
}

static void transform_all(const worker *me)
{
    for (int cb = 0; cb < me->link->plan->cb; cb++)
        transform(me, cb);
}

static void multiply(const worker *me, int q)
{
    nonet_wino_multiply_out(me->task, q);
    mark_done(me, me->block, q);
}

/* Threads meet (share.h) in stages of blocks or rows; multiply calls go up everywhere, since their weights follow one another. */
static int meets(const chain_stage *stage)
{
    return stage->kind == CHAIN_RUNS || stage->kind == CHAIN_BLOCKS;
}

/* What this thread will probably read after the block at hand: the input of the next one in its share, else, which is the output
 * of this stage, of its first one in the next. */
static nonet_wino_input next_input(const worker *me)
{
    const chain_stage *next = me->stage + 1;
    const nonet_chain *chain = me->run->chain;
    const nonet_wino_task *t = me->task;
    int block = nonet_share_peek(me->shares, me->thread, meets(me->stage));
    if (block >= 0)
        return nonet_wino_input_of(t->plan, &t->in, t->src, block);
    if (next < chain->stage + chain->stages && next->kind == CHAIN_BLOCKS)
        block = nonet_share_peek(me->shares + chain->threads, me->thread, meets(next));
    return block < 0 ? (nonet_wino_input){ 0 } : nonet_wino_input_of(chain->link[next->link].plan, &t->out, t->dst, block);
}

static void run_block(worker *me, int block)
{
    take_block(me, block);
    me->task->next = next_input(me);
    transform_all(me);
    for (int q = 0; q < me->link->plan->kq; q++)
        multiply(me, q);
}

/* A channel block or a multiply call of the stage's block. With the first one come its tiles, and a V of this thread's own. */
static void run_channels(worker *me, int item)
{
    if (me->block < 0) {
        take_block(me, me->stage->block);
        if (!me->link->plan->wino.shares_v)
            transform_all(me);
    }
    if (me->stage->kind == CHAIN_TRANSFORM)
        transform(me, item);
    else
        multiply(me, item);
}

static void run_rows(worker *me, int item)
{
    const nonet_pair *pair = me->link->pair;
    int ty = me->link->plan->wino.ty, n = item / pair->runs, from = item % pair->runs * pair->rows;
    for (int row = from; row < from + pair->rows && row < ty; row++) {
        nonet_pair_row(&me->pair, n, row, from);
        mark_done(me, n * ty + row, 0);
    }
}

static void run_item(worker *me, int item)
{
    switch (me->stage->kind) {
    case CHAIN_RUNS:
        run_rows(me, item);
        break;
    case CHAIN_BLOCKS:
        run_block(me, item);
        break;
    case CHAIN_TRANSFORM:
    case CHAIN_MULTIPLY:
        run_channels(me, item);
        break;
    }
}

/* ---- stages ---- */

static void bind_workspace(worker *me)
{
    const nonet_plan *plan = me->link->plan;
    size_t thread = (size_t)me->thread;
    float *work = me->run->work, *own = work + thread * me->run->chain->thread_floats;
    if (me->link->pair)
        nonet_pair_bind(&me->pair, own);
    else if (plan->wino.shares_v)
        nonet_wino_bind(&me->pair.second, work, work + plan->shared_floats + thread * plan->thread_floats);
    else
        nonet_wino_bind(&me->pair.second, NULL, own);
}

/* The convolution of a stage, of a pair the second. */
static int conv_of(const nonet_chain *chain, const chain_stage *stage)
{
    return stage->link + nonet_chain_is_paired(chain);
}

static worker worker_of(const chain_run *run, const chain_stage *stage, int thread)
{
    const chain_link *link = &run->chain->link[stage->link];
    const nonet_plan *plan = link->plan;
    const nonet_conv *p = &plan->p;
    int conv = conv_of(run->chain, stage);
    worker me = {
        .run = run, .stage = stage, .link = link, .thread = thread, .block = -1,
        .pair = { .pair = link->pair, .weights = run->weights[0], .src = run->src, .timed = run->seconds != NULL, .second = {
            .plan = plan, .weights = run->weights[conv], .laps = run->laps,
            .src = stage->link ? run->maps[conv - 1] : run->src, .dst = run->maps[conv],
            .in = { p->src_layout, p->c, p->h, p->w }, .out = { p->dst_layout, p->k, plan->dh, plan->dw },
        } },
    };
    bind_workspace(&me);
    return me;
}

static void run_stage(const chain_run *run, int stage, int thread, double *first_seconds)
{
    const nonet_chain *chain = run->chain;
    worker me = worker_of(run, &chain->stage[stage], thread);
    me.task = &me.pair.second;
    me.shares = run->shares + (size_t)stage * (size_t)chain->threads;
    for (int item; (item = nonet_share_take(me.shares, chain->threads, thread, meets(me.stage))) >= 0;) {
        run_item(&me, item);
        atomic_fetch_sub_explicit(&run->counters[stage].left, 1, memory_order_release);
    }
    *first_seconds += me.pair.first_seconds;
}

static void add_seconds(const chain_run *run, int conv, double seconds)
{
#pragma omp atomic
    run->seconds[conv] += seconds;
}

/* All stages, as thread `thread` of `team`. */
static void run_thread(const chain_run *run, int thread, int team)
{
    const nonet_chain *chain = run->chain;
    double last = run->seconds ? omp_get_wtime() : 0;
    for (int s = 0, over = 0; s < chain->stages; s++) {
        double first = 0;
        for (; over <= chain->stage[s].after; over++)
            wait_for_stage(run, over);
        run_stage(run, s, thread, &first);
        if (!run->seconds)
            continue;
        double now = omp_get_wtime();
        int conv = conv_of(chain, &chain->stage[s]);
        add_seconds(run, conv, (now - last - first) / team);
        if (first > 0)
            add_seconds(run, 0, first / team);
        last = now;
    }
}

static void run_threads(const chain_run *run)
{
    int threads = run->chain->threads;
    double start = run->seconds ? omp_get_wtime() : 0, sum = 0;
#pragma omp parallel num_threads(threads) if (threads > 1)
    run_thread(run, omp_get_thread_num(), omp_get_num_threads());
    int last = conv_of(run->chain, &run->chain->stage[run->chain->stages - 1]);
    for (int i = 0; run->seconds && i <= last; i++)
        sum += run->seconds[i];
    if (run->seconds)           /* the last wait is the last layer's */
        run->seconds[last] += omp_get_wtime() - start - sum;
}

static void prepare(const chain_run *run)
{
    const nonet_chain *chain = run->chain;
    for (int s = 0; s < chain->stages; s++) {
        nonet_share_out(run->shares + (size_t)s * (size_t)chain->threads, chain->threads, chain->stage[s].items);
        atomic_store_explicit(&run->counters[s].left, chain->stage[s].items, memory_order_relaxed);
    }
    for (size_t i = 0; i < chain->marks; i++)
        atomic_store_explicit(&run->marks[i], 0, memory_order_relaxed);
    for (int i = 0; run->seconds && i < chain->links + nonet_chain_is_paired(chain); i++)
        run->seconds[i] = 0;
}

static nonet_status check(const nonet_chain *chain, const nonet_weights *const *weights, float *const *maps)
{
    int paired = nonet_chain_is_paired(chain);
    for (int i = 0; i < chain->links + paired; i++) {
        const nonet_plan *plan = i < paired ? chain->pair.first : chain->link[i - paired].plan;
        if (!weights[i] || (!maps[i] && i >= paired))
            return NONET_BAD_ARGUMENT;
        if (!nonet_packing_equal(&plan->packing, &weights[i]->packing))
            return NONET_MISMATCH;
    }
    return NONET_OK;
}

/* run: chain, weights, src, maps and who measures; the rest stands in the workspace. */
static void execute(chain_run run, void *workspace)
{
    char *notes = workspace;
    run.shares = workspace;
    run.counters = (chain_counter *)(void *)(run.shares + nonet_chain_shares(run.chain));
    run.marks = (chain_mark *)(run.counters + run.chain->stages);
    run.work = (float *)(void *)(notes + nonet_chain_sync_bytes(run.chain));
    prepare(&run);
    run_threads(&run);
}

nonet_status nonet_chain_execute(const nonet_chain *chain, const nonet_weights *const *weights, const float *src,
                                 float *const *maps, void *workspace, double *seconds)
{
    if (!chain || !weights || !src || !maps || !workspace || (uintptr_t)workspace % NONET_ALIGNMENT != 0)
        return NONET_BAD_ARGUMENT;
    nonet_status status = check(chain, weights, maps);
    if (status == NONET_OK)
        execute((chain_run){ .chain = chain, .weights = weights, .src = src, .maps = maps, .seconds = seconds }, workspace);
    return status;
}

void nonet_wino_execute(const nonet_plan *plan, const nonet_weights *weights, const float *src, float *dst, float *work,
                        nonet_wino_laps *laps)
{
    execute((chain_run){ .chain = plan->chain, .weights = &weights, .src = src, .maps = &dst, .laps = laps }, work);
}
