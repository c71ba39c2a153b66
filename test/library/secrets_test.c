/* Whatever the library says, by whichever way: an error, an event, a preview, a line of a conversation. None of it has
 * a secret of the caller's in it. */
#include "helpers.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define SECRET "hunter2"

/* "user:hunter2" and ":hunter2", as Basic authentication sends them. */
static const char *const forms[] = {SECRET, "dXNlcjpodW50ZXIy", "Omh1bnRlcjI", "h%75nter2"};

static void is_clean(const char *text)
{
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    if (text && strstr(text, forms[i]))
      fail_msg("%s", text);
}

/* ---- What is refused */

static void error_has_no_secret(void **state)
{
  (void)state;
  static const struct {
    const char *name, *value;
  } rows[] = {
      {"url", "ftp://user:" SECRET "@h/"},
      {"url", "http://user:" SECRET "@h:port/"},
      {"url", "http://h/?token=a " SECRET},
      {"url", "http://user:" SECRET "%40h/"},
      {"headers", "Authorization: " SECRET "\r\nX: y"},
      {"headers", "Authorization Bearer " SECRET},
      {"headers", "X-Api-Key=" SECRET},
      {"headers", "Authorization: " SECRET "\x01"},
      {"headers", "{\"Authorization\": \"" SECRET "{{/a\"}"},
      {"headers", "{\"Authorization\": \"" SECRET "\\n\"}"},
      {"headers", "{\"Authorization: " SECRET "\": 1}"},
      {"oauth2_bearer", SECRET "\n"},
      {"oauth2_bearer", SECRET "\x7f"},
      {"oauth2_bearer", "{\"env\": \"Bearer " SECRET "\"}"},
      {"user", SECRET},
      {"user", "a:" SECRET "\n"},
      {"key_password", SECRET "\r"},
      {"proxy", "ftp://user:" SECRET "@h"},
      {"proxy", "user:" SECRET "@[h"},
      {"proxy", "{\"url\": \"" SECRET "\"}"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    struct setup setup;
    set_up(&setup, "http://h/", NULL);
    set_api(&setup, 0, rows[i].name, "%s", rows[i].value);
    const char *words = refusal_of(&setup);
    assert_true(strlen(words) > 10);
    is_clean(words);
    take_down(&setup);
  }
}

static void error_has_no_secret_that_was_set_before(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, "http://h/", NULL);
  set_api(&setup, 0, "key_password", SECRET);
  set_api(&setup, 0, "key", "/nowhere");
  is_clean(refusal_of(&setup));
  take_down(&setup);
}

static void route_that_would_begin_a_line_is_refused(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, "http://h/", NULL);
  set_api(&setup, 0, "connect_to", "::" SECRET "\n:443");
  assert_non_null(strstr(refusal_of(&setup), "control character"));
  take_down(&setup);
}

static void error_of_a_message_has_no_secret(void **state)
{
  (void)state;
  static const char *const lines[] = {"Authorization: " SECRET "\n", "Authorization Bearer " SECRET,
                                      "Proxy-Authorization: " SECRET, "Cookie=" SECRET "; a: b"};
  struct poolsend_sender *sender = sender_to_path("/ok");
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    struct poolsend_message *message AUTOFREE = message_of(NULL);
    assert_int_equal(poolsend_message_header(message, lines[i]), -EINVAL);
    is_clean(poolsend_message_error(message));
    assert_int_equal(poolsend_submit(sender, message, 0), -EINVAL);
    is_clean(poolsend_message_error(message));
    struct poolsend_preview *preview;
    assert_int_equal(poolsend_preview_new(sender, 0, message, &preview), -EINVAL);
    is_clean(poolsend_message_error(message));
  }
  poolsend_free(sender);
}

/* ---- What is told */

static const char *const given[] = {"Authorization: Bearer " SECRET, "X-Api-Key: " SECRET, "X-Mine: " SECRET,
                                    "Cookie: a=" SECRET};

/* With a secret wherever there is room for one; at `authority`. */
static void set_up_secrets(struct setup *setup, const char *authority)
{
  static char url[300];
  snprintf(url, sizeof url,
           "http://user:" SECRET "@%s?token=" SECRET "&next=%%3Fkey%%3D" SECRET "#access_token=" SECRET, authority);
  set_up(setup, url, NULL);
  for (size_t i = 0; i < sizeof given / sizeof *given; i++)
    set_api(setup, 0, "headers", "%s", given[i]);
  set_api(setup, 0, "secret_headers", "X-Mine");
  set(setup, "events", "start,finish,delivered,settled");
}

/* On a worker, where no check of cmocka's may be made. */
static void read_line(void *context, const char *endpoint, const char *line)
{
  unsigned *lines = context;
  (void)endpoint;
  ++*lines;
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    must(!strstr(line, forms[i]));
}

static void read_attempt(const struct poolsend_attempt *attempt)
{
  is_clean(poolsend_attempt_name(attempt));
  is_clean(poolsend_attempt_url(attempt));
  is_clean(poolsend_attempt_error(attempt));
}

static void read_event(struct poolsend_event *event)
{
  char *json = poolsend_event_json(event);
  is_clean(json);
  free(json);
  if (poolsend_event_attempt(event))
    read_attempt(poolsend_event_attempt(event));
  for (size_t i = 0; i < poolsend_event_attempt_count(event); i++)
    read_attempt(poolsend_event_attempt_at(event, i));
}

static unsigned read_events(struct setup *setup)
{
  struct poolsend_sender *sender = sender_of(setup);
  bool over = false;
  unsigned events = 0;
  submit(sender, "m");
  for (; !over; events++) {
    struct poolsend_event *event = next_event(sender);
    over = poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED;
    read_event(event);
    poolsend_event_free(event);
  }
  poolsend_free(sender);
  return events;
}

static void event_and_conversation_have_no_secret(void **state)
{
  (void)state;
  static const char *const paths[] = {"/ok", "/status/500", "/slam", "/json"};
  char dead[64];
  int fd = refuse_at(dead, sizeof dead);
  unsigned lines = 0;
  for (size_t i = 0; i < 5; i++) {
    struct setup setup;
    set_up_secrets(&setup, (i < 4 ? server_url(server, paths[i]) : dead) + strlen("http://"));
    poolsend_config_trace(setup.config, read_line, &lines);
    assert_in_range(read_events(&setup), 3, 4);
  }
  close(fd);
  assert_in_range(lines, 20, 1000);
}

static void preview_has_no_secret(void **state)
{
  (void)state;
  struct setup setup;
  struct poolsend_preview *preview;
  struct poolsend_message *message AUTOFREE = message_of("m");
  set_up_secrets(&setup, "h/");
  struct poolsend_sender *sender = sender_of(&setup);
  assert_int_equal(poolsend_preview_new(sender, 0, message, &preview), 0);
  char *json = poolsend_preview_json(preview);
  is_clean(json);
  is_clean(poolsend_preview_url(preview));
  assert_true(poolsend_preview_header_count(preview) >= 4);
  for (size_t i = 0; i < poolsend_preview_header_count(preview); i++)
    is_clean(poolsend_preview_header(preview, i));
  free(json);
  poolsend_preview_free(preview);
  poolsend_free(sender);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(error_has_no_secret),
      CASE(error_has_no_secret_that_was_set_before),
      CASE(route_that_would_begin_a_line_is_refused),
      CASE(error_of_a_message_has_no_secret),
      CASE(event_and_conversation_have_no_secret),
      CASE(preview_has_no_secret),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
