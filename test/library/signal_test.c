/* Signals: handlers run on the caller's threads alone, a connection that breaks raises no SIGPIPE, and masks are as
 * before. The server's threads block every signal, so that whatever a thread of the library's took would be seen. */
#include "helpers.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* ---- Which thread a handler runs on */

static struct {
  atomic_uint handled, elsewhere;
  pid_t callers;
} seen;

static void handle(int number)
{
  (void)number;
  atomic_fetch_add(&seen.handled, 1);
  if (gettid() != seen.callers)
    atomic_fetch_add(&seen.elsewhere, 1);
}

static void catch (int number, struct sigaction *before)
{
  struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART};
  memset(&seen, 0, sizeof seen);
  seen.callers = gettid();
  assert_int_equal(sigaction(number, &action, before), 0);
}

static void handlers_run_on_the_callers_threads_only(void **state)
{
  static const int numbers[] = {SIGUSR1, SIGTERM, SIGALRM, SIGCHLD};
  (void)state;
  struct setup setup;
  struct sigaction before;
  set_up(&setup, server_url(server, "/gate/a"), server_url(server, "/ok"), NULL);
  set(&setup, "workers", "8");
  set(&setup, "hedge_delay", "1ms");
  struct poolsend_sender *sender = sender_of(&setup);
  for (int i = 0; i < 4; i++)
    submit(sender, NULL);
  server_await(server, "/gate/a", 4);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    catch (numbers[i], &before);
    for (int j = 0; j < 50; j++) {
      assert_int_equal(kill(getpid(), numbers[i]), 0);
      counts_of(sender);
    }
    assert_true(atomic_load(&seen.handled) > 0);
    assert_int_equal(atomic_load(&seen.elsewhere), 0);
    assert_int_equal(sigaction(numbers[i], &before, NULL), 0);
  }
  server_open(server, "/gate/a");
  assert_int_equal(drain(sender, POOLSEND_NEVER), 4);
  poolsend_free(sender);
}

static void *interrupt_main(void *unused)
{
  for (int i = 0; i < 50; i++) {
    kill(getpid(), SIGUSR1);
    usleep(200);
  }
  server_open(server, "/gate/a");
  return unused;
}

/* A call that waits is not cut short by a signal. */
static void calls_that_wait_go_on_after_a_signal(void **state)
{
  (void)state;
  pthread_t thread;
  struct sigaction before;
  struct poolsend_report *report;
  struct poolsend_message *message AUTOFREE = message_of("m");
  struct poolsend_sender *sender = sender_to(server_url(server, "/gate/a"));
  catch (SIGUSR1, &before);
  assert_true(start_thread(&thread, interrupt_main, NULL));
  assert_int_equal(poolsend_deliver(sender, message, PATIENCE, &report), 0);
  pthread_join(thread, NULL);
  assert_true(atomic_load(&seen.handled) > 0);
  assert_int_equal(atomic_load(&seen.elsewhere), 0);
  sigaction(SIGUSR1, &before, NULL);
  poolsend_report_free(report);
  poolsend_free(sender);
}

/* ---- SIGPIPE */

static bool is_pending(int number)
{
  sigset_t pending;
  assert_int_equal(sigpending(&pending), 0);
  return sigismember(&pending, number);
}

/* A body larger than what the kernel keeps, to a peer that is gone before it has read any of it. */
static void connections_that_break_raise_no_sigpipe(void **state)
{
  (void)state;
  enum { SIZE = 1 << 20, MESSAGES = 10 };
  struct sigaction before;
  struct setup setup;
  char *body = malloc(SIZE);
  must(body);
  memset(body, 'x', SIZE);
  struct poolsend_message *message AUTOFREE = message_of(NULL);
  must(poolsend_message_body(message, body, SIZE) == 0);
  catch (SIGPIPE, &before);
  set_up(&setup, server_url(server, "/slam"), NULL);
  set(&setup, "workers", "4");
  set(&setup, "max_pending", "%u", MESSAGES);
  struct poolsend_sender *sender = sender_of(&setup);
  for (int i = 0; i < MESSAGES; i++)
    assert_int_equal(poolsend_submit(sender, message, PATIENCE), 0);
  assert_int_equal(drain(sender, POOLSEND_NEVER), MESSAGES);
  assert_int_equal(count_of(sender, POOLSEND_COUNT_UNDELIVERED), MESSAGES);
  assert_int_equal(count_of_endpoint(sender, 0, POOLSEND_ENDPOINT_UNKNOWN), MESSAGES);
  poolsend_free(sender);
  assert_int_equal(atomic_load(&seen.handled), 0);
  assert_false(is_pending(SIGPIPE));
  sigaction(SIGPIPE, &before, NULL);
  free(body);
}

/* ---- Masks and dispositions */

#define STANDARD 31 /* signals, that are not for the implementation */

static void mask_is_unchanged(const sigset_t *mine)
{
  sigset_t now;
  assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &now), 0);
  for (int number = 1; number <= STANDARD; number++)
    assert_int_equal(sigismember(&now, number), sigismember(mine, number));
}

static void mask_of_the_caller_is_as_before(void **state)
{
  (void)state;
  sigset_t mine, before;
  struct poolsend_report *report;
  struct poolsend_message *message AUTOFREE = message_of(NULL);
  sigemptyset(&mine);
  sigaddset(&mine, SIGUSR2);
  sigaddset(&mine, SIGHUP);
  pthread_sigmask(SIG_SETMASK, &mine, &before);
  struct poolsend_sender *sender = sender_to(server_url(server, "/ok"));
  mask_is_unchanged(&mine);
  assert_int_equal(poolsend_deliver(sender, message, PATIENCE, &report), 0);
  mask_is_unchanged(&mine);
  poolsend_report_free(report);
  poolsend_free(sender);
  mask_is_unchanged(&mine);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* One that is pending at the caller's own wish stays so. */
static void pending_sigpipe_of_the_caller_is_kept(void **state)
{
  (void)state;
  sigset_t mine, before;
  int number;
  sigemptyset(&mine);
  sigaddset(&mine, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &mine, &before);
  pthread_kill(pthread_self(), SIGPIPE);
  struct poolsend_sender *sender = sender_to(server_url(server, "/ok"));
  poolsend_report_free(submit_report(sender, NULL));
  poolsend_free(sender);
  assert_true(is_pending(SIGPIPE));
  assert_int_equal(sigwait(&mine, &number), 0);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void no_disposition_is_changed(void **state)
{
  (void)state;
  struct sigaction before[STANDARD + 1], now;
  for (int number = 1; number <= STANDARD; number++)
    sigaction(number, NULL, &before[number]);
  struct poolsend_sender *sender = sender_to(server_url(server, "/ok"));
  submit(sender, NULL);
  assert_int_equal(drain(sender, POOLSEND_NEVER), 1);
  for (int round = 0; round < 2; round++) {
    for (int number = 1; number <= STANDARD; number++)
      if (sigaction(number, NULL, &now) == 0)
        assert_true(now.sa_handler == before[number].sa_handler);
    if (round == 0)
      poolsend_free(sender);
  }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(handlers_run_on_the_callers_threads_only), CASE(calls_that_wait_go_on_after_a_signal),
      CASE(connections_that_break_raise_no_sigpipe),  CASE(mask_of_the_caller_is_as_before),
      CASE(pending_sigpipe_of_the_caller_is_kept),    CASE(no_disposition_is_changed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
