/* Configuration files, and values that are written as a part of one. */
#ifndef PS_OPTIONS_FILE_H
#define PS_OPTIONS_FILE_H

#include "options/config.h"

/* Adds what the text of a file says to the levels and the endpoints of `config`, strictly: what is unknown, twice there,
 * of a wrong type or out of range is refused. Secrets are read from the environment and from files where it says so.
 * 0; -ENOMEM; -EINVAL, and `error` says on which line, at which path, and what would be right. */
int ps_file_read(struct poolsend_config *config, const char *text, size_t size, struct ps_error *error);

/* Sets one option from the JSON that the file would have for it. The words begin with a path below the value, if any. */
int ps_file_read_value(struct ps_options *options, const struct ps_option *option, const char *text,
                       struct ps_error *error);

#endif
