/* The sender of poolsend.h: endpoints and a pool below a coordinator, and the functions that callers see. */
#include "base/random.h"
#include "engine/sender.h"
#include "net/attempt.h"
#include "net/check.h"
#include "net/spool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#define WORKERS_MAX 100000

/* Of each request in flight (and one more to keep its body in), and of the process besides. */
#define DESCRIPTORS_EACH  3
#define DESCRIPTORS_OTHER 32
#define THREADS_OTHER     8

/* ---- How the coordinator runs attempts */

static struct ps_endpoint *endpoint_of(struct poolsend_sender *sender, const struct ps_attempt *attempt)
{
  return &sender->endpoints[attempt->endpoint];
}

static void prepare(void *context, struct ps_attempt *attempt)
{
  struct ps_slot *slot = ps_endpoint_slot(endpoint_of(context, attempt), (unsigned)attempt->permit);
  if (slot)
    ps_slot_rearm(slot);
}

static void on_answer(void *context, bool success, int status)
{
  struct ps_attempt *attempt = context;
  ps_coordinator_answered(attempt->host, attempt, success, status);
}

static bool is_late(void *context)
{
  struct ps_attempt *attempt = context;
  return ps_coordinator_is_late(attempt->host, attempt);
}

static void perform(void *context, struct ps_attempt *attempt)
{
  struct ps_endpoint *endpoint = endpoint_of(context, attempt);
  struct ps_slot *slot = endpoint->slots[attempt->permit];
  const struct ps_message *message = attempt->message;
  struct ps_payload payload = {.id = message->id, .body = message->body, .size = message->size};
  struct ps_attempt_watcher watcher = {.answered = on_answer, .is_late = is_late, .context = attempt};
  if (slot)
    ps_attempt_perform(endpoint, slot, &payload, &watcher, &attempt->outcome);
  else
    ps_outcome_local(&attempt->outcome, ENOMEM);
}

static void cancel(void *context, struct ps_attempt *attempt)
{
  struct ps_slot *slot = endpoint_of(context, attempt)->slots[attempt->permit];
  if (slot)
    ps_slot_cancel(slot);
}

/* ---- Configuration */

void poolsend_config_init(struct poolsend_config *config)
{
  *config = (struct poolsend_config){
      .hedge_delay = PS_HEDGE_DELAY_DEFAULT,
      .settle = 60 * PS_SECOND,
      .answer_wait = 60 * PS_SECOND,
      .max_time = POOLSEND_NEVER,
      .attempt_timeout = POOLSEND_NEVER,
      .retry_max_time = POOLSEND_NEVER,
      .max_response = 1 << 20,
      .events = POOLSEND_EVENT_DELIVERED | POOLSEND_EVENT_SETTLED,
  };
}

static int check_workers(unsigned workers, unsigned endpoints, struct poolsend_error *error)
{
  if (endpoints == 0)
    return ps_refuse(error, "no URL: name at least one API to send to");
  if (workers < 1 || workers > WORKERS_MAX)
    return ps_refuse(error, "workers: %u is not between 1 and %d", workers, WORKERS_MAX);
  if (workers < endpoints)
    return ps_refuse(error, "workers: %u are too few for %u endpoints: each needs one of its own", workers, endpoints);
  return 0;
}

/* Raise the soft limit if need be. 0: there is room; else the hard limit, which is too low. */
static rlim_t raise_limit(int resource, rlim_t need)
{
  struct rlimit limit;
  if (getrlimit(resource, &limit) || limit.rlim_cur >= need)
    return 0;
  if (limit.rlim_max < need)
    return limit.rlim_max;
  limit.rlim_cur = limit.rlim_max;
  return setrlimit(resource, &limit) ? limit.rlim_max : 0;
}

/* Each request in flight needs a thread and descriptors. */
static int make_room_for(unsigned workers, bool keep_bodies, struct poolsend_error *error)
{
  rlim_t descriptors = (rlim_t)workers * (DESCRIPTORS_EACH + keep_bodies) + DESCRIPTORS_OTHER;
  rlim_t limit = raise_limit(RLIMIT_NOFILE, descriptors);
  if (limit) {
    ps_refuse(error, "workers: %u need %llu file descriptors, and the limit is %llu (ulimit -n)", workers,
              (unsigned long long)descriptors, (unsigned long long)limit);
    return -EMFILE;
  }
  limit = geteuid() == 0 ? 0 : raise_limit(RLIMIT_NPROC, workers + THREADS_OTHER);
  if (limit) {
    ps_refuse(error, "workers: %u need as many threads, and the limit is %llu (ulimit -u)", workers,
              (unsigned long long)limit);
    return -EAGAIN;
  }
  return 0;
}

static int check_times(const struct poolsend_sender *sender, struct poolsend_error *error)
{
  const struct ps_delivery_rule *rule = &sender->rule;
  if (!ps_delivery_rule_is_hopeless(rule))
    return 0;
  return ps_refuse(error,
                   "max-time: if those before it stay silent, the last endpoint is never tried within %g s, since "
                   "their hedge delays "
                   "add up to %g s; raise max-time or lower the hedge delay",
                   (double)rule->max_time / 1e9, (double)ps_delivery_rule_reach(rule) / 1e9);
}

static int parse_fatal(struct ps_status_set *set, const char *text, struct poolsend_error *error)
{
  for (const char *item = text; item;) {
    size_t size = strcspn(item, ",");
    if (ps_status_parse_range(set, item, size))
      return ps_refuse(error, "fatal-status: '%.*s' is not a status (100 to 599) or a range such as 400-499", (int)size,
                       item);
    item = item[size] ? item + size + 1 : NULL;
  }
  return 0;
}

static int check_fatal(const struct poolsend_sender *sender, struct poolsend_error *error)
{
  for (unsigned i = 0; i < sender->rule.endpoints; i++)
    for (int status = PS_STATUS_MIN; status <= PS_STATUS_MAX; status++)
      if (ps_status_has(&sender->fatal, status) && ps_status_has(&sender->endpoints[i].success.statuses, status))
        return ps_refuse(error, "fatal-status: %d counts as a success too; a status can be one or the other", status);
  return 0;
}

/* Under plain failover nothing but its own end moves an attempt's successor on: one that stays silent is given the
 * answer wait. */
static int bound_failover(struct ps_endpoint *endpoint, const struct poolsend_config *config,
                          struct poolsend_error *error)
{
  if (endpoint->hedge_delay != PS_NEVER || endpoint->attempt_timeout != PS_NEVER)
    return 0;
  if (config->answer_wait == 0)
    return ps_refuse(error,
                     "answer-wait: without a hedge delay a silent attempt is given the answer wait, and 0 leaves "
                     "it no time");
  endpoint->attempt_timeout = config->answer_wait;
  return 0;
}

static int init_endpoints(struct poolsend_sender *sender, const struct poolsend_config *config, unsigned workers,
                          struct poolsend_error *error)
{
  unsigned count = (unsigned)config->endpoint_count;
  for (unsigned i = 0; i < count; i++) {
    int result = ps_endpoint_init(&sender->endpoints[i], &config->endpoints[i], config, workers / count, error);
    if (!result)
      result = bound_failover(&sender->endpoints[i], config, error);
    if (result)
      return result;
    sender->hedge_delays[i] = sender->endpoints[i].hedge_delay;
  }
  int result = ps_endpoints_name(sender->endpoints, count, error);
  for (unsigned i = 0; i < count && !result; i++)
    sender->shown[i] = (struct ps_engine_endpoint){.name = sender->endpoints[i].name,
                                                   .url = sender->endpoints[i].shown_url,
                                                   .permits = sender->endpoints[i].permits};
  return result;
}

static int check_spool(struct poolsend_error *error)
{
  int fd = ps_spool_open();
  if (fd < 0)
    return ps_refuse(error, "responses cannot be kept in TMPDIR (or /tmp): %s", strerror(errno));
  close(fd);
  return 0;
}

static int configure(struct poolsend_sender *sender, const struct poolsend_config *config, unsigned workers,
                     struct poolsend_error *error)
{
  unsigned count = (unsigned)config->endpoint_count;
  sender->endpoints = calloc(count, sizeof *sender->endpoints);
  sender->hedge_delays = calloc(count, sizeof *sender->hedge_delays);
  sender->shown = calloc(count, sizeof *sender->shown);
  if (!sender->endpoints || !sender->hedge_delays || !sender->shown)
    return -ENOMEM;
  sender->rule = (struct ps_delivery_rule){
      .endpoints = count,
      .hedge_delay = sender->hedge_delays,
      .settle = config->settle,
      .body_wait = config->settle,
      .answer_wait = config->answer_wait,
      .max_time = config->max_time,
      .retries = config->retries,
      .retry_delay = config->retry_delay,
      .retry_max_time = config->retry_max_time,
  };
  /* Who keeps bodies wants the winner's whole: it is not cut short because the others are. */
  if (config->keep_bodies && config->answer_wait > config->settle)
    sender->rule.body_wait = config->answer_wait;
  int result = config->keep_bodies ? check_spool(error) : 0;
  if (!result)
    result = parse_fatal(&sender->fatal, config->fatal_status, error);
  if (!result)
    result = init_endpoints(sender, config, workers, error);
  if (!result)
    result = check_fatal(sender, error);
  return result ? result : check_times(sender, error);
}

/* ---- Life */

static void free_sender(struct poolsend_sender *sender)
{
  ps_pool_free(sender->pool);
  for (unsigned i = 0; sender->endpoints && i < sender->rule.endpoints; i++)
    ps_endpoint_fini(&sender->endpoints[i]);
  free(sender->endpoints);
  free(sender->hedge_delays);
  free(sender->shown);
  free(sender);
}

static uint64_t random_seed(void)
{
  uint64_t seed;
  return getrandom(&seed, sizeof seed, 0) == sizeof seed ? seed : (uint64_t)ps_now();
}

static int start(struct poolsend_sender *sender, unsigned workers, unsigned events)
{
  sender->pool = ps_pool_new(workers);
  if (!sender->pool)
    return -ENOMEM;
  struct ps_engine_settings settings = {
      .rule = sender->rule,
      .endpoints = sender->shown,
      .fatal = sender->fatal,
      .events = events,
      .seed = random_seed(),
  };
  struct ps_runner runner = {.perform = perform, .prepare = prepare, .cancel = cancel, .context = sender};
  return ps_coordinator_start(&sender->coordinator, &settings, &runner, sender->pool);
}

int poolsend_new(struct poolsend_sender **out, const struct poolsend_config *config, struct poolsend_error *error)
{
  struct poolsend_error unwanted;
  error = error ? error : &unwanted;
  error->text[0] = '\0';
  *out = NULL;
  unsigned workers = config->workers ? config->workers : (unsigned)config->endpoint_count;
  int result = check_workers(workers, (unsigned)config->endpoint_count, error);
  if (!result)
    result = make_room_for(workers, config->keep_bodies, error);
  if (result)
    return result;
  struct poolsend_sender *sender = calloc(1, sizeof *sender);
  if (!sender || curl_global_init(CURL_GLOBAL_DEFAULT)) {
    free(sender);
    return -ENOMEM;
  }
  result = configure(sender, config, workers, error);
  if (!result)
    result = start(sender, workers, config->events);
  if (result) {
    if (!error->text[0])
      snprintf(error->text, sizeof error->text, "%s", strerror(-result));
    free_sender(sender);
    return result;
  }
  *out = sender;
  return 0;
}

void poolsend_free(struct poolsend_sender *sender)
{
  if (!sender)
    return;
  ps_coordinator_stop(&sender->coordinator);
  free_sender(sender);
}

/* ---- Use */

static bool may_repeat(const struct poolsend_sender *sender, bool has_body)
{
  for (unsigned i = 0; i < sender->rule.endpoints; i++)
    if (!ps_endpoint_may_repeat(&sender->endpoints[i], has_body))
      return false;
  return true;
}

bool poolsend_id_is_valid(const char *id)
{
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
  size_t size = strlen(id);
  return size >= 1 && size <= 255 && strspn(id, allowed) == size;
}

int poolsend_submit(struct poolsend_sender *sender, const struct poolsend_message *message)
{
  if (!poolsend_id_is_valid(message->id))
    return -EINVAL;
  struct ps_message *taken = ps_message_new(message->id, message->body, message->size,
                                            may_repeat(sender, message->body != NULL), sender->rule.endpoints);
  if (!taken)
    return -ENOMEM;
  ps_coordinator_submit(&sender->coordinator, taken);
  return 0;
}

int poolsend_next(struct poolsend_sender *sender, poolsend_time timeout, struct poolsend_event **event)
{
  struct ps_event *next = ps_coordinator_next(&sender->coordinator, ps_after(ps_now(), timeout));
  *event = next ? &next->public : NULL;
  return next ? 0 : -ETIMEDOUT;
}

void poolsend_event_free(struct poolsend_event *event)
{
  if (event)
    ps_message_release(PS_CONTAINER(event, struct ps_event, public)->message);
}

void poolsend_cancel_all(struct poolsend_sender *sender)
{
  ps_coordinator_interrupt(&sender->coordinator);
}

struct poolsend_counts poolsend_count(struct poolsend_sender *sender)
{
  return ps_coordinator_count(&sender->coordinator);
}

/* RFC 9562, version 4. */
void poolsend_make_id(char id[POOLSEND_ID_SIZE])
{
  uint64_t state = random_seed();
  unsigned char bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
    for (size_t i = 0; i < sizeof bytes; i++)
      bytes[i] = (unsigned char)ps_random_next(&state);
  bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
  bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
  static const char hex[] = "0123456789abcdef";
  for (size_t i = 0, at = 0; i < sizeof bytes; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      id[at++] = '-';
    id[at++] = hex[bytes[i] >> 4];
    id[at++] = hex[bytes[i] & 15];
    id[at] = '\0';
  }
}
