/* Stands before the C library's functions where the linker has our code call __wrap_malloc for malloc. libcurl is given
 * functions of ours before anybody can use it. */
#include "failing.h"

#include <curl/curl.h>
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#define WHERE       __builtin_return_address(0)
#define FAILS(kind) failing_now(kind, FAILING_OWN, WHERE)

/* The linker takes a shared library's call of the function for one of these. */
#define SHOWN __attribute__((visibility("default")))

#define WRAP(result, name, ...)                                                                                        \
  result __real_##name(__VA_ARGS__);                                                                                   \
  SHOWN result __wrap_##name(__VA_ARGS__);                                                                             \
  result __wrap_##name(__VA_ARGS__)

/* ---- Memory */

WRAP(void *, malloc, size_t size)
{
  return FAILS(FAILING_MEMORY) ? NULL : failing_took(__real_malloc(size), FAILING_OWN);
}

WRAP(void *, calloc, size_t count, size_t size)
{
  return FAILS(FAILING_MEMORY) ? NULL : failing_took(__real_calloc(count, size), FAILING_OWN);
}

WRAP(void *, realloc, void *block, size_t size)
{
  if (FAILS(FAILING_MEMORY))
    return NULL;
  failing_gave(block);
  return failing_took(__real_realloc(block, size), FAILING_OWN);
}

WRAP(void, free, void *block)
{
  failing_gave(block);
  __real_free(block);
}

WRAP(char *, strdup, const char *text)
{
  return FAILS(FAILING_MEMORY) ? NULL : failing_took(__real_strdup(text), FAILING_OWN);
}

WRAP(char *, strndup, const char *text, size_t size)
{
  return FAILS(FAILING_MEMORY) ? NULL : failing_took(__real_strndup(text, size), FAILING_OWN);
}

int __wrap_asprintf(char **text, const char *format, ...) __attribute__((format(printf, 2, 3)));

int __wrap_asprintf(char **text, const char *format, ...)
{
  va_list arguments;
  if (FAILS(FAILING_MEMORY))
    return -1;
  va_start(arguments, format);
  int size = vasprintf(text, format, arguments);
  va_end(arguments);
  return size;
}

WRAP(FILE *, open_memstream, char **text, size_t *size)
{
  return FAILS(FAILING_MEMORY) ? NULL : __real_open_memstream(text, size);
}

/* ---- Threads and descriptors */

WRAP(int, pthread_create, pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
  return FAILS(FAILING_THREADS) ? EAGAIN : __real_pthread_create(thread, attributes, run, argument);
}

WRAP(int, socket, int family, int type, int protocol)
{
  return FAILS(FAILING_DESCRIPTORS) ? -1 : __real_socket(family, type, protocol);
}

WRAP(int, eventfd, unsigned count, int flags)
{
  return FAILS(FAILING_DESCRIPTORS) ? -1 : __real_eventfd(count, flags);
}

WRAP(int, signalfd, int fd, const sigset_t *signals, int flags)
{
  return FAILS(FAILING_DESCRIPTORS) ? -1 : __real_signalfd(fd, signals, flags);
}

WRAP(DIR *, opendir, const char *path)
{
  return FAILS(FAILING_DESCRIPTORS) ? NULL : __real_opendir(path);
}

/* ---- libcurl's memory */

static void *curl_malloc(size_t size)
{
  bool fails = failing_now(FAILING_MEMORY, FAILING_CURL, WHERE);
  return fails ? NULL : failing_took(__real_malloc(size), FAILING_CURL);
}

static void *curl_calloc(size_t count, size_t size)
{
  bool fails = failing_now(FAILING_MEMORY, FAILING_CURL, WHERE);
  return fails ? NULL : failing_took(__real_calloc(count, size), FAILING_CURL);
}

static void *curl_realloc(void *block, size_t size)
{
  if (failing_now(FAILING_MEMORY, FAILING_CURL, WHERE))
    return NULL;
  failing_gave(block);
  return failing_took(__real_realloc(block, size), FAILING_CURL);
}

static char *curl_strdup(const char *text)
{
  bool fails = failing_now(FAILING_MEMORY, FAILING_CURL, WHERE);
  return fails ? NULL : failing_took(__real_strdup(text), FAILING_CURL);
}

/* What it takes before the orders are read is not counted, nor what it keeps for as long as it is loaded. */
__attribute__((constructor(101))) static void give_curl_memory(void)
{
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, curl_malloc, __wrap_free, curl_realloc, curl_strdup, curl_calloc))
    abort();
}

/* And given back, for a sanitizer's sake. */
__attribute__((destructor(101))) static void take_curl_memory(void)
{
  curl_global_cleanup();
}
