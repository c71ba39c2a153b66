/* A stream as a program that embeds the library sends it: every line of FILE is a message, submitted by one thread;
 * events are pushed to a callback, which counts them.
 *
 * It fails unless every message was delivered by the URL at the first attempt, which is what the others here are
 * measured at.
 *
 * Usage: embedded WORKERS FILE URL */
#include "lines.h"

#include <poolsend.h>
#include <stdio.h>
#include <stdlib.h>

/* The coordinator's thread only, until the sender is closed. */
static size_t settled, good;

static void count(void *unused, struct poolsend_event *event)
{
  (void)unused;
  settled++;
  good += poolsend_event_winner(event) && poolsend_event_attempt_count(event) == 1;
  poolsend_event_free(event);
}

static struct poolsend_sender *new_sender(const char *workers, const char *url)
{
  struct poolsend_config *config = poolsend_config_new();
  poolsend_config_add(config, url);
  poolsend_config_set(config, "workers", workers);
  poolsend_config_set(config, "events", "settled");
  poolsend_config_on_event(config, count, NULL);
  struct poolsend_sender *sender = poolsend_open(config);
  if (!sender)
    fail(poolsend_config_error(config));
  poolsend_config_free(config);
  return sender;
}

static void send_all(struct poolsend_sender *sender, const struct lines *lines)
{
  struct poolsend_message *message = poolsend_message_new(NULL, 0);
  for (size_t i = 0; i < lines->count; i++) {
    poolsend_message_body(message, lines->items[i].text, lines->items[i].size);
    if (poolsend_submit(sender, message, POOLSEND_NEVER))
      fail(poolsend_message_error(message));
  }
  poolsend_message_free(message);
}

int main(int argc, char **argv)
{
  struct lines lines = {0};
  struct poolsend_event *none;
  if (argc != 4)
    fail("usage: embedded WORKERS FILE URL");
  lines_load(&lines, argv[2]);
  struct poolsend_sender *sender = new_sender(argv[1], argv[3]);
  send_all(sender, &lines);
  poolsend_close(sender, POOLSEND_NEVER);
  if (poolsend_next(sender, POOLSEND_NEVER, &none) != POOLSEND_CLOSED || settled != lines.count || good != lines.count)
    fail("not every message was delivered by the first attempt");
  poolsend_free(sender);
  return 0;
}
