/* support_files.h - files planted below a folder that stands for the root of a system. */
#ifndef NONET_TESTS_SUPPORT_FILES_H
#define NONET_TESTS_SUPPORT_FILES_H

#include <stddef.h>

typedef struct support_file {
    const char *path, *text;    /* path: below the folder, without a slash before it */
} support_file;

/* A new folder with these files in it; remove it with support_uproot. Static storage: one at a time. */
const char *support_plant(const support_file *files, size_t count);
void support_uproot(const char *root);

#endif
