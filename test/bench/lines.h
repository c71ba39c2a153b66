/* What the clients here send: the lines of a file, in memory before the first is sent. */
#ifndef LINES_H
#define LINES_H

#include <stddef.h>

struct line {
  const char *text;
  size_t size;
};

struct lines {
  struct line *items;
  size_t count;
};

/* For good: nothing is given back before the end. */
void lines_load(struct lines *lines, const char *path);

/* Says why, and ends the program. */
void fail(const char *what);

#endif
