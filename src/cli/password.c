#include "cli/password.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Only a terminal is asked: standard input may be the body. */
char *ps_cli_ask_password(const char *user)
{
  int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC);
  if (terminal < 0) {
    ps_cli_complain("-u: write USER:PASSWORD; there is no terminal to ask for the password");
    return NULL;
  }
  close(terminal);
  char *prompt = NULL, *userpwd = NULL;
  if (asprintf(&prompt, "Password for user '%s': ", user) < 0) {
    ps_cli_lack_memory();
    return NULL;
  }
  const char *password = getpass(prompt);
  if (!password || asprintf(&userpwd, "%s:%s", user, password) < 0) {
    ps_cli_complain("-u: the password cannot be read");
    userpwd = NULL;
  }
  free(prompt);
  return userpwd;
}
