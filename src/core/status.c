#include "core/status.h"

#include <errno.h>

void ps_status_add(struct ps_status_set *set, int first, int last)
{
  for (int status = first; status <= last; status++) {
    unsigned bit = (unsigned)(status - PS_STATUS_MIN);
    set->bits[bit / 64] |= UINT64_C(1) << bit % 64;
  }
}

bool ps_status_has(const struct ps_status_set *set, int status)
{
  if (status < PS_STATUS_MIN || status > PS_STATUS_MAX)
    return false;
  unsigned bit = (unsigned)(status - PS_STATUS_MIN);
  return set->bits[bit / 64] >> bit % 64 & 1;
}

/* Three digits that make a status, or -1. */
static int three_digits(const char *text)
{
  int status = 0;
  for (int i = 0; i < 3; i++) {
    if (text[i] < '0' || text[i] > '9')
      return -1;
    status = status * 10 + (text[i] - '0');
  }
  return status >= PS_STATUS_MIN && status <= PS_STATUS_MAX ? status : -1;
}

int ps_status_parse_range(struct ps_status_set *set, const char *text, size_t size)
{
  if (size != 3 && !(size == 7 && text[3] == '-'))
    return -EINVAL;
  int first = three_digits(text);
  int last = size == 7 ? three_digits(text + 4) : first;
  if (first < 0 || last < first)
    return -EINVAL;
  ps_status_add(set, first, last);
  return 0;
}

bool ps_status_is_transient(int status)
{
  static const int transient[] = {408, 429, 500, 502, 503, 504};
  for (size_t i = 0; i < sizeof transient / sizeof *transient; i++)
    if (transient[i] == status)
      return true;
  return false;
}
