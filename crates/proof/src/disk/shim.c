/*
 * A disk between a program and the kernel, loaded with LD_PRELOAD. It looks at one folder only, and does two things.
 *
 * Faults: a shared page says how the disk behaves now (see the FAULT_ constants); the suite changes it while the gate
 * runs. It also holds a countdown of entries of the journal, at whose end the power goes: the process is killed.
 *
 * Journal: every change of a file, and every sync that succeeded, is appended to a journal before it is done (a sync:
 * after). Whoever reads it knows what a power cut would leave. With a journal nothing is really synced; a sync takes
 * the time that PROOF_DISK_SYNC_MICROS says.
 *
 * `-shm` files are left alone: SQLite maps them, and rebuilds them after a crash.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define MOST_FDS 4096
#define MOST_NAMES 512
#define NAME_BYTES 256

enum {
    FAULT_NONE = 0,
    FAULT_NO_SPACE = 1,    /* a write keeps half of its bytes, then fails with ENOSPC */
    FAULT_WRITE = 2,       /* a write or a truncation fails with EIO */
    FAULT_SYNC = 3,        /* a sync fails with EIO */
    FAULT_READ = 4,        /* a read fails with EIO */
    FAULT_WRITE_HANGS = 5, /* a write does not return */
    FAULT_SYNC_HANGS = 6,  /* a sync does not return */
    FAULT_ALL_HANGS = 7    /* nothing returns, reads neither */
};

/* The journal's kinds of entries; `disk/journal.rs` reads them. */
enum { BIND = 'B', CREATE = 'C', WRITE = 'W', TRUNCATE = 'T', SYNC = 'S', SYNC_FOLDER = 'D', UNLINK = 'U', RENAME = 'R', LINK = 'L' };

struct entry {
    uint8_t kind;
    uint32_t file;
    uint64_t offset;
    uint32_t length;
} __attribute__((packed));

struct open_file {
    uint32_t id; /* 0: not ours */
    char is_folder;
    char appends;
};

static struct open_file files[MOST_FDS];
static struct {
    char name[NAME_BYTES];
    uint32_t id;
} names[MOST_NAMES];
static uint32_t name_count, last_id;

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static char root[PATH_MAX];
static size_t root_length;
static int journal = -1;
static long sync_micros;
static struct page {
    volatile uint8_t fault;
    volatile int32_t entries_left; /* 0: no cut is due */
} __attribute__((packed)) *page, no_page;

static int (*real_open64)(const char *, int, ...);
static int (*real_openat64)(int, const char *, int, ...);
static int (*real_close)(int);
static ssize_t (*real_write)(int, const void *, size_t);
static ssize_t (*real_writev)(int, const struct iovec *, int);
static ssize_t (*real_pwrite64)(int, const void *, size_t, off64_t);
static ssize_t (*real_pread64)(int, void *, size_t, off64_t);
static ssize_t (*real_read)(int, void *, size_t);
static int (*real_ftruncate64)(int, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static int (*real_unlink)(const char *);
static int (*real_rename)(const char *, const char *);
static int (*real_linkat)(int, const char *, int, const char *, int);

static void give_up(const char *why)
{
    /* A journal with a hole would prove nothing. */
    fprintf(stderr, "proof disk: %s\n", why);
    abort();
}

__attribute__((constructor)) static void start(void)
{
    real_open64 = dlsym(RTLD_NEXT, "open64");
    real_openat64 = dlsym(RTLD_NEXT, "openat64");
    real_close = dlsym(RTLD_NEXT, "close");
    real_write = dlsym(RTLD_NEXT, "write");
    real_writev = dlsym(RTLD_NEXT, "writev");
    real_pwrite64 = dlsym(RTLD_NEXT, "pwrite64");
    real_pread64 = dlsym(RTLD_NEXT, "pread64");
    real_read = dlsym(RTLD_NEXT, "read");
    real_ftruncate64 = dlsym(RTLD_NEXT, "ftruncate64");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_unlink = dlsym(RTLD_NEXT, "unlink");
    real_rename = dlsym(RTLD_NEXT, "rename");
    real_linkat = dlsym(RTLD_NEXT, "linkat");
    page = &no_page;
    const char *folder = getenv("PROOF_DISK_ROOT");
    if (!folder)
        return;
    if (strlen(folder) >= sizeof root - 1)
        give_up("the folder's path is too long");
    strcpy(root, folder);
    root_length = strlen(root);
    const char *shared = getenv("PROOF_DISK_PAGE");
    if (shared) {
        int fd = real_open64(shared, O_RDWR | O_CLOEXEC);
        void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (mapped == MAP_FAILED)
            give_up("the shared page cannot be mapped");
        page = mapped;
        real_close(fd);
    }
    const char *path = getenv("PROOF_DISK_JOURNAL");
    if (path) {
        journal = real_open64(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
        if (journal < 0)
            give_up("the journal cannot be opened");
    }
    const char *micros = getenv("PROOF_DISK_SYNC_MICROS");
    sync_micros = micros ? atol(micros) : 0;
}

/* The path below the folder, or NULL for a path that is not ours. */
static const char *inside(const char *path)
{
    if (!root_length || !path || strncmp(path, root, root_length) != 0)
        return NULL;
    const char *rest = path + root_length;
    if (*rest == '\0')
        return ".";
    if (*rest != '/')
        return NULL;
    while (*rest == '/')
        rest++;
    size_t length = strlen(rest);
    if (length >= NAME_BYTES)
        give_up("a name is too long");
    if (length > 4 && strcmp(rest + length - 4, "-shm") == 0)
        return NULL;
    return *rest ? rest : ".";
}

static void note(uint8_t kind, uint32_t file, uint64_t offset, const void *bytes, size_t length)
{
    if (journal < 0)
        return;
    struct entry entry = { kind, file, offset, (uint32_t)length };
    struct iovec parts[2] = { { &entry, sizeof entry }, { (void *)bytes, length } };
    if (real_writev(journal, parts, length ? 2 : 1) != (ssize_t)(sizeof entry + length))
        give_up("the journal cannot be written to");
    /* Whoever writes has the turn, so nobody else counts. */
    if (page->entries_left > 0 && --page->entries_left == 0)
        raise(SIGKILL);
}

static uint32_t *id_of(const char *name)
{
    for (uint32_t at = 0; at < name_count; at++)
        if (strcmp(names[at].name, name) == 0)
            return &names[at].id;
    return NULL;
}

/* The place of a name's number; a new name has none yet. */
static uint32_t *place_of(const char *name)
{
    uint32_t *known = id_of(name);
    if (!known) {
        if (name_count == MOST_NAMES)
            give_up("there are too many names");
        strcpy(names[name_count].name, name);
        known = &names[name_count++].id;
    }
    return known;
}

static uint32_t bind(const char *name, uint8_t kind)
{
    uint32_t *known = place_of(name);
    *known = ++last_id;
    note(kind, *known, 0, name, strlen(name));
    return *known;
}

static int opened(int fd, const char *name, int flags, int existed)
{
    if (fd < 0 || !name)
        return fd;
    if (fd >= MOST_FDS)
        give_up("there are too many open files");
    struct stat facts;
    if (fstat(fd, &facts) != 0)
        give_up("an open file has no facts");
    uint32_t *known = id_of(name);
    uint32_t id = known && *known && existed ? *known : bind(name, existed ? BIND : CREATE);
    if ((flags & O_TRUNC) && existed)
        note(TRUNCATE, id, 0, NULL, 0);
    files[fd] = (struct open_file){ id, S_ISDIR(facts.st_mode), (flags & O_APPEND) != 0 };
    return fd;
}

static int open_path(const char *path, int flags, mode_t mode)
{
    const char *name = inside(path);
    if (!name)
        return real_open64(path, flags, mode);
    pthread_mutex_lock(&turn);
    int existed = access(path, F_OK) == 0;
    int fd = opened(real_open64(path, flags, mode), name, flags, existed);
    pthread_mutex_unlock(&turn);
    return fd;
}

static mode_t mode_of(int flags, va_list rest)
{
    return (flags & (O_CREAT | __O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
}

int open64(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_path(path, flags, mode);
}

int open(const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return open_path(path, flags | O_LARGEFILE, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    va_list rest;
    va_start(rest, flags);
    mode_t mode = mode_of(flags, rest);
    va_end(rest);
    return folder == AT_FDCWD || path[0] == '/' ? open_path(path, flags, mode) : real_openat64(folder, path, flags, mode);
}

int close(int fd)
{
    if (fd >= 0 && fd < MOST_FDS)
        files[fd].id = 0;
    return real_close(fd);
}

static struct open_file *ours(int fd)
{
    return fd >= 0 && fd < MOST_FDS && files[fd].id ? &files[fd] : NULL;
}

static void wait_while(uint8_t one, uint8_t other)
{
    while (page->fault == one || page->fault == other)
        usleep(500);
}

static int fail(int code)
{
    errno = code;
    return -1;
}

static ssize_t write_at(struct open_file *file, int fd, const void *bytes, size_t length, off64_t offset, int is_plain)
{
    wait_while(FAULT_WRITE_HANGS, FAULT_ALL_HANGS);
    if (page->fault == FAULT_WRITE)
        return fail(EIO);
    if (page->fault == FAULT_NO_SPACE) {
        if (length < 512)
            return fail(ENOSPC);
        length /= 2;
    }
    pthread_mutex_lock(&turn);
    if (is_plain) {
        struct stat facts;
        offset = file->appends && fstat(fd, &facts) == 0 ? facts.st_size : lseek64(fd, 0, SEEK_CUR);
    }
    note(WRITE, file->id, (uint64_t)offset, bytes, length);
    ssize_t written = is_plain ? real_write(fd, bytes, length) : real_pwrite64(fd, bytes, length, offset);
    if (written != (ssize_t)length)
        give_up("the real disk failed");
    pthread_mutex_unlock(&turn);
    return written;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset)
{
    struct open_file *file = ours(fd);
    return file ? write_at(file, fd, bytes, length, offset, 0) : real_pwrite64(fd, bytes, length, offset);
}

ssize_t write(int fd, const void *bytes, size_t length)
{
    struct open_file *file = ours(fd);
    return file && length ? write_at(file, fd, bytes, length, 0, 1) : real_write(fd, bytes, length);
}

static void wait_to_read(void)
{
    while (page->fault == FAULT_ALL_HANGS)
        usleep(500);
}

ssize_t pread64(int fd, void *bytes, size_t length, off64_t offset)
{
    if (ours(fd)) {
        wait_to_read();
        if (page->fault == FAULT_READ)
            return fail(EIO);
    }
    return real_pread64(fd, bytes, length, offset);
}

ssize_t read(int fd, void *bytes, size_t length)
{
    if (ours(fd)) {
        wait_to_read();
        if (page->fault == FAULT_READ)
            return fail(EIO);
    }
    return real_read(fd, bytes, length);
}

int ftruncate64(int fd, off64_t length)
{
    struct open_file *file = ours(fd);
    if (!file)
        return real_ftruncate64(fd, length);
    wait_while(FAULT_WRITE_HANGS, FAULT_ALL_HANGS);
    if (page->fault == FAULT_WRITE || page->fault == FAULT_NO_SPACE)
        return fail(EIO);
    pthread_mutex_lock(&turn);
    note(TRUNCATE, file->id, (uint64_t)length, NULL, 0);
    int done = real_ftruncate64(fd, length);
    if (done != 0)
        give_up("the real disk failed");
    pthread_mutex_unlock(&turn);
    return done;
}

static int sync_file(int fd, int (*real)(int))
{
    struct open_file *file = ours(fd);
    if (!file)
        return real(fd);
    wait_while(FAULT_SYNC_HANGS, FAULT_ALL_HANGS);
    if (page->fault == FAULT_SYNC)
        return fail(EIO);
    if (journal < 0)
        return real(fd);
    /* Whoever writes now waits: what comes after this sync began must not count as synced by it. */
    pthread_mutex_lock(&turn);
    if (sync_micros)
        usleep((useconds_t)sync_micros);
    note(file->is_folder ? SYNC_FOLDER : SYNC, file->id, 0, NULL, 0);
    pthread_mutex_unlock(&turn);
    return 0;
}

int fsync(int fd)
{
    return sync_file(fd, real_fsync);
}

int fdatasync(int fd)
{
    return sync_file(fd, real_fdatasync);
}

int unlink(const char *path)
{
    const char *name = inside(path);
    if (!name)
        return real_unlink(path);
    pthread_mutex_lock(&turn);
    int there = access(path, F_OK) == 0;
    if (there)
        note(UNLINK, 0, 0, name, strlen(name));
    int done = real_unlink(path);
    uint32_t *known = id_of(name);
    if (done == 0 && known)
        *known = 0;
    pthread_mutex_unlock(&turn);
    return done;
}

int rename(const char *from, const char *to)
{
    const char *old = inside(from), *new = inside(to);
    if (!old && !new)
        return real_rename(from, to);
    if (!old || !new)
        give_up("a file is moved into or out of the folder");
    pthread_mutex_lock(&turn);
    uint32_t *known = id_of(old);
    uint32_t id = known && *known ? *known : bind(old, BIND);
    char both[2 * NAME_BYTES];
    int length = snprintf(both, sizeof both, "%s\n%s", old, new);
    note(RENAME, id, 0, both, (size_t)length);
    int done = real_rename(from, to);
    if (done != 0)
        give_up("the real disk failed");
    *id_of(old) = 0;
    *place_of(new) = id;
    pthread_mutex_unlock(&turn);
    return done;
}

int linkat(int old_folder, const char *from, int new_folder, const char *to, int flags)
{
    const char *old = inside(from), *new = inside(to);
    if (!old && !new)
        return real_linkat(old_folder, from, new_folder, to, flags);
    if (!old || !new)
        give_up("a file is linked into or out of the folder");
    pthread_mutex_lock(&turn);
    int taken = access(to, F_OK) == 0;
    uint32_t *known = id_of(old);
    uint32_t id = known && *known ? *known : bind(old, BIND);
    if (!taken)
        note(LINK, id, 0, new, strlen(new));
    int done = real_linkat(old_folder, from, new_folder, to, flags);
    if (!taken && done != 0)
        give_up("the real disk failed");
    if (done == 0)
        *place_of(new) = id;
    pthread_mutex_unlock(&turn);
    return done;
}
