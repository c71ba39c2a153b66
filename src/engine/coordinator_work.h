/* Attempts on workers, as the coordinator has to do with them. Internal to the coordinator. */
#ifndef PS_ENGINE_COORDINATOR_WORK_H
#define PS_ENGINE_COORDINATOR_WORK_H

#include "engine/coordinator.h"

/* What an attempt's job runs, on a worker. */
void ps_work_run(struct ps_job *job);

/* There is no thread to run it on: it starts and comes to nothing, so that the account shows it. */
void ps_work_fail(struct ps_coordinator *coordinator, struct ps_attempt *attempt, int error);

/* The next attempt of the lane that has a permit now, or NULL. */
struct ps_attempt *ps_work_next_locked(struct ps_coordinator *coordinator, unsigned endpoint);

/* It will not start, and gives its permit back if it has one. */
void ps_work_withdraw_locked(struct ps_coordinator *coordinator, struct ps_attempt *attempt);

/* It has started, which nobody has told yet. */
void ps_work_tell_start_locked(struct ps_coordinator *coordinator, struct ps_attempt *attempt);

/* So many jobs are the pool's no more. */
void ps_work_return_locked(struct ps_coordinator *coordinator, unsigned count);

#endif
