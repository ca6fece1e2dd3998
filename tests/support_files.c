/* support_files.c - see support_files.h. */
#include "tests/support_files.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "tests/support.h"

static void plant(const char *root, const support_file *file)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s", root, file->path);
    for (char *slash = strchr(path + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *f = fopen(path, "w");
    support_need(f && fputs(file->text, f) >= 0 && fclose(f) == 0, "cannot write %s", path);
}

const char *support_plant(const support_file *files, size_t count)
{
    static char root[sizeof P_tmpdir "/nonet-test-XXXXXX"];

    snprintf(root, sizeof root, "%s", P_tmpdir "/nonet-test-XXXXXX");
    support_need(mkdtemp(root) != NULL, "no temporary folder");
    for (size_t i = 0; i < count; i++)
        plant(root, &files[i]);
    return root;
}

void support_uproot(const char *root)
{
    char command[96];

    snprintf(command, sizeof command, "rm -rf %s", root);
    support_need(system(command) == 0, "%s", command);
}
