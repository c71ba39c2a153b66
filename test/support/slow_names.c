/* A module to be preloaded into a program, in which names are resolved as a test wants it.
 *
 * NAMES is a table: `slow.test=sleep:4,127.0.0.1;gone.test=fail:EAI_NONAME;back.test=fail:EAI_AGAIN|::1,127.0.0.1`.
 * What a name stands for is done in order: sleep so many seconds, fail with this error, give this address. With neither
 * an address nor an error it is unknown. After `|` stands what the next look-up of that name finds; the last stays.
 * What is not in the table goes to the real getaddrinfo, and so do the addresses that are found.
 *
 * Each look-up of a name, of the table or not, appends a line to the file NAMES_LOG when it begins. Any thread. */
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NAMES_MAX 32
#define ENTRY_MAX 256

typedef int lookup(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found);

int getaddrinfo(const char *restrict name, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict found);

static int look_up_really(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
  union {
    void *address;
    lookup *function;
  } real = {.address = dlsym(RTLD_NEXT, "getaddrinfo")};
  return real.function ? real.function(name, service, hints, found) : EAI_SYSTEM;
}

/* One write, so that the lines of several threads do not mix. */
static void log_look_up(const char *name)
{
  char line[ENTRY_MAX + 1];
  const char *path = getenv("NAMES_LOG");
  int fd = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600) : -1;
  if (fd < 0)
    return;
  int size = snprintf(line, sizeof line, "%.*s\n", ENTRY_MAX - 1, name);
  ssize_t written = write(fd, line, (size_t)size);
  (void)written;
  close(fd);
}

/* ---- The table */

/* The look-ups so far of the name at this place of the table. */
static atomic_uint counts[NAMES_MAX];

/* Skip what the look-ups before have used up. */
static const char *step_of(const char *text, const char *end, unsigned count)
{
  for (; count > 0; count--) {
    const char *next = memchr(text, '|', (size_t)(end - text));
    if (!next)
      break;
    text = next + 1;
  }
  return text;
}

/* Copies what this look-up of the name is to do. Whether the table has the name. */
static bool find_step(const char *name, char step[ENTRY_MAX])
{
  size_t length = strlen(name);
  const char *entry = getenv("NAMES");
  for (unsigned place = 0; entry && *entry && place < NAMES_MAX; place++) {
    const char *end = entry + strcspn(entry, ";");
    if (strncasecmp(entry, name, length) == 0 && entry[length] == '=') {
      const char *text = step_of(entry + length + 1, end, atomic_fetch_add(&counts[place], 1));
      const char *bar = memchr(text, '|', (size_t)(end - text));
      snprintf(step, ENTRY_MAX, "%.*s", (int)((bar ? bar : end) - text), text);
      return true;
    }
    entry = *end ? end + 1 : end;
  }
  return false;
}

/* ---- What it says */

static void sleep_for(const char *seconds)
{
  double time = strtod(seconds, NULL);
  struct timespec left = {.tv_sec = (time_t)time, .tv_nsec = (long)((time - (double)(time_t)time) * 1e9)};
  while (nanosleep(&left, &left))
    ;
}

static int error_of(const char *name)
{
  static const struct {
    const char *name;
    int error;
  } errors[] = {{"EAI_NONAME", EAI_NONAME}, {"EAI_AGAIN", EAI_AGAIN}, {"EAI_FAIL", EAI_FAIL}};
  for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
    if (strcmp(errors[i].name, name) == 0)
      return errors[i].error;
  return EAI_FAIL;
}

/* glibc frees a list one by one, wherever its members come from. One of a family that was not asked for is left out. */
static void add_address(const char *address, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
  struct addrinfo numeric = hints ? *hints : (struct addrinfo){.ai_family = AF_UNSPEC};
  numeric.ai_flags = AI_NUMERICHOST;
  while (*found)
    found = &(*found)->ai_next;
  if (look_up_really(address, service, &numeric, found))
    *found = NULL;
}

static int follow(char *step, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
  char *rest = NULL;
  *found = NULL;
  for (char *word = strtok_r(step, ",", &rest); word; word = strtok_r(NULL, ",", &rest)) {
    if (strncmp(word, "fail:", 5) == 0)
      return error_of(word + 5);
    if (strncmp(word, "sleep:", 6) == 0)
      sleep_for(word + 6);
    else
      add_address(word, service, hints, found);
  }
  return *found ? 0 : EAI_NONAME;
}

__attribute__((visibility("default"))) int getaddrinfo(const char *restrict name, const char *restrict service,
                                                       const struct addrinfo *restrict hints,
                                                       struct addrinfo **restrict found)
{
  char step[ENTRY_MAX];
  if (!name || (hints && hints->ai_flags & AI_NUMERICHOST))
    return look_up_really(name, service, hints, found);
  log_look_up(name);
  if (!find_step(name, step))
    return look_up_really(name, service, hints, found);
  return follow(step, service, hints, found);
}
