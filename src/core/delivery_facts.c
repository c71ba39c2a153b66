/* What is reported of a delivery is only recorded here: nothing is decided, so that it does not matter in which order
 * facts of the same moment come. */
#include "core/delivery.h"

#include <assert.h>

void ps_delivery_init(struct ps_delivery *d, const struct ps_delivery_rule *rule, struct ps_track *tracks,
                      bool may_repeat, uint64_t seed, ps_time now)
{
  *d = (struct ps_delivery){
      .rule = rule,
      .tracks = tracks,
      .taken_up = now,
      .may_repeat = may_repeat,
      .random = seed,
      .round_start = now,
      .newest = -1,
      .exhausted = PS_NEVER,
      .last_end = now,
      .winner = -1,
      .won = PS_NEVER,
  };
  for (unsigned i = 0; i < rule->endpoints; i++)
    tracks[i] = (struct ps_track){.phase = PS_PHASE_PLANNED};
}

void ps_delivery_started(struct ps_delivery *d, unsigned endpoint, ps_time delay, ps_time when)
{
  struct ps_track *track = &d->tracks[endpoint];
  assert(ps_track_is_waiting(track));
  track->phase = PS_PHASE_RUNNING;
  track->since = when;
  track->delay = delay;
  track->silent = track->hedge = ps_after(when, delay);
  track->limit = d->rule->attempt_timeout ? ps_after(when, d->rule->attempt_timeout[endpoint]) : PS_NEVER;
  d->newest = (int)endpoint;
  d->starts++;
}

void ps_delivery_accepted(struct ps_delivery *d, unsigned endpoint, ps_time when)
{
  struct ps_track *track = &d->tracks[endpoint];
  assert(track->phase == PS_PHASE_RUNNING);
  track->phase = PS_PHASE_ACCEPTED;
  track->since = when;
  track->unread = false;
}

void ps_delivery_refused(struct ps_delivery *d, unsigned endpoint, bool fatal, ps_time when)
{
  struct ps_track *track = &d->tracks[endpoint];
  assert(track->phase == PS_PHASE_RUNNING);
  track->phase = PS_PHASE_REFUSED;
  track->since = when;
  track->unread = false;
  if (fatal)
    ps_delivery_stop(d, when);
}

void ps_delivery_finished(struct ps_delivery *d, unsigned endpoint, enum poolsend_fate fate, bool transient, bool fatal,
                          ps_time retry_after, ps_time when)
{
  struct ps_track *track = &d->tracks[endpoint];
  assert(ps_track_is_running(track));
  track->since = when;
  track->unread = false;
  track->transient = transient;
  d->last_end = when;
  if (fate == POOLSEND_FATE_DELIVERED) {
    track->phase = PS_PHASE_DELIVERED;
    if (d->winner < 0) {
      d->winner = (int)endpoint;
      d->won = when;
    }
    return;
  }
  track->phase = PS_PHASE_FAILED;
  if (fate == POOLSEND_FATE_UNKNOWN)
    d->maybe_arrived = true;
  if (retry_after > d->retry_after)
    d->retry_after = retry_after;
  if (fatal)
    ps_delivery_stop(d, when);
}

void ps_delivery_withdrawn(struct ps_delivery *d, unsigned endpoint, ps_time when)
{
  struct ps_track *track = &d->tracks[endpoint];
  assert(ps_track_is_waiting(track));
  track->phase = d->closed ? PS_PHASE_WITHDRAWN : PS_PHASE_PASSED;
  track->since = when;
  d->last_end = when;
}

void ps_delivery_promoted(struct ps_delivery *d, unsigned endpoint)
{
  assert(d->tracks[endpoint].phase == PS_PHASE_QUEUED);
  d->tracks[endpoint].probe = true;
  d->probed = true;
}

/* What was seen before an earlier deadline tells nothing of this one. */
void ps_delivery_look(struct ps_delivery *d, ps_time now)
{
  for (unsigned i = 0; !d->grace.on && i < d->rule->endpoints; i++)
    d->tracks[i].unread = false;
  ps_grace_look(&d->grace, now);
}

void ps_delivery_unread(struct ps_delivery *d, unsigned endpoint)
{
  assert(ps_track_is_running(&d->tracks[endpoint]));
  d->tracks[endpoint].unread = true;
}

void ps_delivery_release(struct ps_delivery *d, ps_time when)
{
  assert(!d->held || d->newest >= 0);
  if (d->held)
    d->tracks[d->newest].hedge = when;
  d->held = false;
}

void ps_delivery_stop(struct ps_delivery *d, ps_time when)
{
  d->stopped = true;
  d->exhausted = ps_earlier(d->exhausted, when);
}

void ps_delivery_interrupt(struct ps_delivery *d)
{
  d->interrupted = true;
}
