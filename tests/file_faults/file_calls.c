/* Calls of the file system that fail, or kill, when they are told to.

   Loaded before the C library (LD_PRELOAD), this stands between a process and every call on a file
   under one folder. Calls are counted by their kind; the one of a number can be struck by a fault.
   A file that could not be forced to the disk, or be closed, has lost half of what was written to
   it since it last was: that is what such an error means. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

/* In the order of file_calls.py. */
enum kind { OPEN, CREATE, READ, WRITE, SYNC, CLOSE, CLOSE_WRITTEN, TRUNCATE, RENAME, REMOVE, MAKE,
            LIST, LOOK, LOCK, KINDS };
enum fault { NONE, KILL, KILL_HALFWAY, FAIL, FULL, HALF_THEN_FULL, HALF };

#define REAL(name) ({ static __typeof__(name) *real; \
    real = real ? real : (__typeof__(name) *)dlsym(RTLD_NEXT, #name); real; })
#define STREAM_HAS_FAILED 0x20 /* The bit of glibc that ferror() returns. */

static char folder[PATH_MAX];
static size_t folder_length;
static char *struck; /* What was struck, in memory that outlives a killed process. */
static volatile int watching, disk_is_full;
static int fault, error_number, fault_kind;
static long fault_number, counts[KINDS];

/* What was written and not forced to the disk, by file. */
static struct unsafe { dev_t device; ino_t inode; off_t start, end; } unsafe_ranges[256];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void file_calls_watch(const char *path, char *description)
{
    snprintf(folder, sizeof folder, "%s", path);
    folder_length = strlen(folder);
    struck = description;
}

void file_calls_arm(int which, int error, int kind, long number)
{
    memset(counts, 0, sizeof counts);
    memset(unsafe_ranges, 0, sizeof unsafe_ranges);
    fault = which, error_number = error, fault_kind = kind, fault_number = number;
    disk_is_full = 0;
    watching = 1;
}

void file_calls_rest(void) { watching = 0; }

long file_calls_count(int kind) { return counts[kind]; }

static int is_inside(const char *path)
{
    return strncmp(path, folder, folder_length) == 0
        && (path[folder_length] == '/' || path[folder_length] == 0);
}

static int path_of(int fd, char *path)
{
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = REAL(readlink)(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return length > 0 && is_inside(path);
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

/* Count a call, and return what is to become of it. */
static int strike(enum kind kind, const char *call, const char *path)
{
    long number = __atomic_add_fetch(&counts[kind], 1, __ATOMIC_SEQ_CST);
    if (fault != NONE && (int)kind == fault_kind && number == fault_number) {
        snprintf(struck, 512, "%s %s", call, path);
        if (fault == KILL) die();
        if (fault == FULL || fault == HALF_THEN_FULL) disk_is_full = 1;
        return fault == FULL ? FAIL : fault;
    }
    int takes_room = kind == CREATE || kind == WRITE || kind == MAKE || kind == TRUNCATE;
    return disk_is_full && takes_room ? FAIL : NONE;
}

static int at_descriptor(enum kind kind, const char *call, int fd)
{
    char path[PATH_MAX];
    int before = errno;
    int what = watching && path_of(fd, path) ? strike(kind, call, path) : NONE;
    errno = what == FAIL ? error_number : before;
    return what;
}

static int at_path(enum kind kind, const char *call, int directory, const char *path)
{
    char within[PATH_MAX];
    int before = errno, what = NONE;
    if (watching && path && path[0] == '/')
        what = is_inside(path) ? strike(kind, call, path) : NONE;
    else if (watching && path && directory != AT_FDCWD && path_of(directory, within)) {
        size_t length = strlen(within);
        snprintf(within + length, sizeof within - length, "/%s", path);
        what = strike(kind, call, within);
    }
    errno = what == FAIL ? error_number : before;
    return what;
}

static struct unsafe *range_of(int fd, int makes)
{
    struct stat seen;
    if (REAL(fstat)(fd, &seen) || !S_ISREG(seen.st_mode)) return NULL;
    struct unsafe *free_range = NULL;
    for (size_t i = 0; i < sizeof unsafe_ranges / sizeof *unsafe_ranges; i++) {
        struct unsafe *range = &unsafe_ranges[i];
        if (range->inode == seen.st_ino && range->device == seen.st_dev) return range;
        if (!free_range && !range->inode) free_range = range;
    }
    if (!makes || !free_range) return NULL;
    *free_range = (struct unsafe){seen.st_dev, seen.st_ino, LLONG_MAX, 0};
    return free_range;
}

static void note_written(int fd, off_t start, ssize_t n_bytes)
{
    char path[PATH_MAX];
    if (!watching || n_bytes <= 0 || start < 0) return;
    int before = errno;
    if (path_of(fd, path)) {
        pthread_mutex_lock(&lock);
        struct unsafe *range = range_of(fd, 1);
        if (range && start < range->start) range->start = start;
        if (range && start + n_bytes > range->end) range->end = start + n_bytes;
        pthread_mutex_unlock(&lock);
    }
    errno = before;
}

/* After a file was forced to the disk or, if that failed, could not be. */
static void settle(int fd, int is_lost)
{
    if (!watching) return;
    int before = errno;
    pthread_mutex_lock(&lock);
    struct unsafe *range = range_of(fd, 0);
    if (range && is_lost) {
        char link[40];
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        int again = REAL(open)(link, O_WRONLY);
        for (off_t i = range->start + (range->end - range->start) / 2; i < range->end; i++)
            if (REAL(pwrite)(again, "", 1, i) != 1) break;
        REAL(close)(again);
    }
    if (range) memset(range, 0, sizeof *range);
    pthread_mutex_unlock(&lock);
    errno = before;
}

static enum kind kind_of_close(int fd)
{
    int before = errno, flags = fcntl(fd, F_GETFL);
    errno = before;
    return flags != -1 && (flags & O_ACCMODE) != O_RDONLY ? CLOSE_WRITTEN : CLOSE;
}

/* Opening. */

#define MODE_OF(flags, last) ({ mode_t mode = 0; \
    if ((flags) & (O_CREAT | __O_TMPFILE)) { va_list rest; va_start(rest, last); \
        mode = va_arg(rest, mode_t); va_end(rest); } mode; })
#define KIND_OF_OPEN(flags) ((flags) & (O_CREAT | __O_TMPFILE) ? CREATE : OPEN)

#define DEFINE_OPEN(name) int name(const char *path, int flags, ...) { \
    mode_t mode = MODE_OF(flags, flags); \
    if (at_path(KIND_OF_OPEN(flags), "open", AT_FDCWD, path) == FAIL) return -1; \
    return REAL(name)(path, flags, mode); }
DEFINE_OPEN(open)
DEFINE_OPEN(open64)

#define DEFINE_OPENAT(name) int name(int directory, const char *path, int flags, ...) { \
    mode_t mode = MODE_OF(flags, flags); \
    if (at_path(KIND_OF_OPEN(flags), "openat", directory, path) == FAIL) return -1; \
    return REAL(name)(directory, path, flags, mode); }
DEFINE_OPENAT(openat)
DEFINE_OPENAT(openat64)

/* Streams to write to are not buffered: what they write is written, and fails, when it is. */
#define DEFINE_FOPEN(name) FILE *name(const char *path, const char *mode) { \
    enum kind kind = mode[0] == 'r' ? OPEN : CREATE; \
    if (at_path(kind, "fopen", AT_FDCWD, path) == FAIL) return NULL; \
    FILE *stream = REAL(name)(path, mode); \
    int writes = strpbrk(mode, "wa+") != NULL; \
    if (stream && writes && watching && is_inside(path)) setvbuf(stream, NULL, _IONBF, 0); \
    return stream; }
DEFINE_FOPEN(fopen)
DEFINE_FOPEN(fopen64)

void *mmap64(void *address, size_t n, int protection, int flags, int fd, off64_t offset)
{
    if (fd >= 0 && at_descriptor(READ, "mmap", fd) == FAIL) return MAP_FAILED;
    return REAL(mmap64)(address, n, protection, flags, fd, offset);
}

/* Reading and writing. */

ssize_t read(int fd, void *content, size_t n)
{
    return at_descriptor(READ, "read", fd) == FAIL ? -1 : REAL(read)(fd, content, n);
}

#define DEFINE_PREAD(name, offset_type) \
    ssize_t name(int fd, void *content, size_t n, offset_type offset) { \
        return at_descriptor(READ, "pread", fd) == FAIL ? -1 \
            : REAL(name)(fd, content, n, offset); }
DEFINE_PREAD(pread, off_t)
DEFINE_PREAD(pread64, off64_t)

size_t fread(void *content, size_t size, size_t n, FILE *stream)
{
    if (at_descriptor(READ, "fread", fileno(stream)) != FAIL)
        return REAL(fread)(content, size, n, stream);
    stream->_flags |= STREAM_HAS_FAILED;
    return 0;
}

/* Return how many of the bytes of a write are to be written, -1 if it fails. */
static ssize_t share_of(int what, size_t n)
{
    if (what == FAIL || (what == HALF_THEN_FULL && n < 2)) {
        errno = error_number;
        return -1;
    }
    return what == NONE || n < 2 ? (ssize_t)n : (ssize_t)(n / 2);
}

#define FINISH_WRITE(what, fd, start, done) do { \
    note_written(fd, start, done); \
    if ((what) == KILL_HALFWAY) die(); } while (0)

ssize_t write(int fd, const void *content, size_t n)
{
    int what = at_descriptor(WRITE, "write", fd);
    ssize_t share = share_of(what, n);
    if (share < 0) return -1;
    int before = errno;
    off_t start = watching ? lseek(fd, 0, SEEK_CUR) : -1;
    errno = before;
    ssize_t done = REAL(write)(fd, content, share);
    FINISH_WRITE(what, fd, start, done);
    return done;
}

#define DEFINE_PWRITE(name, offset_type) \
    ssize_t name(int fd, const void *content, size_t n, offset_type offset) { \
        int what = at_descriptor(WRITE, "pwrite", fd); \
        ssize_t share = share_of(what, n); \
        if (share < 0) return -1; \
        ssize_t done = REAL(name)(fd, content, share, offset); \
        FINISH_WRITE(what, fd, offset, done); \
        return done; }
DEFINE_PWRITE(pwrite, off_t)
DEFINE_PWRITE(pwrite64, off64_t)

ssize_t writev(int fd, const struct iovec *parts, int n_parts)
{
    int what = at_descriptor(WRITE, "writev", fd);
    if (what == FAIL) return -1;
    if (what != NONE) return write(fd, parts[0].iov_base, parts[0].iov_len / 2);
    return REAL(writev)(fd, parts, n_parts);
}

size_t fwrite(const void *content, size_t size, size_t n, FILE *stream)
{
    int fd = fileno(stream), what = at_descriptor(WRITE, "fwrite", fd);
    ssize_t share = share_of(what == HALF ? NONE : what, size * n);
    if (share < 0) {
        stream->_flags |= STREAM_HAS_FAILED;
        return 0;
    }
    off_t start = watching && what != HALF ? ftello(stream) : -1;
    if (what == NONE || what == HALF) {
        size_t all = REAL(fwrite)(content, size, n, stream);
        FINISH_WRITE(what, fd, start, (ssize_t)(all * size));
        return all;
    }
    size_t done = REAL(fwrite)(content, 1, share, stream);
    fflush(stream);
    FINISH_WRITE(what, fd, start, (ssize_t)done);
    stream->_flags |= STREAM_HAS_FAILED;
    errno = error_number;
    return size ? done / size : 0;
}

ssize_t sendfile64(int out, int in, off64_t *offset, size_t n)
{
    return at_descriptor(WRITE, "sendfile", out) == FAIL ? -1 : REAL(sendfile64)(out, in, offset, n);
}

ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t n, unsigned int flags)
{
    return at_descriptor(WRITE, "copy_file_range", out) == FAIL
        ? -1 : REAL(copy_file_range)(in, from, out, to, n, flags);
}

/* Forcing to the disk, and closing. */

/* Nothing is forced to the real disk, whose machine will not end here, but the process at most. */
#define DEFINE_SYNC(name) int name(int fd) { \
    if (!watching) return REAL(name)(fd); \
    int what = at_descriptor(SYNC, #name, fd); \
    settle(fd, what == FAIL); \
    return what == FAIL ? -1 : 0; }
DEFINE_SYNC(fsync)
DEFINE_SYNC(fdatasync)

int close(int fd)
{
    int what = watching ? at_descriptor(kind_of_close(fd), "close", fd) : NONE;
    if (what == FAIL) settle(fd, 1);
    int failed = REAL(close)(fd);
    if (what == FAIL) errno = error_number;
    return what == FAIL ? -1 : failed;
}

int fclose(FILE *stream)
{
    int fd = fileno(stream);
    int what = watching ? at_descriptor(kind_of_close(fd), "fclose", fd) : NONE;
    if (what == FAIL) settle(fd, 1);
    int failed = REAL(fclose)(stream);
    if (what == FAIL) errno = error_number;
    return what == FAIL ? EOF : failed;
}

/* Lengths, names, folders. */

#define DEFINE_FTRUNCATE(name, offset_type) int name(int fd, offset_type length) { \
    return at_descriptor(TRUNCATE, "ftruncate", fd) == FAIL ? -1 : REAL(name)(fd, length); }
DEFINE_FTRUNCATE(ftruncate, off_t)
DEFINE_FTRUNCATE(ftruncate64, off64_t)

#define DEFINE_TRUNCATE(name, offset_type) int name(const char *path, offset_type length) { \
    return at_path(TRUNCATE, "truncate", AT_FDCWD, path) == FAIL ? -1 : REAL(name)(path, length); }
DEFINE_TRUNCATE(truncate, off_t)
DEFINE_TRUNCATE(truncate64, off64_t)

#define DEFINE_FALLOCATE(name, offset_type) int name(int fd, offset_type start, offset_type n) { \
    return at_descriptor(TRUNCATE, "posix_fallocate", fd) == FAIL \
        ? error_number : REAL(name)(fd, start, n); }
DEFINE_FALLOCATE(posix_fallocate, off_t)
DEFINE_FALLOCATE(posix_fallocate64, off64_t)

int rename(const char *from, const char *to)
{
    return at_path(RENAME, "rename", AT_FDCWD, from) == FAIL ? -1 : REAL(rename)(from, to);
}

int renameat(int from_in, const char *from, int to_in, const char *to)
{
    return at_path(RENAME, "renameat", from_in, from) == FAIL
        ? -1 : REAL(renameat)(from_in, from, to_in, to);
}

int renameat2(int from_in, const char *from, int to_in, const char *to, unsigned int flags)
{
    return at_path(RENAME, "renameat2", from_in, from) == FAIL
        ? -1 : REAL(renameat2)(from_in, from, to_in, to, flags);
}

int link(const char *from, const char *to)
{
    return at_path(MAKE, "link", AT_FDCWD, to) == FAIL ? -1 : REAL(link)(from, to);
}

int symlink(const char *target, const char *path)
{
    return at_path(MAKE, "symlink", AT_FDCWD, path) == FAIL ? -1 : REAL(symlink)(target, path);
}

int mkdir(const char *path, mode_t mode)
{
    return at_path(MAKE, "mkdir", AT_FDCWD, path) == FAIL ? -1 : REAL(mkdir)(path, mode);
}

int mkdirat(int directory, const char *path, mode_t mode)
{
    return at_path(MAKE, "mkdirat", directory, path) == FAIL
        ? -1 : REAL(mkdirat)(directory, path, mode);
}

int unlink(const char *path)
{
    return at_path(REMOVE, "unlink", AT_FDCWD, path) == FAIL ? -1 : REAL(unlink)(path);
}

int unlinkat(int directory, const char *path, int flags)
{
    return at_path(REMOVE, "unlinkat", directory, path) == FAIL
        ? -1 : REAL(unlinkat)(directory, path, flags);
}

int rmdir(const char *path)
{
    return at_path(REMOVE, "rmdir", AT_FDCWD, path) == FAIL ? -1 : REAL(rmdir)(path);
}

DIR *opendir(const char *path)
{
    return at_path(LIST, "opendir", AT_FDCWD, path) == FAIL ? NULL : REAL(opendir)(path);
}

DIR *fdopendir(int fd)
{
    return at_descriptor(LIST, "fdopendir", fd) == FAIL ? NULL : REAL(fdopendir)(fd);
}

struct dirent *readdir(DIR *stream)
{
    return at_descriptor(LIST, "readdir", dirfd(stream)) == FAIL ? NULL : REAL(readdir)(stream);
}

struct dirent64 *readdir64(DIR *stream)
{
    return at_descriptor(LIST, "readdir", dirfd(stream)) == FAIL ? NULL : REAL(readdir64)(stream);
}

int flock(int fd, int operation)
{
    return at_descriptor(LOCK, "flock", fd) == FAIL ? -1 : REAL(flock)(fd, operation);
}

/* Looking. */

#define DEFINE_STAT(name, type) int name(const char *path, struct type *seen) { \
    return at_path(LOOK, #name, AT_FDCWD, path) == FAIL ? -1 : REAL(name)(path, seen); }
DEFINE_STAT(stat, stat)
DEFINE_STAT(stat64, stat64)
DEFINE_STAT(lstat, stat)
DEFINE_STAT(lstat64, stat64)

#define DEFINE_FSTAT(name, type) int name(int fd, struct type *seen) { \
    return at_descriptor(LOOK, #name, fd) == FAIL ? -1 : REAL(name)(fd, seen); }
DEFINE_FSTAT(fstat, stat)
DEFINE_FSTAT(fstat64, stat64)

#define DEFINE_FSTATAT(name, type) \
    int name(int directory, const char *path, struct type *seen, int flags) { \
        return at_path(LOOK, #name, directory, path) == FAIL \
            ? -1 : REAL(name)(directory, path, seen, flags); }
DEFINE_FSTATAT(fstatat, stat)
DEFINE_FSTATAT(fstatat64, stat64)

/* What programs call that were built with a C library before 2.33. */
#define DEFINE_OLD_STAT(name, type) \
    int name(int version, const char *path, struct type *seen); \
    int name(int version, const char *path, struct type *seen) { \
        return at_path(LOOK, #name, AT_FDCWD, path) == FAIL \
            ? -1 : REAL(name)(version, path, seen); }
DEFINE_OLD_STAT(__xstat, stat)
DEFINE_OLD_STAT(__xstat64, stat64)
DEFINE_OLD_STAT(__lxstat, stat)
DEFINE_OLD_STAT(__lxstat64, stat64)

int access(const char *path, int mode)
{
    return at_path(LOOK, "access", AT_FDCWD, path) == FAIL ? -1 : REAL(access)(path, mode);
}

ssize_t readlink(const char *path, char *target, size_t n)
{
    return at_path(LOOK, "readlink", AT_FDCWD, path) == FAIL ? -1 : REAL(readlink)(path, target, n);
}

#define DEFINE_STATVFS(name, type) int name(const char *path, struct type *seen) { \
    return at_path(LOOK, #name, AT_FDCWD, path) == FAIL ? -1 : REAL(name)(path, seen); }
DEFINE_STATVFS(statvfs, statvfs)
DEFINE_STATVFS(statvfs64, statvfs64)
