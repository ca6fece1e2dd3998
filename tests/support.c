/* support.c - seed, scale, hashes, files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef NONET_TEST_ZLIB
#include <zlib.h>
#endif
#include "tests/support.h"

uint64_t support_seed(void)
{
    static uint64_t seed;
    const char *text = getenv("NONET_TEST_SEED");

    if (!seed && text && *text)
        seed = strtoull(text, NULL, 0);
    while (!seed)
        seed = (uint64_t)time(NULL) * 1000003 + (uint64_t)getpid();
    return seed;
}

double support_scale(void)
{
    const char *text = getenv("NONET_TEST_SCALE");
    double scale = text && *text ? atof(text) : 1;

    return scale > 0 ? scale : 1;
}

int support_count(double at_scale_1, int least)
{
    int count = (int)(at_scale_1 * support_scale());

    return count > least ? count : least;
}

int support_main(Suite *suite)
{
    SRunner *runner = srunner_create(suite);

    printf("seed %llu (NONET_TEST_SEED=%llu repeats this run)\n", (unsigned long long)support_seed(),
           (unsigned long long)support_seed());
    fflush(stdout);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

void support_skip(const char *test, const char *reason)
{
    printf("SKIP %s: %s\n", test, reason);
    fflush(stdout);
}

int support_isas(nonet_isa isas[NONET_ISA_COUNT])
{
    int count = 0;

    for (int isa = NONET_ISA_C; isa < NONET_ISA_COUNT; isa++)
        if (nonet_isa_supported((nonet_isa)isa))
            isas[count++] = (nonet_isa)isa;
    return count;
}

uint64_t support_hash(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *byte = data;

    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ byte[i]) * 0x100000001b3u;
    return hash;
}

const char *support_data(const char *name)
{
    static char paths[4][512];
    static int turn;
    char *path = paths[turn++ % 4];

    snprintf(path, sizeof paths[0], "../shared/data/%s", name);
    return access(path, R_OK) ? NULL : path;
}

static unsigned char *read_plain(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    unsigned char *data = NULL;

    *size = 0;
    if (!file)
        return NULL;
    if (!fseek(file, 0, SEEK_END)) {
        long end = ftell(file);

        rewind(file);
        if (end >= 0 && (data = malloc((size_t)end + 1)))
            *size = fread(data, 1, (size_t)end, file);
    }
    fclose(file);
    return data;
}

#ifdef NONET_TEST_ZLIB
static unsigned char *read_gz(const char *path, size_t *size)
{
    enum { MOST = 64 << 20 };
    gzFile file = gzopen(path, "rb");
    unsigned char *data = file ? malloc(MOST) : NULL;
    int got = data ? gzread(file, data, MOST) : -1;

    *size = got > 0 ? (size_t)got : 0;
    if (file)
        gzclose(file);
    if (got > 0)
        return data;
    free(data);
    return NULL;
}
#else
static unsigned char *read_gz(const char *path, size_t *size)
{
    (void)path;
    *size = 1;
    return NULL;
}
#endif

unsigned char *support_read(const char *path, size_t *size)
{
    size_t length = strlen(path);

    return length > 3 && !strcmp(path + length - 3, ".gz") ? read_gz(path, size) : read_plain(path, size);
}

nonet_vgg *support_open(const char *test, const char *path, const char *feature, const nonet_vgg_options *options)
{
    nonet_vgg_error error = { "" };
    nonet_vgg *net = NULL;

    if (feature && !strstr(NONET_FEATURES, feature)) {
        char why[128];
        snprintf(why, sizeof why, "built without %s", feature);
        support_skip(test, why);
        return NULL;
    }
    nonet_vgg_status status = nonet_vgg_open(&net, path, options, &error);
    support_need(status == NONET_VGG_OK, "%s: %s", path, error.text);
    return net;
}
