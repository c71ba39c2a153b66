/* Texts of others: whether they are UTF-8, how bytes stand in a line of text, and which word was meant. */
#ifndef PS_BASE_TEXT_H
#define PS_BASE_TEXT_H

#include "base/buf.h"

#include <stdarg.h>
#include <stdbool.h>

/* Of C0, or DEL. */
static inline bool ps_text_is_control(char c)
{
  return (unsigned char)c < ' ' || c == 127;
}

/* Puts a question mark in the place of each, and of those of C1 in UTF-8: what quotes others' text is to be one line,
 * and nothing that a terminal obeys. */
void ps_text_hide_controls(char *text);

/* Likewise, and makes UTF-8 of it: a character that was cut off at the end goes, and a question mark stands for any
 * other byte that is none. */
void ps_text_clean(char *text);

/* Writes words for a person, who may be quoted what others wrote: one clean line that fits into `size` bytes. */
void ps_text_say(char *words, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
void ps_text_vsay(char *words, size_t size, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* How many bytes from the beginning are valid UTF-8 (RFC 3629). */
size_t ps_text_utf8_size(const char *text, size_t size);

/* Whether all of it is. */
bool ps_text_is_utf8(const char *text, size_t size);

/* The length of `text` without an incomplete UTF-8 sequence at its end, which cutting it off may have left. */
size_t ps_text_whole_utf8(const char *text, size_t size);

/* Appends `size` bytes in base64 (RFC 4648, section 4). 0 or -ENOMEM. */
int ps_text_base64(struct ps_buf *out, const void *data, size_t size);

/* Appends what `size` bytes of base64 stand for, which must be exact: padded, without white space, no bit lost. 0;
 * -EINVAL: they are not; -ENOMEM. */
int ps_text_from_base64(struct ps_buf *out, const char *text, size_t size);

/* The one of `words` (of which there are `count`) that was probably meant by `word`: at most two letters are wrong,
 * missing, too many or, side by side, swapped, and no more than a third of them, or one begins with the other. NULL:
 * none. */
const char *ps_text_nearest(const char *word, const char *const *words, size_t count);

#endif
