/* Memory that can run out: calloc, realloc, strdup and strndup come here, in tests for which meson.build has them wrapped. */
#ifndef FAILING_MEMORY_H
#define FAILING_MEMORY_H

extern long calls_left; /* the call after so many fails; negative: none does */

#endif
