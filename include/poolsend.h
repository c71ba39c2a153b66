/* poolsend: send a message through an ordered list of HTTP APIs, and account for every attempt.
 *
 * A sender is made from a list of endpoints. A message given to it goes to the first endpoint; when that has not
 * answered within its hedge delay (one second), or as soon as it fails, the next one is started without giving up on
 * the first. The first success wins and is told at once, as a `delivered` event. What became of the attempts that
 * were left behind is told last, in exactly one `settled` event for every message.
 *
 * Threads. A sender has a coordinator thread and a worker thread for every request in flight; it starts them itself
 * and ends them in poolsend_free. Every function here may be called from any thread, unless it says otherwise.
 * Callbacks say which thread they run on.
 *
 * Ownership. What a caller passes in is copied unless the function says otherwise; what it gets back it owns until
 * it calls the matching free. All text is UTF-8 or bytes as they came, ended by NUL.
 *
 * Process-wide effects. poolsend_new calls curl_global_init. The library installs no signal handler, never prints and
 * never exits. A program that uses it should ignore SIGPIPE. TLS keys are written where SSLKEYLOGFILE says: unset it.
 *
 * Errors. Functions that can fail return 0, or a negative errno value. What a server did is never an error: it is told
 * in an event. */
#ifndef POOLSEND_H
#define POOLSEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define POOLSEND_VERSION "0.1.0"

#define POOLSEND_API __attribute__((visibility("default")))

/* ---- Time ---------------------------------------------------------------------------------------------------- */

/* Spans and instants, in nanoseconds. */
typedef int64_t poolsend_time;

#define POOLSEND_NEVER     INT64_MAX
#define POOLSEND_MS(count) ((poolsend_time)(count)*1000000)
#define POOLSEND_S(count)  ((poolsend_time)(count)*1000000000)

/* ---- What became of an attempt ------------------------------------------------------------------------------- */

enum poolsend_fate {
  POOLSEND_DELIVERED, /* a success answer came */
  POOLSEND_REJECTED,  /* a complete answer came that is not a success */
  POOLSEND_UNREACHED, /* nothing of the request was sent: it cannot have arrived */
  POOLSEND_UNKNOWN    /* some of it was sent and no answer came: it may have arrived */
};

enum poolsend_reason {
  POOLSEND_OK,
  POOLSEND_STATUS,    /* the status is not a success */
  POOLSEND_JSON,      /* the status is a success, the JSON test failed */
  POOLSEND_REDIRECT,  /* a redirect that could not be followed */
  POOLSEND_RESOLVE,   /* no address for the host (or the proxy) */
  POOLSEND_CONNECT,   /* no connection */
  POOLSEND_PROXY,     /* the proxy would not pass it on */
  POOLSEND_TLS,       /* no secure connection */
  POOLSEND_TIMEOUT,   /* its own time limit passed */
  POOLSEND_CANCELLED, /* cancelled by poolsend: settle time, answer wait, max-time or an interrupt */
  POOLSEND_RESET,     /* the connection broke */
  POOLSEND_PROTOCOL,  /* what came is not HTTP, or more of it than is taken */
  POOLSEND_TRUNCATED, /* the body of the answer broke off after a complete header */
  POOLSEND_GATEWAY,   /* a gateway answered 502 or 504 for an API whose own answer nobody saw */
  POOLSEND_TEMPLATE,  /* the message has not what the endpoint's templates ask for */
  POOLSEND_LOCAL      /* no memory, thread or descriptor here */
};

/* "delivered", "ok" ...: the words of the events. Static strings. */
POOLSEND_API const char *poolsend_fate_name(enum poolsend_fate fate);
POOLSEND_API const char *poolsend_reason_name(enum poolsend_reason reason);

/* When each step of a request was done, counted from the attempt's start; negative if it never was. `queue` is the
 * exception: how long the attempt waited for its start. */
struct poolsend_timings {
  poolsend_time queue, resolve, connect, tls, sent, first_byte, total;
};

/* A response body, decoded. */
struct poolsend_response {
  const char *data; /* the first bytes, at most max_response of them */
  size_t size;
  bool truncated; /* there was more, or the connection broke before its end */
  int spool; /* with keep_bodies, of the winner: a file with all of it, to be read with pread and not closed; else -1 */
  int spool_error; /* why it could not be kept: an errno value, or 0 */
};

struct poolsend_attempt {
  unsigned number;                 /* from 1, in starting order */
  unsigned endpoint;               /* index into the sender's endpoints */
  const char *name;                /* the endpoint's */
  const char *url;                 /* the endpoint's, without its secrets */
  poolsend_time started, finished; /* since the message was taken up; finished is negative while it runs */
  enum poolsend_fate fate;         /* this and what follows only once it has finished */
  enum poolsend_reason reason;
  int status;        /* of the last complete final header; 0: none came */
  const char *error; /* what went wrong, in words, or NULL */
  uint64_t bytes_sent;
  struct poolsend_timings timings;
  const struct poolsend_response *response; /* NULL: there is none (yet) */
};

/* ---- Events -------------------------------------------------------------------------------------------------- */

enum poolsend_event_kind {
  POOLSEND_EVENT_START = 1,
  POOLSEND_EVENT_FINISH = 2,
  POOLSEND_EVENT_DELIVERED = 4,
  POOLSEND_EVENT_SETTLED = 8
};

struct poolsend_pending {
  unsigned number;
  const char *name; /* the endpoint's */
};

/* Valid, with all that it points to, until poolsend_event_free. */
struct poolsend_event {
  enum poolsend_event_kind kind;
  const char *message; /* the message's id */
  uint64_t line;       /* the message's, as it was submitted; 0: none */
  poolsend_time t;     /* since the message was taken up */

  /* start, finish, delivered: the attempt it is about, as it was at that moment. delivered: without a response if
   * the body had not ended one hedge delay after the header. */
  struct poolsend_attempt attempt;

  /* delivered: the attempts still running, in starting order. */
  const struct poolsend_pending *pending;
  size_t pending_count;

  /* settled: every attempt, in starting order; `winner` is an index into them, or negative. */
  const struct poolsend_attempt *const *attempts;
  size_t attempt_count;
  int winner;

  /* settled without a winner: the names of the endpoints to which no attempt was made, in the list's order. */
  const char *const *not_tried;
  size_t not_tried_count;
};

/* NULL is fine. */
POOLSEND_API void poolsend_event_free(struct poolsend_event *event);

/* The event as one line of JSON without its newline, to be freed with free(); NULL: no memory. */
POOLSEND_API char *poolsend_event_json(const struct poolsend_event *event);

/* ---- Configuration ------------------------------------------------------------------------------------------- */

/* How requests to one endpoint are made. A zeroed struct with a URL is complete. Options have curl's meaning. */
struct poolsend_endpoint {
  const char *url;  /* http:// or https:// */
  const char *name; /* NULL: the URL's host, made unique */

  const char *method;         /* NULL: POST with a body, GET without */
  const char *const *headers; /* "Name: value"; "Name:" removes, "Name;" sends it empty */
  size_t header_count;
  const char *const *secret_headers; /* names of headers whose values are never shown, besides those that are known to
                                      * be secret */
  size_t secret_header_count;
  const char *user_agent; /* NULL: poolsend/VERSION; "": none */
  const char *userpwd;    /* user:password, for basic authentication */
  const char *bearer;     /* OAuth 2 bearer token */
  bool form_type;         /* a body without a Content-Type of its own is application/x-www-form-urlencoded */

  bool insecure; /* do not verify the peer's certificate */
  const char *cacert, *capath;
  const char *cert, *key, *key_password;

  const char *proxy, *noproxy;
  const char *unix_socket;
  const char *const *resolve, *const *connect_to;
  size_t resolve_count, connect_to_count;
  bool environment_proxy; /* heed http_proxy, https_proxy, all_proxy and no_proxy */

  bool follow, http2, compressed;
  poolsend_time connect_timeout; /* 0: none of its own */
  poolsend_time attempt_timeout; /* 0: the sender's */
  poolsend_time hedge_delay;     /* 0: the sender's; POOLSEND_NEVER: only its failure starts the next */
  unsigned hedge_permille;       /* 500 to 999: instead, that percentile of its own recent answers; 0: none */
  unsigned max_in_flight;        /* attempts at once; 0: a share of the workers */

  /* Values from a message that is JSON, where {{/pointer}} stands (RFC 6901), escaped for where they stand. A message that
   * lacks one, or has one that cannot stand there, is not sent to this endpoint (fate unreached, reason template). */
  bool url_template;                   /* in the path and the query of `url` */
  const char *const *header_templates; /* "Name: value", sent besides `headers` */
  size_t header_template_count;
  const char *body_template; /* JSON; a string that is a placeholder and nothing else becomes the value itself */

  /* What counts as accepted: "200-299,409", with JSON tests such as "/accepted=true" between them. NULL: 200-299. */
  const char *success;
};

/* One line of a conversation, for a person to read, without its newline and without secrets. Called on worker threads,
 * several at once. */
typedef void poolsend_trace_fn(void *context, const char *endpoint, const char *line);

struct poolsend_config {
  const struct poolsend_endpoint *endpoints;
  size_t endpoint_count;
  unsigned workers; /* requests in flight, shared out equally among the endpoints without a max_in_flight of their
                     * own; 0: one for each endpoint */

  poolsend_time hedge_delay;
  unsigned hedge_permille; /* 500 to 999: the hedge delay follows that percentile of each endpoint's recent answers,
                            * between 10 ms and 1 s, from 1 s until there are 100 of them; 0: it is fixed */
  double hedge_budget;     /* the share of recent messages that may be hedged on time, 0 to 1; negative: all */
  poolsend_time settle, answer_wait;
  poolsend_time max_time;        /* POOLSEND_NEVER: none */
  poolsend_time attempt_timeout; /* POOLSEND_NEVER: none */

  unsigned retries;
  poolsend_time retry_delay;    /* 0: exponential from one second, with jitter */
  poolsend_time retry_max_time; /* POOLSEND_NEVER: none */

  unsigned max_pending; /* messages taken up and unsettled, at most; 0: twice the workers. Those that probe an endpoint
                         * come on top, up to eight an endpoint */
  bool in_order;        /* one message at a time */
  bool no_breaker;      /* the list is kept strictly, however an endpoint fares */
  double rate;          /* new messages a second, at most; 0: as fast as they go */

  const char *fatal_status; /* "401,403": an answer that ends the matter for the whole message. NULL: none */
  bool no_idempotency_key;
  size_t max_body;     /* bytes of a message's body, at most */
  size_t max_response; /* bytes of a response that are kept in memory */
  bool keep_bodies;    /* keep all of the winner's response in a temporary file, see poolsend_response.spool */
  unsigned events;     /* poolsend_event_kind values, or-ed */

  poolsend_trace_fn *trace; /* NULL: none */
  void *trace_context;
};

/* Every default of the program: hedge delay 1 s, settle and answer wait 60 s, no other limit, 16 MiB of body, 1 MiB of
 * response, delivered and settled events. */
POOLSEND_API void poolsend_config_init(struct poolsend_config *config);

/* What was wrong and what would be right, in words. */
struct poolsend_error {
  char text[512];
  int endpoint; /* whose settings it is about (poolsend_new), an index into the endpoints; negative: not of a single
                 * one's */
};

/* What a configuration file says. */
struct poolsend_file {
  struct poolsend_config config;     /* with its endpoints, each with the defaults in it; there may be none */
  struct poolsend_endpoint defaults; /* for endpoints that are named elsewhere; `url` is NULL */
  const size_t *lines;               /* of each endpoint: the line where it begins, from 1 */
};

/* From JSON text as config.schema.json has it, strictly: what is unknown, twice there, of a wrong type or out of range is
 * refused. Secrets are read from the environment and from files where it says so. 0; -EINVAL, and `error` (which may be
 * NULL) says where and what would be right; -ENOMEM. Everything in `file` is its own until poolsend_file_free, which
 * takes NULL. */
POOLSEND_API int poolsend_file_parse(struct poolsend_file **file, const char *text, size_t size,
                                     struct poolsend_error *error);
POOLSEND_API void poolsend_file_free(struct poolsend_file *file);

/* ---- Sender -------------------------------------------------------------------------------------------------- */

struct poolsend_sender;

/* A sender from `config`, of which nothing is needed afterwards. -EINVAL: the configuration cannot be used, `error`
 * (which may be NULL) says why. -EMFILE, -EAGAIN: the limits of descriptors or threads are too low for
 * so many workers, `error` says which. -ENOMEM: no memory. */
POOLSEND_API int poolsend_new(struct poolsend_sender **sender, const struct poolsend_config *config,
                              struct poolsend_error *error);

/* Cancels what is not settled, waits for it, and frees everything. Events not fetched are lost; those fetched must have
 * been freed. No other call on this sender may be under way. NULL is fine. */
POOLSEND_API void poolsend_free(struct poolsend_sender *sender);

/* A body, in place of the message's own, for one endpoint. */
struct poolsend_part {
  const char *endpoint; /* its name */
  const void *body;
  size_t size;
  bool json;
};

struct poolsend_message {
  const char *id;   /* 1 to 255 of [A-Za-z0-9._:-]: names the message and is its Idempotency-Key */
  const void *body; /* NULL: no body at all */
  size_t size;
  bool json; /* sent as application/json, where the endpoint's headers do not say otherwise */

  const char *const *headers; /* "Name: value": in every request, instead of the endpoint's of that name */
  size_t header_count;
  const struct poolsend_part *parts;
  size_t part_count;
  uint64_t line; /* for its events: where it came from; 0: nowhere */
};

/* A message from one line of JSON, an envelope: an object with `body` (a string as it stands, or any JSON) or
 * `body_base64`, and if wanted `id`, `bodies` (by endpoint name) and `headers`. 0, and the message is the caller's until
 * poolsend_message_free, which takes NULL; its id is NULL if the envelope has none. -EINVAL, and `error` (which may be
 * NULL) says what is wrong; -ENOMEM. */
POOLSEND_API int poolsend_message_parse(struct poolsend_message **message, const char *text, size_t size,
                                        struct poolsend_error *error);
POOLSEND_API void poolsend_message_free(struct poolsend_message *message);

/* Room for a random identifier (a UUID, RFC 9562) and its NUL. */
#define POOLSEND_ID_SIZE 37
POOLSEND_API void poolsend_make_id(char id[POOLSEND_ID_SIZE]);

POOLSEND_API bool poolsend_id_is_valid(const char *id);

/* Take up a message, of which everything is copied, waiting at most `timeout` (0: not at all; POOLSEND_NEVER: as long as it
 * takes) until the sender can: until its first endpoint can take it soon, and there are not max_pending messages that have
 * not settled, or whose `settled` event nobody has fetched. 0; -ETIMEDOUT: not yet. -EINVAL: it cannot be sent, `error`
 * (which may be NULL) says why. -EMSGSIZE: its body is longer than max_body. -ESHUTDOWN: no more messages are taken up.
 * -ENOMEM. */
POOLSEND_API int poolsend_submit(struct poolsend_sender *sender, const struct poolsend_message *message,
                                 poolsend_time timeout, struct poolsend_error *error);

/* The next event, which nobody else gets, waiting for it at most `timeout` (POOLSEND_NEVER: as long as it takes). 0 and
 * an event, which the caller frees; -ETIMEDOUT; or -ESHUTDOWN: no more messages are taken up, all have settled, and
 * every event has been fetched. */
POOLSEND_API int poolsend_next(struct poolsend_sender *sender, poolsend_time timeout, struct poolsend_event **event);

/* Up to `room` events at once, with less trouble than one by one: the first is waited for as above. 0, and `count` of them are in
 * `events`; or as above, and there are none. */
POOLSEND_API int poolsend_take(struct poolsend_sender *sender, poolsend_time timeout, struct poolsend_event **events,
                               size_t room, size_t *count);

/* Take up no more messages. Those taken up go on as ever for at most `limit` from now; then they are cancelled. A second
 * call can only bring that closer. */
POOLSEND_API void poolsend_drain(struct poolsend_sender *sender, poolsend_time limit);

/* Nothing more starts, running attempts are cancelled, every message taken up settles; its events come as usual. */
POOLSEND_API void poolsend_cancel_all(struct poolsend_sender *sender);

struct poolsend_counts {
  uint64_t started;  /* attempts, since the sender was made */
  uint64_t finished; /* of these, those that have their fate */
  uint64_t pending;  /* messages taken up that have not settled, or whose settled event nobody has fetched */
};

POOLSEND_API struct poolsend_counts poolsend_count(struct poolsend_sender *sender);

/* ---- Looking before sending ---------------------------------------------------------------------------------- */

/* A request as it would be made, without secrets. */
struct poolsend_preview {
  const char *name, *url, *method;
  const char *const *headers; /* what is asked for and what poolsend adds; the transport adds Host and the like */
  size_t header_count;
  poolsend_time hedge_delay;
  const char *body; /* NULL: none. The message's is borrowed from it, one from a template is the preview's own */
  size_t size;
};

/* The request that `message` would be to the endpoint numbered `endpoint`, below the endpoint_count it was made with;
 * nothing is sent. NULL: no memory. poolsend_preview_free takes NULL. */
POOLSEND_API struct poolsend_preview *poolsend_preview(struct poolsend_sender *sender, unsigned endpoint,
                                                       const struct poolsend_message *message);
POOLSEND_API void poolsend_preview_free(struct poolsend_preview *preview);

/* As one line of JSON without its newline, to be freed with free(); NULL: no memory. */
POOLSEND_API char *poolsend_preview_json(const struct poolsend_preview *preview);

#ifdef __cplusplus
}
#endif

#endif
