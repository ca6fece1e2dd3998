/* wino_multiply.c - the multiply calls of a block: point by point, while they fetch what comes after them. */
#include "engine/wino_task.h"

/* Tiles first .. last as a region of a map: `step` pixels from tile to tile, `side` in a tile, `shift` before a tile's origin. */
static nonet_stream tiles_stream(const nonet_wino_task *t, const nonet_view *v, const float *tensor, int first, int last, int cb,
                                 int cblocks, int half, int side, int shift)
{
    const nonet_wino_plan *w = &t->plan->wino;
    nonet_tile from = nonet_tile_at(w, first), to = nonet_tile_at(w, last);
    int one_row = from.n == to.n && from.y == to.y, y1 = from.n == to.n ? to.y / half - shift + side : v->h;
    return nonet_stream_of(v, tensor, from.n, cb, cblocks, from.y / half - shift, y1, one_row ? from.x / half - shift : 0,
                           one_row ? to.x / half - shift + side : v->w);
}

static nonet_stream next_input(const nonet_wino_task *t)
{
    const nonet_wino_plan *w = &t->plan->wino;
    int first = t->block.first + t->block.tiles, last = first + w->block < w->tiles ? first + w->block - 1 : w->tiles - 1;
    if (first >= w->tiles)
        return (nonet_stream){ .lines = 0 };
    return tiles_stream(t, &t->in, t->src, first, last, 0, t->plan->cb, 1, w->a, t->plan->p.pad);
}

/* Where the results of multiply call q of this block go. */
static nonet_stream call_output(const nonet_wino_task *t, int q)
{
    const nonet_plan *plan = t->plan;
    int half = plan->p.pool ? 2 : 1;
    return tiles_stream(t, &t->out, t->dst, t->block.first, t->block.first + t->block.tiles - 1, q * (plan->nr / NONET_L),
                        nonet_kblocks(plan, q), half, plan->wino.m / half, 0);
}

/* Calls of the kernel for NR output channels of this block. */
static long calls_of(const nonet_wino_task *t)
{
    const nonet_plan *plan = t->plan;
    return nonet_tile_calls(&t->block) * (plan->packing.expanded ? nonet_ceil_div(plan->cb * NONET_L, NONET_SUM) : 1);
}

/* What runs beside the calls of one q: the next block's input and the lines to be written are fetched, each by some of the calls,
 * in proportion to the lines that are left of them: of_next of `all` calls in turn fetch of the next input. */
typedef struct call_streams {
    nonet_stream *next;         /* goes on over all q */
    nonet_stream output;
    long of_next, all, turn;
} call_streams;

static call_streams streams_of(const nonet_wino_task *t, int q, nonet_stream *next)
{
    call_streams s = { .next = next, .output = call_output(t, q), .of_next = next->lines };
    s.all = s.of_next + s.output.lines * (t->plan->kq - q) + 1;
    nonet_stream_start(&s.output, calls_of(t) * (s.all - s.of_next) / s.all);
    return s;
}

nonet_stream nonet_wino_next_input(const nonet_wino_task *t)
{
    nonet_stream next = next_input(t);
    call_streams s = streams_of(t, 0, &next);
    nonet_stream_start(&next, t->plan->kq * calls_of(t) * s.of_next / s.all);
    return next;
}

static void share_streams(call_streams *s, nonet_wino_gemm_args *a)
{
    s->turn += s->of_next;
    if (s->turn >= s->all) {
        s->turn -= s->all;
        nonet_stream_next(s->next, a);
    } else {
        nonet_stream_next(&s->output, a);
    }
}

/* One point of tiles `with`, channels from c on. `ahead` is fetched, a share with each call. Returns what is to be fetched next. */
static const float *multiply_point(const nonet_wino_task *t, const nonet_tile_groups *with, int xi, int c, nonet_wino_gemm_args *a,
                                   const float *ahead, call_streams *s)
{
    const nonet_wino_plan *w = &t->plan->wino;
    const size_t width = (size_t)(a->kblocks * NONET_L), share = (size_t)a->channels * a->fetch_step[0];
    a->m = t->m + (size_t)xi * w->m_xi + (size_t)with->first * width;
    a->v = t->v + (size_t)xi * w->v_xi + (size_t)(c / NONET_SUM) * w->v_cblock + (size_t)with->first * NONET_SUM;
    for (int g = 0; g < with->groups; g++, ahead += share) {
        a->tiles = with->tiles + (g >= with->groups - with->more);
        a->fetch[0] = ahead;
        share_streams(s, a);
        t->plan->multiply->fn.wino_gemm(a);
        a->m += (size_t)a->tiles * width;
        a->v += (size_t)a->tiles * NONET_SUM;
    }
    return ahead;
}

/* Each point fetches the next one's U, which follows its own; the last of all fetches the first, for the next block. */
static void multiply_packed(const nonet_wino_task *t, int q, nonet_wino_gemm_args *a, call_streams *s)
{
    const nonet_plan *plan = t->plan;
    int width = a->kblocks * NONET_L, side = plan->wino.a, step[4];
    size_t channels = (size_t)plan->cb * NONET_L, chunk = channels * (size_t)width;
    const float *u = t->weights->data + (size_t)q * (size_t)plan->wino.points * channels * (size_t)plan->nr;
    a->channels = plan->cb * NONET_L;
    for (int kind = 0; kind < 4; kind++)
        step[kind] = t->block.with[kind].groups ? nonet_ceil_div(width, t->block.with[kind].groups) : 0;
    for (int xi = 0, i = 0; i < side; i++)
        for (int j = 0; j < side; j++, xi++, u += chunk) {
            int kind = nonet_point_kind(i, j), last = q == plan->kq - 1 && xi == plan->wino.points - 1;
            a->u = u;
            a->fetch_step[0] = (size_t)step[kind];
            multiply_point(t, &t->block.with[kind], xi, 0, a, last ? t->weights->data : u + chunk, s);
        }
}

/* `columns` filters of 16 output channels each, g to u; the weights of the next ones are on their way to L1 meanwhile. */
static void expand(const nonet_plan *plan, const float *g, int columns, float *u)
{
    enum { COLUMN = NONET_TAPS * NONET_L, SOON = 2 * COLUMN };
    for (int i = 0; i < columns; i++, g += COLUMN, u += NONET_L) {
        for (int line = 0; line < COLUMN; line += NONET_L)
            __builtin_prefetch(g + SOON + line);
        plan->filter->fn.wino_filter(g, u, plan->wino.u_xi);
    }
}

/* The channels of one sum after another: their U, then all points. Each call fetches its share of the next channels' weights. */
static void multiply_expanded(const nonet_wino_task *t, int q, nonet_wino_gemm_args *a, call_streams *s)
{
    const nonet_plan *plan = t->plan;
    int channels = plan->cb * NONET_L, shares = (int)nonet_tile_calls(&t->block), side = plan->wino.a;
    const float *g = t->weights->data + (size_t)q * (size_t)channels * NONET_TAPS * (size_t)plan->nr;
    for (int c = 0; c < channels; c += NONET_SUM) {
        a->channels = channels - c < NONET_SUM ? channels - c : NONET_SUM;
        int columns = a->channels * a->kblocks;
        expand(plan, g, columns, t->u);
        g += (size_t)columns * NONET_TAPS * NONET_L;
        a->fetch_step[0] = (size_t)nonet_ceil_div(columns * NONET_TAPS, shares * a->channels) * NONET_L;
        a->add = c > 0;
        const float *ahead = g;
        for (int xi = 0; xi < plan->wino.points; xi++) {
            a->u = t->u + (size_t)xi * plan->wino.u_xi;
            ahead = multiply_point(t, &t->block.with[nonet_point_kind(xi / side, xi % side)], xi, c, a, ahead, s);
        }
    }
}

void nonet_wino_multiply(const nonet_wino_task *t, int q, nonet_stream *next)
{
    const nonet_plan *plan = t->plan;
    const nonet_wino_plan *w = &plan->wino;
    call_streams s = streams_of(t, q, next);
    nonet_wino_gemm_args a = { .v_cblock = w->v_cblock, .kblocks = nonet_kblocks(plan, q), .v_next = w->v_xi,
                               .fetch = { t->m, t->m } };   /* an address that is mapped: others cost a search in the page tables */
    if (plan->packing.expanded)
        multiply_expanded(t, q, &a, &s);
    else
        multiply_packed(t, q, &a, &s);
}
