#include "CLineEditor.h"

#if __has_include(<histedit.h>)
#include <histedit.h>
#else
#error "histedit.h is missing: install libedit-dev (Debian: apt-get install libedit-dev), or build the LSMTx product alone."
#endif

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

struct clineeditor {
    EditLine *el;
    History *history;
    const char *prompt;
    int interrupts;
    clineeditor_complete complete;
    void *context;
    struct sigaction old_resize;
    struct sigaction old_continue;
};

// A pipe rather than flags: a signal that arrives just before poll would not end it.
static int signal_pipe[2] = {-1, -1};

static void note_signal(int number) {
    int saved = errno;
    char byte = number == SIGCONT ? 'c' : 'w';
    ssize_t ignored = write(signal_pipe[1], &byte, 1);
    (void)ignored;
    errno = saved;
}

static char *show_prompt(EditLine *el) {
    struct clineeditor *editor;
    el_get(el, EL_CLIENTDATA, &editor);
    return (char *)editor->prompt;
}

// libedit counts how far the terminal's mode is from its own, and does not look: what was changed behind its back while
// the process was stopped is set again by leaving the mode and coming back.
static void enter_editing_mode(EditLine *el, int again) {
    if (again) el_set(el, EL_PREP_TERM, 0);
    el_set(el, EL_PREP_TERM, 1);
}

static void handle_signals(EditLine *el) {
    char byte;
    while (read(signal_pipe[0], &byte, 1) == 1) {
        if (byte == 'c') enter_editing_mode(el, 1);
        el_resize(el);
        el_set(el, EL_REFRESH);
    }
}

// Reads one character. Bytes that are not UTF-8 are left out: they can be typed as \xNN.
static int read_character(EditLine *el, wchar_t *result) {
    struct clineeditor *editor;
    el_get(el, EL_CLIENTDATA, &editor);
    char bytes[MB_LEN_MAX];
    size_t count = 0;
    for (;;) {
        struct pollfd waiting[] = {
            {.fd = STDIN_FILENO, .events = POLLIN},
            {.fd = editor->interrupts, .events = POLLIN},
            {.fd = signal_pipe[0], .events = POLLIN},
        };
        if (poll(waiting, 3, -1) < 0) {
            if (errno == EINTR) continue;
            return -1;
        }
        if (waiting[1].revents) {
            errno = EINTR;
            return -1;
        }
        if (waiting[2].revents) handle_signals(el);
        if (!waiting[0].revents) continue;
        ssize_t received = read(STDIN_FILENO, bytes + count, 1);
        if (received < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        // A terminal that was hung up gives an error on some systems, and is at its end on all.
        if (received <= 0) return 0;
        count++;
        mbstate_t state = {0};
        size_t length = mbrtowc(result, bytes, count, &state);
        if (length == (size_t)-2 && count < sizeof bytes) continue;
        if (length <= count) return 1;
        // The last byte may begin another character.
        if (count > 1) {
            bytes[0] = bytes[count - 1];
            count = 1;
            memset(&state, 0, sizeof state);
            length = mbrtowc(result, bytes, count, &state);
            if (length <= count) return 1;
            if (length == (size_t)-2) continue;
        }
        count = 0;
    }
}

static unsigned char complete_word(EditLine *el, int key) {
    (void)key;
    struct clineeditor *editor;
    el_get(el, EL_CLIENTDATA, &editor);
    const LineInfo *info = el_line(el);
    switch (editor->complete(
        editor->context, editor, info->buffer, (size_t)(info->lastchar - info->buffer),
        (size_t)(info->cursor - info->buffer))) {
    case clineeditor_changed: return CC_REFRESH;
    case clineeditor_listed: return CC_REDISPLAY;
    default: return CC_ERROR;
    }
}

static void use_utf8(void) {
    static const char *const fallbacks[] = {"C.UTF-8", "UTF-8", "en_US.UTF-8"};
    setlocale(LC_CTYPE, "");
    for (size_t i = 0; i < sizeof fallbacks / sizeof *fallbacks; i++) {
        if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0) return;
        setlocale(LC_CTYPE, fallbacks[i]);
    }
}

static int open_signal_pipe(void) {
    if (pipe(signal_pipe) != 0) return -1;
    for (int i = 0; i < 2; i++) {
        fcntl(signal_pipe[i], F_SETFD, FD_CLOEXEC);
        fcntl(signal_pipe[i], F_SETFL, O_NONBLOCK);
    }
    return 0;
}

struct clineeditor *clineeditor_open(
    const char *program, int interrupts, int history_lines, clineeditor_complete complete, void *context) {
    struct clineeditor *editor = calloc(1, sizeof *editor);
    if (!editor) return NULL;
    use_utf8();
    editor->prompt = "";
    editor->interrupts = interrupts;
    editor->complete = complete;
    editor->context = context;
    editor->history = history_init();
    editor->el = el_init(program, stdin, stdout, stderr);
    if (!editor->history || !editor->el || open_signal_pipe() != 0) {
        if (editor->el) el_end(editor->el);
        if (editor->history) history_end(editor->history);
        free(editor);
        return NULL;
    }
    HistEvent event;
    history(editor->history, &event, H_SETSIZE, history_lines);
    history(editor->history, &event, H_SETUNIQUE, 1);
    EditLine *el = editor->el;
    el_set(el, EL_CLIENTDATA, editor);
    el_set(el, EL_PROMPT, show_prompt);
    el_set(el, EL_HIST, history, editor->history);
    el_set(el, EL_EDITOR, "emacs");
    el_set(el, EL_SIGNAL, 0);
    el_set(el, EL_GETCFN, read_character);
    el_set(el, EL_ADDFN, "complete-word", "Complete the word before the cursor", complete_word);
    el_set(el, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_set(el, EL_BIND, "\\e[3~", "ed-delete-next-char", NULL);
    el_set(el, EL_BIND, "\\e[1;5C", "em-next-word", NULL);
    el_set(el, EL_BIND, "\\e[1;5D", "ed-prev-word", NULL);
    // What the user has bound wins, but a choice of editing mode there would forget the Tab key.
    el_source(el, NULL);
    el_set(el, EL_BIND, "^I", "complete-word", NULL);

    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGWINCH, &action, &editor->old_resize);
    sigaction(SIGCONT, &action, &editor->old_continue);
    return editor;
}

void clineeditor_close(struct clineeditor *editor) {
    sigaction(SIGWINCH, &editor->old_resize, NULL);
    sigaction(SIGCONT, &editor->old_continue, NULL);
    el_end(editor->el);
    history_end(editor->history);
    close(signal_pipe[0]);
    close(signal_pipe[1]);
    signal_pipe[0] = signal_pipe[1] = -1;
    free(editor);
}

void clineeditor_remember(struct clineeditor *editor, const char *line) {
    HistEvent event;
    history(editor->history, &event, H_ENTER, line);
}

enum clineeditor_status clineeditor_read(
    struct clineeditor *editor, const char *prompt, const char **line, size_t *length) {
    int count = 0;
    editor->prompt = prompt;
    // Before the prompt is shown: libedit does it after, and what is typed in between would be echoed twice.
    enter_editing_mode(editor->el, 0);
    errno = 0;
    const char *text = el_gets(editor->el, &count);
    int saved = errno;
    el_set(editor->el, EL_PREP_TERM, 0);
    errno = saved;
    if (text && count > 0) {
        *line = text;
        *length = (size_t)count;
        return clineeditor_line;
    }
    if (count == 0) return clineeditor_end;
    return saved == EINTR ? clineeditor_interrupted : clineeditor_failed;
}

void clineeditor_replace(struct clineeditor *editor, int characters, const char *text) {
    if (characters > 0) el_deletestr(editor->el, characters);
    el_insertstr(editor->el, text);
}
