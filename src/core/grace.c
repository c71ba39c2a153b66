#include "core/grace.h"

void ps_grace_look(struct ps_grace *grace, ps_time now)
{
  ps_time since = now - grace->looked;
  bool stopped = !grace->on || since > PS_GRACE_LOOK + PS_GRACE_LATE;
  grace->left = grace->on ? grace->left - ps_earlier(since, PS_GRACE_LOOK) : PS_GRACE_MOST;
  grace->glance = stopped ? PS_GRACE_LOOK : grace->glance - since;
  grace->on = true;
  grace->looked = now;
}

bool ps_grace_puts_off(const struct ps_grace *grace, ps_time deadline, bool unread, ps_time now)
{
  if (!grace->on || grace->left <= 0 || !ps_grace_is_long_past(deadline, now))
    return false;
  return unread || grace->glance > 0;
}

ps_time ps_grace_next(const struct ps_grace *grace)
{
  return grace->looked + ps_earlier(PS_GRACE_LOOK, grace->left);
}
