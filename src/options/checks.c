#include "options/checks.h"

#include "net/check.h"
#include "net/idn.h"
#include "net/success.h"
#include "net/template.h"

#include <stdlib.h>
#include <string.h>

static int check_success(const char *text, struct ps_error *error)
{
  struct ps_success success;
  int result = ps_success_init(&success, text, error);
  ps_success_fini(&success);
  return result;
}

static int check_name(const char *text, struct ps_error *error)
{
  return strpbrk(text, "\t") ? ps_refuse(error, "name: it holds a control character")
                             : ps_check_text("name", text, error);
}

static int check_user(const char *text, struct ps_error *error)
{
  if (!strchr(text, ':'))
    return ps_refuse(error, "user: there is no password; write name:password");
  return ps_check_text("user", text, error);
}

static int check_url(const char *text, struct ps_error *error)
{
  char *ascii = NULL;
  int result = ps_check_url(text, error);
  if (!result)
    result = ps_idn_url(text, &ascii, error);
  free(ascii);
  return result;
}

static int check_path(const struct ps_option *option, const char *text, struct ps_error *error)
{
  if (!(option->traits & PS_READ))
    return 0;
  return option->kind == PS_KIND_DIRECTORY ? ps_check_directory(option->name, text, error)
                                           : ps_check_file(option->name, text, error);
}

int ps_option_check(const struct ps_option *option, const char *text, struct ps_error *error)
{
  switch (option->kind) {
  case PS_KIND_METHOD:
    return ps_check_method(text, error);
  case PS_KIND_NAME:
    return check_name(text, error);
  case PS_KIND_URL:
    return check_url(text, error);
  case PS_KIND_PROXY:
    return ps_check_proxy(text, error);
  case PS_KIND_SUCCESS:
    return check_success(text, error);
  case PS_KIND_USER:
    return check_user(text, error);
  case PS_KIND_RESOLVE:
    return ps_check_resolve(text, error);
  case PS_KIND_CONNECT_TO:
    return ps_check_connect_to(text, error);
  case PS_KIND_HEADERS:
    return ps_check_header(text, error);
  case PS_KIND_FILE:
  case PS_KIND_DIRECTORY:
    return check_path(option, text, error);
  case PS_KIND_TEMPLATE:
    return ps_option_check_template(option, text, error);
  case PS_KIND_DATA:
    return 0;
  default:
    return ps_check_text(option->name, text, error);
  }
}

int ps_option_check_template(const struct ps_option *option, const char *text, struct ps_error *error)
{
  enum ps_template_kind kind = option->kind == PS_KIND_URL       ? PS_TEMPLATE_URL
                               : option->kind == PS_KIND_HEADERS ? PS_TEMPLATE_HEADER
                                                                 : PS_TEMPLATE_BODY;
  struct ps_template template = {0};
  struct ps_buf sketch = {0};
  int result = ps_template_init(&template, kind, text, error);
  if (!result && kind != PS_TEMPLATE_BODY)
    result = ps_template_sketch(&template, &sketch);
  if (!result && kind != PS_TEMPLATE_BODY)
    result = ps_option_check(option, sketch.data, error);
  ps_buf_fini(&sketch);
  ps_template_fini(&template);
  return result;
}
