/* The canonical forms of what most keys are (docs/design/002-records.md), written where the caller has made room. */
#ifndef ANABRANCH_CANONICAL_H
#define ANABRANCH_CANONICAL_H

#include <stddef.h>
#include <stdint.h>

#define LARGEST_NUMBER 9 /* bytes of a tag and its number */

/* A big-endian number of `width` bytes. */
static inline void store(char *to, uint64_t number, int width) {
    for (int i = width - 1; i >= 0; i--) {
        to[i] = (char)(number & 0xFF);
        number >>= 8;
    }
}

/* A tag and a number of `width` bytes; returns how many bytes that are. */
static inline size_t tagged(char *to, int tag, uint64_t number, int width) {
    to[0] = (char)tag;
    store(to + 1, number, width);
    return 1 + (size_t)width;
}

/* The shortest form of an integer; returns its length. */
static inline size_t canonical_int(char *to, long long x) {
    if (x >= 0) {
        return x < 0x80          ? tagged(to, (int)x, 0, 0)
               : x <= 0xFF       ? tagged(to, 0xCC, (uint64_t)x, 1)
               : x <= 0xFFFF     ? tagged(to, 0xCD, (uint64_t)x, 2)
               : x <= 0xFFFFFFFF ? tagged(to, 0xCE, (uint64_t)x, 4)
                                 : tagged(to, 0xCF, (uint64_t)x, 8);
    }
    return x >= -0x20           ? tagged(to, (int)(x & 0xFF), 0, 0)
           : x >= -0x80         ? tagged(to, 0xD0, (uint64_t)x, 1)
           : x >= -0x8000       ? tagged(to, 0xD1, (uint64_t)x, 2)
           : x >= -0x80000000LL ? tagged(to, 0xD2, (uint64_t)x, 4)
                                : tagged(to, 0xD3, (uint64_t)x, 8);
}

/* The head of a string of n bytes, fewer than 2^32; returns its length. */
static inline size_t canonical_str_head(char *to, size_t n) {
    return n < 32        ? tagged(to, 0xA0 + (int)n, 0, 0)
           : n <= 0xFF   ? tagged(to, 0xD9, n, 1)
           : n <= 0xFFFF ? tagged(to, 0xDA, n, 2)
                         : tagged(to, 0xDB, n, 4);
}

#endif
