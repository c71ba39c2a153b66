#include "net/tries.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the first round. */
#define PATIENCE (2 * PS_SECOND)

/* So many doublings are beyond any time that is left. */
#define ROUNDS_MAX 24

void ps_tries_fini(struct ps_tries *tries)
{
  ps_addresses_fini(&tries->addresses);
  free(tries->tried);
  *tries = (struct ps_tries){0};
}

int ps_tries_take(struct ps_tries *tries, struct ps_addresses *addresses)
{
  enum ps_tried *tried = calloc(addresses->count + 1, sizeof *tried);
  if (!tried)
    return -ENOMEM;
  for (size_t i = 0; i < addresses->count; i++) {
    const struct ps_address *known = ps_addresses_find(&tries->addresses, addresses->list[i].text);
    tried[i] = known ? tries->tried[known - tries->addresses.list] : PS_TRIED_NOT;
  }
  free(tries->tried);
  ps_addresses_fini(&tries->addresses);
  tries->tried = tried;
  tries->addresses = *addresses;
  *addresses = (struct ps_addresses){0};
  return 0;
}

static void forget(struct ps_tries *tries)
{
  for (size_t i = 0; i < tries->addresses.count; i++)
    tries->tried[i] = PS_TRIED_NOT;
}

void ps_tries_restart(struct ps_tries *tries)
{
  forget(tries);
  tries->round = 0;
}

static bool has(const struct ps_tries *tries, enum ps_tried tried)
{
  for (size_t i = 0; i < tries->addresses.count; i++)
    if (tries->tried[i] == tried)
      return true;
  return false;
}

/* The first that has not been tried and is avoided, or is not; with `other` only one of the other family. */
static const struct ps_address *pick(const struct ps_tries *tries, bool avoided, const struct ps_address *other,
                                     ps_time now)
{
  for (size_t i = 0; i < tries->addresses.count; i++) {
    const struct ps_address *address = &tries->addresses.list[i];
    if (tries->tried[i] == PS_TRIED_NOT && ps_address_is_avoided(address, now) == avoided &&
        (!other || ps_address_is_v6(address) != ps_address_is_v6(other)))
      return address;
  }
  return NULL;
}

/* One that is avoided does not go with one that is not: libcurl may begin with either. */
bool ps_tries_choose(struct ps_tries *tries, ps_time now)
{
  bool avoided = false;
  const struct ps_address *first = pick(tries, avoided, NULL, now);
  if (!first)
    first = pick(tries, avoided = true, NULL, now);
  if (!first)
    return false;
  const struct ps_address *second = pick(tries, avoided, first, now);
  tries->tried[first - tries->addresses.list] = PS_TRIED_NOW;
  if (second)
    tries->tried[second - tries->addresses.list] = PS_TRIED_NOW;
  return true;
}

void ps_tries_end(struct ps_tries *tries, bool silent)
{
  for (size_t i = 0; i < tries->addresses.count; i++)
    if (tries->tried[i] == PS_TRIED_NOW)
      tries->tried[i] = silent ? PS_TRIED_SILENT : PS_TRIED_REFUSED;
}

bool ps_tries_repeat(struct ps_tries *tries)
{
  if (!tries->addresses.count || has(tries, PS_TRIED_REFUSED))
    return false;
  forget(tries);
  tries->round += tries->round < ROUNDS_MAX;
  return true;
}

/* The last of a round has all that is left where nothing would come after it, or too little time. */
ps_time ps_tries_limit(const struct ps_tries *tries, bool may_ask, ps_time left)
{
  ps_time patience = PATIENCE << tries->round;
  if (has(tries, PS_TRIED_NOT))
    return ps_earlier(patience, left / 2);
  bool alone = !has(tries, PS_TRIED_SILENT);
  if (has(tries, PS_TRIED_REFUSED) || (alone && (!may_ask || tries->round > 0)) || left < 4 * patience)
    return PS_NEVER;
  return patience;
}

const struct ps_address *ps_tries_next(const struct ps_tries *tries, const struct ps_address *after)
{
  for (size_t i = after ? (size_t)(after - tries->addresses.list) + 1 : 0; i < tries->addresses.count; i++)
    if (tries->tried[i] == PS_TRIED_NOW)
      return &tries->addresses.list[i];
  return NULL;
}

bool ps_tries_is_first(const struct ps_tries *tries)
{
  return !tries->round && !has(tries, PS_TRIED_SILENT) && !has(tries, PS_TRIED_REFUSED);
}

int ps_tries_write(const struct ps_tries *tries, struct ps_buf *out)
{
  int error = 0;
  const char *comma = "";
  for (const struct ps_address *each = NULL; !error && (each = ps_tries_next(tries, each)); comma = ",")
    error = ps_buf_printf(out, ps_address_is_v6(each) ? "%s[%s]" : "%s%s", comma, each->text);
  return error;
}

void ps_tries_tell(const struct ps_tries *tries, char *words, size_t size)
{
  size_t count = 0;
  for (size_t i = 0; i < tries->addresses.count; i++)
    count += tries->round || tries->tried[i] != PS_TRIED_NOT;
  for (size_t i = 0, told = 0; i < tries->addresses.count && count > 1; i++) {
    size_t end = strlen(words);
    if (tries->round || tries->tried[i] != PS_TRIED_NOT)
      snprintf(words + end, size - end, "%s%s", told++ ? ", " : "; tried: ", tries->addresses.list[i].text);
  }
}
