/* The whole way from a server's bytes to the settled event, through poolsend.h: the input is the script of a server
 * (peer.h) that two endpoints lead to, behind a line whose letters say what is sent to it and how.
 *
 * However the server answers, nothing ends the process, and of each message
 *   - every attempt starts once and has one fate, the events come in order, and the last one sums them up;
 *   - the server saw a request for an attempt at most, and one more for each redirect that it answered with: none for one
 *     that is unreached;
 *   - it said a final answer for each that was delivered or rejected, with its status;
 *   - all of it ends within the limits of time;
 *   - secrets go to their origin, and are shown nowhere;
 *   - no descriptor is left over.
 *
 * The letters: 2 HTTP/2, as the server is known to speak it; U HTTP/2, by an upgrade; L redirects are followed; E an
 * Expect of the user's; u a user, b a bearer token, s a secret header; j a JSON test, J one that the status 404 may pass;
 * c codings are asked for; r little of a response is kept; k the winner's is kept whole; m another message, for the kept
 * connection (once for each m); 0 no body, B a large one; P the method PUT, H the method HEAD; A the second endpoint too;
 * R another round; v what is traced is looked at; p the server is a proxy, T one that has to tunnel; F a fatal status;
 * t short limits, which end what the server leaves hanging: it is not left to the server to give up then. */
#include "target.h"

#include "peer.h"

#include "base/clock.h"
#include "poolsend.h"

#include <curl/curl.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ATTEMPTS  16
#define MESSAGES  3
#define BODY_SIZE 400000

/* What the slowest machine does not need. */
#define PATIENCE POOLSEND_S(20)

/* No part of these is found by chance. */
#define SECRET "Zk4vT8qLw1"
#define BASE64 "dTpaazR2VDhxTHcx" /* of u:SECRET */

static struct {
  const char *letters;
  bool has_secrets; /* which the server cannot have from the script */
  atomic_bool knows_http2;
} run;

static bool is_chosen(char letter)
{
  return strchr(run.letters, letter) != NULL;
}

/* ---- HTTP/2 without TLS
 *
 * Over TLS libcurl knows of HTTP/2 by ALPN, and else has to ask for it by an upgrade. To save the handshakes it is told
 * that the server speaks it. */

CURLcode __real_curl_easy_setopt(CURL *easy, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...);

CURLcode __wrap_curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
  va_list arguments;
  CURLcode code;
  va_start(arguments, option);
  if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB) {
    curl_off_t number = va_arg(arguments, curl_off_t);
    code = __real_curl_easy_setopt(easy, option, number);
  } else if (option >= CURLOPTTYPE_OBJECTPOINT) {
    void *pointer = va_arg(arguments, void *);
    code = __real_curl_easy_setopt(easy, option, pointer);
  } else {
    long value = va_arg(arguments, long);
    if (option == CURLOPT_HTTP_VERSION && value == (long)CURL_HTTP_VERSION_2_0 && atomic_load(&run.knows_http2))
      value = (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE;
    code = __real_curl_easy_setopt(easy, option, value);
  }
  va_end(arguments);
  return code;
}

/* ---- The sender */

static bool shows_secret(const char *text)
{
  return run.has_secrets && (strstr(text, SECRET) || strstr(text, BASE64));
}

/* On a worker's thread. */
static void trace(void *context, const char *endpoint, const char *line)
{
  (void)context, (void)endpoint;
  REQUIRE(!fuzz_has_control(line, strlen(line), true), "what is traced is one line of plain text");
  REQUIRE(!shows_secret(line), "what is traced shows no secret");
}

/* A secret is for the origin that it was given for (RFC 9110, 15.4). */
static void look_at_head(unsigned door, const char *head)
{
  char host[64];
  snprintf(host, sizeof host, "\r\nHost: 127.0.0.1:%u\r\n", peer_port(door));
  REQUIRE(strcasestr(head, host) || !shows_secret(head), "a redirect leads no secret elsewhere");
}

static void set(struct poolsend_config *config, const char *name, const char *value)
{
  REQUIRE(poolsend_config_set(config, name, value) == 0, poolsend_config_error(config));
}

/* Where the flag is chosen. */
static void set_if(char flag, struct poolsend_config *config, const char *name, const char *value)
{
  if (is_chosen(flag))
    set(config, name, value);
}

/* Every name and every port leads to the server, so that a redirect leads nowhere else. */
static void add_endpoint(struct poolsend_config *config, unsigned door)
{
  char url[64], pin[64];
  unsigned port = peer_port(door);
  snprintf(url, sizeof url, "%s://127.0.0.1:%u/a", is_chosen('T') ? "https" : "http", port);
  snprintf(pin, sizeof pin, "::127.0.0.1:%u", port);
  struct poolsend_endpoint *endpoint = poolsend_config_add(config, url);
  poolsend_endpoint_set(endpoint, "connect_to", pin);
  snprintf(url, sizeof url, "http://127.0.0.1:%u", port);
  if (is_chosen('p') || is_chosen('T'))
    poolsend_endpoint_set(endpoint, "proxy", url);
}

/* What all endpoints have alike. */
static void set_requests(struct poolsend_config *config)
{
  if (is_chosen('P') || is_chosen('H'))
    set(config, "method", is_chosen('P') ? "PUT" : "HEAD");
  set_if('s', config, "headers", "X-Secret: " SECRET);
  set_if('E', config, "headers", "Expect: 100-continue");
  set(config, "secret_headers", "X-Secret");
  set_if('u', config, "user", "u:" SECRET);
  set_if('b', config, "oauth2_bearer", SECRET);
  set_if('L', config, "location", "true");
  if (is_chosen('2') || is_chosen('U'))
    set(config, "http2", "true");
  set_if('c', config, "compressed", "true");
  if (is_chosen('j') || is_chosen('J'))
    set(config, "success", is_chosen('j') ? "200-299,/ok=true" : "200-299,404,/ok=true");
}

static size_t max_response(void)
{
  return is_chosen('r') ? 16 : 65536;
}

static void set_delivery(struct poolsend_config *config)
{
  const char *limit = is_chosen('t') ? "10ms" : "400ms";
  char size[24];
  snprintf(size, sizeof size, "%zu", max_response());
  set(config, "hedge_delay", "3ms");
  set(config, "attempt_timeout", limit);
  set(config, "settle", limit);
  set(config, "answer_wait", limit);
  set_if('R', config, "retry", "1");
  set(config, "retry_delay", "1ms");
  set(config, "retry_max_time", "200ms");
  set(config, "max_time", "600ms");
  set(config, "max_response", size);
  set_if('k', config, "keep_bodies", "true");
  set_if('F', config, "fatal_status", "401,403,417");
  set(config, "breaker", "false");
  set(config, "events", "start,finish,delivered,settled");
}

/* The pool outlives it: its threads would take longer to start than all the rest. */
static struct poolsend_sender *make_sender(struct poolsend_pool *pool)
{
  struct poolsend_config *config = poolsend_config_new();
  char workers[24];
  snprintf(workers, sizeof workers, "%d", PEER_DOORS);
  set(config, "workers", workers);
  set_requests(config);
  set_delivery(config);
  for (unsigned door = 0; door < (is_chosen('A') ? PEER_DOORS : 1); door++)
    add_endpoint(config, door);
  poolsend_config_pool(config, pool);
  poolsend_config_trace(config, is_chosen('v') ? trace : NULL, NULL);
  struct poolsend_sender *sender = poolsend_open(config);
  REQUIRE(sender, poolsend_config_error(config));
  poolsend_config_free(config);
  return sender;
}

static void submit(struct poolsend_sender *sender)
{
  static char large[BODY_SIZE];
  if (!*large)
    memset(large, PEER_BODY, sizeof large);
  struct poolsend_message *message = poolsend_message_new(NULL, 0);
  if (!is_chosen('0'))
    poolsend_message_body(message, large, is_chosen('B') ? sizeof large : 5);
  REQUIRE(poolsend_submit(sender, message, PATIENCE) == 0, "a message is taken up");
  poolsend_message_free(message);
}

/* ---- One message, and the events about it */

struct account {
  enum poolsend_fate fates[ATTEMPTS];
  bool finished[ATTEMPTS];
  unsigned count, running;
  bool delivered, settled;

  /* At each door: attempts that may have brought a request there, and those that were answered. */
  unsigned sent[PEER_DOORS], answered[PEER_DOORS];
};

static void judge_attempt(const struct poolsend_attempt *attempt)
{
  enum poolsend_fate fate = poolsend_attempt_fate(attempt);
  enum poolsend_reason reason = poolsend_attempt_reason(attempt);
  poolsend_time started = poolsend_attempt_started(attempt), finished = poolsend_attempt_finished(attempt);
  bool answered = fate == POOLSEND_FATE_DELIVERED || fate == POOLSEND_FATE_REJECTED;
  size_t size;
  poolsend_attempt_response(attempt, &size);
  REQUIRE(fate != POOLSEND_FATE_NONE && strcmp(poolsend_fate_name(fate), "?") != 0, "an attempt has a fate");
  REQUIRE(reason != POOLSEND_REASON_NONE && strcmp(poolsend_reason_name(reason), "?") != 0, "a fate has a reason");
  REQUIRE(!answered || poolsend_attempt_status(attempt) >= 200, "what is delivered or rejected was answered");
  REQUIRE(reason != POOLSEND_REASON_OK || fate == POOLSEND_FATE_DELIVERED, "only a success is ok");
  REQUIRE(finished >= started && started >= 0, "an attempt ends after its start");
  REQUIRE(size <= max_response(), "what is kept of a response has its limit");
  if (poolsend_attempt_error(attempt))
    fuzz_require_words(poolsend_attempt_error(attempt));
}

static void take_settled(struct account *account, const struct poolsend_event *event)
{
  size_t delivered = 0, unknown = 0;
  REQUIRE(poolsend_event_attempt_count(event) == account->count && !account->running,
          "every attempt has ended, and is told");
  for (size_t i = 0; i < poolsend_event_attempt_count(event); i++) {
    const struct poolsend_attempt *attempt = poolsend_event_attempt_at(event, i);
    enum poolsend_fate fate = poolsend_attempt_fate(attempt);
    unsigned door = poolsend_attempt_endpoint(attempt);
    REQUIRE(poolsend_attempt_number(attempt) == i + 1 && door < PEER_DOORS && fate == account->fates[i],
            "an attempt has one fate");
    judge_attempt(attempt);
    REQUIRE(!poolsend_attempt_status(attempt) || peer_said_status(door, poolsend_attempt_status(attempt)),
            "a status is the server's");
    delivered += fate == POOLSEND_FATE_DELIVERED;
    unknown += fate == POOLSEND_FATE_UNKNOWN;
    /* What a proxy refuses does not reach the endpoint, though it reaches the proxy. */
    account->sent[door] += fate != POOLSEND_FATE_UNREACHED || poolsend_attempt_reason(attempt) == POOLSEND_REASON_PROXY;
    account->answered[door] += fate == POOLSEND_FATE_DELIVERED || fate == POOLSEND_FATE_REJECTED;
  }
  REQUIRE(poolsend_event_fate_count(event, POOLSEND_FATE_DELIVERED) == delivered &&
              poolsend_event_fate_count(event, POOLSEND_FATE_UNKNOWN) == unknown,
          "the fates are counted");
  REQUIRE((poolsend_event_winner(event) != NULL) == account->delivered && (delivered > 0) == account->delivered,
          "there is a winner if it was delivered");
  REQUIRE(!poolsend_event_winner(event) ||
              poolsend_attempt_fate(poolsend_event_winner(event)) == POOLSEND_FATE_DELIVERED,
          "the winner has it");
  account->settled = true;
}

static void take_event(struct account *account, const struct poolsend_event *event)
{
  unsigned number = poolsend_event_attempt(event) ? poolsend_attempt_number(poolsend_event_attempt(event)) - 1 : 0;
  REQUIRE(!account->settled, "nothing comes after the settled event");
  REQUIRE(number < ATTEMPTS, "attempts are few");
  switch (poolsend_event_kind(event)) {
  case POOLSEND_EVENT_START:
    REQUIRE(number == account->count && !account->delivered, "attempts start in order, and none after the win");
    account->count++;
    account->running++;
    break;
  case POOLSEND_EVENT_FINISH:
    REQUIRE(number < account->count && !account->finished[number], "an attempt ends once");
    judge_attempt(poolsend_event_attempt(event));
    account->finished[number] = true;
    account->fates[number] = poolsend_attempt_fate(poolsend_event_attempt(event));
    account->running--;
    break;
  case POOLSEND_EVENT_DELIVERED:
    REQUIRE(number < account->count && !account->delivered, "one attempt wins");
    account->delivered = true;
    break;
  default:
    take_settled(account, event);
  }
}

static void take_events(struct account *account, struct poolsend_sender *sender)
{
  struct poolsend_event *event;
  while (poolsend_next(sender, 0, &event) == 0) {
    char *line = poolsend_event_json(event);
    REQUIRE(line && !shows_secret(line), "an event shows no secret");
    free(line);
    take_event(account, event);
    poolsend_event_free(event);
  }
}

/* What the server has seen since `before` was not more than the account says. What it said long before may be an answer
 * that comes late. */
static void judge_by_books(const struct account *account, unsigned door, const struct peer_books *before)
{
  struct peer_books books = peer_look(door);
  unsigned redirects = is_chosen('L') ? books.locations : 0;
  bool untouched = !account->sent[door] && !is_chosen('T');
  REQUIRE(!untouched || books.requests == before->requests, "what is unreached was not seen");
  REQUIRE(!untouched || is_chosen('2') || is_chosen('U') || books.bytes == before->bytes,
          "nothing was sent of what is unreached");
  if (books.opaque)
    return;
  REQUIRE(books.requests - before->requests <= account->sent[door] + redirects, "an attempt is one request");
  REQUIRE(account->answered[door] <= books.answers, "what is delivered or rejected was answered by the server");
}

static void send_one(struct poolsend_sender *sender)
{
  struct account account = {0};
  struct peer_books before[PEER_DOORS];
  int fd = poolsend_fd(sender);
  for (unsigned door = 0; door < PEER_DOORS; door++)
    before[door] = peer_look(door);
  submit(sender);
  ps_time begun = ps_now();
  while (!account.settled) {
    if (peer_serve(fd))
      poolsend_cancel_all(sender);
    take_events(&account, sender);
    REQUIRE(ps_now() - begun < PATIENCE, "a message settles within its limits");
  }
  for (unsigned door = 0; door < PEER_DOORS; door++)
    judge_by_books(&account, door, &before[door]);
}

/* ---- An input */

/* A sanitizer's pipes, which it has to its symbolizer, are none of ours. What they are is told if asked for. */
static unsigned count_descriptors(bool tell)
{
  DIR *directory = opendir("/proc/self/fd");
  unsigned count = 0;
  for (struct dirent *entry; directory && (entry = readdir(directory));) {
    char target[256] = "";
    ssize_t size = readlinkat(dirfd(directory), entry->d_name, target, sizeof target - 1);
    if (size <= 0 || strncmp(target, "pipe:", 5) == 0 || strncmp(target, "/dev/", 5) == 0)
      continue;
    count++;
    if (tell)
      fprintf(stderr, "descriptor %s: %s\n", entry->d_name, target);
  }
  if (directory)
    closedir(directory);
  return count;
}

/* The first input may have had libraries open what they keep. */
static void judge_descriptors(void)
{
  static unsigned before;
  unsigned count = count_descriptors(false);
  if (before && count > before)
    count_descriptors(true);
  REQUIRE(!before || count <= before, "no descriptor is left over");
  before = count;
}

static void send_all(struct poolsend_pool *pool)
{
  struct poolsend_sender *sender = make_sender(pool);
  unsigned messages = 1;
  for (const char *letter = run.letters; *letter && messages < MESSAGES; letter++)
    messages += *letter == 'm';
  for (unsigned i = 0; i < messages; i++)
    send_one(sender);
  struct poolsend_counts *counts = poolsend_counts_new(sender);
  REQUIRE(counts, "there is memory");
  REQUIRE(poolsend_counts_get(counts, POOLSEND_COUNT_SUBMITTED) == messages &&
              poolsend_counts_get(counts, POOLSEND_COUNT_DELIVERED) +
                      poolsend_counts_get(counts, POOLSEND_COUNT_UNDELIVERED) ==
                  messages &&
              !poolsend_counts_get(counts, POOLSEND_COUNT_PENDING),
          "messages are counted");
  REQUIRE(poolsend_counts_get(counts, POOLSEND_COUNT_STARTED) == poolsend_counts_get(counts, POOLSEND_COUNT_FINISHED),
          "attempts are counted");
  poolsend_counts_free(counts);
  poolsend_free(sender);
}

/* Whether the text is in the input, in letters of any kind. */
static bool has(const struct fuzz_input *input, const char *text)
{
  size_t size = strlen(text);
  for (const char *at = input->at; at + size <= input->end; at++)
    if (strncasecmp(at, text, size) == 0)
      return true;
  return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static struct poolsend_pool *pool;
  struct fuzz_input input = fuzz_input_of(data, size);
  if (!pool) {
    /* Else each sender would make libcurl ready anew. */
    REQUIRE(!curl_global_init(CURL_GLOBAL_DEFAULT), "there is a transport");
    REQUIRE(!poolsend_pool_new(&pool, PEER_DOORS, 8), "there is a pool");
    peer_open();
  }
  char *letters = fuzz_take_line(&input);
  run.letters = letters;
  run.has_secrets = !has(&input, SECRET) && !has(&input, BASE64);
  atomic_store(&run.knows_http2, is_chosen('2'));
  peer_begin(&(struct peer_script){
      .lines = input,
      .http2 = is_chosen('2') || is_chosen('U'),
      .patient = is_chosen('t'),
      .look = look_at_head,
  });
  send_all(pool);
  peer_end();
  judge_descriptors();
  free(letters);
  return 0;
}
