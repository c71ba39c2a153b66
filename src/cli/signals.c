#include "cli/signals.h"

#include "cli/output.h"
#include "cli/settings.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

/* timeout(1) and its like send a signal to the process and again to its group: what comes this soon is the same one. */
#define SAME_MS 250

/* SIGHUP stays ignored where it was, as under nohup. SIGINT does not: a script's background jobs begin with it ignored,
 * and who sends it to one of them means it. */
static sigset_t signals_of_interest(void)
{
  struct sigaction hangup;
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
    sigaddset(&set, SIGHUP);
  return set;
}

void ps_cli_signals_block(void)
{
  sigset_t set = signals_of_interest();
  pthread_sigmask(SIG_BLOCK, &set, NULL);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
}

static void raise_flag(int fd)
{
  uint64_t one = 1;
  ssize_t written = write(fd, &one, sizeof one);
  (void)written; /* it can fail only when it is readable already */
}

/* One write, if it can be made without waiting. */
static void say_at_once(const char *text)
{
  struct pollfd ready = {.fd = STDERR_FILENO, .events = POLLOUT};
  if (poll(&ready, 1, 0) == 1) {
    ssize_t written = write(STDERR_FILENO, text, strlen(text));
    (void)written; /* there is nothing else to be done with it */
  }
}

__attribute__((noreturn)) static void end_at_once(struct ps_cli_signals *signals, int number)
{
  char words[160] = "poolsend: second signal\n";
  const struct poolsend_counts *counts = poolsend_counts_new(signals->sender); /* ends with the process */
  uint64_t started = poolsend_counts_get(counts, POOLSEND_COUNT_STARTED), accounted = atomic_load(&signals->accounted);
  uint64_t lost = started > accounted ? started - accounted : 0;
  if (lost)
    snprintf(words, sizeof words, "poolsend: second signal: %llu account%s lost: what became of %s is not known here\n",
             (unsigned long long)lost, lost == 1 ? "" : "s", lost == 1 ? "it" : "them");
  say_at_once(words);
  _exit(128 + number);
}

static void end_in_order(struct ps_cli_signals *signals)
{
  if (signals->grace == PS_CLI_NO_GRACE)
    poolsend_cancel_all(signals->sender);
  else
    poolsend_close(signals->sender, signals->grace);
}

static long long milliseconds_now(void)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void *wait_for_signals(void *argument)
{
  struct ps_cli_signals *signals = argument;
  struct pollfd fds[] = {{.fd = signals->source, .events = POLLIN}, {.fd = signals->quit, .events = POLLIN}};
  long long first_at = 0;
  for (;;) {
    if (poll(fds, 2, -1) < 0 && errno != EINTR)
      return NULL;
    if (fds[1].revents)
      return NULL;
    struct signalfd_siginfo info;
    if (!fds[0].revents || read(signals->source, &info, sizeof info) != sizeof info)
      continue;
    if (!atomic_load(&signals->first)) {
      first_at = milliseconds_now();
      atomic_store(&signals->first, (int)info.ssi_signo);
      end_in_order(signals);
      raise_flag(signals->raised);
    } else if (milliseconds_now() - first_at >= SAME_MS) {
      end_at_once(signals, (int)info.ssi_signo);
    }
  }
}

bool ps_cli_signals_start(struct ps_cli_signals *signals, struct poolsend_sender *sender, poolsend_time grace)
{
  sigset_t set = signals_of_interest();
  signals->sender = sender;
  signals->grace = grace;
  signals->source = signalfd(-1, &set, SFD_CLOEXEC);
  signals->quit = eventfd(0, EFD_CLOEXEC);
  signals->raised = eventfd(0, EFD_CLOEXEC);
  atomic_init(&signals->first, 0);
  atomic_init(&signals->accounted, 0);
  ps_cli_output_heed(signals->raised);
  int error = signals->source < 0 || signals->quit < 0 || signals->raised < 0 ? errno : 0;
  if (!error)
    error = pthread_create(&signals->thread, NULL, wait_for_signals, signals);
  return error ? ps_cli_complain("cannot wait for signals: %s", strerror(error)) : true;
}

void ps_cli_signals_stop(struct ps_cli_signals *signals)
{
  raise_flag(signals->quit);
  pthread_join(signals->thread, NULL);
  ps_cli_output_heed(-1);
  close(signals->source);
  close(signals->quit);
  close(signals->raised);
}
