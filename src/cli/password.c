#include "cli/password.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Only a terminal is asked: standard input may be the body. */
bool ps_cli_ask_password(struct ps_cli_settings *settings, const char *user)
{
  int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (terminal < 0)
    return ps_cli_complain("-u: write USER:PASSWORD; there is no terminal to ask for the password");
  close(terminal);
  char *prompt = NULL, *userpwd = NULL;
  if (asprintf(&prompt, "Password for user '%s': ", user) < 0)
    return ps_cli_lack_memory();
  const char *password = getpass(prompt);
  if (!password || asprintf(&userpwd, "%s:%s", user, password) < 0)
    userpwd = NULL;
  free(prompt);
  settings->request.userpwd = ps_cli_own(settings, userpwd);
  return settings->request.userpwd ? true : ps_cli_complain("-u: the password cannot be read");
}
