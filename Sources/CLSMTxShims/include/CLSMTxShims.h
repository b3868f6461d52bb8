// What Swift's C library overlay does not import or imports without its variadic arguments: futexes, open file
// description locks, per-write durability, space preallocation, processor hints and thread-local pointers.
// Each function returns what the system call returns; errno is left for the caller.
#ifndef LSMTX_SHIMS_H
#define LSMTX_SHIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MARK: Files

/// Opens an existing file without blocking on a FIFO and without inheriting it across exec.
int lsmtx_open(const char *path, bool writable);
/// Creates an unnamed file in `directory` (Linux O_TMPFILE). EOPNOTSUPP where the file system has none.
int lsmtx_open_unnamed(const char *directory);
/// Creates `path` and fails with EEXIST if it is there.
int lsmtx_create_exclusive(const char *path);
/// Gives the unnamed file a name. Fails with EEXIST if `path` is there.
int lsmtx_link_unnamed(int fd, const char *path);
/// fdatasync, or F_FULLFSYNC where fdatasync does not reach the medium.
int lsmtx_sync_data(int fd);
/// pwrite whose bytes are durable when it returns (RWF_DSYNC). ENOTSUP where the system has no such write.
int64_t lsmtx_pwrite_durable(int fd, const void *bytes, size_t count, int64_t offset);
/// Reserves space so that later writes there cannot fail for want of it; extends the file when needed.
int lsmtx_reserve(int fd, int64_t offset, int64_t length);
/// Gives the space of a range back to the file system; the range then reads as zeros.
int lsmtx_punch(int fd, int64_t offset, int64_t length);
/// Drops clean cached pages, so that the next read reaches the device.
int lsmtx_drop_cache(int fd, int64_t offset, int64_t length);

// MARK: Locks on byte ranges of an open file description

/// 0 when taken; -1 with EAGAIN when another open file description holds a conflicting lock.
int lsmtx_lock(int fd, bool exclusive, int64_t offset, int64_t length);
int lsmtx_unlock(int fd, int64_t offset, int64_t length);
/// 1 and the first conflicting lock's place if an exclusive lock could not be taken, 0 if it could, -1 on error.
int lsmtx_probe_lock(int fd, int64_t offset, int64_t length, int64_t *start);

// MARK: Threads

/// Sleeps while `*word == expected`, at most `timeout_ns` nanoseconds (negative: without limit).
void lsmtx_futex_wait(const uint32_t *word, uint32_t expected, int64_t timeout_ns);
/// Wakes at most `count` sleepers on `word`.
void lsmtx_futex_wake(const uint32_t *word, int32_t count);

/// One pointer of this thread's own; NULL until set. `set` also arranges that `lsmtx_thread_slot_release`'s
/// callback receives the pointer when the thread ends.
void *lsmtx_thread_slot_get(void);
void lsmtx_thread_slot_set(void *slot, void (*release)(void *));

/// Something that a thread is in the middle of; it lies on the thread's stack until it has ended.
typedef struct lsmtx_frame {
    const void *owner;
    struct lsmtx_frame *outer;
} lsmtx_frame;

/// The calling thread begins something of `owner`. False, and nothing is begun, if it is in the middle of such a thing.
bool lsmtx_frame_enter(lsmtx_frame *frame, const void *owner);
/// What the thread has begun last has ended.
void lsmtx_frame_leave(const lsmtx_frame *frame);

/// Names the calling thread for debuggers; at most 15 bytes.
void lsmtx_name_thread(const char *name);

/// How many processors the process may run on.
int lsmtx_processor_count(void);

static inline void lsmtx_pause(void) {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static inline void lsmtx_prefetch(const void *address) {
    __builtin_prefetch(address, 0, 3);
}

// MARK: Memory

/// Zeroed anonymous memory aligned to 2 MiB and backed by huge pages where the system grants them; NULL on failure.
void *lsmtx_map_huge(size_t length);
void lsmtx_unmap(void *address, size_t length);

#endif
