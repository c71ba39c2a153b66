/* What the limits of the process let a sender have. They are a table here, and the user is not root but where a test
 * says so. */
#include "engine/sender.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <cmocka.h>

/* The names they have where files may be large. */
int __wrap_getrlimit64(int resource, struct rlimit *limit);
int __wrap_setrlimit64(int resource, const struct rlimit *limit);
int __wrap_getrlimit(int resource, struct rlimit *limit);
int __wrap_setrlimit(int resource, const struct rlimit *limit);
uid_t __wrap_geteuid(void);

static struct {
  struct rlimit threads, descriptors;
  uid_t user;
} process;

static struct rlimit *limit_of(int resource)
{
  return resource == RLIMIT_NPROC ? &process.threads : &process.descriptors;
}

int __wrap_getrlimit64(int resource, struct rlimit *limit)
{
  *limit = *limit_of(resource);
  return 0;
}

int __wrap_setrlimit64(int resource, const struct rlimit *limit)
{
  *limit_of(resource) = *limit;
  return 0;
}

int __wrap_getrlimit(int resource, struct rlimit *limit)
{
  return __wrap_getrlimit64(resource, limit);
}

int __wrap_setrlimit(int resource, const struct rlimit *limit)
{
  return __wrap_setrlimit64(resource, limit);
}

uid_t __wrap_geteuid(void)
{
  return process.user;
}

static int with_plenty(void **state)
{
  (void)state;
  process.threads = process.descriptors = (struct rlimit){100000, 100000};
  process.user = 1000;
  return 0;
}

static struct ps_error error;

static int check(unsigned workers, unsigned endpoints, struct poolsend_pool *pool)
{
  struct ps_sender_settings config;
  ps_sender_settings_init(&config);
  config.workers = workers;
  config.endpoint_count = endpoints;
  config.pool = pool;
  memset(&error, 0, sizeof error);
  return ps_sender_check_limits(&config, &error);
}

static void expect_words(const char *words)
{
  assert_string_equal(error.text, words);
}

static void workers_that_fit_leave_the_limits_alone(void **state)
{
  (void)state;
  process.threads = process.descriptors = (struct rlimit){1000, 5000};
  assert_int_equal(check(100, 1, NULL), 0);
  assert_int_equal(process.threads.rlim_cur, 1000);
  assert_int_equal(process.descriptors.rlim_cur, 1000);
}

static void soft_limits_are_raised_for_workers_that_need_it(void **state)
{
  (void)state;
  process.threads = process.descriptors = (struct rlimit){50, 5000};
  assert_int_equal(check(100, 1, NULL), 0);
  assert_int_equal(process.threads.rlim_cur, 5000);
  assert_int_equal(process.descriptors.rlim_cur, 5000);
}

static void limit_of_threads_is_none_for_root_and_for_a_callers_pool(void **state)
{
  (void)state;
  process.threads = (struct rlimit){1, 1};
  process.user = 0;
  assert_int_equal(check(100, 1, NULL), 0);
  process.user = 1000;
  assert_int_equal(check(100, 1, (struct poolsend_pool *)&process), 0);
  assert_int_equal(check(100, 1, NULL), -EINVAL);
  assert_int_equal(process.threads.rlim_cur, 1);
}

static void words_name_the_need_the_limit_and_what_fits(void **state)
{
  (void)state;
  process.threads = (struct rlimit){8, 8};
  assert_int_equal(check(1, 1, NULL), -EINVAL);
  expect_words(
      "workers: 1 needs 9 threads, and the limit is 8 (ulimit -u), enough for 0: name fewer endpoints, or raise "
      "it");
  process.threads = (struct rlimit){60, 60};
  assert_int_equal(check(64, 1, NULL), -EINVAL);
  expect_words(
      "workers: 64 need 72 threads, and the limit is 60 (ulimit -u), enough for 52: ask for fewer, or raise it");
  process.descriptors = (struct rlimit){1024, 1024};
  assert_int_equal(check(10000, 1, NULL), -EMFILE);
  expect_words("workers: 10000 need 30032 file descriptors, and the limit is 1024 (ulimit -n), enough for 330: ask for "
               "fewer, or raise it");
}

/* Endpoints that probe need threads besides, and with one worker each there are no fewer to ask for. */
static void words_are_of_endpoints_where_each_has_one_worker(void **state)
{
  (void)state;
  process.threads = (struct rlimit){1000, 1000};
  assert_int_equal(check(200, 200, NULL), -EINVAL);
  expect_words("workers: 200, one for each endpoint, need 1808 threads, and the limit is 1000 (ulimit -u), enough for "
               "110: name fewer endpoints, or raise it");
  assert_int_equal(check(110, 110, NULL), 0);
  assert_int_equal(check(111, 111, NULL), -EINVAL);
  process.descriptors = (struct rlimit){1024, 1024};
  assert_int_equal(check(20000, 20000, NULL), -EMFILE);
  expect_words(
      "workers: 20000, one for each endpoint, need 540032 file descriptors, and the limit is 1024 (ulimit -n), "
      "enough for 36: name fewer endpoints, or raise it");
}

/* What is said to fit does. */
static void as_many_as_are_said_to_fit_do(void **state)
{
  (void)state;
  for (unsigned limit = 9; limit < 300; limit++) {
    process.threads = (struct rlimit){limit, limit};
    unsigned most = limit - 8;
    assert_int_equal(check(most, 1, NULL), 0);
    assert_int_equal(check(most + 1, 1, NULL), -EINVAL);
    char fits[32];
    snprintf(fits, sizeof fits, "enough for %u:", most);
    assert_non_null(strstr(error.text, fits));
  }
}

static int settle(struct ps_sender_settings *config)
{
  memset(&error, 0, sizeof error);
  return ps_sender_settings_check(config, &error);
}

static void workers_nobody_counted_are_64_or_as_many_as_the_endpoints_want(void **state)
{
  (void)state;
  struct ps_endpoint_settings endpoints[2] = {{.url = "http://a/"}, {.url = "http://b/"}};
  struct ps_sender_settings config;
  ps_sender_settings_init(&config);
  config.endpoints = endpoints;
  config.endpoint_count = 2;
  assert_int_equal(settle(&config), 0);
  assert_int_equal(config.workers, 64);
  assert_int_equal(settle(&config), 0);
  assert_int_equal(config.workers, 64);
  config.workers = 0;
  endpoints[1].max_in_flight = 99;
  assert_int_equal(settle(&config), 0);
  assert_int_equal(config.workers, 100);
}

static void sender_has_endpoints_and_not_too_many(void **state)
{
  (void)state;
  struct ps_sender_settings config;
  ps_sender_settings_init(&config);
  assert_int_equal(settle(&config), -EINVAL);
  expect_words("no URL: name at least one API to send to");
  config.endpoint_count = 100001;
  assert_int_equal(settle(&config), -EINVAL);
  expect_words("100001 endpoints are too many: up to 100000");
}

#define SENTENCE(name) cmocka_unit_test_setup(name, with_plenty)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(workers_that_fit_leave_the_limits_alone),
      SENTENCE(soft_limits_are_raised_for_workers_that_need_it),
      SENTENCE(limit_of_threads_is_none_for_root_and_for_a_callers_pool),
      SENTENCE(words_name_the_need_the_limit_and_what_fits),
      SENTENCE(words_are_of_endpoints_where_each_has_one_worker),
      SENTENCE(as_many_as_are_said_to_fit_do),
      SENTENCE(workers_nobody_counted_are_64_or_as_many_as_the_endpoints_want),
      SENTENCE(sender_has_endpoints_and_not_too_many),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
