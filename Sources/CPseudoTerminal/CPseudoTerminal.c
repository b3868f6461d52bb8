#if !defined(_GNU_SOURCE) && !defined(__APPLE__)
#define _GNU_SOURCE
#endif
#include "CPseudoTerminal.h"
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int cpseudoterminal_open(int columns, int rows, char *path, size_t capacity) {
    int descriptor = posix_openpt(O_RDWR | O_NOCTTY);
    if (descriptor < 0) return -1;
    const char *name = NULL;
    struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
    if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0 && grantpt(descriptor) == 0 && unlockpt(descriptor) == 0 &&
        ioctl(descriptor, TIOCSWINSZ, &size) == 0) {
        name = ptsname(descriptor);
    }
    if (!name || strlen(name) >= capacity) {
        int saved = errno;
        close(descriptor);
        errno = saved;
        return -1;
    }
    strcpy(path, name);
    return descriptor;
}

short cpseudoterminal_new_session(void) { return POSIX_SPAWN_SETSID; }
