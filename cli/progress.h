/* progress.h - a bar on the terminal while a model's weights are packed. */
#ifndef NONET_CLI_PROGRESS_H
#define NONET_CLI_PROGRESS_H

/* For nonet_vgg_options.progress; context is not used. Draws on standard error if that is a terminal, a tenth of a second apart,
 * and wipes the bar when done reaches 1. */
void cli_progress(void *context, double done);

#endif
