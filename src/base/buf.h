/* A growing run of bytes. `data` is always followed by a NUL that `size` does not count, once anything was written.
 * Growth that fails leaves the content as it was. No locking of its own. */
#ifndef PS_BASE_BUF_H
#define PS_BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>

struct ps_buf {
  char *data;
  size_t size, room;
};

void ps_buf_fini(struct ps_buf *buf);

/* Make sure that `more` bytes fit behind those that are there, and a NUL. 0 or -ENOMEM. */
int ps_buf_reserve(struct ps_buf *buf, size_t more);

/* 0 or -ENOMEM, each of them. */
int ps_buf_append(struct ps_buf *buf, const void *data, size_t size);
int ps_buf_puts(struct ps_buf *buf, const char *text);
int ps_buf_printf(struct ps_buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
int ps_buf_vprintf(struct ps_buf *buf, const char *format, va_list arguments) __attribute__((format(printf, 2, 0)));

/* Keep the first `size` bytes, at most as many as there are, and give back the memory of the others. */
void ps_buf_cut(struct ps_buf *buf, size_t size);

/* Empty it, keeping its memory. */
void ps_buf_clear(struct ps_buf *buf);

#endif
