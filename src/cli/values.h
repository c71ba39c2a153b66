/* The values that options take. Each function gives false for a text that is not such a value. */
#ifndef PS_CLI_VALUES_H
#define PS_CLI_VALUES_H

#include "poolsend.h"

/* "1", "0.25", "250ms", "1s", "2m", "1h": a bare number counts seconds. Up to 10000 hours, to the nanosecond. */
bool ps_cli_parse_time(const char *text, poolsend_time *span);

/* "4096", "64K", "1M", "2G": powers of 1024. */
bool ps_cli_parse_size(const char *text, size_t *size);

/* A whole number from 0 to `most`. */
bool ps_cli_parse_count(const char *text, unsigned most, unsigned *count);

#endif
