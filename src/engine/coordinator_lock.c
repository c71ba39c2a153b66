#include "engine/coordinator_lock.h"

#include "base/sync.h"

#include <sys/eventfd.h>

void ps_coordinator_enter(struct ps_coordinator *c)
{
  ps_mutex_lock(&c->shared.mutex);
}

static void wake(struct ps_coordinator *c, struct ps_wakes wakes)
{
  if (wakes.coordinator)
    ps_cond_signal(&c->shared.wake);
  if (wakes.submitters)
    ps_cond_broadcast(&c->shared.room);
  if (wakes.fetchers)
    ps_cond_broadcast(&c->shared.told);
  if (wakes.descriptor)
    eventfd_write(atomic_load(&c->descriptor), 1); /* fails where it has been said often enough */
}

static struct ps_wakes take_wakes_locked(struct ps_coordinator *c)
{
  struct ps_wakes wakes = c->shared.wakes;
  c->shared.wakes = (struct ps_wakes){0};
  return wakes;
}

void ps_coordinator_leave(struct ps_coordinator *c)
{
  struct ps_wakes wakes = take_wakes_locked(c);
  ps_mutex_unlock(&c->shared.mutex);
  wake(c, wakes);
}

void ps_coordinator_leave_for_good(struct ps_coordinator *c)
{
  wake(c, take_wakes_locked(c));
  ps_mutex_unlock(&c->shared.mutex);
}

void ps_coordinator_wait_locked(struct ps_coordinator *c, pthread_cond_t *cond, ps_time deadline)
{
  wake(c, take_wakes_locked(c));
  ps_cond_wait(cond, &c->shared.mutex, deadline);
}

void ps_coordinator_wake_locked(struct ps_coordinator *c)
{
  c->shared.wakes.coordinator |= c->shared.sleep != PS_AWAKE;
  c->shared.sleep = PS_AWAKE;
  c->shared.urgent = true;
}

void ps_coordinator_nudge_locked(struct ps_coordinator *c)
{
  if (c->shared.sleep != PS_ASLEEP)
    return;
  c->shared.wakes.coordinator = true;
  c->shared.sleep = PS_AWAKE;
}

bool ps_coordinator_is_busy_locked(const struct ps_coordinator *c)
{
  return c->shared.lanes[c->shared.first].waiting >= PS_ROOM_BATCH;
}

size_t ps_coordinator_room_locked(const struct ps_coordinator *c)
{
  size_t holding = (size_t)c->shared.counts.pending - c->shared.spares;
  size_t left = holding < c->shared.allowed ? c->shared.allowed - holding : 0;
  return left < c->shared.capacity ? left : c->shared.capacity;
}

void ps_coordinator_invite_locked(struct ps_coordinator *c, size_t worthwhile)
{
  if (!(c->shared.submitters || c->shared.turned_away) || ps_coordinator_room_locked(c) < worthwhile)
    return;
  c->shared.wakes.submitters |= c->shared.submitters > 0;
  c->shared.wakes.descriptor |= c->shared.turned_away && atomic_load(&c->descriptor) >= 0;
  c->shared.turned_away = false;
}

void ps_coordinator_tell_locked(struct ps_coordinator *c)
{
  c->shared.wakes.fetchers |= c->shared.fetchers > 0;
  c->shared.wakes.descriptor |= atomic_load(&c->descriptor) >= 0;
}
