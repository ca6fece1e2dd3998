/* results.c - see results.h. */
#include "cli/eval/results.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>
#include "cli/cli.h"
#include "vgg/file.h"

static const size_t largest_file = (size_t)1 << 34;

struct eval_results {
    int fd;
    char *path;
};

/* ---- the first line ---- */

static size_t write_header(const eval_header *h, char *line)
{
    char model[1400], protocol[1400], data[1400];
    return (size_t)snprintf(line, EVAL_HEADER,
                            "{\"nonet_eval\":1,\"model_sum\":\"%016" PRIx64 "\",\"list_sum\":\"%016" PRIx64 "\",\"classes\":%d,"
                            "\"pictures\":%" PRId64 ",\"shard\":%d,\"shards\":%d,\"protocol\":%s,\"model\":%s,\"data\":%s}\n",
                            h->model_sum, h->list_sum, h->classes, h->pictures, h->shard, h->shards,
                            eval_quote(protocol, sizeof protocol, h->protocol), eval_quote(model, sizeof model, h->model),
                            eval_quote(data, sizeof data, h->data));
}

/* Texts come back as they stand between their quotes, so only texts that went through eval_quote are comparable. */
static const char *take_text(const char *at, const char *key, char to[1024])
{
    size_t length = strlen(key), n = 0;
    if (strncmp(at, key, length) || at[length] != '"')
        return "";
    for (at += length + 1; *at && *at != '"'; at++) {
        if (*at == '\\' && at[1] && n < 1023)
            to[n++] = *at++;
        if (n < 1023)
            to[n++] = *at;
    }
    to[n] = 0;
    return *at ? at + 1 : "";
}

static int read_header(eval_header *h, const char *line)
{
    int used = 0;
    *h = (eval_header){0};
    if (sscanf(line, "{\"nonet_eval\":1,\"model_sum\":\"%16" SCNx64 "\",\"list_sum\":\"%16" SCNx64 "\",\"classes\":%9d,"
               "\"pictures\":%18" SCNd64 ",\"shard\":%9d,\"shards\":%9d%n", &h->model_sum, &h->list_sum, &h->classes,
               &h->pictures, &h->shard, &h->shards, &used) != 6)
        return 0;
    const char *at = take_text(line + used, ",\"protocol\":", h->protocol);
    at = take_text(at, ",\"model\":", h->model);
    at = take_text(at, ",\"data\":", h->data);
    return strcmp(at, "}") == 0 && h->classes > 0 && h->pictures >= 0 && h->shard > 0 && h->shard <= h->shards;
}

const char *eval_header_differs(const eval_header *a, const eval_header *b, int with_shard)
{
    if (a->model_sum != b->model_sum || a->classes != b->classes)
        return "model";
    if (strcmp(a->protocol, b->protocol))
        return "protocol";
    if (a->list_sum != b->list_sum)
        return "list of pictures";
    if (a->pictures != b->pictures)
        return "limit";
    return with_shard && (a->shard != b->shard || a->shards != b->shards) ? "shard" : NULL;
}

/* ---- reading ---- */

static int read_rows(const char *path, char *at, eval_row_seen seen, void *context)
{
    long number = 2;
    for (char *end; (end = strchr(at, '\n')); at = end + 1, number++) {
        eval_row row;
        const char *quoted;
        size_t length;
        *end = 0;
        if (!eval_row_read(&row, at, &quoted, &length))
            return cli_fail(EXIT_DATA, "%s: line %ld is not a result of one picture", path, number);
        int fault = seen(context, &row, quoted, length);
        if (fault < 0)
            return cli_fail(EXIT_DATA, "%s: line %ld: picture %lld %s", path, number, (long long)row.index,
                            fault == -1 ? "is there twice" : fault == -2 ? "is not of this list, or of another shard"
                            : "has another name or label in the list");
        if (fault)
            return fault;
    }
    return 0;
}

/* Whether a file without a whole line can be a header that was torn: anything else must not be cut off. */
static int is_torn_header(const char *text, size_t size)
{
    const char start[] = "{\"nonet_eval\":1";
    return strncmp(text, start, size < sizeof start - 1 ? size : sizeof start - 1) == 0;
}

/* Length of all whole lines. */
static size_t whole_lines(const char *text, size_t size)
{
    while (size > 0 && text[size - 1] != '\n')
        size--;
    return size;
}

/* Reads header and rows; want: NULL, or what the header must be. *length: bytes of whole lines, 0 when there is no header yet. */
static int read_file(const char *path, eval_header *header, const eval_header *want, eval_row_seen seen, void *context,
                     size_t *length)
{
    uint8_t *bytes = NULL;
    size_t size;
    nonet_vgg_error err;
    nonet_vgg_status status = vgg_file_read(path, largest_file, &bytes, &size, &err);
    if (status != NONET_VGG_OK)
        return cli_fail(cli_exit_of(status), "%s", err.text);
    char *text = (char *)bytes;
    *length = whole_lines(text, size);
    int fault = 0;
    if (*length == 0 && !is_torn_header(text, size))
        fault = cli_fail(EXIT_DATA, "%s: is not a results file of `nonet eval`", path);
    text[*length] = 0;
    char *end = strchr(text, '\n');
    if (*length) {
        const char *differs = NULL;
        *end = 0;
        if (!read_header(header, text) || memchr(end + 1, 0, *length - (size_t)(end + 1 - text)))
            fault = cli_fail(EXIT_DATA, "%s: is not a results file of `nonet eval`", path);
        else if (want && (differs = eval_header_differs(header, want, 1)))
            fault = cli_fail(EXIT_DATA, "%s: holds results for another %s; give another file to --results", path, differs);
        else
            fault = read_rows(path, end + 1, seen, context);
    }
    free(bytes);
    return fault;
}

int eval_results_read(const char *path, eval_header *header, eval_row_seen seen, void *context)
{
    size_t length = 0;
    int fault = read_file(path, header, NULL, seen, context, &length);
    return fault || length ? fault : cli_fail(EXIT_DATA, "%s: holds no results", path);
}

/* ---- writing ---- */

static int put(const eval_results *r, const char *line, size_t size)
{
    while (size > 0) {
        ssize_t wrote = write(r->fd, line, size);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return cli_fail(EXIT_DATA, "%s: cannot write: %s", r->path, strerror(errno));
        line += wrote;
        size -= (size_t)wrote;
    }
    return 0;
}

/* What the header becomes by being written and read: the texts cut and escaped. */
static int as_written(eval_header *to, const eval_header *from, char *line)
{
    size_t size = write_header(from, line);
    line[size - 1] = 0;
    int good = read_header(to, line);
    line[size - 1] = '\n';
    return good;
}

static int go_on(eval_results *r, const eval_header *header, int resume, eval_row_seen seen, void *context)
{
    char line[EVAL_HEADER];
    eval_header want, found;
    size_t length = 0;
    off_t size = lseek(r->fd, 0, SEEK_END);
    if (!as_written(&want, header, line))
        return cli_fail(EXIT_DATA, "%s: the names of the model and the pictures cannot be recorded", r->path);
    if (size > 0 && !resume)
        return cli_fail(EXIT_DATA, "%s: is there already; --resume goes on with it", r->path);
    if (size > 0) {
        int fault = read_file(r->path, &found, &want, seen, context, &length);
        if (fault)
            return fault;
        if (ftruncate(r->fd, (off_t)length))
            return cli_fail(EXIT_DATA, "%s: cannot drop the torn line at the end: %s", r->path, strerror(errno));
    }
    return length ? 0 : put(r, line, strlen(line));
}

int eval_results_open(eval_results **results, const char *path, const eval_header *header, int resume, eval_row_seen seen,
                      void *context)
{
    eval_results *r = calloc(1, sizeof *r);
    int fault;
    *results = NULL;
    if (!r || !(r->path = strdup(path))) {
        free(r);
        return cli_fail(EXIT_DATA, "no memory for the results");
    }
    r->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (r->fd < 0)
        fault = cli_fail(EXIT_DATA, "%s: cannot write: %s", path, strerror(errno));
    else if (flock(r->fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
        fault = cli_fail(EXIT_DATA, "%s: another process is writing it", path);
    else
        fault = go_on(r, header, resume, seen, context);
    if (fault) {
        if (r->fd >= 0)
            close(r->fd);
        free(r->path);
        free(r);
        return fault;
    }
    *results = r;
    return 0;
}

int eval_results_append(eval_results *r, const eval_row *row, const char *name)
{
    char line[EVAL_LINE], *quoted = malloc(6 * strlen(name) + 3);
    if (!quoted)
        return cli_fail(EXIT_DATA, "no memory for the results");
    size_t size = eval_row_write(row, eval_quote(quoted, 6 * strlen(name) + 3, name), line);
    free(quoted);
    return put(r, line, size);
}

int eval_results_close(eval_results *r)
{
    int fault = 0;
    if (!r)
        return 0;
    if (fdatasync(r->fd) && errno != EINVAL && errno != EROFS)
        fault = cli_fail(EXIT_DATA, "%s: cannot write: %s", r->path, strerror(errno));
    if (close(r->fd) && !fault)
        fault = cli_fail(EXIT_DATA, "%s: cannot write: %s", r->path, strerror(errno));
    free(r->path);
    free(r);
    return fault;
}
