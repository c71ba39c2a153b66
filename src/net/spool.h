/* A temporary file without a name, to keep all of a response in. */
#ifndef PS_NET_SPOOL_H
#define PS_NET_SPOOL_H

#include <stddef.h>

/* In TMPDIR, or in /tmp. A descriptor, or -1 and errno. */
int ps_spool_open(void);

/* All of `data`. 0, or the errno value of what went wrong. */
int ps_spool_write(int fd, const char *data, size_t size);

#endif
