/* The addresses of a name, the best first, and which of them did not connect lately: those are tried after the others.
 * No clock and no lock of its own: time is an argument. */
#ifndef PS_NET_ADDRESSES_H
#define PS_NET_ADDRESSES_H

#include "base/clock.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

struct ps_address {
  char text[INET6_ADDRSTRLEN]; /* as inet_ntop writes it */
  ps_time avoided_until;       /* no connection came about: until then the others are tried first */
};

/* Which addresses are wanted. */
enum ps_family { PS_FAMILY_ANY, PS_FAMILY_IPV4, PS_FAMILY_IPV6 };

struct ps_addresses {
  struct ps_address *list;
  size_t count;
};

void ps_addresses_fini(struct ps_addresses *addresses);

/* One that is there already is not appended again. 0 or -ENOMEM. */
int ps_addresses_append(struct ps_addresses *addresses, const char *text);

/* Append what a user wrote: numeric, with commas between, IPv6 in brackets or not. 0; -EINVAL: one of them is no address;
 * -ENOMEM. Some may have been appended. */
int ps_addresses_read(struct ps_addresses *addresses, const char *text);

/* Take out those of another family. */
void ps_addresses_keep(struct ps_addresses *addresses, enum ps_family family);

/* `copy` is empty. 0 or -ENOMEM. */
int ps_addresses_copy(struct ps_addresses *copy, const struct ps_addresses *addresses);

/* Whether they are the same, in the same order; avoided or not. */
bool ps_addresses_are_same(const struct ps_addresses *a, const struct ps_addresses *b);

/* NULL: it is none of them. */
struct ps_address *ps_addresses_find(const struct ps_addresses *addresses, const char *text);

/* Those that `before` has too are avoided for as long as there. */
void ps_addresses_inherit(struct ps_addresses *addresses, const struct ps_addresses *before);

static inline bool ps_address_is_v6(const struct ps_address *address)
{
  for (const char *c = address->text; *c; c++)
    if (*c == ':')
      return true;
  return false;
}

static inline bool ps_address_is_avoided(const struct ps_address *address, ps_time now)
{
  return now < address->avoided_until;
}

/* Whether there are addresses, and each is avoided. */
bool ps_addresses_are_avoided(const struct ps_addresses *addresses, ps_time now);

/* When the first of those that are avoided is not any more; PS_NEVER: none is. */
ps_time ps_addresses_change(const struct ps_addresses *addresses, ps_time now);

#endif
