/* Messages as a C program may give them: what cannot be sent is refused in words, and nothing of it is taken up. */
#include "helpers.h"

#include <errno.h>
#include <string.h>

#define LONGEST 64 /* of the bodies */

/* ---- Refused */

static const char *const none[] = {NULL};
static const char *const host[] = {"Host: b.example"};
static const char *const carried[] = {"X-Fine: 1", "Connection: close"};
static const char *const broken[] = {"X-Fine: 1\r\nX-More: 2"};
static const char body[LONGEST + 1];

static const struct poolsend_part nameless = {.body = "x", .size = 1};
static const struct poolsend_part stranger = {.endpoint = "z", .body = "x", .size = 1};
static const struct poolsend_part large = {.endpoint = "a", .body = body, .size = LONGEST + 1};

static const struct refused {
  struct poolsend_message message;
  int result;
  const char *words; /* among others */
} refused[] = {
    {{.id = "a b"}, -EINVAL, "id 'a b'"},
    {{.id = ""}, -EINVAL, "id ''"},
    {{.size = 1}, -EINVAL, "the body is NULL"},
    {{.body = body, .size = LONGEST + 1}, -EMSGSIZE, "the body has 65 bytes"},
    {{.header_count = 1}, -EINVAL, "headers: number 1 of 1"},
    {{.headers = none, .header_count = 1}, -EINVAL, "headers: number 1 of 1"},
    {{.headers = host, .header_count = 1}, -EINVAL, "'Host'"},
    {{.headers = carried, .header_count = 2}, -EINVAL, "'Connection'"},
    {{.headers = broken, .header_count = 1}, -EINVAL, "line break"},
    {{.part_count = 1}, -EINVAL, "parts: number 1 of 1"},
    {{.parts = &nameless, .part_count = 1}, -EINVAL, "parts: number 1 of 1"},
    {{.parts = &stranger, .part_count = 1}, -EINVAL, "'z'"},
    {{.parts = &large, .part_count = 1}, -EMSGSIZE, "the body has 65 bytes"},
};

static bool is_refused(struct poolsend_sender *sender, const struct refused *row)
{
  struct poolsend_error error = {.text = ""};
  struct poolsend_message message;
  poolsend_message_init(&message);
  message.id = row->message.id;
  message.body = row->message.body;
  message.size = row->message.size;
  message.headers = row->message.headers;
  message.header_count = row->message.header_count;
  message.parts = row->message.parts;
  message.part_count = row->message.part_count;
  int result = poolsend_submit(sender, &message, PATIENCE, &error);
  if (result == row->result && strstr(error.text, row->words))
    return true;
  print_error("%d, '%s' instead of %d, '%s'\n", result, error.text, row->result, row->words);
  return false;
}

static void message_that_cannot_be_sent_is_refused_in_words(void **state)
{
  (void)state;
  bool good = true;
  struct setup setup;
  set_up(&setup, server_url(server, "/ok"), NULL);
  setup.config.max_body = LONGEST;
  struct poolsend_sender *sender = sender_of(&setup);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    good = is_refused(sender, &refused[i]) && good;
  assert_int_equal(poolsend_count(sender).submitted, 0);
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
  static const char *const keys[] = {"idempotency-KEY: its-own"};
  struct poolsend_sender *sender = sender_to_path("/ok");
  struct poolsend_message message = message_of("m");
  message.headers = keys;
  message.header_count = 1;
  assert_int_equal(poolsend_submit(sender, &message, PATIENCE, NULL), 0);
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
    setup.config.idempotency_key = false;
    setup.config.retries = 1;
    setup.config.retry_delay = POOLSEND_MS(1);
    struct poolsend_sender *sender = sender_of(&setup);
    struct poolsend_message message = message_of("m");
    message.headers = headers;
    message.header_count = count;
    assert_int_equal(poolsend_submit(sender, &message, PATIENCE, NULL), 0);
    assert_int_equal(drain(sender, POOLSEND_NEVER), 1);
    poolsend_free(sender);
  }
  assert_int_equal(server_count(server, "/slam/without"), 1);
  assert_int_equal(server_count(server, "/slam/with"), 2);
}

/* ---- Previews */

static void there_is_no_preview_of_what_would_be_refused(void **state)
{
  (void)state;
  struct poolsend_error error;
  struct poolsend_preview *preview = (void *)&error;
  struct poolsend_sender *sender = sender_to_path("/ok");
  struct poolsend_message message = message_of("m");
  assert_int_equal(poolsend_preview_new(sender, 1, &message, &preview, &error), -EINVAL);
  assert_null(preview);
  assert_string_equal(error.text, "there is no endpoint 1: they are numbered from 0 to 0");
  message.id = "a b";
  assert_int_equal(poolsend_preview_new(sender, 0, &message, &preview, &error), -EINVAL);
  assert_null(preview);
  assert_non_null(strstr(error.text, "id 'a b'"));
  poolsend_free(sender);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(message_that_cannot_be_sent_is_refused_in_words),
      CASE(key_that_the_message_brings_is_the_one_that_is_sent),
      CASE(key_of_its_own_allows_another_round),
      CASE(there_is_no_preview_of_what_would_be_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
