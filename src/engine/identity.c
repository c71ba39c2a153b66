#include "engine/identity.h"

#include "base/clock.h"
#include "base/fork.h"
#include "base/random.h"
#include "poolsend.h"

#include <string.h>
#include <sys/random.h>
#include <unistd.h>

uint64_t ps_random_seed(void)
{
  uint64_t seed;
  if (getrandom(&seed, sizeof seed, 0) == sizeof seed)
    return seed;
  return (uint64_t)ps_now() ^ (uint64_t)getpid() << 32;
}

static void fill(unsigned char *bytes, size_t size)
{
  if (getrandom(bytes, size, 0) == (ssize_t)size)
    return;
  uint64_t state = ps_random_seed();
  for (size_t i = 0; i < size; i++)
    bytes[i] = (unsigned char)ps_random_next(&state);
}

#define STOCK_SIZE 256

/* Random bytes for identifiers to come: to fetch a few costs as much as to fetch many. */
static _Thread_local struct {
  unsigned char bytes[STOCK_SIZE];
  size_t left;
  unsigned generation; /* a child of fork must not use what its parent uses too */
} stock;

static void take(unsigned char *bytes, size_t size)
{
  unsigned generation = ps_fork_generation();
  if (stock.left < size || stock.generation != generation) {
    fill(stock.bytes, STOCK_SIZE);
    stock.left = STOCK_SIZE;
    stock.generation = generation;
  }
  stock.left -= size;
  memcpy(bytes, stock.bytes + stock.left, size);
}

/* RFC 9562, version 4. */
void poolsend_make_id(char id[POOLSEND_ID_SIZE])
{
  static const char hex[] = "0123456789abcdef";
  unsigned char bytes[16];
  take(bytes, sizeof bytes);
  bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
  bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
  for (size_t i = 0, at = 0; i < sizeof bytes; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      id[at++] = '-';
    id[at++] = hex[bytes[i] >> 4];
    id[at++] = hex[bytes[i] & 15];
    id[at] = '\0';
  }
}
