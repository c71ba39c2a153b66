/* A writer of JSON, straight into a run of bytes: an event is written for every message, and building it as json-c
 * objects first takes several times as long as all else that is done for it here. Names and words of our own are
 * written as they are; what others chose is escaped. The first failure, for want of memory, is kept: look at it once,
 * at the end. */
#ifndef PS_JSON_WRITE_H
#define PS_JSON_WRITE_H

#include "base/buf.h"
#include "base/clock.h"

#include <stdbool.h>

struct ps_json {
  struct ps_buf out;
  int error;
  bool comma; /* something stands before, in the same object or array */
};

/* `key` is NULL in an array and for the outermost value. Every open wants its close. */
void ps_json_open(struct ps_json *json, const char *key, char bracket);
void ps_json_close(struct ps_json *json, char bracket);

void ps_json_null(struct ps_json *json, const char *key);
void ps_json_true(struct ps_json *json, const char *key);
void ps_json_count(struct ps_json *json, const char *key, uint64_t count);
/* Seconds, to the microsecond; negative is null. */
void ps_json_seconds(struct ps_json *json, const char *key, ps_time span);
/* NULL is null; bytes that are not UTF-8 are shown as question marks. */
void ps_json_text(struct ps_json *json, const char *key, const char *text);

/* Bytes that others chose: as JSON if they are JSON (and `as_json` allows it; a byte order mark before it is left out,
 * as readers of JSON do not take one in the middle of a text), as a string if they are UTF-8, else in
 * base64 with "key_encoding" beside it. */
void ps_json_bytes(struct ps_json *json, const char *key, const char *data, size_t size, bool as_json);

/* What was written, to be freed with free(), or NULL: no memory. The writer is empty afterwards. */
char *ps_json_take(struct ps_json *json);

#endif
