/* Names for endpoints that were given none. */
#include "net/endpoint.h"

#include "base/buf.h"
#include "net/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The URL's host, with the port if it is wanted. NULL: no memory. */
static char *host_of(const char *url, bool with_port)
{
  CURLU *parsed = curl_url();
  char *host = NULL, *port = NULL;
  struct ps_buf name = {0};
  if (parsed && !curl_url_set(parsed, CURLUPART_URL, url, 0) && !curl_url_get(parsed, CURLUPART_HOST, &host, 0) &&
      !curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT))
    ps_buf_printf(&name, "%s%s%s", host, with_port ? ":" : "", with_port ? port : "");
  curl_free(host);
  curl_free(port);
  curl_url_cleanup(parsed);
  return name.data;
}

static unsigned count_of(struct ps_endpoint *endpoints, unsigned count, const char *name)
{
  unsigned found = 0;
  for (unsigned i = 0; i < count; i++)
    found += endpoints[i].name && strcmp(endpoints[i].name, name) == 0;
  return found;
}

static int name_after_host(struct ps_endpoint *endpoint, bool with_port)
{
  free(endpoint->name);
  endpoint->name = host_of(endpoint->written_url, with_port);
  return endpoint->name ? 0 : -ENOMEM;
}

/* Whether a name is given to another endpoint, or was found for an earlier one. */
static bool is_taken(struct ps_endpoint *endpoints, unsigned count, unsigned index)
{
  for (unsigned i = 0; i < count; i++)
    if (i != index && (i < index || endpoints[i].named) && strcmp(endpoints[i].name, endpoints[index].name) == 0)
      return true;
  return false;
}

/* "host:port-2", with the first number that nobody has; it is not below how many have the same host and port before. */
static int number(struct ps_endpoint *endpoints, unsigned count, struct ps_endpoint *endpoint)
{
  struct ps_buf name = {0};
  unsigned next = endpoint->twins > 1 ? endpoint->twins : 1;
  do {
    ps_buf_clear(&name);
    if (ps_buf_printf(&name, "%s-%u", endpoint->name, ++next)) {
      ps_buf_fini(&name);
      return -ENOMEM;
    }
  } while (count_of(endpoints, count, name.data));
  free(endpoint->name);
  endpoint->name = name.data;
  return 0;
}

int ps_endpoints_name(struct ps_endpoint *endpoints, unsigned count, struct ps_error *error)
{
  for (unsigned i = 0; i < count; i++) {
    if (endpoints[i].name && count_of(endpoints, count, endpoints[i].name) > 1)
      return ps_refuse(error, "endpoint '%s': two endpoints have this name", endpoints[i].name);
    endpoints[i].named = endpoints[i].name != NULL;
  }
  for (unsigned i = 0; i < count; i++)
    if (!endpoints[i].named && name_after_host(&endpoints[i], false))
      return -ENOMEM;
  for (unsigned i = 0; i < count; i++)
    endpoints[i].name_is_shared = count_of(endpoints, count, endpoints[i].name) > 1;
  for (unsigned i = 0; i < count; i++)
    if (!endpoints[i].named && endpoints[i].name_is_shared && name_after_host(&endpoints[i], true))
      return -ENOMEM;
  for (unsigned i = 0; i < count; i++)
    endpoints[i].twins = count_of(endpoints, i, endpoints[i].name);
  for (unsigned i = 0; i < count; i++)
    if (!endpoints[i].named && is_taken(endpoints, count, i) && number(endpoints, count, &endpoints[i]))
      return -ENOMEM;
  return 0;
}
