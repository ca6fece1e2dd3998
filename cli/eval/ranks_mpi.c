/* ranks_mpi.c - see ranks.h. Once started, all of MPI is called by one thread of a rank (MPI_THREAD_SERIALIZED), so that signs of
 * life go out while the others compute. That thread never blocks in MPI: it polls, every 2 ms. */
#include "cli/eval/ranks.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "bench/timer.h"
#include "cli/cli.h"

enum { TAG_BEAT = 1, TAG_ASK, TAG_WORK, TAG_ROWS, TAG_BYE, TAG_END };
enum { CHUNK = 256 };           /* pictures that are asked for at once, at most */
static const double beat_every = 0.5;

typedef struct rank_name { char host[64]; long process; } rank_name;
typedef struct asking { uint64_t sums[2]; int64_t room; } asking;

typedef struct chunk {
    int64_t indices[CHUNK];
    int count;
} chunk;

static struct {
    int rank, count;
    rank_name *names;
    double *heard;              /* when each rank was last heard of */
    int *left;                  /* which said goodbye */
    pthread_t thread;
    pthread_mutex_t lock;       /* of what follows */
    pthread_cond_t changed;
    uint64_t sums[2];
    const eval_work *work;      /* rank 0: once it serves */
    int room;                   /* others: pictures wanted now, 0 none */
    int asked;                  /* and a question is on its way */
    int answered;
    chunk got;
    const eval_row *rows;       /* to be brought, or NULL */
    int row_count;
    int leaving, ended;
} us = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* Ends all ranks; what is in the results file stays. */
static void end_all(int status)
{
    MPI_Abort(MPI_COMM_WORLD, status);
    _exit(status);
}

static void check(int code, const char *what, int rank)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length;
    if (code == MPI_SUCCESS)
        return;
    MPI_Error_string(code, text, &length);
    end_all(cli_fail(EXIT_DATA, "rank %d (%s, process %ld): cannot %s: %s", rank, us.names[rank].host, us.names[rank].process,
                     what, text));
}

static void is_silent(int rank)
{
    end_all(cli_fail(EXIT_DATA, "rank %d (%s, process %ld) has died or hangs: nothing heard of it for %d s; what was judged is "
                     "in the results file; --resume goes on", rank, us.names[rank].host, us.names[rank].process, EVAL_SILENCE));
}

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

/* Sends without ever waiting longer than the silence that is allowed. */
static void send(const void *bytes, size_t size, int to, int tag)
{
    MPI_Request request;
    int done = 0;
    double start = bench_now();
    check(MPI_Isend(bytes, (int)size, MPI_BYTE, to, tag, MPI_COMM_WORLD, &request), "send to it", to);
    for (;;) {
        check(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "send to it", to);
        if (done)
            return;
        if (bench_now() - start > EVAL_SILENCE)
            is_silent(to);
        nap();
    }
}

/* Signs of life to rank 0, or from it to all who have not left; and who was silent too long. */
static void beat(double *last)
{
    double now = bench_now();
    int from = us.rank ? 0 : 1, to = us.rank ? 1 : us.count;
    if (now - *last < beat_every)
        return;
    /* This process itself was stopped for a while: the others are not to blame. */
    if (now - *last > EVAL_SILENCE / 2.0)
        for (int i = from; i < to; i++)
            us.heard[i] = now;
    *last = now;
    for (int i = from; i < to; i++) {
        if (us.left[i])
            continue;
        if (now - us.heard[i] > EVAL_SILENCE)
            is_silent(i);
        send(NULL, 0, i, TAG_BEAT);
    }
}

/* The next message into memory that the caller frees; 0 if none has come. */
static int receive(MPI_Status *status, void **bytes, int *size)
{
    int there = 0;
    check(MPI_Iprobe(MPI_ANY_SOURCE, MPI_ANY_TAG, MPI_COMM_WORLD, &there, status), "hear the others", us.rank);
    if (!there)
        return 0;
    MPI_Get_count(status, MPI_BYTE, size);
    *bytes = malloc((size_t)*size + 1);
    if (!*bytes)
        end_all(cli_fail(EXIT_DATA, "no memory for messages between the ranks"));
    check(MPI_Recv(*bytes, *size, MPI_BYTE, status->MPI_SOURCE, status->MPI_TAG, MPI_COMM_WORLD, status), "hear it",
          status->MPI_SOURCE);
    us.heard[status->MPI_SOURCE] = bench_now();
    return 1;
}

/* ---- rank 0 ---- */

static void answer(int rank, const asking *ask, const eval_work *work)
{
    int64_t indices[CHUNK];
    int count = 0, room = ask->room < CHUNK ? (int)ask->room : CHUNK;
    if (memcmp(ask->sums, us.sums, sizeof us.sums))
        end_all(cli_fail(EXIT_DATA, "rank %d (%s) has another %s than rank 0", rank, us.names[rank].host,
                         ask->sums[0] != us.sums[0] ? "model" : "list of pictures"));
    int fault = work->more(work->context, indices, room, &count);
    if (fault)
        end_all(fault);
    send(indices, (size_t)count * sizeof *indices, rank, TAG_WORK);
}

static void take_rows(const eval_work *work, const eval_row *rows, int size)
{
    int fault = work->rows(work->context, rows, size / (int)sizeof *rows);
    if (fault)
        end_all(fault);
}

static int all_left(void)
{
    int left = 1;
    for (int i = 1; i < us.count; i++)
        left = left && us.left[i];
    return left;
}

static int serve_one(const eval_work *work)
{
    MPI_Status status;
    void *bytes;
    int size;
    if (!receive(&status, &bytes, &size))
        return 0;
    if (status.MPI_TAG == TAG_ASK && size == sizeof(asking))
        answer(status.MPI_SOURCE, bytes, work);
    else if (status.MPI_TAG == TAG_ROWS)
        take_rows(work, bytes, size);
    else if (status.MPI_TAG == TAG_BYE)
        us.left[status.MPI_SOURCE] = 1;
    free(bytes);
    return 1;
}

/* Nobody is answered before the results file is open and read: until then questions wait, and only beats go out. */
static void *serve(void *unused)
{
    double last = 0;
    (void)unused;
    for (int over = 0; !over;) {
        pthread_mutex_lock(&us.lock);
        const eval_work *work = us.work;
        over = us.leaving && all_left();
        pthread_mutex_unlock(&us.lock);
        beat(&last);
        if (!work)
            for (int i = 1; i < us.count; i++)
                us.heard[i] = bench_now();
        if (!work || !serve_one(work))
            nap();
    }
    for (int i = 1; i < us.count; i++)
        send(NULL, 0, i, TAG_END);
    return NULL;
}

/* ---- the others ---- */

static void hear_boss(void)
{
    MPI_Status status;
    void *bytes;
    int size;
    while (receive(&status, &bytes, &size)) {
        pthread_mutex_lock(&us.lock);
        if (status.MPI_TAG == TAG_WORK && size <= (int)sizeof us.got.indices) {
            memcpy(us.got.indices, bytes, (size_t)size);
            us.got.count = size / (int)sizeof us.got.indices[0];
            us.answered = 1;
        }
        us.ended |= status.MPI_TAG == TAG_END;
        pthread_cond_broadcast(&us.changed);
        pthread_mutex_unlock(&us.lock);
        free(bytes);
    }
}

/* What the computing thread wants sent; it waits meanwhile, so its rows stay where they are. */
static void send_wishes(int *said_bye)
{
    pthread_mutex_lock(&us.lock);
    asking ask = {.sums = {us.sums[0], us.sums[1]}, .room = us.room};
    int asks = us.room > 0 && !us.asked, bye = us.leaving && !*said_bye;
    const eval_row *rows = us.rows;
    us.asked |= asks;
    pthread_mutex_unlock(&us.lock);
    if (rows) {
        send(rows, (size_t)us.row_count * sizeof *rows, 0, TAG_ROWS);
        pthread_mutex_lock(&us.lock);
        us.rows = NULL;
        pthread_cond_broadcast(&us.changed);
        pthread_mutex_unlock(&us.lock);
    }
    if (asks)
        send(&ask, sizeof ask, 0, TAG_ASK);
    if (bye) {
        send(NULL, 0, 0, TAG_BYE);
        *said_bye = 1;
    }
}

static void *follow(void *unused)
{
    double last = 0;
    int said_bye = 0;
    (void)unused;
    while (!us.ended) {
        beat(&last);
        send_wishes(&said_bye);
        hear_boss();
        nap();
    }
    return NULL;
}

static int more(void *context, int64_t *indices, int room, int *count)
{
    (void)context;
    pthread_mutex_lock(&us.lock);
    us.room = room < CHUNK ? room : CHUNK;
    us.asked = us.answered = 0;
    while (!us.answered)
        pthread_cond_wait(&us.changed, &us.lock);
    us.room = 0;
    *count = us.got.count;
    memcpy(indices, us.got.indices, (size_t)us.got.count * sizeof *indices);
    pthread_mutex_unlock(&us.lock);
    return 0;
}

static int bring(void *context, const eval_row *rows, int count)
{
    (void)context;
    pthread_mutex_lock(&us.lock);
    us.rows = rows;
    us.row_count = count;
    while (us.rows)
        pthread_cond_wait(&us.changed, &us.lock);
    pthread_mutex_unlock(&us.lock);
    return 0;
}

/* ---- beginning and end ---- */

static int share_names(void)
{
    rank_name mine = {.process = (long)getpid()};
    gethostname(mine.host, sizeof mine.host - 1);
    us.names = calloc((size_t)us.count, sizeof *us.names);
    us.heard = calloc((size_t)us.count, sizeof *us.heard);
    us.left = calloc((size_t)us.count, sizeof *us.left);
    if (!us.names || !us.heard || !us.left)
        return 0;
    for (int i = 0; i < us.count; i++)
        us.heard[i] = bench_now();
    return MPI_Allgather(&mine, (int)sizeof mine, MPI_BYTE, us.names, (int)sizeof mine, MPI_BYTE, MPI_COMM_WORLD) == MPI_SUCCESS;
}

int eval_ranks_start(int *rank, int *count)
{
    static char title[32];
    int provided;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided) != MPI_SUCCESS || provided < MPI_THREAD_SERIALIZED)
        return cli_fail(EXIT_DATA, "this MPI does not do threads");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &us.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &us.count);
    *rank = us.rank;
    *count = us.count;
    if (us.count > 1) {
        snprintf(title, sizeof title, "eval (rank %d)", us.rank);
        cli_command = title;
    }
    if (!share_names() || (us.count > 1 && pthread_create(&us.thread, NULL, us.rank ? follow : serve, NULL)))
        end_all(cli_fail(EXIT_DATA, "the ranks cannot reach one another, or there is no memory"));
    return 0;
}

int eval_ranks_serve(const eval_work *work, const uint64_t sums[2])
{
    pthread_mutex_lock(&us.lock);
    memcpy(us.sums, sums, sizeof us.sums);
    us.work = work;
    pthread_mutex_unlock(&us.lock);
    return 0;
}

eval_work eval_ranks_work(const uint64_t sums[2])
{
    memcpy(us.sums, sums, sizeof us.sums);
    return (eval_work){.more = more, .rows = bring};
}

void eval_ranks_end(int fault)
{
    if (fault && us.count > 1)
        end_all(fault);
    pthread_mutex_lock(&us.lock);
    us.leaving = 1;
    pthread_mutex_unlock(&us.lock);
    if (us.count > 1)
        pthread_join(us.thread, NULL);
    MPI_Finalize();
    free(us.names);
    free(us.heard);
    free(us.left);
}
