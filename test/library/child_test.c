/* Children of fork: what was made by the parent is dead there, at once and without harm; what is made there works. A
 * child tells by its exit status what it saw, and is ended if it takes too long. */
#include "../../src/base/sanitizers.h"
#include "helpers.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the parent has when it forks. */
static struct {
  struct poolsend_sender *sender; /* to a gate, with a message under way */
  struct poolsend_report *report; /* of that */
  struct poolsend_event *event;   /* fetched */
  struct poolsend_preview *preview;
  struct poolsend_pool *pool;
  struct poolsend_job *job;
} made;

static void *nothing(void *context)
{
  return context;
}

static void make_all(void)
{
  struct setup setup;
  struct poolsend_message *message AUTOFREE = message_of("held");
  set_up(&setup, server_url(server, "/gate/a"), NULL);
  set(&setup, "workers", "4");
  made.sender = sender_of(&setup);
  submit(made.sender, "cancelled");
  assert_int_equal(poolsend_cancel(made.sender, "cancelled"), 0);
  made.event = next_event(made.sender);
  made.report = submit_report(made.sender, "held");
  while (server_count_id(server, "/gate/a", "held") == 0)
    usleep(1000);
  assert_int_equal(poolsend_preview_new(made.sender, 0, message, &made.preview), 0);
  assert_int_equal(poolsend_pool_new(&made.pool, 2, 2), 0);
  assert_int_equal(poolsend_pool_submit(made.pool, nothing, NULL, 0, &made.job), 0);
  assert_int_equal(poolsend_job_wait(made.job, PATIENCE, NULL), 0);
}

static int begin(void **state)
{
  serve(state);
  make_all();
  return 0;
}

/* The parent's message was not disturbed. */
static int finish(void **state)
{
  (void)state;
  const struct poolsend_event *settled;
  server_open(server, "/gate/a");
  must(poolsend_report_settled(made.report, PATIENCE, &settled) == 0);
  must(poolsend_event_winner(settled) && poolsend_event_attempt_count(settled) == 1);
  must(server_count_id(server, "/gate/a", "held") == 1);
  poolsend_report_free(made.report);
  poolsend_event_free(made.event);
  poolsend_preview_free(made.preview);
  poolsend_free(made.sender);
  poolsend_job_free(made.job);
  poolsend_pool_free(made.pool);
  server_free(server);
  return 0;
}

/* Whether `look` comes to its end in a child. */
static bool is_fine_in_child(void (*look)(void))
{
  int status = 0;
  pid_t child = fork();
  if (child == 0) {
    alarm(PATIENCE_S);
    look();
    _exit(EXIT_SUCCESS);
  }
  return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS;
}

/* ---- What was made by the parent */

static void look_at_the_sender(void)
{
  struct poolsend_message *message AUTOFREE = message_of("child");
  struct poolsend_event *event = made.event;
  struct poolsend_preview *preview = made.preview;
  size_t count = 9;
  must(poolsend_submit(made.sender, message, POOLSEND_NEVER) == -ECHILD);
  must(poolsend_cancel(made.sender, "held") == -ECHILD);
  must(poolsend_next(made.sender, POOLSEND_NEVER, &event) == -ECHILD && !event);
  must(poolsend_take(made.sender, POOLSEND_NEVER, &event, 1, &count) == -ECHILD && count == 0);
  must(poolsend_fd(made.sender) == -ECHILD);
  must(poolsend_preview_new(made.sender, 0, message, &preview) == -ECHILD && !preview);
  struct counts counts = counts_of(made.sender);
  must(!counts.submitted && !counts.delivered && !counts.undelivered && !counts.pending);
  must(!counts.started && !counts.finished && !counts.threads);
  must(!poolsend_counts_new(made.sender));
  poolsend_cancel_all(made.sender);
  poolsend_close(made.sender, 0);
  poolsend_free(made.sender);
  must(poolsend_submit(made.sender, message, 0) == -ECHILD);
}

static void look_at_reports(void)
{
  const struct poolsend_event *event;
  struct poolsend_message *message AUTOFREE = message_of("child");
  struct poolsend_report *report = made.report;
  must(poolsend_deliver(made.sender, message, POOLSEND_NEVER, &report) == -ECHILD && !report);
  report = made.report;
  must(poolsend_submit_report(made.sender, message, 0, &report) == -ECHILD && !report);
  must(poolsend_deliver(made.sender, message, POOLSEND_NEVER, NULL) == -ECHILD);
  must(poolsend_report_delivered(made.report, POOLSEND_NEVER, &event) == -ECHILD);
  must(poolsend_report_settled(made.report, POOLSEND_NEVER, &event) == -ECHILD);
  must(strcmp(poolsend_report_id(made.report), "held") == 0);
  poolsend_report_free(made.report);
  must(poolsend_report_settled(made.report, 0, &event) == -ECHILD);
}

static void look_at_what_was_fetched(void)
{
  must(poolsend_event_kind(made.event) == POOLSEND_EVENT_SETTLED &&
       strcmp(poolsend_event_id(made.event), "cancelled") == 0);
  char *json = poolsend_event_json(made.event);
  must(json && strstr(json, "\"settled\""));
  free(json);
  json = poolsend_preview_json(made.preview);
  must(json && strstr(json, "POST"));
  free(json);
  poolsend_event_free(made.event);
  poolsend_preview_free(made.preview);
}

static void look_at_the_pool(void)
{
  struct poolsend_job *job = made.job;
  must(poolsend_pool_submit(made.pool, nothing, NULL, POOLSEND_NEVER, &job) == -ECHILD && !job);
  must(poolsend_pool_drain(made.pool, POOLSEND_NEVER) == -ECHILD);
  must(poolsend_job_wait(made.job, POOLSEND_NEVER, NULL) == -ECHILD);
  must(!poolsend_job_withdraw(made.job));
  must(poolsend_pool_count(made.pool, POOLSEND_POOL_LIMIT) == 0);
  poolsend_job_free(made.job);
  poolsend_pool_free(made.pool);
}

static void look_at_all(void)
{
  look_at_the_sender();
  look_at_reports();
  look_at_what_was_fetched();
  look_at_the_pool();
}

static void look_from_a_childs_child(void)
{
  must(is_fine_in_child(look_at_all));
  look_at_all();
}

static void what_the_parent_made_is_dead_in_a_child(void **state)
{
  (void)state;
  assert_true(is_fine_in_child(look_at_the_sender));
  assert_true(is_fine_in_child(look_at_reports));
  assert_true(is_fine_in_child(look_at_the_pool));
}

static void what_the_parent_fetched_can_be_read_in_a_child(void **state)
{
  (void)state;
  assert_true(is_fine_in_child(look_at_what_was_fetched));
}

static void childs_child_sees_the_same(void **state)
{
  (void)state;
  assert_true(is_fine_in_child(look_from_a_childs_child));
}

static void *keep_busy(void *stop)
{
  struct poolsend_message *message AUTOFREE = message_of(NULL);
  while (!__atomic_load_n((bool *)stop, __ATOMIC_RELAXED)) {
    struct poolsend_preview *preview;
    struct poolsend_report *report;
    must(poolsend_preview_new(made.sender, 0, message, &preview) == 0);
    poolsend_preview_free(preview);
    must(poolsend_submit_report(made.sender, message, 0, &report) >= 0);
    poolsend_report_free(report);
    poolsend_cancel(made.sender, "nobody");
    counts_of(made.sender);
  }
  return NULL;
}

/* Locks that others hold when it is made are held for ever in a child. */
static void child_of_a_process_at_work_is_not_held_up(void **state)
{
  (void)state;
  bool stop = false;
  pthread_t threads[2];
  for (int i = 0; i < 2; i++)
    assert_true(start_thread(&threads[i], keep_busy, &stop));
  for (int i = 0; i < 60; i++)
    assert_true(is_fine_in_child(look_at_all));
  __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
  for (int i = 0; i < 2; i++)
    pthread_join(threads[i], NULL);
}

/* ---- What is made by the child */

static void send_on_ones_own(void)
{
  struct setup setup;
  struct poolsend_pool *pool;
  struct poolsend_report *report;
  struct poolsend_message *message AUTOFREE = message_of("child");
  set_up(&setup, server_url(server, "/ok"), NULL);
  must(poolsend_pool_new(&pool, 2, 0) == 0);
  poolsend_config_pool(setup.config, pool);
  struct poolsend_sender *sender = sender_of(&setup);
  must(poolsend_deliver(sender, message, PATIENCE, &report) == 0);
  poolsend_report_free(report);
  must(drain(sender, POOLSEND_NEVER) == 1);
  poolsend_free(sender);
  poolsend_pool_free(pool);
  set_up(&setup, server_url(server, "/ok"), NULL);
  poolsend_config_pool(setup.config, made.pool); /* the parent's */
  must(!poolsend_open(setup.config) && poolsend_config_failed(setup.config) == -ECHILD);
  take_down(&setup);
}

/* ThreadSanitizer cannot start threads in a child of a process that had some. */
static void child_may_send_by_a_sender_of_its_own(void **state)
{
  (void)state;
#ifdef PS_THREAD_SANITIZER
  skip();
#endif
  assert_true(is_fine_in_child(send_on_ones_own));
  assert_int_equal(server_count_id(server, "/ok", "child"), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, finish)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(what_the_parent_made_is_dead_in_a_child),
      CASE(what_the_parent_fetched_can_be_read_in_a_child),
      CASE(childs_child_sees_the_same),
      CASE(child_of_a_process_at_work_is_not_held_up),
      CASE(child_may_send_by_a_sender_of_its_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
