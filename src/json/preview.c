#include "json/build.h"
#include "poolsend.h"

static bool add_headers(struct json_object *object, const struct poolsend_preview *preview)
{
  struct json_object *headers = json_object_new_array();
  bool done = headers != NULL;
  for (size_t i = 0; done && i < preview->header_count; i++)
    done = json_object_array_add(headers, ps_json_text(preview->headers[i])) == 0;
  return ps_json_add(object, "headers", headers) && done;
}

char *poolsend_preview_json(const struct poolsend_preview *preview)
{
  struct json_object *object = json_object_new_object();
  bool done =
      ps_json_add_text(object, "endpoint", preview->name) && ps_json_add_text(object, "url", preview->url) &&
      ps_json_add_text(object, "method", preview->method) && add_headers(object, preview) &&
      ps_json_add_seconds(object, "hedge_delay", preview->hedge_delay == POOLSEND_NEVER ? -1 : preview->hedge_delay) &&
      (preview->body ? ps_json_add_bytes(object, "body", preview->body, preview->size, false)
                     : ps_json_add_null(object, "body"));
  return ps_json_line(object, done);
}
