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

/* A job of the endpoint is about to be given to the pool. Whether it is the only one, for which a thread is kept. */
bool ps_work_give_locked(struct ps_coordinator *coordinator, unsigned endpoint);

/* It is the pool's no more, but for its last few steps, which the next function ends. */
void ps_work_return_locked(struct ps_coordinator *coordinator, unsigned endpoint);
void ps_work_end_locked(struct ps_coordinator *coordinator);

#endif
