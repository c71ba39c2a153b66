#include "options/curl.h"

#include <string.h>

static const struct {
  const char *name;
  char letter;
  const char *why;
} options[] = {
    {"fail", 'f', "an answer that is not a success never counts as delivered; see --success"},
    {"include", 'i', "--format json tells what came back, -v shows the headers"},
    {"head", 'I', "it asks, and sends nothing; -X HEAD does it"},
    {"get", 'G', "write the query into the URL"},
    {"form", 'F', "a multipart body can be made by another program and sent with --data-binary @FILE"},
};

const char *ps_curl_option(const char *name, size_t size)
{
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    if (strlen(options[i].name) == size && memcmp(options[i].name, name, size) == 0)
      return options[i].why;
  return NULL;
}

const char *ps_curl_option_of_letter(char letter)
{
  for (size_t i = 0; i < sizeof options / sizeof *options; i++)
    if (options[i].letter == letter)
      return options[i].why;
  return NULL;
}
