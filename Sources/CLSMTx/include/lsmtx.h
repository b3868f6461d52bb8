/*
 * lsmtx.h: LSMTx for C, and for everything that can call C.
 *
 * LSMTx is an embedded key-value store with ACID transactions in a single file. Keys and values are bytes; keys are
 * ordered by unsigned bytes, a shorter key before a longer one that it begins. Many threads commit at once, readers see
 * one state of the store that nothing disturbs, and the recent past stays readable.
 *
 *     lsmtx_db *db;
 *     lsmtx_error *error;
 *     if (lsmtx_db_open("app.lsmtx", NULL, &db, &error) < 0) {
 *         fprintf(stderr, "%s\n", lsmtx_error_description(error));
 *         lsmtx_error_free(error);
 *         return 1;
 *     }
 *     lsmtx_db_put(db, "user/1", 6, "Ada", 3, LSMTX_DURABILITY_DEFAULT, NULL, NULL);
 *     char name[64];
 *     size_t length;
 *     if (lsmtx_db_get(db, "user/1", 6, name, sizeof name, &length, NULL) == LSMTX_OK)
 *         printf("%.*s\n", (int)length, name);
 *     lsmtx_db_free(db);
 *
 * Compile with what `pkg-config --cflags --libs lsmtx` says, or link with `-llsmtx`.
 *
 * 1. RESULTS. Every function that can fail returns an lsmtx_status: negative for a failure, 0 (LSMTX_OK) for success,
 *    and positive for an ordinary outcome that is none of both: no value, no further entry, too little space. Nothing
 *    is kept in globals or for the thread.
 *
 * 2. ERRORS. The last parameter of these functions, `lsmtx_error **error`, says more about a failure. It may be NULL.
 *    Else each call writes to it: a new error when it returns a negative status, which the caller frees with
 *    lsmtx_error_free(), and NULL otherwise. So it needs no initialisation, and an error must be freed before the
 *    variable is used again. A call that fails has changed nothing, unless its description says otherwise; of its other
 *    out parameters, handles are set to NULL, counts and lengths to 0, and the rest is not written; but memory for a
 *    value may have been. Errors that nearly every call can have are not repeated at each: LSMTX_MISUSE for what
 *    section 6 names, LSMTX_CLOSED after the database's close, and LSMTX_FORKED_HANDLE.
 *
 * 3. BYTES. A key, a value or a bound is a pointer and a length in bytes, may contain zero bytes, and need not be
 *    aligned. The pointer may be NULL if the length is 0: the empty key and the empty value are a key and a value like
 *    others. Texts (paths, names, labels) are UTF-8 that ends with a zero byte. All that a call is given it copies,
 *    unless its description says otherwise: nothing needs to outlive the call.
 *
 * 4. OBJECTS. Handles are made by the library and freed by the caller, each with the function of its type that is
 *    called lsmtx_..._free(), all of which accept NULL. They may be freed in any order: an object keeps what it needs
 *    of others. What a handle lends (pointers into it) is valid until the handle is freed, or as long as the
 *    description says. Ending is not freeing: after lsmtx_db_close(), lsmtx_snapshot_close(), lsmtx_txn_commit() and
 *    lsmtx_txn_rollback() the handle is still there, and calls with it fail with LSMTX_CLOSED; those that only end
 *    something, and seeks, which read nothing, do nothing instead.
 *
 * 5. THREADS. "Any threads" at a type says that its handles may be used by any number of threads at the same time. "One
 *    thread at a time" says that calls with the same handle must not overlap, but each may come from another thread, if
 *    the program orders them (a mutex, a join, a channel). Of two calls that do overlap on a transaction, on iterators
 *    of one transaction, on an iterator or on a batch, one fails with LSMTX_MISUSE and does nothing; that is a net to
 *    fall into, and no way to share a handle. Freeing a handle while another thread is using it is undefined, whatever
 *    its type: end it first, join the threads, then free it. Calls need a stack of 64 KiB.
 *
 * 6. MISUSE. These give LSMTX_MISUSE: a NULL handle; a handle of another type; NULL for an out parameter that is not
 *    said to be optional, and for bytes of a length above 0; a structure whose `size` is not one that this library
 *    knows; unknown constants and flags; a text that is not UTF-8. A length above its limit gives LSMTX_TOO_LARGE
 *    to what would write it, and finds nothing where it is looked for; in neither case are the bytes looked at.
 *    Undefined are: using a handle after it was freed (often it gives LSMTX_MISUSE too), pointers that point to less
 *    than their length says, and reading what was lent for longer than it was. After fork(), what the child has
 *    inherited is good for nothing there: calls that would look at the store fail with LSMTX_FORKED_HANDLE. It may be
 *    freed or left alone; both leave the file as it is.
 *
 * 7. STABILITY. From version 1.0 on, programs that were compiled for one version run with every later 1.x. Structures
 *    with a member `size` may become longer at their end; it is set to `sizeof` the structure by the one that makes it,
 *    and says how much of it the other side may touch. All others are as they are for good. Constants get no new values
 *    for old names; new ones may come, new error codes too: treat an unknown negative status as a failure.
 *
 * 8. MEMORY. When there is no memory, the process is ended, as everywhere in Swift; where the store asks for a large
 *    piece at once, as for a memtable, the call fails with LSMTX_IO instead.
 */
#ifndef LSMTX_H
#define LSMTX_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LSMTX_API __attribute__((visibility("default")))
#else
#define LSMTX_API
#endif

/* ---------------------------------------------------------------------------------------------------------------------
 * Versions and limits
 * ------------------------------------------------------------------------------------------------------------------ */

/* The version of this header. */
#define LSMTX_VERSION_MAJOR 0
#define LSMTX_VERSION_MINOR 1
#define LSMTX_VERSION_PATCH 0
/* The same as one number: a million for each major version, a thousand for each minor one. */
#define LSMTX_VERSION_NUMBER 1000

/* The longest key, in bytes. */
#define LSMTX_MAX_KEY_BYTES 65535
/* The longest value, in bytes: 1 GiB. */
#define LSMTX_MAX_VALUE_BYTES 1073741824
/* A longer value, in bytes, lives outside of the tables, and is read from the file each time that it is asked for. */
#define LSMTX_LARGE_VALUE_BYTES 65536
/* The longest operand of a mutation, in bytes. */
#define LSMTX_MAX_OPERAND_BYTES 65536
/* The longest name of a snapshot, in bytes without the zero byte. */
#define LSMTX_MAX_NAME_BYTES 255
/* The largest file, in bytes: 16 TiB. */
#define LSMTX_MAX_FILE_BYTES UINT64_C(17592186044416)
/* The length of a versionstamp. */
#define LSMTX_VERSIONSTAMP_BYTES 10

/* For limits: there is none. */
#define LSMTX_UNLIMITED UINT64_MAX
/* For timestamps: there is none. */
#define LSMTX_NO_TIMESTAMP UINT64_MAX
/* For times, which are milliseconds since 1970: it is not known. */
#define LSMTX_NO_TIME INT64_MIN

/* The version of the library, as LSMTX_VERSION_NUMBER. Any threads; cannot fail. */
LSMTX_API uint32_t lsmtx_version_number(void);

/* The version of the library as a text, such as "0.1.0", valid for ever. Any threads; cannot fail. */
LSMTX_API const char *lsmtx_version_text(void);

/* The version of the file format that the library writes. Any threads; cannot fail. */
LSMTX_API uint32_t lsmtx_format_version(void);

/* ---------------------------------------------------------------------------------------------------------------------
 * Results
 * ------------------------------------------------------------------------------------------------------------------ */

/* What came of a call: see RESULTS above. */
typedef int32_t lsmtx_status;

enum {
    /* It was done. */
    LSMTX_OK = 0,

    /* Outcomes that are no failures. There is no error object for them. */

    /* The key has no value; or, of lsmtx_db_unix_time(), the time is not known. */
    LSMTX_ABSENT = 1,
    /* The iterator has come to an end of its range. */
    LSMTX_END = 2,
    /* The caller's buffer is too small; the length that was needed is given. */
    LSMTX_TOO_SMALL = 3,

    /* Failures. */

    /* Another transaction changed something that this one rests on: see lsmtx_error_conflict(). Nothing was committed;
     * run the whole transaction again. */
    LSMTX_CONFLICT = -1,
    /* The file does not exist, and creating it was not allowed, or its folder does not exist. */
    LSMTX_NO_SUCH_FILE = -2,
    /* No snapshot has that name. */
    LSMTX_NO_SUCH_SNAPSHOT = -3,
    /* The state that was asked for is older than what is kept. */
    LSMTX_SNAPSHOT_TOO_OLD = -4,
    /* The file is not a store: it never was one, it is empty, or it is not a regular file. */
    LSMTX_NOT_A_DATABASE = -5,
    /* The file is a store of a format that this version does not read. */
    LSMTX_UNSUPPORTED_FORMAT = -6,
    /* Stored bytes fail their checksum or contradict each other. */
    LSMTX_CORRUPT = -7,
    /* Another handle, of this process or another, has the file open in a way that excludes this one. */
    LSMTX_LOCKED = -8,
    /* The handle, the file or the file system allows no writing. */
    LSMTX_READ_ONLY = -9,
    /* The operating system reported a failure: see lsmtx_error_errno(). */
    LSMTX_IO = -10,
    /* There is no space left on the device. The commit definitely did not happen. */
    LSMTX_DISK_FULL = -11,
    /* A key, a value, a name or a transaction is over its limit. */
    LSMTX_TOO_LARGE = -12,
    /* The database or the snapshot was closed, or the transaction has ended. */
    LSMTX_CLOSED = -13,
    /* The device failed while the commit was written: it may or may not survive. After opening again it is there as a
     * whole or not at all. */
    LSMTX_OUTCOME_UNKNOWN = -14,
    /* An earlier write or sync failed, so that no commit is accepted until the file is opened again. */
    LSMTX_POISONED = -15,
    /* The call is not allowed here, or not in this way, whatever the data: see MISUSE above. */
    LSMTX_MISUSE = -16,
    /* The handle was inherited through fork(). */
    LSMTX_FORKED_HANDLE = -17,
    /* The caller's own callback asked for an end. */
    LSMTX_INTERRUPTED = -18
};

/* The constant's name, such as "LSMTX_CONFLICT", valid for ever; "unknown status" for what is none. Any threads; cannot
 * fail. */
LSMTX_API const char *lsmtx_status_name(lsmtx_status status);

/* What went wrong, where, and what to do next. Any threads. */
typedef struct lsmtx_error lsmtx_error;

/* All that follow accept NULL, for which they return LSMTX_OK, the empty text or "not known". Texts are UTF-8, end with
 * a zero byte, and are valid until the error is freed. Any threads; they cannot fail. */

/* The status that the call returned. */
LSMTX_API lsmtx_status lsmtx_error_status(const lsmtx_error *error);

/* What happened, where, and what to do next, in one line: for logs. */
LSMTX_API const char *lsmtx_error_description(const lsmtx_error *error);

/* What happened, in one sentence. */
LSMTX_API const char *lsmtx_error_message(const lsmtx_error *error);

/* What to do next, in one sentence. */
LSMTX_API const char *lsmtx_error_remedy(const lsmtx_error *error);

/* The file's path; NULL when it is not known. */
LSMTX_API const char *lsmtx_error_path(const lsmtx_error *error);

/* The structure of the file that is at fault, such as "data block"; NULL when none is. */
LSMTX_API const char *lsmtx_error_structure(const lsmtx_error *error);

/* Where that structure begins in the file, in bytes; UINT64_MAX when it is not known. */
LSMTX_API uint64_t lsmtx_error_offset(const lsmtx_error *error);

/* The errno of the system call that failed; 0 when none did. */
LSMTX_API int32_t lsmtx_error_errno(const lsmtx_error *error);

/* Whether running the whole transaction again can succeed without anything else being changed: 1 or 0. */
LSMTX_API int32_t lsmtx_error_is_retryable(const lsmtx_error *error);

/* A piece of bytes that somebody else owns. Its layout is final. */
typedef struct lsmtx_slice {
    const void *data; /* NULL says that there are none, where that is possible; no bytes are not NULL. */
    size_t length;
} lsmtx_slice;

/* The keys that an error concerns: those that cannot be read because of damage, or that were changed by another.
 *
 * lower:   receives the first key.
 * upper:   receives the first key past them; `data` is NULL when there is no end. Both are lent by the error.
 * Returns: 1, or 0 when there are none, with nothing written. Misuse gives 0. */
LSMTX_API int32_t lsmtx_error_keys(const lsmtx_error *error, lsmtx_slice *lower, lsmtx_slice *upper);

enum {
    /* The transaction read the keys, or asked that they do not change. */
    LSMTX_ACCESS_READ = 0,
    /* The transaction wrote or deleted them. */
    LSMTX_ACCESS_WRITE = 1
};

/* Why a commit lost: what another transaction changed, and when. */
typedef struct lsmtx_conflict {
    size_t size;             /* Set it to sizeof(lsmtx_conflict). */
    lsmtx_slice lower;       /* The first key of the range in which there was a change. */
    lsmtx_slice upper;       /* The first key past it; `data` is NULL when there is no end. */
    lsmtx_slice key;         /* The key, when it is a single one; `data` is NULL otherwise. */
    int32_t access;          /* LSMTX_ACCESS_...: what the transaction had done with it. */
    int32_t reserved;        /* 0. */
    uint64_t began;          /* The commit that the transaction read at. */
    uint64_t committed_at;   /* The commit of the other transaction. */
    const char *label;       /* What the transaction was called; NULL if nothing. */
    const char *other_label; /* What the other one was called; NULL if nothing, or not known any more. */
} lsmtx_conflict;

/* The conflict of an error with LSMTX_CONFLICT.
 *
 * conflict: receives it; `size` is set by the caller, pointers are lent by the error.
 * Returns:  1, or 0 when there is none, as with an error that a callback made up. Misuse gives 0. */
LSMTX_API int32_t lsmtx_error_conflict(const lsmtx_error *error, lsmtx_conflict *conflict);

/* Frees an error, and what it lends. NULL is left alone. */
LSMTX_API void lsmtx_error_free(lsmtx_error *error);

/* ---------------------------------------------------------------------------------------------------------------------
 * Ranges, buffers, and points in time
 * ------------------------------------------------------------------------------------------------------------------ */

/* A range of keys: those that are at or after `lower`, before `upper`, and begin with `prefix`. Its layout is final.
 *
 * All zero (`lsmtx_range r = {0};`) is the range of all keys: an empty lower bound and an empty prefix hold for every
 * key, and an upper bound whose pointer is NULL is none. An upper bound that is not NULL and has no bytes is the empty
 * key, with nothing before it. Where a range is passed, NULL stands for all keys. */
typedef struct lsmtx_range {
    const void *lower; /* The first key. */
    size_t lower_length;
    const void *upper; /* The first key past the range; NULL for no end. */
    size_t upper_length;
    const void *prefix; /* What every key begins with. */
    size_t prefix_length;
} lsmtx_range;

/* Memory in which values are lent: see lsmtx_db_get_borrowed(). It grows as needed and is used again, so that getting
 * many values one after the other allocates nothing. One thread at a time; overlapping calls are not detected. */
typedef struct lsmtx_buffer lsmtx_buffer;

/* Makes a buffer. Never NULL. Any threads. */
LSMTX_API lsmtx_buffer *lsmtx_buffer_create(void);

/* Frees a buffer, and with it what was lent in it. NULL is left alone. */
LSMTX_API void lsmtx_buffer_free(lsmtx_buffer *buffer);

enum {
    /* Everything that is committed. */
    LSMTX_POINT_LATEST = 0,
    /* What was committed up to `timestamp`. */
    LSMTX_POINT_TIMESTAMP = 1,
    /* What was committed by `unix_time`, as the clock then said it: known to a tenth of a second, or for older times to
     * a thousandth of their age. */
    LSMTX_POINT_UNIX_TIME = 2,
    /* What the snapshot called `name` holds. */
    LSMTX_POINT_NAMED = 3
};

/* A state of the store that is to be read. Its layout is final. Where one is passed, NULL stands for the latest. */
typedef struct lsmtx_point {
    int32_t kind;       /* LSMTX_POINT_..., which says which of the others counts. */
    int32_t reserved;   /* 0. */
    uint64_t timestamp; /* A timestamp that a commit, a snapshot or the database had. */
    int64_t unix_time;  /* Milliseconds since 1970. */
    const char *name;   /* The name of a snapshot. */
} lsmtx_point;

/* ---------------------------------------------------------------------------------------------------------------------
 * Events
 * ------------------------------------------------------------------------------------------------------------------ */

enum {
    /* The store was opened. Members: was_closed, recovered_groups, recovered_bytes, tables, duration. */
    LSMTX_EVENT_OPENED = 0,
    /* What was committed to memory has become a table. entries, bytes_out, duration. */
    LSMTX_EVENT_FLUSHED = 1,
    /* Tables were merged, or moved to the next level. from_level, into_level, tables_in, tables, bytes_in, bytes_out,
     * dropped, duration. */
    LSMTX_EVENT_COMPACTED = 2,
    /* Commits wait until the store has caught up with what was written. stall_reason. */
    LSMTX_EVENT_STALL_BEGAN = 3,
    /* They go on. stall_reason, duration. */
    LSMTX_EVENT_STALL_ENDED = 4,
    /* The file has another size. bytes_in (before), bytes_out (now). */
    LSMTX_EVENT_FILE_SIZE_CHANGED = 5,
    /* A flush or a compaction found no space, and is tried again each second. error. */
    LSMTX_EVENT_OUT_OF_SPACE = 6,
    /* A compaction could not read a table, and leaves it alone from now on. error. */
    LSMTX_EVENT_TABLE_DAMAGED = 7,
    /* A write or a sync failed: no commit is accepted until the store is opened again. error. */
    LSMTX_EVENT_FAILED = 8,
    /* Events were not delivered, since the callback took too long. dropped (how many). */
    LSMTX_EVENT_DROPPED = 9,
    /* The store was closed: the last event. error: what kept it from being left clean, or NULL. */
    LSMTX_EVENT_CLOSED = 10
};

enum {
    /* A flush: no further memtable may wait for one. */
    LSMTX_STALL_MEMTABLES = 0,
    /* A compaction: level 0 has so many tables that reads suffer. */
    LSMTX_STALL_LEVEL_ZERO = 1,
    /* A flush: the log has reached its bound. */
    LSMTX_STALL_LOG = 2
};

/* Something that the store has done by itself or that has happened to it. All of it is lent until the callback returns.
 * Members that the kind of event does not have are 0. */
typedef struct lsmtx_event {
    size_t size;              /* How much the library has filled in, in bytes. */
    int32_t kind;             /* LSMTX_EVENT_... */
    int32_t is_problem;       /* Whether somebody should look at it: 1 or 0. */
    const char *text;         /* The event in one line, for a log. */
    const lsmtx_error *error; /* Not to be freed. */
    uint64_t duration;        /* Nanoseconds. */
    int32_t was_closed;       /* Whether the store was closed before it was opened: 1 or 0. */
    int32_t stall_reason;     /* LSMTX_STALL_... */
    int32_t from_level;       /* The uppermost level that a table was taken from. */
    int32_t into_level;       /* The level that the new tables are in. */
    uint64_t tables_in;       /* Tables that were read. */
    uint64_t tables;          /* Tables that were written; of OPENED, that there are. */
    uint64_t entries;         /* Entries of the table. */
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t dropped;
    uint64_t recovered_groups; /* Groups of commits that were recovered from the log. */
    uint64_t recovered_bytes;
} lsmtx_event;

/* Receives the events of a database, in order, one at a time, on a thread of the library, with no lock held: it may
 * call the database, and takes as long as it likes. It holds up no commit. When over 1,024 events wait, the rest are
 * counted instead (LSMTX_EVENT_DROPPED). The last ones may come after lsmtx_db_close() has returned: a callback that
 * calls the database has to be waited for, until LSMTX_EVENT_CLOSED has come, before the handle is freed. It must
 * return normally: no longjmp, no exception. */
typedef void (*lsmtx_event_fn)(void *user, const lsmtx_event *event);

/* Called exactly once, on any thread, to free `user`: when it will not be passed to a callback any more, which is when
 * the database and all that came from it have been freed. */
typedef void (*lsmtx_release_fn)(void *user);

/* ---------------------------------------------------------------------------------------------------------------------
 * Databases
 * ------------------------------------------------------------------------------------------------------------------ */

/* An open store. Any threads. */
typedef struct lsmtx_db lsmtx_db;

enum {
    /* What the options of the database say. In the options themselves: LSMTX_DURABILITY_SYNC. */
    LSMTX_DURABILITY_DEFAULT = 0,
    /* On the medium when the call returns: survives a loss of power. */
    LSMTX_DURABILITY_SYNC = 1,
    /* Handed to the operating system: survives a crash of the process at once, and a loss of power as soon as the next
     * sync has run, which is within 200 milliseconds. */
    LSMTX_DURABILITY_BUFFERED = 2
};

/* How much of the past stays readable: the newest commits, as far as every limit allows. LSMTX_UNLIMITED for no limit;
 * all three unlimited keeps everything. */
typedef struct lsmtx_retention {
    size_t size;        /* Set it to sizeof(lsmtx_retention). */
    uint64_t keep;      /* What was current within this time, in milliseconds; at most 8,640,000,000,000,000. */
    uint64_t commits;   /* The newest so many commits. */
    uint64_t log_bytes; /* The commits of the newest so many bytes of log. */
} lsmtx_retention;

/* How a database is opened. lsmtx_options_init() sets the defaults. */
typedef struct lsmtx_options {
    size_t size;                      /* Set by lsmtx_options_init(). */
    int32_t read_only;                /* Not 0: the file is not changed in any way. 0 by default. */
    int32_t create_if_missing;        /* Not 0: make the file if it does not exist. 1 by default. */
    uint64_t cache_bytes;             /* How much of the tables is kept in memory. 0 for nothing; 64 MiB by default. */
    uint64_t memtable_bytes;          /* Size of a memtable, of which there are up to three, 64 KiB to 512
                                         MiB; 64 MiB. */
    uint64_t extent_bytes;            /* For a new file: the size in which tables and the log take space, a multiple of
                                         4096 from 16 KiB to 64 MiB; 1 MiB. */
    uint64_t max_transaction_bytes;   /* The most that one transaction may write, 1 byte to 512 MiB; 256 MiB. */
    int32_t durability;               /* LSMTX_DURABILITY_..., of commits that do not say; LSMTX_DURABILITY_SYNC. */
    int32_t reserved;                 /* 0. */
    const lsmtx_retention *retention; /* Becomes the file's; NULL for what the file says, which in a new one is the last
                                         hour, but no more than 100,000 commits and 64 MiB of log. NULL. */
    lsmtx_event_fn on_event;          /* Receives events; NULL for nobody, which costs nothing. NULL. */
    void *event_user;                 /* What on_event is called with. */
    lsmtx_release_fn event_release;   /* Called with event_user after the last event, and before lsmtx_db_open() returns
                                         when it fails, unless `size` is wrong, or when on_event is NULL; NULL for
                                         nothing. NULL. */
} lsmtx_options;

/* Sets the defaults.
 *
 * size:    sizeof(lsmtx_options), as the program was compiled with it.
 * Returns: LSMTX_OK; LSMTX_MISUSE when `options` is NULL or the size is not known, with nothing written. */
LSMTX_API lsmtx_status lsmtx_options_init(lsmtx_options *options, size_t size);

/* Opens the store in a file, or makes one. Blocks while a file that was not closed is recovered. No other file is ever
 * made beside it. A process opens a file once.
 *
 * path:    of the file, in UTF-8.
 * options: NULL for the defaults. What it points to is copied.
 * db:      receives the handle; free it with lsmtx_db_free(). NULL after a failure.
 * Errors:  LSMTX_NO_SUCH_FILE, LSMTX_NOT_A_DATABASE, LSMTX_UNSUPPORTED_FORMAT, LSMTX_CORRUPT, LSMTX_LOCKED,
 *          LSMTX_READ_ONLY, LSMTX_DISK_FULL, LSMTX_IO; LSMTX_MISUSE also for options out of their bounds, and a path
 *          that is too long. Each leaves an existing file as it was. */
LSMTX_API lsmtx_status lsmtx_db_open(
    const char *path, const lsmtx_options *options, lsmtx_db **db, lsmtx_error **error);

/* Makes an empty store in memory, which is gone when it is closed.
 *
 * options: NULL for the defaults; what concerns files has no effect.
 * db:      receives the handle. NULL after a failure.
 * Errors:  LSMTX_IO when there is no memory; LSMTX_MISUSE also for options out of their bounds. */
LSMTX_API lsmtx_status lsmtx_db_open_in_memory(const lsmtx_options *options, lsmtx_db **db, lsmtx_error **error);

/* Flushes everything to tables, cuts the file to its contents and gives it up. Commits under way are waited for; all
 * other calls fail with LSMTX_CLOSED from then on, on this handle and on all that came from it. An iterator that is not
 * freed keeps the file locked. Closing again does nothing. The handle must still be freed.
 *
 * Within the function that lsmtx_db_run() runs, it has that fail with LSMTX_CLOSED.
 *
 * Errors: LSMTX_IO, LSMTX_DISK_FULL, LSMTX_POISONED when the file could not be left clean: it is closed all the same,
 *         and everything that was acknowledged is safe in its log. */
LSMTX_API lsmtx_status lsmtx_db_close(lsmtx_db *db, lsmtx_error **error);

/* Closes the database if that has not been done, with no word about failures, and frees the handle. Snapshots,
 * transactions and iterators that come from it stay valid handles, whose calls fail with LSMTX_CLOSED. NULL is left
 * alone. */
LSMTX_API void lsmtx_db_free(lsmtx_db *db);

/* Gives a key a value, in a transaction of its own.
 *
 * key:          at most LSMTX_MAX_KEY_BYTES.
 * value:        at most LSMTX_MAX_VALUE_BYTES.
 * durability:   LSMTX_DURABILITY_...
 * committed_at: receives the timestamp of the commit; may be NULL.
 * Errors:       LSMTX_TOO_LARGE, LSMTX_READ_ONLY, LSMTX_DISK_FULL, LSMTX_POISONED, LSMTX_IO, LSMTX_CORRUPT: nothing was
 *               committed. LSMTX_OUTCOME_UNKNOWN. Never LSMTX_CONFLICT. */
LSMTX_API lsmtx_status lsmtx_db_put(
    lsmtx_db *db, const void *key, size_t key_length, const void *value, size_t value_length, int32_t durability,
    uint64_t *committed_at, lsmtx_error **error);

/* Takes a key's value away, in a transaction of its own; a key without a value may be deleted too. Everything else is
 * as with lsmtx_db_put(). */
LSMTX_API lsmtx_status lsmtx_db_delete(
    lsmtx_db *db, const void *key, size_t key_length, int32_t durability, uint64_t *committed_at, lsmtx_error **error);

/* Takes the values of all keys of a range away, in a transaction of its own, at the cost of one write.
 *
 * range:  NULL for all keys; bounds of at most LSMTX_MAX_KEY_BYTES + 1 bytes. An empty range is left alone.
 * Errors: as lsmtx_db_put(). */
LSMTX_API lsmtx_status lsmtx_db_delete_range(
    lsmtx_db *db, const lsmtx_range *range, int32_t durability, uint64_t *committed_at, lsmtx_error **error);

/* Copies the newest value of a key to the caller's memory. With NULL and 0 for it, it says whether the key has a value,
 * and its length.
 *
 * key:           a key that is longer than LSMTX_MAX_KEY_BYTES has no value.
 * buffer:        where the value goes; may be NULL if its size is 0.
 * buffer_size:   how many bytes there are.
 * value_length:  receives the length of the value, also when it does not fit.
 * Returns:       LSMTX_OK; LSMTX_ABSENT, with length 0; LSMTX_TOO_SMALL with nothing copied. The value may be another
 *                one, and a longer one, at the next call: with a snapshot or a transaction it is not.
 * Errors:        LSMTX_CORRUPT, LSMTX_IO when the block that would have it cannot be read. */
LSMTX_API lsmtx_status lsmtx_db_get(
    lsmtx_db *db, const void *key, size_t key_length, void *buffer, size_t buffer_size, size_t *value_length,
    lsmtx_error **error);

/* Lends the newest value of a key, of any length, in a buffer.
 *
 * buffer:        what was lent in it before is not valid any more.
 * value:         receives a pointer that is valid until the buffer is used again or freed, whatever becomes of the key
 *                and of the database. Not NULL, also if the value is empty.
 * value_length:  receives the length.
 * Returns:       LSMTX_OK; LSMTX_ABSENT, with NULL and 0.
 * Errors:        as lsmtx_db_get(). */
LSMTX_API lsmtx_status lsmtx_db_get_borrowed(
    lsmtx_db *db, const void *key, size_t key_length, lsmtx_buffer *buffer, const void **value, size_t *value_length,
    lsmtx_error **error);

/* ---------------------------------------------------------------------------------------------------------------------
 * Snapshots
 * ------------------------------------------------------------------------------------------------------------------ */

/* Everything as it was at one commit, for as long as it is open. Costs next to nothing, never waits and is never waited
 * for; what it sees is kept in the file until it is closed. Any threads. */
typedef struct lsmtx_snapshot lsmtx_snapshot;

/* Opens a snapshot.
 *
 * point:    NULL for everything that is committed now.
 * snapshot: receives the handle; free it with lsmtx_snapshot_free(). NULL after a failure.
 * Errors:   LSMTX_SNAPSHOT_TOO_OLD when the state is older than the retention and no named snapshot's;
 *           LSMTX_NO_SUCH_SNAPSHOT for an unknown name; LSMTX_MISUSE also for a timestamp that is not committed yet. */
LSMTX_API lsmtx_status lsmtx_snapshot_open(
    lsmtx_db *db, const lsmtx_point *point, lsmtx_snapshot **snapshot, lsmtx_error **error);

/* The timestamp of the commit whose state is read; LSMTX_NO_TIMESTAMP for a handle that is none. Also after it was
 * closed. */
LSMTX_API uint64_t lsmtx_snapshot_timestamp(const lsmtx_snapshot *snapshot);

/* Copies a value to the caller's memory: as lsmtx_db_get(), from the snapshot. */
LSMTX_API lsmtx_status lsmtx_snapshot_get(
    lsmtx_snapshot *snapshot, const void *key, size_t key_length, void *buffer, size_t buffer_size,
    size_t *value_length, lsmtx_error **error);

/* Lends a value in a buffer: as lsmtx_db_get_borrowed(), from the snapshot. It stays valid after the snapshot's end. */
LSMTX_API lsmtx_status lsmtx_snapshot_get_borrowed(
    lsmtx_snapshot *snapshot, const void *key, size_t key_length, lsmtx_buffer *buffer, const void **value,
    size_t *value_length, lsmtx_error **error);

/* Lends the values of several keys in a buffer: in less time than one after the other, since the waits for memory
 * overlap.
 *
 * keys, count: the keys, in any order, also more than once.
 * buffer:      what was lent in it before is not valid any more.
 * values:      room for `count` slices. For each key in the same order, receives its value, valid until the buffer is
 *              used again or freed; `data` is NULL for a key without a value, and is not NULL for an empty value.
 * Errors:      LSMTX_CORRUPT, LSMTX_IO. */
LSMTX_API lsmtx_status lsmtx_snapshot_get_many(
    lsmtx_snapshot *snapshot, const lsmtx_slice *keys, size_t count, lsmtx_buffer *buffer, lsmtx_slice *values,
    lsmtx_error **error);

/* Ends a snapshot: what only it could see may be dropped. Closing again does nothing. The handle must still be
 * freed. */
LSMTX_API lsmtx_status lsmtx_snapshot_close(lsmtx_snapshot *snapshot, lsmtx_error **error);

/* Ends a snapshot and frees the handle. Its iterators stay valid and go on. NULL is left alone. */
LSMTX_API void lsmtx_snapshot_free(lsmtx_snapshot *snapshot);

/* ---------------------------------------------------------------------------------------------------------------------
 * Transactions
 * ------------------------------------------------------------------------------------------------------------------ */

/* Reads, sees its own writes over what it reads, and commits all of them at once, or nothing. One thread at a time, its
 * iterators included. */
typedef struct lsmtx_txn lsmtx_txn;

enum {
    /* All reads see one state, and the commit fails when another has changed anything that was read since then: the
     * outcome is that of running the transactions one after the other, in an order that agrees with real time. */
    LSMTX_SERIALIZABLE = 0,
    /* All reads see one state, and the commit fails when another has changed a key that this one writes since then. */
    LSMTX_SNAPSHOT_ISOLATION = 1,
    /* Each read, or iterator, sees what is committed when it begins. Nothing is checked at commit. */
    LSMTX_READ_COMMITTED = 2
};

enum {
    /* For reads of a transaction: its commit does not depend on them. */
    LSMTX_READ_UNGUARDED = 1,
    /* For iterators: values are not wanted. They are lent as NULL with length 0, and large ones are not read. */
    LSMTX_ITER_KEYS_ONLY = 2
};

/* Begins a transaction. For one that is run again after a conflict, see lsmtx_db_run().
 *
 * isolation: LSMTX_SERIALIZABLE, LSMTX_SNAPSHOT_ISOLATION or LSMTX_READ_COMMITTED.
 * label:     what it is called in the errors of conflicts; NULL for nothing.
 * txn:       receives the handle; free it with lsmtx_txn_free(). NULL after a failure.
 * Errors:    LSMTX_READ_ONLY. */
LSMTX_API lsmtx_status lsmtx_txn_begin(
    lsmtx_db *db, int32_t isolation, const char *label, lsmtx_txn **txn, lsmtx_error **error);

/* The timestamp of the commit whose state is read: the newest when the transaction began, or at LSMTX_READ_COMMITTED
 * its latest read; LSMTX_NO_TIMESTAMP for a handle that is none, or in use. */
LSMTX_API uint64_t lsmtx_txn_timestamp(const lsmtx_txn *txn);

/* Which attempt of lsmtx_db_run() this is, from 1; 1 in others; 0 for a handle that is none. */
LSMTX_API uint32_t lsmtx_txn_attempt(const lsmtx_txn *txn);

/* Copies a value to the caller's memory: as lsmtx_db_get(), as the transaction sees it.
 *
 * flags:  0 or LSMTX_READ_UNGUARDED.
 * Errors: also LSMTX_TOO_LARGE, when what the commit depends on would be more than max_transaction_bytes. */
LSMTX_API lsmtx_status lsmtx_txn_get(
    lsmtx_txn *txn, const void *key, size_t key_length, uint32_t flags, void *buffer, size_t buffer_size,
    size_t *value_length, lsmtx_error **error);

/* Lends a value in a buffer: as lsmtx_db_get_borrowed(), as the transaction sees it. It stays valid when the
 * transaction writes the key, and after its end.
 *
 * flags:  0 or LSMTX_READ_UNGUARDED.
 * Errors: also LSMTX_TOO_LARGE, as lsmtx_txn_get(). */
LSMTX_API lsmtx_status lsmtx_txn_get_borrowed(
    lsmtx_txn *txn, const void *key, size_t key_length, uint32_t flags, lsmtx_buffer *buffer, const void **value,
    size_t *value_length, lsmtx_error **error);

/* Lends the values of several keys in a buffer: as lsmtx_snapshot_get_many(), as the transaction sees them. At
 * LSMTX_READ_COMMITTED too they are of one state.
 *
 * flags:  0 or LSMTX_READ_UNGUARDED.
 * Errors: also LSMTX_TOO_LARGE, as lsmtx_txn_get(). */
LSMTX_API lsmtx_status lsmtx_txn_get_many(
    lsmtx_txn *txn, const lsmtx_slice *keys, size_t count, uint32_t flags, lsmtx_buffer *buffer, lsmtx_slice *values,
    lsmtx_error **error);

/* Gives a key a value, when the transaction commits.
 *
 * key:    at most LSMTX_MAX_KEY_BYTES.
 * value:  at most LSMTX_MAX_VALUE_BYTES. One over LSMTX_LARGE_VALUE_BYTES is written to the file at once.
 * Errors: LSMTX_TOO_LARGE, also when the transaction would be over max_transaction_bytes; for a large value,
 *         LSMTX_DISK_FULL, LSMTX_IO, LSMTX_POISONED. */
LSMTX_API lsmtx_status lsmtx_txn_put(
    lsmtx_txn *txn, const void *key, size_t key_length, const void *value, size_t value_length, lsmtx_error **error);

/* Takes a key's value away, when the transaction commits. Errors: LSMTX_TOO_LARGE. */
LSMTX_API lsmtx_status lsmtx_txn_delete(lsmtx_txn *txn, const void *key, size_t key_length, lsmtx_error **error);

/* Takes the values of all keys of a range away, when the transaction commits, at the cost of one write; also of keys
 * that others add to it meanwhile.
 *
 * range:  NULL for all keys; bounds of at most LSMTX_MAX_KEY_BYTES + 1 bytes. An empty range is left alone.
 * Errors: LSMTX_TOO_LARGE. */
LSMTX_API lsmtx_status lsmtx_txn_delete_range(lsmtx_txn *txn, const lsmtx_range *range, lsmtx_error **error);

/* What a mutation does with the value that the key has when the transaction commits. The number or the bytes are its
 * operand. The value is taken to be as long as the result: cut off, or filled up with zeros. A key without a value gets
 * the operand for its value, whatever the mutation. */
enum {
    /* With a number. Adds it to the value, both signed and little-endian; 8 bytes, wraps around. */
    LSMTX_ADD = 1,
    /* With a number. Keeps the smaller one, both signed and little-endian; 8 bytes. */
    LSMTX_MIN = 2,
    /* With a number. Keeps the greater one, both signed and little-endian; 8 bytes. */
    LSMTX_MAX = 3,
    /* With bytes. Keeps the bits of the value that the operand has too; the operand's length. */
    LSMTX_AND = 4,
    /* With bytes. Adds the bits of the operand; the operand's length. */
    LSMTX_OR = 5,
    /* With bytes. Turns over the bits that the operand has; the operand's length. */
    LSMTX_XOR = 6,
    /* With bytes. Gives the key the operand if it has no value; one that has is not changed at all. */
    LSMTX_SET_IF_ABSENT = 7
};

/* Changes a key's value by a number, when the transaction commits, without reading it: others that mutate the key do
 * not conflict with it.
 *
 * mutation: LSMTX_ADD, LSMTX_MIN or LSMTX_MAX.
 * key:      at most LSMTX_MAX_KEY_BYTES.
 * Errors:   LSMTX_TOO_LARGE; LSMTX_CORRUPT, LSMTX_IO when the transaction has put a large value there itself that
 *           cannot be read. */
LSMTX_API lsmtx_status lsmtx_txn_mutate_number(
    lsmtx_txn *txn, int32_t mutation, const void *key, size_t key_length, int64_t number, lsmtx_error **error);

/* Changes a key's value by bytes, when the transaction commits, without reading it.
 *
 * mutation: LSMTX_AND, LSMTX_OR, LSMTX_XOR or LSMTX_SET_IF_ABSENT.
 * operand:  at most LSMTX_MAX_OPERAND_BYTES.
 * Errors:   as lsmtx_txn_mutate_number(). */
LSMTX_API lsmtx_status lsmtx_txn_mutate_bytes(
    lsmtx_txn *txn, int32_t mutation, const void *key, size_t key_length, const void *operand, size_t operand_length,
    lsmtx_error **error);

/* Gives a key a value in which ten bytes are replaced by the commit's versionstamp: see lsmtx_versionstamp().
 *
 * value:        at most LSMTX_MAX_OPERAND_BYTES.
 * stamp_offset: where in the value the stamp begins.
 * Errors:       LSMTX_TOO_LARGE; LSMTX_MISUSE also when the stamp has no place there. */
LSMTX_API lsmtx_status lsmtx_txn_put_versionstamped_value(
    lsmtx_txn *txn, const void *key, size_t key_length, const void *value, size_t value_length, size_t stamp_offset,
    lsmtx_error **error);

/* Gives a key a value, in whose key ten bytes are replaced by the commit's versionstamp: the keys that several commits
 * make so are in the order of the commits. The transaction's own reads do not show it.
 *
 * key:          at most LSMTX_MAX_KEY_BYTES, with any ten bytes in the place of the stamp.
 * stamp_offset: where in the key the stamp begins.
 * value:        at most LSMTX_MAX_VALUE_BYTES.
 * Errors:       as lsmtx_txn_put(); LSMTX_MISUSE also when the stamp has no place there. */
LSMTX_API lsmtx_status lsmtx_txn_put_versionstamped_key(
    lsmtx_txn *txn, const void *key, size_t key_length, size_t stamp_offset, const void *value, size_t value_length,
    lsmtx_error **error);

/* Makes the commit depend on a key: it fails when another transaction changes it, or adds it, before.
 *
 * Errors: LSMTX_TOO_LARGE; LSMTX_MISUSE also at LSMTX_READ_COMMITTED. */
LSMTX_API lsmtx_status lsmtx_txn_add_read_conflict(
    lsmtx_txn *txn, const void *key, size_t key_length, lsmtx_error **error);

/* Makes the commit depend on a range: it fails when another transaction changes anything in it before.
 *
 * range:  NULL for all keys.
 * Errors: as lsmtx_txn_add_read_conflict(). */
LSMTX_API lsmtx_status lsmtx_txn_add_read_conflict_range(
    lsmtx_txn *txn, const lsmtx_range *range, lsmtx_error **error);

/* Marks the present state of the transaction's writes, to be able to come back to it. Savepoints nest, and end with the
 * transaction.
 *
 * savepoint: receives its number, which no other savepoint of the transaction ever has.
 * Errors:    LSMTX_TOO_LARGE when the savepoints, 64 bytes each, and all else are over max_transaction_bytes. */
LSMTX_API lsmtx_status lsmtx_txn_savepoint(lsmtx_txn *txn, uint64_t *savepoint, lsmtx_error **error);

/* Undoes everything that was written since a savepoint was taken. What was read since counts all the same. The
 * savepoint stays; those that were taken after it are gone. Errors: LSMTX_MISUSE also for a savepoint that is not
 * there. */
LSMTX_API lsmtx_status lsmtx_txn_rollback_to_savepoint(lsmtx_txn *txn, uint64_t savepoint, lsmtx_error **error);

/* Forgets a savepoint, and those that were taken after it. What was written stays. Errors: LSMTX_MISUSE also for a
 * savepoint that is not there. */
LSMTX_API lsmtx_status lsmtx_txn_release_savepoint(lsmtx_txn *txn, uint64_t savepoint, lsmtx_error **error);

/* Commits everything that was written and ends the transaction, also when it fails, but not for LSMTX_MISUSE. One that
 * wrote nothing always succeeds. The handle must still be freed.
 *
 * durability:   LSMTX_DURABILITY_...
 * committed_at: receives the timestamp of the commit; of a transaction that wrote nothing, the one that it read at. May
 *               be NULL.
 * Errors:       LSMTX_CONFLICT; LSMTX_DISK_FULL, LSMTX_POISONED; LSMTX_CLOSED when it has ended before; LSMTX_IO,
 *               LSMTX_CORRUPT when it cannot be read what it depends on. Nothing was committed with these.
 *               LSMTX_OUTCOME_UNKNOWN. */
LSMTX_API lsmtx_status lsmtx_txn_commit(
    lsmtx_txn *txn, int32_t durability, uint64_t *committed_at, lsmtx_error **error);

/* Forgets everything that was written and ends the transaction. Does nothing if it has ended. The handle must still be
 * freed. */
LSMTX_API lsmtx_status lsmtx_txn_rollback(lsmtx_txn *txn, lsmtx_error **error);

/* Rolls a transaction back if it has not ended, and frees the handle. Its iterators stay valid handles. NULL is left
 * alone, and so is the transaction that lsmtx_db_run() has made. */
LSMTX_API void lsmtx_txn_free(lsmtx_txn *txn);

/* Writes the ten bytes of a commit's versionstamp, which are in order as the commits are: the timestamp, big-endian,
 * and two zero bytes.
 *
 * stamp:  room for LSMTX_VERSIONSTAMP_BYTES bytes; NULL is left alone. Any threads; cannot fail. */
LSMTX_API void lsmtx_versionstamp(uint64_t timestamp, void *stamp);

/* ---------------------------------------------------------------------------------------------------------------------
 * Transactions that are run again
 * ------------------------------------------------------------------------------------------------------------------ */

/* What lsmtx_db_run() runs: reads and writes with `txn`, which is lent until it returns. It may be called several
 * times, so it should have no other effects; what it notes in `user` it has to set anew in each call. It need not
 * commit, but may, or roll back. Iterators that it makes it has to free itself. It must return normally: no longjmp, no
 * exception.
 *
 * error:   to be passed to the calls that it makes, so that the one that fails reaches the caller of lsmtx_db_run().
 *          Not NULL, points to NULL at first. An error that it has got and does not return for has to be freed by it,
 *          and NULL stored.
 * Returns: LSMTX_OK to commit; if it has tried to commit itself and that failed, the failure counts. LSMTX_CONFLICT to
 *          be run again. Any other: rolls back, and is what lsmtx_db_run() returns. A status of its own must be
 *          positive, and should be from 1000 on; a negative one that is none of this header becomes LSMTX_MISUSE. */
typedef lsmtx_status (*lsmtx_run_fn)(void *user, lsmtx_txn *txn, lsmtx_error **error);

/* How lsmtx_db_run() does it. lsmtx_run_options_init() sets the defaults. */
typedef struct lsmtx_run_options {
    size_t size;           /* Set by lsmtx_run_options_init(). */
    int32_t isolation;     /* LSMTX_SERIALIZABLE by default. */
    int32_t durability;    /* LSMTX_DURABILITY_DEFAULT. */
    const char *label;     /* What it is called in the errors of conflicts; NULL for nothing. NULL. */
    uint64_t max_attempts; /* How many times it is run at most; once in any case. 100. */
    uint64_t timeout;      /* After so many milliseconds no further attempt begins; LSMTX_UNLIMITED. */
} lsmtx_run_options;

/* Sets the defaults. As lsmtx_options_init(). */
LSMTX_API lsmtx_status lsmtx_run_options_init(lsmtx_run_options *options, size_t size);

/* Calls a function with a transaction, commits it, and does all of it again when it lost against another: after a
 * pause, longer each time, and before others once it has lost several times.
 *
 * options:      NULL for the defaults.
 * body, user:   the function, and what it is called with.
 * committed_at: receives the timestamp of the commit; not written when the function rolled back. May be NULL.
 * Returns:      LSMTX_OK, or what the function returned.
 * Errors:       LSMTX_CONFLICT when all attempts lost; as lsmtx_txn_commit(); LSMTX_READ_ONLY; LSMTX_MISUSE also within
 *               the function of another lsmtx_db_run() with this database on this thread. For a negative status that
 *               the function returned: the error that it left, or a new one with that status if it left none. */
LSMTX_API lsmtx_status lsmtx_db_run(
    lsmtx_db *db, const lsmtx_run_options *options, lsmtx_run_fn body, void *user, uint64_t *committed_at,
    lsmtx_error **error);

/* ---------------------------------------------------------------------------------------------------------------------
 * Batches
 * ------------------------------------------------------------------------------------------------------------------ */

/* Operations that are committed together, in their order. It belongs to no database, and may be written several times,
 * and to several. One thread at a time. */
typedef struct lsmtx_batch lsmtx_batch;

/* Makes an empty batch. Never NULL. Any threads. */
LSMTX_API lsmtx_batch *lsmtx_batch_create(void);

/* Adds a put: as lsmtx_txn_put(). Errors: LSMTX_TOO_LARGE for a key or a value over its limit. */
LSMTX_API lsmtx_status lsmtx_batch_put(
    lsmtx_batch *batch, const void *key, size_t key_length, const void *value, size_t value_length,
    lsmtx_error **error);

/* Adds a deletion: as lsmtx_txn_delete(). Errors: LSMTX_TOO_LARGE. */
LSMTX_API lsmtx_status lsmtx_batch_delete(
    lsmtx_batch *batch, const void *key, size_t key_length, lsmtx_error **error);

/* Adds the deletion of a range: as lsmtx_txn_delete_range(). Errors: LSMTX_TOO_LARGE. */
LSMTX_API lsmtx_status lsmtx_batch_delete_range(lsmtx_batch *batch, const lsmtx_range *range, lsmtx_error **error);

/* Adds a mutation by a number: as lsmtx_txn_mutate_number(). Errors: LSMTX_TOO_LARGE. */
LSMTX_API lsmtx_status lsmtx_batch_mutate_number(
    lsmtx_batch *batch, int32_t mutation, const void *key, size_t key_length, int64_t number, lsmtx_error **error);

/* Adds a mutation by bytes: as lsmtx_txn_mutate_bytes(). Errors: LSMTX_TOO_LARGE. */
LSMTX_API lsmtx_status lsmtx_batch_mutate_bytes(
    lsmtx_batch *batch, int32_t mutation, const void *key, size_t key_length, const void *operand,
    size_t operand_length, lsmtx_error **error);

/* Adds a put whose value has the versionstamp: as lsmtx_txn_put_versionstamped_value(). */
LSMTX_API lsmtx_status lsmtx_batch_put_versionstamped_value(
    lsmtx_batch *batch, const void *key, size_t key_length, const void *value, size_t value_length,
    size_t stamp_offset, lsmtx_error **error);

/* Adds a put whose key has the versionstamp: as lsmtx_txn_put_versionstamped_key(). */
LSMTX_API lsmtx_status lsmtx_batch_put_versionstamped_key(
    lsmtx_batch *batch, const void *key, size_t key_length, size_t stamp_offset, const void *value,
    size_t value_length, lsmtx_error **error);

/* How many operations it has; 0 for a handle that is none. */
LSMTX_API size_t lsmtx_batch_count(const lsmtx_batch *batch);

/* How many bytes of memory its operations take; 0 for a handle that is none. */
LSMTX_API size_t lsmtx_batch_bytes(const lsmtx_batch *batch);

/* Takes all operations away; the memory is kept for others. */
LSMTX_API lsmtx_status lsmtx_batch_clear(lsmtx_batch *batch, lsmtx_error **error);

/* Commits the operations of a batch, all or none. The batch stays as it is. An empty one does nothing.
 *
 * durability, committed_at: as lsmtx_db_put().
 * Errors: as lsmtx_db_put(); LSMTX_TOO_LARGE when all together are over max_transaction_bytes. Never LSMTX_CONFLICT. */
LSMTX_API lsmtx_status lsmtx_db_write(
    lsmtx_db *db, lsmtx_batch *batch, int32_t durability, uint64_t *committed_at, lsmtx_error **error);

/* Frees a batch. NULL is left alone. */
LSMTX_API void lsmtx_batch_free(lsmtx_batch *batch);

/* ---------------------------------------------------------------------------------------------------------------------
 * Iterators
 * ------------------------------------------------------------------------------------------------------------------ */

/* Walks the entries of a range in both directions, as of one state. It stands before the first entry, behind the last,
 * at an entry, or, after a seek, between two. One thread at a time, for the iterators of a transaction together with
 * it.
 *
 * Of a transaction it shows what that had written before the iterator was made, over what is committed; and what it
 * walks over is what the commit depends on. It goes on showing the same when the snapshot or the transaction has ended,
 * until the database is closed. It keeps what it sees in the file until it is freed. */
typedef struct lsmtx_iter lsmtx_iter;

/* Makes an iterator over everything that is committed now. It stands before the first entry of the range.
 *
 * range:  NULL for all keys. Copied.
 * flags:  0 or LSMTX_ITER_KEYS_ONLY.
 * iter:   receives the handle; free it with lsmtx_iter_free(). NULL after a failure. */
LSMTX_API lsmtx_status lsmtx_db_iter(
    lsmtx_db *db, const lsmtx_range *range, uint32_t flags, lsmtx_iter **iter, lsmtx_error **error);

/* Makes an iterator over a snapshot: as lsmtx_db_iter(). */
LSMTX_API lsmtx_status lsmtx_snapshot_iter(
    lsmtx_snapshot *snapshot, const lsmtx_range *range, uint32_t flags, lsmtx_iter **iter, lsmtx_error **error);

/* Makes an iterator over what a transaction sees: as lsmtx_db_iter().
 *
 * flags:  0, or of LSMTX_READ_UNGUARDED and LSMTX_ITER_KEYS_ONLY.
 * Errors: LSMTX_TOO_LARGE, when what the commit depends on would be more than max_transaction_bytes. */
LSMTX_API lsmtx_status lsmtx_txn_iter(
    lsmtx_txn *txn, const lsmtx_range *range, uint32_t flags, lsmtx_iter **iter, lsmtx_error **error);

/* Moves to the next entry in key order: the first one at the beginning and after lsmtx_iter_seek_first(), the one at or
 * after the key after lsmtx_iter_seek(), else the one that comes after the present one.
 *
 * key, key_length, value, value_length: receive the entry, which is lent until the iterator is moved, seeks or is
 *                                       freed, without having been copied. Each may be NULL when it is not wanted;
 *                                       without both of the last two, large values are not read. Pointers are not NULL,
 *                                       also for no bytes, but the value with LSMTX_ITER_KEYS_ONLY is.
 * Returns: LSMTX_OK; LSMTX_END behind the last entry, with nothing written: lsmtx_iter_prev() leads to it.
 * Errors:  LSMTX_CORRUPT, LSMTX_IO. Every further move fails in the same way, until a seek; but a large value that
 *          cannot be read is just passed over by the next move. LSMTX_CLOSED also for a large value that the
 *          transaction itself had put, and that has ended. */
LSMTX_API lsmtx_status lsmtx_iter_next(
    lsmtx_iter *iter, const void **key, size_t *key_length, const void **value, size_t *value_length,
    lsmtx_error **error);

/* Moves to the previous entry: the last one after lsmtx_iter_seek_last(), the one before the key after
 * lsmtx_iter_seek(), else the one that comes before the present one. Everything else is as with lsmtx_iter_next();
 * LSMTX_END comes before the first entry. */
LSMTX_API lsmtx_status lsmtx_iter_prev(
    lsmtx_iter *iter, const void **key, size_t *key_length, const void **value, size_t *value_length,
    lsmtx_error **error);

/* Goes before the first entry of the range, as at the beginning. Reads nothing yet, as all seeks. */
LSMTX_API lsmtx_status lsmtx_iter_seek_first(lsmtx_iter *iter, lsmtx_error **error);

/* Goes behind the last entry of the range. */
LSMTX_API lsmtx_status lsmtx_iter_seek_last(lsmtx_iter *iter, lsmtx_error **error);

/* Goes before a key: lsmtx_iter_next() leads to the first entry at or after it, lsmtx_iter_prev() to the last one
 * before it. A key outside of the range is taken to be the nearest end of it.
 *
 * key: copied; of any length. */
LSMTX_API lsmtx_status lsmtx_iter_seek(lsmtx_iter *iter, const void *key, size_t key_length, lsmtx_error **error);

/* A key and its value. Its layout is final. */
typedef struct lsmtx_entry {
    const void *key;
    size_t key_length;
    const void *value;
    size_t value_length;
} lsmtx_entry;

/* Moves over several entries at once, for languages in which each call is dear.
 *
 * entries:   room for `capacity` entries. What they point to is lent until the iterator is moved, seeks or is freed.
 *            All of it lies in one piece of memory, without gaps: the first key begins it, its value follows, then the
 *            second key, and so on.
 * capacity:  at most so many; 1 or more.
 * max_bytes: no further entry is added when keys and values have so many bytes; at least one is in any case. 0 stands
 *            for 1 MiB.
 * count:     receives how many entries there are. With a failure too: those are valid, and the iterator is behind them.
 * Returns:   LSMTX_OK; LSMTX_END, when there are none any more.
 * Errors:    as lsmtx_iter_next(). */
LSMTX_API lsmtx_status lsmtx_iter_next_many(
    lsmtx_iter *iter, lsmtx_entry *entries, size_t capacity, size_t max_bytes, size_t *count, lsmtx_error **error);

/* The same in the other direction. */
LSMTX_API lsmtx_status lsmtx_iter_prev_many(
    lsmtx_iter *iter, lsmtx_entry *entries, size_t capacity, size_t max_bytes, size_t *count, lsmtx_error **error);

/* Frees an iterator. NULL is left alone. */
LSMTX_API void lsmtx_iter_free(lsmtx_iter *iter);

/* ---------------------------------------------------------------------------------------------------------------------
 * The past
 * ------------------------------------------------------------------------------------------------------------------ */

/* The newest commit that readers see. Errors: only those that every call has. */
LSMTX_API lsmtx_status lsmtx_db_timestamp(lsmtx_db *db, uint64_t *timestamp, lsmtx_error **error);

/* The oldest timestamp that can be read without a name. All later ones can be read too; what can be read now may not be
 * a moment later, unless a snapshot is open there. */
LSMTX_API lsmtx_status lsmtx_db_oldest_readable(lsmtx_db *db, uint64_t *timestamp, lsmtx_error **error);

/* The newest timestamp that was committed by a time, in milliseconds since 1970: 0 for a time before all that is known.
 * It may be older than what can be read. */
LSMTX_API lsmtx_status lsmtx_db_timestamp_at(
    lsmtx_db *db, int64_t unix_time, uint64_t *timestamp, lsmtx_error **error);

/* When a timestamp was committed, in milliseconds since 1970, to a tenth of a second, or a thousandth of its age.
 *
 * timestamp: of a commit; one later than the newest is taken for that.
 * Returns:   LSMTX_OK; LSMTX_ABSENT for a timestamp older than all that is known, with nothing written. */
LSMTX_API lsmtx_status lsmtx_db_unix_time(
    lsmtx_db *db, uint64_t timestamp, int64_t *unix_time, lsmtx_error **error);

/* How much of the past stays readable.
 *
 * retention: receives the limits; `size` is set by the caller. */
LSMTX_API lsmtx_status lsmtx_db_retention(lsmtx_db *db, lsmtx_retention *retention, lsmtx_error **error);

/* Changes how much of the past stays readable, from now on and in later sessions.
 *
 * Errors: LSMTX_DISK_FULL, with nothing changed; LSMTX_IO, LSMTX_POISONED, LSMTX_READ_ONLY; LSMTX_MISUSE also for a
 *         time that is too long. */
LSMTX_API lsmtx_status lsmtx_db_set_retention(
    lsmtx_db *db, const lsmtx_retention *retention, lsmtx_error **error);

/* Gives a name to a state, which then stays readable until the name is dropped, also after the database is closed. The
 * name, and everything that was committed up to there, is durable when it returns.
 *
 * name:      1 to LSMTX_MAX_NAME_BYTES bytes without control characters; not digits alone, and nothing that looks like
 *            an ISO 8601 time.
 * point:     NULL for everything that is committed now.
 * timestamp: receives the state's timestamp; may be NULL.
 * Errors:    LSMTX_MISUSE also for a name that is taken or not possible; LSMTX_TOO_LARGE when there are 10,000 already;
 *            as lsmtx_snapshot_open() for the point; LSMTX_DISK_FULL, with nothing changed; LSMTX_IO, LSMTX_POISONED,
 *            LSMTX_READ_ONLY. */
LSMTX_API lsmtx_status lsmtx_db_create_snapshot(
    lsmtx_db *db, const char *name, const lsmtx_point *point, uint64_t *timestamp, lsmtx_error **error);

/* Takes a name away. Snapshots that are open there stay readable.
 *
 * Errors: LSMTX_NO_SUCH_SNAPSHOT; LSMTX_DISK_FULL, with nothing changed; LSMTX_IO, LSMTX_POISONED, LSMTX_READ_ONLY. */
LSMTX_API lsmtx_status lsmtx_db_drop_snapshot(lsmtx_db *db, const char *name, lsmtx_error **error);

/* The named snapshots as they were when it was made. Any threads. */
typedef struct lsmtx_names lsmtx_names;

/* A state that has a name. */
typedef struct lsmtx_named_snapshot {
    size_t size;        /* Set it to sizeof(lsmtx_named_snapshot). */
    const char *name;   /* Lent by the list. */
    uint64_t timestamp; /* The commit whose state it is. */
    int64_t created_at; /* When the name was given, in milliseconds since 1970. */
} lsmtx_named_snapshot;

/* The named snapshots, in the order of their names' bytes.
 *
 * names: receives the list; free it with lsmtx_names_free(). NULL after a failure. */
LSMTX_API lsmtx_status lsmtx_db_named_snapshots(lsmtx_db *db, lsmtx_names **names, lsmtx_error **error);

/* How many there are; 0 for a handle that is none. */
LSMTX_API size_t lsmtx_names_count(const lsmtx_names *names);

/* One of them.
 *
 * index:    from 0.
 * snapshot: receives it; `size` is set by the caller.
 * Errors:   LSMTX_MISUSE also for an index that is too high. */
LSMTX_API lsmtx_status lsmtx_names_get(
    const lsmtx_names *names, size_t index, lsmtx_named_snapshot *snapshot, lsmtx_error **error);

/* Frees a list. NULL is left alone. */
LSMTX_API void lsmtx_names_free(lsmtx_names *names);

/* The versions of a key as they were when it was made. Any threads. */
typedef struct lsmtx_history lsmtx_history;

/* What a key was set to at one commit. */
typedef struct lsmtx_key_version {
    size_t size;        /* Set it to sizeof(lsmtx_key_version). */
    uint64_t timestamp; /* The commit. */
    lsmtx_slice value;  /* Lent by the history; `data` is NULL when the commit deleted the key. */
    int64_t unix_time;  /* When, in milliseconds since 1970; LSMTX_NO_TIME. */
} lsmtx_key_version;

/* The versions of a key that can still be read, newest first.
 *
 * since:   only those of later commits than this one; 0 for all.
 * limit:   at most so many; LSMTX_UNLIMITED.
 * history: receives them; free it with lsmtx_history_free(). NULL after a failure.
 * Errors:  LSMTX_CORRUPT, LSMTX_IO. */
LSMTX_API lsmtx_status lsmtx_db_history(
    lsmtx_db *db, const void *key, size_t key_length, uint64_t since, uint64_t limit, lsmtx_history **history,
    lsmtx_error **error);

/* How many there are; 0 for a handle that is none. */
LSMTX_API size_t lsmtx_history_count(const lsmtx_history *history);

/* One of them.
 *
 * index:   from 0, the newest.
 * version: receives it; `size` is set by the caller.
 * Errors:  LSMTX_MISUSE also for an index that is too high. */
LSMTX_API lsmtx_status lsmtx_history_get(
    const lsmtx_history *history, size_t index, lsmtx_key_version *version, lsmtx_error **error);

/* Frees a history. NULL is left alone. */
LSMTX_API void lsmtx_history_free(lsmtx_history *history);

/* ---------------------------------------------------------------------------------------------------------------------
 * Care
 * ------------------------------------------------------------------------------------------------------------------ */

/* Told now and then how far a call has come, on the thread that made it. It may call the database, but not close it,
 * and must return normally: no longjmp, no exception.
 *
 * Returns: 0 to go on; any other to end the call, which fails with LSMTX_INTERRUPTED. What has been done by then
 * stays. */
typedef int32_t (*lsmtx_progress_fn)(void *user, uint64_t done_bytes, uint64_t total_bytes);

/* Writes everything committed so far to tables, and waits for it. There is no need to call it.
 *
 * Errors: LSMTX_DISK_FULL, with everything still safe in the log; LSMTX_IO, LSMTX_POISONED, LSMTX_READ_ONLY. */
LSMTX_API lsmtx_status lsmtx_db_flush(lsmtx_db *db, lsmtx_error **error);

/* Rewrites what overlaps a range of keys, so that everything in it that nobody can read any more is dropped. There is
 * no need to call it. What open and named snapshots see is kept, and what the retention says. Others read and commit
 * meanwhile.
 *
 * range:          NULL for all keys.
 * progress, user: may be NULL.
 * Errors:         LSMTX_CORRUPT, with the keys, for a damaged table; LSMTX_DISK_FULL, LSMTX_IO, LSMTX_POISONED,
 *                 LSMTX_READ_ONLY, LSMTX_INTERRUPTED. What was done before stays, and nothing is lost. */
LSMTX_API lsmtx_status lsmtx_db_compact(
    lsmtx_db *db, const lsmtx_range *range, lsmtx_progress_fn progress, void *user, lsmtx_error **error);

/* What a check went through and found. Any threads. */
typedef struct lsmtx_report lsmtx_report;

/* The numbers of a report. */
typedef struct lsmtx_report_summary {
    size_t size;         /* Set it to sizeof(lsmtx_report_summary). */
    uint64_t findings;   /* How many; 0 for a sound file. */
    uint64_t tables;     /* Tables verified. */
    uint64_t blocks;     /* Data blocks verified. */
    uint64_t entries;    /* Entries of tables verified. */
    uint64_t log_groups; /* Commit groups of the log verified. */
    uint64_t bytes;      /* Bytes verified. */
} lsmtx_report_summary;

/* What a check found in one place. Pointers are lent by the report. */
typedef struct lsmtx_finding {
    size_t size;            /* Set it to sizeof(lsmtx_finding). */
    const char *message;    /* What is wrong, one sentence. */
    const char *text;       /* The message and the place in one line. */
    const char *structure;  /* The structure of the file that is at fault; NULL when it is not known. */
    uint64_t offset;        /* Where it begins in the file; UINT64_MAX when it is not known. */
    int32_t has_keys;       /* Whether it costs keys: 1 or 0. */
    int32_t reserved;       /* 0. */
    lsmtx_slice lower;      /* The first of them. */
    lsmtx_slice upper;      /* The first key past them; `data` is NULL when there is no end. */
} lsmtx_finding;

/* Reads the whole file and verifies every checksum, every reference, the order of keys, counts, filters, the log and
 * the ownership of every page. Others read and commit meanwhile. Damage is no failure, but a finding.
 *
 * progress, user: may be NULL.
 * report:         receives the report; free it with lsmtx_report_free(). NULL after a failure.
 * Errors:         LSMTX_IO, LSMTX_INTERRUPTED. */
LSMTX_API lsmtx_status lsmtx_db_check(
    lsmtx_db *db, lsmtx_progress_fn progress, void *user, lsmtx_report **report, lsmtx_error **error);

/* The numbers.
 *
 * summary: receives them; `size` is set by the caller. */
LSMTX_API lsmtx_status lsmtx_report_get(
    const lsmtx_report *report, lsmtx_report_summary *summary, lsmtx_error **error);

/* One of the findings.
 *
 * index:   from 0.
 * finding: receives it; `size` is set by the caller.
 * Errors:  LSMTX_MISUSE also for an index that is too high. */
LSMTX_API lsmtx_status lsmtx_report_finding(
    const lsmtx_report *report, size_t index, lsmtx_finding *finding, lsmtx_error **error);

/* Frees a report. NULL is left alone. */
LSMTX_API void lsmtx_report_free(lsmtx_report *report);

/* ---------------------------------------------------------------------------------------------------------------------
 * Statistics
 * ------------------------------------------------------------------------------------------------------------------ */

/* What a database holds and has done since it was opened, as it was when this was made. Any threads. */
typedef struct lsmtx_stats lsmtx_stats;

enum {
    /* The retention: nothing older is held. */
    LSMTX_HOLDER_RETENTION = 0,
    /* A named snapshot. */
    LSMTX_HOLDER_NAMED = 1,
    /* An open snapshot or transaction. */
    LSMTX_HOLDER_READER = 2
};

/* The numbers. Pointers are lent by the statistics. */
typedef struct lsmtx_stats_summary {
    size_t size;              /* Set it to sizeof(lsmtx_stats_summary). */
    const char *path;         /* NULL in memory. */
    uint64_t format_version;  /* The version of the file's format. */
    uint64_t generation;      /* The number of the newest published state of the file. */
    uint64_t timestamp;       /* The newest commit that readers see. */
    uint64_t oldest_snapshot; /* The oldest commit that an open snapshot or transaction reads at; LSMTX_NO_TIMESTAMP. */

    uint64_t file_bytes;    /* Length of the file. */
    uint64_t free_bytes;    /* Bytes of the file that are free to be used. */
    uint64_t punched_bytes; /* How much of that has been given back to the file system. */

    uint64_t memtables; /* How many are in memory. */
    uint64_t memtable_bytes;
    uint64_t memtable_entries;
    uint64_t large_values; /* How many values over LSMTX_LARGE_VALUE_BYTES there are, all versions counted. */
    uint64_t large_value_bytes;
    uint64_t cache_capacity; /* The budget of the block cache, in bytes. */
    uint64_t cache_bytes;
    uint64_t cache_blocks;
    uint64_t cache_entered; /* Blocks that have entered it: reads that it did not have the block for. */
    uint64_t cache_evicted;
    uint64_t log_live_bytes; /* Bytes that a recovery would replay. */
    uint64_t log_file_bytes; /* Bytes that the log takes in the file. */
    uint64_t log_segments_awaited;

    uint64_t commits;   /* Commits that wrote something. */
    uint64_t groups;    /* Groups in which they were written. */
    uint64_t conflicts; /* Commits that lost against another. */
    uint64_t syncs;     /* Syncs for the log. */
    uint64_t flushes;   /* Memtables that became tables. */
    uint64_t compactions;
    uint64_t compaction_bytes_in;
    uint64_t compaction_bytes_out;
    uint64_t dropped_versions; /* What compactions dropped: versions hidden by newer ones, */
    uint64_t dropped_by_range_deletion; /* versions hidden by the deletion of a range, */
    uint64_t dropped_tombstones;        /* deletions with nothing left to hide, */
    uint64_t dropped_range_tombstones;  /* and deletions of ranges likewise. */

    uint64_t retention_keep; /* As of lsmtx_retention. */
    uint64_t retention_commits;
    uint64_t retention_log_bytes;
    uint64_t oldest_readable;     /* The oldest timestamp that can be read without a name. */
    int64_t oldest_readable_time; /* Milliseconds since 1970; LSMTX_NO_TIME. */
    uint64_t oldest_held;         /* The oldest timestamp of which anything is kept. */
    const char *holder_name;      /* The named snapshot that keeps it; NULL for other holders. */
    int32_t holder;               /* LSMTX_HOLDER_...: what keeps it. */
    int32_t reserved;             /* 0. */

    uint64_t named_snapshots; /* How many there are. */
    uint64_t levels;          /* How many there are for lsmtx_stats_level(), */
    uint64_t level_works;     /* for lsmtx_stats_level_work(), */
    uint64_t stalls;          /* for lsmtx_stats_stall(), */
    uint64_t damaged_tables;  /* and for lsmtx_stats_damaged_table(). */
} lsmtx_stats_summary;

/* One level of tables. */
typedef struct lsmtx_level {
    size_t size;      /* Set it to sizeof(lsmtx_level). */
    uint64_t level;   /* Its number, 0 for the newest. */
    uint64_t tables;  /* How many it has. */
    uint64_t entries; /* Entries in them: versions of keys. */
    uint64_t bytes;   /* Bytes that they take in the file. */
} lsmtx_level;

/* What flushes (level 0) and compactions have put into one level. */
typedef struct lsmtx_level_work {
    size_t size;    /* Set it to sizeof(lsmtx_level_work). */
    uint64_t level; /* The level that tables were written or moved to. */
    uint64_t count; /* How many flushes, or compactions that wrote tables. */
    uint64_t moves; /* Tables that came from the level above without being rewritten. */
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t entries_in;
    uint64_t entries_out;
    uint64_t dropped_versions; /* As of lsmtx_stats_summary. */
    uint64_t dropped_by_range_deletion;
    uint64_t dropped_tombstones;
    uint64_t dropped_range_tombstones;
} lsmtx_level_work;

/* One reason for which writers had to wait. */
typedef struct lsmtx_stall {
    size_t size;          /* Set it to sizeof(lsmtx_stall). */
    const char *reason;   /* A word for it. */
    uint64_t slowed;      /* Commit groups that were slowed. */
    uint64_t stopped;     /* Commit groups that were stopped until a flush was done. */
    uint64_t nanoseconds; /* Time spent so in all. */
} lsmtx_stall;

/* A table that a compaction could not read, so that compactions leave it alone. What can be read of it still is. */
typedef struct lsmtx_damaged_table {
    size_t size;              /* Set it to sizeof(lsmtx_damaged_table). */
    uint64_t level;           /* The level that it is in. */
    lsmtx_slice lower;        /* The first key that it holds. */
    lsmtx_slice upper;        /* The first key past them; `data` is NULL when there is no end. */
    const lsmtx_error *error; /* What the compaction met, with the keys that are lost. Not to be freed. */
    int64_t since;            /* When, in milliseconds since 1970. */
} lsmtx_damaged_table;

/* What the database holds and has done.
 *
 * stats:  receives it; free it with lsmtx_stats_free(). NULL after a failure.
 * Errors: LSMTX_IO when the file's length cannot be read. */
LSMTX_API lsmtx_status lsmtx_db_stats(lsmtx_db *db, lsmtx_stats **stats, lsmtx_error **error);

/* The numbers. In all of these, the caller sets `size` of the structure that receives them, and an index is from 0;
 * LSMTX_MISUSE also for one that is too high. */
LSMTX_API lsmtx_status lsmtx_stats_get(const lsmtx_stats *stats, lsmtx_stats_summary *summary, lsmtx_error **error);

/* One of the levels. */
LSMTX_API lsmtx_status lsmtx_stats_level(
    const lsmtx_stats *stats, size_t index, lsmtx_level *level, lsmtx_error **error);

/* What was put into one of the levels, of those with any work. */
LSMTX_API lsmtx_status lsmtx_stats_level_work(
    const lsmtx_stats *stats, size_t index, lsmtx_level_work *work, lsmtx_error **error);

/* One of the reasons for which writers had to wait. */
LSMTX_API lsmtx_status lsmtx_stats_stall(
    const lsmtx_stats *stats, size_t index, lsmtx_stall *stall, lsmtx_error **error);

/* One of the damaged tables. */
LSMTX_API lsmtx_status lsmtx_stats_damaged_table(
    const lsmtx_stats *stats, size_t index, lsmtx_damaged_table *table, lsmtx_error **error);

/* Frees statistics. NULL is left alone. */
LSMTX_API void lsmtx_stats_free(lsmtx_stats *stats);

#ifdef __cplusplus
}
#endif

#endif
