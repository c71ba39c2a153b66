/* How times, sizes and the like are written, on the command line and in the configuration file. Each function that reads
 * one gives false, and leaves what it points to as it was, for a text that is no such value. Independent of the locale.
 */
#ifndef PS_BASE_VALUES_H
#define PS_BASE_VALUES_H

#include "poolsend.h"

/* The most that is taken, by an option or by the key of the same name; and the longest configuration file, in bytes. */
#define PS_WORKERS_MAX     100000
#define PS_RETRIES_MAX     1000
#define PS_PENDING_MAX     1000000
#define PS_CONFIG_SIZE_MAX 1048576

/* A number in words: in up to six digits, as printf's "%g" has it where the locale has a point in numbers. */
struct ps_decimal {
  char text[32];
};

struct ps_decimal ps_decimal(double number);

/* "1", "0.25", "250ms", "1s", "2m", "1h": a bare number counts seconds. Up to 10000 hours, to the nanosecond. */
bool ps_parse_time(const char *text, poolsend_time *span);

/* The same of a number of seconds. */
bool ps_time_from_seconds(double seconds, poolsend_time *span);

/* "4096", "64K", "1M", "2G": powers of 1024, up to half of what a size_t can count. */
bool ps_parse_size(const char *text, size_t *size);

/* A whole number from 0 to `most`. */
bool ps_parse_count(const char *text, unsigned most, unsigned *count);

/* A time; "none", which is POOLSEND_NEVER; or a percentile from "p50" to "p99.9" with at most one decimal, which is the
 * span 0 and 500 to 999 thousandths. With the other two `permille` becomes 0. */
bool ps_parse_hedge_delay(const char *text, poolsend_time *span, unsigned *permille);

/* "10%", "2.5%": 0 to 100 percent as 0 to 1; "none" is -1. */
bool ps_parse_share(const char *text, double *share);

/* "100/s", "30/m", "2/h", "5/d", or "100", which is a second's: as so many a second, more than 0 and up to a million;
 * "none" is 0. */
bool ps_parse_rate(const char *text, double *rate);

/* What ps_parse_rate takes at most. */
#define PS_RATE_MAX 1e6

#endif
