/* profile_test.c - profiles as untrusted files: what is refused, what is left out, how they are replaced; and which rows decide.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "engine/plan.h"
#include "engine/profile.h"
#include "tests/support.h"

enum { WHY = 600, TEXT = 1 << 16 };

static const nonet_conv layer = { 1, 64, 20, 20, 48, 3, 3, 1, 1, 0, 0, NONET_NCHW16C, NONET_NCHW16C };

static char folder[] = "/tmp/nonet-profile-XXXXXX";

static const char *in_folder(const char *name)
{
    static char path[4][128];
    static int turn;
    char *to = path[turn++ % 4];

    snprintf(to, sizeof path[0], "%s/%s", folder, name);
    return to;
}

/* The layer's row: blocks of 3 tiles, for one thread. */
static nonet_profile_row row_of(const nonet_conv *p)
{
    nonet_plan *plan;
    nonet_profile_row row = {.kind = PROFILE_USE,
                             .p = *p,
                             .threads = 1,
                             .us = 10.5,
                             .base = 12.25,
                             .faster = 1.167,
                             .low = 1.1,
                             .high = 1.2,
                             .guess = 9,
                             .samples = 12};

    ck_assert_int_eq(nonet_plan_create_as(&plan, p, &(nonet_options){ .threads = 1 }, &(nonet_choice){ .block = 3 }), NONET_OK);
    row.choice = nonet_plan_choice(plan);
    nonet_plan_destroy(plan);
    return row;
}

static nonet_profile *small_profile(void)
{
    nonet_profile *profile = nonet_profile_new();
    nonet_profile_row row = row_of(&layer);

    ck_assert_ptr_nonnull(profile);
    ck_assert(nonet_profile_add(profile, &row));
    row.kind = PROFILE_TRIED;
    row.choice.block = 7;
    ck_assert(nonet_profile_add(profile, &row));
    row.kind = PROFILE_KEEP;
    row.threads = 2;
    row.choice.threads = 2;
    ck_assert(nonet_profile_add(profile, &row));
    return profile;
}

static char *small_text(size_t *size)
{
    nonet_profile *profile = small_profile();
    char *text = nonet_profile_format(profile, size);

    ck_assert_ptr_nonnull(text);
    nonet_profile_close(profile);
    return text;
}

static void put(const char *path, const char *text, size_t size)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert(fwrite(text, 1, size, file) == size && fclose(file) == 0);
}

static int sentences(const char *why)
{
    return *why && !strchr(why, '\n');
}

/* The file is refused with a sentence that names it and has this in it. */
static void refused(const char *path, const char *word)
{
    char why[WHY];
    nonet_profile *profile = (nonet_profile *)1;

    ck_assert_int_eq(nonet_profile_open(&profile, path, why, sizeof why), NONET_BAD_PROFILE);
    ck_assert_ptr_null(profile);
    ck_assert_msg(sentences(why) && strstr(why, path) && strstr(why, word), "'%s' has no '%s'", why, word);
}

static void refused_text(const char *text, size_t size, const char *word)
{
    const char *path = in_folder("text");

    put(path, text, size);
    refused(path, word);
}

/* The text with one word in place of another. */
static char *changed(const char *from, const char *to)
{
    size_t size;
    char *text = small_text(&size), *at = strstr(text, from), *out = malloc(size + strlen(to) + 1);

    ck_assert_msg(at != NULL && out != NULL, "no '%s' in the text", from);
    sprintf(out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    free(text);
    return out;
}

static void refused_change(const char *from, const char *to, const char *word)
{
    char *text = changed(from, to);

    refused_text(text, strlen(text), word);
    free(text);
}

/* A changed row is left out with a warning that has this word; the two others stay. */
static void left_out(const char *from, const char *to, const char *word)
{
    char *text = changed(from, to), why[WHY];
    const char *path = in_folder("text");
    nonet_profile *profile;

    put(path, text, strlen(text));
    ck_assert_int_eq(nonet_profile_open(&profile, path, why, sizeof why), NONET_OK);
    ck_assert_msg(profile->count == 2 && strstr(why, word) && sentences(why), "%d rows, '%s' has no '%s'", profile->count, why,
                  word);
    nonet_profile_close(profile);
    free(text);
}

START_TEST(what_is_saved_comes_back)
{
    nonet_profile *profile = small_profile(), *again;
    char why[WHY];
    const char *path = in_folder("again");

    ck_assert_int_eq(nonet_profile_save(profile, path, why, sizeof why), NONET_OK);
    ck_assert_str_eq(why, "");
    ck_assert_int_eq(nonet_profile_open(&again, path, why, sizeof why), NONET_OK);
    ck_assert_str_eq(why, "");
    ck_assert_int_eq(again->count, profile->count);
    for (int i = 0; i < again->count; i++) {
        const nonet_profile_row *a = &profile->rows[i], *b = &again->rows[i];
        ck_assert(nonet_profile_compare(a, b) == 0 && nonet_choice_equal(&a->choice, &b->choice) && a->kind == b->kind);
        ck_assert(a->us == b->us && a->base == b->base && a->faster == b->faster && a->samples == b->samples);
    }
    nonet_profile_close(profile);
    nonet_profile_close(again);
}
END_TEST

START_TEST(other_machines_and_versions_are_refused)
{
    char cpu[200], library[64], isa[32];
    size_t size;
    char *text = small_text(&size);

    sscanf(strstr(text, "\ncpu "), "\n%199[^\n]", cpu);
    sscanf(strstr(text, "\nlibrary "), "\n%63[^\n]", library);
    sscanf(strstr(text, "\nisa "), "\n%31[^\n]", isa);
    free(text);
    refused_change(cpu, "cpu Analytical Engine", "CPU");
    refused_change(cpu, "cpu \033[31mred", "'?[31mred'");    /* shown without what a terminal would obey */
    refused_change(library, "library 99.0", "version");
    refused_change(isa, "isa abacus", "instruction set");
    refused_change("nonet-profile 1", "nonet-profile 2", "format");
    refused_change("nonet-profile 1", "nonet-profil 1", "not a profile");
    refused_change("\nkernels ", "\nkernels f", "kernels");
    refused_change("\nisa ", "\nisas ", "damaged");
}
END_TEST

START_TEST(damaged_rows_are_left_out)
{
    left_out("use n=1", "used n=1", "use, keep and tried");
    left_out("use n=1", "use n=0", "n");
    left_out("use n=1", "use n=-1", "n");
    left_out("use n=1", "use n=+1", "n");
    left_out("use n=1", "use n=99999999999999999999", "n");
    left_out("use n=1", "use  n=1", "n");
    left_out("use n=1 c=64", "use c=64 n=1", "n");
    left_out("c=64", "c=64x", "c");
    left_out("stride=1", "stride=3", "stride");
    left_out("r=3 s=3", "r=21 s=21", "shape");
    left_out("stride=1", "stride=2", "shape");      /* Winograd has none */
    left_out("algo=winograd-f", "algo=fourier-f", "algo");
    left_out("src=nchw16c", "src=nchw8c", "src");
    left_out("block=3", "block=2000000", "block");
    left_out("us=10.500", "us=10.5", "us");
    left_out("us=10.500", "us=1e9", "us");
    left_out("us=10.500", "us=nan", "us");
    left_out("samples=12", "samples=12 ", "its end");
    left_out("samples=12", "samples=12 more=1", "its end");
    left_out("samples=12\n", "\n", "samples");
    left_out("threads=1", "threads=0", "threads");
    left_out("team=1", "team=0", "team");
}
END_TEST

START_TEST(doubled_and_endless_rows_are_left_out)
{
    size_t size;
    char *text = small_text(&size), *row = strstr(text, "use n=1"), *end = strchr(row, '\n'), *many = malloc(TEXT), why[WHY];
    nonet_profile *profile;

    ck_assert_ptr_nonnull(many);
    snprintf(many, TEXT, "%.*s%.*s\n%.*s\n%*s\nend\n", (int)(row - text), text, (int)(end - row), row, (int)(end - row), row,
             20000, "x");
    put(in_folder("text"), many, strlen(many));
    ck_assert_int_eq(nonet_profile_open(&profile, in_folder("text"), why, sizeof why), NONET_OK);
    ck_assert_int_eq(profile->count, 1);
    ck_assert_msg(strstr(why, "2 rows") != NULL, "%s", why);
    nonet_profile_close(profile);
    free(many);
    free(text);
}
END_TEST

/* However a file is cut, it is refused; nothing is read beyond it (the sanitizers watch). */
START_TEST(truncated_files_are_refused)
{
    size_t size;
    char *text = small_text(&size), why[WHY];

    for (size_t cut = 0; cut < size; cut++) {
        char *part = malloc(cut + 1);
        nonet_profile *profile;
        ck_assert_ptr_nonnull(part);
        memcpy(part, text, cut);
        part[cut] = '\0';
        support_need(nonet_profile_parse(&profile, part, cut, "cut", why, sizeof why) == NONET_BAD_PROFILE && !profile &&
                         sentences(why),
                     "cut to %zu bytes: %s", cut, why);
        free(part);
    }
    refused_text(text, size / 2, "cut off");
    refused_text("", 0, "not a profile");
    free(text);
}
END_TEST

/* Random bytes, and random bytes in a good file: any answer but a crash; a good file's rows stay within their ranges. */
START_TEST(random_bytes_do_no_harm)
{
    sweep_random random = { support_seed() };
    size_t size;
    char *text = small_text(&size), why[WHY];
    int rounds = support_count(3000, 200);

    for (int i = 0; i < rounds; i++) {
        size_t bytes = i % 4 ? size : (size_t)sweep_between(&random, 0, 5000);
        char *noise = malloc(bytes + 1);
        nonet_profile *profile;
        ck_assert_ptr_nonnull(noise);
        for (size_t j = 0; j < bytes; j++)
            noise[j] = i % 4 ? text[j] : (char)sweep_next(&random);
        for (int j = sweep_between(&random, 1, 4); i % 4 && j > 0; j--)
            noise[sweep_between(&random, 0, (int)bytes - 1)] =
                (char)sweep_between(&random, i % 4 == 1 ? 0 : ' ', i % 4 == 1 ? 255 : '~');
        noise[bytes] = '\0';
        nonet_profile_parse(&profile, noise, bytes, "noise", why, sizeof why);
        for (int j = 0; profile && j < profile->count; j++)
            support_need(profile->rows[j].choice.block <= 1 << 20 && profile->rows[j].us < 1e10 &&
                             profile->rows[j].threads <= 4096,
                         "a range");
        nonet_profile_close(profile);
        free(noise);
    }
    free(text);
}
END_TEST

START_TEST(what_is_no_small_file_is_refused)
{
    const char *path = in_folder("large");
    FILE *file = fopen(path, "w");

    refused(in_folder("none"), "cannot be read");
    refused(folder, "file");
    ck_assert_int_eq(mkfifo(in_folder("fifo"), 0600), 0);
    refused(in_folder("fifo"), "file");             /* and does not wait */
    refused("/dev/zero", "file");
    ck_assert(file && fputs("nonet-profile 1\n", file) >= 0 && ftruncate(fileno(file), 100 << 20) == 0 && fclose(file) == 0);
    refused(path, "larger");
    refused_text("nonet-profile 1\n\0end\n", 21, "not a profile");
}
END_TEST

START_TEST(what_cannot_be_written_is_told)
{
    nonet_profile *profile = small_profile(), *again;
    char why[WHY];
    const char *path = in_folder("read-only");

    ck_assert_int_eq(nonet_profile_save(profile, path, why, sizeof why), NONET_OK);
    ck_assert_int_eq(chmod(path, 0444), 0);
    profile->count = 0;
    ck_assert_int_eq(nonet_profile_save(profile, path, why, sizeof why), NONET_BAD_PROFILE);
    ck_assert_msg(strstr(why, "read-only") && sentences(why), "%s", why);
    ck_assert_int_eq(nonet_profile_open(&again, path, why, sizeof why), NONET_OK);     /* it is as it was, and serves */
    ck_assert_int_eq(again->count, 3);
    nonet_profile_close(again);
    ck_assert_int_eq(nonet_profile_save(profile, in_folder("no/where"), why, sizeof why), NONET_BAD_PROFILE);
    ck_assert_msg(strstr(why, "cannot be written") && sentences(why), "%s", why);
    ck_assert_int_eq(nonet_profile_save(profile, folder, NULL, 0), NONET_BAD_PROFILE);
    put(in_folder("letter"), "Dear Ada,\n", 10);
    ck_assert_int_eq(nonet_profile_save(profile, in_folder("letter"), why, sizeof why), NONET_BAD_PROFILE);
    ck_assert_msg(strstr(why, "not a profile") && sentences(why), "%s", why);
    put(in_folder("letter"), "", 0);
    ck_assert_int_eq(nonet_profile_save(profile, in_folder("letter"), why, sizeof why), NONET_OK);
    ck_assert_int_eq(nonet_profile_save(NULL, path, why, sizeof why), NONET_BAD_ARGUMENT);
    nonet_profile_close(profile);
}
END_TEST

/* path: made before the threads start, for in_folder's memory is not theirs alone. */
static void *write_often(void *path)
{
    nonet_profile *profile = small_profile();
    char why[WHY];

    for (int i = 0; i < 30; i++)
        if (nonet_profile_save(profile, path, why, sizeof why) != NONET_OK) {
            nonet_profile_close(profile);
            return profile;
        }
    nonet_profile_close(profile);
    return NULL;
}

/* Two writers and a reader: the reader always finds a whole profile, and no temporary stays behind. */
START_TEST(writers_at_once_leave_a_whole_profile)
{
    pthread_t writer[2];
    void *fault[2];
    char why[WHY], command[256], path[128];
    nonet_profile *first = small_profile();

    snprintf(path, sizeof path, "%s", in_folder("shared"));
    ck_assert_int_eq(nonet_profile_save(first, path, why, sizeof why), NONET_OK);
    nonet_profile_close(first);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&writer[i], NULL, write_often, path), 0);
    for (int i = 0; i < 60; i++) {
        nonet_profile *profile;
        support_need(nonet_profile_open(&profile, path, why, sizeof why) == NONET_OK && profile->count == 3 &&
                         !*why,
                     "%s", why);
        nonet_profile_close(profile);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(writer[i], &fault[i]);
    ck_assert(!fault[0] && !fault[1]);
    snprintf(command, sizeof command, "test $(ls -1 %s | grep -c '^shared') = 1", folder);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

/* ---- which row decides ---- */

static int uses_profile(nonet_conv p, nonet_options options)
{
    char text[256];
    nonet_plan *plan;
    nonet_status status = nonet_plan_create(&plan, &p, &options);

    ck_assert_int_eq(status, NONET_OK);
    ck_assert_int_lt(nonet_plan_describe(plan, text, sizeof text), (int)sizeof text);
    int uses = strstr(text, ", profile") != NULL;
    ck_assert_int_eq(uses, plan->from_profile);
    if (uses)
        ck_assert_int_eq(plan->wino.block, 3);
    nonet_plan_destroy(plan);
    return uses;
}

START_TEST(a_row_decides_for_its_problem_alone)
{
    nonet_profile *profile = small_profile();
    nonet_options options = { .threads = 1, .profile = profile };
    nonet_conv other = layer;
    nonet_isa isa;

    ck_assert_int_eq(nonet_isa_current(&isa), NONET_OK);
    ck_assert(uses_profile(layer, options));
    other.relu = 1;
    ck_assert(uses_profile(other, options));        /* makes no difference */
    other.k = 64;
    ck_assert(!uses_profile(other, options));
    ck_assert(!uses_profile(layer, (nonet_options){ .threads = 1 }));
    options.algo = profile->rows[0].choice.algo;
    ck_assert(uses_profile(layer, options));
    options.algo = NONET_DIRECT;                    /* the caller's word stands */
    ck_assert(!uses_profile(layer, options));
    options.algo = NONET_AUTO;
    options.isa = isa;
    ck_assert(uses_profile(layer, options));
    options.weights = profile->rows[0].choice.weights == NONET_WEIGHTS_PACKED ? NONET_WEIGHTS_EXPANDED : NONET_WEIGHTS_PACKED;
    ck_assert(!uses_profile(layer, options));
    if (isa != NONET_ISA_C) {
        options = (nonet_options){ .threads = 1, .isa = NONET_ISA_C, .profile = profile };
        ck_assert(!uses_profile(layer, options));
        ck_assert_int_eq(nonet_isa_limit("c"), NONET_OK);
        options.isa = NONET_ISA_AUTO;
        ck_assert(!uses_profile(layer, options));   /* another set is in force than when it was made */
        nonet_isa_limit(NULL);
    }
    nonet_profile_close(profile);
}
END_TEST

START_TEST(the_cache_is_where_its_specification_says)
{
    char path[512], want[512];

    setenv("XDG_CACHE_HOME", folder, 1);
    ck_assert_int_gt(nonet_profile_path(path, sizeof path), 0);
    snprintf(want, sizeof want, "%s/nonet/profile-", folder);
    ck_assert_int_eq(strncmp(path, want, strlen(want)), 0);
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("HOME", "/home/nobody", 1);
    nonet_profile_path(path, sizeof path);
    ck_assert_int_eq(strncmp(path, "/home/nobody/.cache/nonet/profile-", 34), 0);
    unsetenv("HOME");
    ck_assert_int_eq(nonet_profile_path(path, sizeof path), 0);
    nonet_profile *profile;
    char why[WHY];
    ck_assert_int_eq(nonet_profile_open(&profile, NULL, why, sizeof why), NONET_BAD_PROFILE);
    ck_assert(sentences(why));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("profile");
    TCase *files = tcase_create("files"), *rows = tcase_create("rows");
    char command[128];

    if (!mkdtemp(folder))
        return EXIT_FAILURE;
    tcase_add_test(files, what_is_saved_comes_back);
    tcase_add_test(files, other_machines_and_versions_are_refused);
    tcase_add_test(files, damaged_rows_are_left_out);
    tcase_add_test(files, doubled_and_endless_rows_are_left_out);
    tcase_add_test(files, truncated_files_are_refused);
    tcase_add_test(files, random_bytes_do_no_harm);
    tcase_add_test(files, what_is_no_small_file_is_refused);
    tcase_add_test(files, what_cannot_be_written_is_told);
    tcase_add_test(files, writers_at_once_leave_a_whole_profile);
    tcase_add_test(rows, a_row_decides_for_its_problem_alone);
    tcase_add_test(rows, the_cache_is_where_its_specification_says);
    tcase_set_timeout(files, 300);
    suite_add_tcase(suite, files);
    suite_add_tcase(suite, rows);
    int status = support_main(suite);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) ? EXIT_FAILURE : status;
}
