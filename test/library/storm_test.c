/* Cancels by the thousand, at whatever moment they come: while messages are submitted, hedged, answered, refused and
 * reset, and their events fetched, each by several threads. A message's own body says how each API treats it, so that
 * one sender meets all that there is.
 *
 * At the end every message has settled exactly once; no API saw a request that is not told, and none that is told to
 * have been unreached; nothing is counted as running; no descriptor is left. The one thread that may cancel says when
 * enough is enough: everybody else goes on until then.
 *
 * SEED=N   what is random */
#include "../../src/base/sanitizers.h"
#include "helpers.h"

#include <dirent.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef PS_SANITIZED
#define SLOW 4
#else
#define SLOW 1
#endif

#define CANCELS    20000u
#define MESSAGES   (5 * CANCELS) /* at most; most that live for a while are cancelled */
#define APIS       3
#define DEAD       1 /* of these, the one where nobody listens */
#define SUBMITTERS 2
#define FETCHERS   2
#define CANCELLERS 2

/* Microseconds between the cancels of a thread, at most: with less, little else would happen to a message. */
#define NAP (400u * SLOW)

/* Everything, a storm has once. */
static struct {
  struct poolsend_sender *sender;
  struct poolsend_pool *pool;
  unsigned seed;

  atomic_uint called;    /* cancels */
  atomic_uint submitted; /* messages, named m1, m2 ... */
  atomic_uint jobs, jobs_run, jobs_withdrawn;
  atomic_bool over; /* no more messages */

  pthread_mutex_t mutex; /* guards what follows */
  unsigned live[MESSAGES], live_count, place[MESSAGES + 1];

  /* What was told, and what was seen. By message; then by API and message. */
  atomic_uint settled[MESSAGES + 1], delivered[MESSAGES + 1], won[MESSAGES + 1];
  atomic_uint answered[APIS][MESSAGES + 1], perhaps[APIS][MESSAGES + 1];
  unsigned seen[APIS][MESSAGES + 1];
  atomic_uint fates[POOLSEND_FATE_UNKNOWN + 1], cancelled;
} storm;

/* ---- Which messages have not settled */

static void add_live(unsigned message)
{
  pthread_mutex_lock(&storm.mutex);
  storm.place[message] = storm.live_count;
  storm.live[storm.live_count++] = message;
  pthread_mutex_unlock(&storm.mutex);
}

static void drop_live(unsigned message)
{
  pthread_mutex_lock(&storm.mutex);
  unsigned last = storm.live[--storm.live_count];
  storm.live[storm.place[message]] = last;
  storm.place[last] = storm.place[message];
  pthread_mutex_unlock(&storm.mutex);
}

/* One of those that live, or 0. */
static unsigned any_live(unsigned random)
{
  pthread_mutex_lock(&storm.mutex);
  unsigned message = storm.live_count ? storm.live[random % storm.live_count] : 0;
  pthread_mutex_unlock(&storm.mutex);
  return message;
}

/* ---- Submitting */

/* How an API that is there treats a message. */
static void choose_treatment(unsigned *state, const char **how, unsigned *number)
{
  unsigned choice = (unsigned)rand_r(state) % 20;
  *how = choice < 5 ? "ok" : choice < 10 ? "delay" : choice < 17 ? "hang" : choice < 19 ? "slam" : "status";
  *number = choice < 19 ? (unsigned)rand_r(state) % 20 : 503;
}

static int submit_one(unsigned *state, unsigned line)
{
  char id[16], body[100];
  const char *how[2];
  unsigned number[2];
  for (int i = 0; i < 2; i++)
    choose_treatment(state, &how[i], &number[i]);
  snprintf(id, sizeof id, "m%u", line);
  snprintf(body, sizeof body, "{\"a\":\"%s\",\"an\":%u,\"c\":\"%s\",\"cn\":%u}", how[0], number[0], how[1], number[1]);
  struct poolsend_message *message AUTOFREE = message_of(id);
  must(poolsend_message_body(message, body, POOLSEND_TEXT) == 0);
  poolsend_message_tag(message, line, NULL);
  add_live(line);
  int result;
  while ((result = poolsend_submit(storm.sender, message, POOLSEND_MS(20))) == POOLSEND_TIMEOUT)
    if (atomic_load(&storm.over))
      break;
  return result;
}

static void *submit_all(void *seed)
{
  unsigned state = (unsigned)(uintptr_t)seed;
  while (!atomic_load(&storm.over)) {
    unsigned line = atomic_fetch_add(&storm.submitted, 1) + 1;
    must(line <= MESSAGES);
    int result = submit_one(&state, line);
    must(result == 0 || result == POOLSEND_TIMEOUT);
    if (result) { /* at the end, when there is no room any more */
      drop_live(line);
      atomic_fetch_add(&storm.settled[line], 1);
    }
  }
  return NULL;
}

/* ---- Cancelling */

static void *run_job(void *unused)
{
  usleep(100);
  atomic_fetch_add(&storm.jobs_run, 1);
  return unused;
}

/* A job among the attempts, taken back at once, if no thread has begun it. */
static void come_and_go(void)
{
  struct poolsend_job *job;
  if (poolsend_pool_submit(storm.pool, run_job, NULL, 0, &job))
    return;
  atomic_fetch_add(&storm.jobs, 1);
  atomic_fetch_add(&storm.jobs_withdrawn, poolsend_job_withdraw(job));
  poolsend_job_free(job);
}

/* False: there is nothing to cancel. */
static bool cancel_one(unsigned random)
{
  char id[16];
  unsigned message = any_live(random >> 8);
  snprintf(id, sizeof id, "m%u", message);
  if (message && random % 1024 == 0)
    poolsend_cancel_all(storm.sender);
  else if (message)
    must(poolsend_cancel(storm.sender, id) == 0);
  return message;
}

static void *cancel_all(void *seed)
{
  unsigned state = (unsigned)(uintptr_t)seed;
  while (atomic_load(&storm.called) < CANCELS) {
    unsigned random = (unsigned)rand_r(&state);
    if (cancel_one(random))
      atomic_fetch_add(&storm.called, 1);
    if (random % 16 == 0)
      come_and_go();
    usleep((unsigned)rand_r(&state) % NAP);
  }
  return NULL;
}

/* ---- What is told */

static void tell_attempt(unsigned line, const struct poolsend_attempt *attempt)
{
  enum poolsend_fate fate = poolsend_attempt_fate(attempt);
  unsigned endpoint = poolsend_attempt_endpoint(attempt);
  bool answered = fate == POOLSEND_FATE_DELIVERED || fate == POOLSEND_FATE_REJECTED;
  must(endpoint < APIS);
  must(endpoint != DEAD || fate == POOLSEND_FATE_UNREACHED);
  atomic_fetch_add(&storm.fates[fate], 1);
  atomic_fetch_add(&storm.cancelled, poolsend_attempt_reason(attempt) == POOLSEND_REASON_CANCELLED);
  atomic_fetch_add(&storm.answered[endpoint][line], answered);
  atomic_fetch_add(&storm.perhaps[endpoint][line], fate != POOLSEND_FATE_UNREACHED);
}

static void tell(const struct poolsend_event *event)
{
  unsigned line = (unsigned)poolsend_event_line(event);
  must(line >= 1 && line <= MESSAGES);
  if (poolsend_event_kind(event) == POOLSEND_EVENT_DELIVERED) {
    atomic_fetch_add(&storm.delivered[line], 1);
    return;
  }
  must(poolsend_event_kind(event) == POOLSEND_EVENT_SETTLED && atomic_load(&storm.settled[line]) == 0);
  for (size_t i = 0; i < poolsend_event_attempt_count(event); i++)
    tell_attempt(line, poolsend_event_attempt_at(event, i));
  atomic_store(&storm.won[line], poolsend_event_winner(event) != NULL);
  drop_live(line);
  atomic_fetch_add(&storm.settled[line], 1);
}

static void *fetch_all(void *unused)
{
  struct poolsend_event *events[16];
  size_t count;
  int result;
  while ((result = poolsend_take(storm.sender, PATIENCE, events, 16, &count)) == 0)
    for (size_t i = 0; i < count; i++) {
      tell(events[i]);
      poolsend_event_free(events[i]);
    }
  must(result == POOLSEND_CLOSED);
  return unused;
}

/* ---- The account */

static void count_seen(void *seen, const char *id)
{
  unsigned line = 0;
  must(sscanf(id, "m%u", &line) == 1 && line >= 1 && line <= MESSAGES);
  ((unsigned *)seen)[line]++;
}

static void is_accounted_for(unsigned line)
{
  assert_int_equal(atomic_load(&storm.settled[line]), 1);
  assert_int_equal(atomic_load(&storm.delivered[line]), atomic_load(&storm.won[line]));
  for (unsigned api = 0; api < APIS; api++) {
    assert_true(storm.seen[api][line] <= atomic_load(&storm.perhaps[api][line]));
    assert_true(storm.seen[api][line] >= atomic_load(&storm.answered[api][line]));
  }
}

static void endpoints_add_up(void)
{
  uint64_t fates[POOLSEND_FATE_UNKNOWN + 1] = {0};
  for (unsigned api = 0; api < APIS; api++) {
    struct endpoint_counts counts = endpoint_counts_of(storm.sender, api);
    assert_int_equal(counts.running + counts.waiting, 0);
    fates[POOLSEND_FATE_DELIVERED] += counts.delivered;
    fates[POOLSEND_FATE_REJECTED] += counts.rejected;
    fates[POOLSEND_FATE_UNREACHED] += counts.unreached;
    fates[POOLSEND_FATE_UNKNOWN] += counts.unknown;
  }
  for (unsigned fate = POOLSEND_FATE_NONE; fate <= POOLSEND_FATE_UNKNOWN; fate++)
    assert_int_equal(fates[fate], atomic_load(&storm.fates[fate]));
}

static void pool_adds_up(void)
{
  assert_int_equal(poolsend_pool_drain(storm.pool, PATIENCE), 0);
  uint64_t submitted = poolsend_pool_count(storm.pool, POOLSEND_POOL_SUBMITTED);
  assert_int_equal(poolsend_pool_count(storm.pool, POOLSEND_POOL_RUNNING), 0);
  assert_int_equal(poolsend_pool_count(storm.pool, POOLSEND_POOL_WAITING), 0);
  assert_int_equal(submitted, atomic_load(&storm.jobs));
  assert_int_equal(poolsend_pool_count(storm.pool, POOLSEND_POOL_WITHDRAWN), atomic_load(&storm.jobs_withdrawn));
  assert_int_equal(submitted, atomic_load(&storm.jobs_run) + atomic_load(&storm.jobs_withdrawn));
}

static void sender_adds_up(void)
{
  struct counts counts = counts_of(storm.sender);
  assert_int_equal(counts.pending, 0);
  assert_int_equal(counts.started, counts.finished);
  assert_int_equal(counts.delivered + counts.undelivered, counts.submitted);
  assert_int_equal(storm.live_count, 0);
}

static void everything_adds_up(void)
{
  server_tell_ids(server, "/a", count_seen, storm.seen[0]);
  server_tell_ids(server, "/c", count_seen, storm.seen[2]);
  for (unsigned line = 1; line <= atomic_load(&storm.submitted); line++)
    is_accounted_for(line);
  sender_adds_up();
  endpoints_add_up();
  pool_adds_up();
}

static void print_counts(unsigned workers)
{
  printf("%u workers: %u cancels of %u messages, %u attempts cancelled; attempts: %u delivered, %u rejected, "
         "%u unreached, %u unknown; %u of %u jobs withdrawn (SEED=%u)\n",
         workers, atomic_load(&storm.called), atomic_load(&storm.submitted), atomic_load(&storm.cancelled),
         atomic_load(&storm.fates[POOLSEND_FATE_DELIVERED]), atomic_load(&storm.fates[POOLSEND_FATE_REJECTED]),
         atomic_load(&storm.fates[POOLSEND_FATE_UNREACHED]), atomic_load(&storm.fates[POOLSEND_FATE_UNKNOWN]),
         atomic_load(&storm.jobs_withdrawn), atomic_load(&storm.jobs), storm.seed);
}

/* ---- A storm */

static unsigned seed_of(unsigned workers)
{
  const char *given = getenv("SEED");
  return given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)getpid() * 1000 + workers;
}

static void start(unsigned workers, const char *dead)
{
  char urls[2][100];
  struct setup setup;
  snprintf(urls[0], sizeof urls[0], "%s{{/a}}/{{/an}}/a", server_url(server, "/"));
  snprintf(urls[1], sizeof urls[1], "%s{{/c}}/{{/cn}}/c", server_url(server, "/"));
  set_up(&setup, urls[0], dead, urls[1], NULL);
  set(&setup, "workers", "%u", workers);
  set(&setup, "max_pending", "%u", 2 * workers);
  set(&setup, "breaker", "false");
  set(&setup, "hedge_delay", "3ms");
  set(&setup, "settle", "%d", PATIENCE_S); /* only cancels end what hangs */
  set(&setup, "answer_wait", "%d", PATIENCE_S);
  poolsend_config_pool(setup.config, storm.pool);
  storm.sender = sender_of(&setup);
}

static void start_threads(pthread_t *threads, unsigned count, void *(*run)(void *))
{
  for (unsigned i = 0; i < count; i++)
    assert_true(start_thread(&threads[i], run, (void *)(uintptr_t)(storm.seed + (unsigned)rand() % 1000)));
}

static void join_threads(const pthread_t *threads, unsigned count)
{
  for (unsigned i = 0; i < count; i++)
    pthread_join(threads[i], NULL);
}

static void blow(void)
{
  pthread_t submitters[SUBMITTERS], fetchers[FETCHERS], cancellers[CANCELLERS];
  start_threads(fetchers, FETCHERS, fetch_all);
  start_threads(submitters, SUBMITTERS, submit_all);
  start_threads(cancellers, CANCELLERS, cancel_all);
  join_threads(cancellers, CANCELLERS);
  atomic_store(&storm.over, true);
  join_threads(submitters, SUBMITTERS);
  poolsend_close(storm.sender, 0);
  join_threads(fetchers, FETCHERS);
}

static unsigned count_descriptors(void)
{
  unsigned count = 0;
  DIR *directory = opendir("/proc/self/fd");
  must(directory);
  while (readdir(directory))
    count++;
  closedir(directory);
  return count;
}

/* The server's end of a connection closes a moment later. */
static bool descriptors_are_back(void *before)
{
  return count_descriptors() <= *(unsigned *)before;
}

static void weather_a_storm(unsigned workers)
{
  char dead[64];
  unsigned before = count_descriptors();
  int fd = refuse_at(dead, sizeof dead);
  memset(&storm, 0, sizeof storm);
  pthread_mutex_init(&storm.mutex, NULL);
  storm.seed = seed_of(workers);
  srand(storm.seed);
  assert_int_equal(poolsend_pool_new(&storm.pool, workers, 16), 0);
  start(workers, dead);
  blow();
  print_counts(workers);
  everything_adds_up();
  poolsend_free(storm.sender);
  poolsend_pool_free(storm.pool);
  pthread_mutex_destroy(&storm.mutex);
  close(fd);
  await_true(descriptors_are_back, &before);
}

static void every_message_weathers_a_storm_of_cancels_with_32_workers(void **state)
{
  (void)state;
  weather_a_storm(32);
}

static void every_message_weathers_a_storm_of_cancels_with_256_workers(void **state)
{
  (void)state;
  weather_a_storm(256);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, serve, stop_serving)

int main(void)
{
  const struct CMUnitTest tests[] = {
      CASE(every_message_weathers_a_storm_of_cancels_with_32_workers),
      CASE(every_message_weathers_a_storm_of_cancels_with_256_workers),
  };
  struct rlimit limit; /* both ends of every connection are here */
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
