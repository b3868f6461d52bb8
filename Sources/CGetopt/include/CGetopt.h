// The C library's option parser. Swift's overlay does not import getopt_long on every platform, and its result lives
// in mutable globals, which Swift 6 does not let one read; so each is behind a function.
//
// Not safe to use from several threads at once: the state is the C library's own.
#ifndef CGETOPT_H
#define CGETOPT_H

/// One long option. An array of these ends with one whose `name` is NULL.
struct cgetopt_option {
    const char *name;
    /// Whether a value follows.
    int takes_value;
    /// What `cgetopt_next` returns for it, more than 0.
    int code;
};

/// The most options that one call can be given.
enum { cgetopt_maximum_options = 63 };

/// Starts over with another argument vector.
void cgetopt_reset(void);

/// The next option's code; -1 after the last; '?' for an option that is unknown, ambiguous, or was given a value that
/// it does not take; ':' for one whose value is missing. `short_options` must begin with ':' or "+:".
int cgetopt_next(int argc, char *const argv[], const char *short_options, const struct cgetopt_option *long_options);

/// The value of the option last returned, or NULL.
const char *cgetopt_value(void);
/// Index of the first element not yet parsed; after the last option, of the first operand.
int cgetopt_index(void);
/// The code of the option that '?' or ':' is about; 0 when it is a long option that could not be identified.
int cgetopt_culprit(void);

#endif
