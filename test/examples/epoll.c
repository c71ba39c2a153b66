/* A sender in an epoll loop that has other work: nothing in it ever blocks.
 *
 *     cc epoll.c $(pkg-config --cflags --libs poolsend) -o epoll
 *     producer | ./epoll https://a.example/ https://b.example/
 *
 * Every line that comes on standard input, a pipe or a terminal, becomes a message; a timer ticks four times a second
 * all the while. What a sender has to tell makes its descriptor readable. When it can take no message now, the line
 * stays in the buffer and nothing more is read, which holds up the producer. At the end of the input the sender is
 * closed, and the loop goes on until every message has settled. */
#define _GNU_SOURCE
#include <poolsend.h>

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

static struct {
  struct poolsend_sender *sender;
  struct poolsend_message *message; /* each line in turn */
  int poll, ticker;
  bool watched; /* standard input is in the set */
  bool over;    /* it has ended */
  bool closed;  /* the sender has told all there is to tell */
  uint64_t lines;
  size_t size;
  char input[65536]; /* what was read and not yet submitted */
} loop;

/* Ends the program by _exit: exit is for when the sender has been freed. */
static void need(bool good, const char *what)
{
  if (good)
    return;
  perror(what);
  _exit(1);
}

static void watch(int fd)
{
  struct epoll_event interest = {.events = EPOLLIN, .data.fd = fd};
  need(epoll_ctl(loop.poll, EPOLL_CTL_ADD, fd, &interest) == 0, "epoll_ctl");
}

/* Removed rather than left without an interest: of a hangup it would be told all the same. */
static void watch_input(bool wanted)
{
  if (wanted && !loop.watched)
    watch(STDIN_FILENO);
  if (!wanted && loop.watched)
    need(epoll_ctl(loop.poll, EPOLL_CTL_DEL, STDIN_FILENO, NULL) == 0, "epoll_ctl");
  loop.watched = wanted;
}

/* False: the sender has no room for it now. */
static bool submit(const char *line, size_t size)
{
  poolsend_message_body(loop.message, line, size);
  poolsend_message_tag(loop.message, loop.lines + 1, NULL);
  int result = poolsend_submit(loop.sender, loop.message, 0);
  if (result == POOLSEND_TIMEOUT)
    return false;
  loop.lines++;
  if (result < 0)
    fprintf(stderr, "line %ju: %s\n", (uintmax_t)loop.lines, poolsend_message_error(loop.message));
  return true;
}

/* As many whole lines as there are, and as the sender has room for. A last line may lack its end; so does one that is
 * longer than the buffer, which is cut. */
static void submit_lines(void)
{
  const char *next = loop.input, *past = loop.input + loop.size;
  while (next < past) {
    const char *end = memchr(next, '\n', (size_t)(past - next));
    if (!end && !loop.over && loop.size < sizeof loop.input)
      break;
    if (!submit(next, (size_t)((end ? end : past) - next)))
      break;
    next = end ? end + 1 : past;
  }
  loop.size = (size_t)(past - next);
  memmove(loop.input, next, loop.size);
  watch_input(!loop.over && loop.size < sizeof loop.input && !memchr(loop.input, '\n', loop.size));
  if (loop.over && loop.size == 0)
    poolsend_close(loop.sender, POOLSEND_NEVER);
}

static void read_input(void)
{
  ssize_t got = read(STDIN_FILENO, loop.input + loop.size, sizeof loop.input - loop.size);
  if (got < 0 && (errno == EINTR || errno == EAGAIN))
    return;
  need(got >= 0, "standard input");
  loop.size += (size_t)got;
  loop.over = got == 0;
}

static void tell(const struct poolsend_event *event)
{
  if (poolsend_event_kind(event) == POOLSEND_EVENT_DELIVERED)
    printf("line %ju: sent to %s\n", (uintmax_t)poolsend_event_line(event),
           poolsend_attempt_name(poolsend_event_attempt(event)));
  else if (!poolsend_event_winner(event))
    printf("line %ju: nobody took it\n", (uintmax_t)poolsend_event_line(event));
  else
    printf("line %ju: settled after %zu attempts\n", (uintmax_t)poolsend_event_line(event),
           poolsend_event_attempt_count(event));
}

static void tell_events(void)
{
  struct poolsend_event *event;
  int result;
  while ((result = poolsend_next(loop.sender, 0, &event)) == 0) {
    tell(event);
    poolsend_event_free(event);
  }
  loop.closed = result == POOLSEND_CLOSED;
}

static void tick(void)
{
  uint64_t times;
  if (read(loop.ticker, &times, sizeof times) != sizeof times)
    return;
  struct poolsend_counts *counts = poolsend_counts_new(loop.sender);
  printf("tick: %ju messages on their way\n", (uintmax_t)poolsend_counts_get(counts, POOLSEND_COUNT_PENDING));
  poolsend_counts_free(counts);
}

static void start_sender(char **urls)
{
  struct poolsend_config *config = poolsend_config_new();
  while (*urls)
    poolsend_config_add(config, *urls++);
  loop.sender = poolsend_open(config);
  loop.message = poolsend_message_new(NULL, 0);
  if (!loop.sender) {
    fprintf(stderr, "%s\n", poolsend_config_error(config));
    exit(1);
  }
  poolsend_config_free(config);
}

int main(int argc, char **argv)
{
  const struct itimerspec quarter = {{.tv_nsec = 250000000}, {.tv_nsec = 250000000}};
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  start_sender(argv + (argc > 0));
  loop.poll = epoll_create1(EPOLL_CLOEXEC);
  loop.ticker = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  need(loop.poll >= 0 && loop.ticker >= 0 && timerfd_settime(loop.ticker, 0, &quarter, NULL) == 0, "epoll");
  watch(loop.ticker);
  int events = poolsend_fd(loop.sender);
  if (events < 0)
    errno = -events;
  need(events >= 0, "poolsend_fd");
  watch(events);
  watch_input(true);

  while (!loop.closed) {
    struct epoll_event ready[8];
    int count = epoll_wait(loop.poll, ready, 8, -1);
    need(count >= 0 || errno == EINTR, "epoll_wait");
    for (int i = 0; i < count; i++) {
      if (ready[i].data.fd == STDIN_FILENO)
        read_input();
      else if (ready[i].data.fd == loop.ticker)
        tick();
      else
        tell_events();
    }
    submit_lines(); /* there may be room again: at the next tick, if no event says so */
  }
  close(loop.poll);
  close(loop.ticker);
  poolsend_message_free(loop.message);
  poolsend_free(loop.sender);
  return 0;
}
