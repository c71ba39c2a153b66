#include "core/slots.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

int ps_slots_init(struct ps_slots *slots, unsigned total)
{
  *slots = (struct ps_slots){.total = total, .free = total, .stack = calloc(total, sizeof *slots->stack)};
  if (!slots->stack)
    return -ENOMEM;
  for (unsigned i = 0; i < total; i++)
    slots->stack[i] = total - 1 - i;
  return 0;
}

void ps_slots_fini(struct ps_slots *slots)
{
  free(slots->stack);
  *slots = (struct ps_slots){0};
}

int ps_slots_take(struct ps_slots *slots)
{
  return slots->free ? (int)slots->stack[--slots->free] : -1;
}

void ps_slots_give(struct ps_slots *slots, int permit)
{
  assert(permit >= 0 && slots->free < slots->total);
  slots->stack[slots->free++] = (unsigned)permit;
}
