#include "peer.h"

#include "frames.h"

#include "base/buf.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 96
#define PARTS       16
#define SAID_MAX    ((size_t)2 << 20)
#define HEAD_MAX    ((size_t)64 * 1024)
#define PAUSE_US    200
#define GIVE_UP_MS  3

#define PREFACE      "PRI * HTTP/2.0\r\n\r\n" /* RFC 9113, 3.4; the rest of it looks like a body of six bytes */
#define PREFACE_REST 6
#define FRAME_HEAD   9

enum wait { WAIT_NOT, WAIT_HEAD, WAIT_BODY, WAIT_EVER };

struct connection {
  int fd; /* negative: it has ended */
  unsigned door;

  struct fuzz_input part, rest; /* of the script */
  enum wait wait;
  bool deaf, served;
  unsigned taken, ended; /* requests: those waited for, those whose body has ended */
  unsigned again;        /* of the taken, at the last "o" */
  struct ps_buf out;
  size_t last; /* where what was said last begins in it */
  bool framed; /* that was a frame */

  /* What comes. */
  unsigned heads;
  struct ps_buf head;
  size_t left; /* of a body, or of a frame */
  bool http2, alien, ends;
  uint32_t stream;
  unsigned char frame[FRAME_HEAD];
  size_t have;

  /* What it says, as a client would read it. */
  struct ps_buf line;
  bool in_header, interim;
  unsigned matched, digits, number;
};

static struct {
  int doors[PEER_DOORS];
  unsigned ports[PEER_DOORS];
  struct peer_script script;
  struct peer_books books[PEER_DOORS];
  bool statuses[PEER_DOORS][1000];
  struct connection connections[CONNECTIONS];
  unsigned count, parts;
  struct fuzz_input part[PARTS];
  size_t said;
  bool cancels;
} peer;

/* ---- What comes */

static void open_stream(struct connection *c, uint32_t stream)
{
  if (stream <= c->stream)
    return;
  c->stream = stream;
  c->heads++;
  peer.books[c->door].requests++;
}

/* RFC 9113, 4.1. */
static void take_frame(struct connection *c)
{
  const unsigned char *head = c->frame;
  uint32_t stream = (head[5] & 127U) << 24 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 8 | head[8];
  bool headers = head[3] == 1, data = head[3] == 0;
  c->left = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
  c->ends = (headers || data) && (head[4] & 1);
  c->have = 0;
  if (headers)
    open_stream(c, stream);
}

static const char *read_frames(struct connection *c, const char *at, const char *end)
{
  size_t size = (size_t)(end - at);
  if (c->left) {
    size = size < c->left ? size : c->left;
    c->left -= size;
  } else {
    c->frame[c->have++] = (unsigned char)*at;
    size = 1;
    if (c->have == FRAME_HEAD)
      take_frame(c);
  }
  if (!c->left && !c->have && c->ends) {
    c->ended++;
    c->ends = false;
  }
  return at + size;
}

static const char *read_body(struct connection *c, const char *at, const char *end)
{
  while (at < end && c->left && *at == PEER_BODY) {
    at++;
    c->left--;
  }
  if (at < end)
    c->left = 0;
  if (!c->left)
    c->ended++;
  return at;
}

static size_t length_in(const char *head)
{
  const char *found = strcasestr(head, "\r\nContent-Length:");
  return found ? strtoul(found + 17, NULL, 10) : 0;
}

static void take_head(struct connection *c)
{
  if (strcmp(c->head.data, PREFACE) == 0) {
    c->http2 = true;
    c->have = 0;
    c->left = PREFACE_REST;
    c->ends = false;
    return;
  }
  c->heads++;
  c->left = length_in(c->head.data);
  c->ended += c->left == 0;
  if (strncmp(c->head.data, "CONNECT ", 8) == 0)
    return;
  c->stream = strcasestr(c->head.data, "\r\nUpgrade: h2c") ? 1 : 0;
  peer.books[c->door].requests++;
  peer.script.look(c->door, c->head.data);
}

static const char *read_head(struct connection *c, const char *at)
{
  /* TLS, for one. */
  c->alien = c->alien || (!c->head.size && !isupper((unsigned char)*at)) || c->head.size > HEAD_MAX;
  if (c->alien)
    return at + 1;
  REQUIRE(!ps_buf_append(&c->head, at, 1), "there is memory");
  if (c->head.size >= 4 && memcmp(c->head.data + c->head.size - 4, "\r\n\r\n", 4) == 0) {
    take_head(c);
    ps_buf_clear(&c->head);
  }
  return at + 1;
}

static void read_bytes(struct connection *c, const char *at, size_t size)
{
  const char *end = at + size;
  peer.books[c->door].bytes += size;
  while (at < end) {
    if (c->http2)
      at = read_frames(c, at, end);
    else
      at = c->left ? read_body(c, at, end) : read_head(c, at);
  }
}

static void end_connection(struct connection *c)
{
  /* Nothing is left behind: thousands of ports would be. */
  const struct linger reset = {.l_onoff = 1};
  if (c->fd < 0)
    return;
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(c->fd);
  c->fd = -1;
  c->rest.at = c->rest.end;
}

/* All that is there. Whether it was anything. */
static bool read_all(struct connection *c)
{
  char bytes[65536];
  ssize_t size = -1;
  bool any = false;
  while (c->fd >= 0 && (size = recv(c->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
    read_bytes(c, bytes, (size_t)size);
    any = true;
  }
  if (c->fd >= 0 && (size == 0 || (errno != EAGAIN && errno != EINTR))) {
    end_connection(c);
    any = true;
  }
  return any;
}

/* ---- What it says */

/* Certainly the line of an interim answer. */
static bool is_interim(const struct ps_buf *line)
{
  return line->size >= 12 && memcmp(line->data, "HTTP/1.", 7) == 0 && memcmp(line->data + 8, " 1", 2) == 0 &&
         isdigit((unsigned char)line->data[10]) && isdigit((unsigned char)line->data[11]) &&
         (line->size == 12 || strchr(" \r", line->data[12]));
}

/* libcurl takes whatever begins with CR for the end of a header. */
static void judge_line(struct connection *c)
{
  bool empty = !c->line.size || *c->line.data == '\r';
  if (empty && c->in_header) {
    peer.books[c->door].answers += !c->interim;
    c->in_header = false;
  } else if (c->line.size && memmem(c->line.data, c->line.size, "HTTP/", 5)) {
    c->interim = !c->in_header && is_interim(&c->line);
    c->in_header = true;
  }
  ps_buf_clear(&c->line);
}

static void judge_lines(struct connection *c, const char *text, size_t size)
{
  for (const char *end = text + size, *newline; text < end; text = newline + 1) {
    newline = memchr(text, '\n', (size_t)(end - text));
    REQUIRE(!ps_buf_append(&c->line, text, (size_t)((newline ? newline : end) - text)), "there is memory");
    if (!newline)
      break;
    judge_line(c);
  }
}

/* In HTTP/2, nobody here knows what is said by anything but plain text. */
static bool is_opaque(const char *text, size_t size)
{
  for (size_t i = 0; i < size && peer.script.http2; i++)
    if (!isprint((unsigned char)text[i]) && !isspace((unsigned char)text[i]))
      return true;
  return false;
}

static void note_digit(struct connection *c, char digit)
{
  c->digits = digit < '0' || digit > '9' ? 0 : c->digits + 1;
  c->number = c->digits ? (c->number * 10 + (unsigned)(digit - '0')) % 1000 : 0;
  if (c->digits >= 3)
    peer.statuses[c->door][c->number] = true;
}

/* Where a redirect leads to cannot be told without this word, of whose letters the first comes once; nor a status
 * without its digits. */
static void note_words(struct connection *c, const char *text, size_t size)
{
  static const char word[] = "location";
  for (size_t i = 0; i < size; i++) {
    note_digit(c, text[i]);
    int letter = tolower((unsigned char)text[i]);
    c->matched = letter == word[c->matched] ? c->matched + 1 : letter == *word;
    if (word[c->matched])
      continue;
    peer.books[c->door].locations++;
    c->matched = 0;
  }
}

static void judge_text(struct connection *c, const char *text, size_t size)
{
  judge_lines(c, text, size);
  note_words(c, text, size);
  peer.books[c->door].opaque = peer.books[c->door].opaque || is_opaque(text, size);
}

static bool say(struct connection *c, const char *text, size_t size, const char *end)
{
  size_t from = c->out.size;
  if (peer.said + size + 2 > SAID_MAX)
    return false;
  REQUIRE(!ps_buf_append(&c->out, text, size) && !ps_buf_puts(&c->out, end), "there is memory");
  c->last = from;
  c->framed = false;
  peer.said += c->out.size - from;
  judge_text(c, c->out.data + from, c->out.size - from);
  return true;
}

static bool say_frame(struct connection *c, const char *line, size_t size)
{
  struct frame_meaning meaning;
  size_t from = c->out.size;
  if (peer.said > SAID_MAX || !frame_append(&c->out, line, size, c->stream ? c->stream : 1, &meaning))
    return false;
  c->last = from;
  c->framed = true;
  peer.said += c->out.size - from;
  peer.books[c->door].answers += meaning.answers;
  peer.books[c->door].opaque |= meaning.opaque;
  note_words(c, c->out.data + from, c->out.size - from);
  return true;
}

/* What was said last, again and again. A frame may be an answer each time. */
static void repeat(struct connection *c, unsigned digit)
{
  size_t size = c->out.size - c->last, from = c->last, times = digit <= 9 ? 1U << digit : 1;
  for (; times && size && peer.said + size <= SAID_MAX; times--) {
    REQUIRE(!ps_buf_reserve(&c->out, size), "there is memory");
    const char *copy = c->out.data + c->out.size;
    REQUIRE(!ps_buf_append(&c->out, c->out.data + from, size), "there is memory");
    peer.said += size;
    if (c->framed) {
      peer.books[c->door].answers++;
      note_words(c, copy, size);
    } else {
      judge_text(c, copy, size);
    }
  }
}

/* Whether nothing is left. */
static bool flush(struct connection *c)
{
  size_t done = 0;
  while (c->fd >= 0 && done < c->out.size) {
    ssize_t size = send(c->fd, c->out.data + done, c->out.size - done, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && errno == EAGAIN)
      break;
    if (size < 0)
      end_connection(c);
    else
      done += (size_t)size;
  }
  bool all = c->fd < 0 || done == c->out.size;
  if (all)
    ps_buf_clear(&c->out);
  else
    memmove(c->out.data, c->out.data + done, c->out.size -= done);
  c->last = c->out.size;
  return all;
}

/* ---- The script */

static bool is_waited_for(const struct connection *c)
{
  switch (c->wait) {
  case WAIT_HEAD:
    return c->heads <= c->taken;
  case WAIT_BODY:
    return c->ended < c->taken;
  case WAIT_EVER:
    return true;
  default:
    return false;
  }
}

static void stop_waiting(struct connection *c)
{
  if (c->wait == WAIT_HEAD)
    c->taken++;
  c->wait = WAIT_NOT;
}

/* The books go on with what still comes, unless it was not to be read. */
static void hang_up(struct connection *c)
{
  if (c->deaf)
    end_connection(c);
  else if (c->fd >= 0)
    shutdown(c->fd, SHUT_WR);
}

static void repeat_part(struct connection *c)
{
  if (c->heads > c->again)
    c->rest = c->part;
  c->again = c->heads;
}

/* What does not say anything. */
static void follow(struct connection *c, char step)
{
  switch (step) {
  case 'h':
    c->wait = WAIT_HEAD;
    break;
  case 'b':
    c->wait = WAIT_BODY;
    break;
  case 'w':
    c->wait = WAIT_EVER;
    break;
  case 'z':
    c->deaf = true;
    break;
  case '|':
    flush(c);
    usleep(PAUSE_US);
    break;
  case 's':
    flush(c);
    if (c->fd >= 0)
      shutdown(c->fd, SHUT_WR);
    break;
  case 'r':
    flush(c);
    end_connection(c);
    break;
  case 'f':
    c->rest.at = c->rest.end;
    break;
  case 'o':
    repeat_part(c);
    break;
  case 'c':
    peer.cancels = true;
    break;
  default:
    break;
  }
}

static void take_step(struct connection *c)
{
  const char *text = c->rest.at, *newline = memchr(text, '\n', (size_t)(c->rest.end - text));
  size_t size = (size_t)((newline ? newline : c->rest.end) - text);
  c->rest.at = newline ? newline + 1 : c->rest.end;
  if (!size)
    return;
  if (strchr(">-=", *text) && *text)
    say(c, text + 1, size - 1, *text == '>' ? "\r\n" : *text == '-' ? "\n" : "");
  else if (*text == 'x')
    repeat(c, size > 1 ? (unsigned)text[1] - '0' : 0);
  else if (!say_frame(c, text, size))
    follow(c, *text);
}

/* As far as it goes; behind its end, until all is sent. Whether anything was done. */
static bool follow_script(struct connection *c)
{
  bool any = false;
  while (c->fd >= 0 && !c->served && !is_waited_for(c)) {
    bool ends = c->rest.at == c->rest.end;
    if (ends && !flush(c))
      break;
    any = true;
    stop_waiting(c);
    c->served = ends;
    if (ends)
      hang_up(c);
    else
      take_step(c);
    if (c->wait != WAIT_NOT)
      flush(c);
  }
  return any;
}

/* Nothing has happened for a while. The first request of a connection is on its way. */
static void give_up(void)
{
  for (unsigned i = 0; i < peer.count; i++) {
    struct connection *c = &peer.connections[i];
    bool comes = c->wait == WAIT_HEAD && !c->taken && !peer.books[c->door].bytes;
    if (c->fd >= 0 && c->wait != WAIT_NOT && !comes)
      stop_waiting(c);
  }
}

/* ---- Connections */

static void take_connection(unsigned door, int fd)
{
  if (peer.count == CONNECTIONS) {
    close(fd);
    return;
  }
  struct fuzz_input part = peer.part[peer.count < peer.parts ? peer.count : peer.parts - 1];
  peer.connections[peer.count++] = (struct connection){.fd = fd, .door = door, .part = part, .rest = part};
}

static bool take_connections(void)
{
  bool any = false;
  for (unsigned door = 0; door < PEER_DOORS; door++)
    for (int fd; (fd = accept4(peer.doors[door], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0; any = true)
      take_connection(door, fd);
  return any;
}

/* Until nothing more happens without waiting. */
static void work(void)
{
  bool any = true;
  while (any) {
    any = take_connections();
    for (unsigned i = 0; i < peer.count; i++) {
      struct connection *c = &peer.connections[i];
      if (c->fd >= 0 && !c->deaf)
        any |= read_all(c);
      any |= follow_script(c);
    }
  }
}

bool peer_serve(int other)
{
  struct pollfd polled[1 + PEER_DOORS + CONNECTIONS] = {{.fd = other, .events = POLLIN}};
  nfds_t count = 1;
  work();
  for (unsigned door = 0; door < PEER_DOORS; door++)
    polled[count++] = (struct pollfd){.fd = peer.doors[door], .events = POLLIN};
  for (unsigned i = 0; i < peer.count; i++) {
    const struct connection *c = &peer.connections[i];
    short wanted = (short)((c->deaf ? 0 : POLLIN) | (c->out.size ? POLLOUT : 0));
    polled[count++] = (struct pollfd){.fd = wanted ? c->fd : -1, .events = wanted};
  }
  bool cancels = peer.cancels;
  peer.cancels = false;
  if (!cancels && poll(polled, count, GIVE_UP_MS) == 0 && !peer.script.patient)
    give_up();
  return cancels;
}

struct peer_books peer_look(unsigned door)
{
  take_connections();
  for (unsigned i = 0; i < peer.count; i++)
    read_all(&peer.connections[i]);
  return peer.books[door];
}

bool peer_said_status(unsigned door, int status)
{
  return peer.books[door].opaque || (status >= 0 && status < 1000 && peer.statuses[door][status]);
}

/* ---- Beginning and end */

static void find_parts(void)
{
  struct fuzz_input lines = peer.script.lines;
  const char *at = lines.at;
  peer.parts = 0;
  while (at < lines.end) {
    const char *newline = memchr(at, '\n', (size_t)(lines.end - at));
    bool ends = *at == 'n' && peer.parts + 2 < PARTS;
    if (ends) {
      peer.part[peer.parts++] = (struct fuzz_input){lines.at, at};
      lines.at = newline ? newline + 1 : lines.end;
    }
    at = newline ? newline + 1 : lines.end;
  }
  peer.part[peer.parts++] = lines;
}

void peer_begin(const struct peer_script *script)
{
  peer.script = *script;
  peer.count = 0;
  peer.said = 0;
  peer.cancels = false;
  memset(peer.books, 0, sizeof peer.books);
  memset(peer.statuses, 0, sizeof peer.statuses);
  find_parts();
}

void peer_end(void)
{
  take_connections();
  for (unsigned i = 0; i < peer.count; i++) {
    struct connection *c = &peer.connections[i];
    end_connection(c);
    ps_buf_fini(&c->out);
    ps_buf_fini(&c->head);
    ps_buf_fini(&c->line);
  }
  peer.count = 0;
}

/* Small segments and a small window, so that it does not take megabytes for a body to be held up. */
static void open_door(unsigned door)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  int segment = 1400, window = 8192;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  REQUIRE(fd >= 0, "there is a socket");
  setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
  REQUIRE(!bind(fd, (const struct sockaddr *)(const void *)&address, size) && !listen(fd, CONNECTIONS),
          "there is a port");
  REQUIRE(!getsockname(fd, (struct sockaddr *)(void *)&address, &size), "it has a number");
  peer.doors[door] = fd;
  peer.ports[door] = ntohs(address.sin_port);
}

void peer_open(void)
{
  for (unsigned door = 0; door < PEER_DOORS; door++)
    open_door(door);
}

unsigned peer_port(unsigned door)
{
  return peer.ports[door];
}
