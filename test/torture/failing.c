#include "failing.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- The call that fails */

static struct {
  atomic_uint kinds, callers, at, calls, failed;
  atomic_bool later, given;
  _Atomic(const void *) first;
} orders;

bool failing_now(enum failing_kind kind, enum failing_caller caller, const void *where)
{
  if (!(atomic_load(&orders.kinds) & kind) || !(atomic_load(&orders.callers) & caller))
    return false;
  unsigned call = atomic_fetch_add(&orders.calls, 1) + 1, at = atomic_load(&orders.at);
  if (at == 0 || call < at || (call > at && !atomic_load(&orders.later)))
    return false;
  if (atomic_fetch_add(&orders.failed, 1) == 0)
    atomic_store(&orders.first, where);
  errno = kind == FAILING_MEMORY ? ENOMEM : kind == FAILING_THREADS ? EAGAIN : EMFILE;
  return true;
}

/* ---- The blocks that are out
 *
 * A table of fixed size, for nothing can be allocated here. A block is found by its address, at or behind the place
 * that it gives; one that was given back leaves a mark, so that those behind it are still found. */

#define PLACES 65536u
#define GONE   ((const void *)1)

static struct {
  atomic_flag lock;
  struct {
    const void *block;
    enum failing_caller caller;
  } places[PLACES];
  unsigned own, curl;
} blocks = {.lock = ATOMIC_FLAG_INIT};

static bool enter(void)
{
  if (!atomic_load(&orders.given))
    return false;
  while (atomic_flag_test_and_set_explicit(&blocks.lock, memory_order_acquire))
    ;
  return true;
}

static void leave(void)
{
  atomic_flag_clear_explicit(&blocks.lock, memory_order_release);
}

static unsigned place_of(const void *block)
{
  return (uint32_t)((uintptr_t)block >> 4) * 2654435761u % PLACES;
}

static void count_block(enum failing_caller caller, int by)
{
  if (caller == FAILING_OWN)
    blocks.own += (unsigned)by;
  else
    blocks.curl += (unsigned)by;
}

static bool is_taken(unsigned place)
{
  return blocks.places[place].block && blocks.places[place].block != GONE;
}

void *failing_took(void *block, enum failing_caller caller)
{
  if (!block || !(caller & (FAILING_OWN | FAILING_CURL)) || !enter())
    return block;
  unsigned place = place_of(block);
  for (unsigned tries = 0; is_taken(place) && tries < PLACES; tries++)
    place = (place + 1) % PLACES;
  if (!is_taken(place)) {
    blocks.places[place].block = block;
    blocks.places[place].caller = caller;
    count_block(caller, 1);
  }
  leave();
  return block;
}

void failing_gave(const void *block)
{
  if (!block || !enter())
    return;
  unsigned place = place_of(block), tries = 0;
  while (blocks.places[place].block && blocks.places[place].block != block && tries++ < PLACES)
    place = (place + 1) % PLACES;
  if (blocks.places[place].block == block) {
    blocks.places[place].block = GONE;
    count_block(blocks.places[place].caller, -1);
  }
  leave();
}

/* ---- Orders */

void failing_begin(unsigned kinds, unsigned callers, unsigned at, bool later)
{
  memset(blocks.places, 0, sizeof blocks.places);
  blocks.own = blocks.curl = 0;
  atomic_store(&orders.callers, callers);
  atomic_store(&orders.at, at);
  atomic_store(&orders.later, later);
  atomic_store(&orders.calls, 0);
  atomic_store(&orders.failed, 0);
  atomic_store(&orders.first, NULL);
  atomic_store(&orders.given, true);
  atomic_store(&orders.kinds, kinds);
}

struct failing_tally failing_end(void)
{
  atomic_store(&orders.kinds, 0);
  atomic_store(&orders.given, false);
  return (struct failing_tally){
      .calls = atomic_load(&orders.calls),
      .failed = atomic_load(&orders.failed),
      .first = atomic_load(&orders.first),
      .own_left = blocks.own,
      .curl_left = blocks.curl,
  };
}

/* ---- A program's orders */

struct word {
  const char *text;
  unsigned value;
};

static const struct word kinds[] = {
    {"memory", FAILING_MEMORY}, {"threads", FAILING_THREADS}, {"descriptors", FAILING_DESCRIPTORS}, {NULL, 0}};
static const struct word callers[] = {{"own", FAILING_OWN},
                                      {"curl", FAILING_CURL},
                                      {"libc", FAILING_LIBC},
                                      {"tls", FAILING_TLS},
                                      {"json", FAILING_JSON},
                                      {"other", FAILING_OTHER},
                                      {NULL, 0}};

static bool is_word(const char *text, const char *word)
{
  size_t size = strlen(word);
  return strncmp(text, word, size) == 0 && (text[size] == ',' || text[size] == ':');
}

/* The words at `*text`, up to the colon, together; `*text` is behind it then. */
static unsigned read_words(const char **text, const struct word *words)
{
  unsigned sum = 0;
  for (bool more = true; more; *text += strcspn(*text, ",:") + 1) {
    for (const struct word *word = words; word->text; word++)
      sum |= is_word(*text, word->text) ? word->value : 0;
    more = (*text)[strcspn(*text, ",:")] == ',';
  }
  return sum;
}

static bool in_program;

__attribute__((constructor)) static void obey(void)
{
  const char *text = getenv("FAILING");
  if (!text)
    return;
  char *end;
  unsigned kind = read_words(&text, kinds), caller = read_words(&text, callers);
  unsigned at = (unsigned)strtoul(text, &end, 10);
  in_program = true;
  failing_begin(kind, caller, at, *end == '+');
}

__attribute__((destructor)) static void report(void)
{
  char line[256];
  Dl_info found = {.dli_fname = "nothing"};
  if (!in_program)
    return;
  struct failing_tally tally = failing_end();
  if (tally.first)
    dladdr(tally.first, &found);
  const char *slash = strrchr(found.dli_fname, '/');
  int size = snprintf(line, sizeof line,
                      "failing: %u calls, %u failed, the first at %#lx in %.40s; %u blocks of own and %u of curl are "
                      "left\n",
                      tally.calls, tally.failed, (unsigned long)((uintptr_t)tally.first - (uintptr_t)found.dli_fbase),
                      slash ? slash + 1 : found.dli_fname, tally.own_left, tally.curl_left);
  ssize_t written = write(STDERR_FILENO, line, (size_t)size);
  (void)written; /* whoever reads it finds out */
}
