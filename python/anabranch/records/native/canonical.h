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

/* A tag and a number of 1 to 8 bytes; returns how many bytes that are. There must be room for LARGEST_NUMBER: all of it is
 * written, which is one instruction, where so many bytes as there are would be a loop. */
static inline size_t tagged(char *to, int tag, uint64_t number, int width) {
    number <<= 64 - 8 * width;
    to[0] = (char)tag;
    for (int i = 0; i < 8; i++) {
        to[1 + i] = (char)(number >> (56 - 8 * i));
    }
    return 1 + (size_t)width;
}

static inline size_t lone(char *to, int byte) {
    to[0] = (char)byte;
    return 1;
}

/* The shortest form of an integer; returns its length. Needs room for LARGEST_NUMBER. */
static inline size_t canonical_int(char *to, long long x) {
    uint64_t n = (uint64_t)x;
    if (x >= 0) {
        return x < 0x80          ? lone(to, (int)x)
               : x <= 0xFF       ? tagged(to, 0xCC, n, 1)
               : x <= 0xFFFF     ? tagged(to, 0xCD, n, 2)
               : x <= 0xFFFFFFFF ? tagged(to, 0xCE, n, 4)
                                 : tagged(to, 0xCF, n, 8);
    }
    return x >= -0x20           ? lone(to, (int)(x & 0xFF))
           : x >= -0x80         ? tagged(to, 0xD0, n, 1)
           : x >= -0x8000       ? tagged(to, 0xD1, n, 2)
           : x >= -0x80000000LL ? tagged(to, 0xD2, n, 4)
                                : tagged(to, 0xD3, n, 8);
}

/* The head of a string of n bytes, fewer than 2^32; returns its length. Needs room for LARGEST_NUMBER. */
static inline size_t canonical_str_head(char *to, size_t n) {
    return n < 32        ? lone(to, 0xA0 + (int)n)
           : n <= 0xFF   ? tagged(to, 0xD9, n, 1)
           : n <= 0xFFFF ? tagged(to, 0xDA, n, 2)
                         : tagged(to, 0xDB, n, 4);
}

#endif
