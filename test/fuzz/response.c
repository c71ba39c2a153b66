/* A server's answer in an event line: whatever bytes come, the line is one line of JSON, and what is embedded in it
 * leads back to them. The input is a letter whose bits say which event it is, the words that the transport quotes from
 * the server up to the end of the line, and the body. */
#include "target.h"

#include "base/jsontext.h"
#include "base/text.h"
#include "engine/account.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRUNCATED = 1, SETTLED = 2, WON = 4 };

static struct ps_jsontext_value find(const char *line, const char *pointer)
{
  struct ps_jsontext_value found;
  REQUIRE(ps_jsontext_find(ps_jsontext_root(line, strlen(line)), pointer, &found), "an event has what it should have");
  return found;
}

static bool has(const char *line, const char *pointer)
{
  struct ps_jsontext_value found;
  return ps_jsontext_find(ps_jsontext_root(line, strlen(line)), pointer, &found);
}

static void require_line(const char *line)
{
  struct json_object *tree;
  size_t size = strlen(line);
  REQUIRE(!fuzz_has_control(line, size, true) || strchr(line, 127), "an event is one line");
  int error = ps_jsontext_check(line, size, true, NULL);
  /* The names in what a server sends may be twice there, and it may be as deep as is let in: then it is deeper here. */
  REQUIRE(!error || error == -E2BIG || !ps_jsontext_check(line, size, false, NULL), "an event is JSON");
  REQUIRE(fuzz_json(line, size, &tree) && json_object_is_type(tree, json_type_object), "an event is JSON to json-c");
  json_object_put(tree);
}

/* What is not UTF-8 in the transport's words becomes question marks, as many. */
static void require_words(const char *line, const char *pointer, const char *words)
{
  struct ps_buf told = {0};
  REQUIRE(!ps_jsontext_unquote(&told, find(line, pointer)), "words are text");
  REQUIRE(told.size == strlen(words), "words are whole");
  if (ps_text_is_utf8(words, told.size))
    REQUIRE(strcmp(told.data, words) == 0, "words are told as they are");
  ps_buf_fini(&told);
}

static void decode(const char *line, const char *pointer, struct ps_buf *bytes)
{
  char encoding[64];
  struct ps_jsontext_value value = find(line, pointer);
  snprintf(encoding, sizeof encoding, "%s_encoding", pointer);
  REQUIRE(*value.text == '"', "what is not JSON is a string");
  if (has(line, encoding))
    REQUIRE(!ps_text_from_base64(bytes, value.text + 1, value.size - 2), "base64 is exact");
  else
    REQUIRE(!ps_jsontext_unquote(bytes, value), "text is text");
}

/* What a character begins with that was cut off in its middle, as far as its first byte tells. */
static bool is_part_of_character(const char *data, size_t size)
{
  unsigned char lead = size ? (unsigned char)*data : 0;
  size_t whole = lead < 0xc2 || lead > 0xf4 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  size_t at = 1;
  while (at < size && (data[at] & 0xc0) == 0x80)
    at++;
  return size < whole && at == size;
}

/* As JSON it is the same but for white space and a byte order mark; else the bytes come back, but for a character that was cut. */
static void require_body(const char *line, const char *pointer, const struct ps_response *response)
{
  struct ps_buf bytes = {0};
  size_t mark = ps_jsontext_mark_size(response->data, response->size);
  if (!response->truncated && !ps_jsontext_compact(&bytes, response->data + mark, response->size - mark)) {
    struct ps_jsontext_value value = find(line, pointer);
    REQUIRE(value.size == bytes.size && memcmp(value.text, bytes.data, bytes.size) == 0, "JSON is embedded as JSON");
    ps_buf_fini(&bytes);
    return;
  }
  bytes.size = 0;
  decode(line, pointer, &bytes);
  size_t missing = response->size - bytes.size;
  REQUIRE(bytes.size <= response->size && memcmp(bytes.data, response->data, bytes.size) == 0, "the bytes come back");
  REQUIRE(missing == 0 || (response->truncated && is_part_of_character(response->data + bytes.size, missing)),
          "nothing is missing but a part of a character");
  size_t text = ps_text_utf8_size(response->data, response->size);
  if (response->truncated && is_part_of_character(response->data + text, response->size - text))
    REQUIRE(bytes.size == text, "text stays text though it was cut in a character");
  ps_buf_fini(&bytes);
}

static char *print(const struct poolsend_attempt *attempt, unsigned flags)
{
  const struct poolsend_attempt *attempts[] = {attempt};
  const char *not_tried[] = {attempt->error};
  struct poolsend_event event = {.message = "m", .t = 1, .line = 7};
  if (flags & SETTLED) {
    event.kind = POOLSEND_EVENT_SETTLED;
    event.attempts = attempts;
    event.attempt_count = 1;
    event.winner = flags & WON ? attempt : NULL;
    event.not_tried = not_tried;
    event.not_tried_count = 1;
  } else {
    event.kind = POOLSEND_EVENT_DELIVERED;
    event.attempt = attempt;
  }
  return poolsend_event_json(&event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct fuzz_input input = fuzz_input_of(data, size);
  unsigned flags = size ? *data : 0;
  input.at += size > 0;
  char *words = fuzz_take_line(&input);
  struct ps_response response = {
      .data = input.at, .size = (size_t)(input.end - input.at), .truncated = flags & TRUNCATED, .spool = -1};
  struct poolsend_attempt attempt = {
      .number = 1, .name = words, .url = words, .error = words, .status = 200, .finished = 2, .response = &response};

  char *line = print(&attempt, flags);
  const char *pointer = flags & SETTLED ? "/attempts/0/response" : "/response";
  REQUIRE(line, "there is memory");
  require_line(line);
  require_words(line, flags & SETTLED ? "/attempts/0/error" : "/url", words);
  require_body(line, pointer, &response);
  REQUIRE(has(line, flags & SETTLED ? "/attempts/0/response_truncated" : "/response_truncated") == response.truncated,
          "what was cut says so");
  free(line);
  free(words);
  return 0;
}
