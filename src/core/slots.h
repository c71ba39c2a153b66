/* The permits of one endpoint: how many attempts may run there at once. Pure. A permit is a number from 0; the one used
 * last is lent first, because its connection is the likeliest to be warm. */
#ifndef PS_CORE_SLOTS_H
#define PS_CORE_SLOTS_H

struct ps_slots {
  unsigned total, free;
  unsigned *stack; /* [total]; the first `free` are there to be lent */
};

/* `total` permits, all free. 0 or -ENOMEM. */
int ps_slots_init(struct ps_slots *slots, unsigned total);
void ps_slots_fini(struct ps_slots *slots);

/* A permit, or -1 when all are lent. */
int ps_slots_take(struct ps_slots *slots);
void ps_slots_give(struct ps_slots *slots, int permit);

#endif
