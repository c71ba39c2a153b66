#ifndef PS_OPTIONS_FILE_VALUES_H
#define PS_OPTIONS_FILE_VALUES_H

#include "options/file_reader.h"
#include "options/options.h"

/* Sets an option to the value at hand. 0; -EINVAL, and the reader's error is written; -ENOMEM. */
int ps_file_value(struct ps_file_reader *reader, const struct ps_option *option, struct json_object *value,
                  struct ps_options *options);

#endif
