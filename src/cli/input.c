#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_SIZE 65536

int ps_cli_input_open(const char *path)
{
  bool standard = strcmp(path, "-") == 0;
  int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  struct stat status;
  if (fd < 0 || fstat(fd, &status) || !S_ISDIR(status.st_mode))
    return fd;
  if (!standard)
    close(fd);
  errno = EISDIR;
  return -1;
}

int ps_cli_input_init(struct ps_cli_input *input, int fd, const int stops[2], size_t limit)
{
  *input = (struct ps_cli_input){.fd = fd, .stops = {stops[0], stops[1]}, .limit = limit};
  input->block = malloc(BLOCK_SIZE);
  return input->block ? 0 : -ENOMEM;
}

void ps_cli_input_fini(struct ps_cli_input *input)
{
  free(input->block);
  ps_buf_fini(&input->line);
}

static int wait_readable(const struct ps_cli_input *input)
{
  struct pollfd fds[] = {{.fd = input->fd, .events = POLLIN},
                         {.fd = input->stops[0], .events = POLLIN},
                         {.fd = input->stops[1], .events = POLLIN}};
  while (poll(fds, 3, -1) < 0)
    if (errno != EINTR)
      return -errno;
  return fds[1].revents || fds[2].revents ? PS_CLI_INPUT_STOPPED : 0;
}

/* Read the next block, which may come out empty. */
static int fill(struct ps_cli_input *input)
{
  int result = input->ended ? PS_CLI_INPUT_END : wait_readable(input);
  if (result)
    return result;
  ssize_t got = read(input->fd, input->block, BLOCK_SIZE);
  if (got < 0 && errno != EAGAIN && errno != EINTR)
    return -errno;
  input->at = 0;
  input->size = got > 0 ? (size_t)got : 0;
  input->ended = got == 0;
  return input->ended ? PS_CLI_INPUT_END : 0;
}

/* Set a piece of a line aside. 0 or -ENOMEM. */
static int keep(struct ps_cli_input *input, const char *piece, size_t size)
{
  input->skipping |= size > input->limit - input->line.size;
  return input->skipping ? 0 : ps_buf_append(&input->line, piece, size);
}

static int whole_line(struct ps_cli_input *input, const char **line, size_t *size)
{
  input->number++;
  *line = input->line.data;
  *size = input->line.size;
  return input->skipping ? PS_CLI_INPUT_LONG : 0;
}

/* Nothing of the line is in an earlier block: it is taken as it lies. */
static int lying_line(struct ps_cli_input *input, const char *from, size_t length, const char **line, size_t *size)
{
  input->number++;
  *line = from;
  *size = length;
  return length > input->limit ? PS_CLI_INPUT_LONG : 0;
}

/* The input has ended: what stands behind the last "\n" is a line, if there is anything. */
static int last_line(struct ps_cli_input *input, const char **line, size_t *size)
{
  return input->line.size || input->skipping ? whole_line(input, line, size) : PS_CLI_INPUT_END;
}

int ps_cli_input_next(struct ps_cli_input *input, const char **line, size_t *size)
{
  ps_buf_clear(&input->line);
  input->skipping = false;
  for (;;) {
    const char *from = input->block + input->at;
    size_t left = input->size - input->at;
    const char *newline = left ? memchr(from, '\n', left) : NULL;
    size_t length = newline ? (size_t)(newline - from) : left;
    input->at += length + (newline != NULL);
    if (newline && !input->line.size && !input->skipping)
      return lying_line(input, from, length, line, size);
    if (keep(input, from, length))
      return -ENOMEM;
    if (newline)
      return whole_line(input, line, size);
    int result = fill(input);
    if (result == PS_CLI_INPUT_END)
      return last_line(input, line, size);
    if (result)
      return result;
  }
}
