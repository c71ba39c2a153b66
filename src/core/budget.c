#include "core/budget.h"

#define A_HEDGE 1000000

/* At least one hedge, where any are wanted: a share of few messages is less than one. */
static int64_t most(const struct ps_budget *budget)
{
  int64_t earned = PS_BUDGET_RECENT * budget->share;
  return earned > 0 && earned < A_HEDGE ? A_HEDGE : earned;
}

void ps_budget_init(struct ps_budget *budget, double share)
{
  budget->share = share < 0 ? -1 : (int64_t)(share * A_HEDGE + 0.5);
  budget->purse = most(budget);
}

void ps_budget_earn(struct ps_budget *budget)
{
  budget->purse += budget->share;
  if (budget->purse > most(budget))
    budget->purse = most(budget);
}

bool ps_budget_allows(const struct ps_budget *budget)
{
  return budget->share < 0 || budget->purse >= A_HEDGE;
}

void ps_budget_spend(struct ps_budget *budget)
{
  budget->purse -= A_HEDGE;
  if (budget->purse < -most(budget))
    budget->purse = -most(budget);
}
