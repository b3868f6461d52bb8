#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include "CLSMTxShims.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#endif

// MARK: Files

int lsmtx_open(const char *path, bool writable) {
    return open(path, (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
}

int lsmtx_open_unnamed(const char *directory) {
#if defined(O_TMPFILE)
    return open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
#else
    (void)directory;
    errno = EOPNOTSUPP;
    return -1;
#endif
}

int lsmtx_create_exclusive(const char *path) {
    return open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
}

int lsmtx_link_unnamed(int fd, const char *path) {
#if defined(__linux__)
    char source[64];
    snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
#else
    (void)fd;
    (void)path;
    errno = EOPNOTSUPP;
    return -1;
#endif
}

int lsmtx_sync_data(int fd) {
#if defined(__APPLE__)
    return fcntl(fd, F_FULLFSYNC);
#else
    return fdatasync(fd);
#endif
}

int64_t lsmtx_pwrite_durable(int fd, const void *bytes, size_t count, int64_t offset) {
#if defined(__linux__) && defined(RWF_DSYNC)
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = count};
    return pwritev2(fd, &vector, 1, offset, RWF_DSYNC);
#else
    (void)fd;
    (void)bytes;
    (void)count;
    (void)offset;
    errno = ENOTSUP;
    return -1;
#endif
}

int lsmtx_reserve(int fd, int64_t offset, int64_t length) {
#if defined(__linux__)
    return fallocate(fd, 0, offset, length);
#else
    struct stat info;
    if (fstat(fd, &info) != 0) return -1;
    return info.st_size >= offset + length ? 0 : ftruncate(fd, offset + length);
#endif
}

int lsmtx_punch(int fd, int64_t offset, int64_t length) {
#if defined(__linux__)
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, length);
#else
    (void)fd;
    (void)offset;
    (void)length;
    errno = EOPNOTSUPP;
    return -1;
#endif
}

int lsmtx_drop_cache(int fd, int64_t offset, int64_t length) {
#if defined(__linux__)
    int result = posix_fadvise(fd, offset, length, POSIX_FADV_DONTNEED);
    if (result == 0) return 0;
    errno = result;
    return -1;
#else
    (void)fd;
    (void)offset;
    (void)length;
    return 0;
#endif
}

// MARK: Locks

static struct flock range_lock(short type, int64_t offset, int64_t length) {
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = offset;
    lock.l_len = length;
    return lock;
}

#if !defined(F_OFD_SETLK) && defined(__APPLE__)
// Present in the kernel since macOS 10.15, declared only for private use.
#define F_OFD_SETLK 90
#define F_OFD_GETLK 92
#endif

int lsmtx_lock(int fd, bool exclusive, int64_t offset, int64_t length) {
    struct flock lock = range_lock(exclusive ? F_WRLCK : F_RDLCK, offset, length);
    return fcntl(fd, F_OFD_SETLK, &lock);
}

int lsmtx_unlock(int fd, int64_t offset, int64_t length) {
    struct flock lock = range_lock(F_UNLCK, offset, length);
    return fcntl(fd, F_OFD_SETLK, &lock);
}

int lsmtx_probe_lock(int fd, int64_t offset, int64_t length, int64_t *start) {
    struct flock lock = range_lock(F_WRLCK, offset, length);
    if (fcntl(fd, F_OFD_GETLK, &lock) != 0) return -1;
    if (lock.l_type == F_UNLCK) return 0;
    *start = lock.l_start;
    return 1;
}

// MARK: Threads

#if defined(__linux__)
void lsmtx_futex_wait(const uint32_t *word, uint32_t expected, int64_t timeout_ns) {
    struct timespec limit = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, timeout_ns < 0 ? NULL : &limit, NULL, 0);
}

void lsmtx_futex_wake(const uint32_t *word, int32_t count) {
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0);
}
#else
// The ulock calls that Apple's own os_unfair_lock and libc++ use.
extern int __ulock_wait(uint32_t operation, void *address, uint64_t value, uint32_t timeout_us);
extern int __ulock_wake(uint32_t operation, void *address, uint64_t value);
#define UL_COMPARE_AND_WAIT 1
#define ULF_WAKE_ALL 0x00000100

void lsmtx_futex_wait(const uint32_t *word, uint32_t expected, int64_t timeout_ns) {
    uint64_t limit_us = timeout_ns < 0 ? 0 : (uint64_t)timeout_ns / 1000 + 1;
    if (limit_us > UINT32_MAX) limit_us = UINT32_MAX;
    __ulock_wait(UL_COMPARE_AND_WAIT, (void *)word, expected, (uint32_t)limit_us);
}

void lsmtx_futex_wake(const uint32_t *word, int32_t count) {
    __ulock_wake(UL_COMPARE_AND_WAIT | (count > 1 ? ULF_WAKE_ALL : 0), (void *)word, 0);
}
#endif

static __thread void *thread_slot;
static pthread_key_t thread_slot_key;
static pthread_once_t thread_slot_once = PTHREAD_ONCE_INIT;
static void (*thread_slot_release)(void *);

static void thread_slot_destroy(void *slot) {
    thread_slot = NULL;
    __atomic_load_n(&thread_slot_release, __ATOMIC_RELAXED)(slot);
}

static void thread_slot_make_key(void) {
    if (pthread_key_create(&thread_slot_key, thread_slot_destroy) != 0) abort();
}

void *lsmtx_thread_slot_get(void) {
    return thread_slot;
}

void lsmtx_thread_slot_set(void *slot, void (*release)(void *)) {
    __atomic_store_n(&thread_slot_release, release, __ATOMIC_RELAXED);
    pthread_once(&thread_slot_once, thread_slot_make_key);
    thread_slot = slot;
    pthread_setspecific(thread_slot_key, slot);
}

static __thread lsmtx_frame *innermost_frame;

bool lsmtx_frame_enter(lsmtx_frame *frame, const void *owner) {
    for (const lsmtx_frame *other = innermost_frame; other; other = other->outer) {
        if (other->owner == owner) return false;
    }
    frame->owner = owner;
    frame->outer = innermost_frame;
    innermost_frame = frame;
    return true;
}

void lsmtx_frame_leave(const lsmtx_frame *frame) {
    innermost_frame = frame->outer;
}

void lsmtx_name_thread(const char *name) {
#if defined(__APPLE__)
    pthread_setname_np(name);
#else
    pthread_setname_np(pthread_self(), name);
#endif
}

int lsmtx_processor_count(void) {
#if defined(__linux__)
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return CPU_COUNT(&allowed);
#endif
    return (int)sysconf(_SC_NPROCESSORS_ONLN);
}

// MARK: Memory

void *lsmtx_map_huge(size_t length) {
    const size_t alignment = (size_t)2 << 20;
    size_t padded = length + alignment;
    char *base = mmap(NULL, padded, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) return NULL;
    char *start = (char *)(((uintptr_t)base + alignment - 1) & ~(uintptr_t)(alignment - 1));
    if (start > base) munmap(base, (size_t)(start - base));
    char *end = start + length;
    if (base + padded > end) munmap(end, (size_t)(base + padded - end));
#if defined(MADV_HUGEPAGE)
    madvise(start, length, MADV_HUGEPAGE);
#endif
    return start;
}

void lsmtx_unmap(void *address, size_t length) {
    munmap(address, length);
}
