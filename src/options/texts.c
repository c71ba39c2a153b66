#include "options/texts.h"

#include "base/field.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int ps_texts_add(struct ps_texts *texts, const char *text)
{
  const char **items = realloc(texts->items, (texts->count + 1) * sizeof *items);
  if (!items)
    return -ENOMEM;
  texts->items = items;
  items[texts->count] = strdup(text);
  if (!items[texts->count])
    return -ENOMEM;
  texts->count++;
  return 0;
}

void ps_text_free(const char *text)
{
  char *memory; /* what is const for readers is freed here */
  memcpy(&memory, &text, sizeof memory);
  if (memory)
    explicit_bzero(memory, strlen(memory));
  free(memory);
}

void ps_texts_fini(struct ps_texts *texts)
{
  for (size_t i = 0; i < texts->count; i++)
    ps_text_free(texts->items[i]);
  free(texts->items);
  *texts = (struct ps_texts){0};
}

int ps_texts_add_all(struct ps_texts *texts, const struct ps_texts *from)
{
  int result = 0;
  for (size_t i = 0; i < from->count && !result; i++)
    result = ps_texts_add(texts, from->items[i]);
  return result;
}

void ps_texts_drop_field(struct ps_texts *lines, const char *name)
{
  size_t kept = 0;
  for (size_t i = 0; i < lines->count; i++) {
    if (ps_field_is(lines->items[i], name))
      ps_text_free(lines->items[i]);
    else
      lines->items[kept++] = lines->items[i];
  }
  lines->count = kept;
}
