#include "net/idn.h"

#include "base/ascii.h"
#include "base/buf.h"
#include "base/text.h"
#include "net/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#ifdef PS_HAVE_LIBIDN2
#include <idn2.h>
#endif

static bool is_ascii(const char *text, size_t size)
{
  for (size_t i = 0; i < size; i++)
    if (text[i] & 0x80)
      return false;
  return true;
}

/* ---- One name */

#ifdef PS_HAVE_LIBIDN2

/* By the mapping alone a name can come out with a slash or an "@" in it ("a\uff0fb"), which ends a host elsewhere. */
static bool is_host(const char *name)
{
  for (const char *c = name; *c; c++)
    if (!ps_ascii_is_letter(*c) && !ps_ascii_is_digit(*c) && !strchr("-._", *c))
      return false;
  return *name;
}

/* The two readings, and their order, are libcurl's: the second allows what only IDNA2003 did, such as symbols. */
static int spell(struct ps_buf *out, const char *name, const char **why)
{
  uint8_t *ascii = NULL;
  int code = idn2_lookup_u8((const uint8_t *)name, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  if (code != IDN2_OK && code != IDN2_MALLOC)
    code = idn2_lookup_u8((const uint8_t *)name, &ascii, IDN2_TRANSITIONAL);
  if (code == IDN2_MALLOC)
    return -ENOMEM;
  int result = -EINVAL;
  if (code == IDN2_OK && is_host((const char *)ascii))
    result = ps_buf_puts(out, (const char *)ascii);
  else
    *why = "its host is not a valid international name (IDNA2008)";
  idn2_free(ascii);
  return result;
}

#else

static int spell(struct ps_buf *out, const char *name, const char **why)
{
  (void)out;
  (void)name;
  *why = "this poolsend was built without libidn2: write the host in ASCII, as xn--...";
  return -EINVAL;
}

#endif

/* Appends a name, of `size` bytes, in ASCII. 0; -ENOMEM; -EINVAL: it cannot be spelt so, and `why` says it. */
static int append_name(struct ps_buf *out, const char *name, size_t size, const char **why)
{
  if (is_ascii(name, size))
    return ps_buf_append(out, name, size);
  *why = "its host is not UTF-8";
  if (!ps_text_is_utf8(name, size))
    return -EINVAL;
  *why = "its host holds a NUL";
  if (memchr(name, '\0', size))
    return -EINVAL;
  char *copy = strndup(name, size);
  int result = copy ? spell(out, copy, why) : -ENOMEM;
  free(copy);
  return result;
}

/* ---- In a URL */

static int hex_digit(char c)
{
  static const char digits[] = "0123456789abcdef";
  const char *digit = c ? strchr(digits, ps_ascii_lower(c)) : NULL;
  return digit ? (int)(digit - digits) : -1;
}

static int decode(struct ps_buf *out, const char *text, size_t size)
{
  int error = 0;
  for (size_t i = 0; i < size && !error; i++) {
    int high = text[i] == '%' && size - i > 2 ? hex_digit(text[i + 1]) : -1;
    int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    char c = text[i];
    if (low >= 0)
      c = (char)(high << 4 | low);
    error = ps_buf_append(out, &c, 1);
    i += low >= 0 ? 2 : 0;
  }
  return error;
}

/* Where the host begins, and its size: behind the user information, before the port. An address in brackets is none
 * that would have to be spelt. */
static const char *find_host(const char *url, size_t *size)
{
  size_t scheme = strspn(url, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");
  const char *host = strncmp(url + scheme, "://", 3) == 0 ? url + scheme + 3 : url;
  size_t authority = strcspn(host, "/?#");
  const char *at = memrchr(host, '@', authority), *end = host + authority;
  host = at ? at + 1 : host;
  const char *colon = memchr(host, ':', (size_t)(end - host));
  *size = *host == '[' ? 0 : (size_t)((colon ? colon : end) - host);
  return host;
}

/* The host as it stands unless it is international once decoded: "%31%32%37.0.0.1" is libcurl's to read. */
static int append_host(struct ps_buf *out, const char *host, size_t size, const char **why)
{
  struct ps_buf name = {0};
  int result = decode(&name, host, size);
  if (!result)
    result =
        is_ascii(name.data, name.size) ? ps_buf_append(out, host, size) : append_name(out, name.data, name.size, why);
  ps_buf_fini(&name);
  return result;
}

/* The URL with its host in ASCII. -EINVAL: `why` says what keeps it from being so. */
static int spell_url(const char *url, char **ascii, const char **why)
{
  struct ps_buf out = {0};
  size_t size;
  const char *host = find_host(url, &size);
  int result = ps_buf_append(&out, url, (size_t)(host - url));
  if (!result && size)
    result = append_host(&out, host, size, why);
  if (!result)
    result = ps_buf_puts(&out, host + size);
  if (result)
    ps_buf_fini(&out);
  *ascii = out.data;
  return result;
}

int ps_idn_url(const char *url, char **ascii, struct ps_error *error)
{
  const char *why = "";
  int result = spell_url(url, ascii, &why);
  return result == -EINVAL ? ps_refuse_url(url, why, error) : result;
}

/* ---- In other settings */

/* Takes `text`, which may be NULL for want of memory, as one of the settings': it lives as long as they do. */
static int keep(struct ps_idn_settings *settings, char *text, const char **kept)
{
  struct curl_slist *entry = text ? curl_slist_append(NULL, text) : NULL;
  free(text);
  if (!entry)
    return -ENOMEM;
  entry->next = settings->texts;
  settings->texts = entry;
  *kept = entry->data;
  return 0;
}

/* What is refused of a proxy is not shown: there may be a password in it. */
static int take_proxy(struct ps_idn_settings *settings, struct ps_error *error)
{
  const char *why = "";
  char *ascii;
  if (!settings->ascii.proxy)
    return 0;
  int result = spell_url(settings->ascii.proxy, &ascii, &why);
  if (result == -EINVAL)
    return ps_refuse(error, "proxy: %s", why);
  return result ? result : keep(settings, ascii, &settings->ascii.proxy);
}

/* A setting that has names between others: what separates them, and what may stand before one. */
struct names {
  const char *what, *separators, *prefixes;
};

static int take_names(struct ps_idn_settings *settings, const struct names *names, const char **text,
                      struct ps_error *error)
{
  struct ps_buf out = {0};
  const char *why = "";
  int result = ps_buf_append(&out, "", 0);
  for (const char *at = *text; *at && !result;) {
    size_t before = strspn(at, names->separators);
    before += strspn(at + before, names->prefixes);
    size_t size = strcspn(at + before, names->separators);
    result = ps_buf_append(&out, at, before);
    if (!result)
      result = append_name(&out, at + before, size, &why);
    at += before + size;
  }
  if (!result)
    return keep(settings, out.data, text);
  ps_buf_fini(&out);
  return result == -EINVAL ? ps_refuse(error, "%s '%.200s': %s", names->what, *text, why) : result;
}

static int take_list(struct ps_idn_settings *settings, const struct names *names, const char *const **list,
                     size_t count, const char ***own, struct ps_error *error)
{
  int result = 0;
  if (!count)
    return 0;
  *own = calloc(count, sizeof **own);
  if (!*own)
    return -ENOMEM;
  for (size_t i = 0; i < count && !result; i++) {
    (*own)[i] = (*list)[i];
    result = take_names(settings, names, &(*own)[i], error);
  }
  *list = *own;
  return result;
}

int ps_idn_settings_init(struct ps_idn_settings *settings, const struct ps_endpoint_settings *given,
                         struct ps_error *error)
{
  static const struct names noproxy = {"noproxy", ", ", "."}, resolve = {"resolve", ":", "+-"},
                            connect_to = {"connect-to", ":", ""};
  *settings = (struct ps_idn_settings){.ascii = *given};
  struct ps_endpoint_settings *ascii = &settings->ascii;
  int result = take_proxy(settings, error);
  if (!result && ascii->noproxy)
    result = take_names(settings, &noproxy, &ascii->noproxy, error);
  if (!result)
    result = take_list(settings, &resolve, &ascii->resolve, ascii->resolve_count, &settings->resolve, error);
  if (result)
    return result;
  return take_list(settings, &connect_to, &ascii->connect_to, ascii->connect_to_count, &settings->connect_to, error);
}

void ps_idn_settings_fini(struct ps_idn_settings *settings)
{
  curl_slist_free_all(settings->texts);
  free(settings->resolve);
  free(settings->connect_to);
  *settings = (struct ps_idn_settings){0};
}
