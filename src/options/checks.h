/* Checks of values that are kept as they were written. The words begin with what the text was to be ("method: ..."). Each
 * gives 0; -ENOMEM; -EINVAL, and `error` has the words. */
#ifndef PS_OPTIONS_CHECKS_H
#define PS_OPTIONS_CHECKS_H

#include "options/options.h"

int ps_option_check(const struct ps_option *option, const char *text, struct ps_error *error);

/* A text with placeholders, of a URL, a header or a body: they are checked, and the text with something in their place.
 * The words say what kind of template it is. */
int ps_option_check_template(const struct ps_option *option, const char *text, struct ps_error *error);

#endif
