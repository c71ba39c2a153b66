/* Secrets in URLs, headers and lines that hold them: planted where a secret stands, by whatever stands around it, they
 * are not in what is shown; the place a URL leads to is; and to hide them takes no longer than the text is long. The
 * input has four lines: a user, what follows the host up to the query, the beginning of a parameter's name, and what
 * follows. One that begins with a star is repeated instead until it is long, if it is short. */
#include "target.h"

#include "net/check.h"
#include "net/redact.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Not to be found by chance; its beginning neither, which the letters behind an input might complete. */
#define SECRET    "wQ7hJ2xV9k"
#define BEGINNING 4

#define LONG_TEXT    4096
#define LONGEST_TIME (2 * CLOCKS_PER_SEC)

static void require_hidden(const struct ps_buf *shown)
{
  REQUIRE(!memmem(shown->data, shown->size, SECRET, strlen(SECRET)), "a secret is shown");
}

/* A URL, or a line that holds it. */
static void try_line(const char *before, const char *url, const char *after)
{
  struct ps_buf line = {0}, shown = {0};
  ps_buf_printf(&line, "%s%s%s", before, url, after);
  REQUIRE(!ps_redact_append(&shown, line.data, line.size), "there is memory");
  require_hidden(&shown);
  ps_buf_fini(&line);
  ps_buf_fini(&shown);
}

static void require_part(CURLU *url, CURLU *shown, CURLUPart part)
{
  char *a = NULL, *b = NULL;
  curl_url_get(url, part, &a, 0);
  curl_url_get(shown, part, &b, 0);
  REQUIRE(!a == !b && (!a || strcmp(a, b) == 0), "what is no secret is shown");
  curl_free(a);
  curl_free(b);
}

/* Shown, it is a URL to the same place, without a user. */
static void require_rest(const char *url)
{
  CURLU *before = curl_url(), *after = curl_url();
  char *shown = ps_redact_url(url), *user = NULL;
  REQUIRE(!curl_url_set(before, CURLUPART_URL, url, 0), "libcurl takes the URL");
  REQUIRE(!curl_url_set(after, CURLUPART_URL, shown, 0), "what is shown is a URL");
  REQUIRE(curl_url_get(after, CURLUPART_USER, &user, 0) == CURLUE_NO_USER, "no user is shown");
  require_part(before, after, CURLUPART_SCHEME);
  require_part(before, after, CURLUPART_HOST);
  require_part(before, after, CURLUPART_PORT);
  free(shown);
  curl_url_cleanup(before);
  curl_url_cleanup(after);
}

/* Where the URL cannot be understood nobody can tell what of it is secret: none is made of it. */
static void try_url(const char *url)
{
  struct ps_error error;
  if (ps_check_url(url, &error))
    return;
  require_rest(url);
  try_line("", url, "");
  try_line("* Issue another request to this URL: '", url, "'");
  try_line("GET ", url, " HTTP/1.1");
}

#define TRY_URL(...)                                                                                                   \
  do {                                                                                                                 \
    struct ps_buf url = {0};                                                                                           \
    REQUIRE(!ps_buf_printf(&url, __VA_ARGS__), "there is memory");                                                     \
    try_url(url.data);                                                                                                 \
    ps_buf_fini(&url);                                                                                                 \
  } while (0)

static void try_header(const char *name, const char *value)
{
  struct ps_buf line = {0}, shown = {0};
  struct ps_error error;
  ps_buf_printf(&line, "%s%s: %s" SECRET, name, "Token", value);
  if (!strpbrk(name, ":;") && !ps_check_header(line.data, &error)) {
    REQUIRE(!ps_redact_append_header(&shown, line.data, line.size), "there is memory");
    require_hidden(&shown);
  }
  ps_buf_fini(&line);
  ps_buf_fini(&shown);
}

/* The text again and again, with an end that may make a parameter of it all. */
static void try_long(const uint8_t *data, size_t size)
{
  struct ps_buf line = {0}, shown = {0};
  while (size && line.size < LONG_TEXT)
    ps_buf_append(&line, data, size);
  ps_buf_puts(&line, "=");
  clock_t begin = clock();
  REQUIRE(!ps_redact_append_header(&shown, line.data, line.size), "there is memory");
  REQUIRE(clock() - begin < LONGEST_TIME, "to hide what is secret takes long");
  ps_buf_fini(&line);
  ps_buf_fini(&shown);
}

/* Behind an "=" it is a value; encoded it may be one too, for the URL may be in another's parameter. And one key is
 * public. */
static void cut_name(char *name)
{
  static const char *const ends[] = {"=", "%3d", "Idempotency-"};
  for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
    char *found = strcasestr(name, ends[i]);
    if (found)
      *found = '\0';
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct fuzz_input input = fuzz_input_of(data, size);
  if (size && memmem(data, size, SECRET, BEGINNING))
    return 0;
  if (size && *data == '*') {
    if (size <= 8)
      try_long(data + 1, size - 1);
    return 0;
  }
  char *user = fuzz_take_line(&input), *path = fuzz_take_line(&input);
  char *name = fuzz_take_line(&input), *rest = fuzz_take_rest(&input);
  user[strcspn(user, "/?#")] = '\0'; /* behind these it is no user any more */
  cut_name(name);
  TRY_URL("https://%s:" SECRET "@example.com/%s?%s", user, path, rest);
  TRY_URL("http://" SECRET "%s@[::1]:80%s#%s", user, path, rest);
  TRY_URL("http://u:" SECRET "%s@h/%s%s", user, path, rest);
  TRY_URL("https://example.com/%s?%sToken=" SECRET "%s", path, name, rest);
  TRY_URL("https://example.com/?next=%s&%skey=%s" SECRET, path, name, strpbrk(rest, "&#") ? "" : rest);
  try_header(name, rest);
  free(user);
  free(path);
  free(name);
  free(rest);
  return 0;
}
