/* Which sanitizers are compiled in: gcc says so by macros, clang by __has_feature (as gcc does from version 14 on). */
#ifndef PS_BASE_SANITIZERS_H
#define PS_BASE_SANITIZERS_H

#ifdef __SANITIZE_ADDRESS__
#define PS_ADDRESS_SANITIZER 1
#endif
#ifdef __SANITIZE_THREAD__
#define PS_THREAD_SANITIZER 1
#endif

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define PS_ADDRESS_SANITIZER 1
#endif
#if __has_feature(thread_sanitizer)
#define PS_THREAD_SANITIZER 1
#endif
#if __has_feature(memory_sanitizer)
#define PS_MEMORY_SANITIZER 1
#endif
#endif

/* Their frames are several times as large: threads need stacks of the system's size. */
#if defined(PS_ADDRESS_SANITIZER) || defined(PS_THREAD_SANITIZER) || defined(PS_MEMORY_SANITIZER)
#define PS_SANITIZED 1
#endif

#endif
