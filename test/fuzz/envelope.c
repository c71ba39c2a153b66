/* Envelopes, which come from strangers: one that is taken has nothing in it that could leave its place in a request, it
 * is what json-c reads there, and printed again it is the same message. The input is a line. */
#include "target.h"

#include "base/jsontext.h"
#include "base/text.h"
#include "engine/draft.h"
#include "net/check.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static void require_json(const char *text, size_t size)
{
  struct json_object *tree;
  REQUIRE(!ps_jsontext_check(text, size, false, NULL), "a body that counts as JSON is JSON");
  REQUIRE(fuzz_json(text, size, &tree), "a body that counts as JSON is JSON to json-c");
  json_object_put(tree);
}

/* Whatever their case. */
static bool same_name(const char *a, const char *b)
{
  size_t size = strcspn(a, ":");
  return strncasecmp(a, b, size + 1) == 0;
}

static void require_header(const struct poolsend_message *message, const char *line)
{
  struct ps_error error;
  REQUIRE(!fuzz_has_control(line, strlen(line), false), "a header has no control characters");
  REQUIRE(!ps_check_message_header(line, &error), "a header that was taken is a good one");
  REQUIRE(strstr(line, ": "), "a header has a name and a value");
  for (const char *next = line; (next = ps_draft_next_header(message, next));)
    REQUIRE(!same_name(next, line), "a header is there once");
}

static void require_clean(const struct poolsend_message *message)
{
  size_t headers = 0;
  REQUIRE(!*message->id || poolsend_id_is_valid(message->id), "an id is a valid one");
  REQUIRE(message->has_body || message->part_count, "there is something to send");
  for (const char *line = NULL; (line = ps_draft_next_header(message, line)); headers++)
    require_header(message, line);
  REQUIRE(headers == message->header_count, "headers are counted");
  if (message->json)
    require_json(message->body.data, message->body.size);
  for (size_t i = 0; i < message->part_count; i++)
    if (message->parts[i].json)
      require_json(message->parts[i].body.data, message->parts[i].body.size);
}

/* ---- What json-c reads */

static void require_text(struct json_object *object, const char *key, const char *text, size_t size)
{
  struct json_object *value;
  REQUIRE(json_object_object_get_ex(object, key, &value), "json-c finds it too");
  const char *read = json_object_get_string(value);
  size_t length = (size_t)json_object_get_string_len(value);
  if (!json_object_is_type(value, json_type_string) || fuzz_is_replaced(read, length))
    return;
  REQUIRE(length == size && memcmp(read, text, size) == 0, "json-c reads the same");
}

static void require_headers(struct json_object *tree, const struct poolsend_message *message)
{
  struct json_object *headers;
  if (!json_object_object_get_ex(tree, "headers", &headers))
    return;
  REQUIRE((size_t)json_object_object_length(headers) == message->header_count, "no header is lost");
  for (const char *line = NULL; (line = ps_draft_next_header(message, line));) {
    char name[300];
    const char *colon = strchr(line, ':');
    snprintf(name, sizeof name, "%.*s", (int)(colon - line), line);
    require_text(headers, name, colon + 2, strlen(colon + 2));
  }
}

static void compare(const char *line, size_t size, const struct poolsend_message *message)
{
  struct json_object *tree, *bodies;
  REQUIRE(fuzz_json(line, size, &tree), "an envelope is JSON to json-c");
  if (*message->id)
    require_text(tree, "id", message->id, strlen(message->id));
  if (message->has_body && !message->json && json_object_object_get_ex(tree, "body", NULL))
    require_text(tree, "body", message->body.data, message->body.size);
  if (json_object_object_get_ex(tree, "bodies", &bodies))
    for (size_t i = 0; i < message->part_count; i++)
      if (json_object_object_get_ex(bodies, message->parts[i].endpoint, NULL))
        require_text(bodies, message->parts[i].endpoint, message->parts[i].body.data, message->parts[i].body.size);
  require_headers(tree, message);
  json_object_put(tree);
}

/* ---- Printed again */

static void print_key(struct ps_buf *out, const char *key, size_t size)
{
  if (out->size && out->data[out->size - 1] != '{')
    ps_buf_puts(out, ",");
  ps_jsontext_quote(out, key, size, true);
  ps_buf_puts(out, ":");
}

static void print_body(struct ps_buf *out, const char *body, size_t size, bool json)
{
  if (json)
    ps_buf_append(out, body, size);
  else
    ps_jsontext_quote(out, body, size, true);
}

static void print_main_body(struct ps_buf *out, const struct poolsend_message *message)
{
  bool text = ps_text_is_utf8(message->body.data, message->body.size);
  print_key(out, text ? "body" : "body_base64", text ? 4 : 11);
  if (text) {
    print_body(out, message->body.data, message->body.size, message->json);
    return;
  }
  ps_buf_puts(out, "\"");
  ps_text_base64(out, message->body.data, message->body.size);
  ps_buf_puts(out, "\"");
}

static void print(struct ps_buf *out, const struct poolsend_message *message)
{
  ps_buf_puts(out, "{");
  if (*message->id) {
    print_key(out, "id", 2);
    ps_jsontext_quote(out, message->id, strlen(message->id), true);
  }
  if (message->has_body)
    print_main_body(out, message);
  print_key(out, "bodies", 6);
  ps_buf_puts(out, "{");
  for (size_t i = 0; i < message->part_count; i++) {
    print_key(out, message->parts[i].endpoint, strlen(message->parts[i].endpoint));
    print_body(out, message->parts[i].body.data, message->parts[i].body.size, message->parts[i].json);
  }
  ps_buf_puts(out, "}");
  print_key(out, "headers", 7);
  ps_buf_puts(out, "{");
  for (const char *line = NULL; (line = ps_draft_next_header(message, line));) {
    const char *colon = strchr(line, ':');
    print_key(out, line, (size_t)(colon - line));
    ps_jsontext_quote(out, colon + 2, strlen(colon + 2), true);
  }
  ps_buf_puts(out, "}}");
}

static bool same_body(const struct ps_buf *a, const struct ps_buf *b)
{
  return a->size == b->size && (!a->size || memcmp(a->data, b->data, a->size) == 0);
}

static void require_same(const struct poolsend_message *a, const struct poolsend_message *b)
{
  REQUIRE(strcmp(a->id, b->id) == 0, "printed again the id is the same");
  REQUIRE(a->has_body == b->has_body && a->json == b->json && same_body(&a->body, &b->body),
          "printed again the body is the same");
  REQUIRE(a->part_count == b->part_count && a->header_count == b->header_count, "printed again nothing is lost");
  for (size_t i = 0; i < a->part_count; i++) {
    const struct ps_draft_part *p = &a->parts[i], *q = &b->parts[i];
    REQUIRE(strcmp(p->endpoint, q->endpoint) == 0, "printed again bodies have the same names");
    REQUIRE(p->json == q->json && same_body(&p->body, &q->body), "printed again bodies are the same");
  }
  REQUIRE(same_body(&a->headers, &b->headers), "printed again headers are the same");
}

/* One message is loaded again and again, and must be as if it was new; the other is new each time. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static struct poolsend_message *message;
  struct fuzz_input input = fuzz_input_of(data, size);
  struct poolsend_message *again = poolsend_message_new(NULL, 0);
  struct ps_buf printed = {0};
  message = message ? message : poolsend_message_new("before", POOLSEND_TEXT);
  REQUIRE(message && again, "there is memory");
  if (poolsend_message_load(message, input.at, size)) {
    REQUIRE(!*message->id || poolsend_id_is_valid(message->id), "an id is a valid one, where a line is refused too");
    fuzz_require_words(poolsend_message_error(message));
    poolsend_message_free(again);
    return 0;
  }
  require_clean(message);
  compare(input.at, size, message);
  print(&printed, message);
  REQUIRE(!poolsend_message_load(again, printed.data, printed.size), "printed again it is an envelope");
  require_same(message, again);
  ps_buf_fini(&printed);
  poolsend_message_free(again);
  return 0;
}
