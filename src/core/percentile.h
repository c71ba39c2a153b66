/* A percentile of the recent past: how long answers took, over the last PS_PERCENTILE_WINDOW of them. Pure, of fixed
 * size.
 *
 * Spans are counted in classes, each 2 % longer than the one before, from PS_PERCENTILE_LEAST to PS_PERCENTILE_MOST:
 * what is found is a class's upper end, and within these bounds. */
#ifndef PS_CORE_PERCENTILE_H
#define PS_CORE_PERCENTILE_H

#include "base/clock.h"

#include <stdint.h>

#define PS_PERCENTILE_LEAST   (10 * PS_MILLISECOND)
#define PS_PERCENTILE_MOST    PS_SECOND
#define PS_PERCENTILE_ENOUGH  100 /* spans, before there is anything to find */
#define PS_PERCENTILE_WINDOW  2048
#define PS_PERCENTILE_CLASSES 256

struct ps_percentile {
  uint16_t counts[PS_PERCENTILE_CLASSES];
  uint8_t recent[PS_PERCENTILE_WINDOW]; /* classes, in a ring */
  unsigned size, next;
};

/* All zero is empty. */
void ps_percentile_add(struct ps_percentile *recent, ps_time span);

/* The span that `permille` (1 to 1000) thousandths of those recent were not longer than; PS_PERCENTILE_MOST while there
 * are too few. */
ps_time ps_percentile_find(const struct ps_percentile *recent, unsigned permille);

#endif
