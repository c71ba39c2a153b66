#include "net/transport.h"

#include "base/fork.h"
#include "base/module.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>

/* Asked for once: libcurl fills in what it returns anew each time. */
static atomic_uint version;

unsigned ps_transport_version(void)
{
  return atomic_load_explicit(&version, memory_order_relaxed);
}

/* Calls are counted: before libcurl 7.84 for one thread at a time only, and since then under a lock that a fork must
 * not meet. */
int ps_transport_init(void)
{
  ps_fork_hold();
  CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  atomic_store(&version, curl_version_info(CURLVERSION_NOW)->version_num);
  ps_fork_release();
  ps_module_pin((ps_module_function *)curl_easy_perform);
  return code ? -ENOMEM : 0;
}

void ps_transport_fini(void)
{
  ps_fork_hold();
  curl_global_cleanup();
  ps_fork_release();
}

bool ps_transport_looks_up_aside(int features)
{
  return features & CURL_VERSION_ASYNCHDNS;
}

/* ---- TLS keys
 *
 * libcurl has OpenSSL call it with the keys if the variable was set when it was made ready, whoever did that. We are
 * not linked with OpenSSL, which is libcurl's own affair; so its function is looked for there. */

typedef void set_keylog_fn(void *context, void (*callback)(const void *ssl, const char *line));

static CURLcode forget_keys(CURL *easy, void *tls_context, void *set_keylog)
{
  (void)easy;
  ((set_keylog_fn *)(uintptr_t)set_keylog)(tls_context, NULL);
  return CURLE_OK;
}

void ps_transport_hide_keys(CURL *easy)
{
  ps_module_function *set_keylog =
      ps_module_find((ps_module_function *)curl_easy_perform, "SSL_CTX_set_keylog_callback");
  if (!set_keylog)
    return;
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, forget_keys);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, (void *)(uintptr_t)set_keylog);
}
