/* dataset.c - see dataset.h. */
#include "vgg/dataset.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "vgg/checksum.h"

nonet_vgg_status vgg_dataset_add(vgg_dataset *set, const char *name, int label, nonet_vgg_error *err)
{
    if (name && strlen(name) >= PATH_MAX)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: picture %lld of the list has a name of %zu bytes", set->root,
                        (long long)set->count, strlen(name));
    if (set->count == set->room) {
        int64_t room = set->room ? 2 * set->room : 1024;
        int32_t *labels = realloc(set->label, (size_t)room * sizeof *labels);
        if (labels)
            set->label = labels;
        char **names = labels && name ? realloc(set->name, (size_t)room * sizeof *names) : NULL;
        if (names)
            set->name = names;
        if (!labels || (name && !names))
            return vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory for the list of pictures");
        set->room = room;
    }
    if (name && !(set->name[set->count] = strdup(name)))
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory for the list of pictures");
    set->label[set->count++] = label;
    return NONET_VGG_OK;
}

nonet_vgg_status vgg_dataset_add_box(vgg_dataset *set, const vgg_box *box, nonet_vgg_error *err)
{
    if (set->boxes == set->box_room) {
        int64_t room = set->box_room ? 2 * set->box_room : 1024;
        vgg_box *more = realloc(set->box, (size_t)room * sizeof *more);
        if (!more)
            return vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory for the list of boxes");
        set->box = more;
        set->box_room = room;
    }
    set->box[set->boxes++] = *box;
    return NONET_VGG_OK;
}

/* A name of a class may start with its synset: "n01440764 tench, Tinca tinca". */
static int is_called(const char *name, const char *text, int whole)
{
    size_t length = strlen(text);
    return strncmp(name, text, length) == 0 && (name[length] == 0 || (!whole && (name[length] == ' ' || name[length] == '\t')));
}

/* The one class with this name; -1 if there is none, -2 if there are several. */
static int find_name(const vgg_classes *classes, const char *text, int whole)
{
    int found = -1;
    for (int i = 0; classes->names && i < classes->count; i++)
        if (is_called(classes->names[i], text, whole)) {
            if (found >= 0)
                return -2;
            found = i;
        }
    return found;
}

int vgg_classes_find(const vgg_classes *classes, const char *text)
{
    char *end;
    if (!*text)
        return -1;
    int found = find_name(classes, text, 1);
    if (found == -1)
        found = find_name(classes, text, 0);
    if (found != -1)
        return found >= 0 ? found : -1;
    errno = 0;
    long number = strtol(text, &end, 10);
    return *text >= '0' && *text <= '9' && !*end && !errno && number < classes->count ? (int)number : -1;
}

nonet_vgg_status vgg_dataset_open(vgg_dataset *set, const char *path, const char *list, const vgg_classes *classes,
                                  int with_boxes, nonet_vgg_error *err)
{
    struct stat st;
    nonet_vgg_status status;
    *set = (vgg_dataset){0};
    if (stat(path, &st))
        return vgg_fail(err, NONET_VGG_IO, "%s: cannot open: %s", path, strerror(errno));
    if (with_boxes && (!list || !S_ISDIR(st.st_mode)))
        return vgg_fail(err, NONET_VGG_USAGE, "%s: where things are, a list with boxes tells, for pictures in a folder", path);
    set->root = strdup(path);
    if (!set->root)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory for the list of pictures");
    if (!S_ISDIR(st.st_mode))
        status = vgg_dataset_idx(set, path, list, classes, err);
    else if (list)
        status = vgg_dataset_list(set, list, classes, with_boxes, err);
    else
        status = vgg_dataset_folders(set, classes, err);
    if (status != NONET_VGG_OK)
        vgg_dataset_close(set);
    return status;
}

void vgg_dataset_close(vgg_dataset *set)
{
    for (int64_t i = 0; set->name && i < set->count; i++)
        free(set->name[i]);
    free(set->name);
    free(set->label);
    free(set->root);
    free(set->pixels);
    free(set->box);
    free(set->first_box);
    *set = (vgg_dataset){0};
}

static nonet_vgg_status idx_picture(const vgg_dataset *set, int64_t index, vgg_picture *picture, nonet_vgg_error *err)
{
    size_t bytes = (size_t)set->w * (size_t)set->h * (size_t)set->channels;
    nonet_vgg_status status = vgg_picture_alloc(picture, set->root, (uint64_t)set->w, (uint64_t)set->h, set->channels, err);
    if (status == NONET_VGG_OK)
        memcpy(picture->pixels, set->pixels + (size_t)index * bytes, bytes);
    return status;
}

nonet_vgg_status vgg_dataset_picture(const vgg_dataset *set, int64_t index, vgg_picture *picture, nonet_vgg_error *err)
{
    char *path;
    *picture = (vgg_picture){0};
    if (!set->name)
        return idx_picture(set, index, picture, err);
    const char *name = set->name[index];
    if (asprintf(&path, "%s%s%s", *name == '/' ? "" : set->root, *name == '/' ? "" : "/", name) < 0)
        return vgg_fail(err, NONET_VGG_NO_MEMORY, "%s: no memory to open it", name);
    nonet_vgg_status status = vgg_picture_open(picture, path, err);
    free(path);
    return status;
}

const char *vgg_dataset_name(const vgg_dataset *set, int64_t index, char room[24])
{
    if (set->name)
        return set->name[index];
    snprintf(room, 24, "#%lld", (long long)index);
    return room;
}

/* Only the last piece that a checksum gets may be of any length, so each name's goes in by its own sum. */
uint64_t vgg_dataset_sum(const vgg_dataset *set)
{
    uint64_t sum = (uint64_t)set->count;
    for (int64_t i = 0; i < set->count; i++) {
        uint64_t part[3] = {sum, (uint64_t)set->label[i], 0};
        if (set->name)
            part[2] = vgg_checksum(set->name[i], strlen(set->name[i]));
        sum = vgg_checksum(part, sizeof part);
    }
    if (set->boxes) {
        uint64_t part[3] = {sum, vgg_checksum(set->first_box, ((size_t)set->count + 1) * sizeof *set->first_box), 0};
        part[2] = vgg_checksum(set->box, (size_t)set->boxes * sizeof *set->box);
        sum = vgg_checksum(part, sizeof part);
    }
    if (set->pixels)
        sum ^= vgg_checksum(set->pixels, (size_t)set->count * (size_t)set->w * (size_t)set->h * (size_t)set->channels);
    return sum;
}
