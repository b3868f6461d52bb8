/*
 * Eight threads on one store, for the thread sanitizer: Scripts/test-threads builds the library and this with it.
 *
 * 1. Each thread transfers between accounts at every isolation level, writes batches, takes savepoints and comes back to
 *    them, and walks the accounts in both directions and several at once. Every walk must find the same sum.
 * 2. At the end the sums, the counter of the transfers and the file must be right.
 * 3. The store is closed while all threads read: each must see LSMTX_CLOSED, and nothing else.
 *
 * usage: threads FILE [STEPS]
 */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <inttypes.h>
#include <lsmtx.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { THREADS = 8, ACCOUNTS = 40, EACH = 1000, PADDING = 200 };

static lsmtx_db *db;
static long steps = 200;

/* Ends the process where a call does not do what it should. */
#define EXPECT(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "threads: line %d: not so: %s\n", __LINE__, #condition); \
            exit(1); \
        } \
    } while (0)

static void expect_ok(int line, lsmtx_status status, lsmtx_error *error) {
    if (status == LSMTX_OK) return;
    fprintf(stderr, "threads: line %d: %s, %s\n", line, lsmtx_status_name(status), lsmtx_error_description(error));
    exit(1);
}
/* The call comes first: the order of arguments is not said. */
#define OK(call) \
    do { \
        lsmtx_status outcome = (call); \
        expect_ok(__LINE__, outcome, error); \
    } while (0)

typedef struct {
    unsigned number;
    uint64_t state;
    uint64_t transfers;
    uint64_t conflicts;
    uint64_t walks;
    lsmtx_buffer *buffer;
    unsigned from, to;
} worker;

static uint64_t next_random(worker *self) {
    uint64_t mixed = self->state += UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ (mixed >> 31);
}

typedef struct {
    char bytes[16];
    size_t length;
} name;

static name account(unsigned number) {
    name key;
    key.length = (size_t)snprintf(key.bytes, sizeof key.bytes, "account/%04u", number);
    return key;
}

static const lsmtx_range *accounts(void) {
    static const lsmtx_range range = {NULL, 0, NULL, 0, "account/", 8};
    return &range;
}

/* Eight bytes, little-endian, as mutations by a number have them. */
static int64_t number_in(const void *bytes) {
    const unsigned char *byte = bytes;
    uint64_t number = 0;
    for (int index = 7; index >= 0; index--) number = number << 8 | byte[index];
    return (int64_t)number;
}

static void store_number(unsigned char bytes[8], int64_t number) {
    for (int index = 0; index < 8; index++) bytes[index] = (unsigned char)((uint64_t)number >> 8 * index);
}

/* ---- Transfers ---- */

static lsmtx_status add_to(lsmtx_txn *txn, unsigned number, int64_t amount, lsmtx_error **error) {
    name key = account(number);
    unsigned char bytes[8];
    size_t length;
    lsmtx_status status = lsmtx_txn_get(txn, key.bytes, key.length, 0, bytes, sizeof bytes, &length, error);
    if (status < 0) return status;
    EXPECT(status == LSMTX_OK && length == 8);
    store_number(bytes, number_in(bytes) + amount);
    return lsmtx_txn_put(txn, key.bytes, key.length, bytes, sizeof bytes, error);
}

/* Reads and writes: right at the two levels that check what is written. The amounts are the same in each attempt. */
static lsmtx_status transfer(void *user, lsmtx_txn *txn, lsmtx_error **error) {
    worker *self = user;
    if (lsmtx_txn_attempt(txn) > 1) self->conflicts++;
    lsmtx_status status = add_to(txn, self->from, -1, error);
    if (status == LSMTX_OK) status = add_to(txn, self->to, 1, error);
    if (status == LSMTX_OK) status = lsmtx_txn_mutate_number(txn, LSMTX_ADD, "transfers", 9, 1, error);
    return status;
}

/* Reads nothing: right at every level. */
static lsmtx_status transfer_blindly(void *user, lsmtx_txn *txn, lsmtx_error **error) {
    worker *self = user;
    name from = account(self->from), to = account(self->to);
    lsmtx_status status = lsmtx_txn_mutate_number(txn, LSMTX_ADD, from.bytes, from.length, -1, error);
    if (status == LSMTX_OK) status = lsmtx_txn_mutate_number(txn, LSMTX_ADD, to.bytes, to.length, 1, error);
    if (status == LSMTX_OK) status = lsmtx_txn_mutate_number(txn, LSMTX_ADD, "transfers", 9, 1, error);
    return status;
}

static void run(worker *self, lsmtx_run_fn body, int32_t isolation) {
    lsmtx_run_options options;
    lsmtx_error *error;
    uint64_t committed_at;
    lsmtx_run_options_init(&options, sizeof options);
    options.isolation = isolation;
    options.max_attempts = LSMTX_UNLIMITED;
    options.durability = self->number % 2 ? LSMTX_DURABILITY_BUFFERED : LSMTX_DURABILITY_SYNC;
    OK(lsmtx_db_run(db, &options, body, self, &committed_at, &error));
    self->transfers++;
}

/* A transfer by hand, around one that is taken back to a savepoint, with iterators of both. */
static void transfer_with_savepoint(worker *self) {
    lsmtx_error *error;
    lsmtx_status status;
    do {
        lsmtx_txn *txn;
        lsmtx_iter *before, *after;
        const void *value;
        size_t length;
        uint64_t outer, inner;
        int64_t sums[2] = {0, 0};
        OK(lsmtx_txn_begin(db, LSMTX_SERIALIZABLE, "by hand", &txn, &error));
        OK(lsmtx_txn_savepoint(txn, &outer, &error));
        OK(add_to(txn, self->from, -1, &error));
        OK(lsmtx_txn_iter(txn, accounts(), LSMTX_READ_UNGUARDED, &before, &error));
        OK(lsmtx_txn_savepoint(txn, &inner, &error));
        OK(lsmtx_txn_delete_range(txn, accounts(), &error));
        OK(lsmtx_txn_rollback_to_savepoint(txn, inner, &error));
        OK(add_to(txn, self->to, 1, &error));
        OK(lsmtx_txn_release_savepoint(txn, outer, &error));
        OK(lsmtx_txn_iter(txn, accounts(), LSMTX_READ_UNGUARDED, &after, &error));
        while ((status = lsmtx_iter_next(before, NULL, NULL, &value, &length, &error)) == LSMTX_OK)
            sums[0] += number_in(value);
        EXPECT(status == LSMTX_END);
        while ((status = lsmtx_iter_next(after, NULL, NULL, &value, &length, &error)) == LSMTX_OK)
            sums[1] += number_in(value);
        EXPECT(status == LSMTX_END);
        /* The first one shows what was written before it was made: half of the transfer. */
        EXPECT(sums[0] == (int64_t)ACCOUNTS * EACH - 1);
        EXPECT(sums[1] == (int64_t)ACCOUNTS * EACH);
        OK(lsmtx_txn_mutate_number(txn, LSMTX_ADD, "transfers", 9, 1, &error));
        status = lsmtx_txn_commit(txn, LSMTX_DURABILITY_BUFFERED, NULL, &error);
        if (status == LSMTX_CONFLICT) {
            lsmtx_conflict conflict = {0};
            conflict.size = sizeof conflict;
            EXPECT(lsmtx_error_conflict(error, &conflict) == 1 && strcmp(conflict.label, "by hand") == 0);
            EXPECT(lsmtx_error_is_retryable(error));
            lsmtx_error_free(error);
            self->conflicts++;
        } else {
            OK(status);
        }
        lsmtx_iter_free(before);
        lsmtx_txn_free(txn);
        lsmtx_iter_free(after);
    } while (status != LSMTX_OK);
    self->transfers++;
}

/* ---- Other work ---- */

/* Keys of the thread's own, which fill memtables, so that flushes and compactions run beside everything. */
static void write_batch(worker *self) {
    lsmtx_error *error;
    lsmtx_batch *batch = lsmtx_batch_create();
    char key[32], value[PADDING] = {0};
    for (int index = 0; index < 20; index++) {
        int length = snprintf(key, sizeof key, "own/%u/%03u", self->number, (unsigned)(next_random(self) % 500));
        OK(lsmtx_batch_put(batch, key, (size_t)length, value, sizeof value, &error));
    }
    EXPECT(lsmtx_batch_count(batch) == 20);
    OK(lsmtx_db_write(db, batch, LSMTX_DURABILITY_BUFFERED, NULL, &error));
    lsmtx_batch_free(batch);
    int length = snprintf(key, sizeof key, "own/%u/", self->number);
    if (next_random(self) % 16 == 0) {
        lsmtx_range own = {NULL, 0, NULL, 0, key, (size_t)length};
        OK(lsmtx_db_delete_range(db, &own, LSMTX_DURABILITY_BUFFERED, NULL, &error));
    }
}

static void walk(worker *self) {
    lsmtx_error *error;
    lsmtx_snapshot *snapshot;
    lsmtx_iter *iter;
    lsmtx_entry entries[7];
    lsmtx_status status;
    lsmtx_point past = {0};
    const void *value;
    size_t length, count;
    int64_t sum = 0;
    OK(lsmtx_snapshot_open(db, NULL, &snapshot, &error));
    past.kind = LSMTX_POINT_TIMESTAMP;
    past.timestamp = lsmtx_snapshot_timestamp(snapshot);
    OK(lsmtx_snapshot_iter(snapshot, accounts(), 0, &iter, &error));
    while ((status = lsmtx_iter_next(iter, NULL, NULL, &value, &length, &error)) == LSMTX_OK) sum += number_in(value);
    EXPECT(status == LSMTX_END && sum == (int64_t)ACCOUNTS * EACH);
    while ((status = lsmtx_iter_prev(iter, NULL, NULL, &value, &length, &error)) == LSMTX_OK) sum -= number_in(value);
    EXPECT(status == LSMTX_END && sum == 0);
    lsmtx_iter_free(iter);

    /* The same state again, by its timestamp, after the snapshot has ended. */
    OK(lsmtx_snapshot_iter(snapshot, accounts(), 0, &iter, &error));
    lsmtx_snapshot *again;
    OK(lsmtx_snapshot_open(db, &past, &again, &error));
    lsmtx_snapshot_free(snapshot);
    OK(lsmtx_iter_seek_last(iter, &error));
    while ((status = lsmtx_iter_prev_many(iter, entries, 7, 0, &count, &error)) == LSMTX_OK)
        for (size_t index = 0; index < count; index++) sum += number_in(entries[index].value);
    EXPECT(status == LSMTX_END && sum == (int64_t)ACCOUNTS * EACH);
    lsmtx_iter_free(iter);

    lsmtx_slice keys[ACCOUNTS], values[ACCOUNTS];
    name names[ACCOUNTS];
    for (unsigned index = 0; index < ACCOUNTS; index++) {
        names[index] = account(index);
        keys[index].data = names[index].bytes;
        keys[index].length = names[index].length;
    }
    OK(lsmtx_snapshot_get_many(again, keys, ACCOUNTS, self->buffer, values, &error));
    for (unsigned index = 0; index < ACCOUNTS; index++) sum -= number_in(values[index].data);
    EXPECT(sum == 0);
    lsmtx_snapshot_free(again);
    self->walks++;
}

static void *work(void *user) {
    worker *self = user;
    self->buffer = lsmtx_buffer_create();
    for (long step = 0; step < steps; step++) {
        self->from = (unsigned)(next_random(self) % ACCOUNTS);
        self->to = (self->from + 1 + (unsigned)(next_random(self) % (ACCOUNTS - 1))) % ACCOUNTS;
        switch (next_random(self) % 7) {
        case 0: run(self, transfer, LSMTX_SERIALIZABLE); break;
        case 1: run(self, transfer, LSMTX_SNAPSHOT_ISOLATION); break;
        case 2: run(self, transfer_blindly, LSMTX_READ_COMMITTED); break;
        case 3: run(self, transfer_blindly, LSMTX_SERIALIZABLE); break;
        case 4: transfer_with_savepoint(self); break;
        case 5: write_batch(self); break;
        default: walk(self);
        }
    }
    return NULL;
}

/* Reads until the store is closed. */
static void *read_on(void *user) {
    worker *self = user;
    lsmtx_error *error;
    lsmtx_status status = LSMTX_OK;
    lsmtx_iter *iter;
    const void *value;
    size_t length;
    for (;;) {
        status = lsmtx_db_iter(db, accounts(), 0, &iter, &error);
        while (status == LSMTX_OK) status = lsmtx_iter_next(iter, NULL, NULL, &value, &length, &error);
        lsmtx_iter_free(iter);
        if (status == LSMTX_END) {
            name key = account((unsigned)(next_random(self) % ACCOUNTS));
            status = lsmtx_db_get_borrowed(db, key.bytes, key.length, self->buffer, &value, &length, &error);
            self->walks++;
        }
        if (status != LSMTX_OK) break;
    }
    EXPECT(status == LSMTX_CLOSED && lsmtx_error_status(error) == LSMTX_CLOSED);
    lsmtx_error_free(error);
    lsmtx_buffer_free(self->buffer);
    return NULL;
}

static void start(pthread_t threads[THREADS], worker workers[THREADS], void *(*body)(void *)) {
    for (int index = 0; index < THREADS; index++)
        EXPECT(pthread_create(&threads[index], NULL, body, &workers[index]) == 0);
}

static void join(pthread_t threads[THREADS]) {
    for (int index = 0; index < THREADS; index++) EXPECT(pthread_join(threads[index], NULL) == 0);
}

/* Events come on a thread of the library; the release comes on any. */
static void count_event(void *user, const lsmtx_event *event) {
    EXPECT(event->text != NULL && !event->is_problem);
    ++*(uint64_t *)user;
}

/* Waits until only this thread is left, where the system says how many there are: the one of the events ends by itself
 * soon after the close, and a checker of memory would take what a running thread has for lost. */
static void wait_for_others(void) {
    const struct timespec pause = {0, 1000000};
    /* Not for ever: the sanitizer has a thread of its own. */
    for (int tries = 0; tries < 2000; tries++) {
        int others = -3; /* This thread, "." and "..". */
        DIR *tasks = opendir("/proc/self/task");
        if (!tasks) return;
        while (readdir(tasks)) others++;
        closedir(tasks);
        if (others == 0) return;
        nanosleep(&pause, NULL);
    }
}

int main(int count, char **words) {
    pthread_t threads[THREADS];
    static worker workers[THREADS];
    static uint64_t events;
    lsmtx_error *error;
    lsmtx_options options;
    unsigned char bytes[8];
    size_t length;
    uint64_t transfers = 0, conflicts = 0, walks = 0;
    if (count < 2) return 2;
    if (count > 2) steps = strtol(words[2], NULL, 10);

    EXPECT(lsmtx_options_init(&options, sizeof options) == LSMTX_OK);
    options.memtable_bytes = 256 << 10;
    options.extent_bytes = 64 << 10;
    options.on_event = count_event;
    options.event_user = &events;
    OK(lsmtx_db_open(words[1], &options, &db, &error));
    store_number(bytes, EACH);
    for (unsigned index = 0; index < ACCOUNTS; index++) {
        name key = account(index);
        OK(lsmtx_db_put(db, key.bytes, key.length, bytes, sizeof bytes, LSMTX_DURABILITY_BUFFERED, NULL, &error));
    }
    for (unsigned index = 0; index < THREADS; index++) {
        workers[index].number = index;
        workers[index].state = index + 1;
    }
    start(threads, workers, work);
    /* Beside them, what a store does by itself, and what others ask of it. */
    for (int index = 0; index < 4; index++) {
        lsmtx_stats *stats;
        OK(lsmtx_db_flush(db, &error));
        OK(lsmtx_db_compact(db, NULL, NULL, NULL, &error));
        OK(lsmtx_db_stats(db, &stats, &error));
        lsmtx_stats_free(stats);
    }
    join(threads);

    for (int index = 0; index < THREADS; index++) {
        transfers += workers[index].transfers;
        conflicts += workers[index].conflicts;
        walks += workers[index].walks;
    }
    OK(lsmtx_db_get(db, "transfers", 9, bytes, sizeof bytes, &length, &error));
    EXPECT(length == 8 && (uint64_t)number_in(bytes) == transfers);
    walk(&workers[0]);
    lsmtx_report *report;
    lsmtx_report_summary summary = {0};
    summary.size = sizeof summary;
    OK(lsmtx_db_check(db, NULL, NULL, &report, &error));
    OK(lsmtx_report_get(report, &summary, &error));
    EXPECT(summary.findings == 0);
    lsmtx_report_free(report);

    start(threads, workers, read_on);
    for (int index = 0; index < 8; index++)
        OK(lsmtx_db_put(db, "more", 4, NULL, 0, LSMTX_DURABILITY_SYNC, NULL, &error));
    OK(lsmtx_db_close(db, &error));
    join(threads);
    lsmtx_db_free(db);
    wait_for_others();
    printf("threads: %" PRIu64 " transfers, %" PRIu64 " conflicts, %" PRIu64 " walks\n", transfers, conflicts,
        walks);
    return 0;
}
