/* dataset_list.c - pictures by name: a folder a class, or a list file. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "vgg/dataset.h"
#include "vgg/file.h"

static const size_t largest_list = (size_t)1 << 30;

/* ---- a folder a class ---- */

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* By bytes, whatever the locale, so that every machine has the same order. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void free_entries(struct dirent **entries, int count)
{
    for (int i = 0; i < count; i++)
        free(entries[i]);
    free(entries);
}

/* Keeps the entries that are folders (links to them too) or, with folders = 0, those that are not. */
static int keep(const char *folder, struct dirent **entries, int count, int folders)
{
    int kept = 0;
    char path[8192];
    struct stat st;
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        int is_folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
        if (is_folder == folders)
            entries[kept++] = entries[i];
        else
            free(entries[i]);
    }
    return kept;
}

static nonet_vgg_status scan(const char *folder, int folders, struct dirent ***entries, int *count, nonet_vgg_error *err)
{
    int found = scandir(folder, entries, visible, by_bytes);
    if (found < 0)
        return vgg_fail(err, NONET_VGG_IO, "%s: cannot read the folder: %s", folder, strerror(errno));
    *count = keep(folder, *entries, found, folders);
    return NONET_VGG_OK;
}

static nonet_vgg_status add_folder(vgg_dataset *set, const char *class, int label, nonet_vgg_error *err)
{
    char path[8192];
    struct dirent **files;
    int count;
    snprintf(path, sizeof path, "%s/%s", set->root, class);
    nonet_vgg_status status = scan(path, 0, &files, &count, err);
    if (status != NONET_VGG_OK)
        return status;
    for (int i = 0; status == NONET_VGG_OK && i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", class, files[i]->d_name);
        status = vgg_dataset_add(set, path, label, err);
    }
    free_entries(files, count);
    return status;
}

/* Whether every folder is named after a class of its own; otherwise their order counts. */
static int named_after_classes(struct dirent **folders, int count, const vgg_classes *classes)
{
    char *seen = calloc((size_t)classes->count, 1);
    int good = seen != NULL;
    for (int i = 0; good && i < count; i++) {
        int class = vgg_classes_find(classes, folders[i]->d_name);
        good = class >= 0 && !seen[class];
        if (good)
            seen[class] = 1;
    }
    free(seen);
    return good;
}

static nonet_vgg_status add_folders(vgg_dataset *set, struct dirent **folders, int count, const vgg_classes *classes,
                                    nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    int named = named_after_classes(folders, count, classes);
    if (count == 0)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: has no folders, one a class; pictures in one folder need --list",
                        set->root);
    if (!named && count != classes->count)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: has %d folders, the network %d classes, and not all the folders are named "
                        "after a class or its number", set->root, count, classes->count);
    for (int i = 0; status == NONET_VGG_OK && i < count; i++)
        status = add_folder(set, folders[i]->d_name, named ? vgg_classes_find(classes, folders[i]->d_name) : i, err);
    if (status == NONET_VGG_OK && set->count == 0)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: no pictures in its folders", set->root);
    return status;
}

nonet_vgg_status vgg_dataset_folders(vgg_dataset *set, const vgg_classes *classes, nonet_vgg_error *err)
{
    struct dirent **folders;
    int count;
    nonet_vgg_status status = scan(set->root, 1, &folders, &count, err);
    if (status != NONET_VGG_OK)
        return status;
    status = add_folders(set, folders, count, classes, err);
    free_entries(folders, count);
    return status;
}

/* ---- a list file ---- */

static int is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Splits a line without blanks at its ends into a name and a label: at the last blank if a number follows it, so that names may
 * have blanks, else at the first one, so that labels may. */
static char *split(char *line)
{
    char *last = line + strlen(line), *label;
    while (last > line && !is_blank(last[-1]))
        last--;
    if (last > line && *last && last[strspn(last, "0123456789")] == 0)
        label = last;
    else {
        label = line + strcspn(line, " \t");
        label += strspn(label, " \t");
    }
    char *end = label;
    while (end > line && is_blank(end[-1]))
        end--;
    if (end > line && end < label)
        *end = 0;
    return label;
}

/* ---- boxes at the end of a line ---- */

static int is_number(const char *text, size_t length)
{
    char *end;
    if (length == 0 || strspn(text, "0123456789.+-eE") < length)
        return 0;
    strtod(text, &end);
    return end == text + length;
}

/* The first of the numbers at the end of a line, which does not begin with one. */
static char *last_numbers(char *line, int *count)
{
    char *from = line + strlen(line);
    for (*count = 0;; ++*count) {
        char *end = from, *at;
        while (end > line && is_blank(end[-1]))
            end--;
        for (at = end; at > line && !is_blank(at[-1]);)
            at--;
        if (at == line || !is_number(at, (size_t)(end - at)))
            return from;
        from = at;
    }
}

/* Four numbers at *at, which moves behind them. */
static int read_box(char **at, vgg_box *box)
{
    double *edge[4] = {&box->x0, &box->y0, &box->x1, &box->y1};
    for (int i = 0; i < 4; i++) {
        *edge[i] = strtod(*at, at);
        if (!(*edge[i] >= -1e6 && *edge[i] <= 1e6))
            return 0;
    }
    return box->x0 < box->x1 && box->y0 < box->y1;
}

/* Takes the boxes off a line: as many fours of numbers as there are, behind a label that may be a number. */
static nonet_vgg_status take_boxes(vgg_dataset *set, char *line, const char *list, long number, nonet_vgg_error *err)
{
    nonet_vgg_status status = NONET_VGG_OK;
    int count;
    char *from = last_numbers(line, &count), *at = from;
    if (count % 4 == 1) {
        at += strcspn(at, " \t");
        count--;
    }
    from = at;
    if (count == 0 || count % 4)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: line %ld: no x0 y0 x1 y1 of a box, or of several, after the label", list,
                        number);
    for (; status == NONET_VGG_OK && count > 0; count -= 4) {
        vgg_box box;
        if (!read_box(&at, &box))
            return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: line %ld: a box must have x0 below x1 and y0 below y1", list, number);
        status = vgg_dataset_add_box(set, &box, err);
    }
    while (from > line && is_blank(from[-1]))
        from--;
    *from = 0;
    return status;
}

static nonet_vgg_status add_line(vgg_dataset *set, char *line, const char *list, long number, const vgg_classes *classes,
                                 nonet_vgg_error *err)
{
    line += strspn(line, " \t");
    size_t length = strlen(line);
    while (length && (is_blank(line[length - 1]) || line[length - 1] == '\r'))
        line[--length] = 0;
    if (length == 0)
        return NONET_VGG_OK;
    if (set->first_box) {
        nonet_vgg_status status = take_boxes(set, line, list, number, err);
        if (status != NONET_VGG_OK)
            return status;
    }
    const char *label = split(line);
    if (!*label)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: line %ld has no label after the picture's name", list, number);
    int class = vgg_classes_find(classes, label);
    if (class < 0)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: line %ld: '%.80s' is not one class of the network's %d, by name or number "
                        "from 0", list, number, label, classes->count);
    nonet_vgg_status status = vgg_dataset_add(set, line, class, err);
    if (status == NONET_VGG_OK && set->first_box)
        set->first_box[set->count] = set->boxes;
    return status;
}

/* One a line of the file, and one. */
static nonet_vgg_status make_first_box(vgg_dataset *set, const char *text, nonet_vgg_error *err)
{
    size_t lines = 2;
    for (; *text; text++)
        lines += *text == '\n';
    set->first_box = calloc(lines, sizeof *set->first_box);
    return set->first_box ? NONET_VGG_OK : vgg_fail(err, NONET_VGG_NO_MEMORY, "no memory for the list of boxes");
}

nonet_vgg_status vgg_dataset_list(vgg_dataset *set, const char *list, const vgg_classes *classes, int with_boxes,
                                  nonet_vgg_error *err)
{
    uint8_t *bytes;
    size_t size;
    long number = 0;
    nonet_vgg_status status = vgg_file_read(list, largest_list, &bytes, &size, err);
    if (status != NONET_VGG_OK)
        return status;
    if (memchr(bytes, 0, size))
        status = vgg_fail(err, NONET_VGG_BAD_FILE, "%s: is not a text file of `name label` lines", list);
    if (status == NONET_VGG_OK && with_boxes)
        status = make_first_box(set, (char *)bytes, err);
    for (char *line = (char *)bytes, *next; status == NONET_VGG_OK && line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        status = add_line(set, line, list, ++number, classes, err);
    }
    free(bytes);
    if (status == NONET_VGG_OK && set->count == 0)
        return vgg_fail(err, NONET_VGG_BAD_FILE, "%s: names no pictures", list);
    return status;
}
