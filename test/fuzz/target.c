#include "target.h"

#include "base/jsontext.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A value of the deepest text that we take, put into the deepest template. */
#define DEPTH (2 * PS_JSONTEXT_DEPTH + 8)

void fuzz_fail(const char *file, int line, const char *condition, const char *words)
{
  fprintf(stderr, "%s:%d: %s\n  does not hold: %s\n", file, line, words, condition);
  abort();
}

/* ---- Parts of an input */

struct fuzz_input fuzz_input_of(const uint8_t *data, size_t size)
{
  const char *text = size ? (const char *)data : "";
  return (struct fuzz_input){.at = text, .end = text + size};
}

static char *copy(const char *text, size_t size)
{
  char *made = malloc(size + 1);
  if (!made)
    abort();
  memcpy(made, text, size);
  made[size] = '\0';
  return made;
}

char *fuzz_take_line(struct fuzz_input *input)
{
  const char *from = input->at, *newline = memchr(from, '\n', (size_t)(input->end - from));
  input->at = newline ? newline + 1 : input->end;
  return copy(from, (size_t)((newline ? newline : input->end) - from));
}

char *fuzz_take_rest(struct fuzz_input *input)
{
  const char *from = input->at;
  input->at = input->end;
  return copy(from, (size_t)(input->end - from));
}

/* ---- Judges */

/* The NUL is counted in: json-c sees the end of a bare number by it. */
bool fuzz_json(const char *text, size_t size, struct json_object **value)
{
  struct json_tokener *tokener = json_tokener_new_ex(DEPTH);
  char *whole = copy(text, size);
  *value = json_tokener_parse_ex(tokener, whole, (int)size + 1);
  bool good = json_tokener_get_error(tokener) == json_tokener_success;
  const char *rest = whole + json_tokener_get_parse_end(tokener);
  good = good && rest + strspn(rest, " \t\r\n") >= whole + size;
  if (!good) {
    json_object_put(*value);
    *value = NULL;
  }
  json_tokener_free(tokener);
  free(whole);
  return good;
}

bool fuzz_is_replaced(const char *text, size_t size)
{
  return memmem(text, size, "\xef\xbf\xbd", 3) != NULL;
}

bool fuzz_has_control(const char *text, size_t size, bool tab_is_one)
{
  for (size_t i = 0; i < size; i++)
    if (((unsigned char)text[i] < ' ' || text[i] == 127) && (tab_is_one || text[i] != '\t'))
      return true;
  return false;
}

void fuzz_require_words(const char *words)
{
  REQUIRE(*words, "what is refused is refused with words");
  REQUIRE(!fuzz_has_control(words, strlen(words), true), "words for a person are one line of plain text");
}

bool fuzz_is_http_url(const char *url)
{
  CURLU *parsed = curl_url();
  char *scheme = NULL, *host = NULL;
  bool good = parsed && !curl_url_set(parsed, CURLUPART_URL, url, 0) &&
              !curl_url_get(parsed, CURLUPART_SCHEME, &scheme, 0) && !curl_url_get(parsed, CURLUPART_HOST, &host, 0) &&
              *host && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
  curl_free(scheme);
  curl_free(host);
  curl_url_cleanup(parsed);
  return good;
}
