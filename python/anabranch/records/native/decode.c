#include "codec.h"

#include <string.h>

/* Longer containers grow as their elements come: a length is a claim, and nested claims would add up. */
#define MAX_PREALLOCATED 1024

typedef struct {
    const unsigned char *next;
    const unsigned char *end; /* of the innermost extension, or of the payload */
    PyObject *makers;         /* schema id -> InstanceMaker */
    PyObject *extension;      /* callable(code, data, depth) -> value */
    PyObject *nan;            /* what every NaN becomes */
} Decoder;

static PyObject *get_value(Decoder *d, int depth);

static PyObject *refuse(const char *reason) {
    PyErr_SetString(PyExc_ValueError, reason);
    return NULL;
}

static PyObject *truncated(void) { return refuse("the bytes end inside a value"); }

static Py_ssize_t remaining(const Decoder *d) { return d->end - d->next; }

/* Reads a big-endian number; returns -1 if the bytes end before. */
static int take_number(Decoder *d, int width, uint64_t *number) {
    if (remaining(d) < width) {
        truncated();
        return -1;
    }
    uint64_t result = 0;
    for (int i = 0; i < width; i++) {
        result = result << 8 | d->next[i];
    }
    d->next += width;
    *number = result;
    return 0;
}

/* Reads a length and checks that what is so long can still be there, an element taking `least` bytes. */
static int take_length(Decoder *d, int width, int least, Py_ssize_t *length) {
    uint64_t number;
    if (take_number(d, width, &number) < 0) {
        return -1;
    }
    if (number > (uint64_t)remaining(d) / (uint64_t)least) {
        truncated();
        return -1;
    }
    *length = (Py_ssize_t)number;
    return 0;
}

static PyObject *get_str(Decoder *d, Py_ssize_t n) {
    if (n > remaining(d)) {
        return truncated();
    }
    const char *data = (const char *)d->next;
    d->next += n;
    return PyUnicode_DecodeUTF8(data, n, NULL);
}

static PyObject *get_bytes(Decoder *d, Py_ssize_t n) {
    if (n > remaining(d)) {
        return truncated();
    }
    const char *data = (const char *)d->next;
    d->next += n;
    return PyBytes_FromStringAndSize(data, n);
}

static PyObject *constant(PyObject *value) {
    Py_INCREF(value);
    return value;
}

static PyObject *make_float(Decoder *d, double number) {
    return number != number ? constant(d->nan) : PyFloat_FromDouble(number);
}

static PyObject *get_float(Decoder *d, int width) {
    uint64_t bits;
    if (take_number(d, width, &bits) < 0) {
        return NULL;
    }
    if (width == 4) {
        uint32_t half = (uint32_t)bits;
        float number;
        memcpy(&number, &half, sizeof number);
        return make_float(d, (double)number);
    }
    double number;
    memcpy(&number, &bits, sizeof number);
    return make_float(d, number);
}

static PyObject *get_unsigned(Decoder *d, int width) {
    uint64_t number;
    return take_number(d, width, &number) < 0 ? NULL : PyLong_FromUnsignedLongLong(number);
}

static PyObject *get_signed(Decoder *d, int width) {
    uint64_t number;
    if (take_number(d, width, &number) < 0) {
        return NULL;
    }
    int64_t value = width == 1   ? (int8_t)number
                    : width == 2 ? (int16_t)number
                    : width == 4 ? (int32_t)number
                                 : (int64_t)number;
    return PyLong_FromLongLong(value);
}

static PyObject *get_long_list(Decoder *d, Py_ssize_t n, int depth) {
    PyObject *list = PyList_New(0);
    for (Py_ssize_t i = 0; list != NULL && i < n; i++) {
        PyObject *item = get_value(d, depth);
        if (item == NULL || PyList_Append(list, item) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(item);
    }
    return list;
}

/* n values at a depth, as a list. */
static PyObject *get_values(Decoder *d, Py_ssize_t n, int depth) {
    if (n > MAX_PREALLOCATED) {
        return get_long_list(d, n, depth);
    }
    PyObject *list = PyList_New(n);
    for (Py_ssize_t i = 0; list != NULL && i < n; i++) {
        PyObject *item = get_value(d, depth);
        if (item == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SET_ITEM(list, i, item);
        }
    }
    return list;
}

/* n values at a depth, as a tuple. */
static PyObject *get_tuple(Decoder *d, Py_ssize_t n, int depth) {
    if (n > MAX_PREALLOCATED) {
        PyObject *list = get_long_list(d, n, depth);
        PyObject *tuple = list == NULL ? NULL : PyList_AsTuple(list);
        Py_XDECREF(list);
        return tuple;
    }
    PyObject *tuple = PyTuple_New(n);
    for (Py_ssize_t i = 0; tuple != NULL && i < n; i++) {
        PyObject *item = get_value(d, depth);
        if (item == NULL) {
            Py_CLEAR(tuple);
        } else {
            PyTuple_SET_ITEM(tuple, i, item);
        }
    }
    return tuple;
}

static PyObject *get_list(Decoder *d, Py_ssize_t n, int depth) {
    if (depth >= MAX_DEPTH) {
        return refuse("nested too deep");
    }
    return n > remaining(d) ? truncated() : get_values(d, n, depth + 1);
}

static PyObject *get_dict(Decoder *d, Py_ssize_t n, int depth) {
    if (depth >= MAX_DEPTH) {
        return refuse("nested too deep");
    }
    if (n > remaining(d) / 2) {
        return truncated();
    }
    PyObject *dict = PyDict_New();
    for (Py_ssize_t i = 0; dict != NULL && i < n; i++) {
        PyObject *key = get_value(d, depth + 1);
        PyObject *value = key == NULL ? NULL : get_value(d, depth + 1);
        if (value == NULL || PyDict_SetItem(dict, key, value) < 0) {
            Py_CLEAR(dict);
        } else if (PyDict_GET_SIZE(dict) != i + 1) {
            Py_CLEAR(dict);
            refuse("a dict has equal keys");
        }
        Py_XDECREF(key);
        Py_XDECREF(value);
    }
    return dict;
}

/* Reads the head of an array that an extension must begin with. */
static int take_array_head(Decoder *d, Py_ssize_t *n) {
    uint64_t tag;
    if (take_number(d, 1, &tag) < 0) {
        return -1;
    }
    if (tag >= 0x90 && tag < 0xA0) {
        *n = (Py_ssize_t)(tag - 0x90);
        if (*n > remaining(d)) {
            truncated();
            return -1;
        }
        return 0;
    }
    if (tag == 0xDC || tag == 0xDD) {
        return take_length(d, tag == 0xDC ? 2 : 4, 1, n);
    }
    refuse("an extension that holds elements does not begin with an array");
    return -1;
}

static PyObject *get_set(Decoder *d, Py_ssize_t n, int frozen, int depth) {
    PyObject *set = frozen ? PyFrozenSet_New(NULL) : PySet_New(NULL);
    for (Py_ssize_t i = 0; set != NULL && i < n; i++) {
        PyObject *item = get_value(d, depth);
        if (item == NULL || PySet_Add(set, item) < 0) {
            Py_CLEAR(set);
        } else if (PySet_GET_SIZE(set) != i + 1) {
            Py_CLEAR(set);
            refuse("a set has equal elements");
        }
        Py_XDECREF(item);
    }
    return set;
}

/* The value at the position that a maker gives for its i-th target; borrowed, NULL if it is out of range. */
static PyObject *value_of(PyObject *values, PyObject *positions, Py_ssize_t i) {
    Py_ssize_t at = i < PyTuple_GET_SIZE(positions) ? PyLong_AsSsize_t(PyTuple_GET_ITEM(positions, i)) : -1;
    if (at < 0 || at >= PyTuple_GET_SIZE(values)) {
        return refuse("an InstanceMaker has a position out of range");
    }
    return PyTuple_GET_ITEM(values, at);
}

static PyObject *make_attributes(PyObject *cls, PyObject *targets, PyObject *positions, PyObject *values) {
    PyObject *nothing = PyTuple_New(0);
    PyObject *instance = nothing == NULL ? NULL : PyBaseObject_Type.tp_new((PyTypeObject *)cls, nothing, NULL);
    Py_XDECREF(nothing);
    Py_ssize_t n = PyTuple_GET_SIZE(targets);
    for (Py_ssize_t i = 0; instance != NULL && i < n; i++) {
        PyObject *value = value_of(values, positions, i);
        /* Not PyObject_SetAttr: a frozen class forbids that. */
        if (value == NULL || PyObject_GenericSetAttr(instance, PyTuple_GET_ITEM(targets, i), value) < 0) {
            Py_CLEAR(instance);
        }
    }
    return instance;
}

static PyObject *make_positions(PyObject *cls, PyObject *positions, PyObject *values) {
    Py_ssize_t n = PyTuple_GET_SIZE(positions);
    PyObject *ordered = PyTuple_New(n);
    if (ordered == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *value = value_of(values, positions, i);
        if (value == NULL) {
            Py_DECREF(ordered);
            return NULL;
        }
        Py_INCREF(value);
        PyTuple_SET_ITEM(ordered, i, value);
    }
    PyObject *args = PyTuple_Pack(1, ordered);
    PyObject *instance = args == NULL ? NULL : PyTuple_Type.tp_new((PyTypeObject *)cls, args, NULL);
    Py_XDECREF(args);
    Py_DECREF(ordered);
    return instance;
}

/* maker: InstanceMaker(n_fields, access, cls, targets, positions, make), whose positions are those of n_fields values */
static PyObject *make_instance(PyObject *maker, PyObject *values) {
    PyObject *cls = PyTuple_GET_ITEM(maker, 2);
    PyObject *targets = PyTuple_GET_ITEM(maker, 3);
    PyObject *positions = PyTuple_GET_ITEM(maker, 4);
    long access = PyLong_AsLong(PyTuple_GET_ITEM(maker, 1));
    switch (PyType_Check(cls) ? access : ACCESS_CALL) {
    case ACCESS_ATTRIBUTES:
        return make_attributes(cls, targets, positions, values);
    case ACCESS_POSITIONS:
        return make_positions(cls, positions, values);
    default:
        return PyObject_CallOneArg(PyTuple_GET_ITEM(maker, 5), values);
    }
}

static PyObject *get_instance(Decoder *d, int depth) {
    uint64_t number;
    if (take_number(d, 8, &number) < 0) {
        return NULL;
    }
    PyObject *id = PyLong_FromUnsignedLongLong(number);
    PyObject *maker = id == NULL ? NULL : PyDict_GetItemWithError(d->makers, id);
    Py_XDECREF(id);
    if (maker == NULL) {
        return PyErr_Occurred() ? NULL : refuse("an instance has a schema that its frame does not list");
    }
    if (!PyTuple_Check(maker) || PyTuple_GET_SIZE(maker) != 6 || !PyTuple_Check(PyTuple_GET_ITEM(maker, 3)) ||
        !PyTuple_Check(PyTuple_GET_ITEM(maker, 4))) {
        PyErr_SetString(PyExc_TypeError, "not an InstanceMaker");
        return NULL;
    }
    Py_ssize_t n = PyLong_AsSsize_t(PyTuple_GET_ITEM(maker, 0));
    if (n < 0 || n > remaining(d)) {
        return truncated();
    }
    Py_INCREF(maker);
    PyObject *values = get_tuple(d, n, depth + 1);
    PyObject *instance = values == NULL ? NULL : make_instance(maker, values);
    Py_XDECREF(values);
    Py_DECREF(maker);
    return instance;
}

/* The data of an extension, which is all that is visible of the bytes now. */
static PyObject *get_nested(Decoder *d, int code, int depth) {
    if (depth >= MAX_DEPTH) {
        return refuse("nested too deep");
    }
    if (code == EXT_INSTANCE) {
        return get_instance(d, depth);
    }
    Py_ssize_t n;
    if (take_array_head(d, &n) < 0) {
        return NULL;
    }
    return code == EXT_TUPLE ? get_tuple(d, n, depth + 1) : get_set(d, n, code == EXT_FROZEN_SET, depth + 1);
}

static PyObject *call_extension(Decoder *d, int code, Py_ssize_t n, int depth) {
    PyObject *number = PyLong_FromLong(code);
    PyObject *data = get_bytes(d, n);
    PyObject *level = PyLong_FromLong(depth);
    PyObject *value = NULL;
    if (number != NULL && data != NULL && level != NULL) {
        PyObject *args[3] = {number, data, level};
        value = PyObject_Vectorcall(d->extension, args, 3, NULL);
    }
    Py_XDECREF(number);
    Py_XDECREF(data);
    Py_XDECREF(level);
    return value;
}

static PyObject *get_extension(Decoder *d, Py_ssize_t n, int depth) {
    uint64_t code;
    if (take_number(d, 1, &code) < 0) {
        return NULL;
    }
    if (n > remaining(d)) {
        return truncated();
    }
    if (code != EXT_TUPLE && code != EXT_SET && code != EXT_FROZEN_SET && code != EXT_INSTANCE) {
        return call_extension(d, (int)code, n, depth);
    }
    const unsigned char *outer = d->end;
    d->end = d->next + n;
    PyObject *value = get_nested(d, (int)code, depth);
    if (value != NULL && d->next != d->end) {
        Py_CLEAR(value);
        refuse("an extension is not as long as it says");
    }
    d->end = outer;
    return value;
}

static PyObject *get_sized(Decoder *d, int width, int least, PyObject *(*get)(Decoder *, Py_ssize_t)) {
    Py_ssize_t n;
    return take_length(d, width, least, &n) < 0 ? NULL : get(d, n);
}

static PyObject *get_deep(Decoder *d, int width, int least, PyObject *(*get)(Decoder *, Py_ssize_t, int), int depth) {
    Py_ssize_t n;
    return take_length(d, width, least, &n) < 0 ? NULL : get(d, n, depth);
}

static PyObject *get_value(Decoder *d, int depth) {
    if (d->next == d->end) {
        return truncated();
    }
    int tag = *d->next++;
    if (tag < 0x80) {
        return PyLong_FromLong(tag);
    }
    if (tag < 0x90) {
        return get_dict(d, tag - 0x80, depth);
    }
    if (tag < 0xA0) {
        return get_list(d, tag - 0x90, depth);
    }
    if (tag < 0xC0) {
        return get_str(d, tag - 0xA0);
    }
    if (tag >= 0xE0) {
        return PyLong_FromLong(tag - 0x100);
    }
    switch (tag) {
    case 0xC0:
        return constant(Py_None);
    case 0xC2:
        return constant(Py_False);
    case 0xC3:
        return constant(Py_True);
    case 0xC4:
        return get_sized(d, 1, 1, get_bytes);
    case 0xC5:
        return get_sized(d, 2, 1, get_bytes);
    case 0xC6:
        return get_sized(d, 4, 1, get_bytes);
    case 0xC7:
        return get_deep(d, 1, 1, get_extension, depth);
    case 0xC8:
        return get_deep(d, 2, 1, get_extension, depth);
    case 0xC9:
        return get_deep(d, 4, 1, get_extension, depth);
    case 0xCA:
        return get_float(d, 4);
    case 0xCB:
        return get_float(d, 8);
    case 0xCC:
        return get_unsigned(d, 1);
    case 0xCD:
        return get_unsigned(d, 2);
    case 0xCE:
        return get_unsigned(d, 4);
    case 0xCF:
        return get_unsigned(d, 8);
    case 0xD0:
        return get_signed(d, 1);
    case 0xD1:
        return get_signed(d, 2);
    case 0xD2:
        return get_signed(d, 4);
    case 0xD3:
        return get_signed(d, 8);
    case 0xD4:
    case 0xD5:
    case 0xD6:
    case 0xD7:
    case 0xD8:
        return get_extension(d, (Py_ssize_t)1 << (tag - 0xD4), depth);
    case 0xD9:
        return get_sized(d, 1, 1, get_str);
    case 0xDA:
        return get_sized(d, 2, 1, get_str);
    case 0xDB:
        return get_sized(d, 4, 1, get_str);
    case 0xDC:
        return get_deep(d, 2, 1, get_list, depth);
    case 0xDD:
        return get_deep(d, 4, 1, get_list, depth);
    case 0xDE:
        return get_deep(d, 2, 2, get_dict, depth);
    case 0xDF:
        return get_deep(d, 4, 2, get_dict, depth);
    default:
        return refuse("no value begins with this byte");
    }
}

PyObject *anabranch_decode(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    ModuleState *state = PyModule_GetState(module);
    if (nargs != 4 || !PyDict_Check(args[2])) {
        PyErr_SetString(PyExc_TypeError, "decode(payload, n, makers: dict, extension)");
        return NULL;
    }
    Py_ssize_t n = PyLong_AsSsize_t(args[1]);
    if (n == -1 && PyErr_Occurred()) {
        return NULL;
    }
    Py_buffer payload;
    if (PyObject_GetBuffer(args[0], &payload, PyBUF_SIMPLE) < 0) {
        return NULL;
    }
    Decoder d = {.next = payload.buf, .makers = args[2], .extension = args[3], .nan = state->nan};
    if (payload.len == 0) {
        d.next = (const unsigned char *)""; /* the buffer of an empty memoryview may be nowhere */
    }
    d.end = d.next + payload.len;
    PyObject *values = n < 0 || n > payload.len ? truncated() : get_values(&d, n, 0);
    if (values != NULL && d.next != d.end) {
        Py_CLEAR(values);
        refuse("bytes are left over");
    }
    PyBuffer_Release(&payload);
    return values;
}
