#include "codec.h"

/* Loops over keyed records. Only keys that are exactly str or int are looked up here: their hash and equality run no
 * code of the user's. The items at hand are owned, and the sizes are asked for anew, since functions may run any code. */

/* `Places` of keyed.py, borrowed. */
typedef struct {
    PyObject *by_str;
    PyObject *by_int;
    PyObject *other;
} Places;

/* Whether the key is exactly an int of 64 bits at most: only a few of those can have one hash. */
static int is_small_int(PyObject *key) {
    int overflow = 0;
    if (!PyLong_CheckExact(key)) {
        return 0;
    }
    PyLong_AsLongLongAndOverflow(key, &overflow);
    return overflow == 0;
}

static int is_sequence(PyObject *candidate) { return PyList_CheckExact(candidate) || PyTuple_CheckExact(candidate); }

/* Fails unless keys and values are lists or tuples of one length, the result is a list, and the places are some. */
static int check(PyObject *keys, PyObject *values, PyObject *tuple, PyObject *results, Places *places) {
    if (!is_sequence(keys) || !is_sequence(values) || !PyList_CheckExact(results) || !PyTuple_Check(tuple) ||
        PyTuple_GET_SIZE(tuple) != 3) {
        PyErr_SetString(PyExc_TypeError, "expected a list or a tuple of keys and of values, three places and a list");
        return -1;
    }
    places->by_str = PyTuple_GET_ITEM(tuple, 0);
    places->by_int = PyTuple_GET_ITEM(tuple, 1);
    places->other = PyTuple_GET_ITEM(tuple, 2);
    if (!PyDict_CheckExact(places->by_str) || !PyDict_CheckExact(places->by_int)) {
        PyErr_SetString(PyExc_TypeError, "the first two places must be dicts");
        return -1;
    }
    if (PySequence_Fast_GET_SIZE(keys) != PySequence_Fast_GET_SIZE(values)) {
        PyErr_SetString(PyExc_ValueError, "there must be as many keys as values");
        return -1;
    }
    return 0;
}

/* Sets key and value to new references of item i; returns 0 after the last one. */
static int next_record(PyObject *keys, PyObject *values, Py_ssize_t i, PyObject **key, PyObject **value) {
    if (i >= PySequence_Fast_GET_SIZE(keys) || i >= PySequence_Fast_GET_SIZE(values)) {
        return 0;
    }
    *key = PySequence_Fast_GET_ITEM(keys, i);
    *value = PySequence_Fast_GET_ITEM(values, i);
    Py_INCREF(*key);
    Py_INCREF(*value);
    return 1;
}

/* The new value of a key, which is stored in its table too; NULL on failure. */
static PyObject *reduce_one(PyObject *function, PyObject *table, PyObject *slot, PyObject *value) {
    PyObject *old = PyDict_GetItemWithError(table, slot);
    PyObject *new;
    if (old != NULL) {
        Py_INCREF(old);
        PyObject *arguments[3] = {NULL, old, value};
        new = PyObject_Vectorcall(function, arguments + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
        Py_DECREF(old);
    } else if (PyErr_Occurred()) {
        return NULL;
    } else {
        new = value;
        Py_INCREF(new);
    }
    if (new != NULL && PyDict_SetItem(table, slot, new) < 0) {
        Py_CLEAR(new);
    }
    return new;
}

/* The same for a key that is looked up by a function. */
static PyObject *reduce_other(PyObject *function, PyObject *other, PyObject *key, PyObject *value) {
    PyObject *place = PyObject_CallOneArg(other, key);
    if (place == NULL) {
        return NULL;
    }
    PyObject *new = NULL;
    if (PyTuple_CheckExact(place) && PyTuple_GET_SIZE(place) == 2 && PyDict_CheckExact(PyTuple_GET_ITEM(place, 0))) {
        new = reduce_one(function, PyTuple_GET_ITEM(place, 0), PyTuple_GET_ITEM(place, 1), value);
    } else {
        PyErr_SetString(PyExc_TypeError, "a key's place must be a dict and a slot");
    }
    Py_DECREF(place);
    return new;
}

PyObject *anabranch_reduce(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs) {
    if (nargs != 6) {
        return PyErr_Format(PyExc_TypeError, "reduce takes 6 arguments, not %zd", nargs);
    }
    if (!anabranch_is_ownership(args[5])) {
        return NULL;
    }
    PyObject *function = args[0], *keys = args[1], *values = args[2], *results = args[4];
    Places places;
    if (check(keys, values, args[3], results, &places) < 0) {
        return NULL;
    }
    PyObject *key, *value;
    for (Py_ssize_t i = 0; next_record(keys, values, i, &key, &value); i++) {
        PyObject *new = PyUnicode_CheckExact(key) ? reduce_one(function, places.by_str, key, value)
                        : is_small_int(key)       ? reduce_one(function, places.by_int, key, value)
                                                  : reduce_other(function, places.other, key, value);
        new = anabranch_own_new(new, 0, args[5]); /* the state stays where the function finds it again */
        int failed = new == NULL || PyList_Append(results, new) < 0;
        Py_XDECREF(new);
        Py_DECREF(key);
        Py_DECREF(value);
        if (failed) {
            return NULL;
        }
    }
    Py_RETURN_NONE;
}

/* The index of the part of a key, a new reference. */
static PyObject *index_of(const Places *places, PyObject *key) {
    PyObject *cache = PyUnicode_CheckExact(key) ? places->by_str : is_small_int(key) ? places->by_int : NULL;
    PyObject *index = cache == NULL ? NULL : PyDict_GetItemWithError(cache, key);
    if (index != NULL) {
        Py_INCREF(index);
        return index;
    }
    return PyErr_Occurred() ? NULL : PyObject_CallOneArg(places->other, key);
}

/* Appends to the part of that index: a value to its first list, the key to its second. */
static int put_into(PyObject *parts, PyObject *index, PyObject *key, PyObject *value) {
    Py_ssize_t i = PyLong_AsSsize_t(index);
    if (i == -1 && PyErr_Occurred()) {
        return -1;
    }
    PyObject *part = i >= 0 && i < PyList_GET_SIZE(parts) ? PyList_GET_ITEM(parts, i) : NULL;
    if (part == NULL || !PyTuple_CheckExact(part) || PyTuple_GET_SIZE(part) != 2) {
        PyErr_SetString(PyExc_IndexError, "there is no such part");
        return -1;
    }
    /* What is not a list is refused there. */
    int failed = PyList_Append(PyTuple_GET_ITEM(part, 0), value) < 0 || PyList_Append(PyTuple_GET_ITEM(part, 1), key) < 0;
    return failed ? -1 : 0;
}

PyObject *anabranch_split(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs) {
    if (nargs != 4) {
        return PyErr_Format(PyExc_TypeError, "split takes 4 arguments, not %zd", nargs);
    }
    PyObject *keys = args[0], *values = args[1], *parts = args[3];
    Places places;
    if (check(keys, values, args[2], parts, &places) < 0) {
        return NULL;
    }
    PyObject *key, *value;
    for (Py_ssize_t i = 0; next_record(keys, values, i, &key, &value); i++) {
        PyObject *index = index_of(&places, key);
        int failed = index == NULL || put_into(parts, index, key, value) < 0;
        Py_XDECREF(index);
        Py_DECREF(key);
        Py_DECREF(value);
        if (failed) {
            return NULL;
        }
    }
    Py_RETURN_NONE;
}
