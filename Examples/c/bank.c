/*
 * bank: accounts and transfers in a file.
 *
 *     account/NAME            the balance, as decimal digits
 *     entry/VERSIONSTAMP      one transfer, "FROM TO AMOUNT"; the stamp puts the entries in the order of their commits
 *
 * It shows transactions that are run again when they lose against others, refusals that leave everything as it was,
 * savepoints, iterators, lent values, states of the past and the versions of a key, and what to do with errors.
 *
 *     cc -std=c99 bank.c $(pkg-config --cflags --libs lsmtx)
 */
#include <inttypes.h>
#include <lsmtx.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACCOUNT "account/"
#define ENTRY "entry/"
#define MAX_NAME 64
#define MAX_DIGITS 20

/* Statuses of our own: positive, so that there is no error object, and from 1000 on, so that they are not the store's. */
enum { NO_ACCOUNT = 1000, EXISTS, NOT_ENOUGH, BAD_BALANCE };

/* What a transaction is to do, and what it found. Each attempt sets what it found anew. */
typedef struct {
    const char *from;
    const char *to;
    int64_t amount;
    const char *at_fault;
    int64_t balance;
    size_t paid;
    size_t skipped;
} order;

/* A key of ours in the caller's memory; false if the name has no room. */
static bool account_key(char key[sizeof ACCOUNT + MAX_NAME], const char *name, size_t *length) {
    *length = sizeof ACCOUNT - 1 + strlen(name);
    if (strlen(name) > MAX_NAME) return false;
    strcpy(key, ACCOUNT);
    strcat(key, name);
    return true;
}

static bool parse_number(const char *digits, size_t length, int64_t *number) {
    char text[MAX_DIGITS + 1];
    char *end;
    if (length == 0 || length > MAX_DIGITS) return false;
    memcpy(text, digits, length);
    text[length] = 0;
    *number = strtoll(text, &end, 10);
    return *end == 0 && *number >= 0;
}

/* The balance of an account as the transaction sees it. */
static lsmtx_status get_balance(lsmtx_txn *txn, const char *name, order *order, int64_t *balance, lsmtx_error **error) {
    char key[sizeof ACCOUNT + MAX_NAME];
    char digits[MAX_DIGITS];
    size_t key_length, length;
    order->at_fault = name;
    if (!account_key(key, name, &key_length)) return NO_ACCOUNT;
    switch (lsmtx_txn_get(txn, key, key_length, 0, digits, sizeof digits, &length, error)) {
    case LSMTX_OK: return parse_number(digits, length, balance) ? LSMTX_OK : BAD_BALANCE;
    case LSMTX_ABSENT: return NO_ACCOUNT;
    case LSMTX_TOO_SMALL: return BAD_BALANCE;
    default: return lsmtx_error_status(*error);
    }
}

static lsmtx_status put_balance(lsmtx_txn *txn, const char *name, int64_t balance, lsmtx_error **error) {
    char key[sizeof ACCOUNT + MAX_NAME];
    char digits[MAX_DIGITS + 1];
    size_t key_length;
    if (!account_key(key, name, &key_length)) return NO_ACCOUNT;
    int length = snprintf(digits, sizeof digits, "%" PRId64, balance);
    return lsmtx_txn_put(txn, key, key_length, digits, (size_t)length, error);
}

/* ---- What is run in transactions. Each may be called several times, until its commit wins. ---- */

static lsmtx_status open_account(void *user, lsmtx_txn *txn, lsmtx_error **error) {
    order *order = user;
    int64_t balance;
    /* Reading that it is absent is a read like any other: of two that open the same account, one is run again. */
    lsmtx_status status = get_balance(txn, order->to, order, &balance, error);
    if (status == LSMTX_OK) return EXISTS;
    if (status != NO_ACCOUNT) return status;
    return put_balance(txn, order->to, order->amount, error);
}

static lsmtx_status transfer(void *user, lsmtx_txn *txn, lsmtx_error **error) {
    order *order = user;
    int64_t target;
    lsmtx_status status = get_balance(txn, order->from, order, &order->balance, error);
    if (status != LSMTX_OK) return status;
    if (order->balance < order->amount) return NOT_ENOUGH;
    if ((status = put_balance(txn, order->from, order->balance - order->amount, error)) != LSMTX_OK) return status;
    /* Read after the first write, so that a transfer to oneself changes nothing. */
    if ((status = get_balance(txn, order->to, order, &target, error)) != LSMTX_OK) return status;
    if ((status = put_balance(txn, order->to, target + order->amount, error)) != LSMTX_OK) return status;

    /* The commit fills in its stamp, so no two entries ever meet on one key. */
    char key[sizeof ENTRY - 1 + LSMTX_VERSIONSTAMP_BYTES] = ENTRY;
    char entry[2 * MAX_NAME + MAX_DIGITS + 3];
    int length = snprintf(entry, sizeof entry, "%s %s %" PRId64, order->from, order->to, order->amount);
    return lsmtx_txn_put_versionstamped_key(txn, key, sizeof key, sizeof ENTRY - 1, entry, (size_t)length, error);
}

/* Takes a fee from every account but one, for it, and leaves out those that have too little. */
static lsmtx_status collect(void *user, lsmtx_txn *txn, lsmtx_error **error) {
    order *order = user;
    const void *key;
    size_t key_length;
    lsmtx_range accounts = {0};
    lsmtx_iter *iter;
    const char *to = order->to;
    order->paid = order->skipped = 0;
    accounts.prefix = ACCOUNT;
    accounts.prefix_length = sizeof ACCOUNT - 1;
    /* It shows what was there when it was made, whatever the transaction writes meanwhile. */
    lsmtx_status status = lsmtx_txn_iter(txn, &accounts, LSMTX_ITER_KEYS_ONLY, &iter, error);
    if (status != LSMTX_OK) return status;
    while ((status = lsmtx_iter_next(iter, &key, &key_length, NULL, NULL, error)) == LSMTX_OK) {
        char name[MAX_NAME + 1];
        uint64_t before;
        size_t length = key_length - accounts.prefix_length;
        if (length > MAX_NAME) continue;
        /* What the iterator lends lasts until it moves. */
        memcpy(name, (const char *)key + accounts.prefix_length, length);
        name[length] = 0;
        if (strcmp(name, to) == 0) continue;
        if ((status = lsmtx_txn_savepoint(txn, &before, error)) != LSMTX_OK) break;
        order->from = name;
        status = transfer(order, txn, error);
        if (status == NOT_ENOUGH) {
            order->skipped++;
            status = lsmtx_txn_rollback_to_savepoint(txn, before, error);
        } else if (status == LSMTX_OK) {
            order->paid++;
            status = lsmtx_txn_release_savepoint(txn, before, error);
        }
        if (status != LSMTX_OK) break;
    }
    lsmtx_iter_free(iter);
    order->from = NULL;
    /* The name was this call's; what is wrong with an account here is the same for all. */
    if (status != LSMTX_END && order->at_fault != to) order->at_fault = "an account";
    return status == LSMTX_END ? LSMTX_OK : status;
}

/* ---- Reading ---- */

static lsmtx_status list(lsmtx_db *db, const lsmtx_point *point, lsmtx_error **error) {
    lsmtx_snapshot *snapshot;
    lsmtx_iter *iter;
    lsmtx_range accounts = {0};
    const void *key, *value;
    size_t key_length, value_length;
    int64_t sum = 0;
    accounts.prefix = ACCOUNT;
    accounts.prefix_length = sizeof ACCOUNT - 1;
    lsmtx_status status = lsmtx_snapshot_open(db, point, &snapshot, error);
    if (status != LSMTX_OK) return status;
    status = lsmtx_snapshot_iter(snapshot, &accounts, 0, &iter, error);
    while (status == LSMTX_OK
        && (status = lsmtx_iter_next(iter, &key, &key_length, &value, &value_length, error)) == LSMTX_OK) {
        int64_t balance;
        if (!parse_number(value, value_length, &balance)) {
            status = BAD_BALANCE;
            break;
        }
        sum += balance;
        printf("%.*s\t%" PRId64 "\n", (int)(key_length - accounts.prefix_length),
            (const char *)key + accounts.prefix_length, balance);
    }
    if (status == LSMTX_END) {
        printf("sum\t%" PRId64 "\n", sum);
        status = LSMTX_OK;
    }
    /* In any order; NULL is no error. */
    lsmtx_snapshot_free(snapshot);
    lsmtx_iter_free(iter);
    return status;
}

/* The latest transfers first, for which the iterator is walked from its end. */
static lsmtx_status journal(lsmtx_db *db, lsmtx_error **error) {
    lsmtx_iter *iter;
    lsmtx_range entries = {0};
    const void *value;
    size_t length;
    entries.prefix = ENTRY;
    entries.prefix_length = sizeof ENTRY - 1;
    lsmtx_status status = lsmtx_db_iter(db, &entries, 0, &iter, error);
    if (status == LSMTX_OK) status = lsmtx_iter_seek_last(iter, error);
    while (status == LSMTX_OK && (status = lsmtx_iter_prev(iter, NULL, NULL, &value, &length, error)) == LSMTX_OK)
        printf("%.*s\n", (int)length, (const char *)value);
    lsmtx_iter_free(iter);
    return status == LSMTX_END ? LSMTX_OK : status;
}

/* Every balance that an account had, as far as the file remembers, and the one that it has. */
static lsmtx_status history(lsmtx_db *db, const char *name, order *order, lsmtx_error **error) {
    char key[sizeof ACCOUNT + MAX_NAME];
    size_t key_length, length;
    const void *value;
    lsmtx_history *history = NULL;
    order->at_fault = name;
    if (!account_key(key, name, &key_length)) return NO_ACCOUNT;

    lsmtx_buffer *buffer = lsmtx_buffer_create();
    lsmtx_status status = lsmtx_db_get_borrowed(db, key, key_length, buffer, &value, &length, error);
    if (status == LSMTX_ABSENT) status = NO_ACCOUNT;
    if (status == LSMTX_OK) {
        printf("now\t%.*s\n", (int)length, (const char *)value);
        status = lsmtx_db_history(db, key, key_length, 0, LSMTX_UNLIMITED, &history, error);
    }
    for (size_t index = 0; status == LSMTX_OK && index < lsmtx_history_count(history); index++) {
        lsmtx_key_version version = {0};
        version.size = sizeof version;
        if ((status = lsmtx_history_get(history, index, &version, error)) != LSMTX_OK) break;
        if (version.value.data)
            printf("%" PRIu64 "\t%.*s\n", version.timestamp, (int)version.value.length,
                (const char *)version.value.data);
    }
    lsmtx_history_free(history);
    lsmtx_buffer_free(buffer);
    return status;
}

/* ---- The command line ---- */

static int usage(void) {
    fputs("usage: bank FILE open NAME BALANCE\n"
          "       bank FILE transfer FROM TO AMOUNT\n"
          "       bank FILE collect TO AMOUNT\n"
          "       bank FILE list [TIMESTAMP]\n"
          "       bank FILE journal\n"
          "       bank FILE history NAME\n",
        stderr);
    return 2;
}

static lsmtx_status change(lsmtx_db *db, lsmtx_run_fn body, order *order, const char *label, lsmtx_error **error) {
    lsmtx_run_options options;
    uint64_t committed_at = 0;
    lsmtx_run_options_init(&options, sizeof options);
    options.label = label;
    lsmtx_status status = lsmtx_db_run(db, &options, body, order, &committed_at, error);
    if (status == LSMTX_OK) printf("timestamp %" PRIu64 "\n", committed_at);
    return status;
}

static int explain(lsmtx_status status, const order *order, lsmtx_error *error) {
    switch (status) {
    case LSMTX_OK: return 0;
    case NO_ACCOUNT: fprintf(stderr, "bank: There is no account '%s'.\n", order->at_fault); break;
    case EXISTS: fprintf(stderr, "bank: There is an account '%s' already.\n", order->to); break;
    case NOT_ENOUGH: fprintf(stderr, "bank: '%s' has only %" PRId64 ".\n", order->from, order->balance); break;
    case BAD_BALANCE: fputs("bank: A balance is not a number.\n", stderr); break;
    default:
        /* What happened, where, and what to do next. */
        fprintf(stderr, "bank: %s\n", lsmtx_error_description(error));
        lsmtx_error_free(error);
    }
    return 1;
}

int main(int count, char **words) {
    lsmtx_db *db;
    lsmtx_error *error = NULL;
    order order = {0};
    lsmtx_point point = {0};
    int64_t timestamp;
    const char *command = count > 2 ? words[2] : "";
    lsmtx_status status;
    bool is_open = strcmp(command, "open") == 0 && count == 5;
    bool is_transfer = strcmp(command, "transfer") == 0 && count == 6;
    bool is_collect = strcmp(command, "collect") == 0 && count == 5;

    if (is_open || is_transfer || is_collect) {
        order.from = is_transfer ? words[3] : NULL;
        order.to = words[is_transfer ? 4 : 3];
        if (!parse_number(words[count - 1], strlen(words[count - 1]), &order.amount)) return usage();
    }
    if (count < 3) return usage();
    if (lsmtx_db_open(words[1], NULL, &db, &error) < 0) return explain(lsmtx_error_status(error), &order, error);

    if (is_open) {
        status = change(db, open_account, &order, "open", &error);
    } else if (is_transfer) {
        status = change(db, transfer, &order, "transfer", &error);
    } else if (is_collect) {
        status = change(db, collect, &order, "collect", &error);
        if (status == LSMTX_OK) printf("%zu paid, %zu had too little\n", order.paid, order.skipped);
    } else if (strcmp(command, "list") == 0 && count == 3) {
        status = list(db, NULL, &error);
    } else if (strcmp(command, "list") == 0 && count == 4 && parse_number(words[3], strlen(words[3]), &timestamp)) {
        /* What a command printed, however long ago that was, as far as the file keeps it. */
        point.kind = LSMTX_POINT_TIMESTAMP;
        point.timestamp = (uint64_t)timestamp;
        status = list(db, &point, &error);
    } else if (strcmp(command, "journal") == 0 && count == 3) {
        status = journal(db, &error);
    } else if (strcmp(command, "history") == 0 && count == 4) {
        status = history(db, words[3], &order, &error);
    } else {
        lsmtx_db_free(db);
        return usage();
    }
    int result = explain(status, &order, error);
    /* Everything that was committed is safe already; closing says whether the file could be left clean. */
    if (lsmtx_db_close(db, &error) < 0) result = explain(lsmtx_error_status(error), &order, error);
    lsmtx_db_free(db);
    return result;
}
