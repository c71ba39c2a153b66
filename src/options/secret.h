/* Texts of a configuration that come from elsewhere: secrets from the environment or a file. */
#ifndef PS_OPTIONS_SECRET_H
#define PS_OPTIONS_SECRET_H

#include "options/file_reader.h"

#define PS_SECRET_SPELLINGS "write a string, {\"env\": NAME} or {\"file\": PATH}"

/* Refuses a string that a request cannot carry: one with a NUL or a line break in it. */
int ps_file_check_clean(struct ps_file_reader *reader, struct json_object *string);

/* The secret that the object at hand names. 0, and `*secret` is to be given to ps_secret_free. */
int ps_file_secret(struct ps_file_reader *reader, struct json_object *value, char **secret);

/* NULL is fine. */
void ps_secret_free(char *secret);

/* The content of a file of at most `most` bytes. */
int ps_file_load(struct ps_file_reader *reader, const char *path, size_t most, struct ps_buf *content);

#endif
