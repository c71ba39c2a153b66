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

#define MAX_APIS 8

static const char *why(int result, const struct poolsend_error *error)
{
  return error->text[0] ? error->text : poolsend_strerror(result);
}

/* By a sender with a single API: nobody else can get this one. */
static int cancel(const char *url, const char *order, struct poolsend_error *error)
{
  const struct ps_endpoint_settings api = {.url = url};
  struct ps_sender_settings config;
  struct poolsend_message message;
  struct poolsend_sender *sender;
  char id[300], body[300];
  poolsend_config_init(&config);
  config.endpoints = &api;
  config.endpoint_count = 1;
  config.retries = 2;
  int result = poolsend_new(&sender, &config, error);
  if (result != 0)
    return result;

  /* An id made from the order's, so that the API can tell a cancellation that it has had already. */
  snprintf(id, sizeof id, "cancel:%s", order);
  snprintf(body, sizeof body, "{\"cancel\": \"%s\"}", order);
  poolsend_message_init(&message);
  message.id = id;
  poolsend_message_text(&message, body);
  message.json = true;
  result = poolsend_deliver(sender, &message, POOLSEND_S(10), NULL, error);
  poolsend_free(sender);
  return result;
}

/* What it could not undo is told: that is for a person. */
static void undo(const struct poolsend_attempt *attempt, const char *cancel_url, const char *order)
{
  struct poolsend_error error;
  const int result = cancel(cancel_url, order, &error);
  if (result == 0)
    printf("%s had it too: undone\n", poolsend_attempt_url(attempt));
  else
    printf("%s had it too: could not be undone: %s\n", poolsend_attempt_url(attempt), why(result, &error));
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

static int send_order(struct poolsend_sender *sender, const char *order, struct poolsend_error *error)
{
  struct poolsend_message message;
  poolsend_message_init(&message);
  poolsend_message_text(&message, order);
  message.json = true;
  return poolsend_submit(sender, &message, POOLSEND_NEVER, error);
}

int main(int argc, char **argv)
{
  struct ps_endpoint_settings apis[MAX_APIS] = {{.url = NULL}};
  struct ps_sender_settings config;
  struct poolsend_sender *sender;
  struct poolsend_error error;
  struct poolsend_event *event;
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  poolsend_config_init(&config);
  config.endpoints = apis;
  for (int i = 1; i + 1 < argc && config.endpoint_count < MAX_APIS; i += 2)
    apis[config.endpoint_count++].url = argv[i];
  config.events = POOLSEND_EVENT_SETTLED;
  int result = poolsend_new(&sender, &config, &error);
  if (result == 0)
    result = send_order(sender, "{\"order\": \"two pizzas\"}", &error);
  if (result != 0) {
    fprintf(stderr, "%s\n", why(result, &error));
    poolsend_free(sender);
    return 1;
  }

  poolsend_close(sender, POOLSEND_NEVER);
  while (poolsend_next(sender, POOLSEND_NEVER, &event) == 0) {
    act_on(event, argv + 2);
    poolsend_event_free(event);
  }
  poolsend_free(sender);
  return 0;
}
