/* main.c - finds the command and runs it. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/cli.h"
#include "vgg/file.h"

static const struct command {
    const char *name, *does;
    int (*run)(int argc, char **argv);
    char *title;                /* what getopt's own messages begin with */
} commands[] = {
    { "info", "what this CPU can do and which kernels serve it", cmd_info, "nonet info" },
    { "bench", "time a network or a layer against this machine's bound", cmd_bench, "nonet bench" },
    { "compare", "two benchmark runs: what is slower, and how sure that is", cmd_compare, "nonet compare" },
    { "report", "a page with plots and tables from benchmark runs", cmd_report, "nonet report" },
    { "classify", "name what pictures show", cmd_classify, "nonet classify" },
    { "eval", "error rates on labelled pictures", cmd_eval, "nonet eval" },
    { "features", "write the map after a layer, or rows of features of pictures", cmd_features, "nonet features" },
    { "explain", "a page about what a network makes of a picture", cmd_explain, "nonet explain" },
    { "convert", "turn any model file into a .nonet container", cmd_convert, "nonet convert" },
    { "pack", "add packed weights, so that opening takes no time", cmd_pack, "nonet pack" },
    { "verify", "check every kernel that this CPU can run", cmd_verify, "nonet verify" },
    { "tune", "measure what is fastest on this machine and keep it in a profile", cmd_tune, "nonet tune" },
    { "plan", "how each layer is computed here, and why", cmd_plan, "nonet plan" },
};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int help(void)
{
    printf("nonet %s: VGG networks and 3x3 convolution on the CPU\n\nusage: nonet COMMAND [OPTION]...\n\n", nonet_version());
    for (int i = 0; i < COMMANDS; i++)
        printf("  %-10s%s\n", commands[i].name, commands[i].does);
    printf("\nnonet COMMAND --help tells the options of a command; nonet --version the version.\n"
           "NONET_ISA=c|avx2|avx512|neon in the environment lowers the instruction set.\n"
           "Exit status: 0 fine, 1 the data or the machine is at fault, 2 the command line is.\n");
    return EXIT_SUCCESS;
}

static int is_one_of(const char *text, const char *a, const char *b, const char *c)
{
    return !strcmp(text, a) || !strcmp(text, b) || !strcmp(text, c);
}

/* What was written must have arrived: a full disk is an error, not a short file. */
static int flushed(int status)
{
    if ((fflush(stdout) || ferror(stdout)) && status == EXIT_SUCCESS)
        return cli_fail(EXIT_DATA, "cannot write to standard output");
    return status;
}

/* A file opened later must not become a standard stream that was closed: messages and results would go into it. Reading from
 * and writing to these stays the fault that it was, but for messages, which nobody wants then. */
static void fill_standard(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 1 ? O_RDONLY : O_WRONLY) != fd)
            _Exit(EXIT_DATA);
}

static void clean_up(int number)
{
    vgg_out_abandon();
    signal(number, SIG_DFL);
    raise(number);
}

/* Who ends the command finds no half of a file. A signal that is ignored (nohup) stays so. Writing beyond `ulimit -f` becomes a
 * fault of the write, which has a sentence. */
static void catch_signals(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE };
    struct sigaction action = { .sa_handler = clean_up, .sa_flags = SA_NODEFER }, old;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
    signal(SIGXFSZ, SIG_IGN);
}

int main(int argc, char **argv)
{
    fill_standard();
    catch_signals();
    if (argc < 2) {
        fputs("nonet: which command? Try 'nonet --help'.\n", stderr);
        return EXIT_USAGE;
    }
    if (is_one_of(argv[1], "--help", "-h", "help"))
        return flushed(help());
    if (is_one_of(argv[1], "--version", "-V", "version")) {
        printf("nonet %s\n", nonet_version());
        return flushed(EXIT_SUCCESS);
    }
    for (int i = 0; i < COMMANDS; i++)
        if (!strcmp(argv[1], commands[i].name)) {
            cli_command = commands[i].name;
            argv[1] = commands[i].title;
            return flushed(commands[i].run(argc - 1, argv + 1));
        }
    fprintf(stderr, "nonet: there is no command '%s'; 'nonet --help' lists them.\n", argv[1]);
    return EXIT_USAGE;
}
