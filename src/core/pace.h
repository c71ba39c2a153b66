/* The pace of new messages: so many a second, none saved up beyond what comes within PS_PACE_SLACK. Pure.
 * (The virtual scheduling algorithm of ITU-T I.371, annex A.) */
#ifndef PS_CORE_PACE_H
#define PS_CORE_PACE_H

#include "base/clock.h"

/* Timers are not finer than this: at a high rate, those that are due together go together. */
#define PS_PACE_SLACK (5 * PS_MILLISECOND)

struct ps_pace {
  ps_time interval; /* between two; 0: no limit */
  ps_time due;      /* when the next would go at an even pace */
};

/* `rate` a second; 0: no limit. */
void ps_pace_init(struct ps_pace *pace, double rate);

/* How many may go now, at most `most`. */
unsigned ps_pace_room(const struct ps_pace *pace, ps_time now, unsigned most);

/* When the next may go; PS_NEVER where there is no limit. */
ps_time ps_pace_next(const struct ps_pace *pace);

/* One goes. */
void ps_pace_take(struct ps_pace *pace, ps_time now);

#endif
