// The line editor of the system, libedit. Its native functions are variadic and its signals and locale are the
// process's, neither of which Swift can reach; the functions that imitate readline are mutable globals, which Swift 6
// does not let one read. So everything is behind functions here.
//
// There is one editor at a time, used by one thread.
#ifndef CLINEEDITOR_H
#define CLINEEDITOR_H

#include <stddef.h>

/// The editor of the standard input and output, which are a terminal.
struct clineeditor;

/// What the Tab key did.
enum clineeditor_completion {
    /// There is nothing to be completed: the terminal beeps.
    clineeditor_nothing,
    /// The line was changed by `clineeditor_replace`.
    clineeditor_changed,
    /// Something was written below the line, the last of it a newline: the line is shown again.
    clineeditor_listed,
};

/// How the reading of a line ended.
enum clineeditor_status {
    clineeditor_line,
    /// The end of the input: Ctrl-D on an empty line, or the terminal is gone.
    clineeditor_end,
    /// The descriptor of interrupts has become readable.
    clineeditor_interrupted,
    /// The terminal cannot be read; `errno` says why.
    clineeditor_failed,
};

/// Called for the Tab key: `line` has `length` bytes of UTF-8, of which `cursor` stand before the cursor.
typedef enum clineeditor_completion (*clineeditor_complete)(
    void *context, struct clineeditor *editor, const char *line, size_t length, size_t cursor);

/// Makes the editor.
///
/// `interrupts` is a descriptor which becomes readable to interrupt the reading of a line. Until it is closed, the
/// editor has the signals SIGWINCH and SIGCONT, and the process the character type of a locale in UTF-8.
///
/// Returns NULL when there is no memory or no terminal.
struct clineeditor *clineeditor_open(
    const char *program, int interrupts, int history_lines, clineeditor_complete complete, void *context);
void clineeditor_close(struct clineeditor *editor);

/// Adds a line to the history that the arrow keys walk through.
void clineeditor_remember(struct clineeditor *editor, const char *line);

/// Shows `prompt` and reads a line. What `line` points to, its newline included, stays until the next call.
enum clineeditor_status clineeditor_read(
    struct clineeditor *editor, const char *prompt, const char **line, size_t *length);

/// Puts `text` in place of so many characters before the cursor. Only within the callback of the Tab key.
void clineeditor_replace(struct clineeditor *editor, int characters, const char *text);

#endif
