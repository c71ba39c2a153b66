/* Structs that grow: a caller may have been compiled with an older or a newer header than this library. Fields are only
 * ever appended, and 0 is the default of each that is. */
#ifndef PS_BASE_SIZED_H
#define PS_BASE_SIZED_H

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* What a caller whose struct has `size` bytes has filled, as ours of `own` bytes. -EINVAL: he asks for what this
 * version does not have. */
static inline int ps_sized_take(void *to, size_t own, const void *from, size_t size)
{
  const char *bytes = from;
  for (size_t i = own; i < size; i++)
    if (bytes[i])
      return -EINVAL;
  memset(to, 0, own);
  memcpy(to, from, size < own ? size : own);
  return 0;
}

/* Fills a caller's struct of `size` bytes from ours of `own` bytes. */
static inline void ps_sized_give(void *to, size_t size, const void *from, size_t own)
{
  memset(to, 0, size);
  memcpy(to, from, size < own ? size : own);
}

#endif
