// Pseudo-terminals, for tests: Swift's overlay leaves out the functions behind feature macros.
#ifndef CPSEUDOTERMINAL_H
#define CPSEUDOTERMINAL_H

#include <stddef.h>

/// Makes a pseudo-terminal of a size, and writes the path of its other end to `path`.
///
/// Returns the descriptor of the controlling end, closed on exec; -1 with `errno` when there is none.
int cpseudoterminal_open(int columns, int rows, char *path, size_t capacity);

/// The flag of posix_spawn that makes the child the leader of a session of its own.
short cpseudoterminal_new_session(void);

#endif
