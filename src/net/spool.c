#include "net/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int ps_spool_open(void)
{
  const char *directory = getenv("TMPDIR");
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/poolsend.XXXXXX", directory && *directory ? directory : "/tmp");
  int fd = mkostemp(path, O_CLOEXEC);
  if (fd >= 0)
    unlink(path);
  return fd;
}

int ps_spool_write(int fd, const char *data, size_t size)
{
  while (size) {
    ssize_t written = write(fd, data, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      return errno;
    data += written;
    size -= (size_t)written;
  }
  return 0;
}
