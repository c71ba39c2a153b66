/* Two senders, each from a configuration file, on one pool of threads; many threads submit, and nothing is cut short.
 *
 *     cc several.c $(pkg-config --cflags --libs poolsend) -pthread -o several
 *     ./several pages.json orders.json
 *
 * Each sender has four threads that submit and one that fetches what became of the messages, many events at a time. At
 * the end the senders are closed: they take up no more, and when the last message has settled the fetching threads
 * are told so. */
#define _GNU_SOURCE
#include <poolsend.h>

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

enum { SUBMITTERS = 4, MESSAGES = 25 };

struct route {
  const char *path;
  struct poolsend_sender *sender;
  pthread_t submitters[SUBMITTERS], fetcher;
  unsigned delivered, twice, undelivered; /* the fetcher's */
};

/* Ends the program by _exit: exit is for when all senders have been freed. */
static void need(bool good, const char *path, const char *text)
{
  if (good)
    return;
  fprintf(stderr, "%s: %s\n", path, text);
  _exit(1);
}

static void start_sender(struct route *route, struct poolsend_pool *pool)
{
  static char text[65536];
  FILE *stream = fopen(route->path, "re");
  need(stream, route->path, "cannot be opened");
  const size_t size = fread(text, 1, sizeof text, stream);
  need(!ferror(stream) && size < sizeof text, route->path, "cannot be read");
  fclose(stream);

  struct poolsend_config *config = poolsend_config_new();
  poolsend_config_load(config, text, size);
  poolsend_config_pool(config, pool);
  route->sender = poolsend_open(config);
  need(route->sender, route->path, poolsend_config_error(config));
  poolsend_config_free(config);
}

/* While the sender has its hands full, this waits. */
static void *submit(void *context)
{
  struct route *route = context;
  struct poolsend_message *message = poolsend_message_new(NULL, 0);
  poolsend_message_set(message, "json", "true");
  for (int i = 0; i < MESSAGES; i++) {
    char body[40];
    snprintf(body, sizeof body, "{\"number\": %d}", i);
    poolsend_message_body(message, body, POOLSEND_TEXT);
    need(poolsend_submit(route->sender, message, POOLSEND_NEVER) == 0, route->path, poolsend_message_error(message));
  }
  poolsend_message_free(message);
  return NULL;
}

static void count(struct route *route, const struct poolsend_event *settled)
{
  size_t delivered = poolsend_event_fate_count(settled, POOLSEND_FATE_DELIVERED);
  route->delivered += delivered > 0;
  route->twice += delivered > 1;
  route->undelivered += delivered == 0;
}

static void *fetch(void *context)
{
  struct route *route = context;
  struct poolsend_event *events[32];
  size_t fetched;
  while (poolsend_take(route->sender, POOLSEND_NEVER, events, 32, &fetched) == 0)
    for (size_t i = 0; i < fetched; i++) {
      if (poolsend_event_kind(events[i]) == POOLSEND_EVENT_SETTLED)
        count(route, events[i]);
      poolsend_event_free(events[i]);
    }
  return NULL;
}

static void start_threads(struct route *route)
{
  need(pthread_create(&route->fetcher, NULL, fetch, route) == 0, route->path, "no thread");
  for (int i = 0; i < SUBMITTERS; i++)
    need(pthread_create(&route->submitters[i], NULL, submit, route) == 0, route->path, "no thread");
}

static void finish(struct route *route)
{
  for (int i = 0; i < SUBMITTERS; i++)
    pthread_join(route->submitters[i], NULL);
  poolsend_close(route->sender, POOLSEND_NEVER);
  pthread_join(route->fetcher, NULL);
  poolsend_free(route->sender);
  printf("%s: %u delivered, %u of them more than once; %u undelivered\n", route->path, route->delivered, route->twice,
         route->undelivered);
}

int main(int argc, char **argv)
{
  struct route routes[2] = {{.path = argc > 1 ? argv[1] : "pages.json"}, {.path = argc > 2 ? argv[2] : "orders.json"}};
  struct poolsend_pool *pool;
  const int result = poolsend_pool_new(&pool, 64, 0);
  need(result == 0, argv[0], poolsend_strerror(result));
  for (int i = 0; i < 2; i++)
    start_sender(&routes[i], pool);
  for (int i = 0; i < 2; i++)
    start_threads(&routes[i]);
  for (int i = 0; i < 2; i++)
    finish(&routes[i]);
  poolsend_pool_free(pool);
  return routes[0].undelivered + routes[1].undelivered == 0 ? 0 : 1;
}
