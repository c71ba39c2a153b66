#include "json/write.h"
#include "poolsend.h"

char *poolsend_preview_json(const struct poolsend_preview *preview)
{
  struct ps_json json = {0};
  ps_json_open(&json, NULL, '{');
  ps_json_text(&json, "endpoint", preview->name);
  ps_json_text(&json, "url", preview->url);
  ps_json_text(&json, "method", preview->method);
  ps_json_open(&json, "headers", '[');
  for (size_t i = 0; i < preview->header_count; i++)
    ps_json_text(&json, NULL, preview->headers[i]);
  ps_json_close(&json, ']');
  ps_json_seconds(&json, "hedge_delay", preview->hedge_delay == POOLSEND_NEVER ? -1 : preview->hedge_delay);
  if (preview->body)
    ps_json_bytes(&json, "body", preview->body, preview->size, false);
  else
    ps_json_null(&json, "body");
  ps_json_close(&json, '}');
  return ps_json_take(&json);
}
