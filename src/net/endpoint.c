#include "net/endpoint.h"

#include "base/ascii.h"
#include "base/field.h"
#include "net/check.h"
#include "net/idn.h"
#include "net/option.h"
#include "net/redact.h"
#include "net/slist.h"
#include "net/transport.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Headers */

bool ps_header_has_value(const char *line)
{
  const char *rest = line + strcspn(line, ":;");
  return *rest == ';' || rest[1 + strspn(rest + 1, " \t")] != '\0';
}

bool ps_endpoint_is_secret(const struct ps_endpoint *endpoint, const char *name, size_t size)
{
  for (const struct curl_slist *secret = endpoint->secret_headers; secret; secret = secret->next)
    if (ps_ascii_is(name, size, secret->data))
      return true;
  return false;
}

int ps_endpoint_show_header(const struct ps_endpoint *endpoint, struct ps_buf *out, const char *line, size_t size)
{
  size_t name = ps_redact_header_name(line, size);
  if (name && ps_endpoint_is_secret(endpoint, line, name))
    return ps_redact_append_hidden(out, line, name);
  return ps_redact_append_header(out, line, size);
}

/* What a header settles that would otherwise be ours to decide. A line from a template stands for a value that is not
 * empty where it must not be: ps_request_init sees to that. */
static void note_header(struct ps_endpoint *endpoint, const char *line)
{
  endpoint->own_agent |= ps_field_is(line, "User-Agent");
  endpoint->own_expect |= ps_field_is(line, "Expect");
  endpoint->authenticates &= !ps_field_is(line, "Authorization");
  endpoint->own_type |= ps_field_is(line, "Content-Type");
  endpoint->own_encoding |= ps_field_is(line, "Accept-Encoding");
  if (ps_field_is(line, "Idempotency-Key")) {
    endpoint->own_key = true;
    endpoint->key_sent |=
        ps_header_has_value(line) && line[strcspn(line, ":;")] == ':'; /* an empty one tells nothing apart */
  }
}

static int add_header(struct ps_endpoint *endpoint, const char *line, struct ps_error *error)
{
  int result = ps_check_header(line, error);
  if (result)
    return result;
  note_header(endpoint, line);
  return ps_slist_append(&endpoint->headers, line);
}

/* Without a placeholder it is a header like any other. */
static int add_header_template(struct ps_endpoint *endpoint, const char *text, struct ps_error *error)
{
  struct ps_template *template = &endpoint->header_templates[endpoint->header_template_count++];
  struct ps_buf sketch = {0};
  int result = ps_template_init(template, PS_TEMPLATE_HEADER, text, error);
  if (result)
    return result;
  if (!ps_template_asks(template)) {
    ps_template_fini(template);
    endpoint->header_template_count--;
    return add_header(endpoint, text, error);
  }
  result = ps_template_sketch(template, &sketch);
  if (!result)
    result = ps_check_header(sketch.data, error);
  if (!result)
    note_header(endpoint, sketch.data);
  ps_buf_fini(&sketch);
  return result;
}

/* With a body, libcurl sends the Content-Type of a form unless told otherwise. */
static int settle_type(struct ps_endpoint *endpoint)
{
  for (const struct curl_slist *line = endpoint->headers; line; line = line->next)
    if (ps_slist_append(&endpoint->json_headers, line->data))
      return -ENOMEM;
  if (endpoint->own_type)
    return 0;
  int result = ps_slist_append(&endpoint->json_headers, "Content-Type: application/json");
  return result || endpoint->form_type ? result : ps_slist_append(&endpoint->headers, "Content-Type:");
}

/* Whether our own name is to be given as a header. libcurl formats its option for that twice in each request, a letter
 * at a time; but a proxy that is asked for a tunnel is told only what the option has. */
static bool names_agent(const struct ps_endpoint *endpoint, const struct ps_endpoint_settings *settings)
{
  return !settings->user_agent && !endpoint->own_agent && !settings->proxy && !ps_route_heeds_environment(settings);
}

/* Whether codings are undone that nobody has asked for: any is acceptable where none was named (RFC 9110, 12.5.3), and
 * a JSON test has to read the body. libcurl undoes what it is told to ask for; that it does not ask then is a header that
 * is taken away. */
static bool undoes_unasked(const struct ps_endpoint *endpoint, const struct ps_endpoint_settings *settings)
{
  return endpoint->success.tests && !settings->compressed;
}

#define AGENT "poolsend/" POOLSEND_VERSION

static int add_headers(struct ps_endpoint *endpoint, const struct ps_endpoint_settings *settings,
                       struct ps_error *error)
{
  int result = ps_slist_append(&endpoint->headers, PS_ENDPOINT_NO_EXPECT);
  if (settings->header_template_count)
    endpoint->header_templates = calloc(settings->header_template_count, sizeof *endpoint->header_templates);
  if (settings->header_template_count && !endpoint->header_templates)
    return -ENOMEM;
  for (size_t i = 0; i < settings->header_count && !result; i++)
    result = add_header(endpoint, settings->headers[i], error);
  for (size_t i = 0; i < settings->header_template_count && !result; i++)
    result = add_header_template(endpoint, settings->header_templates[i], error);
  if (!result && names_agent(endpoint, settings))
    result = ps_slist_append(&endpoint->headers, "User-Agent: " AGENT);
  if (!result && undoes_unasked(endpoint, settings) && !endpoint->own_encoding)
    result = ps_slist_append(&endpoint->headers, "Accept-Encoding:");
  return result ? result : settle_type(endpoint);
}

const char *ps_endpoint_method(const struct ps_endpoint *endpoint, bool has_body)
{
  if (endpoint->method)
    return endpoint->method;
  return has_body || endpoint->has_body_template ? "POST" : "GET";
}

static bool is_idempotent(const char *method)
{
  static const char *const methods[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
  for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
    if (strcmp(method, methods[i]) == 0)
      return true;
  return false;
}

bool ps_endpoint_adds_key(const struct ps_endpoint *endpoint, bool has_body)
{
  return !endpoint->own_key && !endpoint->no_key && !is_idempotent(ps_endpoint_method(endpoint, has_body));
}

bool ps_endpoint_may_repeat(const struct ps_endpoint *endpoint, bool has_body)
{
  return ps_endpoint_adds_key(endpoint, has_body) || endpoint->key_sent ||
         is_idempotent(ps_endpoint_method(endpoint, has_body));
}

/* ---- The model handle */

/* Where Debian and its kin keep the system's certificates one by one, under the hash of their names. Loading what a
 * connection needs from there takes a millisecond, the bundle of all of them twenty. */
static const char *hashed_certificates(void)
{
  static const char path[] = "/etc/ssl/certs";
  DIR *directory = opendir(path);
  if (!directory)
    return NULL;
  bool hashed = false;
  for (struct dirent *entry; !hashed && (entry = readdir(directory));)
    hashed = strspn(entry->d_name, "0123456789abcdef") == 8 && strcmp(entry->d_name + 8, ".0") == 0;
  closedir(directory);
  return hashed ? path : NULL;
}

/* A file or a directory of the user's replaces the system's. With neither, and no hashed directory, libcurl's own
 * defaults stand. */
static bool set_trust(CURL *easy, const struct ps_endpoint_settings *settings)
{
  const char *capath = settings->capath;
  if (!settings->cacert && !capath && ps_ascii_begins(settings->url, "https:"))
    capath = hashed_certificates();
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, settings->insecure ? 0L : 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, settings->insecure ? 0L : 2L);
  if (!settings->cacert && !capath)
    return true;
  return ps_option_keep(easy, CURLOPT_CAINFO, settings->cacert) && ps_option_keep(easy, CURLOPT_CAPATH, capath);
}

static bool set_protocols(CURL *easy)
{
#if LIBCURL_VERSION_NUM >= 0x075500
  return ps_option_keep(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
  return true;
#endif
}

/* Redirects are followed by us. */
static void set_limits(CURL *easy)
{
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_MAXCONNECTS, 2L);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
  /* A name that resolves slowly must not hold a cancelled or timed out attempt. */
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
#endif
}

static bool set_credentials(CURL *easy, const struct ps_endpoint_settings *settings)
{
  if (settings->userpwd && !ps_option_keep(easy, CURLOPT_USERPWD, settings->userpwd))
    return false;
  if (settings->bearer)
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
  if (settings->bearer && !ps_option_keep(easy, CURLOPT_XOAUTH2_BEARER, settings->bearer))
    return false;
  return ps_option_keep(easy, CURLOPT_SSLCERT, settings->cert) && ps_option_keep(easy, CURLOPT_SSLKEY, settings->key) &&
         ps_option_keep(easy, CURLOPT_KEYPASSWD, settings->key_password);
}

static bool set_headers(CURL *easy, const struct ps_endpoint *endpoint, const struct ps_endpoint_settings *settings)
{
  const char *agent = settings->user_agent ? settings->user_agent : AGENT;
  return ps_option_keep(easy, CURLOPT_USERAGENT, *agent && !names_agent(endpoint, settings) ? agent : NULL) &&
         (!(settings->compressed || undoes_unasked(endpoint, settings)) ||
          ps_option_keep(easy, CURLOPT_ACCEPT_ENCODING, ""));
}

/* The handle for redirects to other origins never knew a credential. Its connections are not kept. */
static int make_stranger(struct ps_endpoint *endpoint, const struct ps_endpoint_settings *settings)
{
  static const CURLoption credentials[] = {CURLOPT_USERPWD, CURLOPT_XOAUTH2_BEARER, CURLOPT_SSLCERT, CURLOPT_SSLKEY,
                                           CURLOPT_KEYPASSWD};
  if (!settings->follow)
    return 0;
  CURL *easy = endpoint->stranger = curl_easy_duphandle(endpoint->model);
  if (!easy)
    return -ENOMEM;
  for (size_t i = 0; i < sizeof credentials / sizeof *credentials; i++)
    curl_easy_setopt(easy, credentials[i], NULL);
  curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
  curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
  return 0;
}

static int set_options(struct ps_endpoint *endpoint, const struct ps_endpoint_settings *settings,
                       const struct ps_request_settings *requests)
{
  CURL *easy = endpoint->model = curl_easy_init();
  if (!easy || curl_easy_setopt(easy, CURLOPT_URL, endpoint->url))
    return -ENOMEM;
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
                   settings->http2 ? (long)CURL_HTTP_VERSION_2_0 : (long)CURL_HTTP_VERSION_1_1);
  set_limits(easy);
  if (!requests->log_tls_keys)
    ps_transport_hide_keys(easy);
  bool kept = set_headers(easy, endpoint, settings) && set_protocols(easy) && set_trust(easy, settings) &&
              set_credentials(easy, settings);
  int result = kept ? ps_route_set(&endpoint->route, settings, easy) : -ENOMEM;
  return result ? result : make_stranger(endpoint, settings);
}

/* ---- Life */

static int check_list(int (*check_one)(const char *entry, struct ps_error *error), const char *const *entries,
                      size_t count, struct ps_error *error)
{
  int result = 0;
  for (size_t i = 0; i < count && !result; i++)
    result = check_one(entries[i], error);
  return result;
}

static int check_files(const struct ps_endpoint_settings *settings, struct ps_error *error)
{
  int result = ps_check_file("CA file", settings->cacert, error);
  if (!result)
    result = ps_check_directory("CA directory", settings->capath, error);
  if (!result)
    result = ps_check_file("certificate", settings->cert, error);
  return result ? result : ps_check_file("key", settings->key, error);
}

static int check_route(const struct ps_endpoint_settings *settings, struct ps_error *error)
{
  int result = ps_check_proxy(settings->proxy, error);
  if (!result)
    result = check_list(ps_check_resolve, settings->resolve, settings->resolve_count, error);
  return result ? result : check_list(ps_check_connect_to, settings->connect_to, settings->connect_to_count, error);
}

static int check(const struct ps_endpoint_settings *settings, struct ps_error *error)
{
  int result = settings->method ? ps_check_method(settings->method, error) : 0;
  if (!result)
    result = ps_check_text("user agent", settings->user_agent, error);
  if (!result)
    result = ps_check_text("bearer token", settings->bearer, error);
  if (!result)
    result = ps_check_text("user", settings->userpwd, error);
  if (!result)
    result = check_files(settings, error);
  return result ? result : check_route(settings, error);
}

static int take_url(struct ps_endpoint *endpoint, const struct ps_endpoint_settings *settings, struct ps_error *error)
{
  struct ps_buf sketch = {0};
  endpoint->has_url_template = settings->url_template;
  int result =
      settings->url_template ? ps_template_init(&endpoint->url_template, PS_TEMPLATE_URL, settings->url, error) : 0;
  if (!result && settings->url_template)
    result = ps_template_sketch(&endpoint->url_template, &sketch);
  else if (!result)
    result = ps_buf_puts(&sketch, settings->url);
  endpoint->written_url = sketch.data;
  if (!result)
    result = ps_check_url(endpoint->written_url, error);
  return result ? result : ps_idn_url(endpoint->written_url, &endpoint->url, error);
}

static int take_body(struct ps_endpoint *endpoint, const struct ps_endpoint_settings *settings, struct ps_error *error)
{
  endpoint->has_body_template = settings->body_template != NULL;
  if (!settings->body_template)
    return 0;
  return ps_template_init(&endpoint->body_template, PS_TEMPLATE_BODY, settings->body_template, error);
}

/* All that libcurl is told. It is told no host that is not in ASCII. */
static int prepare(struct ps_endpoint *endpoint, const struct ps_endpoint_settings *settings,
                   const struct ps_request_settings *requests, struct ps_resolver *resolver, struct ps_error *error)
{
  struct ps_idn_settings spelt;
  int result = ps_idn_settings_init(&spelt, settings, error);
  if (!result)
    result = ps_route_check(&spelt.ascii, endpoint->url, error);
  if (!result)
    result = ps_route_init(&endpoint->route, &spelt.ascii, endpoint->url, resolver);
  if (!result)
    result = set_options(endpoint, &spelt.ascii, requests);
  ps_idn_settings_fini(&spelt);
  return result;
}

static char *copy(const char *text)
{
  return text ? strdup(text) : NULL;
}

int ps_endpoint_init(struct ps_endpoint *endpoint, const struct ps_endpoint_settings *settings,
                     const struct ps_request_settings *requests, unsigned permits, struct ps_resolver *resolver,
                     struct ps_error *error)
{
  *endpoint = (struct ps_endpoint){
      .form_type = settings->form_type,
      .no_key = !requests->idempotency_key,
      .follow = settings->follow,
      .http2 = settings->http2,
      .authenticates = settings->userpwd || settings->bearer,
      .keep_bodies = requests->keep_bodies,
      .max_response = requests->max_response,
      .hedge_delay = settings->hedge_delay,
      .attempt_timeout = settings->attempt_timeout,
      .trace = requests->trace,
      .trace_context = requests->trace_context,
      .permits = permits,
  };
  int result = take_url(endpoint, settings, error);
  if (!result)
    result = check(settings, error);
  if (!result)
    result = take_body(endpoint, settings, error);
  if (result)
    return result;
  result = ps_success_init(&endpoint->success, settings->success, error);
  if (!result)
    result = add_headers(endpoint, settings, error);
  if (result)
    return result;
  endpoint->name = copy(settings->name);
  endpoint->shown_url = ps_redact_url(settings->url);
  endpoint->method = copy(settings->method);
  endpoint->slots = calloc(permits, sizeof(struct ps_slot *));
  if (!endpoint->shown_url || !endpoint->slots || (settings->method && !endpoint->method) ||
      (settings->name && !endpoint->name) ||
      ps_slist_append_all(&endpoint->secret_headers, settings->secret_headers, settings->secret_header_count))
    return -ENOMEM;
  return prepare(endpoint, settings, requests, resolver, error);
}

void ps_endpoint_fini(struct ps_endpoint *endpoint)
{
  for (unsigned i = 0; endpoint->slots && i < endpoint->permits; i++)
    ps_slot_free(endpoint->slots[i]);
  free(endpoint->slots);
  curl_easy_cleanup(endpoint->model);
  curl_easy_cleanup(endpoint->stranger);
  curl_slist_free_all(endpoint->headers);
  curl_slist_free_all(endpoint->json_headers);
  curl_slist_free_all(endpoint->secret_headers);
  for (size_t i = 0; i < endpoint->header_template_count; i++)
    ps_template_fini(&endpoint->header_templates[i]);
  free(endpoint->header_templates);
  ps_template_fini(&endpoint->url_template);
  ps_template_fini(&endpoint->body_template);
  ps_route_fini(&endpoint->route);
  ps_success_fini(&endpoint->success);
  free(endpoint->name);
  free(endpoint->url);
  free(endpoint->written_url);
  free(endpoint->shown_url);
  free(endpoint->method);
  *endpoint = (struct ps_endpoint){0};
}

struct ps_slot *ps_endpoint_slot(struct ps_endpoint *endpoint, unsigned permit)
{
  if (!endpoint->slots[permit])
    endpoint->slots[permit] = ps_slot_new(endpoint->model, endpoint->stranger, endpoint->route.host);
  return endpoint->slots[permit];
}
