/* Messages as a C program may give them: what cannot be sent is refused in words, and nothing of it is taken up. */
#include "helpers.h"

#include <errno.h>
#include <string.h>

#define LONGEST 64 /* of the bodies */

/* ---- Refused */

static const char body[LONGEST + 1];

/* What is set one after the other, as far as it is given. */
struct made {
  const char *id, *name, *value;
  const void *body;
  size_t size;
  const char *headers[2];
  const char *endpoint;
  size_t part;
};

static const struct refused {
  struct made made;
  int result;
  const char *words; /* among others */
} refused[] = {
    {{.id = "a b"}, -EINVAL, "id 'a b'"},
    {{.id = ""}, -EINVAL, "id ''"},
    {{.name = "ids", .value = "m"}, -EINVAL, "did you mean id?"},
    {{.name = "hedge_delay", .value = "1s"}, -EINVAL, "'hedge_delay': a message has no such option"},
    {{.name = "json", .value = "1"}, -EINVAL, "json: '1' is not true or false"},
    {{.name = "json"}, -EINVAL, "json: it is NULL"},
    {{.value = "m"}, -EINVAL, "the name of an option: it is NULL"},
    {{.size = 1}, -EINVAL, "the body is NULL"},
    {{.body = body, .size = LONGEST + 1}, -EMSGSIZE, "the body has 65 bytes"},
    {{.headers = {"Host: b.example"}}, -EINVAL, "'Host'"},
    {{.headers = {"X-Fine: 1", "Connection: close"}}, -EINVAL, "'Connection'"},
    {{.headers = {"X-Fine: 1\r\nX-More: 2"}}, -EINVAL, "line break"},
    {{.endpoint = "z", .part = 1}, -EINVAL, "no endpoint is named 'z'"},
    {{.endpoint = "a", .part = LONGEST + 1}, -EMSGSIZE, "the body has 65 bytes"},
    {{.part = 1}, -EINVAL, "a part names no endpoint"},
};

static struct poolsend_message *make(const struct made *made)
{
  struct poolsend_message *message = poolsend_message_new(made->body, made->size);
  if (made->id)
    poolsend_message_set(message, "id", made->id);
  if (made->name || made->value)
    poolsend_message_set(message, made->name, made->value);
  for (size_t i = 0; i < 2 && made->headers[i]; i++)
    poolsend_message_header(message, made->headers[i]);
  if (made->part)
    poolsend_message_part(message, made->endpoint, body, made->part, false);
  return message;
}

/* By each of the ways to submit, and by the way to look at it first. */
static bool is_refused(struct poolsend_sender *sender, const struct refused *row)
{
  bool good = true;
  struct poolsend_report *report;
  struct poolsend_preview *preview;
  struct poolsend_message *message AUTOFREE = make(&row->made);
  for (int way = 0; way < 4; way++) {
    int result = way == 0   ? poolsend_submit(sender, message, PATIENCE)
                 : way == 1 ? poolsend_submit_report(sender, message, PATIENCE, &report)
                 : way == 2 ? poolsend_deliver(sender, message, PATIENCE, &report)
                            : poolsend_preview_new(sender, 0, message, &preview);
    if (result == row->result && strstr(poolsend_message_error(message), row->words))
      continue;
    print_error("%d, '%s' instead of %d, '%s'\n", result, poolsend_message_error(message), row->result, row->words);
    good = false;
  }
  return good;
}

static void message_that_cannot_be_sent_is_refused_in_words(void **state)
{
  (void)state;
  bool good = true;
  struct setup setup;
  set_up(&setup, server_url(server, "/ok"), NULL);
  set(&setup, "max_body", "%u", LONGEST);
  struct poolsend_sender *sender = sender_of(&setup);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    good = is_refused(sender, &refused[i]) && good;
  assert_int_equal(count_of(sender, POOLSEND_COUNT_SUBMITTED), 0);
  submit(sender, "m");
  assert_int_equal(drain(sender, POOLSEND_NEVER), 1);
  assert_int_equal(server_count(server, "/ok"), 1);
  poolsend_free(sender);
  assert_true(good);
}

/* ---- The key */

static void key_that_the_message_brings_is_the_one_that_is_sent(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_to_path("/ok");
  struct poolsend_message *message AUTOFREE = message_of("m");
  assert_int_equal(poolsend_message_header(message, "idempotency-KEY: its-own"), 0);
  assert_int_equal(poolsend_submit(sender, message, PATIENCE), 0);
  assert_int_equal(drain(sender, POOLSEND_NEVER), 1);
  assert_int_equal(server_count_id(server, "/ok", "its-own"), 1);
  assert_int_equal(server_count_id(server, "/ok", "m"), 0);
  poolsend_free(sender);
}

/* Sent once more after an unknown only if that does no harm. */
static void key_of_its_own_allows_another_round(void **state)
{
  (void)state;
  static const char *const headers[] = {"X-More: 1", "idempotency-KEY: its-own"};
  for (size_t count = 1; count <= 2; count++) {
    struct setup setup;
    set_up(&setup, server_url(server, count == 1 ? "/slam/without" : "/slam/with"), NULL);
    set(&setup, "idempotency_key", "false");
    set(&setup, "retry", "1");
    set(&setup, "retry_delay", "1ms");
    struct poolsend_sender *sender = sender_of(&setup);
    struct poolsend_message *message AUTOFREE = message_of("m");
    for (size_t i = 0; i < count; i++)
      assert_int_equal(poolsend_message_header(message, headers[i]), 0);
    assert_int_equal(poolsend_submit(sender, message, PATIENCE), 0);
    assert_int_equal(drain(sender, POOLSEND_NEVER), 1);
    poolsend_free(sender);
  }
  assert_int_equal(server_count(server, "/slam/without"), 1);
  assert_int_equal(server_count(server, "/slam/with"), 2);
}

/* ---- Errors stick */

static void first_error_of_a_message_sticks_until_it_is_cleared(void **state)
{
  (void)state;
  char words[256];
  struct poolsend_sender *sender = sender_to_path("/ok");
  struct poolsend_message *message AUTOFREE = message_of("m");
  assert_string_equal(poolsend_message_error(message), "");
  assert_int_equal(poolsend_message_header(message, "Host: b.example"), -EINVAL);
  snprintf(words, sizeof words, "%s", poolsend_message_error(message));
  assert_non_null(strstr(words, "'Host'"));
  assert_int_equal(poolsend_message_set(message, "id", "a b"), -EINVAL);
  assert_int_equal(poolsend_message_set(message, "id", "other"), -EINVAL);
  assert_int_equal(poolsend_message_body(message, "x", 1), -EINVAL);
  assert_int_equal(poolsend_message_part(message, "a", "x", 1, false), -EINVAL);
  assert_int_equal(poolsend_submit(sender, message, PATIENCE), -EINVAL);
  assert_int_equal(poolsend_submit(NULL, message, PATIENCE), -EINVAL);
  assert_string_equal(poolsend_message_error(message), words);
  assert_string_equal(poolsend_message_id(message), "m");
  poolsend_message_clear(message);
  assert_string_equal(poolsend_message_error(message), "");
  assert_null(poolsend_message_id(message));
  assert_int_equal(poolsend_message_set(message, "id", "other"), 0);
  assert_int_equal(poolsend_message_body(message, "x", 1), 0);
  assert_int_equal(poolsend_submit(sender, message, PATIENCE), 0);
  assert_int_equal(drain(sender, POOLSEND_NEVER), 1);
  assert_int_equal(server_count_id(server, "/ok", "other"), 1);
  poolsend_free(sender);
}

static void error_of_a_submit_does_not_stick(void **state)
{
  (void)state;
  struct poolsend_sender *sender = sender_to_path("/ok");
  struct poolsend_message *message AUTOFREE = message_of("m");
  assert_int_equal(poolsend_submit(NULL, message, PATIENCE), -EINVAL);
  assert_string_not_equal(poolsend_message_error(message), "");
  assert_int_equal(poolsend_message_part(message, "z", "x", 1, false), 0);
  assert_int_equal(poolsend_submit(sender, message, PATIENCE), -EINVAL);
  assert_non_null(strstr(poolsend_message_error(message), "'z'"));
  assert_int_equal(poolsend_message_part(message, "z", NULL, 0, false), 0);
  assert_int_equal(poolsend_submit(sender, message, PATIENCE), 0);
  assert_string_equal(poolsend_message_error(message), "");
  assert_int_equal(drain(sender, POOLSEND_NEVER), 1);
  assert_int_equal(poolsend_submit(sender, message, PATIENCE), POOLSEND_CLOSED);
  assert_string_equal(poolsend_message_error(message), "");
  poolsend_free(sender);
}

static void message_that_there_was_no_memory_for_is_taken_everywhere(void **state)
{
  (void)state;
  struct poolsend_report *report = (void *)state;
  struct poolsend_sender *sender = sender_to_path("/ok");
  assert_int_equal(poolsend_message_body(NULL, "x", 1), -ENOMEM);
  assert_int_equal(poolsend_message_set(NULL, "id", "m"), -ENOMEM);
  assert_int_equal(poolsend_message_header(NULL, "X: 1"), -ENOMEM);
  assert_int_equal(poolsend_message_part(NULL, "a", "x", 1, false), -ENOMEM);
  assert_int_equal(poolsend_message_load(NULL, "{}", 2), -ENOMEM);
  assert_int_equal(poolsend_submit(sender, NULL, PATIENCE), -ENOMEM);
  assert_int_equal(poolsend_submit_report(sender, NULL, PATIENCE, &report), -ENOMEM);
  assert_null(report);
  assert_int_equal(poolsend_deliver(sender, NULL, PATIENCE, NULL), -ENOMEM);
  poolsend_message_tag(NULL, 1, NULL);
  poolsend_message_clear(NULL);
  poolsend_message_free(NULL);
  assert_null(poolsend_message_id(NULL));
  assert_string_equal(poolsend_message_error(NULL), "out of memory");
  poolsend_free(sender);
}

/* ---- Used again */

static void message_can_be_submitted_to_two_senders_changed_and_freed_at_once(void **state)
{
  (void)state;
  char room[] = "first";
  struct poolsend_sender *a = sender_to_path("/ok/a"), *b = sender_to_path("/ok/b");
  struct poolsend_message *message = poolsend_message_new(room, POOLSEND_TEXT);
  for (int i = 0; i < 3; i++) {
    char id[] = {'m', (char)('0' + i), '\0'};
    assert_int_equal(poolsend_message_set(message, "id", id), 0);
    assert_int_equal(poolsend_message_body(message, room, strlen(room)), 0);
    poolsend_message_tag(message, (uint64_t)i + 1, NULL);
    assert_int_equal(poolsend_submit(a, message, PATIENCE), 0);
    assert_int_equal(poolsend_submit(b, message, PATIENCE), 0);
    memset(room, 'x', sizeof room - 1);
    memset(id, 'x', 2);
  }
  poolsend_message_free(message);
  assert_int_equal(drain(a, POOLSEND_NEVER), 3);
  assert_int_equal(drain(b, POOLSEND_NEVER), 3);
  for (int i = 0; i < 3; i++) {
    char id[] = {'m', (char)('0' + i), '\0'};
    assert_int_equal(server_count_id(server, "/ok/a", id), 1);
    assert_int_equal(server_count_id(server, "/ok/b", id), 1);
  }
  poolsend_free(a);
  poolsend_free(b);
}

static struct poolsend_sender *sender_of_two(void)
{
  struct setup setup;
  set_up(&setup, "http://127.0.0.1:1/a", "http://127.0.0.1:1/b", NULL);
  return sender_of(&setup);
}

/* The method and the body of the request to the first; how many headers it has. */
static size_t shown(struct poolsend_sender *sender, struct poolsend_message *message, char *room, size_t size)
{
  size_t shown;
  struct poolsend_preview *preview;
  must(poolsend_preview_new(sender, 0, message, &preview) == 0);
  const char *sent = poolsend_preview_body(preview, &shown);
  snprintf(room, size, "%s %.*s", poolsend_preview_method(preview), (int)shown, sent ? sent : "");
  size_t headers = poolsend_preview_header_count(preview);
  poolsend_preview_free(preview);
  return headers;
}

static void cleared_message_is_as_new(void **state)
{
  (void)state;
  char room[64];
  struct poolsend_sender *sender = sender_of_two();
  struct poolsend_message *message AUTOFREE = poolsend_message_new(NULL, 0);
  size_t headers = shown(sender, message, room, sizeof room);
  assert_string_equal(room, "GET ");
  poolsend_message_body(message, "{}", POOLSEND_TEXT);
  poolsend_message_set(message, "json", "true");
  poolsend_message_header(message, "X-More: 1");
  poolsend_message_part(message, "b", "part", POOLSEND_TEXT, false);
  assert_true(shown(sender, message, room, sizeof room) > headers);
  assert_string_equal(room, "POST {}");
  poolsend_message_clear(message);
  assert_int_equal(shown(sender, message, room, sizeof room), headers);
  assert_string_equal(room, "GET ");
  poolsend_free(sender);
}

static void body_of_another_size_replaces_the_one_before(void **state)
{
  (void)state;
  char room[64];
  static char large[100000];
  struct poolsend_sender *sender = sender_of_two();
  struct poolsend_message *message AUTOFREE = poolsend_message_new("old", POOLSEND_TEXT);
  assert_int_equal(poolsend_message_body(message, large, sizeof large), 0);
  assert_int_equal(poolsend_message_body(message, "a", 1), 0);
  shown(sender, message, room, sizeof room);
  assert_string_equal(room, "POST a");
  assert_int_equal(poolsend_message_body(message, "", 0), 0);
  shown(sender, message, room, sizeof room);
  assert_string_equal(room, "POST ");
  assert_int_equal(poolsend_message_body(message, NULL, POOLSEND_TEXT), 0);
  shown(sender, message, room, sizeof room);
  assert_string_equal(room, "GET ");
  poolsend_free(sender);
}

static void part_is_replaced_and_taken_back(void **state)
{
  (void)state;
  char room[64];
  struct poolsend_sender *sender = sender_of_two();
  struct poolsend_message *message AUTOFREE = poolsend_message_new("all", POOLSEND_TEXT);
  for (int i = 0; i < 2; i++) {
    assert_int_equal(poolsend_message_part(message, "a", "first", POOLSEND_TEXT, false), 0);
    assert_int_equal(poolsend_message_part(message, "b", "other", POOLSEND_TEXT, false), 0);
    assert_int_equal(poolsend_message_part(message, "a", "second", 6, false), 0);
    shown(sender, message, room, sizeof room);
    assert_string_equal(room, "POST second");
    assert_int_equal(poolsend_message_part(message, "a", NULL, 0, false), 0);
    shown(sender, message, room, sizeof room);
    assert_string_equal(room, "POST all");
    if (i == 1)
      assert_int_equal(poolsend_message_part(message, "a", NULL, 3, false), -EINVAL);
  }
  poolsend_free(sender);
}

/* ---- Previews */

static void there_is_no_preview_of_what_would_be_refused(void **state)
{
  (void)state;
  struct poolsend_preview *preview = (void *)state;
  struct poolsend_sender *sender = sender_to_path("/ok");
  struct poolsend_message *message AUTOFREE = message_of("m");
  assert_int_equal(poolsend_preview_new(sender, 1, message, &preview), -EINVAL);
  assert_null(preview);
  assert_string_equal(poolsend_message_error(message), "there is no endpoint 1: they are numbered from 0 to 0");
  assert_int_equal(poolsend_preview_new(sender, 0, message, &preview), 0);
  assert_string_equal(poolsend_message_error(message), "");
  poolsend_preview_free(preview);
  assert_int_equal(poolsend_preview_new(NULL, 0, message, &preview), -EINVAL);
  assert_null(preview);
  assert_int_equal(poolsend_preview_new(sender, 0, NULL, &preview), -ENOMEM);
  assert_null(preview);
  poolsend_free(sender);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(message_that_cannot_be_sent_is_refused_in_words),
      CASE(key_that_the_message_brings_is_the_one_that_is_sent),
      CASE(key_of_its_own_allows_another_round),
      CASE(first_error_of_a_message_sticks_until_it_is_cleared),
      CASE(error_of_a_submit_does_not_stick),
      CASE(message_that_there_was_no_memory_for_is_taken_everywhere),
      CASE(message_can_be_submitted_to_two_senders_changed_and_freed_at_once),
      CASE(cleared_message_is_as_new),
      CASE(body_of_another_size_replaces_the_one_before),
      CASE(part_is_replaced_and_taken_back),
      CASE(there_is_no_preview_of_what_would_be_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
