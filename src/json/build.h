/* Small helpers to build json-c objects. Each adds a member to `object` and says whether it could; with a NULL object
 * they do nothing and say no, so that a chain of them needs one check at its end. */
#ifndef PS_JSON_BUILD_H
#define PS_JSON_BUILD_H

#include "base/clock.h"

#include <json-c/json.h>
#include <stdbool.h>

/* Takes over `value`, NULL included: that means no memory. */
bool ps_json_add(struct json_object *object, const char *key, struct json_object *value);
bool ps_json_add_null(struct json_object *object, const char *key);
/* A string; NULL: no memory. Bytes that are not UTF-8 are shown as question marks. */
struct json_object *ps_json_text(const char *text);
/* NULL text is null; bytes that are not UTF-8 are shown as question marks. */
bool ps_json_add_text(struct json_object *object, const char *key, const char *text);
bool ps_json_add_count(struct json_object *object, const char *key, uint64_t count);
/* Seconds, to the microsecond; negative is null. */
bool ps_json_add_seconds(struct json_object *object, const char *key, ps_time span);

/* Bytes that others chose: "key" holds them as JSON if they are JSON (and `as_json` allows it), as a string if they are
 * UTF-8, else in base64 with "key_encoding" beside it. */
bool ps_json_add_bytes(struct json_object *object, const char *key, const char *data, size_t size, bool as_json);

/* The object as one line, to be freed with free(); the object is given up. NULL: no memory, or no object. */
char *ps_json_line(struct json_object *object, bool complete);

#endif
