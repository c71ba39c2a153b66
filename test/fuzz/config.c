/* Configuration files: what is refused is refused in words that show no secret, with a line that there is; what is taken
 * makes endpoints as poolsend_open does, short of sending, and the requests that they would send hold nothing that could
 * leave its place. The input is a file.
 *
 * No file is read and no variable of the environment that an input names: open and getenv, as src/ calls them, are
 * ours here (the linker's --wrap), and know one name each: the file "secret" and the variable SECRET, and "template", a
 * body. What libcurl and others call stays theirs; nothing but the existence of files is asked for elsewhere, and no
 * connection is made. */
#include "target.h"

#include "base/text.h"
#include "engine/sender.h"
#include "net/check.h"
#include "net/request.h"
#include "options/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Not to be found by chance. */
#define SECRET "Zk4vT8qLw1"

#define TEMPLATE "{\"to\": \"{{/phone}}\", \"all\": \"{{}}\"}"

int __wrap_open(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
char *__wrap_getenv(const char *name);

static int open_ours(const char *path, int flags)
{
  const char *content = strcmp(path, "secret") == 0 ? SECRET "\n" : strcmp(path, "template") == 0 ? TEMPLATE : NULL;
  REQUIRE((flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT), "a configuration file writes nowhere");
  if (!content) {
    errno = ENOENT;
    return -1;
  }
  int fd = memfd_create("input", MFD_CLOEXEC);
  if (fd < 0 || write(fd, content, strlen(content)) < 0 || lseek(fd, 0, SEEK_SET) < 0)
    abort();
  return fd;
}

int __wrap_open(const char *path, int flags, ...)
{
  return open_ours(path, flags);
}

int __wrap_open64(const char *path, int flags, ...)
{
  return open_ours(path, flags);
}

char *__wrap_getenv(const char *name)
{
  static char secret[] = SECRET;
  return strcmp(name, "SECRET") == 0 ? secret : NULL;
}

/* ---- What is refused */

/* A file that holds the secret itself, however escaped, may show it. */
static void require_hidden(const char *text, const char *words)
{
  static const char escape[] = "\\u";
  REQUIRE(!strstr(words, SECRET) || strstr(text, SECRET) || strstr(text, escape), "a secret is shown");
}

static size_t lines_of(const char *text)
{
  size_t lines = 1;
  for (; *text; text++)
    lines += *text == '\n';
  return lines;
}

static void refused(const char *text, const char *words)
{
  fuzz_require_words(words);
  require_hidden(text, words);
  REQUIRE(ps_text_is_utf8(words, strlen(words)), "an error is UTF-8");
}

/* ---- What is sent */

static void require_headers(const char *text, const struct ps_endpoint *endpoint, const struct ps_request *request)
{
  struct ps_buf shown = {0};
  for (const struct curl_slist *line = request->headers; line; line = line->next) {
    REQUIRE(!strpbrk(line->data, "\r\n"), "a header is one line");
    ps_buf_clear(&shown);
    REQUIRE(!ps_endpoint_show_header(endpoint, &shown, line->data, strlen(line->data)), "there is memory");
    require_hidden(text, shown.data);
  }
  ps_buf_fini(&shown);
}

static void try_request(const char *text, const struct ps_endpoint *endpoint)
{
  static const char body[] = "{\"phone\": \"+49 1\", \"id\": 7, \"list\": [null, \"a/b\"], \"\": {}}";
  const struct ps_payload payload = {.id = "m", .body = body, .size = sizeof body - 1, .json = true};
  struct ps_request request;
  char words[300] = "";
  int result = ps_request_init(&request, endpoint, &payload, words, sizeof words);
  REQUIRE(result == 0 || (result == -EINVAL && *words), "a message that lacks something is told of");
  if (!result) {
    REQUIRE(fuzz_is_http_url(request.url ? request.url : endpoint->url), "a request goes to http or https");
    require_headers(text, endpoint, &request);
  }
  ps_request_fini(&request);
}

static void require_endpoint(const char *text, const struct ps_endpoint *endpoint)
{
  REQUIRE(endpoint->name && endpoint->shown_url && endpoint->model, "an endpoint is whole");
  REQUIRE(endpoint->hedge_delay >= 0 && endpoint->attempt_timeout > 0, "an endpoint's times are none or more");
  try_request(text, endpoint);
}

static void configure(const char *text, struct ps_sender_settings *settings)
{
  struct ps_error error = {.endpoint = -1};
  struct poolsend_sender *sender = calloc(1, sizeof *sender);
  ps_resolver_init(&sender->resolver);
  int result = ps_sender_settings_check(settings, &error);
  if (!result)
    result = ps_sender_check_limits(settings, &error);
  if (!result)
    result = ps_sender_configure(sender, settings, &error);
  if (result)
    fuzz_require_words(error.text);
  require_hidden(text, error.text);
  for (unsigned i = 0; sender->endpoints && i < sender->rule.endpoints; i++) {
    if (!result)
      require_endpoint(text, &sender->endpoints[i]);
    ps_endpoint_fini(&sender->endpoints[i]);
  }
  ps_resolver_fini(&sender->resolver);
  free(sender->endpoints);
  free(sender->hedge_delays);
  free(sender->shown);
  free(sender);
}

static void accepted(const char *text, const struct poolsend_config *config)
{
  struct ps_config_merged merged;
  struct ps_sender_settings settings;
  REQUIRE(!ps_config_merge(config, &merged, &settings), "there is memory");
  for (size_t i = 0; i < config->endpoint_count; i++) {
    size_t line = config->endpoints[i]->line;
    REQUIRE(line >= 1 && line <= lines_of(text), "an endpoint is on a line that there is");
    REQUIRE(i == 0 || line >= config->endpoints[i - 1]->line, "endpoints are one after the other");
    REQUIRE(settings.endpoints[i].url, "an endpoint has a URL");
  }
  REQUIRE(!config->base.endpoint.url && !config->base.endpoint.name, "what stands at the top is nobody's");
  REQUIRE(!config->defaults.endpoint.url && !config->defaults.endpoint.name, "defaults are nobody's");
  configure(text, &settings);
  ps_config_merged_fini(&merged);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct fuzz_input input = fuzz_input_of(data, size);
  struct poolsend_config *config = poolsend_config_new();
  int result = poolsend_config_load(config, input.at, size);
  char *text = fuzz_take_rest(&input);
  REQUIRE(result == poolsend_config_failed(config), "a configuration knows what went wrong");
  if (result)
    refused(text, poolsend_config_error(config));
  else
    accepted(text, config);
  poolsend_config_free(config);
  free(text);
  return 0;
}
