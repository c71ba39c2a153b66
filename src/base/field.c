#include "base/field.h"

#include "base/ascii.h"

static bool ends_name(char c)
{
  return c == '\0' || c == ':' || c == ';';
}

bool ps_field_is(const char *line, const char *name)
{
  for (; !ends_name(*line) && ps_ascii_lower(*line) == ps_ascii_lower(*name); line++)
    name++;
  return ends_name(*line) && ends_name(*name);
}
