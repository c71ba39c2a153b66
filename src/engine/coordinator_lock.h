/* The coordinator's lock, and who is woken when it is given up. Internal to the coordinator: coordinator.c is its
 * thread, coordinator_work.c its workers, coordinator_events.c the ways that events take, coordinator_calls.c those who
 * submit and ask. */
#ifndef PS_ENGINE_COORDINATOR_LOCK_H
#define PS_ENGINE_COORDINATOR_LOCK_H

#include "engine/coordinator.h"

void ps_coordinator_enter(struct ps_coordinator *coordinator);

/* Whoever is to be woken is woken when the mutex is free, so as not to wait for it at once. */
void ps_coordinator_leave(struct ps_coordinator *coordinator);

/* The same, but nothing of the coordinator is touched once the mutex is free: it may be gone then. */
void ps_coordinator_leave_for_good(struct ps_coordinator *coordinator);

/* On one of the coordinator's own condition variables. */
void ps_coordinator_wait_locked(struct ps_coordinator *coordinator, pthread_cond_t *cond, ps_time deadline);

/* The coordinator is to look at what has changed, at once. */
void ps_coordinator_wake_locked(struct ps_coordinator *coordinator);

/* It is to look, but may rest before. */
void ps_coordinator_nudge_locked(struct ps_coordinator *coordinator);

/* Whether workers have enough to do for a while. */
bool ps_coordinator_is_busy_locked(const struct ps_coordinator *coordinator);

/* Room for more messages; and those who wait for some are woken if it is for `worthwhile` of them. */
size_t ps_coordinator_room_locked(const struct ps_coordinator *coordinator);
void ps_coordinator_invite_locked(struct ps_coordinator *coordinator, size_t worthwhile);

/* Room that is worth waking a submitter for, while others will see to it that less is not forgotten; and as many
 * waiting attempts are enough for workers to do. */
#define PS_ROOM_BATCH 32

/* Fetchers are to look at what has changed. */
void ps_coordinator_tell_locked(struct ps_coordinator *coordinator);

/* Each event of `events`, told in this order, goes the way it has to; those in `calls` are then for the callback. */
void ps_coordinator_route_locked(struct ps_coordinator *coordinator, struct ps_list *events, struct ps_list *calls,
                                 struct ps_list *unwanted);

/* Without the lock, on the coordinator's thread: hand them over. */
void ps_coordinator_call_back(struct ps_coordinator *coordinator, struct ps_list *calls);

/* Without the lock. */
void ps_coordinator_release_events(struct ps_list *events);

#endif
