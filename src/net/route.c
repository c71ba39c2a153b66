#include "net/route.h"

#include "base/ascii.h"
#include "net/check.h"
#include "net/option.h"
#include "net/slist.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Proxies of the environment */

/* In the order in which libcurl looks at them; it asks before each request, redirects to the other scheme included, and
 * is spared that where there is none now. */
static const char *const of_http[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
static const char *const of_https[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
static const char *const exceptions[] = {"no_proxy", "NO_PROXY", NULL};

static const char *environment(const char *const *names)
{
  for (; *names; names++) {
    const char *value = getenv(*names);
    if (value && *value)
      return value;
  }
  return NULL;
}

static bool names_proxy(void)
{
  return environment(of_http) || environment(of_https);
}

bool ps_route_heeds_environment(const struct ps_endpoint_settings *settings)
{
  return !settings->proxy && settings->environment_proxy && names_proxy();
}

/* The URL of the proxy; NULL or "": none. */
static const char *proxy_of(const struct ps_endpoint_settings *settings, const char *url)
{
  if (settings->proxy || !settings->environment_proxy)
    return settings->proxy;
  return environment(ps_ascii_begins(url, "https:") ? of_https : of_http);
}

static bool has_exceptions(const struct ps_endpoint_settings *settings)
{
  const char *listed = settings->noproxy || !settings->environment_proxy ? settings->noproxy : environment(exceptions);
  return listed && *listed;
}

/* ---- Who is to be found */

struct authority {
  char *host, *port; /* libcurl's */
};

/* A proxy may lack its scheme, and one that is not https has a default port of its own. */
static CURLUcode ask_for(CURLU *parsed, const char *url, bool is_proxy, struct authority *found)
{
  bool https = ps_ascii_begins(url, "https:");
  CURLUcode code =
      curl_url_set(parsed, CURLUPART_URL, url, is_proxy ? CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME : 0);
  if (!code)
    code = curl_url_get(parsed, CURLUPART_HOST, &found->host, 0);
  if (!code)
    code = curl_url_get(parsed, CURLUPART_PORT, &found->port, is_proxy && !https ? 0 : CURLU_DEFAULT_PORT);
  if (code != CURLUE_NO_PORT)
    return code;
  curl_url_set(parsed, CURLUPART_PORT, "1080", 0);
  return curl_url_get(parsed, CURLUPART_PORT, &found->port, 0);
}

/* 0 or -ENOMEM. Nothing is found where libcurl is to say itself what is wrong, with a proxy of the environment. */
static int parse(const char *url, bool is_proxy, struct authority *found)
{
  CURLU *parsed = curl_url();
  if (!parsed)
    return -ENOMEM;
  CURLUcode code = ask_for(parsed, url, is_proxy, found);
  curl_url_cleanup(parsed);
  return code == CURLUE_OUT_OF_MEMORY ? -ENOMEM : 0;
}

/* The end of the field, in which colons inside brackets belong to an address. */
static size_t field_size(const char *text)
{
  size_t bracket = *text == '[' ? strcspn(text, "]") : 0;
  return bracket + strcspn(text + bracket, ":");
}

/* What "HOST1:PORT1:HOST2:PORT2" has in the place of the authority, as far as it is for it and has something. */
static int connect_to(const char *entry, const struct authority *authority, char **host, char **port)
{
  const char *fields[4];
  size_t sizes[4];
  for (int i = 0; i < 4; i++, entry += *entry == ':') {
    fields[i] = entry;
    sizes[i] = field_size(entry);
    entry += sizes[i];
  }
  if (!sizes[2] && !sizes[3])
    return 0; /* libcurl goes on to the next */
  if ((sizes[0] && !ps_ascii_is(fields[0], sizes[0], authority->host)) ||
      (sizes[1] && !ps_ascii_is(fields[1], sizes[1], authority->port)))
    return 0;
  *host = sizes[2] ? strndup(fields[2], sizes[2]) : strdup(authority->host);
  *port = sizes[3] ? strndup(fields[3], sizes[3]) : strdup(authority->port);
  return *host && *port ? 1 : -ENOMEM;
}

/* Both are neither: whoever merges options has the later one only. */
static enum ps_family family_of(const struct ps_endpoint_settings *settings)
{
  if (settings->ipv4 == settings->ipv6)
    return PS_FAMILY_ANY;
  return settings->ipv4 ? PS_FAMILY_IPV4 : PS_FAMILY_IPV6;
}

/* Whether one of the addresses, with commas between, is of the family. Only those of IPv6 have colons. */
static bool has_family(const char *addresses, enum ps_family family)
{
  if (family == PS_FAMILY_ANY)
    return true;
  for (;;) {
    size_t size = strcspn(addresses, ",");
    if ((memchr(addresses, ':', size) != NULL) == (family == PS_FAMILY_IPV6))
      return true;
    if (!addresses[size])
      return false;
    addresses += size + 1;
  }
}

static bool is_numeric(const char *host)
{
  struct in_addr address;
  return *host == '[' || inet_pton(AF_INET, host, &address) == 1;
}

/* RFC 6761, 6.3: libcurl knows its addresses. */
static bool is_localhost(const char *host)
{
  static const char name[] = "localhost";
  size_t size = strlen(host), end = sizeof name - 1;
  return size >= end && ps_ascii_same(host + size - end, name) && (size == end || host[size - end - 1] == '.');
}

/* libcurl asks for such a name in another spelling (RFC 5891). It can only be one of the environment's. */
static bool is_ascii(const char *host)
{
  for (; *host; host++)
    if (*host & 0x80)
      return false;
  return true;
}

/* What "[+-]HOST:PORT[:ADDRESSES]", where HOST may be "*", gives this host; NULL: it is for another. The sign is not
 * skipped. */
static const char *match(const char *entry, bool any, const char *host, const char *port)
{
  entry += *entry == '+' || *entry == '-';
  size_t size = field_size(entry), port_size;
  const char *rest = entry[size] ? entry + size + 1 : entry + size;
  port_size = strcspn(rest, ":");
  if (!ps_ascii_is(entry, size, any ? "*" : host) || !ps_ascii_is(rest, port_size, port))
    return NULL;
  return rest[port_size] ? rest + port_size + 1 : rest + port_size;
}

/* The last entry counts, as with libcurl, and one for the host before one for any; but one without an address of the
 * family does not. Its `addresses` are NULL: none does. */
static struct ps_given find_given(const struct ps_endpoint_settings *settings, enum ps_family family, const char *host,
                                  const char *port)
{
  struct ps_given found = {0};
  for (int any = 0; any <= 1 && !found.addresses; any++) {
    for (size_t i = 0; i < settings->resolve_count; i++) {
      const char *entry = settings->resolve[i], *given = match(entry, any, host, port);
      if (!given)
        continue;
      found.addresses = *entry == '-' ? NULL : given;
      found.lasting = *entry != '+';
    }
    if (found.addresses && !has_family(found.addresses, family))
      found.addresses = NULL;
  }
  return found;
}

/* Addresses that are none are left to libcurl, which says so. */
static int take_given(struct ps_route *route, struct ps_resolver *resolver, const char *host,
                      const struct ps_given *given)
{
  int error = ps_resolver_given(resolver, host, route->family, given, &route->host);
  return error == -EINVAL ? 0 : error;
}

static int look_for(struct ps_route *route, struct ps_resolver *resolver, const struct ps_endpoint_settings *settings,
                    const char *host, const char *port)
{
  struct ps_buf target = {0};
  const struct ps_given given = find_given(settings, route->family, host, port);
  int error = 0;
  if (*host == '[' || !is_ascii(host) || (!given.addresses && (is_numeric(host) || is_localhost(host))))
    return 0;
  if (given.addresses)
    error = take_given(route, resolver, host, &given);
  else if (!(route->host = ps_resolver_host(resolver, host, route->family)))
    error = -ENOMEM;
  if (route->host && ps_buf_printf(&target, "%s:%s:", host, port))
    error = -ENOMEM;
  route->target = target.data;
  return error;
}

static int look_past(struct ps_route *route, struct ps_resolver *resolver, const struct ps_endpoint_settings *settings,
                     const struct authority *authority)
{
  char *host = NULL, *port = NULL;
  int result = 0;
  for (size_t i = 0; i < settings->connect_to_count && !result; i++)
    result = connect_to(settings->connect_to[i], authority, &host, &port);
  if (result >= 0)
    result = look_for(route, resolver, settings, host ? host : authority->host, port ? port : authority->port);
  free(host);
  free(port);
  return result;
}

static int find_name(struct ps_route *route, struct ps_resolver *resolver, const struct ps_endpoint_settings *settings,
                     const char *url)
{
  struct authority authority = {0};
  const char *proxy = proxy_of(settings, url);
  bool proxied = proxy && *proxy;
  if (route->unix_socket || (proxied && has_exceptions(settings)))
    return 0;
  int result = parse(proxied ? proxy : url, proxied, &authority);
  bool parsed = !result && authority.host && authority.port;
  if (parsed && proxied)
    result = look_for(route, resolver, settings, authority.host, authority.port);
  else if (parsed)
    result = look_past(route, resolver, settings, &authority);
  curl_free(authority.host);
  curl_free(authority.port);
  return result;
}

/* ---- Proxies that are asked */

/* Of the HTTP proxy for URLs that begin so; 0: there is none. */
static int find_proxy_port(const struct ps_endpoint_settings *settings, const char *url, long *port)
{
  struct authority authority = {0};
  const char *proxy = proxy_of(settings, url);
  if (!proxy || !*proxy || settings->unix_socket || ps_ascii_begins(proxy, "socks"))
    return 0;
  int error = parse(proxy, true, &authority);
  if (!error && authority.port)
    *port = strtol(authority.port, NULL, 10);
  curl_free(authority.host);
  curl_free(authority.port);
  return error;
}

static int find_proxy_ports(struct ps_route *route, const struct ps_endpoint_settings *settings)
{
  route->has_exceptions = has_exceptions(settings);
  int error = find_proxy_port(settings, "http:", &route->proxy_ports[0]);
  return error ? error : find_proxy_port(settings, "https:", &route->proxy_ports[1]);
}

/* CURLINFO_USED_PROXY, which came with 8.7: an older libcurl, and what was built with one, does not know it. */
static bool says_proxy_was_used(CURL *easy)
{
  long used = 0;
  return curl_easy_getinfo(easy, (CURLINFO)(CURLINFO_LONG + 66), &used) == CURLE_OK && used;
}

/* Where some hosts are excepted, libcurl says which it was, or the port that was connected to tells, unless both have the
 * same: then it is not said. A newer libcurl does not name the port before a tunnel stands. */
bool ps_route_used_proxy(const struct ps_route *route, const char *url, CURL *easy)
{
  struct authority authority = {0};
  long proxy = route->proxy_ports[ps_ascii_begins(url, "https:")], port = 0;
  if (!proxy || !route->has_exceptions)
    return proxy != 0;
  if (says_proxy_was_used(easy))
    return true;
  curl_easy_getinfo(easy, CURLINFO_PRIMARY_PORT, &port);
  bool known = parse(url, false, &authority) == 0 && authority.port;
  bool used = known && port == proxy && port != strtol(authority.port, NULL, 10);
  curl_free(authority.host);
  curl_free(authority.port);
  return used;
}

/* ---- Making it */

int ps_route_check(const struct ps_endpoint_settings *settings, const char *url, struct ps_error *error)
{
  struct authority authority = {0};
  const char *proxy = settings->proxy ? NULL : proxy_of(settings, url);
  if (!proxy || !*proxy || has_exceptions(settings)) /* which may be for this host */
    return 0;
  int result = parse(proxy, true, &authority);
  if (!result && authority.host && !is_ascii(authority.host))
    result = ps_refuse(error, "proxy: the one that the environment names has a host that is not ASCII; write it as "
                              "xn--..., or name the proxy in the settings");
  curl_free(authority.host);
  curl_free(authority.port);
  return result;
}

int ps_route_init(struct ps_route *route, const struct ps_endpoint_settings *settings, const char *url,
                  struct ps_resolver *resolver)
{
  *route = (struct ps_route){.connect_timeout = settings->connect_timeout, .family = family_of(settings)};
  if (settings->unix_socket && !(route->unix_socket = strdup(settings->unix_socket)))
    return -ENOMEM;
  if (ps_slist_append_all(&route->given, settings->resolve, settings->resolve_count) ||
      ps_slist_append_all(&route->connect_to, settings->connect_to, settings->connect_to_count))
    return -ENOMEM;
  int error = find_proxy_ports(route, settings);
  return error ? error : find_name(route, resolver, settings, url);
}

void ps_route_fini(struct ps_route *route)
{
  curl_slist_free_all(route->given);
  curl_slist_free_all(route->connect_to);
  free(route->unix_socket);
  free(route->target);
  *route = (struct ps_route){0};
}

static bool set_proxy(const struct ps_endpoint_settings *settings, CURL *model)
{
  const char *proxy = settings->proxy ? settings->proxy : "", *noproxy = settings->noproxy;
  if (!noproxy && !(settings->environment_proxy && (settings->proxy || names_proxy())))
    noproxy = ""; /* or it asks the environment, for each request */
  return (ps_route_heeds_environment(settings) || ps_option_keep(model, CURLOPT_PROXY, proxy)) &&
         (!noproxy || ps_option_keep(model, CURLOPT_NOPROXY, noproxy));
}

/* A Unix socket has no family, but some versions of libcurl connect to none when they are to heed one. */
static void set_family(const struct ps_route *route, CURL *model)
{
  static const long families[] = {[PS_FAMILY_ANY] = CURL_IPRESOLVE_WHATEVER,
                                  [PS_FAMILY_IPV4] = CURL_IPRESOLVE_V4,
                                  [PS_FAMILY_IPV6] = CURL_IPRESOLVE_V6};
  if (!route->unix_socket)
    curl_easy_setopt(model, CURLOPT_IPRESOLVE, families[route->family]);
}

int ps_route_set(const struct ps_route *route, const struct ps_endpoint_settings *settings, CURL *model)
{
  set_family(route, model);
  if (route->connect_timeout)
    curl_easy_setopt(model, CURLOPT_CONNECTTIMEOUT_MS, ps_timeout_ms(route->connect_timeout));
  curl_easy_setopt(model, CURLOPT_RESOLVE, route->given);
  curl_easy_setopt(model, CURLOPT_CONNECT_TO, route->connect_to);
  bool kept = set_proxy(settings, model) && ps_option_keep(model, CURLOPT_UNIX_SOCKET_PATH, route->unix_socket);
  return kept ? 0 : -ENOMEM;
}

/* ---- Finding the addresses */

/* A kept connection needs none, and must not be held up while names cannot be looked up. libcurl gives up one that was
 * idle for two minutes. */
#define KEPT (60 * PS_SECOND)

static bool has_kept_connection(const struct ps_slot *slot)
{
  return slot->addresses && ps_slot_is_connected(slot) && ps_now() - slot->used < KEPT;
}

/* Addresses that only the system can use are none to hand on: libcurl asks the system itself. */
static int write_entry(const struct ps_route *route, const struct ps_slot *slot, struct ps_buf *entry)
{
  if (!slot->tries.addresses.count)
    return ps_buf_printf(entry, "-%.*s", (int)strlen(route->target) - 1, route->target);
  int error = ps_buf_puts(entry, route->target);
  return error ? error : ps_tries_write(&slot->tries, entry);
}

/* The newest try, behind what the user gives. 0; -ENOMEM: the handle has the addresses that it had. */
static int give_addresses(const struct ps_route *route, struct ps_slot *slot)
{
  struct curl_slist *list = NULL;
  struct ps_buf entry = {0};
  int error = write_entry(route, slot, &entry);
  for (const struct curl_slist *given = route->given; given && !error; given = given->next)
    error = ps_slist_append(&list, given->data);
  if (!error)
    error = ps_slist_append(&list, entry.data);
  ps_buf_fini(&entry);
  if (error) {
    curl_slist_free_all(list);
    slot->addresses = 0;
    return error;
  }
  curl_easy_setopt(slot->easy, CURLOPT_RESOLVE, list);
  curl_slist_free_all(slot->resolve);
  slot->resolve = list;
  return 0;
}

const char *ps_route_lack(const struct ps_route *route)
{
  static const char *const words[] = {[PS_FAMILY_ANY] = "",
                                      [PS_FAMILY_IPV4] = "no IPv4 address, and -4 (ipv4) allows no other",
                                      [PS_FAMILY_IPV6] = "no IPv6 address, and -6 (ipv6) allows no other"};
  return words[route->family];
}

static enum ps_ending say(const struct ps_route *route, struct ps_slot *slot, int result, const char *words)
{
  int name = (int)strcspn(route->target, ":");
  const char *lack = ps_route_lack(route);
  switch (result) {
  case 0:
    return PS_END_COMPLETE;
  case PS_HOST_CANCELLED:
    return ps_slot_cancelled(slot);
  case PS_HOST_TIMEOUT:
    snprintf(slot->words, sizeof slot->words, "no address for %.*s in time", name, route->target);
    return PS_END_TIMEOUT;
  case PS_HOST_FAILED:
    snprintf(slot->words, sizeof slot->words, "%s%scould not resolve host %.*s: %s", lack, *lack ? ": " : "", name,
             route->target, words);
    return PS_END_RESOLVE;
  default:
    snprintf(slot->words, sizeof slot->words, "could not look up host %.*s: %s", name, route->target,
             strerror(-result));
    return PS_END_LOCAL;
  }
}

/* 0 or -ENOMEM. */
static int take(struct ps_slot *slot, struct ps_host_answer *answer, ps_time now)
{
  ps_time change = ps_addresses_change(&answer->addresses, now);
  int error = ps_tries_take(&slot->tries, &answer->addresses);
  if (error)
    return error;
  slot->addresses = answer->serial;
  slot->order_until = change;
  return 0;
}

static bool has_first_addresses(const struct ps_route *route, const struct ps_slot *slot, ps_time now)
{
  return ps_host_is_fresh(route->host, slot->addresses, now) && now < slot->order_until &&
         ps_tries_is_first(&slot->tries);
}

/* A connection that is kept may turn out to be dead, so its handle too is given the first addresses again. */
static int find(const struct ps_route *route, struct ps_slot *slot, bool kept, ps_time deadline, const char **words)
{
  struct ps_host_answer answer;
  int result = ps_host_find(route->host, &slot->waiter, kept ? 0 : deadline, &answer), error = 0;
  ps_time now = slot->tries.began = ps_now();
  if (!result)
    result = take(slot, &answer, now);
  ps_tries_restart(&slot->tries);
  if (!result || kept) {
    ps_tries_choose(&slot->tries, now);
    error = give_addresses(route, slot);
  } else {
    slot->addresses = 0; /* the handle may have another try's */
  }
  ps_addresses_fini(&answer.addresses);
  *words = answer.words;
  return error ? error : result;
}

enum ps_ending ps_route_find(const struct ps_route *route, struct ps_slot *slot, ps_time deadline)
{
  const char *words = NULL;
  slot->tries.began = ps_now();
  if (!route->host || has_first_addresses(route, slot, slot->tries.began))
    return PS_END_COMPLETE;
  bool kept = has_kept_connection(slot);
  int result = find(route, slot, kept, deadline, &words);
  return kept ? PS_END_COMPLETE : say(route, slot, result, words);
}

/* ---- One after another */

/* RFC 8305, section 5: so long before an address can be called silent. */
#define SILENCE (250 * PS_MILLISECOND)

/* Looking the name up again is a part of trying it, but not one to spend all the time on. */
#define LOOKING_AGAIN (2 * PS_SECOND)

ps_time ps_route_limit(const struct ps_route *route, const struct ps_slot *slot, ps_time left)
{
  if (!route->host || !slot->tries.addresses.count)
    return PS_NEVER;
  bool may_ask = ps_host_may_ask(route->host) && !ps_addresses_are_avoided(&slot->tries.addresses, slot->tries.began);
  return ps_tries_limit(&slot->tries, may_ask, left);
}

/* All addresses were tried: whether the name has others now. */
static bool finds_others(const struct ps_route *route, struct ps_slot *slot, ps_time deadline)
{
  struct ps_host_answer answer;
  if (!ps_host_may_ask(route->host))
    return false;
  ps_time patience = ps_earlier(deadline, ps_after(ps_now(), LOOKING_AGAIN));
  int result = ps_host_find(route->host, &slot->waiter, patience, &answer);
  if (!result)
    result = take(slot, &answer, ps_now());
  ps_addresses_fini(&answer.addresses);
  return !result && ps_tries_choose(&slot->tries, ps_now());
}

bool ps_route_next(const struct ps_route *route, struct ps_slot *slot, bool silent, ps_time deadline)
{
  struct ps_tries *tries = &slot->tries;
  ps_time now = ps_now();
  bool cancelled = ps_slot_is_cancelled(slot), over = cancelled || deadline <= now;
  silent |= cancelled; /* which broke off the connecting */
  if (!route->host || slot->open_error || (silent && over && now - tries->began < SILENCE))
    return false;
  for (const struct ps_address *each = NULL; (each = ps_tries_next(tries, each));)
    ps_host_avoid(route->host, each->text);
  ps_tries_end(tries, silent);
  bool found = !over && (ps_tries_choose(tries, now) || finds_others(route, slot, deadline) ||
                         (ps_tries_repeat(tries) && ps_tries_choose(tries, now)));
  tries->began = ps_now();
  return found && give_addresses(route, slot) == 0;
}

/* Two addresses of a try may have been avoided, and only one of them been connected to; by a connection that was kept,
 * neither. */
void ps_route_connected(const struct ps_route *route, const struct ps_slot *slot)
{
  const char *ip = NULL;
  long connections = 0;
  const struct ps_address *first = route->host ? ps_tries_next(&slot->tries, NULL) : NULL;
  if (!first || (slot->tries.round == 0 && !ps_address_is_avoided(first, slot->tries.began)))
    return;
  curl_easy_getinfo(slot->easy, CURLINFO_NUM_CONNECTS, &connections);
  if (connections > 0 && !curl_easy_getinfo(slot->easy, CURLINFO_PRIMARY_IP, &ip) && ip)
    ps_host_prefer(route->host, ip);
}
