/* A set of HTTP statuses (RFC 9110, section 15: 100 to 599), as the lists of --success and --fatal-status name them. */
#ifndef PS_CORE_STATUS_H
#define PS_CORE_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PS_STATUS_MIN 100
#define PS_STATUS_MAX 599

struct ps_status_set {
  uint64_t bits[(PS_STATUS_MAX - PS_STATUS_MIN) / 64 + 1];
};

/* Adds `first` to `last`, both included; both within the bounds above. */
void ps_status_add(struct ps_status_set *set, int first, int last);
bool ps_status_has(const struct ps_status_set *set, int status);

/* Adds the statuses of `text`, of `size` bytes: "200-299" or "409". 0, or -EINVAL and nothing added. */
int ps_status_parse_range(struct ps_status_set *set, const char *text, size_t size);

/* Whether a status is worth another try later: the list that curl's --retry goes by. */
bool ps_status_is_transient(int status);

#endif
