/* faults.c - makes system calls of the programs under test fail while a file says so (LD_PRELOAD).
 *
 * $POSTRIDER_FAULTS names the file. Each of its lines is a call, a part of the name of the file that it
 * is for, and an error number: "fdatasync incoming/ 5". Without the file every call goes through. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

/* The error that the file orders for this call, or 0. */
static int ordered(const char *call, int fd) {
  const char *orders = getenv("POSTRIDER_FAULTS");
  FILE *file = orders == NULL ? NULL : fopen(orders, "re");
  char link[64], path[PATH_MAX] = "", name[32], part[PATH_MAX];
  int number, found = 0;
  if (file == NULL) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (readlink(link, path, sizeof path - 1) > 0)
    while (fscanf(file, "%31s %4095s %d", name, part, &number) == 3)
      if (strcmp(name, call) == 0 && strstr(path, part) != NULL) found = number;
  fclose(file);
  return found;
}

static int fails(const char *call, int fd) {
  const int before = errno, error = ordered(call, fd);
  errno = error != 0 ? error : before;
  return error != 0;
}

#define NEXT(type, name) ((type)dlsym(RTLD_NEXT, name))

typedef int (*sync_call)(int);
int fdatasync(int fd) { return fails("fdatasync", fd) ? -1 : NEXT(sync_call, "fdatasync")(fd); }
int fsync(int fd) { return fails("fsync", fd) ? -1 : NEXT(sync_call, "fsync")(fd); }

typedef ssize_t (*pread_call)(int, void *, size_t, off_t);
ssize_t pread(int fd, void *to, size_t size, off_t offset) {
  return fails("pread", fd) ? -1 : NEXT(pread_call, "pread")(fd, to, size, offset);
}
ssize_t pread64(int fd, void *to, size_t size, off_t offset) { return pread(fd, to, size, offset); }
ssize_t __pread_chk(int fd, void *to, size_t size, off_t offset, size_t room) {
  return size > room ? (abort(), -1) : pread(fd, to, size, offset);
}
ssize_t __pread64_chk(int fd, void *to, size_t size, off_t offset, size_t room) {
  return __pread_chk(fd, to, size, offset, room);
}
