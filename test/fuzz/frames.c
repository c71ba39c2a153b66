#include "frames.h"

#include "target.h"

#include <stdlib.h>
#include <string.h>

enum { END_STREAM = 1, END_HEADERS = 4, PADDED = 8 };

#define PADDING 3

/* A line, taken apart. */
struct line {
  char type;
  const char *changes, *payload, *end; /* each ends where the next begins */
};

static void put(struct ps_buf *out, const void *bytes, size_t size)
{
  REQUIRE(!ps_buf_append(out, bytes, size), "there is memory");
}

static void put_number(struct ps_buf *out, uint64_t number, unsigned bytes)
{
  while (bytes--) {
    char byte = (char)(number >> (8 * bytes));
    put(out, &byte, 1);
  }
}

static struct line take_apart(const char *text, size_t size)
{
  const char *end = text + size, *space = memchr(text, ' ', size);
  return (struct line){*text, text + 1, space ? space : end, end};
}

static bool is_changed(const struct line *line, char change)
{
  return memchr(line->changes, change, (size_t)(line->payload - line->changes)) != NULL;
}

/* The bytes of the payload, without the space before it. */
static struct fuzz_input payload_of(const struct line *line)
{
  return (struct fuzz_input){line->payload + (line->payload < line->end), line->end};
}

static uint32_t take_number(struct fuzz_input *payload)
{
  uint32_t number = 0;
  while (payload->at < payload->end && *payload->at >= '0' && *payload->at <= '9')
    number = number * 10 + (uint32_t)(*payload->at++ - '0');
  payload->at += payload->at < payload->end;
  return number;
}

/* What stands before the next bar. */
static struct fuzz_input take_part(struct fuzz_input *payload)
{
  const char *bar = memchr(payload->at, '|', (size_t)(payload->end - payload->at));
  struct fuzz_input part = {payload->at, bar ? bar : payload->end};
  payload->at = bar ? bar + 1 : payload->end;
  return part;
}

/* RFC 7541, 5.2: a string as it is, behind its length. */
static void put_string(struct ps_buf *block, const char *text, size_t size)
{
  char byte;
  size_t rest = size;
  if (size < 127) {
    put_number(block, size, 1);
  } else {
    put_number(block, 127, 1);
    for (rest -= 127; rest >= 128; rest /= 128) {
      byte = (char)(128 + rest % 128);
      put(block, &byte, 1);
    }
    put_number(block, rest, 1);
  }
  put(block, text, size);
}

/* RFC 7541, 6.2.2: a literal that is not to be remembered. The name of a pseudo-header begins with a colon. */
static void put_field(struct ps_buf *block, struct fuzz_input field)
{
  size_t size = (size_t)(field.end - field.at);
  const char *equals = size ? memchr(field.at, '=', size) : NULL;
  size_t name = equals ? (size_t)(equals - field.at) : size;
  put_number(block, 0, 1);
  put_string(block, field.at, name);
  put_string(block, field.at + name + (equals != NULL), equals ? size - name - 1 : 0);
}

static void put_fields(struct ps_buf *block, struct fuzz_input payload, struct frame_meaning *meaning)
{
  while (payload.at < payload.end) {
    struct fuzz_input part = take_part(&payload);
    if (part.at < part.end && *part.at == '@') {
      put(block, part.at + 1, (size_t)(part.end - part.at - 1));
      meaning->opaque = true;
    } else {
      put_field(block, part);
    }
  }
}

/* Certainly an interim answer (RFC 9110, 15.2). */
static bool is_interim(struct fuzz_input payload)
{
  static const char begin[] = ":status=1";
  struct fuzz_input status = take_part(&payload);
  return status.end - status.at == sizeof begin + 1 && memcmp(status.at, begin, sizeof begin - 1) == 0;
}

static void put_settings(struct ps_buf *out, struct fuzz_input payload)
{
  while (payload.at < payload.end) {
    struct fuzz_input part = take_part(&payload);
    put_number(out, take_number(&part), 2);
    put_number(out, take_number(&part), 4);
  }
}

static void put_goaway(struct ps_buf *out, struct fuzz_input payload, uint32_t last)
{
  put_number(out, last, 4);
  put_number(out, take_number(&payload), 4);
  put(out, payload.at, (size_t)(payload.end - payload.at));
}

static void put_ping(struct ps_buf *out, struct fuzz_input payload)
{
  char bytes[8] = "";
  size_t size = (size_t)(payload.end - payload.at);
  memcpy(bytes, payload.at, size < sizeof bytes ? size : sizeof bytes);
  put(out, bytes, sizeof bytes);
}

/* The number of the type, or -1. */
static int put_payload(struct ps_buf *out, const struct line *line, uint32_t newest, struct frame_meaning *meaning)
{
  struct fuzz_input payload = payload_of(line);
  switch (line->type) {
  case 'D':
    put(out, payload.at, (size_t)(payload.end - payload.at));
    return 0;
  case 'H':
  case 'C':
    meaning->answers = !is_interim(payload);
    put_fields(out, payload, meaning);
    return line->type == 'H' ? 1 : 9;
  case 'R':
    put_number(out, take_number(&payload), 4);
    return 3;
  case 'S':
    put_settings(out, payload);
    return 4;
  case 'Q':
    put_number(out, 2, 4);
    put_fields(out, payload, meaning);
    return 5;
  case 'P':
    put_ping(out, payload);
    return 6;
  case 'G':
    put_goaway(out, payload, is_changed(line, 'u') ? 0 : newest);
    return 7;
  case 'W':
    put_number(out, take_number(&payload), 4);
    return 8;
  default:
    return -1;
  }
}

static uint32_t stream_of(const struct line *line, uint32_t newest)
{
  if (is_changed(line, '0') || strchr("SPG", line->type))
    return 0;
  if (is_changed(line, 'l'))
    return newest - 2;
  if (is_changed(line, 'n'))
    return newest + 2;
  return is_changed(line, 'q') ? 2 : newest;
}

static unsigned flags_of(const struct line *line)
{
  bool has_fields = strchr("HCQ", line->type) != NULL;
  bool can_be_padded = strchr("HDQ", line->type) != NULL;
  return (is_changed(line, 'e') ? END_STREAM : 0U) | (has_fields && !is_changed(line, 'o') ? END_HEADERS : 0U) |
         (can_be_padded && is_changed(line, 'p') ? PADDED : 0U);
}

bool frame_append(struct ps_buf *out, const char *line, size_t size, uint32_t newest, struct frame_meaning *meaning)
{
  static const char padding[PADDING] = "";
  struct line parts = take_apart(line, size);
  struct ps_buf payload = {0};
  *meaning = (struct frame_meaning){0};
  int type = put_payload(&payload, &parts, newest, meaning);
  if (type >= 0) {
    unsigned flags = flags_of(&parts);
    bool padded = flags & PADDED;
    put_number(out, payload.size + (padded ? 1 + PADDING : 0), 3);
    put_number(out, (uint64_t)type, 1);
    put_number(out, flags, 1);
    put_number(out, stream_of(&parts, newest), 4);
    if (padded)
      put_number(out, PADDING, 1);
    put(out, payload.data ? payload.data : "", payload.size);
    if (padded)
      put(out, padding, PADDING);
  }
  ps_buf_fini(&payload);
  return type >= 0;
}
