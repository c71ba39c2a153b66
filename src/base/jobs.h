/* The pool of poolsend.h, as senders that share it see it. */
#ifndef PS_BASE_JOBS_H
#define PS_BASE_JOBS_H

#include "base/pool.h"

#include "poolsend.h"

/* Its threads. What is put on them here is none of the pool's jobs: it is neither bounded nor awaited by
 * poolsend_pool_drain. The pool's, valid until poolsend_pool_free. NULL: this process is a child of fork, and it is the
 * parent's. Never blocks. */
struct ps_pool *ps_jobs_pool(struct poolsend_pool *pool);

#endif
