/* Messages cancelled by their id, by an engine alone: which they are, and how many ids are compared for it. Attempts
 * wait for their start until they are recalled. */
#include "engine/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define MANY 10000

int __real_strcmp(const char *one, const char *other);
int __wrap_strcmp(const char *one, const char *other);

static size_t compared;

int __wrap_strcmp(const char *one, const char *other)
{
  compared++;
  return __real_strcmp(one, other);
}

static struct ps_engine engine;
static struct ps_stock stock;
static struct ps_list recalled; /* of attempts, by their job's link */
static unsigned settled, cancelled;
static bool has_settled[MANY + 1]; /* by serial number */
static uint64_t serial;

static void launch(void *context, struct ps_attempt *attempt)
{
  (void)context;
  ps_list_init(&attempt->job.link);
}

static void recall(void *context, struct ps_attempt *attempt)
{
  (void)context;
  if (ps_list_empty(&attempt->job.link))
    ps_list_append(&recalled, &attempt->job.link);
}

static bool promote(void *context, struct ps_attempt *attempt)
{
  (void)context;
  (void)attempt;
  return false;
}

static void cancel(void *context, struct ps_attempt *attempt, enum ps_ending why)
{
  (void)context;
  (void)attempt;
  (void)why;
}

static void set_delay(void *context, unsigned endpoint, ps_time delay)
{
  (void)context;
  (void)endpoint;
  (void)delay;
}

static void tell(void *context, struct ps_event *event)
{
  (void)context;
  settled++;
  cancelled += event->message->cancelled;
  has_settled[event->message->serial] = true;
  ps_message_release(event->message);
}

static int set_up(void **state)
{
  (void)state;
  static const struct ps_engine_endpoint endpoint = {
      .name = "a", .url = "http://a/", .slots = 1, .hedge_delay = PS_SECOND, .attempt_timeout = PS_NEVER};
  const struct ps_engine_host host = {
      .set_delay = set_delay, .launch = launch, .recall = recall, .promote = promote, .cancel = cancel, .tell = tell};
  const struct ps_engine_settings settings = {
      .rule = {.endpoints = 1, .settle = PS_SECOND, .answer_wait = PS_SECOND, .max_time = PS_NEVER},
      .endpoints = &endpoint,
      .events = POOLSEND_EVENT_SETTLED,
      .hedge_budget = -1,
  };
  settled = cancelled = 0;
  serial = 0;
  memset(has_settled, 0, sizeof has_settled);
  ps_list_init(&recalled);
  ps_stock_init(&stock, 1, 100);
  return ps_engine_init(&engine, &settings, &host);
}

/* Until nothing is left to do. */
static void step(void)
{
  do {
    for (struct ps_list *link; (link = ps_list_pop(&recalled));) {
      struct ps_attempt *attempt = PS_CONTAINER(link, struct ps_attempt, job.link);
      attempt->ended.kind = PS_NOTICE_WITHDRAWN;
      ps_engine_notice(&engine, &attempt->ended);
    }
    ps_engine_step(&engine, 1);
  } while (!ps_list_empty(&recalled));
}

static int tear_down(void **state)
{
  (void)state;
  ps_engine_interrupt(&engine, UINT64_MAX);
  step();
  ps_engine_fini(&engine);
  ps_stock_fini(&stock);
  return 0;
}

static void admit(const char *id)
{
  assert_int_equal(ps_engine_reserve(&engine), 0);
  struct ps_message *message = ps_message_new(&stock, id);
  assert_non_null(message);
  message->serial = ++serial;
  ps_engine_admit(&engine, message, 0);
}

static void admit_many(void)
{
  for (unsigned i = 1; i <= MANY; i++) {
    char id[PS_ID_SIZE];
    snprintf(id, sizeof id, "message-%u", i);
    admit(id);
  }
  step();
  assert_int_equal(settled, 0);
  compared = 0;
}

static void cancel_of_an_id_ends_all_that_have_it_and_no_other(void **state)
{
  (void)state;
  static const char *const ids[] = {"a", "b", "a", "ab", "a", "A"};
  for (unsigned i = 0; i < sizeof ids / sizeof *ids; i++)
    admit(ids[i]);
  step();
  ps_engine_cancel(&engine, "a", UINT64_MAX);
  step();
  assert_int_equal(settled, 3);
  assert_int_equal(cancelled, 3);
  assert_true(has_settled[1] && has_settled[3] && has_settled[5]);
  ps_engine_cancel(&engine, "c", UINT64_MAX);
  ps_engine_cancel(&engine, "a", UINT64_MAX);
  step();
  assert_int_equal(settled, 3);
}

static void those_submitted_later_are_not_meant(void **state)
{
  (void)state;
  for (unsigned i = 0; i < 6; i++)
    admit(i % 2 ? "a" : "b");
  step();
  ps_engine_cancel(&engine, "a", 4);
  step();
  assert_int_equal(settled, 2);
  assert_true(has_settled[2] && has_settled[4]);
  ps_engine_cancel(&engine, "a", 6);
  step();
  assert_int_equal(settled, 3);
}

static void id_may_come_again_after_it_was_cancelled(void **state)
{
  (void)state;
  for (unsigned i = 1; i <= 3; i++) {
    admit("a");
    step();
    ps_engine_cancel(&engine, "a", serial);
    step();
    assert_int_equal(settled, i);
  }
}

/* Work, not time: what one cancel compares does not grow with the messages there are. */
static void cancel_of_each_of_many_compares_few_ids(void **state)
{
  (void)state;
  admit_many();
  for (unsigned i = 1; i <= MANY; i++) {
    char id[PS_ID_SIZE];
    snprintf(id, sizeof id, "message-%u", i);
    ps_engine_cancel(&engine, id, serial);
  }
  assert_in_range(compared, MANY, 4 * MANY);
  step();
  assert_int_equal(cancelled, MANY);
}

static void cancel_of_ids_that_are_not_there_compares_few_ids(void **state)
{
  (void)state;
  admit_many();
  for (unsigned i = 1; i <= MANY; i++) {
    char id[PS_ID_SIZE];
    snprintf(id, sizeof id, "another-%u", i);
    ps_engine_cancel(&engine, id, serial);
  }
  assert_in_range(compared, 0, 4 * MANY);
  step();
  assert_int_equal(settled, 0);
}

/* As often as there are messages that have it; each cancel is of those submitted before. */
static void cancels_of_one_id_that_all_have_compare_each_once(void **state)
{
  (void)state;
  for (unsigned i = 1; i <= MANY; i++)
    admit("the-same");
  step();
  compared = 0;
  for (unsigned i = 1; i <= MANY; i++)
    ps_engine_cancel(&engine, "the-same", i);
  assert_int_equal(compared, MANY);
  step();
  assert_int_equal(cancelled, MANY);
}

#define SENTENCE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
  const struct CMUnitTest tests[] = {
      SENTENCE(cancel_of_an_id_ends_all_that_have_it_and_no_other),
      SENTENCE(those_submitted_later_are_not_meant),
      SENTENCE(id_may_come_again_after_it_was_cancelled),
      SENTENCE(cancel_of_each_of_many_compares_few_ids),
      SENTENCE(cancel_of_ids_that_are_not_there_compares_few_ids),
      SENTENCE(cancels_of_one_id_that_all_have_compare_each_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
