#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define LOOK_AGAIN_MS 20

static int interrupt_fd = -1;

void ps_cli_output_heed(int interrupted)
{
  interrupt_fd = interrupted;
}

/* Wait until something can be written. After an interrupt only for a while, counted from the last progress. */
static bool wait_writable(const struct ps_cli_output *output)
{
  struct pollfd fds[] = {{.fd = output->fd, .events = POLLOUT}, {.fd = interrupt_fd, .events = POLLIN}};
  bool interrupted = false;
  for (;;) {
    int ready = poll(fds, interrupted ? 1 : 2, interrupted ? output->patience_ms : -1);
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

void ps_cli_say(const char *text)
{
  struct ps_cli_output output = {.fd = STDERR_FILENO, .patience_ms = PS_CLI_PATIENCE_MS};
  ps_cli_write(&output, text, strlen(text));
}

int ps_cli_open(const char *path)
{
  struct pollfd interrupt = {.fd = interrupt_fd, .events = POLLIN};
  for (;;) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0666);
    if (fd >= 0 || errno != ENXIO)
      return fd;
    if (poll(&interrupt, 1, LOOK_AGAIN_MS) > 0) {
      errno = EAGAIN;
      return -1;
    }
  }
}

void ps_cli_hold_standard_descriptors(void)
{
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0)
      (void)!open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}
