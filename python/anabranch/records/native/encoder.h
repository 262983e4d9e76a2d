/* What fills bytes with encoded values; shared by batches and by the entries of states. */
#ifndef ANABRANCH_ENCODER_H
#define ANABRANCH_ENCODER_H

#include "codec.h"

typedef struct {
    PyObject *bytes;     /* what is being filled; its size is the capacity */
    Py_ssize_t length;   /* how much of it is */
    PyObject *handlers;  /* type -> callable(value, depth) -> bytes */
    PyObject *plans;     /* type -> InstancePlan */
    PyObject *schemas;   /* id -> Schema, of the batch */
    PyObject *last_plan; /* whose schema is known to be in there; owned by plans */
} Encoder;

/* Appends a value that its caller owns; -1 on failure. */
int anabranch_put_value(Encoder *e, PyObject *value, int depth);

#endif
