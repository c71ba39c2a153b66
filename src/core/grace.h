/* A deadline that is found long past is no proof of silence. The process was stopped, or had no processor, and what came
 * meanwhile lies unread in a socket. Such a deadline is put off while somebody's answer is seen to lie there, for
 * PS_GRACE_MOST at most, and for PS_GRACE_LOOK in any case: what has just been read may not have been told yet. Pure.
 *
 * Only time in which the process runs is counted: of what has passed since the look before, at most PS_GRACE_LOOK. So a
 * second stop does not use up what the first one left, and a thread that is always late acts in the end all the same. */
#ifndef PS_CORE_GRACE_H
#define PS_CORE_GRACE_H

#include "base/clock.h"

#include <stdbool.h>

#define PS_GRACE_LATE (100 * PS_MILLISECOND) /* what is handled later than this is long past */
#define PS_GRACE_MOST (250 * PS_MILLISECOND)
#define PS_GRACE_LOOK (10 * PS_MILLISECOND) /* between two looks */

/* All zero is off. */
struct ps_grace {
  bool on;
  ps_time left;   /* of PS_GRACE_MOST */
  ps_time glance; /* what is left of PS_GRACE_LOOK, since it was found that the process had stopped */
  ps_time looked; /* when last */
};

static inline bool ps_grace_is_long_past(ps_time deadline, ps_time now)
{
  return deadline < now - PS_GRACE_LATE;
}

/* A deadline has been found long past, or is put off already, and it is being looked what lies unread. */
void ps_grace_look(struct ps_grace *grace, ps_time now);

/* Whether a deadline, which has come, is put off. `unread`: an answer has been seen to lie unread. */
bool ps_grace_puts_off(const struct ps_grace *grace, ps_time deadline, bool unread, ps_time now);

/* When to look again. */
ps_time ps_grace_next(const struct ps_grace *grace);

#endif
