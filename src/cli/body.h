/* Reading what an option names with "@": the body's pieces joined as curl joins them, and files of headers. */
#ifndef PS_CLI_BODY_H
#define PS_CLI_BODY_H

#include "cli/settings.h"

/* Reads and joins the pieces into `settings->body`, at most max_body bytes. False: said why. */
bool ps_cli_load_body(struct ps_cli_settings *settings);

/* Have `take` called with each header of a file, one a line; "-" is standard input. False: said why. */
typedef bool ps_cli_take_header(struct ps_cli_settings *settings, const char *line);
bool ps_cli_load_headers(struct ps_cli_settings *settings, const char *path, ps_cli_take_header *take);

/* Appends a whole file, or standard input for "-", of at most `limit` bytes. False: said why. */
bool ps_cli_load_file(struct ps_cli_settings *settings, const char *path, size_t limit, struct ps_buf *into);

#endif
