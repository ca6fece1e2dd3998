/* asan.h - is this AddressSanitizer's build? It watches malloc's memory only. */
#ifndef NONET_ARCH_ASAN_H
#define NONET_ARCH_ASAN_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NONET_ASAN 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define NONET_ASAN 1
#endif
#ifndef NONET_ASAN
#define NONET_ASAN 0
#endif

#endif
