/* A server that reads requests and says when each began to arrive. As `hole` it never answers; as `hole answer` it
 * answers each with 200 at once.
 *
 * One thread, one epoll. It prints its port, then obeys single letters on standard input and ends with that: `c` prints
 * how many connections are open and how many requests have arrived whole, `s` prints "NUMBER NANOSECONDS" for each of
 * these, then an empty line, `z` forgets them. NUMBER is the first number in the request's body; the time is
 * CLOCK_MONOTONIC as it was when epoll told of the request's first byte. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define REQUEST_MAX 4096
#define BATCH       256

struct connection {
  int fd;
  uint64_t began; /* of the request in `data` */
  size_t size;
  char data[REQUEST_MAX + 1];
};

struct stamp {
  long long number;
  uint64_t time;
};

static const char ANSWER[] =
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"ok\":true}";

static bool answers;
static int poller;
static size_t open_count;
static struct stamp *stamps;
static size_t stamp_count, stamp_room;

static void fail(const char *what)
{
  perror(what);
  exit(1);
}

static uint64_t now(void)
{
  struct timespec at;
  clock_gettime(CLOCK_MONOTONIC, &at);
  return (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec;
}

static void watch(int fd, void *owner)
{
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = owner};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event))
    fail("hole: epoll_ctl");
}

static void drop(struct connection *connection)
{
  close(connection->fd);
  free(connection);
  open_count--;
}

/* ---- Requests */

static void record(long long number, uint64_t time)
{
  if (stamp_count == stamp_room) {
    stamp_room = stamp_room ? 2 * stamp_room : 65536;
    stamps = reallocarray(stamps, stamp_room, sizeof *stamps);
    if (!stamps)
      fail("hole: memory");
  }
  stamps[stamp_count++] = (struct stamp){number, time};
}

static size_t body_size(const char *head)
{
  for (const char *at = head; (at = strstr(at, "\r\n")); at += 2)
    if (strncasecmp(at + 2, "Content-Length:", 15) == 0)
      return strtoul(at + 17, NULL, 10);
  return 0;
}

static long long first_number(const char *body)
{
  return strtoll(body + strcspn(body, "0123456789"), NULL, 10);
}

/* The size of the whole request at the front of what has been read, or 0. */
static size_t whole_request(const struct connection *connection, const char **body)
{
  char *end = strstr(connection->data, "\r\n\r\n");
  if (!end)
    return 0;
  *body = end + 4;
  size_t size = (size_t)(*body - connection->data) + body_size(connection->data);
  return size <= connection->size ? size : 0;
}

static bool take_requests(struct connection *connection, uint64_t time)
{
  const char *body;
  for (size_t size; (size = whole_request(connection, &body)) > 0;) {
    record(first_number(body), connection->began);
    connection->size -= size;
    memmove(connection->data, connection->data + size, connection->size + 1);
    connection->began = time;
    if (answers && send(connection->fd, ANSWER, sizeof ANSWER - 1, MSG_NOSIGNAL) != (ssize_t)sizeof ANSWER - 1)
      return false;
  }
  return connection->size < REQUEST_MAX;
}

static void serve(struct connection *connection, uint64_t time)
{
  ssize_t got = recv(connection->fd, connection->data + connection->size, REQUEST_MAX - connection->size, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (got > 0) {
    if (connection->size == 0)
      connection->began = time;
    connection->size += (size_t)got;
    connection->data[connection->size] = '\0';
    if (take_requests(connection, time))
      return;
  }
  drop(connection);
}

/* ---- The listener and the orders */

static void accept_all(int listener)
{
  for (int fd; (fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;) {
    struct connection *connection = malloc(sizeof *connection);
    if (!connection)
      fail("hole: memory");
    connection->fd = fd;
    connection->size = 0;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    watch(fd, connection);
    open_count++;
  }
  if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
    fail("hole: accept");
}

static int listen_somewhere(void)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) || listen(fd, 4096) ||
      getsockname(fd, (struct sockaddr *)&address, &size))
    fail("hole: listen");
  printf("%d\n", ntohs(address.sin_port));
  return fd;
}

static void print_stamps(void)
{
  for (size_t i = 0; i < stamp_count; i++)
    printf("%lld %llu\n", stamps[i].number, (unsigned long long)stamps[i].time);
  printf("\n");
}

static void obey(void)
{
  char order;
  if (read(STDIN_FILENO, &order, 1) != 1)
    exit(0);
  if (order == 'c')
    printf("%zu %zu\n", open_count, stamp_count);
  else if (order == 's')
    print_stamps();
  else if (order == 'z')
    stamp_count = 0;
  fflush(stdout);
}

static void raise_descriptors(void)
{
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

int main(int argc, char **argv)
{
  static int orders, listening; /* their addresses tell these two from connections */
  struct epoll_event events[BATCH];
  answers = argc > 1 && strcmp(argv[1], "answer") == 0;
  raise_descriptors();
  poller = epoll_create1(EPOLL_CLOEXEC);
  int listener = listen_somewhere();
  watch(listener, &listening);
  watch(STDIN_FILENO, &orders);
  fflush(stdout);
  for (;;) {
    int count = epoll_wait(poller, events, BATCH, -1);
    uint64_t time = now();
    for (int i = 0; i < count; i++) {
      if (events[i].data.ptr == &orders)
        obey();
      else if (events[i].data.ptr == &listening)
        accept_all(listener);
      else
        serve(events[i].data.ptr, time);
    }
  }
}
