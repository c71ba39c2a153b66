/* What a sender is made of: its settings, checked against themselves and against the limits of the machine before
 * anything is made of them. */
#include "base/values.h"
#include "engine/sender.h"
#include "net/check.h"
#include "net/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Of each request in flight (and one more to keep its body in), and of the process besides. */
#define DESCRIPTORS_EACH  3
#define DESCRIPTORS_OTHER 32
#define THREADS_OTHER     8

#define WORKERS_DEFAULT 64

void ps_sender_settings_init(struct ps_sender_settings *settings)
{
  *settings = (struct ps_sender_settings){
      .hedge_budget = -1,
      .settle = 60 * PS_SECOND,
      .answer_wait = 60 * PS_SECOND,
      .max_time = PS_NEVER,
      .retry_max_time = PS_NEVER,
      .breaker = true,
      .max_body = (size_t)16 << 20,
      .events = POOLSEND_EVENT_DELIVERED | POOLSEND_EVENT_SETTLED,
  };
  ps_request_settings_init(&settings->requests);
}

/* As many as the endpoints ask for, where nobody has said how many. */
static unsigned default_workers(const struct ps_sender_settings *settings)
{
  size_t wanted = 0;
  for (size_t i = 0; i < settings->endpoint_count; i++)
    wanted += settings->endpoints[i].max_in_flight ? settings->endpoints[i].max_in_flight : 1;
  if (wanted > PS_WORKERS_MAX)
    return PS_WORKERS_MAX + 1; /* to be refused */
  return wanted > WORKERS_DEFAULT ? (unsigned)wanted : WORKERS_DEFAULT;
}

static int check_count(const struct ps_sender_settings *settings, struct ps_error *error)
{
  if (settings->endpoint_count == 0)
    return ps_refuse(error, "no URL: name at least one API to send to");
  if (settings->endpoint_count > PS_WORKERS_MAX)
    return ps_refuse(error, "%zu endpoints are too many: up to %d", settings->endpoint_count, PS_WORKERS_MAX);
  return 0;
}

int ps_sender_settings_check(struct ps_sender_settings *settings, struct ps_error *error)
{
  int result = check_count(settings, error);
  for (size_t i = 0; i < settings->endpoint_count && !result; i++) {
    if (settings->endpoints[i].url)
      continue;
    error->endpoint = (int)i;
    result = ps_refuse(error, "the endpoint has no URL");
  }
  if (!result && !settings->workers)
    settings->workers = default_workers(settings);
  return result;
}

/* ---- Workers, and what they need */

static int check_workers(unsigned workers, unsigned endpoints, struct ps_error *error)
{
  if (workers > PS_WORKERS_MAX)
    return ps_refuse(error, "workers: %u is not between 1 and %d", workers, PS_WORKERS_MAX);
  if (workers < endpoints)
    return ps_refuse(error, "workers: %u are too few for %u endpoints: each needs one of its own", workers, endpoints);
  return 0;
}

/* The workers are shared out: first to endpoints that say how many they want, then equally to the others. What each of
 * these gets, or an error. */
static int share_out(const struct ps_sender_settings *config, struct ps_error *error)
{
  unsigned workers = config->workers;
  unsigned long wanted = 0, others = 0;
  for (size_t i = 0; i < config->endpoint_count; i++) {
    wanted += config->endpoints[i].max_in_flight;
    others += config->endpoints[i].max_in_flight == 0;
  }
  if (wanted + others <= workers)
    return others ? (int)((workers - wanted) / others) : 0;
  if (others)
    return ps_refuse(error,
                     "max_in_flight: of %u workers %lu are spoken for, which leaves too few for the %lu endpoints "
                     "without one; raise workers",
                     workers, wanted, others);
  return ps_refuse(error, "max_in_flight: together they are %lu, more than the %u workers; raise workers", wanted,
                   workers);
}

/* A breaker only changes the order in which endpoints are tried. */
unsigned ps_sender_probes(const struct ps_sender_settings *config)
{
  return !config->breaker || config->endpoint_count < 2 ? 0 : PS_HEALTH_PROBES;
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

/* What workers, and the threads that probe on top of them, need of one kind. */
struct need {
  const char *what, *option;
  rlim_t each, other;
};

/* `limit` allows for less than `threads` of them. */
static void refuse_workers(const struct ps_sender_settings *config, const struct need *need, rlim_t threads,
                           rlim_t limit, struct ps_error *error)
{
  rlim_t probes = threads - config->workers, most = limit > need->other ? (limit - need->other) / need->each : 0;
  rlim_t needed = threads * need->each + need->other;
  bool one_each = config->workers == config->endpoint_count;
  if (one_each) /* with fewer endpoints fewer probe */
    most /= threads / config->workers;
  else
    most -= most > probes ? probes : most;
  ps_refuse(error, "workers: %u%s need%s %llu %s, and the limit is %llu (ulimit -%s), enough for %llu: %s, or raise it",
            config->workers, one_each && config->workers > 1 ? ", one for each endpoint," : "",
            config->workers == 1 ? "s" : "", (unsigned long long)needed, need->what, (unsigned long long)limit,
            need->option, (unsigned long long)most, one_each ? "name fewer endpoints" : "ask for fewer");
}

/* Each request in flight needs a thread and descriptors. Root has threads without a limit, and a caller's pool has those
 * that it has. */
static int make_room_for(const struct ps_sender_settings *config, struct ps_error *error)
{
  const struct need descriptors = {"file descriptors", "n", DESCRIPTORS_EACH + config->requests.keep_bodies,
                                   DESCRIPTORS_OTHER};
  const struct need of_threads = {"threads", "u", 1, THREADS_OTHER};
  rlim_t threads = config->workers + (rlim_t)ps_sender_probes(config) * config->endpoint_count;
  rlim_t limit = raise_limit(RLIMIT_NOFILE, threads * descriptors.each + descriptors.other);
  if (limit) {
    refuse_workers(config, &descriptors, threads, limit, error);
    return -EMFILE;
  }
  limit = geteuid() == 0 || config->pool ? 0 : raise_limit(RLIMIT_NPROC, threads + of_threads.other);
  if (!limit)
    return 0;
  refuse_workers(config, &of_threads, threads, limit, error);
  return -EINVAL;
}

static int check_times(const struct poolsend_sender *sender, struct ps_error *error)
{
  const struct ps_delivery_rule *rule = &sender->rule;
  if (!ps_delivery_rule_is_hopeless(rule))
    return 0;
  return ps_refuse(error,
                   "max-time: if those before it stay silent, the last endpoint is never tried within %s s, since "
                   "their hedge delays "
                   "add up to %s s; raise max-time or lower the hedge delay",
                   ps_decimal((double)rule->max_time / 1e9).text,
                   ps_decimal((double)ps_delivery_rule_reach(rule) / 1e9).text);
}

static int parse_fatal(struct ps_status_set *set, const char *text, struct ps_error *error)
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

static int check_fatal(const struct poolsend_sender *sender, struct ps_error *error)
{
  for (unsigned i = 0; i < sender->rule.endpoints; i++)
    for (int status = PS_STATUS_MIN; status <= PS_STATUS_MAX; status++)
      if (ps_status_has(&sender->fatal, status) && ps_status_has(&sender->endpoints[i].success.statuses, status))
        return ps_refuse(error, "fatal-status: %d counts as a success too; a status can be one or the other", status);
  return 0;
}

/* Under plain failover nothing but its own end moves an attempt's successor on: one that stays silent is given the
 * answer wait. */
static int bound_failover(struct ps_endpoint *endpoint, const struct ps_sender_settings *config, struct ps_error *error)
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

/* Where it follows a percentile, the hedge delay is the longest that it can be. */
static void settle_hedge_delay(struct ps_engine_endpoint *shown, const struct ps_endpoint_settings *settings)
{
  shown->hedge_permille = settings->hedge_permille;
  shown->hedge_delay = settings->hedge_permille ? PS_PERCENTILE_MOST : settings->hedge_delay;
}

static int init_endpoint(struct poolsend_sender *sender, const struct ps_sender_settings *config, unsigned index,
                         unsigned share, struct ps_error *error)
{
  const struct ps_endpoint_settings *settings = &config->endpoints[index];
  struct ps_engine_endpoint *shown = &sender->shown[index];
  struct ps_endpoint *endpoint = &sender->endpoints[index];
  settle_hedge_delay(shown, settings);
  shown->slots = settings->max_in_flight ? settings->max_in_flight : share;
  int result = ps_endpoint_init(endpoint, settings, &config->requests, shown->slots + ps_sender_probes(config),
                                &sender->resolver, error);
  endpoint->hedge_delay = shown->hedge_delay;
  sender->hedge_delays[index] = shown->hedge_delay;
  if (!result)
    result = bound_failover(endpoint, config, error);
  shown->attempt_timeout = endpoint->attempt_timeout;
  return result;
}

static int init_endpoints(struct poolsend_sender *sender, const struct ps_sender_settings *config,
                          struct ps_error *error)
{
  unsigned count = (unsigned)config->endpoint_count;
  int share = share_out(config, error);
  int result = share < 0 ? share : 0;
  for (unsigned i = 0; i < count && !result; i++)
    if ((result = init_endpoint(sender, config, i, (unsigned)share, error)) == -EINVAL)
      error->endpoint = (int)i;
  if (!result)
    result = ps_endpoints_name(sender->endpoints, count, error);
  for (unsigned i = 0; i < count && !result; i++) {
    sender->shown[i].name = sender->endpoints[i].name;
    sender->shown[i].url = sender->endpoints[i].shown_url;
  }
  return result;
}

/* A machine that lacks something is no bad configuration. */
static int check_spool(struct ps_error *error)
{
  int fd = ps_spool_open(), failure = errno;
  if (fd >= 0) {
    close(fd);
    return 0;
  }
  ps_refuse(error, "responses cannot be kept in TMPDIR (or /tmp): %s", strerror(failure));
  return failure == ENOMEM || failure == EMFILE || failure == ENFILE ? -failure : -EINVAL;
}

int ps_sender_configure(struct poolsend_sender *sender, const struct ps_sender_settings *config, struct ps_error *error)
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
  if (config->requests.keep_bodies && config->answer_wait > config->settle)
    sender->rule.body_wait = config->answer_wait;
  sender->max_body = config->max_body;
  int result = config->requests.keep_bodies ? check_spool(error) : 0;
  if (!result)
    result = parse_fatal(&sender->fatal, config->fatal_status, error);
  if (!result)
    result = init_endpoints(sender, config, error);
  if (!result)
    result = check_fatal(sender, error);
  return result ? result : check_times(sender, error);
}

int ps_sender_check_limits(const struct ps_sender_settings *config, struct ps_error *error)
{
  int result = check_workers(config->workers, (unsigned)config->endpoint_count, error);
  return result ? result : make_room_for(config, error);
}
