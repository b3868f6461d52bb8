// The only place that imports xxhash.h: importing it twice with different settings is an error of the library.
#ifndef LSMTX_CXXHASH_SHIM_H
#define LSMTX_CXXHASH_SHIM_H

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <stddef.h>
#include <stdint.h>

static inline uint64_t lsmtx_xxh3_64(const void *bytes, size_t count) {
    return XXH3_64bits(bytes, count);
}

static inline uint64_t lsmtx_xxh3_64_seeded(const void *bytes, size_t count, uint64_t seed) {
    return XXH3_64bits_withSeed(bytes, count, seed);
}

#endif
