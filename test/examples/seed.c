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
  struct poolsend_config *config = poolsend_config_new();
  struct poolsend_message *message = poolsend_message_new("{\"alert\": \"disk full\"}", POOLSEND_TEXT);
  struct poolsend_report *report = NULL;
  const struct poolsend_event *event;

  setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* what is told comes at once, through a pipe too */
  for (int i = 1; i < argc; i++)
    poolsend_config_add(config, argv[i]);
  struct poolsend_sender *sender = poolsend_open(config);
  int result = poolsend_deliver(sender, message, POOLSEND_NEVER, &report);
  if (!sender)
    fprintf(stderr, "%s\n", poolsend_config_error(config));
  else if (result != 0)
    fprintf(stderr, "%s\n", result < 0 ? poolsend_message_error(message) : poolsend_strerror(result));
  if (result == 0 && poolsend_report_delivered(report, 0, &event) == 0)
    printf("sent to %s\n", poolsend_attempt_url(poolsend_event_winner(event)));
  if (poolsend_report_settled(report, POOLSEND_NEVER, &event) == 0)
    tell_who_else(event);
  poolsend_report_free(report);
  poolsend_message_free(message);
  poolsend_free(sender);
  poolsend_config_free(config);
  return result == 0 ? 0 : 1;
}
