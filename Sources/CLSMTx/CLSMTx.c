// The header by itself, as C: it includes what it needs.
#include "lsmtx.h"
