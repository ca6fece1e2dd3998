/* totals.c - see totals.h. */
#include "cli/eval/totals.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct pair {
    int label, answer;
    int64_t count;
} pair;

int eval_totals_open(eval_totals *t, int classes)
{
    *t = (eval_totals){.classes = classes, .of_class = calloc(3 * (size_t)classes, sizeof(int64_t))};
    return t->of_class != NULL;
}

void eval_totals_close(eval_totals *t)
{
    free(t->of_class);
    free(t->wrong);
    *t = (eval_totals){0};
}

static int note_wrong(eval_totals *t, const eval_row *row)
{
    if (t->wrongs == t->room) {
        int64_t room = t->room ? 2 * t->room : 1024, *more = realloc(t->wrong, (size_t)room * sizeof *more);
        if (!more)
            return 0;
        t->wrong = more;
        t->room = room;
    }
    t->wrong[t->wrongs++] = (int64_t)row->label << 32 | row->top[0];
    return 1;
}

static void count_boxes(eval_totals *t, const eval_row *row)
{
    int among = 0;
    for (int i = 0; i < row->tops; i++)
        among |= row->top[i] == row->label && (row->hits >> i & 1);
    t->located++;
    t->found += row->top[0] == row->label && (row->hits & 1);
    t->found5 += among;
    t->found_label += row->hits >> EVAL_TOP & 1;
}

int eval_totals_add(eval_totals *t, const eval_row *row)
{
    int among = 0, right = row->tops > 0 && row->top[0] == row->label;
    if (row->tops == 0) {
        t->unreadable++;
        return 1;
    }
    for (int i = 0; i < row->tops; i++)
        among |= row->top[i] == row->label;
    t->judged++;
    t->right += right;
    t->top5 += among;
    t->of_class[row->label]++;
    t->of_class[t->classes + row->label] += right;
    t->of_class[2 * t->classes + row->label] += among;
    if (row->located)
        count_boxes(t, row);
    return right || note_wrong(t, row);
}

void eval_wilson(int64_t hits, int64_t of, double *low, double *high)
{
    const double z = 1.959963984540054;     /* 97.5 per cent of a normal distribution lie below */
    double n = (double)of, p = (double)hits / n;
    double middle = p + z * z / (2 * n), spread = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)), scale = 1 + z * z / n;
    *low = of > 0 ? fmax(0, (middle - spread) / scale) : 0;
    *high = of > 0 ? fmin(1, (middle + spread) / scale) : 1;
}

/* ---- the most confused pairs ---- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int by_count(const void *a, const void *b)
{
    const pair *x = a, *y = b;
    if (x->count != y->count)
        return x->count < y->count ? 1 : -1;
    return x->label != y->label ? x->label - y->label : x->answer - y->answer;
}

/* All pairs, most frequent first, from malloc; NULL if there are none or no memory. */
static pair *pairs_of(eval_totals *t, int *count)
{
    pair *pairs = t->wrongs ? malloc((size_t)t->wrongs * sizeof *pairs) : NULL;
    *count = 0;
    if (!pairs)
        return NULL;
    qsort(t->wrong, (size_t)t->wrongs, sizeof *t->wrong, by_value);
    for (int64_t i = 0; i < t->wrongs; i++) {
        if (i == 0 || t->wrong[i] != t->wrong[i - 1])
            pairs[(*count)++] = (pair){.label = (int)(t->wrong[i] >> 32), .answer = (int)(t->wrong[i] & INT32_MAX)};
        pairs[*count - 1].count++;
    }
    qsort(pairs, (size_t)*count, sizeof *pairs, by_count);
    return pairs;
}

static const char *class_name(const eval_shown *shown, int class, char room[24])
{
    if (shown->labels)
        return shown->labels[class];
    snprintf(room, 24, "class %d", class);
    return room;
}

/* ---- text ---- */

static double percent(int64_t part, int64_t of)
{
    return of ? 100 * (double)part / (double)of : 0;
}

static void print_error(FILE *to, const char *name, int64_t hits, int64_t of)
{
    double low, high;
    eval_wilson(of - hits, of, &low, &high);
    fprintf(to, "%s error %6.2f %%  (95 %% interval %.2f to %.2f): %lld of %lld right\n", name, percent(of - hits, of), 100 * low,
            100 * high, (long long)hits, (long long)of);
}

static void print_classes(const eval_totals *t, const eval_shown *shown, FILE *to)
{
    char room[24];
    fputs("  pictures   top-1 %   top-5 %  class\n", to);
    for (int i = 0; i < t->classes; i++) {
        int64_t of = t->of_class[i];
        if (of)
            fprintf(to, "  %8lld  %8.2f  %8.2f  %s\n", (long long)of, percent(of - t->of_class[t->classes + i], of),
                    percent(of - t->of_class[2 * t->classes + i], of), class_name(shown, i, room));
    }
}

void eval_totals_print(eval_totals *t, const eval_shown *shown, FILE *to)
{
    int count;
    char a[24], b[24];
    print_error(to, "top-1", t->right, t->judged);
    print_error(to, "top-5", t->top5, t->judged);
    if (t->located) {
        print_error(to, "top-1 localisation", t->found, t->located);
        print_error(to, "top-5 localisation", t->found5, t->located);
        print_error(to, "true class's box", t->found_label, t->located);
    }
    if (t->unreadable)
        fprintf(to, t->unreadable == 1 ? "%lld picture could not be read and does not count\n"
                                       : "%lld pictures could not be read and do not count\n", (long long)t->unreadable);
    if (shown->per_class)
        print_classes(t, shown, to);
    pair *pairs = pairs_of(t, &count);
    if (pairs && shown->confused)
        fputs("most often taken for another:\n", to);
    for (int i = 0; pairs && i < count && i < shown->confused; i++)
        fprintf(to, "  %6lld  %s for %s\n", (long long)pairs[i].count, class_name(shown, pairs[i].label, a),
                class_name(shown, pairs[i].answer, b));
    free(pairs);
}

/* ---- JSON ---- */

static void json_error(json_out *out, const char *key, int64_t hits, int64_t of)
{
    double low, high;
    eval_wilson(of - hits, of, &low, &high);
    json_begin(out, key, '{');
    json_real(out, "error", percent(of - hits, of) / 100);
    json_real(out, "low", low);
    json_real(out, "high", high);
    json_whole(out, "right", hits);
    json_end(out, '}');
}

static void json_label(json_out *out, const char *number, const char *name, const eval_shown *shown, int class)
{
    json_whole(out, number, class);
    if (shown->labels)
        json_text(out, name, shown->labels[class]);
}

static void json_classes(const eval_totals *t, const eval_shown *shown, json_out *out)
{
    json_begin(out, "per_class", '[');
    for (int i = 0; i < t->classes; i++) {
        json_begin(out, NULL, '{');
        json_label(out, "class", "label", shown, i);
        json_whole(out, "pictures", t->of_class[i]);
        json_whole(out, "right", t->of_class[t->classes + i]);
        json_whole(out, "right_top5", t->of_class[2 * t->classes + i]);
        json_end(out, '}');
    }
    json_end(out, ']');
}

void eval_totals_json(eval_totals *t, const eval_shown *shown, json_out *out)
{
    int count;
    json_whole(out, "judged", t->judged);
    json_whole(out, "unreadable", t->unreadable);
    json_error(out, "top1", t->right, t->judged);
    json_error(out, "top5", t->top5, t->judged);
    if (t->located) {
        json_error(out, "localisation_top1", t->found, t->located);
        json_error(out, "localisation_top5", t->found5, t->located);
        json_error(out, "true_class_box", t->found_label, t->located);
    }
    if (shown->per_class)
        json_classes(t, shown, out);
    pair *pairs = pairs_of(t, &count);
    json_begin(out, "confused", '[');
    for (int i = 0; pairs && i < count && i < shown->confused; i++) {
        json_begin(out, NULL, '{');
        json_label(out, "class", "label", shown, pairs[i].label);
        json_label(out, "taken_for", "taken_for_label", shown, pairs[i].answer);
        json_whole(out, "pictures", pairs[i].count);
        json_end(out, '}');
    }
    json_end(out, ']');
    free(pairs);
}
