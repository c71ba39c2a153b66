#include "core/pace.h"

/* An interval beyond this is as good as none: a hundred years, which a double holds exactly. */
#define LONGEST (100.0 * 366 * 86400 * 1e9)

void ps_pace_init(struct ps_pace *pace, double rate)
{
  *pace = (struct ps_pace){0};
  if (rate <= 0)
    return;
  double interval = (double)PS_SECOND / rate + 0.5;
  pace->interval = interval < LONGEST ? (ps_time)interval : (ps_time)LONGEST;
  pace->interval += pace->interval == 0;
}

static ps_time due(const struct ps_pace *pace, ps_time now)
{
  return pace->due > now ? pace->due : now;
}

unsigned ps_pace_room(const struct ps_pace *pace, ps_time now, unsigned most)
{
  if (!pace->interval)
    return most;
  ps_time ahead = now + PS_PACE_SLACK - due(pace, now);
  ps_time room = ahead < 0 ? 0 : ahead / pace->interval + 1;
  return room < (ps_time)most ? (unsigned)room : most;
}

ps_time ps_pace_next(const struct ps_pace *pace)
{
  return pace->interval ? pace->due - PS_PACE_SLACK : PS_NEVER;
}

void ps_pace_take(struct ps_pace *pace, ps_time now)
{
  if (pace->interval)
    pace->due = ps_after(due(pace, now), pace->interval);
}
