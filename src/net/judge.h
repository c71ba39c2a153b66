/* What an attempt came to: its evidence, its fate, and the account that goes with it. Internal to net. */
#ifndef PS_NET_JUDGE_H
#define PS_NET_JUDGE_H

#include "net/transfer.h"

/* Fills the outcome from what the attempt's last request showed, whose perform gave `code`. */
void ps_judge(struct ps_transfer *transfer, CURLcode code);

/* Likewise where it came to no perform, and ended so: the handle has nothing to tell but of those before. */
void ps_judge_unsent(struct ps_transfer *transfer, enum ps_ending ending);

#endif
