/* Send a message to the first of several APIs that takes it, and learn later who got it as well.
 *
 *     cc seed.c $(pkg-config --cflags --libs poolsend) -o seed
 *     ./seed https://answers-after-3-s.example/ https://answers-after-4-s.example/ https://answers-at-once.example/
 *
 * An API that has not answered within one second is not given up: the next one is tried beside it. poolsend_deliver
 * returns as soon as one of them has accepted the message, here after two seconds. The report waits for the others. */
#include <poolsend.h>

#include <stdio.h>

static void tell_who_else(const struct poolsend_event *settled)
{
  for (size_t i = 0; i < poolsend_event_attempt_count(settled); i++) {
    const struct poolsend_attempt *attempt = poolsend_event_attempt_at(settled, i);
    if (poolsend_attempt_fate(attempt) != POOLSEND_FATE_DELIVERED)
      printf("%s: %s\n", poolsend_attempt_url(attempt), poolsend_fate_name(poolsend_attempt_fate(attempt)));
    else if (attempt != poolsend_event_winner(settled))
      printf("also sent to %s\n", poolsend_attempt_url(attempt));
  }
}

int main(int argc, char **argv)
{
  struct ps_endpoint_settings apis[8] = {{.url = NULL}};
  struct ps_sender_settings config;
  struct poolsend_message message;
  struct poolsend_sender *sender = NULL;
  struct poolsend_report *report = NULL;
  const struct poolsend_event *event;
  struct poolsend_error error;

  setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* what is told comes at once, through a pipe too */
  poolsend_config_init(&config);
  config.endpoints = apis;
  for (int i = 1; i < argc && i <= 8; i++)
    apis[config.endpoint_count++].url = argv[i];
  poolsend_message_init(&message);
  poolsend_message_text(&message, "{\"alert\": \"disk full\"}");

  int result = poolsend_new(&sender, &config, &error);
  if (result == 0)
    result = poolsend_deliver(sender, &message, POOLSEND_NEVER, &report, &error);
  if (result != 0)
    fprintf(stderr, "%s\n", error.text[0] ? error.text : poolsend_strerror(result));
  if (result == 0 && poolsend_report_delivered(report, 0, &event) == 0)
    printf("sent to %s\n", poolsend_attempt_url(poolsend_event_attempt(event)));
  if (report && poolsend_report_settled(report, POOLSEND_NEVER, &event) == 0)
    tell_who_else(event);
  poolsend_report_free(report);
  poolsend_free(sender);
  return result == 0 ? 0 : 1;
}
