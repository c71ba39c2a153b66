/* Random numbers of the system's, for seeds and for poolsend_make_id. */
#ifndef PS_ENGINE_IDENTITY_H
#define PS_ENGINE_IDENTITY_H

#include <stdint.h>

/* A seed for what must differ from run to run, and need not be secret. Any thread. */
uint64_t ps_random_seed(void);

#endif
