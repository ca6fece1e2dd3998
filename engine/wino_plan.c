/* wino_plan.c - plans F(2x2,3x3), F(4x4,3x3) and F(6x6,3x3): input transform, multiply and output transform run for a block of
 * tiles whose V and M stay in or near L2 while U streams through once a block (chain_run.c). The threads split the blocks; in late
 * layers, where U is large and tiles are too few for a full block each, they split the output channels, so that each weight leaves
 * memory once.
 *
 *   V [point][C/64][tile][64]    U [k/NR][point][C][NR]    M [point][tile][NR]
 *
 * Expanded weights stand as they came, 3x3, and become U for 64 channels and NR outputs at a time, in a cache: a quarter of the
 * bytes for F(4x4), and for every point of every tile one more pass over M. */
#include "arch/cpu.h"
#include "engine/wino_tiles.h"

enum {
    BLOCK_BYTES = 1990 << 10,   /* V and M of a block: the workspace of a thread stays below 2 MiB, and conv4_1's 49 tiles fit */
    CHOSEN_BYTES = 64 << 20,    /* the same, where a choice names the block */
    BLOCK_TILES = 28,           /* of a block of 64 channels: from here on more tiles save nothing, and V wants to stay in L2 */
    WIDE_NR = 32,               /* outputs of a call: so wide, V is read seldom enough to come from L3, where that spares U's way */
    STREAM_BYTES = 3 << 20,     /* of output: more has left L2 before the next layer reads it, and was in no cache before */
    LATE_U = 12 << 20,          /* bytes of U that come from memory: the block is as large as it may be, so U is read less */
    SHARE_V = 2                 /* more threads than this have one V where they split the channels; so many each transform it all,
                                 * which is less than to get half of it out of another core's cache for every call */
};

static size_t u_floats(const nonet_plan *plan)
{
    return (size_t)plan->wino.points * (size_t)plan->cb * NONET_L * (size_t)plan->kb * NONET_L;
}

/* Sums of 64 channels in V. */
static int sums_of(const nonet_plan *plan)
{
    return nonet_ceil_div(plan->cb * NONET_L, NONET_SUM);
}

/* V and M of a tile, in bytes. */
static size_t tile_bytes(const nonet_plan *plan)
{
    return (size_t)plan->wino.points * (size_t)(sums_of(plan) * NONET_SUM + plan->nr) * sizeof(float);
}

/* More tiles of a block than these, whole groups of MR, save nothing in early layers. */
static int early_tiles(const nonet_plan *plan)
{
    int mr = plan->multiply->mr, whole = nonet_ceil_div(BLOCK_TILES, mr) * mr;
    return plan->nr >= WIDE_NR ? whole * sums_of(plan) : whole;
}

/* Tiles whose V and M fit beside a U that is made in the workspace; whole groups of MR but where U is to be read less: in late
 * layers and with wide calls. */
static int tiles_that_fit(const nonet_plan *plan, int late)
{
    const nonet_wino_plan *w = &plan->wino;
    int fit = (int)((BLOCK_BYTES - (size_t)w->points * w->u_xi * sizeof(float)) / tile_bytes(plan)), mr = plan->multiply->mr;
    if (!late && fit > early_tiles(plan))
        fit = early_tiles(plan);
    return fit < 1 ? 1 : fit < mr || late || plan->nr >= WIDE_NR ? fit : fit / mr * mr;
}

static void set_block(nonet_wino_plan *w, int tiles)
{
    w->block = tiles;
    w->blocks = nonet_ceil_div(w->tiles, tiles);
}

/* The tiles of a block, of which there are as many for each thread, or too few for the threads, who then split the channels. */
static void plan_blocks(nonet_plan *plan, int late)
{
    nonet_wino_plan *w = &plan->wino;
    int fit = tiles_that_fit(plan, late), blocks = nonet_ceil_div(w->tiles, fit), mr = plan->multiply->mr;
    int can_split = plan->kq >= plan->threads;
    w->by_channels = late && can_split && blocks < plan->threads;
    if (!w->by_channels)
        blocks = nonet_ceil_div(blocks, plan->threads) * plan->threads;
    set_block(w, nonet_ceil_div(w->tiles, blocks));
    int whole = nonet_ceil_div(w->block, mr) * mr;      /* groups of MR, where as many blocks are left for each thread */
    if (!late && whole <= fit && nonet_ceil_div(w->tiles, whole) % plan->threads == 0)
        set_block(w, whole);
    w->by_channels |= can_split && w->blocks < plan->threads;
}

/* What a choice names takes the place of the model's, as far as memory goes. */
static void heed_choice(nonet_plan *plan)
{
    nonet_wino_plan *w = &plan->wino;
    nonet_split split = plan->choice.split;
    int block = plan->choice.block, most = (int)(CHOSEN_BYTES / tile_bytes(plan));
    if (split)
        w->by_channels = split != NONET_SPLIT_TILES;
    w->shares_v = w->by_channels && (split ? split == NONET_SPLIT_SHARED : plan->threads > SHARE_V);
    if (!block)
        return;
    block = block > most ? most : block;
    set_block(w, block < 1 ? 1 : block < w->tiles ? block : w->tiles);
}

/* A line more between points, so that they do not share cache sets. */
static void plan_strides(nonet_plan *plan)
{
    nonet_wino_plan *w = &plan->wino;
    w->v_cblock = (size_t)w->block * NONET_SUM;
    w->v_xi = (size_t)sums_of(plan) * w->v_cblock + NONET_L;
    w->m_xi = (size_t)w->block * (size_t)plan->nr + NONET_L;
}

/* V, M, U and the tiles, of the threads together and of each. */
static void plan_workspace(nonet_plan *plan)
{
    const nonet_wino_plan *w = &plan->wino;
    size_t u = (size_t)w->points * w->u_xi, v = (size_t)w->points * w->v_xi, m = (size_t)w->points * w->m_xi;
    size_t tiles = nonet_line_floats((size_t)w->block * sizeof(nonet_tile) / sizeof(float));
    plan->shared_floats = w->shares_v ? v : 0;
    plan->thread_floats = (w->shares_v ? 0 : v) + m + u + tiles;
}

/* The last row or column of tiles that covers n outputs of the convolution, if it is short. A pool changes nothing: a result has
 * the same bits with it and without. */
static int short_line(const nonet_plan *plan, int n)
{
    return nonet_ends_short(n, plan->wino.m) ? n / plan->wino.m : -1;
}

static int streams_out(const nonet_plan *plan)
{
    size_t pixels = (size_t)plan->p.n * (size_t)plan->kb * (size_t)plan->dh * (size_t)plan->dw;
    return plan->isa == NONET_ISA_AVX512 && nonet_cpu_writes_past_caches() && !plan->p.pool &&
           plan->p.dst_layout == NONET_NCHW16C && pixels * NONET_L * sizeof(float) > STREAM_BYTES;
}

void nonet_wino_plan_fill(nonet_plan *plan)
{
    nonet_wino_plan *w = &plan->wino;
    w->m = nonet_algo_tile(plan->algo);
    w->a = w->m + 2;
    w->short_y = short_line(plan, plan->oh);
    w->short_x = short_line(plan, plan->ow);
    w->points = w->a * w->a;
    w->ty = nonet_ceil_div(plan->p.pool ? plan->dh * 2 : plan->oh, w->m);
    w->tx = nonet_ceil_div(plan->p.pool ? plan->dw * 2 : plan->ow, w->m);
    w->tiles = plan->p.n * w->ty * w->tx;
    w->u_xi = plan->packing.expanded ? (size_t)(NONET_SUM * plan->nr) + NONET_L : 0;
    plan_blocks(plan, u_floats(plan) * sizeof(float) > LATE_U);
    heed_choice(plan);
    plan_strides(plan);
    plan_workspace(plan);
    w->streams_out = streams_out(plan);
    plan->weight_floats = plan->packing.expanded ? u_floats(plan) / (size_t)w->points * NONET_TAPS : u_floats(plan);
}
