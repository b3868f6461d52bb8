// The only place that imports xxhash.h: importing it twice with different settings is an error of the library.
#ifndef LSMTX_CXXHASH_SHIM_H
#define LSMTX_CXXHASH_SHIM_H

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t lsmtx_xxh3_64(const void *bytes, size_t count) {
    return XXH3_64bits(bytes, count);
}

static inline uint64_t lsmtx_xxh3_64_seeded(const void *bytes, size_t count, uint64_t seed) {
    return XXH3_64bits_withSeed(bytes, count, seed);
}

// Hashing in parts. The state is memory of the caller's, of that size and on a border of 64 bytes.

static inline size_t lsmtx_xxh3_state_bytes(void) { return sizeof(XXH3_state_t); }

static inline void lsmtx_xxh3_begin(void *state, uint64_t seed) {
    // Resetting looks at the fields before it sets them.
    memset(state, 0, sizeof(XXH3_state_t));
    XXH3_64bits_reset_withSeed((XXH3_state_t *)state, seed);
}

static inline void lsmtx_xxh3_add(void *state, const void *bytes, size_t count) {
    XXH3_64bits_update((XXH3_state_t *)state, bytes, count);
}

static inline uint64_t lsmtx_xxh3_end(const void *state) {
    return XXH3_64bits_digest((const XXH3_state_t *)state);
}

#endif
