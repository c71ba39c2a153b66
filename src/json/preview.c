#include "json/write.h"
#include "poolsend.h"

char *poolsend_preview_json(const struct poolsend_preview *preview)
{
  struct ps_json json = {0};
  size_t size;
  const char *body = poolsend_preview_body(preview, &size);
  poolsend_time delay = poolsend_preview_hedge_delay(preview);
  if (!preview)
    return NULL;
  ps_json_open(&json, NULL, '{');
  ps_json_text(&json, "endpoint", poolsend_preview_name(preview));
  ps_json_text(&json, "url", poolsend_preview_url(preview));
  ps_json_text(&json, "method", poolsend_preview_method(preview));
  ps_json_open(&json, "headers", '[');
  for (size_t i = 0; i < poolsend_preview_header_count(preview); i++)
    ps_json_text(&json, NULL, poolsend_preview_header(preview, i));
  ps_json_close(&json, ']');
  ps_json_seconds(&json, "hedge_delay", delay == POOLSEND_NEVER ? -1 : delay);
  if (body)
    ps_json_bytes(&json, "body", body, size, false);
  else
    ps_json_null(&json, "body");
  ps_json_close(&json, '}');
  return ps_json_take(&json);
}
