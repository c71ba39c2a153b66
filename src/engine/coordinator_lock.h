/* The coordinator's lock, and who is woken when it is given up. Internal to the coordinator: coordinator.c is its thread and
 * its workers, coordinator_calls.c those who submit and fetch. */
#ifndef PS_ENGINE_COORDINATOR_LOCK_H
#define PS_ENGINE_COORDINATOR_LOCK_H

#include "engine/coordinator.h"

void ps_coordinator_enter(struct ps_coordinator *coordinator);

/* Whoever is to be woken is woken when the mutex is free, so as not to wait for it at once. */
void ps_coordinator_leave(struct ps_coordinator *coordinator);

/* On one of the coordinator's own condition variables. */
void ps_coordinator_wait_locked(struct ps_coordinator *coordinator, pthread_cond_t *cond, ps_time deadline);

/* The coordinator is to look at what has changed. */
void ps_coordinator_wake_locked(struct ps_coordinator *coordinator);

/* Room for more messages; and those who wait for some are woken if it is for `worthwhile` of them. */
size_t ps_coordinator_room_locked(const struct ps_coordinator *coordinator);
void ps_coordinator_invite_locked(struct ps_coordinator *coordinator, size_t worthwhile);

/* Room that is worth waking a submitter for, while others will see to it that less is not forgotten. */
#define PS_ROOM_BATCH 32

#endif
