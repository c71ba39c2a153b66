/* The hedge budget: which share of recent messages may be hedged on time. Pure.
 *
 * Each message earns its share of a hedge, each hedge costs a whole one. What was not spent is kept, up to what
 * PS_BUDGET_RECENT messages earn; with that it begins. A hedge that could not wait any longer is spent on credit, which
 * later messages pay back. */
#ifndef PS_CORE_BUDGET_H
#define PS_CORE_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

#define PS_BUDGET_RECENT 100

struct ps_budget {
  int64_t share; /* what a message earns, in millionths of a hedge; negative: there is no limit */
  int64_t purse; /* likewise */
};

/* `share` from 0 to 1; negative: no limit. */
void ps_budget_init(struct ps_budget *budget, double share);

void ps_budget_earn(struct ps_budget *budget);

/* Whether a hedge may go now. */
bool ps_budget_allows(const struct ps_budget *budget);

void ps_budget_spend(struct ps_budget *budget);

#endif
