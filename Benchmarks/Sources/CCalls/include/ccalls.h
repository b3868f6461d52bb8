// What a C program would do with the library, in loops that are measured beside Swift's. The library is loaded at run
// time: it has an engine and a Swift runtime of its own, apart from those of the program that measures.
#ifndef CCALLS_H
#define CCALLS_H

#include <stddef.h>
#include <stdint.h>

enum { ccalls_key_bytes = 16, ccalls_value_bytes = 100 };

// One store that C code works on.
typedef struct ccalls_store ccalls_store;

// Loads the library once. Returns NULL, or why not.
const char *ccalls_load(const char *path);

// NULL when it cannot be opened.
ccalls_store *ccalls_open(const char *path, uint64_t cache_bytes, uint64_t memtable_bytes);
void ccalls_close(ccalls_store *store);

// Each does `operations` calls, of keys that lie one behind the other at `keys`, `count` of them, and returns the
// nanoseconds of processor time that all of them took; a negative number when an answer was wrong.
typedef int64_t ccalls_loop(ccalls_store *store, const uint8_t *keys, size_t count, size_t operations);
ccalls_loop ccalls_get, ccalls_get_newest, ccalls_put, ccalls_commit, ccalls_next, ccalls_next_many;

#endif
