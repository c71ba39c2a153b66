#include "base/module.h"

#include "base/fork.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

/* A hold on it that has to be given up with dlclose. NULL: it is the program itself. */
static void *hold(ps_module_function *member, int flags)
{
  Dl_info found;
  if (!dladdr((const void *)(uintptr_t)member, &found) || !found.dli_fname)
    return NULL;
  return dlopen(found.dli_fname, RTLD_LAZY | RTLD_NOLOAD | flags);
}

/* The loader's lock is held meanwhile, as below. */
void ps_module_pin(ps_module_function *member)
{
  ps_fork_hold();
  void *held = hold(member, RTLD_NODELETE);
  if (held)
    dlclose(held);
  ps_fork_release();
}

ps_module_function *ps_module_find(ps_module_function *member, const char *name)
{
  ps_module_function *function = NULL;
  ps_fork_hold();
  void *held = hold(member, 0);
  void *found = dlsym(held ? held : RTLD_DEFAULT, name);
  memcpy(&function, &found, sizeof function);
  if (held)
    dlclose(held);
  ps_fork_release();
  return function;
}
