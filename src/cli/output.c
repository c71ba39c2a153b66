#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
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

/* What was written of it, or -1; 0: it would have to wait. A pipe that can be written to takes PIPE_BUF bytes without
 * blocking. */
static ssize_t write_some(const struct ps_cli_output *output, const char *bytes, size_t size)
{
  size_t piece = output->piece ? output->piece : PIPE_BUF;
  ssize_t written = write(output->fd, bytes, size < piece ? size : piece);
  return written < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : written;
}

bool ps_cli_write(struct ps_cli_output *output, const void *data, size_t size)
{
  const char *bytes = data;
  bool wait = !output->piece; /* else it would be a call for nothing, as a rule */
  while (size && !output->error) {
    ssize_t written = wait && !wait_writable(output) ? -1 : write_some(output, bytes, size);
    if (written < 0)
      output->error = errno;
    if (written > 0) {
      bytes += written;
      size -= (size_t)written;
    }
    wait = true;
  }
  return !output->error;
}

/* The same pipe, opened once more: that one does not block is then no matter of those who share the first one. -1: it
 * cannot be done here. */
static int reopen_pipe(int fd)
{
  char path[32];
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  return open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

void ps_cli_output_open(struct ps_cli_output *output, int fd)
{
  struct stat status;
  *output = (struct ps_cli_output){.fd = fd, .patience_ms = PS_CLI_PATIENCE_MS};
  if (fstat(fd, &status) != 0)
    return;
  if (S_ISREG(status.st_mode))
    output->piece = SIZE_MAX;
  if (!S_ISFIFO(status.st_mode))
    return;
  int own = reopen_pipe(fd);
  if (own < 0)
    return;
  *output = (struct ps_cli_output){.fd = own, .patience_ms = PS_CLI_PATIENCE_MS, .piece = SIZE_MAX, .owned = true};
}

void ps_cli_output_close(struct ps_cli_output *output)
{
  if (output->owned)
    close(output->fd);
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
