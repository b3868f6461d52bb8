#include "CGetopt.h"
#include <getopt.h>
#include <stddef.h>

void cgetopt_reset(void) {
    opterr = 0;
    optarg = NULL;
#if defined(__APPLE__) || defined(__FreeBSD__)
    optreset = 1;
    optind = 1;
#else
    // 0 rather than 1 also makes the GNU and musl parsers forget how far they had permuted the last vector.
    optind = 0;
#endif
}

int cgetopt_next(int argc, char *const argv[], const char *short_options, const struct cgetopt_option *long_options) {
    struct option native[cgetopt_maximum_options + 1] = {{0}};
    for (int i = 0; i < cgetopt_maximum_options && long_options[i].name; i++) {
        native[i].name = long_options[i].name;
        native[i].has_arg = long_options[i].takes_value ? required_argument : no_argument;
        native[i].val = long_options[i].code;
    }
    return getopt_long(argc, argv, short_options, native, NULL);
}

const char *cgetopt_value(void) { return optarg; }
int cgetopt_index(void) { return optind; }
int cgetopt_culprit(void) { return optopt; }
