#include "net/redirect.h"

#include "base/ascii.h"
#include "base/field.h"
#include "net/slist.h"

#include <stdlib.h>
#include <string.h>

static bool is_safe(const char *method)
{
  return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

enum ps_redirect ps_redirect_kind(int status, const char *method)
{
  if (status == 303)
    return strcmp(method, "HEAD") == 0 ? PS_REDIRECT_AS_IT_IS : PS_REDIRECT_TO_GET;
  bool loses = (status == 301 || status == 302) && strcmp(method, "POST") == 0;
  return loses ? PS_REDIRECT_LOSES : PS_REDIRECT_AS_IT_IS;
}

/* Hops of one attempt, beyond its first request. */
#define HOPS_MAX 30

const char *ps_redirect_refusal(int status, const char *method, unsigned number)
{
  if (ps_redirect_kind(status, method) == PS_REDIRECT_LOSES)
    return "redirected: to follow would lose the body of a POST";
  return number == HOPS_MAX ? "redirected too often" : NULL;
}

bool ps_redirect_acted(int status, const char *method)
{
  return status == 303 && !is_safe(method);
}

/* ---- Origins */

struct origin {
  char *scheme, *host, *port; /* libcurl's */
};

static bool find_origin(struct origin *origin, const char *url)
{
  CURLU *parsed = curl_url();
  bool found = parsed && !curl_url_set(parsed, CURLUPART_URL, url, 0) &&
               !curl_url_get(parsed, CURLUPART_SCHEME, &origin->scheme, 0) &&
               !curl_url_get(parsed, CURLUPART_HOST, &origin->host, 0) &&
               !curl_url_get(parsed, CURLUPART_PORT, &origin->port, CURLU_DEFAULT_PORT);
  curl_url_cleanup(parsed);
  return found;
}

static void free_origin(struct origin *origin)
{
  curl_free(origin->scheme);
  curl_free(origin->host);
  curl_free(origin->port);
}

bool ps_redirect_stays(const char *from, const char *to)
{
  struct origin a = {0}, b = {0};
  bool same = find_origin(&a, from) && find_origin(&b, to) && ps_ascii_same(a.scheme, b.scheme) &&
              ps_ascii_same(a.host, b.host) && strcmp(a.port, b.port) == 0;
  free_origin(&a);
  free_origin(&b);
  return same;
}

/* The user and password of `from`, where `to` has no user. */
static bool take_user(CURLU *to, const char *from)
{
  CURLU *parsed = curl_url();
  char *user = NULL, *password = NULL;
  bool taken = parsed && !curl_url_set(parsed, CURLUPART_URL, from, 0);
  if (taken && !curl_url_get(to, CURLUPART_USER, &user, 0))
    goto out;
  if (taken && !curl_url_get(parsed, CURLUPART_USER, &user, 0))
    taken = !curl_url_set(to, CURLUPART_USER, user, 0);
  if (taken && user && !curl_url_get(parsed, CURLUPART_PASSWORD, &password, 0))
    taken = !curl_url_set(to, CURLUPART_PASSWORD, password, 0);
out:
  curl_free(user);
  curl_free(password);
  curl_url_cleanup(parsed);
  return taken;
}

/* NULL: no memory. */
static char *write_url(CURLU *parsed)
{
  char *text = NULL, *copy = NULL;
  if (!curl_url_get(parsed, CURLUPART_URL, &text, 0))
    copy = strdup(text);
  curl_free(text);
  return copy;
}

char *ps_redirect_resolve(const char *url, const char *location, const char *own)
{
  CURLU *parsed = curl_url();
  char *found = NULL;
  if (parsed && !curl_url_set(parsed, CURLUPART_URL, url, 0) &&
      !curl_url_set(parsed, CURLUPART_URL, location, CURLU_URLENCODE | CURLU_NON_SUPPORT_SCHEME))
    found = write_url(parsed);
  if (found && own && ps_redirect_stays(own, found)) {
    free(found);
    found = take_user(parsed, own) ? write_url(parsed) : NULL;
  }
  curl_url_cleanup(parsed);
  return found;
}

bool ps_redirect_is_https(const char *url)
{
  return ps_ascii_begins(url, "https://");
}

bool ps_redirect_is_http(const char *url)
{
  return ps_ascii_begins(url, "http://") || ps_redirect_is_https(url);
}

/* ---- Headers */

static bool is_for_origin(const struct ps_endpoint *endpoint, const char *line)
{
  return ps_field_is(line, "Authorization") || ps_field_is(line, "Cookie") || ps_field_is(line, "Host") ||
         ps_field_is(line, "Proxy-Authorization") || ps_endpoint_is_secret(endpoint, line, strcspn(line, ":;"));
}

static bool is_about_body(const char *line)
{
  return ps_ascii_begins(line, "Content-") || ps_field_is(line, "Expect"); /* RFC 9110, 10.1.1 */
}

int ps_redirect_headers(struct curl_slist **kept, const struct curl_slist *headers, const struct ps_endpoint *endpoint,
                        bool elsewhere, bool bare)
{
  int error = 0;
  for (; headers && !error; headers = headers->next)
    if (!(elsewhere && is_for_origin(endpoint, headers->data)) && !(bare && is_about_body(headers->data)))
      error = ps_slist_append(kept, headers->data);
  return error;
}
