#include "base/buf.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ps_buf_fini(struct ps_buf *buf)
{
  free(buf->data);
  *buf = (struct ps_buf){0};
}

int ps_buf_reserve(struct ps_buf *buf, size_t more)
{
  if (more >= SIZE_MAX / 2 - buf->size)
    return -ENOMEM;
  size_t need = buf->size + more + 1;
  if (need <= buf->room)
    return 0;
  size_t room = buf->room ? buf->room : 64;
  while (room < need)
    room *= 2;
  char *data = realloc(buf->data, room);
  if (!data)
    return -ENOMEM;
  buf->data = data;
  buf->room = room;
  return 0;
}

int ps_buf_append(struct ps_buf *buf, const void *data, size_t size)
{
  if (ps_buf_reserve(buf, size))
    return -ENOMEM;
  if (size)
    memcpy(buf->data + buf->size, data, size);
  buf->size += size;
  buf->data[buf->size] = '\0';
  return 0;
}

int ps_buf_puts(struct ps_buf *buf, const char *text)
{
  return ps_buf_append(buf, text, strlen(text));
}

int ps_buf_vprintf(struct ps_buf *buf, const char *format, va_list arguments)
{
  va_list again;
  va_copy(again, arguments);
  int size = vsnprintf(NULL, 0, format, again);
  va_end(again);
  if (size < 0 || ps_buf_reserve(buf, (size_t)size))
    return -ENOMEM;
  vsnprintf(buf->data + buf->size, (size_t)size + 1, format, arguments);
  buf->size += (size_t)size;
  return 0;
}

int ps_buf_printf(struct ps_buf *buf, const char *format, ...)
{
  va_list arguments;
  va_start(arguments, format);
  int error = ps_buf_vprintf(buf, format, arguments);
  va_end(arguments);
  return error;
}

void ps_buf_cut(struct ps_buf *buf, size_t size)
{
  if (!buf->data)
    return;
  buf->size = size;
  buf->data[size] = '\0';
  char *data = realloc(buf->data, size + 1);
  if (!data)
    return;
  buf->data = data;
  buf->room = size + 1;
}

void ps_buf_clear(struct ps_buf *buf)
{
  buf->size = 0;
  if (buf->data)
    buf->data[0] = '\0';
}
