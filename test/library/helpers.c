#include "helpers.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

struct server *server;

int serve(void **state)
{
  (void)state;
  server = server_new();
  return 0;
}

int stop_serving(void **state)
{
  (void)state;
  server_free(server);
  return 0;
}

void set_up(struct setup *setup, const char *url, ...)
{
  static const char *const names[MOST_APIS] = {"a", "b", "c", "d"};
  va_list urls;
  memset(setup, 0, sizeof *setup);
  setup->config = poolsend_config_new();
  va_start(urls, url);
  for (size_t i = 0; url && i < MOST_APIS; url = va_arg(urls, const char *), i++) {
    setup->apis[i] = poolsend_config_add(setup->config, url);
    poolsend_endpoint_set(setup->apis[i], "name", names[i]);
  }
  va_end(urls);
}

#define LONGEST_VALUE 4096

static const char *say(char value[LONGEST_VALUE], const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static const char *say(char value[LONGEST_VALUE], const char *format, va_list arguments)
{
  int size = vsnprintf(value, LONGEST_VALUE, format, arguments);
  must(size >= 0 && size < LONGEST_VALUE);
  return value;
}

void set(struct setup *setup, const char *name, const char *format, ...)
{
  char value[LONGEST_VALUE];
  va_list arguments;
  va_start(arguments, format);
  poolsend_config_set(setup->config, name, say(value, format, arguments));
  va_end(arguments);
}

void set_api(struct setup *setup, size_t api, const char *name, const char *format, ...)
{
  char value[LONGEST_VALUE];
  va_list arguments;
  va_start(arguments, format);
  poolsend_endpoint_set(setup->apis[api], name, say(value, format, arguments));
  va_end(arguments);
}

void take_down(struct setup *setup)
{
  poolsend_config_free(setup->config);
  memset(setup, 0, sizeof *setup);
}

struct poolsend_sender *sender_of(struct setup *setup)
{
  struct poolsend_sender *sender = poolsend_open(setup->config);
  if (!sender)
    fprintf(stderr, "%s\n", poolsend_config_error(setup->config));
  must(sender != NULL);
  take_down(setup);
  return sender;
}

const char *refusal_of(struct setup *setup)
{
  assert_null(poolsend_open(setup->config));
  assert_int_equal(poolsend_config_failed(setup->config), -EINVAL);
  return poolsend_config_error(setup->config);
}

struct poolsend_sender *sender_to(const char *url)
{
  struct setup setup;
  set_up(&setup, url, NULL);
  return sender_of(&setup);
}

struct poolsend_sender *sender_to_path(const char *path)
{
  return sender_to(server_url(server, path));
}

void set_up_late(struct setup *setup)
{
  set_up(setup, server_url(server, "/gate/a"), server_url(server, "/ok"), NULL);
  set(setup, "hedge_delay", "1ms");
  set(setup, "breaker", "false");
  set(setup, "workers", "16");
}

struct poolsend_sender *sender_with_late(void)
{
  struct setup setup;
  set_up_late(&setup);
  return sender_of(&setup);
}

int refuse_at(char *url, size_t size)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
  must(getsockname(fd, (struct sockaddr *)&address, &length) == 0);
  snprintf(url, size, "http://127.0.0.1:%u/", ntohs(address.sin_port));
  return fd;
}

struct poolsend_message *message_of(const char *id)
{
  struct poolsend_message *message = poolsend_message_new("{\"alert\": \"disk full\"}", POOLSEND_TEXT);
  must(poolsend_message_set(message, "json", "true") == 0);
  if (id)
    poolsend_message_set(message, "id", id);
  return message;
}

void free_message(struct poolsend_message **message)
{
  poolsend_message_free(*message);
}

void submit(struct poolsend_sender *sender, const char *id)
{
  struct poolsend_message *message AUTOFREE = message_of(id);
  must(poolsend_submit(sender, message, PATIENCE) == 0);
}

struct poolsend_report *submit_report(struct poolsend_sender *sender, const char *id)
{
  struct poolsend_message *message AUTOFREE = message_of(id);
  struct poolsend_report *report;
  must(poolsend_submit_report(sender, message, PATIENCE, &report) == 0);
  return report;
}

struct poolsend_event *next_event(struct poolsend_sender *sender)
{
  struct poolsend_event *event;
  must(poolsend_next(sender, PATIENCE, &event) == 0);
  return event;
}

void expect_event(struct poolsend_sender *sender, enum poolsend_event_kind kind, const char *id)
{
  struct poolsend_event *event = next_event(sender);
  assert_int_equal(poolsend_event_kind(event), kind);
  assert_string_equal(poolsend_event_id(event), id);
  poolsend_event_free(event);
}

void expect_response(const struct poolsend_attempt *attempt, const char *text, bool truncated)
{
  size_t size;
  const char *response = poolsend_attempt_response(attempt, &size);
  assert_non_null(response);
  assert_int_equal(size, strlen(text));
  assert_memory_equal(response, text, size);
  assert_int_equal(poolsend_attempt_response_is_truncated(attempt), truncated);
}

struct counts counts_of(struct poolsend_sender *sender)
{
  struct poolsend_counts *now = poolsend_counts_new(sender);
  struct counts counts = {
      .submitted = poolsend_counts_get(now, POOLSEND_COUNT_SUBMITTED),
      .delivered = poolsend_counts_get(now, POOLSEND_COUNT_DELIVERED),
      .undelivered = poolsend_counts_get(now, POOLSEND_COUNT_UNDELIVERED),
      .pending = poolsend_counts_get(now, POOLSEND_COUNT_PENDING),
      .started = poolsend_counts_get(now, POOLSEND_COUNT_STARTED),
      .finished = poolsend_counts_get(now, POOLSEND_COUNT_FINISHED),
      .threads = poolsend_counts_get(now, POOLSEND_COUNT_THREADS),
      .threads_denied = poolsend_counts_get(now, POOLSEND_COUNT_THREADS_DENIED),
      .unheard = poolsend_counts_get(now, POOLSEND_COUNT_UNHEARD),
  };
  poolsend_counts_free(now);
  return counts;
}

struct endpoint_counts endpoint_counts_of(struct poolsend_sender *sender, unsigned endpoint)
{
  struct poolsend_counts *now = poolsend_counts_new(sender);
  struct endpoint_counts counts = {
      .slots = poolsend_counts_endpoint(now, endpoint, POOLSEND_ENDPOINT_SLOTS),
      .running = poolsend_counts_endpoint(now, endpoint, POOLSEND_ENDPOINT_RUNNING),
      .waiting = poolsend_counts_endpoint(now, endpoint, POOLSEND_ENDPOINT_WAITING),
      .breaker_open = poolsend_counts_endpoint(now, endpoint, POOLSEND_ENDPOINT_BREAKER_OPEN),
      .started = poolsend_counts_endpoint(now, endpoint, POOLSEND_ENDPOINT_STARTED),
      .delivered = poolsend_counts_endpoint(now, endpoint, POOLSEND_ENDPOINT_DELIVERED),
      .rejected = poolsend_counts_endpoint(now, endpoint, POOLSEND_ENDPOINT_REJECTED),
      .unreached = poolsend_counts_endpoint(now, endpoint, POOLSEND_ENDPOINT_UNREACHED),
      .unknown = poolsend_counts_endpoint(now, endpoint, POOLSEND_ENDPOINT_UNKNOWN),
  };
  poolsend_counts_free(now);
  return counts;
}

uint64_t count_of(struct poolsend_sender *sender, enum poolsend_count count)
{
  struct poolsend_counts *counts = poolsend_counts_new(sender);
  uint64_t value = poolsend_counts_get(counts, count);
  poolsend_counts_free(counts);
  return value;
}

uint64_t count_of_endpoint(struct poolsend_sender *sender, unsigned endpoint, enum poolsend_endpoint_count count)
{
  struct poolsend_counts *counts = poolsend_counts_new(sender);
  uint64_t value = poolsend_counts_endpoint(counts, endpoint, count);
  poolsend_counts_free(counts);
  return value;
}

void expect_none(struct poolsend_sender *sender)
{
  struct poolsend_event *event;
  assert_int_equal(poolsend_next(sender, 0, &event), POOLSEND_TIMEOUT);
  assert_null(event);
}

void expect_closed(struct poolsend_sender *sender)
{
  struct poolsend_event *event;
  assert_int_equal(poolsend_next(sender, PATIENCE, &event), POOLSEND_CLOSED);
  assert_null(event);
}

unsigned drain(struct poolsend_sender *sender, poolsend_time limit)
{
  struct poolsend_event *event;
  unsigned settled = 0;
  int result;
  poolsend_close(sender, limit);
  while ((result = poolsend_next(sender, PATIENCE, &event)) == 0) {
    settled += poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED;
    poolsend_event_free(event);
  }
  must(result == POOLSEND_CLOSED);
  return settled;
}
