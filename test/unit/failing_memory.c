#include "failing_memory.h"

#include <stdbool.h>
#include <stddef.h>

long calls_left = -1;

static bool runs_out(void)
{
  return calls_left >= 0 && calls_left-- == 0;
}

void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
  return runs_out() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
  return runs_out() ? NULL : __real_realloc(memory, size);
}

char *__wrap_strdup(const char *text)
{
  return runs_out() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t size)
{
  return runs_out() ? NULL : __real_strndup(text, size);
}
