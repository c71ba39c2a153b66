#include "net/addresses.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

void ps_addresses_fini(struct ps_addresses *addresses)
{
  free(addresses->list);
  *addresses = (struct ps_addresses){0};
}

int ps_addresses_append(struct ps_addresses *addresses, const char *text)
{
  if (ps_addresses_find(addresses, text))
    return 0;
  struct ps_address *longer = realloc(addresses->list, (addresses->count + 1) * sizeof *longer);
  if (!longer)
    return -ENOMEM;
  addresses->list = longer;
  struct ps_address *address = &longer[addresses->count++];
  *address = (struct ps_address){0};
  strncat(address->text, text, sizeof address->text - 1);
  return 0;
}

/* Written anew, so that the same address is the same text. */
static int append_written(struct ps_addresses *addresses, const char *text, size_t size)
{
  char written[INET6_ADDRSTRLEN] = "";
  struct in6_addr room;
  bool brackets = size >= 2 && *text == '[' && text[size - 1] == ']';
  text += brackets;
  size -= brackets ? 2 : 0;
  if (size >= sizeof written)
    return -EINVAL;
  memcpy(written, text, size);
  int family = memchr(text, ':', size) ? AF_INET6 : AF_INET;
  if (inet_pton(family, written, &room) != 1 || !inet_ntop(family, &room, written, sizeof written))
    return -EINVAL;
  return ps_addresses_append(addresses, written);
}

int ps_addresses_read(struct ps_addresses *addresses, const char *text)
{
  int error;
  for (;;) {
    size_t size = strcspn(text, ",");
    error = append_written(addresses, text, size);
    if (error || !text[size])
      return error;
    text += size + 1;
  }
}

void ps_addresses_keep(struct ps_addresses *addresses, enum ps_family family)
{
  size_t kept = 0;
  for (size_t i = 0; i < addresses->count; i++)
    if (family == PS_FAMILY_ANY || ps_address_is_v6(&addresses->list[i]) == (family == PS_FAMILY_IPV6))
      addresses->list[kept++] = addresses->list[i];
  addresses->count = kept;
}

int ps_addresses_copy(struct ps_addresses *copy, const struct ps_addresses *addresses)
{
  if (!addresses->count)
    return 0;
  copy->list = malloc(addresses->count * sizeof *copy->list);
  if (!copy->list)
    return -ENOMEM;
  memcpy(copy->list, addresses->list, addresses->count * sizeof *copy->list);
  copy->count = addresses->count;
  return 0;
}

bool ps_addresses_are_same(const struct ps_addresses *a, const struct ps_addresses *b)
{
  bool same = a->count == b->count;
  for (size_t i = 0; i < a->count && same; i++)
    same = strcmp(a->list[i].text, b->list[i].text) == 0;
  return same;
}

struct ps_address *ps_addresses_find(const struct ps_addresses *addresses, const char *text)
{
  for (size_t i = 0; i < addresses->count; i++)
    if (strcmp(addresses->list[i].text, text) == 0)
      return &addresses->list[i];
  return NULL;
}

void ps_addresses_inherit(struct ps_addresses *addresses, const struct ps_addresses *before)
{
  for (size_t i = 0; i < addresses->count; i++) {
    const struct ps_address *known = ps_addresses_find(before, addresses->list[i].text);
    if (known)
      addresses->list[i].avoided_until = known->avoided_until;
  }
}

bool ps_addresses_are_avoided(const struct ps_addresses *addresses, ps_time now)
{
  bool avoided = addresses->count > 0;
  for (size_t i = 0; i < addresses->count && avoided; i++)
    avoided = ps_address_is_avoided(&addresses->list[i], now);
  return avoided;
}

ps_time ps_addresses_change(const struct ps_addresses *addresses, ps_time now)
{
  ps_time first = PS_NEVER;
  for (size_t i = 0; i < addresses->count; i++)
    if (ps_address_is_avoided(&addresses->list[i], now))
      first = ps_earlier(first, addresses->list[i].avoided_until);
  return first;
}
