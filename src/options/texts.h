/* Lists of texts that own them. */
#ifndef PS_OPTIONS_TEXTS_H
#define PS_OPTIONS_TEXTS_H

#include <stddef.h>

struct ps_texts {
  const char **items;
  size_t count;
};

/* Append copies of `text`, or of all texts of a list. 0 or -ENOMEM. */
int ps_texts_add(struct ps_texts *texts, const char *text);
int ps_texts_add_all(struct ps_texts *texts, const struct ps_texts *from);
void ps_texts_fini(struct ps_texts *texts);

/* Takes away the header lines, or names, of this name. */
void ps_texts_drop_field(struct ps_texts *lines, const char *name);

/* Frees a text from malloc and wipes it first: it may be a secret. NULL is fine. */
void ps_text_free(const char *text);

#endif
