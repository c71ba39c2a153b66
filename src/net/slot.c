#include "net/slot.h"

#include "base/sync.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* Whether the socket was entered: not when it came too late or there are too many. */
static bool enter_socket(struct ps_slot *slot, int fd)
{
  ps_mutex_lock(&slot->shared.mutex);
  bool entered = !ps_slot_is_cancelled(slot) && slot->shared.count < PS_SLOT_SOCKETS;
  if (entered)
    slot->shared.sockets[slot->shared.count++] = (struct ps_slot_socket){.fd = fd, .use = slot->use};
  ps_mutex_unlock(&slot->shared.mutex);
  return entered;
}

/* Asked of the system: libcurl 7.88 stamps its time of connecting only when TLS stands too. */
bool ps_slot_has_connected(struct ps_slot *slot)
{
  for (unsigned i = 0; i < slot->shared.count && !slot->connected; i++) {
    struct sockaddr_storage peer;
    socklen_t size = sizeof peer;
    const struct ps_slot_socket *entered = &slot->shared.sockets[i];
    slot->connected = entered->use == slot->use && getpeername(entered->fd, (struct sockaddr *)&peer, &size) == 0;
  }
  return slot->connected;
}

static void forget_socket(struct ps_slot *slot, int fd)
{
  (void)ps_slot_has_connected(slot);
  ps_mutex_lock(&slot->shared.mutex);
  for (unsigned i = 0; i < slot->shared.count; i++)
    if (slot->shared.sockets[i].fd == fd)
      slot->shared.sockets[i] = slot->shared.sockets[--slot->shared.count];
  ps_mutex_unlock(&slot->shared.mutex);
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
  struct ps_slot *slot = context;
  (void)purpose;
  slot->asked = true;
  slot->reopened |= slot->sealed;
  if (slot->sealed)
    return CURL_SOCKET_BAD;
  int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) {
    /* Of a family that this machine does not have, others will be tried. */
    slot->open_error = errno == EAFNOSUPPORT ? 0 : errno;
    return CURL_SOCKET_BAD;
  }
  slot->open_error = 0;
  if (enter_socket(slot, fd))
    return fd;
  close(fd);
  return CURL_SOCKET_BAD;
}

/* Taken out before it is closed: a number in the table is never another's descriptor. */
static int close_socket(void *context, curl_socket_t fd)
{
  forget_socket(context, fd);
  return close(fd);
}

/* NULL: no memory. */
static CURL *copy_handle(CURL *model, struct ps_slot *slot)
{
  CURL *easy = curl_easy_duphandle(model);
  if (!easy)
    return NULL;
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, slot);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, slot);
  return easy;
}

struct ps_slot *ps_slot_new(CURL *model, CURL *stranger, struct ps_host *host)
{
  struct ps_slot *slot = calloc(1, sizeof *slot);
  if (!slot)
    return NULL;
  slot->host = host;
  ps_host_waiter_init(&slot->waiter, &slot->cancelled);
  ps_mutex_init(&slot->shared.mutex);
  slot->easy = copy_handle(model, slot);
  slot->stranger = stranger ? copy_handle(stranger, slot) : NULL;
  if (slot->easy && (slot->stranger || !stranger))
    return slot;
  ps_slot_free(slot);
  return NULL;
}

void ps_slot_free(struct ps_slot *slot)
{
  if (!slot)
    return;
  curl_easy_cleanup(slot->easy);
  curl_easy_cleanup(slot->stranger);
  curl_slist_free_all(slot->resolve);
  ps_tries_fini(&slot->tries);
  ps_host_waiter_fini(&slot->waiter);
  ps_mutex_fini(&slot->shared.mutex);
  free(slot);
}

void ps_slot_rearm(struct ps_slot *slot, const void *user)
{
  ps_mutex_lock(&slot->shared.mutex);
  slot->shared.user = user;
  atomic_store(&slot->cancelled, PS_END_COMPLETE);
  ps_mutex_unlock(&slot->shared.mutex);
}

void ps_slot_begin(struct ps_slot *slot)
{
  slot->use++;
  slot->open_error = 0;
  slot->sealed = slot->reopened = slot->connected = slot->asked = false;
}

void ps_slot_seal(struct ps_slot *slot)
{
  slot->sealed = true;
}

/* A socket that is entered later sees the flag, one entered before is in the table. */
void ps_slot_cancel(struct ps_slot *slot, const void *user, enum ps_ending why)
{
  int not_yet = PS_END_COMPLETE;
  ps_mutex_lock(&slot->shared.mutex);
  bool matches = slot->shared.user == user;
  if (matches)
    atomic_compare_exchange_strong(&slot->cancelled, &not_yet, (int)why);
  for (unsigned i = 0; matches && i < slot->shared.count; i++)
    shutdown(slot->shared.sockets[i].fd, SHUT_RDWR);
  ps_mutex_unlock(&slot->shared.mutex);
  if (matches && slot->host)
    ps_host_wake(slot->host, &slot->waiter);
}

bool ps_slot_is_cancelled(const struct ps_slot *slot)
{
  return ps_slot_cancelled(slot) != PS_END_COMPLETE;
}

enum ps_ending ps_slot_cancelled(const struct ps_slot *slot)
{
  return (enum ps_ending)atomic_load(&slot->cancelled);
}

/* Under the mutex no descriptor in the table is closed, and poll does not wait. A socket that is still connecting has
 * nothing to read. */
bool ps_slot_is_readable(struct ps_slot *slot, const void *user)
{
  struct pollfd looks[PS_SLOT_SOCKETS];
  ps_mutex_lock(&slot->shared.mutex);
  unsigned count = slot->shared.user == user ? slot->shared.count : 0;
  for (unsigned i = 0; i < count; i++)
    looks[i] = (struct pollfd){.fd = slot->shared.sockets[i].fd, .events = POLLIN | POLLRDHUP};
  bool readable = count && poll(looks, count, 0) > 0;
  ps_mutex_unlock(&slot->shared.mutex);
  return readable;
}

/* Only the thread that asks opens and closes them. */
bool ps_slot_is_connected(const struct ps_slot *slot)
{
  return slot->shared.count > 0;
}

static int port_of(int fd)
{
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_storage room;
  } address = {.room = {0}};
  socklen_t size = sizeof address;
  if (getsockname(fd, &address.any, &size))
    return -1;
  if (address.any.sa_family == AF_INET)
    return ntohs(address.v4.sin_port);
  return address.any.sa_family == AF_INET6 ? ntohs(address.v6.sin6_port) : -1;
}

/* Several sockets are open while addresses are tried in parallel, or with a connection kept for elsewhere; the port
 * tells them apart. A Unix socket has none: then it is the one opened last, for a handle keeps one connection through it
 * at most, and the stranger none. */
static struct ps_slot_socket find_socket(struct ps_slot *slot, int local_port)
{
  struct ps_slot_socket found = {.fd = -1};
  ps_mutex_lock(&slot->shared.mutex);
  unsigned count = slot->shared.count;
  if (count)
    found = slot->shared.sockets[count - 1];
  for (unsigned i = 0; i < count && count > 1; i++)
    if (port_of(slot->shared.sockets[i].fd) == local_port)
      found = slot->shared.sockets[i];
  ps_mutex_unlock(&slot->shared.mutex);
  return found;
}

/* Whether what waits on the socket is TLS records of which the last is an alert (RFC 8446, 5.1 and 6): in the clear it
 * says so; with TLS 1.3, encrypted, by its length, which nothing else has that comes before an answer. */
static bool ends_in_alert(int fd)
{
  enum { HEADER = 5, ALERT = 21, DATA = 23, SEALED_ALERT = 2 + 1 + 16 };
  unsigned char bytes[4096];
  ssize_t size = recv(fd, bytes, sizeof bytes, MSG_PEEK | MSG_DONTWAIT);
  bool alert = false;
  for (ssize_t at = 0; at + HEADER <= size;) {
    unsigned length = (unsigned)bytes[at + 3] << 8 | bytes[at + 4];
    alert = bytes[at] == ALERT || (bytes[at] == DATA && length == SEALED_ALERT);
    at += HEADER + (ssize_t)length;
    if (at > size)
      return false;
  }
  return alert;
}

enum ps_connection ps_slot_look(struct ps_slot *slot, int local_port, bool tls, bool *kept)
{
  struct ps_slot_socket found = find_socket(slot, local_port);
  *kept = found.fd >= 0 && found.use != slot->use;
  if (found.fd < 0)
    return PS_CONNECTION_ALIVE;
  struct pollfd look = {.fd = found.fd, .events = POLLIN | POLLRDHUP};
  if (poll(&look, 1, 0) <= 0)
    return PS_CONNECTION_ALIVE;
  if (*kept)
    return PS_CONNECTION_STALE;
  if (tls && ends_in_alert(found.fd))
    return PS_CONNECTION_ALERT;
  /* On a new connection bytes may wait that belong to it, such as TLS session tickets. */
  return look.revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL) ? PS_CONNECTION_DEAD : PS_CONNECTION_ALIVE;
}
