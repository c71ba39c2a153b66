/* Stands before the C library's functions, in a module that is loaded before a program. */
/* Every function is wanted under its own name, not in place of another. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE

#include "failing.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define SHOWN __attribute__((visibility("default")))

/* ---- Who calls */

#define MOST_OBJECTS 128

/* Where the code of an object lies. Those that come later than this module, such as plugins, are others. */
static struct object {
  uintptr_t begin, end;
  enum failing_caller caller;
} objects[MOST_OBJECTS];
static size_t object_count;

static enum failing_caller caller_named(const char *path)
{
  static const struct {
    const char *part;
    enum failing_caller caller;
  } names[] = {
      {"/libcurl", FAILING_CURL}, {"/libssl", FAILING_TLS}, {"/libcrypto", FAILING_TLS},   {"/libjson-c", FAILING_JSON},
      {"/libc.", FAILING_LIBC},   {"/libc-", FAILING_LIBC}, {"/libpthread", FAILING_LIBC}, {"/ld", FAILING_LIBC},
  };
  if (!*path)
    return FAILING_OWN;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strstr(path, names[i].part))
      return names[i].caller;
  return FAILING_OTHER;
}

static int note_object(struct dl_phdr_info *info, size_t size, void *context)
{
  (void)size, (void)context;
  for (size_t i = 0; i < info->dlpi_phnum && object_count < MOST_OBJECTS; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    uintptr_t begin = info->dlpi_addr + part->p_vaddr;
    if (part->p_type == PT_LOAD && part->p_flags & PF_X)
      objects[object_count++] = (struct object){begin, begin + part->p_memsz, caller_named(info->dlpi_name)};
  }
  return 0;
}

/* Before the orders are read, with which all begins. */
__attribute__((constructor(101))) static void note_objects(void)
{
  dl_iterate_phdr(note_object, NULL);
}

static enum failing_caller who_is(const void *where)
{
  for (size_t i = 0; i < object_count; i++)
    if ((uintptr_t)where >= objects[i].begin && (uintptr_t)where < objects[i].end)
      return objects[i].caller;
  return FAILING_OTHER;
}

#define WHERE       __builtin_return_address(0)
#define FAILS(kind) failing_now(kind, who_is(WHERE), WHERE)

/* ---- Memory. The C library's own names for its functions need no loader to be found. */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *block, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *block);

SHOWN void *malloc(size_t size)
{
  return FAILS(FAILING_MEMORY) ? NULL : failing_took(__libc_malloc(size), who_is(WHERE));
}

SHOWN void *calloc(size_t count, size_t size)
{
  return FAILS(FAILING_MEMORY) ? NULL : failing_took(__libc_calloc(count, size), who_is(WHERE));
}

static void *reallocate(void *block, size_t size, const void *where)
{
  if (failing_now(FAILING_MEMORY, who_is(where), where))
    return NULL;
  /* Before it is another's, on another thread. */
  failing_gave(block);
  return failing_took(__libc_realloc(block, size), who_is(where));
}

SHOWN void *realloc(void *block, size_t size)
{
  return reallocate(block, size, WHERE);
}

SHOWN void *reallocarray(void *block, size_t count, size_t size)
{
  size_t bytes;
  return __builtin_mul_overflow(count, size, &bytes) ? NULL : reallocate(block, bytes, WHERE);
}

SHOWN void free(void *block)
{
  failing_gave(block);
  __libc_free(block);
}

static void *allocate_aligned(size_t alignment, size_t size, const void *where)
{
  if (failing_now(FAILING_MEMORY, who_is(where), where))
    return NULL;
  return failing_took(__libc_memalign(alignment, size), who_is(where));
}

SHOWN void *aligned_alloc(size_t alignment, size_t size)
{
  return allocate_aligned(alignment, size, WHERE);
}

SHOWN int posix_memalign(void **block, size_t alignment, size_t size)
{
  void *got = allocate_aligned(alignment, size, WHERE);
  if (!got)
    return ENOMEM;
  *block = got;
  return 0;
}

static char *copy(const char *text, size_t size, const void *where)
{
  if (failing_now(FAILING_MEMORY, who_is(where), where))
    return NULL;
  char *made = failing_took(__libc_malloc(size + 1), who_is(where));
  if (!made)
    return NULL;
  memcpy(made, text, size);
  made[size] = '\0';
  return made;
}

SHOWN char *strdup(const char *text)
{
  return copy(text, strlen(text), WHERE);
}

SHOWN char *strndup(const char *text, size_t size)
{
  return copy(text, strnlen(text, size), WHERE);
}

/* ---- Threads and descriptors */

static void *next_of(const char *name)
{
  void *found = dlsym(RTLD_NEXT, name);
  if (!found)
    abort();
  return found;
}

#define NEXT(function) ((__typeof__(&function))(uintptr_t)next_of(#function))

SHOWN int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
  return FAILS(FAILING_THREADS) ? EAGAIN : NEXT(pthread_create)(thread, attributes, run, argument);
}

SHOWN int socket(int family, int type, int protocol)
{
  return FAILS(FAILING_DESCRIPTORS) ? -1 : NEXT(socket)(family, type, protocol);
}

SHOWN int socketpair(int family, int type, int protocol, int pair[2])
{
  return FAILS(FAILING_DESCRIPTORS) ? -1 : NEXT(socketpair)(family, type, protocol, pair);
}

SHOWN int pipe(int pair[2])
{
  return FAILS(FAILING_DESCRIPTORS) ? -1 : NEXT(pipe)(pair);
}

SHOWN int pipe2(int pair[2], int flags)
{
  return FAILS(FAILING_DESCRIPTORS) ? -1 : NEXT(pipe2)(pair, flags);
}

SHOWN int eventfd(unsigned count, int flags)
{
  return FAILS(FAILING_DESCRIPTORS) ? -1 : NEXT(eventfd)(count, flags);
}

SHOWN int signalfd(int fd, const sigset_t *signals, int flags)
{
  return FAILS(FAILING_DESCRIPTORS) ? -1 : NEXT(signalfd)(fd, signals, flags);
}

SHOWN FILE *fopen(const char *path, const char *mode)
{
  return FAILS(FAILING_DESCRIPTORS) ? NULL : NEXT(fopen)(path, mode);
}

SHOWN FILE *fopen64(const char *path, const char *mode)
{
  return FAILS(FAILING_DESCRIPTORS) ? NULL : NEXT(fopen64)(path, mode);
}

SHOWN DIR *opendir(const char *path)
{
  return FAILS(FAILING_DESCRIPTORS) ? NULL : NEXT(opendir)(path);
}

SHOWN int mkostemp(char *path, int flags)
{
  return FAILS(FAILING_DESCRIPTORS) ? -1 : NEXT(mkostemp)(path, flags);
}

SHOWN int mkostemp64(char *path, int flags)
{
  return FAILS(FAILING_DESCRIPTORS) ? -1 : NEXT(mkostemp64)(path, flags);
}

/* With the mode that a file to be made has. */
#define OPEN(function, path, flags, where)                                                                             \
  do {                                                                                                                 \
    va_list arguments;                                                                                                 \
    va_start(arguments, flags);                                                                                        \
    unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(arguments, unsigned) : 0;                                   \
    va_end(arguments);                                                                                                 \
    return failing_now(FAILING_DESCRIPTORS, who_is(where), where) ? -1 : NEXT(function)(path, flags, mode);            \
  } while (0)

SHOWN int open(const char *path, int flags, ...)
{
  OPEN(open, path, flags, WHERE);
}

SHOWN int open64(const char *path, int flags, ...)
{
  OPEN(open64, path, flags, WHERE);
}

/* What a call of the latter becomes where the flags are not known to the compiler. */
int __open64_2(const char *path, int flags);

SHOWN int __open64_2(const char *path, int flags)
{
  return FAILS(FAILING_DESCRIPTORS) ? -1 : NEXT(__open64_2)(path, flags);
}
