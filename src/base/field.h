/* Field lines as users and libcurl write them: "Name: value", "Name:" for one that is taken away and "Name;" for an
 * empty one. */
#ifndef PS_BASE_FIELD_H
#define PS_BASE_FIELD_H

#include <stdbool.h>

/* Whether `line` is of this name, in whatever case. Either may be a line or no more than a name: the name ends before
 * the first ":" or ";". This is the only place where that is decided. */
bool ps_field_is(const char *line, const char *name);

#endif
