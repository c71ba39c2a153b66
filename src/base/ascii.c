#include "base/ascii.h"

#include <string.h>

bool ps_ascii_equal(const char *a, const char *b, size_t size)
{
  for (size_t i = 0; i < size; i++)
    if (ps_ascii_lower(a[i]) != ps_ascii_lower(b[i]))
      return false;
  return true;
}

bool ps_ascii_same(const char *a, const char *b)
{
  for (; *a && ps_ascii_lower(*a) == ps_ascii_lower(*b); a++)
    b++;
  return ps_ascii_lower(*a) == ps_ascii_lower(*b);
}

bool ps_ascii_is(const char *text, size_t size, const char *word)
{
  return strlen(word) == size && ps_ascii_equal(text, word, size);
}

bool ps_ascii_begins(const char *text, const char *word)
{
  for (; *word && ps_ascii_lower(*text) == ps_ascii_lower(*word); word++)
    text++;
  return !*word;
}
