/* An order that two APIs have taken is taken back from the second: late results are there to be acted on.
 *
 *     cc undo.c $(pkg-config --cflags --libs poolsend) -o undo
 *     ./undo https://a.example/order https://a.example/cancel https://b.example/order https://b.example/cancel
 *
 * Each API has two URLs, one that takes orders and one that cancels them. Events are pulled rather than pushed to a
 * callback: taking back is a request of its own, which takes its time, and as long as it does no event is fetched and
 * the sender takes up no more orders than max_pending. A callback would have to be over in microseconds. */
#include <poolsend.h>

#include <stdio.h>

/* What a request came to, in words: where it was refused, those of what refused it. */
static const char *why(int result, struct poolsend_config *config, struct poolsend_message *message)
{
  const char *error = poolsend_config_error(config);
  return *error ? error : result < 0 ? poolsend_message_error(message) : poolsend_strerror(result);
}

/* By a sender with a single API: nobody else can get this one. What it could not undo is told: that is for a person. */
static void undo(const struct poolsend_attempt *attempt, const char *cancel_url, const char *order)
{
  char id[300], body[300];
  struct poolsend_config *config = poolsend_config_new();
  poolsend_config_add(config, cancel_url);
  poolsend_config_set(config, "retry", "2");
  struct poolsend_sender *sender = poolsend_open(config);

  /* An id made from the order's, so that the API can tell a cancellation that it has had already. */
  snprintf(id, sizeof id, "cancel:%s", order);
  snprintf(body, sizeof body, "{\"cancel\": \"%s\"}", order);
  struct poolsend_message *message = poolsend_message_new(body, POOLSEND_TEXT);
  poolsend_message_set(message, "id", id);
  poolsend_message_set(message, "json", "true");
  int result = poolsend_deliver(sender, message, POOLSEND_S(10), NULL);
  if (result == 0)
    printf("%s had it too: undone\n", poolsend_attempt_url(attempt));
  else
    printf("%s had it too: could not be undone: %s\n", poolsend_attempt_url(attempt), why(result, config, message));
  poolsend_message_free(message);
  poolsend_free(sender);
  poolsend_config_free(config);
}

static void act_on(const struct poolsend_event *settled, char *const *cancel_urls)
{
  if (!poolsend_event_winner(settled))
    printf("nobody has taken the order\n");
  for (size_t i = 0; i < poolsend_event_attempt_count(settled); i++) {
    const struct poolsend_attempt *attempt = poolsend_event_attempt_at(settled, i);
    if (attempt == poolsend_event_winner(settled))
      printf("%s has the order\n", poolsend_attempt_url(attempt));
    else if (poolsend_attempt_fate(attempt) == POOLSEND_FATE_UNKNOWN)
      printf("%s may have it: not undone\n", poolsend_attempt_url(attempt));
    else if (poolsend_attempt_fate(attempt) == POOLSEND_FATE_DELIVERED)
      undo(attempt, cancel_urls[2 * poolsend_attempt_endpoint(attempt)], poolsend_event_id(settled));
  }
}

int main(int argc, char **argv)
{
  struct poolsend_config *config = poolsend_config_new();
  struct poolsend_event *event;
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  for (int i = 1; i + 1 < argc; i += 2)
    poolsend_config_add(config, argv[i]);
  struct poolsend_sender *sender = poolsend_open(config);
  struct poolsend_message *message = poolsend_message_new("{\"order\": \"two pizzas\"}", POOLSEND_TEXT);
  poolsend_message_set(message, "json", "true");
  int result = poolsend_submit(sender, message, POOLSEND_NEVER);
  if (result != 0)
    fprintf(stderr, "%s\n", why(result, config, message));
  else
    poolsend_close(sender, POOLSEND_NEVER);
  while (result == 0 && poolsend_next(sender, POOLSEND_NEVER, &event) == 0) {
    if (poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED)
      act_on(event, argv + 2);
    poolsend_event_free(event);
  }
  poolsend_message_free(message);
  poolsend_free(sender);
  poolsend_config_free(config);
  return result != 0;
}
