/* A sender from JSON, and events as JSON: the program prints of a delivery what whoever embeds the library would
 * print, key by key and in the same order. Times and sizes differ, and are compared by their kind alone. The program
 * is the argument. */
#include "helpers.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

#define LINES_MAX 32

static const char *program;

/* ---- Comparing */

static bool is_measured(const char *key)
{
  static const char *const keys[] = {"t",       "started", "finished", "bytes_sent", "queue", "resolve",
                                     "connect", "tls",     "sent",     "first_byte", "total"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
    if (strcmp(key, keys[i]) == 0)
      return true;
  return false;
}

static void must_equal(const char *key, struct json_object *a, struct json_object *b);

static void members_must_equal(struct json_object *a, struct json_object *b)
{
  struct json_object_iterator end = json_object_iter_end(a), left = json_object_iter_begin(a),
                              right = json_object_iter_begin(b);
  assert_int_equal(json_object_object_length(a), json_object_object_length(b));
  for (; !json_object_iter_equal(&left, &end); json_object_iter_next(&left), json_object_iter_next(&right)) {
    assert_string_equal(json_object_iter_peek_name(&left), json_object_iter_peek_name(&right));
    must_equal(json_object_iter_peek_name(&left), json_object_iter_peek_value(&left),
               json_object_iter_peek_value(&right));
  }
}

static void items_must_equal(const char *key, struct json_object *a, struct json_object *b)
{
  assert_int_equal(json_object_array_length(a), json_object_array_length(b));
  for (size_t i = 0; i < json_object_array_length(a); i++)
    must_equal(key, json_object_array_get_idx(a, i), json_object_array_get_idx(b, i));
}

static void must_equal(const char *key, struct json_object *a, struct json_object *b)
{
  assert_int_equal(json_object_get_type(a), json_object_get_type(b));
  if (json_object_is_type(a, json_type_object))
    members_must_equal(a, b);
  else if (json_object_is_type(a, json_type_array))
    items_must_equal(key, a, b);
  else if (!is_measured(key))
    assert_string_equal(json_object_to_json_string(a), json_object_to_json_string(b));
}

static struct json_object *parse(const char *text)
{
  struct json_object *parsed = json_tokener_parse(text);
  if (!parsed)
    fprintf(stderr, "not JSON: %s\n", text);
  must(parsed);
  return parsed;
}

/* ---- Both ways to send */

struct lines {
  struct json_object *line[LINES_MAX];
  unsigned count;
};

static void add_line(struct lines *lines, const char *text)
{
  must(lines->count < LINES_MAX);
  lines->line[lines->count++] = parse(text);
}

static void forget(struct lines *lines)
{
  while (lines->count)
    json_object_put(lines->line[--lines->count]);
}

static void send_by_the_program(const char *const *urls, struct lines *lines)
{
  char command[2048], text[8192];
  int used = snprintf(command, sizeof command,
                      "exec '%s' --format json --events start,finish,delivered,settled --hedge-delay none "
                      "--id m --json '{\"a\":1}'",
                      program);
  for (; *urls; urls++)
    used += snprintf(command + used, sizeof command - (size_t)used, " '%s'", *urls);
  must(used < (int)sizeof command);
  FILE *output = popen(command, "r");
  must(output);
  while (fgets(text, sizeof text, output))
    add_line(lines, text);
  pclose(output);
}

static size_t write_config(char *text, size_t size, const char *const *urls)
{
  int used = snprintf(text, size, "{\"hedge_delay\": \"none\", \"endpoints\": [");
  for (size_t i = 0; urls[i]; i++)
    used += snprintf(text + used, size - (size_t)used, "%s{\"url\": \"%s\"}", i ? ", " : "", urls[i]);
  used += snprintf(text + used, size - (size_t)used, "]}");
  must(used < (int)size);
  return (size_t)used;
}

static void send_by_the_library(const char *const *urls, struct lines *lines)
{
  char text[2048];
  struct setup setup;
  struct poolsend_event *event;
  set_up(&setup, NULL, NULL);
  must(poolsend_config_load(setup.config, text, write_config(text, sizeof text, urls)) == 0);
  set(&setup, "events", "start,finish,delivered,settled");
  struct poolsend_sender *sender = sender_of(&setup);
  submit(sender, "m");
  poolsend_close(sender, POOLSEND_NEVER);
  while (poolsend_next(sender, PATIENCE, &event) == 0) {
    char *json = poolsend_event_json(event);
    must(json);
    add_line(lines, json);
    free(json);
    poolsend_event_free(event);
  }
  poolsend_free(sender);
}

/* The next starts when a refusal's header has come, and may be told before that attempt's finish, or after it. */
static struct json_object *counterpart(const struct lines *lines, struct json_object *line)
{
  for (unsigned i = 0; i < lines->count; i++)
    if (json_object_equal(json_object_object_get(lines->line[i], "event"), json_object_object_get(line, "event")) &&
        json_object_equal(json_object_object_get(lines->line[i], "attempt"), json_object_object_get(line, "attempt")))
      return lines->line[i];
  return NULL;
}

static void same_is_told_of(const char *first, const char *second, unsigned events)
{
  const char *const urls[] = {server_url(server, first), second ? server_url(server, second) : NULL, NULL};
  struct lines by_program = {.count = 0}, by_library = {.count = 0};
  send_by_the_program(urls, &by_program);
  send_by_the_library(urls, &by_library);
  assert_int_equal(by_program.count, events);
  assert_int_equal(by_library.count, events);
  for (unsigned i = 0; i < events; i++)
    must_equal("", by_program.line[i], counterpart(&by_library, by_program.line[i]));
  forget(&by_program);
  forget(&by_library);
}

static void program_prints_what_an_embedder_prints(void **state)
{
  (void)state;
  same_is_told_of("/ok", NULL, 4);
  same_is_told_of("/json", NULL, 4);
  same_is_told_of("/status/500", "/json", 6);
  same_is_told_of("/slam", "/ok", 6);
  same_is_told_of("/status/404", "/status/503", 5);
}

/* ---- From JSON */

static void sender_from_json_sends(void **state)
{
  (void)state;
  char text[2048];
  const char *const urls[] = {server_url(server, "/status/500"), server_url(server, "/ok"), NULL};
  struct setup setup;
  set_up(&setup, NULL, NULL);
  assert_int_equal(poolsend_config_load(setup.config, text, write_config(text, sizeof text, urls)), 0);
  struct poolsend_sender *sender = sender_of(&setup);
  submit(sender, "m");
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  struct poolsend_event *event = next_event(sender);
  assert_int_equal(poolsend_event_attempt_count(event), 2);
  assert_ptr_equal(poolsend_event_winner(event), poolsend_event_attempt_at(event, 1));
  poolsend_event_free(event);
  assert_int_equal(server_count_id(server, "/ok", "m"), 1);
  poolsend_free(sender);
}

static void json_that_makes_no_sender_is_refused_in_words(void **state)
{
  (void)state;
  static const char *const table[] = {"",
                                      "{",
                                      "[]",
                                      "{}",
                                      "{\"endpoints\": []}",
                                      "{\"endpoints\": [{\"url\": \"x\"}]}",
                                      "{\"endpoint\": [{\"url\": \"http://a.example/\"}]}",
                                      "{\"workers\": -1, \"endpoints\": [{\"url\": \"http://a.example/\"}]}"};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    struct setup setup;
    set_up(&setup, NULL, NULL);
    poolsend_config_load(setup.config, table[i], strlen(table[i]));
    assert_string_not_equal(refusal_of(&setup), "");
    take_down(&setup);
  }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(int argc, char **argv)
{
  must(argc == 2);
  program = argv[1];
  const struct CMUnitTest tests[] = {
      CASE(program_prints_what_an_embedder_prints),
      CASE(sender_from_json_sends),
      CASE(json_that_makes_no_sender_is_refused_in_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
