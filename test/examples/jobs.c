/* The pool alone: blocking jobs, each awaited for one second without cancelling it; what takes longer is asked again.
 *
 *     cc jobs.c $(pkg-config --cflags --libs poolsend) -o jobs
 *     ./jobs FILE...
 *
 * A job counts the lines of each file, and one looks up localhost. (A FIFO takes as long as you like.) In Python this
 * is loop.run_in_executor, and then asyncio.wait_for(asyncio.shield(task), 1). */
#define _GNU_SOURCE
#include <poolsend.h>

#include <netdb.h>
#include <stdio.h>
#include <string.h>

enum { MAX_WORKS = 16 };

/* A job's context, and its result. */
struct work {
  poolsend_job_fn *run;
  const char *about;
  char answer[100]; /* the job's until it has ended */
  struct poolsend_job *job;
  bool told;
};

static void *count_lines(void *context)
{
  struct work *work = context;
  FILE *file = fopen(work->about, "re");
  size_t lines = 0;
  for (int c; file && (c = getc(file)) != EOF;)
    lines += c == '\n';
  if (file && !ferror(file))
    snprintf(work->answer, sizeof work->answer, "%zu lines", lines);
  else
    strcpy(work->answer, "cannot be read");
  if (file)
    fclose(file);
  return work;
}

static void *resolve(void *context)
{
  struct work *work = context;
  struct addrinfo *found = NULL;
  const int failure = getaddrinfo(work->about, NULL, NULL, &found);
  snprintf(work->answer, sizeof work->answer, "%s", failure ? gai_strerror(failure) : "has addresses");
  if (!failure)
    freeaddrinfo(found);
  return work;
}

/* First the form that does not wait, then the one that does. */
static int submit(struct poolsend_pool *pool, struct work *work)
{
  int result = poolsend_pool_submit(pool, work->run, work, 0, &work->job);
  if (result == POOLSEND_TIMEOUT) {
    printf("%s: waits for room\n", work->about);
    result = poolsend_pool_submit(pool, work->run, work, POOLSEND_NEVER, &work->job);
  }
  if (result < 0)
    fprintf(stderr, "%s: %s\n", work->about, poolsend_strerror(result));
  return result;
}

static void tell(struct work *work)
{
  void *result;
  work->told = poolsend_job_wait(work->job, POOLSEND_S(1), &result) == 0;
  printf("%s: %s\n", work->about, work->told ? ((struct work *)result)->answer : "not within a second");
}

int main(int argc, char **argv)
{
  struct work works[MAX_WORKS] = {{.run = NULL}};
  struct poolsend_pool *pool;
  int count = 0, submitted = 0;
  setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
  for (int i = 1; i < argc && count < MAX_WORKS - 1; i++)
    works[count++] = (struct work){.run = count_lines, .about = argv[i]};
  works[count++] = (struct work){.run = resolve, .about = "localhost"};
  if (poolsend_pool_new(&pool, 2, 0) != 0)
    return 1;

  while (submitted < count && submit(pool, &works[submitted]) == 0)
    submitted++;
  for (int i = 0; i < submitted; i++)
    tell(&works[i]);
  for (int i = 0; i < submitted; i++) {
    while (!works[i].told)
      tell(&works[i]);
    poolsend_job_free(works[i].job);
  }
  poolsend_pool_free(pool);
  return submitted == count ? 0 : 1;
}
