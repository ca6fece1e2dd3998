/* profile.c - the profile that a command was asked to use: by --profile, else by NONET_PROFILE. A profile that is refused is one
 * sentence, and the default plans serve. */
#include "cli/cli.h"
#include <stdlib.h>
#include <string.h>

const char *cli_profile_name(const cli_common *common)
{
    const char *name = common->profile ? common->profile : getenv("NONET_PROFILE");
    return name && *name && strcmp(name, "none") ? name : NULL;
}

static nonet_profile *opened;

static void close_profile(void)
{
    nonet_profile_close(opened);
    opened = NULL;
}

const nonet_profile *cli_profile_open(const char *name)
{
    static int asked;
    char why[4608];
    if (asked || !name)
        return opened;
    asked = 1;
    nonet_profile_open(&opened, strcmp(name, "cache") ? name : NULL, why, sizeof why);
    if (*why)
        cli_fail(0, "%s", why);
    if (opened)
        atexit(close_profile);
    return opened;
}

nonet_options cli_conv(const cli_common *common)
{
    nonet_options options = common->conv;
    options.profile = cli_profile_open(cli_profile_name(common));
    return options;
}
