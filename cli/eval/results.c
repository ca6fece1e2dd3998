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
    int fd, csv, located;
    char *path;
};

/* ---- the first line ---- */

static size_t write_json_header(const eval_header *h, char *line)
{
    char model[1400], protocol[1400], data[1400];
    return (size_t)snprintf(line, EVAL_HEADER / 2 - 1024,
                            "{\"nonet_eval\":1,\"model_sum\":\"%016" PRIx64 "\",\"list_sum\":\"%016" PRIx64 "\",\"classes\":%d,"
                            "\"pictures\":%" PRId64 ",\"shard\":%d,\"shards\":%d,\"protocol\":%s,\"model\":%s,\"data\":%s}",
                            h->model_sum, h->list_sum, h->classes, h->pictures, h->shard, h->shards,
                            eval_quote(protocol, sizeof protocol, h->protocol), eval_quote(model, sizeof model, h->model),
                            eval_quote(data, sizeof data, h->data));
}

static size_t write_header(const eval_header *h, char line[EVAL_HEADER])
{
    char json[EVAL_HEADER / 2 - 1024];
    size_t size = write_json_header(h, json);
    if (h->csv)
        return eval_csv_names(h->located, json, line);
    memcpy(line, json, size);
    line[size] = '\n';
    return size + 1;
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

static int read_json_header(eval_header *h, const char *line)
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

/* A record without its end, which is changed. */
static int read_header(eval_header *h, char *record)
{
    char *json = record;
    int located = 0, csv = *record != '{';
    if ((csv && !eval_csv_read_names(record, &located, &json)) || !read_json_header(h, json))
        return 0;
    h->csv = csv;
    h->located = located;
    return 1;
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

/* The line feed that ends the record at `at`; NULL if it is torn. In CSV one within quotes is of a name. */
static char *record_end(char *at, const char *end, int csv)
{
    int inside = 0;
    for (; at < end && (*at != '\n' || inside); at++)
        inside ^= csv && *at == '"';
    return at < end ? at : NULL;
}

/* A row of either kind; *quoted (free it) is its picture's name. */
static int read_row(const eval_header *h, char *record, eval_row *row, char **quoted)
{
    const char *in_line;
    char *name;
    size_t length;
    *quoted = NULL;
    if (!h->csv)
        return eval_row_read(row, record, &in_line, &length) && (*quoted = strndup(in_line, length));
    if (!eval_csv_read(row, h->located, record, &name))
        return 0;
    size_t room = 6 * strlen(name) + 3;
    *quoted = malloc(room);
    return *quoted && eval_quote(*quoted, room, name);
}

static int fault_of_row(const char *path, long number, const eval_row *row, int fault)
{
    if (fault >= 0)
        return fault;
    return cli_fail(EXIT_DATA, "%s: line %ld: picture %lld %s", path, number, (long long)row->index,
                    fault == -1 ? "is there twice" : fault == -2 ? "is not of this list, or of another shard"
                    : "has another name or label in the list");
}

static int read_rows(const char *path, const eval_header *h, char *at, const char *end, eval_row_seen seen, void *context)
{
    int fault = 0;
    char *quoted;
    long number = 2;
    for (char *stop; fault == 0 && (stop = record_end(at, end, h->csv)); at = stop + 1, number++) {
        eval_row row;
        *stop = 0;
        if (strlen(at) != (size_t)(stop - at) || !read_row(h, at, &row, &quoted))
            return cli_fail(EXIT_DATA, "%s: line %ld is not a result of one picture", path, number);
        fault = fault_of_row(path, number, &row, seen(context, &row, quoted, strlen(quoted)));
        free(quoted);
    }
    return fault;
}

/* Whether a file without a whole record can be a header that was torn: anything else must not be cut off. */
static int is_torn_header(const char *text, size_t size)
{
    const char json[] = "{\"nonet_eval\":1", csv[] = "index,label,top1,";
    return strncmp(text, json, size < sizeof json - 1 ? size : sizeof json - 1) == 0 ||
           strncmp(text, csv, size < sizeof csv - 1 ? size : sizeof csv - 1) == 0;
}

/* Length of all whole records. */
static size_t whole_records(char *text, size_t size)
{
    char *at = text;
    for (char *stop; (stop = record_end(at, text + size, *text != '{'));)
        at = stop + 1;
    return (size_t)(at - text);
}

/* want: NULL, or what the header must be. */
static int read_records(const char *path, char *text, size_t length, eval_header *header, const eval_header *want,
                        eval_row_seen seen, void *context)
{
    char *end = record_end(text, text + length, *text != '{');
    *end = 0;
    if (strlen(text) != (size_t)(end - text) || !read_header(header, text))
        return cli_fail(EXIT_DATA, "%s: is not a results file of `nonet eval`", path);
    const char *differs = want ? eval_header_differs(header, want, 1) : NULL;
    if (differs)
        return cli_fail(EXIT_DATA, "%s: holds results for another %s; give another file to --results", path, differs);
    if (want && want->csv != header->csv)
        return cli_fail(EXIT_DATA, "%s: holds results as %s: give --results-format %s", path,
                        header->csv ? "CSV" : "lines of JSON", header->csv ? "csv" : "jsonl");
    return read_rows(path, header, end + 1, text + length, seen, context);
}

/* Reads header and rows. *length: bytes of whole records, 0 when there is no header yet. */
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
    *length = whole_records(text, size);
    int fault = 0;
    if (*length)
        fault = read_records(path, text, *length, header, want, seen, context);
    else if (!is_torn_header(text, size))
        fault = cli_fail(EXIT_DATA, "%s: is not a results file of `nonet eval`", path);
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
static int as_written(eval_header *to, const eval_header *from)
{
    char line[EVAL_HEADER];
    line[write_header(from, line) - 1] = 0;
    return read_header(to, line);
}

static int go_on(eval_results *r, const eval_header *header, int resume, eval_row_seen seen, void *context)
{
    char line[EVAL_HEADER];
    eval_header want, found;
    size_t length = 0;
    off_t size = lseek(r->fd, 0, SEEK_END);
    if (!as_written(&want, header))
        return cli_fail(EXIT_DATA, "%s: the names of the model and the pictures cannot be recorded", r->path);
    if (size > 0 && !resume)
        return cli_fail(EXIT_DATA, "%s: is there already; --resume goes on with it", r->path);
    if (size > 0) {
        int fault = read_file(r->path, &found, &want, seen, context, &length);
        if (fault)
            return fault;
        if (ftruncate(r->fd, (off_t)length))
            return cli_fail(EXIT_DATA, "%s: cannot drop the torn record at the end: %s", r->path, strerror(errno));
    }
    return length ? 0 : put(r, line, write_header(header, line));
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
    r->csv = header->csv;
    r->located = header->located;
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
    char line[EVAL_LINE];
    if (r->csv)
        return put(r, line, eval_csv_write(row, r->located, name, line));
    char *quoted = malloc(6 * strlen(name) + 3);
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
