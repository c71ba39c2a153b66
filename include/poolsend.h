/** @file poolsend.h
 * Send a message through an ordered list of HTTP APIs, and account for every attempt.
 *
 * A sender is made from a list of endpoints. A message given to it goes to the first endpoint; when that has not
 * answered within its hedge delay (one second), or as soon as it fails, the next one is started without giving up on
 * the first. The first success wins and is told at once. What became of the attempts that were left behind is told
 * last: exactly once for every message taken up, whatever happens.
 *
 *     struct poolsend_config *config = poolsend_config_new();
 *     poolsend_config_add(config, "https://a.example/");
 *     poolsend_config_add(config, "https://b.example/");
 *     struct poolsend_sender *sender = poolsend_open(config);
 *     if (!sender)
 *       fprintf(stderr, "%s\n", poolsend_config_error(config));
 *
 *     struct poolsend_message *message = poolsend_message_new("{\"alert\": \"disk full\"}", POOLSEND_TEXT);
 *     struct poolsend_report *report;
 *     const struct poolsend_event *event;
 *     if (poolsend_deliver(sender, message, POOLSEND_NEVER, &report) == 0) { // returns at the win
 *       poolsend_report_delivered(report, 0, &event);
 *       printf("%s has it\n", poolsend_attempt_name(poolsend_event_winner(event)));
 *     }
 *     if (poolsend_report_settled(report, POOLSEND_NEVER, &event) == 0) // now every attempt has its fate
 *       printf("APIs: %zu got it, %zu may have\n", poolsend_event_fate_count(event, POOLSEND_FATE_DELIVERED),
 *              poolsend_event_fate_count(event, POOLSEND_FATE_UNKNOWN));
 *
 *     poolsend_report_free(report);
 *     poolsend_message_free(message);
 *     poolsend_free(sender);
 *     poolsend_config_free(config);
 *
 * The pool below it serves alone too: a fixed number of threads for any blocking job, whose end can be awaited for a
 * while without cancelling it.
 *
 * **How events arrive.** There are four ways, and every event takes exactly one of them. They are pulled, one by one
 * or many at a time (poolsend_next, poolsend_take), on any thread, or when a descriptor is readable (poolsend_fd); or
 * they are pushed to a callback (poolsend_config_on_event); or those of one message are kept in its report
 * (poolsend_submit_report, poolsend_deliver), as long as somebody holds it. They cannot fill the memory: new messages
 * wait until the events of those given to poolsend_submit are fetched (`max_pending`), and only the newest accounts
 * are kept that nobody asked for (poolsend_report_free).
 *
 * **Handles.** Everything is a handle: no struct has fields here, and what one says is asked by a function. A later
 * version can add functions, names of options and enumerators, and nothing else that a program compiled today would
 * see: a switch over an enumeration wants a default. NULL may be passed for every handle: those that could not be made
 * need no check of their own. A function that frees does nothing then, one that reads finds nothing, and one that can
 * fail returns a negative errno value. A zero is never a verdict.
 *
 * **Ownership.** What a caller passes in is copied unless the function says otherwise; what it gets it owns until it
 * calls the matching free; where a function fails it gets NULL. Events, reports and previews are freed before their
 * sender, a sender before a pool that it was given; configurations and messages whenever one likes. All text is UTF-8,
 * or bytes as they came, ended by NUL. The locale that the program has set, if any, changes nothing but the words of
 * the system about its errors.
 *
 * **Errors.** Functions that can fail return 0, a negative errno value, or one of poolsend_result: these are no
 * failures, and the caller has to handle them. What a server did is never an error: it is told in an event. What was
 * wrong with a configuration or a message, and what would be right, it says itself in one clean line
 * (poolsend_config_error, poolsend_message_error), and the first error of each sticks: so it is enough to look at what
 * poolsend_open and poolsend_submit return. For all else there is poolsend_strerror.
 *
 * **Threads.** Every function may be called from any thread, at the same time as any other on the same handle, except
 * those that free the handle: they come last; and except those of a configuration or a message that is being made: one
 * thread at a time. A sender has a thread of its own, the coordinator, and a thread of its pool for every request in
 * flight; they are started when first needed, but for one for each endpoint, which it has from the beginning: where
 * the system has no more threads to give later, attempts wait for those of their endpoint
 * (POOLSEND_COUNT_THREADS_DENIED). A name is looked up in one more thread, once a minute. Callbacks say which thread
 * they run on. No lock is held while one runs, and none is held while anything blocks. A thread must not be cancelled
 * (pthread_cancel) in a call.
 *
 * **Signals.** The library installs no handler, and its threads block every signal but those that a thread raises by a
 * fault of its own, so handlers run on the caller's threads; a program that a callback or a job starts inherits that.
 * A connection that breaks raises no SIGPIPE anywhere. No function may be called in a handler, and a signal ends no
 * wait: a program that is to stop for one waits for it on a thread (sigwait, signalfd), which then calls
 * poolsend_cancel_all or poolsend_close.
 *
 * **Callbacks and jobs.** They return: no exception, longjmp or pthread_exit may leave them, nor may a child of fork
 * that they make, which ends by _exit or exec.
 *
 * **The end.** Free every sender before the process ends by exit or a return from main: the TLS library takes itself
 * apart then, whoever is using it. A process that ends by _exit, or is killed, needs nothing, and leaves its accounts
 * untold.
 *
 * **fork.** A child has none of the parent's threads, so senders and pools of the parent are dead in it: functions
 * that can fail return -ECHILD, those that free them do nothing, nothing blocks, and the parent's messages are not
 * disturbed. Events that were fetched can still be read. A child may make pools and senders of its own, as far as the
 * system's resolver and TLS library bear a fork of several threads: exec is safer. The library's descriptors close on
 * exec.
 *
 * **Process-wide effects.** poolsend_open calls curl_global_init, and poolsend_free curl_global_cleanup, which count:
 * a program that uses libcurl itself should call the first too, or the last poolsend_free ends libcurl for it. The
 * soft limits of open descriptors (RLIMIT_NOFILE) and, but for root, of threads (RLIMIT_NPROC) are raised to the hard
 * ones where a sender needs more. Nothing is printed, the process is never ended (but by a broken lock, which is a
 * bug), no environment variable is set. When every pool and sender has been freed no thread of the library's is left
 * and no descriptor, and it may be unloaded by dlclose; but a look-up of a name that hangs then has a thread of its
 * own, which ends when the system's resolver returns, and until the process ends the library stays loaded for it.
 * libcurl always stays loaded. With libcurl before 7.84 no other thread may use libcurl for the first time while a
 * sender is made.
 *
 * **Environment.** Proxies (http_proxy, https_proxy, all_proxy, no_proxy) are taken from it only where the
 * configuration says so (`environment_proxy`), and the file for TLS keys likewise (`log_tls_keys`): with libcurl for
 * OpenSSL, SSLKEYLOGFILE is otherwise ignored, but for an empty file that libcurl makes. TMPDIR is where responses are
 * kept (`keep_bodies`). A configuration file may name variables for secrets. What libcurl and the TLS library read by
 * themselves is theirs: SSL_CERT_DIR and SSL_CERT_FILE where no certificates are named and the system has no directory
 * of them, OPENSSL_CONF, and what the system's resolver heeds. */
#ifndef POOLSEND_H
#define POOLSEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What the shared library shows. */
#define POOLSEND_API __attribute__((visibility("default")))

/* ---- Version ------------------------------------------------------------------------------------------------- */

/** The version of this header; and the same for the preprocessor, a byte each for major, minor and patch. */
#define POOLSEND_VERSION        "0.2.0"
#define POOLSEND_VERSION_NUMBER 0x000200

/** The version of the library that runs, "major.minor.patch". A static string. */
POOLSEND_API const char *poolsend_version(void);

/* ---- Spans and instants -------------------------------------------------------------------------------------- */

/** Spans and instants, in nanoseconds. A span below 0 counts as 0. */
typedef int64_t poolsend_time;

#define POOLSEND_NEVER     INT64_MAX                                  /**< as a limit: none */
#define POOLSEND_MS(count) POOLSEND_SPAN((count)*INT64_C(1000000))    /**< milliseconds, fractions too */
#define POOLSEND_S(count)  POOLSEND_SPAN((count)*INT64_C(1000000000)) /**< seconds, likewise */
#ifdef __cplusplus
#define POOLSEND_SPAN(count) static_cast<poolsend_time>(count) /**< nanoseconds */
#else
#define POOLSEND_SPAN(count) ((poolsend_time)(count)) /**< nanoseconds */
#endif

/* ---- Errors -------------------------------------------------------------------------------------------------- */

/** What functions return besides 0 and a negative errno value. */
enum poolsend_result {
  POOLSEND_TIMEOUT = 1,     /**< not within the time that was given; nothing is lost, ask again */
  POOLSEND_CLOSED = 2,      /**< never again: it was closed, and nothing is left */
  POOLSEND_UNDELIVERED = 3, /**< the message has settled, and no attempt won */
  POOLSEND_PENDING = 4      /**< the message was taken up, and is not delivered yet; it goes on */
};

/** What a function has returned, in words, with those of the system for errno values. A static string. */
POOLSEND_API const char *poolsend_strerror(int result);

/* ---- The pool ------------------------------------------------------------------------------------------------ */

/** A fixed pool of threads for blocking jobs, first come first served. */
struct poolsend_pool;

/** A job given to a pool, as long as somebody wants to hear of it. */
struct poolsend_job;

/** What a job does, on a thread of the pool, with no lock held; what it returns is its result. It may block, and submit
 * jobs; one that waits for others of its own pool, or for a sender on it, waits for ever when all threads do so. */
typedef void *poolsend_job_fn(void *context);

/** A pool of at most `threads` threads (1 to 100000), started when first needed, and kept. There may be `queue` more
 * jobs that were submitted and have not ended than threads. 0; -EINVAL; -ENOMEM. */
POOLSEND_API int poolsend_pool_new(struct poolsend_pool **pool, unsigned threads, unsigned queue);

/** Waits for all jobs, ends the threads. Handles of jobs stay valid. The pool's senders must have been freed, and no
 * call on it may be under way; not from a job of its own. */
POOLSEND_API void poolsend_pool_free(struct poolsend_pool *pool);

/** Have `run(context)` called once, on a thread of the pool. While there are too many jobs it waits for room, at most
 * `timeout` (0: it only tries; POOLSEND_NEVER: as long as it takes). On 0 `*job` is a handle, to be freed; where `job`
 * is NULL nobody will hear of the end. POOLSEND_TIMEOUT: no room. POOLSEND_CLOSED: the pool is draining. -ENOMEM.
 * -EAGAIN: no thread is idle, and none can be made. -ECHILD. On all but 0 `run` is not called, and `*job` is NULL. */
POOLSEND_API int poolsend_pool_submit(struct poolsend_pool *pool, poolsend_job_fn *run, void *context,
                                      poolsend_time timeout, struct poolsend_job **job);

/** Take no more jobs, and wait at most `timeout` until those there are have ended. 0; POOLSEND_TIMEOUT: some go on;
 * -ECHILD. Not from a job of its own, but with a `timeout` of 0. */
POOLSEND_API int poolsend_pool_drain(struct poolsend_pool *pool, poolsend_time timeout);

/** Wait at most `timeout` for the job's end, without cancelling it: on POOLSEND_TIMEOUT it goes on, and can be awaited
 * again, by several threads too. 0: it has ended, and `*result` (if that is not NULL) is what it returned. -ECANCELED:
 * it was withdrawn. -ECHILD. */
POOLSEND_API int poolsend_job_wait(struct poolsend_job *job, poolsend_time timeout, void **result);

/** Take back a job that no thread has begun. True: it will never run, and its context is the caller's again. */
POOLSEND_API bool poolsend_job_withdraw(struct poolsend_job *job);

/** Gives up the handle; the job goes on. */
POOLSEND_API void poolsend_job_free(struct poolsend_job *job);

/** Figures of a pool. Threads: of this moment. Jobs: since it was made, but for those that wait. */
enum poolsend_pool_figure {
  POOLSEND_POOL_LIMIT = 1, /**< threads there may be */
  POOLSEND_POOL_THREADS,   /**< threads there are */
  POOLSEND_POOL_RUNNING,   /**< of these, those at work, for jobs or for senders */
  POOLSEND_POOL_WAITING,   /**< jobs, and attempts of senders, for which no thread is free */
  POOLSEND_POOL_SUBMITTED, /**< jobs */
  POOLSEND_POOL_FINISHED,  /**< of these, those that have ended */
  POOLSEND_POOL_WITHDRAWN, /**< of these, those taken back */
  POOLSEND_POOL_DENIED     /**< times that the system had no thread to give */
};

/** How a pool fares, one figure at a time. 0 for one that this version does not know, for NULL, and in a child of
 * fork. */
POOLSEND_API uint64_t poolsend_pool_count(struct poolsend_pool *pool, enum poolsend_pool_figure figure);

/* ---- What became of an attempt ------------------------------------------------------------------------------- */

/** What became of the data that an attempt was to bring. */
enum poolsend_fate {
  POOLSEND_FATE_NONE = 0,  /**< none yet: the attempt runs. A zero is never a verdict */
  POOLSEND_FATE_DELIVERED, /**< a success answer came */
  POOLSEND_FATE_REJECTED,  /**< a complete answer came that is not a success */
  POOLSEND_FATE_UNREACHED, /**< nothing of the request was sent: it cannot have arrived */
  POOLSEND_FATE_UNKNOWN    /**< some of it was sent and no answer came, or none that can be read: it may have arrived */
};

/** Why. */
enum poolsend_reason {
  POOLSEND_REASON_NONE = 0,  /**< it has no fate yet */
  POOLSEND_REASON_OK,        /**< a success answer came */
  POOLSEND_REASON_STATUS,    /**< the status is not a success */
  POOLSEND_REASON_JSON,      /**< the status is a success, the JSON test failed; or, unknown: the body cannot be read
                              * for it, being no JSON, or nested more than 256 deep */
  POOLSEND_REASON_REDIRECT,  /**< a redirect that was not followed, or what came of one */
  POOLSEND_REASON_RESOLVE,   /**< no address for the host (or the proxy) */
  POOLSEND_REASON_CONNECT,   /**< no connection */
  POOLSEND_REASON_PROXY,     /**< the proxy would not pass it on */
  POOLSEND_REASON_TLS,       /**< no secure connection */
  POOLSEND_REASON_TIMEOUT,   /**< its own time limit passed */
  POOLSEND_REASON_CANCELLED, /**< by the sender: settle time, answer wait, max-time, or on request */
  POOLSEND_REASON_RESET,     /**< the connection broke */
  POOLSEND_REASON_PROTOCOL,  /**< what came is not HTTP, or more of it than is taken */
  POOLSEND_REASON_TRUNCATED, /**< the body of the answer broke off after a complete header */
  POOLSEND_REASON_GATEWAY,   /**< a gateway (502, 504, 520, 522, 524) answered for an API whose own answer nobody saw */
  POOLSEND_REASON_TEMPLATE,  /**< the message has not what the endpoint's templates ask for */
  POOLSEND_REASON_LOCAL      /**< no memory, thread or descriptor here */
};

/** "delivered", "rejected" ...: the word that events have for it; "none" while there is no fate; "?" for one that this
 * version does not know. A static string. */
POOLSEND_API const char *poolsend_fate_name(enum poolsend_fate fate);

/** "ok", "status" ...: likewise. */
POOLSEND_API const char *poolsend_reason_name(enum poolsend_reason reason);

/* ---- Attempts ------------------------------------------------------------------------------------------------ */

/** One request of one message to one endpoint, as it was when its event was told. It belongs to the event from which
 * it was got, and is valid, like every text that the functions below return, until that event is freed (one of a
 * report: until the report is). Any thread may read it. NULL may be passed to every function: it is an attempt of
 * which nothing is known (yet). */
struct poolsend_attempt;

/** Its number, from 1 in starting order. */
POOLSEND_API unsigned poolsend_attempt_number(const struct poolsend_attempt *attempt);

/** Which of the sender's endpoints it went to, counted from 0. UINT_MAX: it is not known. */
POOLSEND_API unsigned poolsend_attempt_endpoint(const struct poolsend_attempt *attempt);

/** The endpoint's name. */
POOLSEND_API const char *poolsend_attempt_name(const struct poolsend_attempt *attempt);

/** The endpoint's URL, without its secrets. */
POOLSEND_API const char *poolsend_attempt_url(const struct poolsend_attempt *attempt);

/** When it started, since its message was taken up. Negative: it is not known. */
POOLSEND_API poolsend_time poolsend_attempt_started(const struct poolsend_attempt *attempt);

/** When it had its fate, counted likewise. Negative: it was still running. */
POOLSEND_API poolsend_time poolsend_attempt_finished(const struct poolsend_attempt *attempt);

/** What became of its data. POOLSEND_FATE_NONE: it was still running. */
POOLSEND_API enum poolsend_fate poolsend_attempt_fate(const struct poolsend_attempt *attempt);

/** Why. POOLSEND_REASON_NONE: it was still running. */
POOLSEND_API enum poolsend_reason poolsend_attempt_reason(const struct poolsend_attempt *attempt);

/** The HTTP status of the last complete final header. 0: none came, or it was still running. */
POOLSEND_API int poolsend_attempt_status(const struct poolsend_attempt *attempt);

/** What went wrong, in words: one clean line. NULL: nothing did, or it was still running. */
POOLSEND_API const char *poolsend_attempt_error(const struct poolsend_attempt *attempt);

/** How many bytes of its request were sent. 0 while it was running. */
POOLSEND_API uint64_t poolsend_attempt_bytes_sent(const struct poolsend_attempt *attempt);

/** The steps of a request. */
enum poolsend_timing {
  POOLSEND_TIMING_QUEUE = 1,  /**< how long it waited for its start */
  POOLSEND_TIMING_RESOLVE,    /**< this and the next count from its start: the address was found */
  POOLSEND_TIMING_CONNECT,    /**< there was a connection */
  POOLSEND_TIMING_TLS,        /**< it was secure */
  POOLSEND_TIMING_SENT,       /**< the request was sent */
  POOLSEND_TIMING_FIRST_BYTE, /**< the answer began */
  POOLSEND_TIMING_TOTAL       /**< it was over */
};

/** When a step was done. Negative: never, as for one that did not come to it (or found its connection open); or it
 * was still running. */
POOLSEND_API poolsend_time poolsend_attempt_timing(const struct poolsend_attempt *attempt, enum poolsend_timing step);

/** The body of its response, decoded: the first bytes, at most max_response of them, not ended by NUL. `*size` (if
 * `size` is not NULL) is how many they are. A response without a body has 0 of them. NULL: there is no response
 * (yet). */
POOLSEND_API const char *poolsend_attempt_response(const struct poolsend_attempt *attempt, size_t *size);

/** True: these are not all, since there were more or the connection broke before the end. */
POOLSEND_API bool poolsend_attempt_response_is_truncated(const struct poolsend_attempt *attempt);

/** With keep_bodies, of the winner: a descriptor of a file with all of the response, to be read with pread and not to
 * be closed. -1: there is none. `*error` (if `error` is not NULL) is the errno value of why it could not be
 * kept, or 0. */
POOLSEND_API int poolsend_attempt_response_file(const struct poolsend_attempt *attempt, int *error);

/* ---- Events -------------------------------------------------------------------------------------------------- */

/** What is told of a message; values that can be or-ed. */
enum poolsend_event_kind {
  POOLSEND_EVENT_NONE = 0,      /**< of NULL, which is no event */
  POOLSEND_EVENT_START = 1,     /**< an attempt has started */
  POOLSEND_EVENT_FINISH = 2,    /**< an attempt has its fate */
  POOLSEND_EVENT_DELIVERED = 4, /**< an attempt has won: once at most */
  POOLSEND_EVENT_SETTLED = 8    /**< every attempt has its fate: once, and last */
};

/** Something that was told of a message. It does not change, and is valid, with all that the functions below return,
 * until poolsend_event_free (one of a report: until the report is freed). Any thread may read it. NULL may be passed
 * to every function: it is no event, and tells nothing. What belongs to another kind of event is not there either: 0
 * or NULL. */
struct poolsend_event;

/** Any thread. NULL is fine. Not for the event of a report, which is the report's. */
POOLSEND_API void poolsend_event_free(struct poolsend_event *event);

/** What it tells. */
POOLSEND_API enum poolsend_event_kind poolsend_event_kind(const struct poolsend_event *event);

/** The id of its message. */
POOLSEND_API const char *poolsend_event_id(const struct poolsend_event *event);

/** The line that its message was tagged with. 0: none. */
POOLSEND_API uint64_t poolsend_event_line(const struct poolsend_event *event);

/** The context that its message was tagged with. NULL: none. */
POOLSEND_API void *poolsend_event_context(const struct poolsend_event *event);

/** When it was so, since the message was taken up; of NULL, negative. */
POOLSEND_API poolsend_time poolsend_event_time(const struct poolsend_event *event);

/** start, finish, delivered: the attempt it is about, as it was at that moment. delivered: without a response if the
 * body had not ended one hedge delay after the header. NULL: the event is a settled one. */
POOLSEND_API const struct poolsend_attempt *poolsend_event_attempt(const struct poolsend_event *event);

/** delivered, settled: the attempt that won; of a settled event, one of its attempts. NULL: none won. */
POOLSEND_API const struct poolsend_attempt *poolsend_event_winner(const struct poolsend_event *event);

/** settled: the number of attempts. */
POOLSEND_API size_t poolsend_event_attempt_count(const struct poolsend_event *event);

/** settled: the attempt at `index`, from 0 in starting order. NULL: there are not so many. */
POOLSEND_API const struct poolsend_attempt *poolsend_event_attempt_at(const struct poolsend_event *event, size_t index);

/** settled: how many of the attempts met this fate, the winner among them. */
POOLSEND_API size_t poolsend_event_fate_count(const struct poolsend_event *event, enum poolsend_fate fate);

/** delivered: how many attempts were still running. */
POOLSEND_API size_t poolsend_event_pending_count(const struct poolsend_event *event);

/** delivered: the number of the one at `index`, from 0 in starting order. 0: there are not so many. */
POOLSEND_API unsigned poolsend_event_pending_number(const struct poolsend_event *event, size_t index);

/** delivered: the name of its endpoint. NULL: there are not so many. */
POOLSEND_API const char *poolsend_event_pending_name(const struct poolsend_event *event, size_t index);

/** settled without a winner: to how many endpoints no attempt was made. */
POOLSEND_API size_t poolsend_event_not_tried_count(const struct poolsend_event *event);

/** settled without a winner: the name of the one at `index`, from 0 in the list's order. NULL: there are not so
 * many. */
POOLSEND_API const char *poolsend_event_not_tried(const struct poolsend_event *event, size_t index);

/** The event as one line of JSON without its newline, as the program prints it (events.schema.json), to be freed with
 * free(3). NULL: no memory. */
POOLSEND_API char *poolsend_event_json(const struct poolsend_event *event);

/* ---- Configuration ------------------------------------------------------------------------------------------- */

/** What a sender is to be made of: options by name, and endpoints in the order in which they are tried. Every option,
 * with its spellings and its default, is in poolsend-config(5); besides the keys of the file there are `events`,
 * `keep_bodies`, `log_tls_keys`, `environment_proxy`, `form` and `secret_headers`. A value is a text, as the command
 * line and the file have it: "500ms", "true", "16M". What the file has as an object or an array is JSON here too:
 * headers, success, body, resolve; and a secret may be {"env": NAME} or {"file": PATH}.
 *
 * The first error sticks: whatever is set after it is not looked at, and poolsend_open gives NULL. So it is enough to
 * ask once, at the end. One thread at a time may use a configuration; every function takes NULL for one that could not
 * be made. */
struct poolsend_config;

/** Endpoints, the messages on their way to them, and the events about these. */
struct poolsend_sender;

/** One endpoint of a configuration, to which it belongs: valid until that is freed. */
struct poolsend_endpoint;

/** A configuration without endpoints, to be freed with poolsend_config_free. NULL: no memory. */
POOLSEND_API struct poolsend_config *poolsend_config_new(void);

/** Frees it with its endpoints. Senders made of it do not need it any more. */
POOLSEND_API void poolsend_config_free(struct poolsend_config *config);

/** Sets an option of the sender, or one of an endpoint's as the default of all endpoints. Text is copied; lists and
 * headers are added to. 0; -EINVAL: there is no such option, or its value is wrong; -ENOMEM. */
POOLSEND_API int poolsend_config_set(struct poolsend_config *config, const char *name, const char *value);

/** Adds what a configuration file of `size` bytes of JSON says (poolsend-config(5)): options, and endpoints at the end.
 * Reads the environment and the files that it names. 0; -EINVAL: the error has line and path; -ENOMEM. */
POOLSEND_API int poolsend_config_load(struct poolsend_config *config, const char *json, size_t size);

/** Adds an endpoint at the end. `url` may be NULL, to be set later. NULL: no memory, or an error stuck. */
POOLSEND_API struct poolsend_endpoint *poolsend_config_add(struct poolsend_config *config, const char *url);

/** Sets an option of this endpoint alone. 0; -EINVAL; -ENOMEM. The error is the configuration's. */
POOLSEND_API int poolsend_endpoint_set(struct poolsend_endpoint *endpoint, const char *name, const char *value);

/** Requests run on this pool, which must outlive the sender. With a thread for each of its senders' workers, and eight
 * more for each endpoint of a sender that has several and breakers, none waits for another's; with fewer, attempts wait
 * for a thread as for a slot. NULL: a pool of the sender's own, which is that large. */
POOLSEND_API void poolsend_config_pool(struct poolsend_config *config, struct poolsend_pool *pool);

/** An event, which is the callee's: it frees it, now or later. Called on the coordinator's thread, one at a time and in
 * order. While it runs no hedge starts and nothing is cancelled, so it should be over in microseconds: what takes
 * longer is for another thread, a pool's for example. It may call everything on its own sender but poolsend_free; what would
 * have to wait for that returns -EDEADLK there, unless its timeout is 0. */
typedef void poolsend_event_fn(void *context, struct poolsend_event *event);

/** Events are pushed to `on_event`, and none can be pulled: poolsend_next then only waits for POOLSEND_CLOSED, which it
 * returns when the last call has. NULL: they are pulled. */
POOLSEND_API void poolsend_config_on_event(struct poolsend_config *config, poolsend_event_fn *on_event, void *context);

/** One line of a conversation, for a person to read, without its newline and without secrets. Called on worker threads,
 * several at once, which may have no more than 128 KiB of stack; the request waits for it. It may call nothing of its
 * sender that waits. */
typedef void poolsend_trace_fn(void *context, const char *endpoint, const char *line);

/** Conversations are told to `trace`. NULL: to nobody. */
POOLSEND_API void poolsend_config_trace(struct poolsend_config *config, poolsend_trace_fn *trace, void *context);

/** What went wrong first, or at the last poolsend_open, in one line of words: what was wrong and what would be right;
 * "" if nothing did. Valid until the configuration is used again. */
POOLSEND_API const char *poolsend_config_error(const struct poolsend_config *config);

/** The same as a negative errno value: -EINVAL: the configuration cannot be used, or not under the limit of threads
 * (RLIMIT_NPROC). -EMFILE: it asks for more workers than the limit of descriptors allows. -EAGAIN: the system has no
 * thread to give for each endpoint. -ENOMEM. -ECHILD: the pool is a parent's. 0: nothing went wrong. */
POOLSEND_API int poolsend_config_failed(const struct poolsend_config *config);

/** A sender of this configuration, which it copies: that may be changed, used again, freed. NULL: an error stuck, or it
 * cannot be made; poolsend_config_error says why. Each worker needs a thread and three descriptors once it is at work,
 * and so does each probe of an endpoint that was found failing, up to eight of them at once. Blocks only for files that
 * the configuration names. */
POOLSEND_API struct poolsend_sender *poolsend_open(struct poolsend_config *config);

/* ---- The sender ---------------------------------------------------------------------------------------------- */

/** Take up no more messages: submitters that wait, or come later, get POOLSEND_CLOSED. Those taken up go on as ever for
 * at most `limit` from now, and are then cancelled (0: at once; POOLSEND_NEVER: they settle by the rules). Events come
 * as usual until POOLSEND_CLOSED. A second call can only bring the limit closer. Never blocks. */
POOLSEND_API void poolsend_close(struct poolsend_sender *sender, poolsend_time limit);

/** Cancels what has not settled, waits for it, and frees everything. To let it settle, close the sender, and fetch
 * events until POOLSEND_CLOSED. With `on_event` every event is told before this returns; else events not fetched are
 * lost; those fetched, and reports, must have been freed. No other call on this sender may be under way: close it, and
 * see submitters come back, first. */
POOLSEND_API void poolsend_free(struct poolsend_sender *sender);

/* ---- Messages ------------------------------------------------------------------------------------------------ */

/** Something to send: a body, and what goes with it. Everything that is put into it is copied, and a sender that takes
 * it up makes a copy of its own: the same message may then be sent again, to this sender or to another, be changed, or
 * be freed. To use one again and again is cheapest: what memory a small one needs is kept.
 *
 * Everything is checked when it is set. The first error sticks, until the message is cleared or loaded: nothing that
 * is set after it is looked at, and submitting returns it. So it is enough to look at what poolsend_submit returns.
 * One thread at a time may use a message; NULL, which is one that there was no memory for, may be passed to every
 * function. */
struct poolsend_message;

/** As the size of a body or of JSON: it is a text, up to its NUL, which is no part of it. */
#define POOLSEND_TEXT SIZE_MAX

/** A message with a body of `size` bytes, or without one where `body` is NULL, to be freed with poolsend_message_free.
 * NULL: no memory. */
POOLSEND_API struct poolsend_message *poolsend_message_new(const void *body, size_t size);

/** NULL is fine. Messages that were submitted go on. */
POOLSEND_API void poolsend_message_free(struct poolsend_message *message);

/** Makes it as new, without a body, a tag or an error. The memory of a large one is given back. */
POOLSEND_API void poolsend_message_clear(struct poolsend_message *message);

/** Its body is this, and not what it was; NULL: it has none. 0; -EINVAL: `body` is NULL, and `size` is not 0; -ENOMEM.
 * */
POOLSEND_API int poolsend_message_body(struct poolsend_message *message, const void *body, size_t size);

/** Sets an option of the message by its name. "id": 1 to 255 of [A-Za-z0-9._:-], which names the message and is its
 * Idempotency-Key, in the place of a random one. "json": "true", it is sent as application/json where the endpoint's
 * headers do not say otherwise, or "false". 0; -EINVAL: there is no such option, or its value is wrong; -ENOMEM. */
POOLSEND_API int poolsend_message_set(struct poolsend_message *message, const char *name, const char *value);

/** Adds a header, "Name: value", to every request of the message, instead of the endpoint's of that name. 0; -EINVAL;
 * -ENOMEM. */
POOLSEND_API int poolsend_message_header(struct poolsend_message *message, const char *line);

/** For the endpoint of this name, its body is this instead; NULL: it is the message's again. `json` as the option.
 * A name that no endpoint has is found when the message is submitted. 0; -EINVAL; -ENOMEM. */
POOLSEND_API int poolsend_message_part(struct poolsend_message *message, const char *endpoint, const void *body,
                                       size_t size, bool json);

/** What its events are to bring back: the line it comes from (0: none), and whatever the caller likes. */
POOLSEND_API void poolsend_message_tag(struct poolsend_message *message, uint64_t line, void *context);

/** Makes it what an envelope says, one line of JSON: an object with `body` (a string as it stands, or any JSON) or
 * `body_base64`, and if wanted `id`, `bodies` (by the name of the endpoint) and `headers`, nested at most 256 deep.
 * What the message was before, its error too, is replaced; only its tag stays. 0; -EINVAL: it is no such envelope;
 * -ENOMEM. */
POOLSEND_API int poolsend_message_load(struct poolsend_message *message, const char *json, size_t size);

/** The id that it was given; of an envelope that was refused too, where that could be read. NULL: none. Valid until the
 * message is changed. */
POOLSEND_API const char *poolsend_message_id(const struct poolsend_message *message);

/** The error that stuck, or of the last submit or preview: what was wrong and what would be right, as one clean line;
 * "" if nothing was. Valid until the message is used again. */
POOLSEND_API const char *poolsend_message_error(const struct poolsend_message *message);

/** Room for a random identifier (a UUID, RFC 9562) and its NUL. */
#define POOLSEND_ID_SIZE 37

/** A random identifier: 122 bits from the system. */
POOLSEND_API void poolsend_make_id(char id[POOLSEND_ID_SIZE]);

/** True: a message may have this id. */
POOLSEND_API bool poolsend_id_is_valid(const char *id);

/** Take up a message, of which everything is copied, waiting at most `timeout` (0: not at all; POOLSEND_NEVER: as long
 * as it takes) until the sender can: until its first endpoint can take it soon, and there are not max_pending messages
 * that have not settled, or were given to this function and nobody has fetched their settled event: a thread that
 * fetches too should not wait here. 0; POOLSEND_TIMEOUT: not yet; poolsend_fd tells when it may be worth while to try
 * again. POOLSEND_CLOSED: no more messages are taken up. -EINVAL: it cannot be sent; -EMSGSIZE: its body is longer than
 * max_body; -ENOMEM; -ECHILD; -EDEADLK: poolsend_message_error says it in words. */
POOLSEND_API int poolsend_submit(struct poolsend_sender *sender, struct poolsend_message *message,
                                 poolsend_time timeout);

/** Cancel the messages of this id that were taken up and have not settled: nothing more of them starts, running
 * attempts are cancelled, and their events come as usual. Never waits: whether it came in time is told by the settled
 * event. 0; -EINVAL: no message can have this id; -ENOMEM; -ECHILD. */
POOLSEND_API int poolsend_cancel(struct poolsend_sender *sender, const char *id);

/** The same of every message taken up. More may be submitted. */
POOLSEND_API void poolsend_cancel_all(struct poolsend_sender *sender);

/* ---- Fetching events ----------------------------------------------------------------------------------------- */

/** The next event, which nobody else gets, waiting for it at most `timeout` (POOLSEND_NEVER: as long as it takes). 0
 * and an event, which the caller frees; POOLSEND_TIMEOUT; or POOLSEND_CLOSED: the sender is closed, all messages have
 * settled, and every event has been fetched, by whichever way, but those of reports that are still held. -ECHILD,
 * -EDEADLK. */
POOLSEND_API int poolsend_next(struct poolsend_sender *sender, poolsend_time timeout, struct poolsend_event **event);

/** Up to `room` events at once, with less trouble than one by one: the first is waited for as above. 0, and `count` of
 * them are in `events`; or as above, and there are none. */
POOLSEND_API int poolsend_take(struct poolsend_sender *sender, poolsend_time timeout, struct poolsend_event **events,
                               size_t room, size_t *count);

/** A descriptor for poll, epoll and the like: readable as long as poolsend_next would return at once, when there is
 * room again after a poolsend_submit that returned POOLSEND_TIMEOUT (until the next poolsend_next), and sometimes for
 * nothing. Level-triggered; to be neither read nor closed; the sender's until it is freed. Made by the first call:
 * -EMFILE, -ENFILE, -ENOMEM, -ECHILD where there is none. */
POOLSEND_API int poolsend_fd(struct poolsend_sender *sender);

/* ---- Reports of single messages ------------------------------------------------------------------------------ */

/** The account of one message, kept for whoever submitted it: its delivered and its settled event go here and nowhere
 * else, and it has no others. Such a message is pending until it has settled. What the functions below have returned,
 * it has told. */
struct poolsend_report;

/** As poolsend_submit; on 0 the message's report is the caller's. On all else `*report` is NULL. */
POOLSEND_API int poolsend_submit_report(struct poolsend_sender *sender, struct poolsend_message *message,
                                        poolsend_time timeout, struct poolsend_report **report);

/** Send a message, and wait until it is delivered: within `timeout`, which covers both. 0: delivered; late attempts may
 * still run, and the report has their fates when they have settled. POOLSEND_UNDELIVERED: settled, and nobody took it.
 * POOLSEND_PENDING: it was taken up, and goes on. Else it was not taken up, as by poolsend_submit, and `*report` is
 * NULL. With a `report` of NULL it is as if the report were given up at once: the message's events come among the
 * sender's, and hold up nothing where nobody fetches them. */
POOLSEND_API int poolsend_deliver(struct poolsend_sender *sender, struct poolsend_message *message,
                                  poolsend_time timeout, struct poolsend_report **report);

/** Wait at most `timeout` until the message is delivered; it goes on in any case. 0, and `*event` (if `event` is not
 * NULL) is its delivered event, valid until the report is freed. POOLSEND_UNDELIVERED: it has settled, and nobody took
 * it. POOLSEND_TIMEOUT, -ECHILD, -EDEADLK. */
POOLSEND_API int poolsend_report_delivered(struct poolsend_report *report, poolsend_time timeout,
                                           const struct poolsend_event **event);

/** Wait at most `timeout` until every attempt has its fate. 0, and `*event` (if `event` is not NULL) is the settled
 * event, valid until the report is freed. POOLSEND_TIMEOUT, -ECHILD, -EDEADLK. */
POOLSEND_API int poolsend_report_settled(struct poolsend_report *report, poolsend_time timeout,
                                         const struct poolsend_event **event);

/** The id of the message, for poolsend_cancel for example; valid until the report is freed. */
POOLSEND_API const char *poolsend_report_id(const struct poolsend_report *report);

/** Give up the report. The message goes on, and events that nobody has been told of by then come among the sender's,
 * now or later: a 0 from one of the functions above tells of its event, POOLSEND_UNDELIVERED of the end where no fate
 * is unknown. With on_event no account is lost. Without, nobody may be there who fetches it, since nobody asked for
 * it: it holds up no other message, the newest max_pending of them are kept, and older ones make room
 * (POOLSEND_COUNT_UNHEARD). Reports that are held when poolsend_next returns POOLSEND_CLOSED still have theirs to
 * tell. */
POOLSEND_API void poolsend_report_free(struct poolsend_report *report);

/* ---- Counts -------------------------------------------------------------------------------------------------- */

/** How a sender and its endpoints fared at one moment. It does not change, and may outlive the sender. Any thread may
 * read it; NULL, which is no moment, has 0 for everything. */
struct poolsend_counts;

/** All counts, as they are now: they fit together, but for those of threads, which are a pool's and may be a moment
 * younger. To be freed with poolsend_counts_free. NULL: no memory; or `sender` is NULL, or a parent's. */
POOLSEND_API struct poolsend_counts *poolsend_counts_new(struct poolsend_sender *sender);

/** NULL is fine. */
POOLSEND_API void poolsend_counts_free(struct poolsend_counts *counts);

/** What is counted of a sender, since it was made where nothing else is said. */
enum poolsend_count {
  POOLSEND_COUNT_SUBMITTED = 1,  /**< messages taken up */
  POOLSEND_COUNT_DELIVERED,      /**< of these: settled with a winner */
  POOLSEND_COUNT_UNDELIVERED,    /**< of these: settled without one */
  POOLSEND_COUNT_PENDING,        /**< now: not settled, or whose settled event nobody has fetched */
  POOLSEND_COUNT_STARTED,        /**< attempts */
  POOLSEND_COUNT_FINISHED,       /**< of these, those that have their fate */
  POOLSEND_COUNT_THREADS,        /**< now: of its pool, at work or idle */
  POOLSEND_COUNT_THREADS_DENIED, /**< times that the system had no more to give: attempts wait for those there are */
  POOLSEND_COUNT_UNHEARD         /**< accounts that nobody asked for or fetched, and that made room for newer ones */
};

/** One of them. 0 for one that this version does not know. */
POOLSEND_API uint64_t poolsend_counts_get(const struct poolsend_counts *counts, enum poolsend_count count);

/** What is counted of an endpoint. */
enum poolsend_endpoint_count {
  POOLSEND_ENDPOINT_SLOTS = 1,    /**< requests in flight, at most; probes come on top */
  POOLSEND_ENDPOINT_RUNNING,      /**< now: requests in flight */
  POOLSEND_ENDPOINT_WAITING,      /**< now: attempts that wait for a slot */
  POOLSEND_ENDPOINT_BREAKER_OPEN, /**< now: 1, messages go to others first; or 0 */
  POOLSEND_ENDPOINT_STARTED,      /**< attempts, since the sender was made */
  POOLSEND_ENDPOINT_DELIVERED,    /**< of these, by their fate: a success */
  POOLSEND_ENDPOINT_REJECTED,     /**< likewise: an answer that is not a success */
  POOLSEND_ENDPOINT_UNREACHED,    /**< likewise: nothing was sent */
  POOLSEND_ENDPOINT_UNKNOWN       /**< likewise: it may have arrived */
};

/** One of them, of the endpoint of this number, counted from 0 in the order of the configuration. 0 for one that is not
 * there, or that this version does not know. */
POOLSEND_API uint64_t poolsend_counts_endpoint(const struct poolsend_counts *counts, unsigned endpoint,
                                               enum poolsend_endpoint_count count);

/** The name of this endpoint, valid until the counts are freed. NULL: there are not so many. */
POOLSEND_API const char *poolsend_counts_name(const struct poolsend_counts *counts, unsigned endpoint);

/* ---- Previews ------------------------------------------------------------------------------------------------ */

/** A request as it would be made, without secrets, and all that the functions below return: valid until it is freed.
 * Any thread may read it. NULL may be passed to every function: it shows nothing. */
struct poolsend_preview;

/** The request that `message` would be to the endpoint of this number; nothing is sent. 0, and `*preview` is to be
 * freed with poolsend_preview_free; -EINVAL: no such endpoint, or a message that would not be taken up; -EMSGSIZE;
 * -ENOMEM; -ECHILD: it is NULL, and poolsend_message_error has the words. */
POOLSEND_API int poolsend_preview_new(struct poolsend_sender *sender, unsigned endpoint,
                                      struct poolsend_message *message, struct poolsend_preview **preview);

/** NULL is fine. */
POOLSEND_API void poolsend_preview_free(struct poolsend_preview *preview);

/** The endpoint's name. */
POOLSEND_API const char *poolsend_preview_name(const struct poolsend_preview *preview);

/** The URL it would go to. */
POOLSEND_API const char *poolsend_preview_url(const struct poolsend_preview *preview);

/** Its method. */
POOLSEND_API const char *poolsend_preview_method(const struct poolsend_preview *preview);

/** How long the endpoint would have before the next is started too. POOLSEND_NEVER: only its failure starts that. */
POOLSEND_API poolsend_time poolsend_preview_hedge_delay(const struct poolsend_preview *preview);

/** How many headers are asked for or added; the transport adds Host and the like. */
POOLSEND_API size_t poolsend_preview_header_count(const struct poolsend_preview *preview);

/** The header at `index`, from 0: "Name: value". NULL: there are not so many. */
POOLSEND_API const char *poolsend_preview_header(const struct poolsend_preview *preview, size_t index);

/** The body, of which `*size` (if `size` is not NULL) is the size. NULL: none. */
POOLSEND_API const char *poolsend_preview_body(const struct poolsend_preview *preview, size_t *size);

/** As one line of JSON without its newline, to be freed with free(3). NULL: no memory. */
POOLSEND_API char *poolsend_preview_json(const struct poolsend_preview *preview);

#ifdef __cplusplus
}
#endif

#endif
