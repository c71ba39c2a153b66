/* The yardstick for a stream: as many threads as slots, each calling curl_easy_perform on an easy handle of its own.
 *
 * Every line of FILE is POSTed once, and must be answered with 200. The lines are in memory before the first thread
 * starts, a handle's options are set once, and of a request only what differs is set: nothing is printed, timed or
 * counted that a program without any purpose could do without. With `key` each request has the header that poolsend's
 * have, an Idempotency-Key of its own in it: libcurl formats headers a letter at a time, and this tells what that
 * costs.
 *
 * Usage: bare THREADS FILE URL [key] */
#include "lines.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

/* Immutable once threads run. */
static struct lines lines;
static const char *url;
static bool keyed;

/* Any thread. */
static atomic_size_t next_line;

static size_t discard(char *data, size_t size, size_t count, void *context)
{
  (void)data, (void)context;
  return size * count;
}

static CURL *new_handle(void)
{
  CURL *easy = curl_easy_init();
  if (!easy)
    fail("no handle");
  curl_easy_setopt(easy, CURLOPT_URL, url);
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
  return easy;
}

static void post(CURL *easy, const struct line *line)
{
  static char agent[] = "User-Agent: poolsend/0.2.0", no_type[] = "Content-Type:";
  long status = 0;
  char key[64];
  struct curl_slist header[] = {{key, &header[1]}, {agent, &header[2]}, {no_type, NULL}};
  if (keyed) {
    snprintf(key, sizeof key, "Idempotency-Key: %036zu", (size_t)(line - lines.items));
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, header);
  }
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, line->text);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)line->size);
  CURLcode code = curl_easy_perform(easy);
  if (code)
    fail(curl_easy_strerror(code));
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200)
    fail("answered with another status than 200");
}

static void *work(void *unused)
{
  CURL *easy = new_handle();
  for (size_t i; (i = atomic_fetch_add_explicit(&next_line, 1, memory_order_relaxed)) < lines.count;)
    post(easy, &lines.items[i]);
  curl_easy_cleanup(easy);
  return unused;
}

static void raise_descriptors(void)
{
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
}

int main(int argc, char **argv)
{
  size_t count = argc == 4 || argc == 5 ? strtoul(argv[1], NULL, 10) : 0;
  if (!count)
    fail("usage: bare THREADS FILE URL [key]");
  url = argv[3];
  keyed = argc == 5;
  raise_descriptors();
  curl_global_init(CURL_GLOBAL_ALL);
  lines_load(&lines, argv[2]);
  pthread_t *threads = calloc(count, sizeof *threads);
  if (!threads)
    fail("no memory");
  for (size_t i = 0; i < count; i++)
    if (pthread_create(&threads[i], NULL, work, NULL))
      fail("no thread");
  for (size_t i = 0; i < count; i++)
    pthread_join(threads[i], NULL);
  return 0;
}
