// WiredTiger's methods are function pointers in structures, several of them with variable arguments, which Swift cannot
// call. Each of these is one such call, with keys and values as plain bytes.
#pragma once

#include <stddef.h>
#include <string.h>
#include <wiredtiger.h>

static inline int bench_wt_open(const char *home, const char *config, WT_CONNECTION **connection) {
    return wiredtiger_open(home, NULL, config, connection);
}

static inline int bench_wt_close(WT_CONNECTION *connection) { return connection->close(connection, NULL); }

static inline int bench_wt_session(WT_CONNECTION *connection, WT_SESSION **session) {
    return connection->open_session(connection, NULL, NULL, session);
}

static inline int bench_wt_session_close(WT_SESSION *session) { return session->close(session, NULL); }

static inline int bench_wt_create(WT_SESSION *session, const char *table, const char *config) {
    return session->create(session, table, config);
}

static inline int bench_wt_cursor(WT_SESSION *session, const char *table, const char *config, WT_CURSOR **cursor) {
    return session->open_cursor(session, table, NULL, config, cursor);
}

static inline int bench_wt_begin(WT_SESSION *session, const char *config) {
    return session->begin_transaction(session, config);
}

static inline int bench_wt_commit(WT_SESSION *session, const char *config) {
    return session->commit_transaction(session, config);
}

static inline int bench_wt_rollback(WT_SESSION *session) { return session->rollback_transaction(session, NULL); }

static inline int bench_wt_checkpoint(WT_SESSION *session) { return session->checkpoint(session, NULL); }

static inline int bench_wt_compact(WT_SESSION *session, const char *table) {
    return session->compact(session, table, "timeout=0");
}

static inline int bench_wt_truncate(WT_SESSION *session, WT_CURSOR *from, WT_CURSOR *through) {
    return session->truncate(session, NULL, from, through, NULL);
}

static inline void bench_wt_set_key(WT_CURSOR *cursor, const void *bytes, size_t count) {
    WT_ITEM item;
    memset(&item, 0, sizeof item);
    item.data = bytes;
    item.size = count;
    cursor->set_key(cursor, &item);
}

static inline void bench_wt_set_value(WT_CURSOR *cursor, const void *bytes, size_t count) {
    WT_ITEM item;
    memset(&item, 0, sizeof item);
    item.data = bytes;
    item.size = count;
    cursor->set_value(cursor, &item);
}

static inline int bench_wt_key(WT_CURSOR *cursor, const void **bytes, size_t *count) {
    WT_ITEM item;
    int status = cursor->get_key(cursor, &item);
    if (status == 0) {
        *bytes = item.data;
        *count = item.size;
    }
    return status;
}

static inline int bench_wt_value(WT_CURSOR *cursor, const void **bytes, size_t *count) {
    WT_ITEM item;
    int status = cursor->get_value(cursor, &item);
    if (status == 0) {
        *bytes = item.data;
        *count = item.size;
    }
    return status;
}

static inline int bench_wt_search(WT_CURSOR *cursor) { return cursor->search(cursor); }

static inline int bench_wt_search_near(WT_CURSOR *cursor, int *order) { return cursor->search_near(cursor, order); }

static inline int bench_wt_next(WT_CURSOR *cursor) { return cursor->next(cursor); }

static inline int bench_wt_previous(WT_CURSOR *cursor) { return cursor->prev(cursor); }

static inline int bench_wt_reset(WT_CURSOR *cursor) { return cursor->reset(cursor); }

static inline int bench_wt_insert(WT_CURSOR *cursor) { return cursor->insert(cursor); }

static const int bench_wt_not_found = WT_NOTFOUND;
static const int bench_wt_rollback_error = WT_ROLLBACK;
