#include "canonical.h"
#include "encoder.h"

#include <string.h>

/* The entries of a state, encoded by key group. They are walked in the order of their dicts, in which they lie in memory,
 * and each goes to the end of what its group has so far: to sort them first takes twice as long. */

typedef struct {
    char *bytes; /* of the key at hand */
    size_t size;
} Scratch;

static uint32_t rotated(uint32_t x, int by) { return (x << by) | (x >> (32 - by)); }

static uint32_t scrambled(uint32_t block) { return rotated(block * 0xCC9E2D51u, 15) * 0x1B873593u; }

static uint32_t block_at(const unsigned char *data) {
    return (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

/* murmur3 (x86, 32 bit), seed 0. */
static uint32_t murmur3(const char *text, size_t length) {
    const unsigned char *data = (const unsigned char *)text;
    size_t whole = length & ~(size_t)3;
    uint32_t hash = 0, last = 0;
    for (size_t i = 0; i < whole; i += 4) {
        hash = rotated(hash ^ scrambled(block_at(data + i)), 13) * 5 + 0xE6546B64u;
    }
    for (size_t i = length; i > whole; i--) {
        last = last << 8 | data[i - 1];
    }
    hash ^= scrambled(last); /* 0 stays 0 */
    hash ^= (uint32_t)length;
    hash = (hash ^ hash >> 16) * 0x85EBCA6Bu;
    hash = (hash ^ hash >> 13) * 0xC2B2AE35u;
    return hash ^ hash >> 16;
}

static int hash_str(const char *data, Py_ssize_t length, Scratch *scratch, uint32_t *hash) {
    size_t n = (size_t)length, needed = LARGEST_NUMBER + n;
    if (needed > scratch->size) {
        char *larger = PyMem_Realloc(scratch->bytes, needed * 2);
        if (larger == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        scratch->bytes = larger;
        scratch->size = needed * 2;
    }
    size_t head = canonical_str_head(scratch->bytes, n);
    memcpy(scratch->bytes + head, data, n);
    *hash = murmur3(scratch->bytes, head + n);
    return 0;
}

static int hash_of(PyObject *key, Scratch *scratch, uint32_t *hash) {
    if (PyLong_CheckExact(key)) {
        char number[LARGEST_NUMBER];
        long long x = PyLong_AsLongLong(key);
        if (x == -1 && PyErr_Occurred()) {
            return -1;
        }
        *hash = murmur3(number, canonical_int(number, x));
        return 0;
    }
    if (PyBytes_CheckExact(key)) {
        *hash = murmur3(PyBytes_AS_STRING(key), (size_t)PyBytes_GET_SIZE(key));
        return 0;
    }
    if (!PyUnicode_CheckExact(key)) {
        PyErr_SetString(PyExc_TypeError, "a key must be a str, an int or bytes");
        return -1;
    }
    if (PyUnicode_IS_COMPACT_ASCII(key)) {
        return hash_str((const char *)PyUnicode_1BYTE_DATA(key), PyUnicode_GET_LENGTH(key), scratch, hash);
    }
    PyObject *utf8 = PyUnicode_AsEncodedString(key, "utf-8", "surrogatepass");
    if (utf8 == NULL) {
        return -1;
    }
    int failed = hash_str(PyBytes_AS_STRING(utf8), PyBytes_GET_SIZE(utf8), scratch, hash);
    Py_DECREF(utf8);
    return failed;
}

/* What is encoded of one key group. */
typedef struct {
    PyObject *bytes; /* its size is the capacity; NULL: nothing yet */
    Py_ssize_t length;
    Py_ssize_t n; /* values, keys included */
} Group;

static int put_entry(Encoder *e, Group *group, PyObject *key, PyObject *value, PyObject *save) {
    if (group->bytes == NULL && (group->bytes = PyBytes_FromStringAndSize(NULL, 256)) == NULL) {
        return -1;
    }
    PyObject *saved = save == Py_None ? Py_NewRef(value) : PyObject_CallOneArg(save, value);
    if (saved == NULL) {
        return -1;
    }
    e->bytes = group->bytes; /* which it may move, or free if that fails */
    e->length = group->length;
    int failed = anabranch_put_value(e, key, 0) < 0 || anabranch_put_value(e, saved, 0) < 0 ? -1 : 0;
    Py_DECREF(saved);
    group->bytes = e->bytes;
    group->length = e->length;
    group->n += 2;
    return failed;
}

static int put_table(Encoder *e, PyObject *table, Group *groups, uint32_t n_groups, PyObject *save, Scratch *scratch) {
    PyObject *key, *value;
    Py_ssize_t at = 0, found = 0, size = PyDict_GET_SIZE(table);
    while (PyDict_Next(table, &at, &key, &value)) {
        uint32_t hash;
        Py_INCREF(key);
        Py_INCREF(value);
        int failed = hash_of(key, scratch, &hash) < 0 || put_entry(e, &groups[hash % n_groups], key, value, save) < 0;
        Py_DECREF(key);
        Py_DECREF(value);
        if (failed) {
            return -1;
        }
        found++;
    }
    if (found != size || PyDict_GET_SIZE(table) != size) {
        PyErr_SetString(PyExc_RuntimeError, "a state changed while it was saved");
        return -1;
    }
    return 0;
}

/* A list with how many values each group has and their bytes, or None. */
static PyObject *list_of(Group *groups, uint32_t n_groups) {
    PyObject *list = PyList_New((Py_ssize_t)n_groups);
    for (uint32_t i = 0; list != NULL && i < n_groups; i++) {
        PyObject *each;
        if (groups[i].bytes == NULL) {
            each = Py_NewRef(Py_None);
        } else {
            _PyBytes_Resize(&groups[i].bytes, groups[i].length); /* on failure sets NULL */
            each = groups[i].bytes == NULL ? NULL : Py_BuildValue("nO", groups[i].n, groups[i].bytes);
        }
        if (each == NULL) {
            Py_CLEAR(list);
        } else {
            PyList_SET_ITEM(list, (Py_ssize_t)i, each);
        }
    }
    return list;
}

static int are_dicts(PyObject *tables) {
    int are = PyTuple_CheckExact(tables);
    for (Py_ssize_t i = 0; are && i < PyTuple_GET_SIZE(tables); i++) {
        are = PyDict_CheckExact(PyTuple_GET_ITEM(tables, i));
    }
    return are;
}

PyObject *anabranch_encode_groups(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs) {
    if (nargs != 6 || !are_dicts(args[0]) || !PyDict_Check(args[4]) || !PyDict_Check(args[5])) {
        PyErr_SetString(PyExc_TypeError, "encode_groups(tables, n_groups, save, handlers, plans: dict, schemas: dict)");
        return NULL;
    }
    long long n_groups = PyLong_AsLongLong(args[1]);
    if (n_groups < 1 || n_groups > UINT32_MAX) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_ValueError, "there cannot be %lld key groups", n_groups);
    }
    Group *groups = PyMem_Calloc((size_t)n_groups, sizeof *groups);
    if (groups == NULL) {
        return PyErr_NoMemory();
    }
    Encoder e = {.handlers = args[3], .plans = args[4], .schemas = args[5]};
    Scratch scratch = {NULL, 0};
    int failed = 0;
    for (Py_ssize_t i = 0; !failed && i < PyTuple_GET_SIZE(args[0]); i++) {
        failed = put_table(&e, PyTuple_GET_ITEM(args[0], i), groups, (uint32_t)n_groups, args[2], &scratch) < 0;
    }
    PyObject *list = failed ? NULL : list_of(groups, (uint32_t)n_groups);
    for (long long i = 0; i < n_groups; i++) {
        Py_XDECREF(groups[i].bytes);
    }
    PyMem_Free(groups);
    PyMem_Free(scratch.bytes);
    return list;
}
