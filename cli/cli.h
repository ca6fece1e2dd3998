/* cli.h - what the commands of `nonet` share. Exit status: 0 fine, 1 data or machine at fault, 2 usage. */
#ifndef NONET_CLI_H
#define NONET_CLI_H

#include <getopt.h>
#include "nonet.h"
#include "nonet_vgg.h"

enum { EXIT_DATA = 1, EXIT_USAGE = 2 };

/* One function a command, one file each (cli/info.c ...); argv[0] is the command's name. */
int cmd_info(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_compare(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_classify(int argc, char **argv);
int cmd_features(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_convert(int argc, char **argv);
int cmd_pack(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_tune(int argc, char **argv);
int cmd_plan(int argc, char **argv);

/* Options that several commands take: put CLI_COMMON_LONG into the getopt_long table and pass what it returns to cli_common. */
typedef struct cli_common {
    nonet_options conv;         /* --threads, --isa, --algo, --fc-weights, --winograd-weights */
    const char *json;           /* --json [FILE]: NULL when not asked for, "-" is standard output */
    const char *profile;        /* --profile FILE|cache|none: NULL when not given */
} cli_common;
/* Commands number theirs from CLI_OWN. */
enum { CLI_THREADS = 1000, CLI_ISA, CLI_ALGO, CLI_FC_WEIGHTS, CLI_FORM, CLI_JSON, CLI_PROFILE, CLI_HELP, CLI_OWN };
#define CLI_COMMON_LONG                                                                                                        \
    { "threads", required_argument, NULL, CLI_THREADS }, { "isa", required_argument, NULL, CLI_ISA },                          \
    { "algo", required_argument, NULL, CLI_ALGO }, { "json", required_argument, NULL, CLI_JSON },                              \
    { "fc-weights", required_argument, NULL, CLI_FC_WEIGHTS },                                                              \
    { "winograd-weights", required_argument, NULL, CLI_FORM }, { "profile", required_argument, NULL, CLI_PROFILE },            \
    { "help", no_argument, NULL, CLI_HELP }
/* 1 if it was a common option and is taken; 0 if not; exits with 2 and a sentence when its value is wrong. */
int cli_common_option(int option, const char *value, cli_common *common);
/* Lines of --help for the common options; without --json; and for --threads, --isa and --json alone. */
extern const char cli_common_help[], cli_conv_help[], cli_run_help[];

/* The profile to use: --profile, else NONET_PROFILE; NULL for none. "cache" is the one that `nonet tune` keeps. */
const char *cli_profile_name(const cli_common *common);
/* Opens it once in a process, for as long as that lives; a sentence on standard error and NULL if it is refused. name may be
 * NULL. */
const nonet_profile *cli_profile_open(const char *name);
/* conv with that profile: for commands that run networks or layers. */
nonet_options cli_conv(const cli_common *common);

/* The command that runs; "" before there is one. Set by main. */
extern const char *cli_command;
/* "nonet COMMAND: sentence" on standard error; returns status, so that callers can write: return cli_fail(EXIT_DATA, ...). */
int cli_fail(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A whole number in a range, or a sentence and exit status 2. */
int64_t cli_number(const char *option, const char *text, int64_t min, int64_t max);
/* Ends with a sentence and exit status 2: two outputs that are one file, or both "-"; an output that would be written over one of
 * the inputs; an output that has to be a file and is "-". Any path may be NULL: not given. */
void cli_two_outputs(const char *option, const char *path, const char *other, const char *other_path);
void cli_keep(const char *option, const char *path, const char *what, const char *const *inputs, int count);
void cli_no_stream(const char *option, const char *path);
/* HEIGHTxWIDTH, each 1 to 16384, or a sentence and exit status 2. */
void cli_size(const char *option, const char *text, int *height, int *width);
/* The exit status for a status of nonet_vgg.h. */
int cli_exit_of(nonet_vgg_status status);

#endif
