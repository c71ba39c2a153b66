/* What the library takes from the environment: no proxy unless an endpoint asks for that, and no file for the keys of
 * TLS unless the configuration does. */
#include "helpers.h"

#include <curl/curl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Where nobody listens. */
static char dead[64];
static int dead_fd;

static const char *const proxies[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

static int set_proxies(void **state)
{
  dead_fd = refuse_at(dead, sizeof dead);
  for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
    setenv(proxies[i], dead, 1);
  unsetenv("no_proxy");
  unsetenv("NO_PROXY");
  return serve(state);
}

static int unset_proxies(void **state)
{
  for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++)
    unsetenv(proxies[i]);
  unsetenv("no_proxy");
  close(dead_fd);
  return stop_serving(state);
}

/* The setup may be changed and used again. */
static enum poolsend_fate fate_with(const struct setup *setup)
{
  struct poolsend_sender *sender = poolsend_open(setup->config);
  must(sender);
  submit(sender, "m");
  struct poolsend_event *event = next_event(sender);
  if (poolsend_event_kind(event) == POOLSEND_EVENT_DELIVERED) {
    poolsend_event_free(event);
    event = next_event(sender);
  }
  enum poolsend_fate fate = poolsend_attempt_fate(poolsend_event_attempt_at(event, 0));
  poolsend_event_free(event);
  poolsend_free(sender);
  return fate;
}

static void proxy_of_the_environment_is_ignored_unless_it_is_asked_for(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/ok"), NULL);
  assert_int_equal(fate_with(&setup), POOLSEND_FATE_DELIVERED);
  assert_int_equal(server_count(server, "/ok"), 1);
  set_api(&setup, 0, "environment_proxy", "true");
  assert_int_equal(fate_with(&setup), POOLSEND_FATE_UNREACHED);
  assert_int_equal(server_count(server, "/ok"), 1);
  take_down(&setup);
}

static void proxy_that_is_set_stands_whatever_the_environment_exempts(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/ok"), NULL);
  set_api(&setup, 0, "proxy", "%s", dead);
  setenv("no_proxy", "*", 1);
  assert_int_equal(fate_with(&setup), POOLSEND_FATE_UNREACHED);
  set_api(&setup, 0, "environment_proxy", "true");
  assert_int_equal(fate_with(&setup), POOLSEND_FATE_DELIVERED);
  take_down(&setup);
}

static void empty_proxy_is_none_even_where_the_environment_is_heeded(void **state)
{
  (void)state;
  struct setup setup;
  set_up(&setup, server_url(server, "/ok"), NULL);
  set_api(&setup, 0, "proxy", "%s", "");
  set_api(&setup, 0, "environment_proxy", "true");
  assert_int_equal(fate_with(&setup), POOLSEND_FATE_DELIVERED);
  take_down(&setup);
}

static void proxy_of_the_environment_is_ignored_by_a_sender_from_a_file(void **state)
{
  (void)state;
  char text[200];
  struct setup setup;
  snprintf(text, sizeof text, "{\"endpoints\": [{\"url\": \"%s\"}]}", server_url(server, "/ok"));
  set_up(&setup, NULL, NULL);
  assert_int_equal(poolsend_config_load(setup.config, text, strlen(text)), 0);
  struct poolsend_sender *sender = sender_of(&setup);
  submit(sender, "m");
  expect_event(sender, POOLSEND_EVENT_DELIVERED, "m");
  expect_event(sender, POOLSEND_EVENT_SETTLED, "m");
  poolsend_free(sender);
}

/* ---- TLS */

static char directory[] = "/tmp/poolsend_environment.XXXXXX";

static const char *path_of(const char *name)
{
  static char path[100];
  snprintf(path, sizeof path, "%s/%s", directory, name);
  return path;
}

static int make_certificate(void **state)
{
  (void)state;
  char command[400];
  if (!mkdtemp(directory))
    return -1;
  snprintf(command, sizeof command,
           "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key -out certificate "
           "-subj /CN=localhost 2>/dev/null",
           directory);
  return system(command);
}

static int remove_files(void **state)
{
  (void)state;
  unlink(path_of("key"));
  unlink(path_of("certificate"));
  unlink(path_of("keys"));
  return rmdir(directory);
}

/* OpenSSL's own server, which says on standard output where it listens. */
static pid_t serve_tls(FILE **out)
{
  int ends[2];
  must(pipe(ends) == 0);
  pid_t child = fork();
  must(child >= 0);
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* should a check fail before it is ended */
    dup2(ends[1], STDOUT_FILENO);
    close(ends[0]);
    close(ends[1]);
    if (chdir(directory) == 0)
      execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-www", "-cert", "certificate", "-key", "key",
             (char *)NULL);
    _exit(127);
  }
  close(ends[1]);
  *out = fdopen(ends[0], "r");
  must(*out);
  return child;
}

static unsigned port_told(FILE *out)
{
  char line[200];
  unsigned port;
  while (fgets(line, sizeof line, out))
    if (sscanf(line, "ACCEPT 127.0.0.1:%u", &port) == 1)
      return port;
  must(!"openssl says where it listens");
  return 0;
}

/* How much is written of the keys of one connection. */
static size_t keys_written(unsigned port, bool wanted)
{
  char url[64];
  struct setup setup;
  struct stat status = {0};
  snprintf(url, sizeof url, "https://127.0.0.1:%u/", port);
  set_up(&setup, url, NULL);
  set_api(&setup, 0, "insecure", "true");
  set_api(&setup, 0, "method", "GET");
  set(&setup, "log_tls_keys", wanted ? "true" : "false");
  assert_int_equal(fate_with(&setup), POOLSEND_FATE_DELIVERED);
  take_down(&setup);
  bool there = stat(path_of("keys"), &status) == 0;
  unlink(path_of("keys"));
  return there ? (size_t)status.st_size : 0;
}

static void keys_of_TLS_are_written_only_where_that_is_wanted(void **state)
{
  (void)state;
  FILE *out;
  pid_t child = serve_tls(&out);
  unsigned port = port_told(out);
  setenv("SSLKEYLOGFILE", path_of("keys"), 1);
  size_t ignored = keys_written(port, false), heeded = keys_written(port, true);
  must(!curl_global_init(CURL_GLOBAL_DEFAULT)); /* by the program, before the variable is gone */
  unsetenv("SSLKEYLOGFILE");
  size_t ignored_still = keys_written(port, false);
  curl_global_cleanup();
  kill(child, SIGTERM);
  waitpid(child, NULL, 0);
  fclose(out);
  assert_int_equal(ignored, 0);
  assert_int_equal(ignored_still, 0);
  assert_true(heeded > 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, set_proxies, unset_proxies)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(proxy_of_the_environment_is_ignored_unless_it_is_asked_for),
      CASE(proxy_that_is_set_stands_whatever_the_environment_exempts),
      CASE(empty_proxy_is_none_even_where_the_environment_is_heeded),
      CASE(proxy_of_the_environment_is_ignored_by_a_sender_from_a_file),
      cmocka_unit_test_setup_teardown(keys_of_TLS_are_written_only_where_that_is_wanted, make_certificate,
                                      remove_files),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
