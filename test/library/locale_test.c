/* A program that has set its locale, as many do at their start: what the library hides, refuses and sends does not
 * depend on it. Turkish has another upper case of i, German a comma in its numbers.
 *
 * The locales are made by localedef for these tests, which are skipped where that cannot be done. */
#include "helpers.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SECRET "s3cret"
#define HOST                                                                                                           \
  "b\xc3\xbc"                                                                                                          \
  "cher.test"

extern char **environ;

/* ---- Locales */

static char directory[] = "/tmp/poolsend-locales-XXXXXX";

static bool runs(const char *const *arguments)
{
  posix_spawn_file_actions_t quiet;
  pid_t child;
  int status = -1;
  must(posix_spawn_file_actions_init(&quiet) == 0);
  must(posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0) == 0);
  must(posix_spawn_file_actions_adddup2(&quiet, STDOUT_FILENO, STDERR_FILENO) == 0);
  bool done = posix_spawnp(&child, arguments[0], &quiet, NULL, (char *const *)(uintptr_t)arguments, environ) == 0 &&
              waitpid(child, &status, 0) == child;
  posix_spawn_file_actions_destroy(&quiet);
  return done && WIFEXITED(status) && WEXITSTATUS(status) <= 1; /* 1: with warnings */
}

static int make_locales(void **state)
{
  static const char *const names[] = {"tr_TR", "de_DE"};
  must(mkdtemp(directory) != NULL);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char path[sizeof directory + 32];
    snprintf(path, sizeof path, "%s/%s.UTF-8", directory, names[i]);
    runs((const char *const[]){"localedef", "-c", "-i", names[i], "-f", "UTF-8", path, NULL});
  }
  return serve(state);
}

static int remove_locales(void **state)
{
  must(runs((const char *const[]){"rm", "-rf", directory, NULL}));
  return stop_serving(state);
}

static int leave_locale(void **state)
{
  (void)state;
  must(setlocale(LC_ALL, "C") != NULL);
  return 0;
}

/* False: it could not be made. LOCPATH is gone again before OpenSSL asks for a locale, for which glibc would lose a copy
 * of it. */
static bool set_locale(const char *name)
{
  must(setenv("LOCPATH", directory, 1) == 0);
  bool set = setlocale(LC_ALL, name) != NULL;
  must(unsetenv("LOCPATH") == 0);
  return set;
}

static void use_turkish(void)
{
  if (!set_locale("tr_TR.UTF-8"))
    skip();
  must(tolower('I') != 'i'); /* or there would be nothing to test */
}

static void use_german(void)
{
  char text[16];
  if (!set_locale("de_DE.UTF-8"))
    skip();
  snprintf(text, sizeof text, "%.1f", 0.5);
  must(strcmp(text, "0,5") == 0);
}

/* ---- Names */

/* The lines of a request to this endpoint with this header, as they are shown. */
static struct poolsend_preview *preview_of(struct poolsend_sender *sender, const char *const *header)
{
  struct poolsend_message *message AUTOFREE = message_of("m");
  struct poolsend_preview *preview;
  must(!header || poolsend_message_header(message, *header) == 0);
  must(poolsend_preview_new(sender, 0, message, &preview) == 0);
  return preview;
}

static void secrets_are_hidden_in_a_turkish_locale(void **state)
{
  static const char *const headers[] = {"X-SIGNATURE: " SECRET, "X-SESSION-ID: " SECRET, "AUTHORIZATION: " SECRET};
  static const char *const own[] = {"X-PIN: " SECRET};
  struct setup setup;
  (void)state;
  use_turkish();
  set_up(&setup, "http://h/?SIG=" SECRET "&API_PIN=" SECRET "&CREDENTIAL=" SECRET, NULL);
  for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
    set_api(&setup, 0, "headers", "%s", headers[i]);
  struct poolsend_sender *sender = sender_of(&setup);
  struct poolsend_preview *preview = preview_of(sender, own);
  char *json = poolsend_preview_json(preview);
  must(json != NULL);
  assert_non_null(strstr(json, "X-SIGNATURE: ***"));
  assert_non_null(strstr(json, "SIG=***"));
  if (strstr(json, SECRET))
    fail_msg("%s", json);
  free(json);
  poolsend_preview_free(preview);
  poolsend_free(sender);
}

static void framing_headers_are_refused_in_a_turkish_locale(void **state)
{
  static const char *const lines[] = {"TRANSFER-ENCODING: chunked",
                                      "transfer-encoding: chunked",
                                      "CONNECTION: close",
                                      "PROXY-AUTHORIZATION: x",
                                      "TRAILER: x",
                                      "KEEP-ALIVE: x"};
  (void)state;
  use_turkish();
  struct poolsend_sender *sender = sender_to_path("/ok");
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    struct poolsend_message *message AUTOFREE = message_of("m");
    poolsend_message_header(message, lines[i]);
    if (poolsend_submit(sender, message, PATIENCE) != -EINVAL)
      fail_msg("%s", lines[i]);
  }
  poolsend_free(sender);
  for (size_t i = 0; i < 2; i++) {
    struct setup setup;
    set_up(&setup, "http://h/", NULL);
    set_api(&setup, 0, "headers", "%s", lines[i]);
    assert_non_null(strstr(refusal_of(&setup), "cannot be set by hand"));
    take_down(&setup);
  }
}

static unsigned keys_of(const struct poolsend_preview *preview)
{
  unsigned keys = 0;
  for (size_t i = 0; i < poolsend_preview_header_count(preview); i++)
    keys += strncmp(poolsend_preview_header(preview, i), "Idempotency-Key:", 16) == 0 ||
            strncmp(poolsend_preview_header(preview, i), "idempotency-key:", 16) == 0;
  return keys;
}

static void key_of_the_callers_is_the_only_one_in_a_turkish_locale(void **state)
{
  static const char *const own[] = {"idempotency-key: mine"};
  (void)state;
  use_turkish();
  for (int of_the_endpoint = 0; of_the_endpoint < 2; of_the_endpoint++) {
    struct setup setup;
    set_up(&setup, "http://h/", NULL);
    if (of_the_endpoint)
      set_api(&setup, 0, "headers", "%s", own[0]);
    struct poolsend_sender *sender = sender_of(&setup);
    struct poolsend_preview *preview = preview_of(sender, of_the_endpoint ? NULL : own);
    assert_int_equal(keys_of(preview), 1);
    poolsend_preview_free(preview);
    poolsend_free(sender);
  }
}

/* ---- Numbers */

static void numbers_have_a_point_in_a_german_locale(void **state)
{
  static const char text[] = "{\"hedge_delay\":0.25,\"max_time\":0.2,\"rate\":1.5,\"settle\":\"1.5s\",\"endpoints\":["
                             "{\"url\":\"http://a.example/\"},{\"url\":\"http://b.example/\"}]}";
  (void)state;
  use_german();
  struct setup setup;
  set_up(&setup, NULL, NULL);
  assert_int_equal(poolsend_config_load(setup.config, text, strlen(text)), 0);
  const char *words = refusal_of(&setup);
  if (!strstr(words, "within 0.2 s") || !strstr(words, "up to 0.25 s"))
    fail_msg("%s", words);
  assert_int_equal(poolsend_config_set(setup.config, "hedge_budget", "2.5%"), 0);
  assert_int_equal(poolsend_config_set(setup.config, "max_time", "0.3"), 0);
  struct poolsend_sender *sender = poolsend_open(setup.config);
  must(sender != NULL);
  struct poolsend_preview *preview = preview_of(sender, NULL);
  assert_int_equal(poolsend_preview_hedge_delay(preview), POOLSEND_MS(250));
  poolsend_preview_free(preview);
  poolsend_free(sender);
  assert_int_equal(poolsend_config_set(setup.config, "settle", "1,5"), -EINVAL);
  take_down(&setup);
}

static void time_limit_is_told_with_a_point_in_a_german_locale(void **state)
{
  struct setup setup;
  const struct poolsend_event *event;
  (void)state;
  use_german();
  set_up(&setup, server_url(server, "/hang"), NULL);
  set(&setup, "attempt_timeout", "50.5ms");
  struct poolsend_sender *sender = sender_of(&setup);
  struct poolsend_report *report = submit_report(sender, "m");
  must(poolsend_report_settled(report, PATIENCE, &event) == 0);
  const char *words = poolsend_attempt_error(poolsend_event_attempt_at(event, 0));
  if (!words || !strstr(words, "time limit is 0.0505 s"))
    fail_msg("%s", words ? words : "no words");
  poolsend_report_free(report);
  poolsend_free(sender);
}

static void event_is_json_in_a_german_locale(void **state)
{
  (void)state;
  use_german();
  struct poolsend_sender *sender = sender_to_path("/ok");
  struct poolsend_report *report = submit_report(sender, "m");
  const struct poolsend_event *event;
  must(poolsend_report_settled(report, PATIENCE, &event) == 0);
  static const char name[] = "\"total\":";
  char *json = poolsend_event_json(event);
  const char *total = json ? strstr(json, name) : NULL;
  size_t size = total ? strspn(total + sizeof name - 1, "0123456789") : 0;
  if (!total || total[sizeof name - 1 + size] != '.')
    fail_msg("%s", json);
  free(json);
  poolsend_report_free(report);
  poolsend_free(sender);
}

/* ---- International hosts */

static void international_host_is_utf_8_in_any_locale(void **state)
{
  static const char *const locales[] = {"C", "C.UTF-8", "tr_TR.UTF-8", "de_DE.UTF-8"};
  const char *port = strrchr(server_url(server, ""), ':') + 1;
  char url[64], way[64], path[] = "/ok/0";
  (void)state;
  snprintf(way, sizeof way, "%s:%.*s:127.0.0.1", HOST, (int)strspn(port, "0123456789"), port);
  for (size_t i = 0; i < sizeof locales / sizeof *locales; i++) {
    if (!set_locale(locales[i]))
      continue;
    struct setup setup;
    path[4] = (char)('0' + i);
    snprintf(url, sizeof url, "http://%s:%.*s%s", HOST, (int)strspn(port, "0123456789"), port, path);
    set_up(&setup, url, NULL);
    set_api(&setup, 0, "resolve", "%s", way);
#ifdef PS_HAVE_LIBIDN2
    struct poolsend_sender *sender = sender_of(&setup);
    submit(sender, "m");
    assert_int_equal(drain(sender, POOLSEND_NEVER), 1);
    assert_int_equal(server_count(server, path), 1);
    poolsend_free(sender);
#else
    assert_non_null(strstr(refusal_of(&setup), "libidn2"));
    take_down(&setup);
#endif
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_teardown(secrets_are_hidden_in_a_turkish_locale, leave_locale),
      cmocka_unit_test_teardown(framing_headers_are_refused_in_a_turkish_locale, leave_locale),
      cmocka_unit_test_teardown(key_of_the_callers_is_the_only_one_in_a_turkish_locale, leave_locale),
      cmocka_unit_test_teardown(numbers_have_a_point_in_a_german_locale, leave_locale),
      cmocka_unit_test_teardown(time_limit_is_told_with_a_point_in_a_german_locale, leave_locale),
      cmocka_unit_test_teardown(event_is_json_in_a_german_locale, leave_locale),
      cmocka_unit_test_teardown(international_host_is_utf_8_in_any_locale, leave_locale),
  };
  return cmocka_run_group_tests(tests, make_locales, remove_locales);
}
