#include "core/percentile.h"

/* The class of PS_PERCENTILE_MOST: 1.02 to the 233rd is a little more than a hundred. */
#define LAST_CLASS 233

/* The upper end of the class after one that ends at `end`: 2 % more. */
static ps_time longer(ps_time end)
{
  return end + end / 50;
}

static unsigned class_of(ps_time span)
{
  unsigned class = 0;
  for (ps_time end = PS_PERCENTILE_LEAST; class < LAST_CLASS && end < span; end = longer(end))
    class ++;
  return class;
}

static ps_time end_of(unsigned class)
{
  ps_time end = PS_PERCENTILE_LEAST;
  for (unsigned i = 0; i < class; i++)
    end = longer(end);
  return ps_earlier(end, PS_PERCENTILE_MOST);
}

void ps_percentile_add(struct ps_percentile *recent, ps_time span)
{
  unsigned class = class_of(span);
  if (recent->size == PS_PERCENTILE_WINDOW)
    recent->counts[recent->recent[recent->next]]--;
  else
    recent->size++;
  recent->recent[recent->next] = (uint8_t) class;
  recent->counts[class]++;
  recent->next = (recent->next + 1) % PS_PERCENTILE_WINDOW;
}

ps_time ps_percentile_find(const struct ps_percentile *recent, unsigned permille)
{
  if (recent->size < PS_PERCENTILE_ENOUGH)
    return PS_PERCENTILE_MOST;
  unsigned wanted = (recent->size * permille + 999) / 1000, seen = 0, class = 0;
  for (; class < LAST_CLASS; class ++)
    if ((seen += recent->counts[class]) >= wanted)
      break;
  return end_of(class);
}
