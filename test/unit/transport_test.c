/* What libcurl says of itself, and what a sender makes of it. libcurl's word is wrapped, and the calls that start
 * threads, to see their stacks. */
#include "net/transport.h"
#include "poolsend.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

curl_version_info_data *__real_curl_version_info(CURLversion age);
curl_version_info_data *__wrap_curl_version_info(CURLversion age);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument);

static int without;         /* features that libcurl is to lack */
static int with;            /* and to have */
static size_t least, usual; /* the smallest stack of a thread made; and the system's */

curl_version_info_data *__wrap_curl_version_info(CURLversion age)
{
  static curl_version_info_data changed;
  changed = *__real_curl_version_info(age);
  changed.features = (changed.features & ~without) | with;
  return &changed;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
  size_t size;
  pthread_attr_getstacksize(attributes, &size);
  least = size < least ? size : least;
  return __real_pthread_create(thread, attributes, run, argument);
}

static int note_usual_stack(void **state)
{
  (void)state;
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes) || pthread_attr_getstacksize(&attributes, &usual);
  pthread_attr_destroy(&attributes);
  return error;
}

/* The smallest stack of its threads, of which one is there from the beginning. */
static size_t least_stack_of_a_sender(void)
{
  struct poolsend_config *config = poolsend_config_new();
  poolsend_config_add(config, "http://127.0.0.1:9/");
  least = SIZE_MAX;
  struct poolsend_sender *sender = poolsend_open(config);
  assert_non_null(sender);
  poolsend_free(sender);
  poolsend_config_free(config);
  return least;
}

static void name_is_looked_up_on_a_thread_of_libcurls_where_it_has_one(void **state)
{
  (void)state;
  assert_true(ps_transport_looks_up_aside(CURL_VERSION_ASYNCHDNS));
  assert_true(ps_transport_looks_up_aside(CURL_VERSION_ASYNCHDNS | CURL_VERSION_SSL | CURL_VERSION_HTTP2));
  assert_false(ps_transport_looks_up_aside(0));
  assert_false(ps_transport_looks_up_aside(~CURL_VERSION_ASYNCHDNS));
}

static void workers_have_the_systems_stack_where_libcurl_looks_names_up_on_them(void **state)
{
  (void)state;
  without = CURL_VERSION_ASYNCHDNS;
  with = 0;
  assert_true(least_stack_of_a_sender() >= usual);
}

static void workers_have_a_small_stack_else(void **state)
{
  (void)state;
  if (SANITIZED)
    skip();
  without = 0;
  with = CURL_VERSION_ASYNCHDNS;
  assert_in_range(least_stack_of_a_sender(), 1, usual - 1);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(name_is_looked_up_on_a_thread_of_libcurls_where_it_has_one),
      cmocka_unit_test(workers_have_the_systems_stack_where_libcurl_looks_names_up_on_them),
      cmocka_unit_test(workers_have_a_small_stack_else),
  };
  return cmocka_run_group_tests(tests, note_usual_stack, NULL);
}
