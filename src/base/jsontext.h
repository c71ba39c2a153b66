/* JSON texts of others (RFC 8259), as text: whether they are valid, and where in them a value stands. json-c would take
 * what is not JSON, clamp long integers, drop duplicate members and tell no line; a value that is only passed on is
 * passed on as it was written. No locking; nothing is kept between calls. */
#ifndef PS_BASE_JSONTEXT_H
#define PS_BASE_JSONTEXT_H

#include "base/buf.h"

#include <stdbool.h>

/* How deep a text may be nested (RFC 8259, section 9 leaves it to the reader), and the words for one that is deeper. */
#define PS_JSONTEXT_DEPTH    256
#define PS_JSONTEXT_TOO_DEEP "it is nested more than 256 deep"

/* What is wrong with a text, and where: `offset` bytes from its beginning. A static string. */
struct ps_jsontext_fault {
  size_t offset;
  const char *words;
};

/* A value in a text that was found valid: its first byte and its length, without white space around it. The first byte
 * tells its type: { [ " t f n, or a number's. */
struct ps_jsontext_value {
  const char *text;
  size_t size;
};

/* Appends `text`, which is `size` bytes, to `out` without the white space between its tokens, if it is one valid JSON
 * text in valid UTF-8, not nested too deep, without a NUL in a member's name (which readers in C would cut short).
 * Nothing else about it is changed: numbers keep all their digits and objects all their members. 0; -EINVAL: it is not
 * JSON; -E2BIG or -ENOTSUP: it is, but nested too deep or with such a name; -ENOMEM. Then `out` may hold a part of
 * it. */
int ps_jsontext_compact(struct ps_buf *out, const char *text, size_t size);

/* Whether it is such a text, and where it is not. `unique`: a member that stands twice in one object is wrong too
 * (-ENOTSUP), however it is escaped; the names of each object are sorted for that, so the time is near to linear
 * whatever the text, and -ENOMEM is possible. Without `unique` it needs no memory. 0, or -EINVAL, -E2BIG or -ENOTSUP as
 * above with the fault told (`fault` may be NULL). The stack that it takes does not grow with the depth. */
int ps_jsontext_check(const char *text, size_t size, bool unique, struct ps_jsontext_fault *fault);

/* How long the valid value is that begins a text, whatever follows it; 0: none begins it. */
size_t ps_jsontext_begin(const char *text, size_t size);

/* What stands before the words of a fault that was found with this error: "it is not JSON: " or, where it is, "". */
const char *ps_jsontext_blame(int error);

/* How long the byte order mark at the beginning of a text is, which a reader may skip (RFC 8259, 8.1); 0: there is
 * none. To the functions above it is no part of JSON. */
size_t ps_jsontext_mark_size(const char *text, size_t size);

/* The whole of a valid text as a value. */
struct ps_jsontext_value ps_jsontext_root(const char *text, size_t size);

/* Where `pointer` (RFC 6901, valid) leads to in `value`; of members with the same name the last counts. False:
 * nowhere. */
bool ps_jsontext_find(struct ps_jsontext_value value, const char *pointer, struct ps_jsontext_value *found);

/* Whether `text`, of `size` bytes, is a JSON pointer (RFC 6901, section 3): "" or "/" before each step, "~" only before
 * 0 and 1. */
bool ps_jsontext_is_pointer(const char *text, size_t size);

/* The members of an object, one after the other: begin with `*at` NULL. False after the last. `name` is a string
 * value, quotes and escapes in it. */
bool ps_jsontext_member(struct ps_jsontext_value object, const char **at, struct ps_jsontext_value *name,
                        struct ps_jsontext_value *value);

/* The items of an array, likewise. */
bool ps_jsontext_element(struct ps_jsontext_value array, const char **at, struct ps_jsontext_value *value);

/* Appends the characters that a string value stands for. 0; -ENOMEM; -EINVAL: it stands for a lone surrogate, which
 * UTF-8 cannot say. */
int ps_jsontext_unquote(struct ps_buf *out, struct ps_jsontext_value string);

/* Where in a string a quote, a backslash or a control character comes next, from `at` on; or `end`. */
const char *ps_jsontext_plain(const char *at, const char *end);

/* Whether a string value stands for `text`. */
bool ps_jsontext_is(struct ps_jsontext_value string, const char *text);

/* Whether two string values stand for the same characters. */
bool ps_jsontext_same(struct ps_jsontext_value a, struct ps_jsontext_value b);

/* The order of the characters that two string values stand for, byte by byte: below, above or, if they are the same, 0. */
int ps_jsontext_order(struct ps_jsontext_value a, struct ps_jsontext_value b);

/* Whether two values are equal: numbers by value (1 is 1.0; see jsonequal.c), strings by the characters that they stand
 * for, arrays in order, objects in whatever order, where of members with the same name the last counts. `wanted` is our
 * user's: the time is linear in the size of `found`, whatever stands there, times the depth of `wanted` and the
 * logarithm of the number of its members. 0 and the answer in `*equal`, or -ENOMEM. */
int ps_jsontext_equal(struct ps_jsontext_value wanted, struct ps_jsontext_value found, bool *equal);

/* Appends `size` bytes of valid UTF-8 as a JSON string, with its quotes or, for what stands inside of one, without.
 * 0 or -ENOMEM. */
int ps_jsontext_quote(struct ps_buf *out, const char *text, size_t size, bool quotes);

#endif
