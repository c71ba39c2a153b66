#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#define PATIENCE_MS 1000

/* Wait until something can be written. After an interrupt only for a while, counted from the last progress. */
static bool wait_writable(const struct ps_cli_output *output)
{
  struct pollfd fds[] = {{.fd = output->fd, .events = POLLOUT}, {.fd = output->interrupted, .events = POLLIN}};
  bool interrupted = false;
  for (;;) {
    int ready = poll(fds, interrupted ? 1 : 2, interrupted ? PATIENCE_MS : -1);
    if (ready < 0 && errno != EINTR)
      return false;
    if (ready > 0 && fds[0].revents)
      return true;
    if (ready == 0) {
      errno = EAGAIN;
      return false;
    }
    interrupted |= ready > 0 && fds[1].revents;
  }
}

/* A pipe that can be written to takes PIPE_BUF bytes without blocking. */
bool ps_cli_write(struct ps_cli_output *output, const void *data, size_t size)
{
  const char *bytes = data;
  while (size && !output->error) {
    ssize_t written = -1;
    if (wait_writable(output))
      written = write(output->fd, bytes, size < PIPE_BUF ? size : PIPE_BUF);
    else
      output->error = errno;
    if (written < 0 && !output->error && errno != EAGAIN && errno != EINTR)
      output->error = errno;
    if (written > 0) {
      bytes += written;
      size -= (size_t)written;
    }
  }
  return !output->error;
}

void ps_cli_hold_standard_descriptors(void)
{
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0)
      (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}
