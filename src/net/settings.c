#include "net/settings.h"

#include "core/delivery.h"

void ps_endpoint_settings_init(struct ps_endpoint_settings *settings)
{
  *settings = (struct ps_endpoint_settings){.attempt_timeout = PS_NEVER, .hedge_delay = PS_HEDGE_DELAY_DEFAULT};
}

void ps_request_settings_init(struct ps_request_settings *settings)
{
  *settings = (struct ps_request_settings){.idempotency_key = true, .max_response = (size_t)1 << 20};
}
