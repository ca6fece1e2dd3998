/* protocol.c - the protocols' names and scales as text. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "vgg/protocol.h"

enum { SCALE_MAX = 4096 };

static const char *const names[] = { "centre", "dense", "multicrop", "both" };

int vgg_protocol_kind_of(const char *text, vgg_protocol_kind *kind)
{
    for (int i = 0; i < 4; i++)
        if (strcmp(text, names[i]) == 0) {
            *kind = (vgg_protocol_kind)i;
            return 1;
        }
    return 0;
}

const char *vgg_protocol_name(vgg_protocol_kind kind)
{
    return names[kind];
}

/* A number, S, S-number or S+number; NULL when it is none of them. */
static const char *read_scale(const char *text, int trained_at, long *scale)
{
    char *end;
    int sign = 1;
    *scale = 0;
    if (*text == 'S') {
        *scale = trained_at;
        text++;
        if (*text != '+' && *text != '-')
            return text;
        sign = *text++ == '-' ? -1 : 1;
    }
    if (*text < '0' || *text > '9')
        return NULL;
    long number = strtol(text, &end, 10);
    *scale += sign * (number > SCALE_MAX ? SCALE_MAX : number);
    return end;
}

nonet_vgg_status vgg_protocol_scales(vgg_protocol *protocol, const char *text, int trained_at, nonet_vgg_error *err)
{
    const char *at = text;
    if (strchr(text, 'S') && trained_at < 1)
        return vgg_fail(err, NONET_VGG_USAGE, "the scales %s need S, the scale that the network was trained at", text);
    for (protocol->scales = 0; protocol->scales < VGG_SCALES; at++) {
        long scale;
        at = read_scale(at, trained_at, &scale);
        if (!at || (*at && *at != ','))
            break;
        if (scale < 1 || scale >= SCALE_MAX)
            return vgg_fail(err, NONET_VGG_USAGE, "the scales %s: each must be from 1 to %d", text, SCALE_MAX - 1);
        protocol->scale[protocol->scales++] = (int)scale;
        if (!*at)
            return NONET_VGG_OK;
    }
    return vgg_fail(err, NONET_VGG_USAGE, "the scales are up to %d numbers with commas between them, or S-32,S,S+32; not '%s'",
                    VGG_SCALES, text);
}

nonet_vgg_status vgg_check_scores(const float *scores, int classes, nonet_vgg_error *err)
{
    for (int i = 0; i < classes; i++)
        if (!isfinite(scores[i]))
            return vgg_fail(err, NONET_VGG_BAD_FILE, "the network's scores are not numbers");
    return NONET_VGG_OK;
}
