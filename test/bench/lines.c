#include "lines.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void fail(const char *what)
{
  fprintf(stderr, "%s: %s\n", program_invocation_short_name, what);
  exit(1);
}

static const char *map(const char *path, size_t *size)
{
  struct stat about;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &about) || about.st_size == 0)
    fail("the file cannot be read, or is empty");
  *size = (size_t)about.st_size;
  const char *text = mmap(NULL, *size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (text == MAP_FAILED)
    fail("the file cannot be mapped");
  close(fd);
  return text;
}

void lines_load(struct lines *lines, const char *path)
{
  size_t size, room = 0;
  const char *text = map(path, &size);
  for (const char *at = text, *stop; (stop = memchr(at, '\n', size - (size_t)(at - text))); at = stop + 1) {
    if (lines->count == room) {
      room = room ? 2 * room : 1024;
      lines->items = reallocarray(lines->items, room, sizeof *lines->items);
    }
    if (!lines->items)
      fail("no memory");
    lines->items[lines->count++] = (struct line){at, (size_t)(stop - at)};
  }
}
