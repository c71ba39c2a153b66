/* One mutex guards everything; no I/O is done while it is held. A connection is closed by its own thread alone, and
 * while it is open the server can shut it down, which ends whatever its thread does there. */
#include "server.h"

#include "patience.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER_MAX 8192
#define NAME_MAX_  300

/* What is known of a path. Never freed before the server. */
struct path {
  struct path *next;
  char name[NAME_MAX_], url[NAME_MAX_ + 40];
  bool open;
  unsigned requests, room;
  char (*ids)[64]; /* [requests]: "" where there was none */
};

struct connection {
  struct connection *next;
  struct server *server;
  pthread_t thread;
  int fd;      /* -1: closed */
  size_t size; /* of what was read and not yet used; its thread's, like the rest */
  char data[HEADER_MAX + 1];
};

struct server {
  int listener;
  unsigned port;
  pthread_t thread;

  pthread_mutex_t mutex;
  pthread_cond_t changed; /* a request came, a path was opened, or the server stops */
  struct path *paths;
  struct connection *connections;
  bool stopping;
};

/* ---- Paths */

static struct path *find_path_locked(struct server *server, const char *name)
{
  for (struct path *path = server->paths; path; path = path->next)
    if (strcmp(path->name, name) == 0)
      return path;
  struct path *path = calloc(1, sizeof *path);
  must(path && strlen(name) < sizeof path->name);
  strcpy(path->name, name);
  snprintf(path->url, sizeof path->url, "http://127.0.0.1:%u%s", server->port, name);
  path->next = server->paths;
  server->paths = path;
  return path;
}

static void record(struct server *server, const char *name, const char *id)
{
  pthread_mutex_lock(&server->mutex);
  struct path *path = find_path_locked(server, name);
  if (path->requests == path->room) {
    path->room = path->room ? 2 * path->room : 16;
    path->ids = realloc(path->ids, path->room * sizeof *path->ids);
    must(path->ids);
  }
  snprintf(path->ids[path->requests++], sizeof *path->ids, "%s", id);
  pthread_cond_broadcast(&server->changed);
  pthread_mutex_unlock(&server->mutex);
}

static void await_open(struct server *server, const char *name)
{
  pthread_mutex_lock(&server->mutex);
  struct path *path = find_path_locked(server, name);
  while (!path->open && !server->stopping)
    pthread_cond_wait(&server->changed, &server->mutex);
  pthread_mutex_unlock(&server->mutex);
}

const char *server_url(struct server *server, const char *name)
{
  pthread_mutex_lock(&server->mutex);
  const char *url = find_path_locked(server, name)->url;
  pthread_mutex_unlock(&server->mutex);
  return url;
}

unsigned server_count(struct server *server, const char *name)
{
  pthread_mutex_lock(&server->mutex);
  unsigned requests = find_path_locked(server, name)->requests;
  pthread_mutex_unlock(&server->mutex);
  return requests;
}

unsigned server_count_id(struct server *server, const char *name, const char *id)
{
  unsigned count = 0;
  pthread_mutex_lock(&server->mutex);
  const struct path *path = find_path_locked(server, name);
  for (unsigned i = 0; i < path->requests; i++)
    count += strcmp(path->ids[i], id) == 0;
  pthread_mutex_unlock(&server->mutex);
  return count;
}

static bool ends(const char *name, const char *with)
{
  size_t size = strlen(name), wanted = strlen(with);
  return size >= wanted && strcmp(name + size - wanted, with) == 0;
}

void server_tell_ids(struct server *server, const char *end, void (*told)(void *context, const char *id), void *context)
{
  pthread_mutex_lock(&server->mutex);
  for (const struct path *path = server->paths; path; path = path->next)
    for (unsigned i = 0; ends(path->name, end) && i < path->requests; i++)
      told(context, path->ids[i]);
  pthread_mutex_unlock(&server->mutex);
}

void server_await(struct server *server, const char *name, unsigned requests)
{
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_sec += PATIENCE_S;
  pthread_mutex_lock(&server->mutex);
  struct path *path = find_path_locked(server, name);
  while (path->requests < requests)
    must(pthread_cond_timedwait(&server->changed, &server->mutex, &end) == 0);
  pthread_mutex_unlock(&server->mutex);
}

void server_open(struct server *server, const char *name)
{
  pthread_mutex_lock(&server->mutex);
  find_path_locked(server, name)->open = true;
  pthread_cond_broadcast(&server->changed);
  pthread_mutex_unlock(&server->mutex);
}

/* ---- One connection */

struct request {
  char path[NAME_MAX_], id[64];
  size_t body;
  bool expects; /* to be told to go on */
};

static bool say(const struct connection *connection, const char *text)
{
  size_t size = strlen(text);
  return send(connection->fd, text, size, MSG_NOSIGNAL) == (ssize_t)size;
}

static void use(struct connection *connection, size_t size)
{
  connection->size -= size;
  memmove(connection->data, connection->data + size, connection->size);
}

static bool read_more(struct connection *connection)
{
  ssize_t got = recv(connection->fd, connection->data + connection->size, HEADER_MAX - connection->size, 0);
  if (got > 0)
    connection->size += (size_t)got;
  connection->data[connection->size] = '\0';
  return got > 0;
}

/* The value of a header of this name, or NULL. */
static const char *find_header(const char *header, const char *name)
{
  const char *found = strcasestr(header, name);
  return found ? found + strlen(name) : NULL;
}

/* False: the peer is gone. */
static bool read_header(struct connection *connection, struct request *request)
{
  char *end;
  connection->data[connection->size] = '\0';
  while (!(end = strstr(connection->data, "\r\n\r\n")))
    if (connection->size == HEADER_MAX || !read_more(connection))
      return false;
  end[2] = '\0';
  *request = (struct request){.path = ""};
  const char *size = find_header(connection->data, "\r\ncontent-length: ");
  const char *id = find_header(connection->data, "\r\nidempotency-key: ");
  must(sscanf(connection->data, "%*s %299s", request->path) == 1);
  if (id)
    sscanf(id, "%63[^\r]", request->id);
  request->body = size ? strtoul(size, NULL, 10) : 0;
  request->expects = find_header(connection->data, "\r\nexpect: 100-continue") != NULL;
  use(connection, (size_t)(end + 4 - connection->data));
  return true;
}

static bool read_body(struct connection *connection, const struct request *request)
{
  size_t left = request->body;
  if (request->expects && !say(connection, "HTTP/1.1 100 Continue\r\n\r\n"))
    return false;
  while (left > connection->size) {
    left -= connection->size;
    connection->size = 0;
    if (!read_more(connection))
      return false;
  }
  use(connection, left);
  return true;
}

static bool answer(const struct connection *connection, int status, const char *type, const char *body)
{
  char text[512];
  snprintf(text, sizeof text, "HTTP/1.1 %d Said\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s", status, type,
           strlen(body), body);
  return say(connection, text);
}

static bool begins(const char *path, const char *with)
{
  return strncmp(path, with, strlen(with)) == 0;
}

static void slam(struct connection *connection)
{
  struct linger at_once = {.l_onoff = 1};
  setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

/* Behave as the path says. False: the connection is over. */
static bool behave(struct connection *connection, const char *path)
{
  if (begins(path, "/status/"))
    return answer(connection, atoi(path + strlen("/status/")), "text/plain", "as you wish");
  if (begins(path, "/json"))
    return answer(connection, 200, "application/json", "{\"accepted\": true}");
  if (begins(path, "/delay/"))
    usleep((useconds_t)atoi(path + strlen("/delay/")) * 1000);
  if (begins(path, "/gate/"))
    await_open(connection->server, path);
  if (!begins(path, "/body/"))
    return answer(connection, 200, "text/plain", "thanks");
  if (!say(connection, "HTTP/1.1 200 Said\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\ntha"))
    return false;
  await_open(connection->server, path);
  return say(connection, "nks");
}

static bool serve_one(struct connection *connection)
{
  struct request request;
  if (!read_header(connection, &request))
    return false;
  record(connection->server, request.path, request.id);
  if (begins(request.path, "/slam")) {
    slam(connection);
    return false;
  }
  if (!read_body(connection, &request))
    return false;
  if (!begins(request.path, "/hang"))
    return behave(connection, request.path);
  while (read_more(connection))
    connection->size = 0;
  return false;
}

static void *serve(void *argument)
{
  struct connection *connection = argument;
  while (serve_one(connection))
    ;
  pthread_mutex_lock(&connection->server->mutex);
  int fd = connection->fd;
  connection->fd = -1;
  pthread_mutex_unlock(&connection->server->mutex);
  close(fd);
  return NULL;
}

/* ---- All of them */

/* A connection for `fd`, unless the server stops. */
static bool take_connection(struct server *server, int fd)
{
  int yes = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  struct connection *connection = calloc(1, sizeof *connection);
  must(connection);
  connection->server = server;
  connection->fd = fd;
  pthread_mutex_lock(&server->mutex);
  bool stopping = server->stopping;
  if (!stopping) {
    connection->next = server->connections;
    server->connections = connection;
    must(start_thread(&connection->thread, serve, connection));
  }
  pthread_mutex_unlock(&server->mutex);
  if (stopping) {
    close(fd);
    free(connection);
  }
  return !stopping;
}

/* Those that are over: threads that nobody has joined keep their stacks. Only the thread that accepts takes any out. */
static void reap_connections(struct server *server)
{
  struct connection *over = NULL;
  pthread_mutex_lock(&server->mutex);
  for (struct connection **at = &server->connections, *connection; (connection = *at);) {
    if (connection->fd >= 0) {
      at = &connection->next;
      continue;
    }
    *at = connection->next;
    connection->next = over;
    over = connection;
  }
  pthread_mutex_unlock(&server->mutex);
  for (struct connection *next; over; over = next) {
    next = over->next;
    pthread_join(over->thread, NULL);
    free(over);
  }
}

static void *accept_all(void *argument)
{
  struct server *server = argument;
  for (;;) {
    reap_connections(server);
    int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
      continue;
    if (fd < 0 || !take_connection(server, fd))
      return NULL;
  }
}

static void listen_somewhere(struct server *server)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(server->listener >= 0);
  must(bind(server->listener, (struct sockaddr *)&address, sizeof address) == 0);
  must(listen(server->listener, 1024) == 0);
  must(getsockname(server->listener, (struct sockaddr *)&address, &size) == 0);
  server->port = ntohs(address.sin_port);
}

struct server *server_new(void)
{
  struct server *server = calloc(1, sizeof *server);
  must(server);
  pthread_mutex_init(&server->mutex, NULL);
  pthread_cond_init(&server->changed, NULL);
  listen_somewhere(server);
  must(start_thread(&server->thread, accept_all, server));
  return server;
}

static void end_connections(struct server *server)
{
  pthread_mutex_lock(&server->mutex);
  server->stopping = true;
  pthread_cond_broadcast(&server->changed);
  for (struct connection *connection = server->connections; connection; connection = connection->next)
    if (connection->fd >= 0)
      shutdown(connection->fd, SHUT_RDWR);
  pthread_mutex_unlock(&server->mutex);
  for (struct connection *connection; (connection = server->connections);) {
    pthread_join(connection->thread, NULL);
    server->connections = connection->next;
    free(connection);
  }
}

void server_free(struct server *server)
{
  shutdown(server->listener, SHUT_RDWR);
  pthread_join(server->thread, NULL);
  close(server->listener);
  end_connections(server);
  for (struct path *path; (path = server->paths);) {
    server->paths = path->next;
    free(path->ids);
    free(path);
  }
  pthread_cond_destroy(&server->changed);
  pthread_mutex_destroy(&server->mutex);
  free(server);
}
