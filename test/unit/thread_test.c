/* Which signals a thread takes, and what becomes of a SIGPIPE. */
#include "base/thread.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS};

static bool is_fault(int signal)
{
  for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
    if (faults[i] == signal)
      return true;
  return false;
}

/* Neither can be blocked. */
static bool is_open(int signal)
{
  return is_fault(signal) || signal == SIGKILL || signal == SIGSTOP;
}

static sigset_t current_mask(void)
{
  sigset_t mask;
  assert_int_equal(pthread_sigmask(SIG_SETMASK, NULL, &mask), 0);
  return mask;
}

static void *note_mask(void *mask)
{
  pthread_sigmask(SIG_SETMASK, NULL, mask);
  return NULL;
}

static void check_mask_of_a_new_thread(void)
{
  sigset_t mask;
  pthread_t thread;
  assert_int_equal(ps_thread_start(&thread, 0, note_mask, &mask), 0);
  ps_thread_join(thread);
  for (int signal = 1; signal <= SIGRTMAX; signal++)
    if (signal < 32 || signal >= SIGRTMIN) /* those between are the C library's own */
      assert_int_equal(sigismember(&mask, signal), !is_open(signal));
}

static void thread_blocks_every_signal_but_faults(void **state)
{
  (void)state;
  check_mask_of_a_new_thread();
}

static void thread_takes_faults_even_if_its_maker_does_not(void **state)
{
  (void)state;
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  check_mask_of_a_new_thread();
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void *do_nothing(void *argument)
{
  return argument;
}

static void mask_of_the_maker_is_as_before(void **state)
{
  (void)state;
  sigset_t some, before, after;
  pthread_t thread;
  sigemptyset(&some);
  sigaddset(&some, SIGUSR2);
  sigaddset(&some, SIGFPE);
  pthread_sigmask(SIG_SETMASK, &some, &before);
  int started = ps_thread_start(&thread, 0, do_nothing, NULL);
  after = current_mask();
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  assert_int_equal(started, 0);
  ps_thread_join(thread);
  for (int signal = 1; signal < 32; signal++)
    assert_int_equal(sigismember(&after, signal), signal == SIGUSR2 || signal == SIGFPE);
}

static void thread_that_cannot_be_made_gives_the_error(void **state)
{
  (void)state;
  pthread_t thread;
  assert_int_equal(ps_thread_start(&thread, 1, do_nothing, NULL), -EINVAL);
}

static void *note_stack_size(void *size)
{
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) == 0)
    pthread_attr_getstacksize(&attributes, size);
  pthread_attr_destroy(&attributes);
  return NULL;
}

static void thread_has_the_stack_that_was_asked_for(void **state)
{
  (void)state;
  size_t asked = 1 << 20, size = 0;
  pthread_t thread;
  assert_int_equal(ps_thread_start(&thread, asked, note_stack_size, &size), 0);
  ps_thread_join(thread);
  assert_in_range(size, asked, asked + (64 << 10));
}

/* ---- SIGPIPE */

static volatile sig_atomic_t pipes;

static void note_pipe(int signal)
{
  (void)signal;
  pipes++;
}

static int heed_sigpipe(void **state)
{
  (void)state;
  struct sigaction action = {.sa_handler = note_pipe};
  pipes = 0;
  return sigaction(SIGPIPE, &action, NULL);
}

static int no_longer(void **state)
{
  (void)state;
  return signal(SIGPIPE, SIG_DFL) == SIG_ERR;
}

static void write_to_nobody(void)
{
  int ends[2];
  assert_int_equal(pipe(ends), 0);
  close(ends[0]);
  assert_int_equal(write(ends[1], "x", 1), -1);
  assert_int_equal(errno, EPIPE);
  close(ends[1]);
}

static bool is_pending(void)
{
  sigset_t pending;
  assert_int_equal(sigpending(&pending), 0);
  return sigismember(&pending, SIGPIPE) == 1;
}

static void writing_to_nobody_raises_the_signal(void **state)
{
  (void)state;
  write_to_nobody();
  assert_int_equal(pipes, 1);
}

static void signal_that_comes_while_held_is_forgotten(void **state)
{
  (void)state;
  struct ps_sigpipe held;
  ps_sigpipe_hold(&held);
  write_to_nobody();
  ps_sigpipe_release(&held);
  assert_false(is_pending());
  assert_int_equal(pipes, 0);
}

static void signal_is_heeded_again_after_release(void **state)
{
  (void)state;
  struct ps_sigpipe held;
  ps_sigpipe_hold(&held);
  ps_sigpipe_release(&held);
  write_to_nobody();
  assert_int_equal(pipes, 1);
}

static void inner_pair_leaves_the_outer_one_holding(void **state)
{
  (void)state;
  struct ps_sigpipe outer, inner;
  ps_sigpipe_hold(&outer);
  ps_sigpipe_hold(&inner);
  write_to_nobody();
  ps_sigpipe_release(&inner);
  write_to_nobody();
  ps_sigpipe_release(&outer);
  assert_false(is_pending());
  assert_int_equal(pipes, 0);
}

static void signal_that_was_pending_before_still_is(void **state)
{
  (void)state;
  struct ps_sigpipe held;
  sigset_t signals, before;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, &before);
  write_to_nobody();
  ps_sigpipe_hold(&held);
  write_to_nobody();
  ps_sigpipe_release(&held);
  assert_true(is_pending());
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  assert_int_equal(pipes, 1);
}

#define WITH_SIGPIPE(name) cmocka_unit_test_setup_teardown(name, heed_sigpipe, no_longer)

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(thread_blocks_every_signal_but_faults),
      cmocka_unit_test(thread_takes_faults_even_if_its_maker_does_not),
      cmocka_unit_test(mask_of_the_maker_is_as_before),
      cmocka_unit_test(thread_that_cannot_be_made_gives_the_error),
      cmocka_unit_test(thread_has_the_stack_that_was_asked_for),
      WITH_SIGPIPE(writing_to_nobody_raises_the_signal),
      WITH_SIGPIPE(signal_that_comes_while_held_is_forgotten),
      WITH_SIGPIPE(signal_is_heeded_again_after_release),
      WITH_SIGPIPE(inner_pair_leaves_the_outer_one_holding),
      WITH_SIGPIPE(signal_that_was_pending_before_still_is),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
