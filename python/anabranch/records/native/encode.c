#include "canonical.h"
#include "encoder.h"

#include <string.h>

/* Instances with more fields are left to their handler. */
#define MAX_FIELDS 64

static int put_value(Encoder *e, PyObject *value, int depth);

static int refuse(const char *reason) {
    PyErr_SetString(PyExc_RuntimeError, reason);
    return -1;
}

/* Makes room for n more bytes; returns where they go, or NULL. Moves all that was written before. */
static char *reserve(Encoder *e, Py_ssize_t n) {
    Py_ssize_t capacity = PyBytes_GET_SIZE(e->bytes);
    if (n > capacity - e->length) {
        if (n > PY_SSIZE_T_MAX / 4 - e->length) {
            PyErr_NoMemory();
            return NULL;
        }
        /* On failure _PyBytes_Resize frees the bytes and sets NULL. */
        if (_PyBytes_Resize(&e->bytes, (e->length + n) * 2) < 0) {
            return NULL;
        }
    }
    return PyBytes_AS_STRING(e->bytes) + e->length;
}

static int put_raw(Encoder *e, const char *data, Py_ssize_t n) {
    char *to = reserve(e, n);
    if (to == NULL) {
        return -1;
    }
    memcpy(to, data, (size_t)n);
    e->length += n;
    return 0;
}

/* A tag and a big-endian number of `width` bytes. */
static int put_tagged(Encoder *e, int tag, uint64_t number, int width) {
    char *to = reserve(e, 1 + width);
    if (to == NULL) {
        return -1;
    }
    to[0] = (char)tag;
    store(to + 1, number, width);
    e->length += 1 + width;
    return 0;
}

static int put_byte(Encoder *e, int byte) { return put_tagged(e, byte, 0, 0); }

/* The shortest head for a length; tag8 is 0 where the form with one byte does not exist. */
static int put_head(Encoder *e, Py_ssize_t n, int fix, int fix_limit, int tag8, int tag16) {
    if (n < fix_limit) {
        return put_byte(e, fix + (int)n);
    }
    if (tag8 != 0 && n <= 0xFF) {
        return put_tagged(e, tag8, (uint64_t)n, 1);
    }
    if (n <= 0xFFFF) {
        return put_tagged(e, tag16, (uint64_t)n, 2);
    }
    if ((uint64_t)n <= 0xFFFFFFFFu) {
        return put_tagged(e, tag16 + 1, (uint64_t)n, 4);
    }
    return refuse("longer than MessagePack can say");
}

static int put_array_head(Encoder *e, Py_ssize_t n) { return put_head(e, n, 0x90, 16, 0, 0xDC); }

/* The handler of the type writes the value. */
static int put_by_handler(Encoder *e, PyObject *handler, PyObject *value, int depth) {
    PyObject *level = PyLong_FromLong(depth);
    if (level == NULL) {
        return -1;
    }
    PyObject *args[2] = {value, level};
    PyObject *encoded = PyObject_Vectorcall(handler, args, 2, NULL);
    Py_DECREF(level);
    if (encoded == NULL) {
        return -1;
    }
    int result = -1;
    if (PyBytes_CheckExact(encoded)) {
        result = put_raw(e, PyBytes_AS_STRING(encoded), PyBytes_GET_SIZE(encoded));
    } else {
        PyErr_SetString(PyExc_TypeError, "a handler must return bytes");
    }
    Py_DECREF(encoded);
    return result;
}

static int put_by_table(Encoder *e, PyObject *value, int depth) {
    PyObject *handler = PyObject_GetItem(e->handlers, (PyObject *)Py_TYPE(value));
    if (handler == NULL) {
        return -1;
    }
    int result = put_by_handler(e, handler, value, depth);
    Py_DECREF(handler);
    return result;
}

static int put_int(Encoder *e, PyObject *value, int depth) {
    int overflow;
    long long x = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow > 0) {
        unsigned long long u = PyLong_AsUnsignedLongLong(value);
        if (u != (unsigned long long)-1 || !PyErr_Occurred()) {
            return put_tagged(e, 0xCF, u, 8);
        }
        PyErr_Clear();
    }
    if (overflow != 0) {
        return put_by_table(e, value, depth);
    }
    char *to = reserve(e, LARGEST_NUMBER);
    if (to == NULL) {
        return -1;
    }
    e->length += (Py_ssize_t)canonical_int(to, x);
    return 0;
}

static int put_float(Encoder *e, PyObject *value) {
    double number = PyFloat_AS_DOUBLE(value);
    uint64_t bits;
    if (number != number) {
        bits = 0x7FF8000000000000u; /* every NaN alike */
    } else {
        memcpy(&bits, &number, sizeof bits);
    }
    return put_tagged(e, 0xCB, bits, 8);
}

static int put_utf8(Encoder *e, const char *data, Py_ssize_t n) {
    return put_head(e, n, 0xA0, 32, 0xD9, 0xDA) < 0 ? -1 : put_raw(e, data, n);
}

static int put_str(Encoder *e, PyObject *value, int depth) {
#if PY_VERSION_HEX < 0x030C0000
    if (PyUnicode_READY(value) < 0) {
        return -1;
    }
#endif
    if (PyUnicode_IS_COMPACT_ASCII(value)) {
        return put_utf8(e, (const char *)PyUnicode_1BYTE_DATA(value), PyUnicode_GET_LENGTH(value));
    }
    /* Not PyUnicode_AsUTF8AndSize: that would leave a copy behind in the user's string. */
    PyObject *utf8 = PyUnicode_AsUTF8String(value);
    if (utf8 == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) {
            return -1;
        }
        PyErr_Clear(); /* a lone surrogate: pickled or refused */
        return put_by_table(e, value, depth);
    }
    int result = put_utf8(e, PyBytes_AS_STRING(utf8), PyBytes_GET_SIZE(utf8));
    Py_DECREF(utf8);
    return result;
}

/* An extension is written after a head of three bytes, the most frequent, which is corrected at its end. */
#define USUAL_HEAD 3

static int begin_extension(Encoder *e, Py_ssize_t *start) {
    *start = e->length;
    if (reserve(e, USUAL_HEAD) == NULL) {
        return -1;
    }
    e->length += USUAL_HEAD;
    return 0;
}

static int end_extension(Encoder *e, Py_ssize_t start, int code) {
    Py_ssize_t size = e->length - start - USUAL_HEAD;
    char head[6];
    int n;
    if (size == 1 || size == 2 || size == 4 || size == 8 || size == 16) {
        head[0] = (char)(size == 1 ? 0xD4 : size == 2 ? 0xD5 : size == 4 ? 0xD6 : size == 8 ? 0xD7 : 0xD8);
        n = 2;
    } else if (size <= 0xFF) {
        head[0] = (char)0xC7;
        head[1] = (char)size;
        n = 3;
    } else if (size <= 0xFFFF) {
        head[0] = (char)0xC8;
        store(head + 1, (uint64_t)size, 2);
        n = 4;
    } else if ((uint64_t)size <= 0xFFFFFFFFu) {
        head[0] = (char)0xC9;
        store(head + 1, (uint64_t)size, 4);
        n = 6;
    } else {
        return refuse("longer than MessagePack can say");
    }
    head[n - 1] = (char)code;
    if (n != USUAL_HEAD) {
        if (reserve(e, 6) == NULL) {
            return -1;
        }
        char *at = PyBytes_AS_STRING(e->bytes) + start;
        memmove(at + n, at + USUAL_HEAD, (size_t)size);
        e->length += n - USUAL_HEAD;
    }
    memcpy(PyBytes_AS_STRING(e->bytes) + start, head, (size_t)n);
    return 0;
}

/* A value that only its container owns, which may let go of it meanwhile. */
static int put_borrowed(Encoder *e, PyObject *value, int depth) {
    Py_INCREF(value);
    int result = put_value(e, value, depth);
    Py_DECREF(value);
    return result;
}

static int put_list(Encoder *e, PyObject *list, int depth) {
    Py_ssize_t n = PyList_GET_SIZE(list);
    if (put_array_head(e, n) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < n && i < PyList_GET_SIZE(list); i++) {
        if (put_borrowed(e, PyList_GET_ITEM(list, i), depth + 1) < 0) {
            return -1;
        }
    }
    return PyList_GET_SIZE(list) == n ? 0 : refuse("a list changed while it was encoded");
}

static int put_tuple(Encoder *e, PyObject *tuple, int depth) {
    Py_ssize_t start;
    Py_ssize_t n = PyTuple_GET_SIZE(tuple);
    if (begin_extension(e, &start) < 0 || put_array_head(e, n) < 0) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        if (put_value(e, PyTuple_GET_ITEM(tuple, i), depth + 1) < 0) {
            return -1;
        }
    }
    return end_extension(e, start, EXT_TUPLE);
}

/* The bytes of an element of a set, or of a key of a dict. */
typedef struct {
    Py_ssize_t start;
    Py_ssize_t length;
    const char *data;
    int is_plain; /* not an instance, a container or the like */
} Element;

static int compare_elements(const void *left, const void *right) {
    const Element *a = left, *b = right;
    int order = memcmp(a->data, b->data, (size_t)(a->length < b->length ? a->length : b->length));
    return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

/* Sorts n elements; returns whether two of them have the same bytes, such as two NaN. */
static int sort_by_bytes(Element *elements, Py_ssize_t n) {
    qsort(elements, (size_t)n, sizeof *elements, compare_elements);
    for (Py_ssize_t i = 1; i < n; i++) {
        if (compare_elements(&elements[i - 1], &elements[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

/* Whether keys of the type of this one are different if their bytes are, and the other way round. */
static int has_one_form(PyObject *key) {
    PyTypeObject *type = Py_TYPE(key);
    return type == &PyUnicode_Type || type == &PyLong_Type || type == &PyBytes_Type || type == &PyBool_Type ||
           key == Py_None || (type == &PyFloat_Type && PyFloat_AS_DOUBLE(key) == PyFloat_AS_DOUBLE(key));
}

static int is_plain(PyObject *key) { return has_one_form(key) || Py_TYPE(key) == &PyFloat_Type; }

static int has_nan(const char *data, Py_ssize_t n) {
    static const char nan[9] = {(char)0xCB, 0x7F, (char)0xF8};
    const char *end = data + n;
    while (end - data >= (Py_ssize_t)sizeof nan) {
        data = memchr(data, nan[0], (size_t)(end - data) - (sizeof nan - 1));
        if (data == NULL) {
            return 0;
        }
        if (memcmp(data, nan, sizeof nan) == 0) {
            return 1;
        }
        data++;
    }
    return 0;
}

/* Whether two keys or elements may be equal in another process, where all NaN are one: (0.0, nan) and (False, nan). */
static int may_be_one_there(const Encoder *e, const Element *elements, Py_ssize_t n) {
    const char *base = PyBytes_AS_STRING(e->bytes);
    int found = 0;
    for (Py_ssize_t i = 0; i < n && found < 2; i++) {
        found += !elements[i].is_plain && has_nan(base + elements[i].start, elements[i].length);
    }
    return found > 1;
}

/* Writes the items of a dict and remembers the keys that have not one form; returns how many these are, or -1. */
static Py_ssize_t put_items(Encoder *e, PyObject *dict, Py_ssize_t n, Element **keys, int depth) {
    PyObject *key, *value;
    Py_ssize_t position = 0, written = 0, n_keys = 0;
    while (written < n && PyDict_Next(dict, &position, &key, &value)) {
        Py_INCREF(key);
        Py_INCREF(value);
        Py_ssize_t start = e->length;
        int result = put_value(e, key, depth + 1);
        if (result == 0 && !has_one_form(key)) {
            if (*keys == NULL && (*keys = PyMem_New(Element, n)) == NULL) {
                PyErr_NoMemory();
                result = -1;
            } else {
                (*keys)[n_keys++] = (Element){
                    .start = start, .length = e->length - start, .is_plain = is_plain(key)};
            }
        }
        if (result == 0) {
            result = put_value(e, value, depth + 1);
        }
        Py_DECREF(key);
        Py_DECREF(value);
        if (result < 0) {
            return -1;
        }
        written++;
    }
    return written == n && PyDict_GET_SIZE(dict) == n ? n_keys : refuse("a dict changed while it was encoded");
}

static int put_dict(Encoder *e, PyObject *dict, int depth) {
    Py_ssize_t start = e->length;
    Py_ssize_t n = PyDict_GET_SIZE(dict);
    if (put_head(e, n, 0x80, 16, 0, 0xDE) < 0) {
        return -1;
    }
    Element *keys = NULL;
    Py_ssize_t n_keys = put_items(e, dict, n, &keys, depth);
    for (Py_ssize_t i = 0; i < n_keys; i++) {
        keys[i].data = PyBytes_AS_STRING(e->bytes) + keys[i].start;
    }
    int same = n_keys > 1 && (may_be_one_there(e, keys, n_keys) || sort_by_bytes(keys, n_keys));
    PyMem_Free(keys);
    if (same) {
        e->length = start;
        return put_by_table(e, dict, depth); /* pickled or refused, or on its way to Java as it is */
    }
    return n_keys < 0 ? -1 : 0;
}

/* Brings n elements, which end where the output ends, into the order of their bytes; 1: two are or may become the same. */
static int sort_elements(Encoder *e, Element *elements, Py_ssize_t n) {
    if (n < 2) {
        return 0;
    }
    if (may_be_one_there(e, elements, n)) {
        return 1;
    }
    char *base = PyBytes_AS_STRING(e->bytes);
    Py_ssize_t start = elements[0].start;
    char *copy = PyMem_Malloc((size_t)(e->length - start));
    if (copy == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(copy, base + start, (size_t)(e->length - start));
    for (Py_ssize_t i = 0; i < n; i++) {
        elements[i].data = copy + (elements[i].start - start);
    }
    int same = sort_by_bytes(elements, n);
    char *to = base + start;
    for (Py_ssize_t i = 0; i < n; i++) {
        memcpy(to, elements[i].data, (size_t)elements[i].length);
        to += elements[i].length;
    }
    PyMem_Free(copy);
    return same;
}

static int put_elements(Encoder *e, PyObject *set, Py_ssize_t n, int depth) {
    Element *elements = PyMem_New(Element, n == 0 ? 1 : n);
    PyObject *iterator = elements == NULL ? PyErr_NoMemory() : PyObject_GetIter(set);
    PyObject *item = NULL;
    Py_ssize_t written = 0;
    int result = iterator == NULL ? -1 : 0;
    while (result == 0 && (item = PyIter_Next(iterator)) != NULL) {
        if (written == n) {
            result = refuse("a set changed while it was encoded");
        } else {
            elements[written].start = e->length;
            result = put_value(e, item, depth + 1);
            elements[written].length = e->length - elements[written].start;
            elements[written].is_plain = is_plain(item);
            written++;
        }
        Py_DECREF(item);
    }
    if (result == 0) {
        result = PyErr_Occurred() ? -1
                 : written == n   ? sort_elements(e, elements, n)
                                  : refuse("a set changed while it was encoded");
    }
    Py_XDECREF(iterator);
    PyMem_Free(elements);
    return result;
}

static int put_set(Encoder *e, PyObject *set, int code, int depth) {
    Py_ssize_t start;
    Py_ssize_t n = PySet_GET_SIZE(set);
    if (begin_extension(e, &start) < 0 || put_array_head(e, n) < 0) {
        return -1;
    }
    int result = put_elements(e, set, n, depth);
    if (result > 0) {
        e->length = start;
        return put_by_table(e, set, depth); /* pickled or refused, or on its way to Java as it is */
    }
    return result < 0 ? -1 : end_extension(e, start, code);
}

/* Fetches the fields of an instance; 0: it has other ones than its plan says, or they cannot be read. */
static int fetch_fields(PyObject *value, long access, PyObject *sources, PyObject **fields, Py_ssize_t n) {
    PyObject *dict = NULL;
    Py_ssize_t fetched = 0;
    if (access == ACCESS_DICT) {
        dict = PyObject_GenericGetDict(value, NULL);
        if (dict == NULL || PyDict_GET_SIZE(dict) != n) {
            n = -1;
        }
    }
    for (; fetched < n; fetched++) {
        PyObject *source = PyTuple_GET_ITEM(sources, fetched);
        PyObject *field = NULL;
        if (access == ACCESS_DICT) {
            field = PyDict_GetItemWithError(dict, source);
            Py_XINCREF(field);
        } else if (access == ACCESS_POSITIONS) {
            Py_ssize_t at = PyLong_AsSsize_t(source);
            if (at >= 0 && at < PyTuple_GET_SIZE(value)) {
                field = PyTuple_GET_ITEM(value, at);
                Py_INCREF(field);
            }
        } else {
            field = PyObject_GetAttr(value, source);
        }
        if (field == NULL) {
            break;
        }
        fields[fetched] = field;
    }
    Py_XDECREF(dict);
    if (fetched == n) {
        return 1;
    }
    while (fetched > 0) {
        Py_DECREF(fields[--fetched]);
    }
    if (PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_Exception)) {
            return -1;
        }
        PyErr_Clear(); /* the handler fails alike, and says why */
    }
    return 0;
}

/* plan: InstancePlan(access, id_bytes, sources, number, schema, handler) */
static int put_instance(Encoder *e, PyObject *value, PyObject *plan, int depth) {
    long access = PyLong_AsLong(PyTuple_GET_ITEM(plan, 0));
    PyObject *id_bytes = PyTuple_GET_ITEM(plan, 1);
    PyObject *sources = PyTuple_GET_ITEM(plan, 2);
    PyObject *fields[MAX_FIELDS];
    Py_ssize_t n = PyTuple_GET_SIZE(sources);
    int whole = n <= MAX_FIELDS ? fetch_fields(value, access, sources, fields, n) : 0;
    if (whole <= 0) {
        return whole < 0 ? -1 : put_by_handler(e, PyTuple_GET_ITEM(plan, 5), value, depth);
    }
    Py_ssize_t start = 0;
    int result = 0;
    if (e->last_plan != plan) {
        e->last_plan = plan;
        result = PyDict_SetItem(e->schemas, PyTuple_GET_ITEM(plan, 3), PyTuple_GET_ITEM(plan, 4));
    }
    if (result == 0) {
        result = begin_extension(e, &start);
    }
    if (result == 0) {
        result = put_raw(e, PyBytes_AS_STRING(id_bytes), PyBytes_GET_SIZE(id_bytes));
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        if (result == 0) {
            result = put_value(e, fields[i], depth + 1);
        }
        Py_DECREF(fields[i]);
    }
    return result < 0 ? -1 : end_extension(e, start, EXT_INSTANCE);
}

static int put_other(Encoder *e, PyObject *value, int depth) {
    PyObject *plan = PyDict_GetItemWithError(e->plans, (PyObject *)Py_TYPE(value));
    if (plan == NULL) {
        return PyErr_Occurred() ? -1 : put_by_table(e, value, depth);
    }
    if (!PyTuple_Check(plan) || PyTuple_GET_SIZE(plan) != 6 || !PyBytes_Check(PyTuple_GET_ITEM(plan, 1)) ||
        !PyTuple_Check(PyTuple_GET_ITEM(plan, 2))) {
        PyErr_SetString(PyExc_TypeError, "not an InstancePlan");
        return -1;
    }
    if (depth >= MAX_DEPTH) {
        return refuse("nested too deep");
    }
    return put_instance(e, value, plan, depth);
}

static int put_value(Encoder *e, PyObject *value, int depth) {
    PyTypeObject *type = Py_TYPE(value);
    if (type == &PyUnicode_Type) {
        return put_str(e, value, depth);
    }
    if (type == &PyLong_Type) {
        return put_int(e, value, depth);
    }
    if (type == &PyFloat_Type) {
        return put_float(e, value);
    }
    if (value == Py_None) {
        return put_byte(e, 0xC0);
    }
    if (type == &PyBool_Type) {
        return put_byte(e, value == Py_True ? 0xC3 : 0xC2);
    }
    if (type == &PyBytes_Type) {
        Py_ssize_t n = PyBytes_GET_SIZE(value);
        return put_head(e, n, 0, 0, 0xC4, 0xC5) < 0 ? -1 : put_raw(e, PyBytes_AS_STRING(value), n);
    }
    int container = type == &PyTuple_Type  ? EXT_TUPLE
                    : type == &PySet_Type ? EXT_SET
                    : type == &PyFrozenSet_Type ? EXT_FROZEN_SET
                    : type == &PyList_Type || type == &PyDict_Type ? 0
                                                                   : -1;
    if (container < 0) {
        return put_other(e, value, depth);
    }
    if (depth >= MAX_DEPTH) {
        return refuse("nested too deep");
    }
    if (container == EXT_TUPLE) {
        return put_tuple(e, value, depth);
    }
    if (container > 0) {
        return put_set(e, value, container, depth);
    }
    return type == &PyList_Type ? put_list(e, value, depth) : put_dict(e, value, depth);
}

int anabranch_put_value(Encoder *e, PyObject *value, int depth) { return put_value(e, value, depth); }

static int put_batch(Encoder *e, PyObject *values) {
    Py_ssize_t n = PySequence_Fast_GET_SIZE(values);
    for (Py_ssize_t i = 0; i < n && i < PySequence_Fast_GET_SIZE(values); i++) {
        if (put_borrowed(e, PySequence_Fast_GET_ITEM(values, i), 0) < 0) {
            return -1;
        }
    }
    return PySequence_Fast_GET_SIZE(values) == n ? 0 : refuse("the batch changed while it was encoded");
}

PyObject *anabranch_encode(PyObject *module, PyObject *const *args, Py_ssize_t nargs) {
    (void)module;
    if (nargs != 4 || !PyDict_Check(args[2]) || !PyDict_Check(args[3])) {
        PyErr_SetString(PyExc_TypeError, "encode(values, handlers, plans: dict, schemas: dict)");
        return NULL;
    }
    PyObject *values = PySequence_Fast(args[0], "a batch must be a sequence");
    if (values == NULL) {
        return NULL;
    }
    Encoder e = {.handlers = args[1], .plans = args[2], .schemas = args[3]};
    Py_ssize_t n = PySequence_Fast_GET_SIZE(values);
    e.bytes = PyBytes_FromStringAndSize(NULL, 64 + (n < (1 << 20) ? n : 1 << 20) * 32);
    if (e.bytes != NULL && put_batch(&e, values) == 0) {
        _PyBytes_Resize(&e.bytes, e.length); /* on failure sets NULL */
    } else {
        Py_CLEAR(e.bytes);
    }
    Py_DECREF(values);
    return e.bytes;
}
