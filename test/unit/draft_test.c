/* Messages as they are made: what memory they take, and what becomes of one when there is none. */
#include "engine/draft.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static unsigned taken; /* how often memory was asked for */
static bool none_left;

void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *before, size_t size);
char *__real_strdup(const char *text);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *before, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_calloc(size_t count, size_t size)
{
  taken++;
  return none_left ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *before, size_t size)
{
  taken++;
  return none_left ? NULL : __real_realloc(before, size);
}

char *__wrap_strdup(const char *text)
{
  taken++;
  return none_left ? NULL : __real_strdup(text);
}

static struct poolsend_message *message;

static int make_message(void **state)
{
  (void)state;
  message = poolsend_message_new("{}", POOLSEND_TEXT);
  return message ? 0 : -1;
}

static int free_message(void **state)
{
  (void)state;
  none_left = false;
  poolsend_message_free(message);
  return 0;
}

/* ---- Used again */

static void set_everything(const char *body)
{
  assert_int_equal(poolsend_message_body(message, body, POOLSEND_TEXT), 0);
  assert_int_equal(poolsend_message_set(message, "id", "m"), 0);
  assert_int_equal(poolsend_message_set(message, "json", "true"), 0);
  assert_int_equal(poolsend_message_header(message, "X-More: 1"), 0);
}

static void small_message_that_is_used_again_takes_no_memory(void **state)
{
  (void)state;
  char body[101];
  memset(body, 'x', sizeof body - 1);
  body[100] = '\0';
  set_everything(body);
  taken = 0;
  for (int i = 0; i < 100; i++) {
    body[i] = '\0';
    poolsend_message_clear(message);
    set_everything(body);
    body[i] = 'y';
    assert_int_equal(poolsend_message_body(message, body, 100), 0);
    poolsend_message_tag(message, (uint64_t)i, NULL);
  }
  assert_int_equal(taken, 0);
}

static void envelope_that_is_loaded_again_takes_no_more_than_what_is_short(void **state)
{
  (void)state;
  static const char text[] = "{\"id\":\"m\",\"body\":{\"a\":[1,2,3]},\"headers\":{\"X\":\"y\"}}";
  assert_int_equal(poolsend_message_load(message, text, POOLSEND_TEXT), 0);
  taken = 0;
  assert_int_equal(poolsend_message_load(message, text, POOLSEND_TEXT), 0);
  assert_true(taken <= 1);
}

static void memory_of_a_large_message_is_given_back(void **state)
{
  (void)state;
  static char large[1 << 20];
  assert_int_equal(poolsend_message_body(message, large, sizeof large), 0);
  assert_true(message->body.room >= sizeof large);
  assert_int_equal(poolsend_message_body(message, "small", POOLSEND_TEXT), 0);
  assert_true(message->body.room < 8192);
  assert_int_equal(poolsend_message_body(message, large, sizeof large), 0);
  poolsend_message_clear(message);
  assert_true(message->body.room < 8192);
}

/* ---- No memory */

static int bring_body(void)
{
  static char large[100000];
  return poolsend_message_body(message, large, sizeof large);
}

static int bring_header(void)
{
  return poolsend_message_header(message, "X-More: 1");
}

static int bring_part(void)
{
  return poolsend_message_part(message, "a", "x", 1, false);
}

static int bring_envelope(void)
{
  return poolsend_message_load(message, "{\"body\":\"hello\",\"bodies\":{\"a\":1}}", POOLSEND_TEXT);
}

static void want_of_memory_sticks_and_has_words(void **state)
{
  (void)state;
  static int (*const steps[])(void) = {bring_body, bring_header, bring_part, bring_envelope};
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
    none_left = true;
    assert_int_equal(steps[i](), -ENOMEM);
    none_left = false;
    assert_int_equal(poolsend_message_body(message, "x", 1), -ENOMEM);
    assert_int_equal(ps_draft_begin(message), -ENOMEM);
    assert_string_equal(poolsend_message_error(message), "out of memory");
    poolsend_message_clear(message);
    assert_int_equal(steps[i](), 0);
    poolsend_message_clear(message);
    poolsend_message_free(message);
    message = poolsend_message_new(NULL, 0);
  }
  none_left = true;
  assert_null(poolsend_message_new("x", 1));
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, make_message, free_message)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(small_message_that_is_used_again_takes_no_memory),
      SENTENCE(envelope_that_is_loaded_again_takes_no_more_than_what_is_short),
      SENTENCE(memory_of_a_large_message_is_given_back),
      SENTENCE(want_of_memory_sticks_and_has_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
