/* Texts of others: whether they are UTF-8 and JSON, and how to have them stand in a line of JSON. */
#ifndef PS_BASE_TEXT_H
#define PS_BASE_TEXT_H

#include "base/buf.h"

#include <stdbool.h>

/* Appends `text`, which is `size` bytes, to `out` without the white space between its tokens, if it is one valid JSON
 * text (RFC 8259) in valid UTF-8, not nested deeper than 32, without a NUL in a member's name (which readers in C would
 * cut short). Nothing else about it is changed: numbers keep all their digits and objects all their members. 0; -EINVAL
 * if it is not such a text, -E2BIG if it is nested too deep (`out` may hold a part of it); -ENOMEM. */
int ps_text_compact_json(struct ps_buf *out, const char *text, size_t size);

/* Whether it is valid UTF-8 (RFC 3629). */
bool ps_text_is_utf8(const char *text, size_t size);

/* The length of `text` without an incomplete UTF-8 sequence at its end, which cutting it off may have left. */
size_t ps_text_whole_utf8(const char *text, size_t size);

/* Appends `size` bytes in base64 (RFC 4648, section 4). 0 or -ENOMEM. */
int ps_text_base64(struct ps_buf *out, const void *data, size_t size);

#endif
