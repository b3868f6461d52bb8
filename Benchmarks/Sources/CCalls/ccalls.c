#include "ccalls.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Only for the types: nothing of it is linked.
#include "../../../Sources/CLSMTx/include/lsmtx.h"

#define FUNCTIONS(each) \
    each(lsmtx_options_init) each(lsmtx_db_open) each(lsmtx_db_free) each(lsmtx_db_get) each(lsmtx_db_put) \
    each(lsmtx_snapshot_open) each(lsmtx_snapshot_get) each(lsmtx_snapshot_free) each(lsmtx_snapshot_iter) \
    each(lsmtx_txn_begin) each(lsmtx_txn_put) each(lsmtx_txn_free) \
    each(lsmtx_iter_next) each(lsmtx_iter_next_many) each(lsmtx_iter_free)

// A call through a pointer, as one through the linker's table is.
static struct {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
} c;

struct ccalls_store {
    lsmtx_db *db;
    lsmtx_snapshot *snapshot;
};

const char *ccalls_load(const char *path) {
    if (c.lsmtx_db_open) return NULL;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) return dlerror();
#define FIND(name) \
    if (!(c.name = (__typeof__(&name))dlsym(library, #name))) return dlerror();
    FUNCTIONS(FIND)
#undef FIND
    return NULL;
}

ccalls_store *ccalls_open(const char *path, uint64_t cache_bytes, uint64_t memtable_bytes) {
    ccalls_store *store = calloc(1, sizeof *store);
    lsmtx_options options;
    c.lsmtx_options_init(&options, sizeof options);
    options.cache_bytes = cache_bytes;
    options.memtable_bytes = memtable_bytes;
    options.durability = LSMTX_DURABILITY_BUFFERED;
    if (c.lsmtx_db_open(path, &options, &store->db, NULL) < 0
        || c.lsmtx_snapshot_open(store->db, NULL, &store->snapshot, NULL) < 0) {
        ccalls_close(store);
        return NULL;
    }
    return store;
}

void ccalls_close(ccalls_store *store) {
    c.lsmtx_snapshot_free(store->snapshot);
    c.lsmtx_db_free(store->db);
    free(store);
}

// Processor time of the thread: what other programs do meanwhile does not count.
static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

// What a value of `key` begins with: as much of a check as costs nothing beside the call.
static int is_value(const uint8_t *value, size_t length, const uint8_t *key) {
    return length == ccalls_value_bytes && memcmp(value, key + 8, 8) == 0;
}

int64_t ccalls_get(ccalls_store *store, const uint8_t *keys, size_t count, size_t operations) {
    uint8_t value[ccalls_value_bytes];
    size_t length, place = 0;
    int64_t start = now();
    for (size_t done = 0; done < operations; done++) {
        const uint8_t *key = keys + place * ccalls_key_bytes;
        if (c.lsmtx_snapshot_get(store->snapshot, key, ccalls_key_bytes, value, sizeof value, &length, NULL) != LSMTX_OK
            || !is_value(value, length, key))
            return -1;
        if (++place == count) place = 0;
    }
    return now() - start;
}

int64_t ccalls_get_newest(ccalls_store *store, const uint8_t *keys, size_t count, size_t operations) {
    uint8_t value[ccalls_value_bytes];
    size_t length, place = 0;
    int64_t start = now();
    for (size_t done = 0; done < operations; done++) {
        const uint8_t *key = keys + place * ccalls_key_bytes;
        if (c.lsmtx_db_get(store->db, key, ccalls_key_bytes, value, sizeof value, &length, NULL) != LSMTX_OK
            || !is_value(value, length, key))
            return -1;
        if (++place == count) place = 0;
    }
    return now() - start;
}

// In transactions of 1,000, which are rolled back: what a put alone costs. In one of all, most of it is memory that grows.
int64_t ccalls_put(ccalls_store *store, const uint8_t *keys, size_t count, size_t operations) {
    uint8_t value[ccalls_value_bytes] = {0};
    size_t place = 0;
    lsmtx_txn *txn = NULL;
    int64_t start = now();
    for (size_t done = 0; done < operations; done++) {
        if (done % 1000 == 0) {
            c.lsmtx_txn_free(txn);
            if (c.lsmtx_txn_begin(store->db, LSMTX_SERIALIZABLE, NULL, &txn, NULL) < 0) return -1;
        }
        const uint8_t *key = keys + place * ccalls_key_bytes;
        memcpy(value, key + 8, 8);
        if (c.lsmtx_txn_put(txn, key, ccalls_key_bytes, value, sizeof value, NULL) < 0) return -1;
        if (++place == count) place = 0;
    }
    c.lsmtx_txn_free(txn);
    return now() - start;
}

int64_t ccalls_commit(ccalls_store *store, const uint8_t *keys, size_t count, size_t operations) {
    uint8_t value[ccalls_value_bytes] = {0};
    size_t place = 0;
    int64_t start = now();
    for (size_t done = 0; done < operations; done++) {
        const uint8_t *key = keys + place * ccalls_key_bytes;
        memcpy(value, key + 8, 8);
        if (c.lsmtx_db_put(
                store->db, key, ccalls_key_bytes, value, sizeof value, LSMTX_DURABILITY_DEFAULT, NULL, NULL) < 0)
            return -1;
        if (++place == count) place = 0;
    }
    return now() - start;
}

int64_t ccalls_next(ccalls_store *store, const uint8_t *keys, size_t count, size_t operations) {
    (void)keys;
    int64_t start = now();
    for (size_t done = 0; done < operations;) {
        lsmtx_iter *iter;
        const void *key, *value;
        size_t key_length, value_length, seen = 0;
        if (c.lsmtx_snapshot_iter(store->snapshot, NULL, 0, &iter, NULL) < 0) return -1;
        while (c.lsmtx_iter_next(iter, &key, &key_length, &value, &value_length, NULL) == LSMTX_OK) {
            if (!is_value(value, value_length, key)) return -1;
            seen++;
        }
        c.lsmtx_iter_free(iter);
        if (seen != count) return -1;
        done += seen;
    }
    return now() - start;
}

int64_t ccalls_next_many(ccalls_store *store, const uint8_t *keys, size_t count, size_t operations) {
    (void)keys;
    lsmtx_entry entries[256];
    int64_t start = now();
    for (size_t done = 0; done < operations;) {
        lsmtx_iter *iter;
        size_t got, seen = 0;
        if (c.lsmtx_snapshot_iter(store->snapshot, NULL, 0, &iter, NULL) < 0) return -1;
        while (c.lsmtx_iter_next_many(iter, entries, 256, 0, &got, NULL) == LSMTX_OK) {
            for (size_t index = 0; index < got; index++)
                if (!is_value(entries[index].value, entries[index].value_length, entries[index].key)) return -1;
            seen += got;
        }
        c.lsmtx_iter_free(iter);
        if (seen != count) return -1;
        done += seen;
    }
    return now() - start;
}
