#include "codec.h"

/* Whether what a user's function has emitted can still be changed by somebody: see anabranch.records.ownership.
 *
 * A value that cannot be changed needs no copy, and neither does one to which nothing refers but what was counted: then
 * nobody can reach it. References are counted, and nothing else: what is reached in another way is not a plain type. */

/* `Kind` of ownership.py. */
enum kind { ATOMIC = 0, LEAF = 1, INSTANCE = 2, OPAQUE = 3, PLAIN = 4 };

#define MAX_LEVELS 100

/* From 3.14 on, what the interpreter holds may not be counted, nor without a lock for all. */
#if PY_VERSION_HEX >= 0x030E0000 || defined(Py_GIL_DISABLED)
#define COUNTS_ALL 0
#else
#define COUNTS_ALL 1
#endif

typedef struct {
    PyObject *kinds; /* type -> Kind, a dict that completes itself */
    int frozen;      /* whether the values are reached from elsewhere, so that none may be one that changes */
    int levels;
} Walk;

static int is_owned(Walk *walk, PyObject *value, Py_ssize_t references);

static long kind_of(Walk *walk, PyTypeObject *type) {
    PyObject *kind = PyDict_GetItemWithError(walk->kinds, (PyObject *)type);
    long result;
    if (kind != NULL) {
        return PyLong_AsLong(kind);
    }
    if (PyErr_Occurred() || (kind = PyObject_GetItem(walk->kinds, (PyObject *)type)) == NULL) {
        return -1;
    }
    result = PyLong_AsLong(kind);
    Py_DECREF(kind);
    return result;
}

static int is_atomic(PyObject *value) {
    PyTypeObject *type = Py_TYPE(value);
    return type == &PyUnicode_Type || type == &PyLong_Type || type == &PyFloat_Type || value == Py_None ||
           type == &PyBool_Type || type == &PyBytes_Type;
}

/* Most records: a tuple of what cannot be changed. */
static int is_plainest(PyObject *value) {
    if (is_atomic(value)) {
        return 1;
    }
    if (!PyTuple_CheckExact(value)) {
        return 0;
    }
    for (Py_ssize_t i = PyTuple_GET_SIZE(value) - 1; i >= 0; i--) {
        if (!is_atomic(PyTuple_GET_ITEM(value, i))) {
            return 0;
        }
    }
    return 1;
}

static int visit(PyObject *child, void *walk) {
    if (is_atomic(child)) {
        return 0;
    }
    int owned = is_owned((Walk *)walk, child, 1);
    return owned == 1 ? 0 : owned < 0 ? -1 : 1;
}

static int is_owned_inside(Walk *walk, PyObject *value) {
    traverseproc traverse = Py_TYPE(value)->tp_traverse;
    if (traverse == NULL) {
        return 1;
    }
    if (walk->levels >= MAX_LEVELS) {
        return 0;
    }
    walk->levels++;
    int found = traverse(value, visit, walk);
    walk->levels--;
    return found == 0 ? 1 : found < 0 ? -1 : 0;
}

/* 1: nobody can change it who is not counted; 0: somebody may; -1: failure. Runs no code of the user's. */
static int is_owned(Walk *walk, PyObject *value, Py_ssize_t references) {
    if (is_atomic(value)) {
        return 1;
    }
    PyTypeObject *type = Py_TYPE(value);
    int alone = COUNTS_ALL && !walk->frozen && Py_REFCNT(value) <= references;
    if (type == &PyTuple_Type || type == &PyFrozenSet_Type) {
        int before = walk->frozen;
        walk->frozen = !alone;
        int owned = is_owned_inside(walk, value);
        walk->frozen = before;
        return owned;
    }
    if (type == &PyList_Type || type == &PyDict_Type || type == &PySet_Type) {
        return alone ? is_owned_inside(walk, value) : 0;
    }
    long kind = PyType_Check(value) ? ATOMIC : kind_of(walk, type);
    if (kind < 0) {
        return -1;
    }
    if (kind == ATOMIC) {
        return 1;
    }
    if (kind == OPAQUE || !alone) {
        return 0;
    }
    if (PyType_SUPPORTS_WEAKREFS(type)) {
        PyObject **list = PyObject_GET_WEAKREFS_LISTPTR(value);
        if (list != NULL && *list != NULL) {
            return 0;
        }
    }
    return kind == LEAF ? 1 : is_owned_inside(walk, value);
}

static int has_atoms_only(PyObject *dict) {
    PyObject *key, *value;
    Py_ssize_t position = 0;
    while (PyDict_Next(dict, &position, &key, &value)) {
        if (!is_atomic(key) || !is_atomic(value)) {
            return 0;
        }
    }
    return 1;
}

/* An object that is what its dict holds. */
static PyObject *copy_plain(PyObject *value, PyObject *dict) {
    PyTypeObject *type = Py_TYPE(value);
    PyObject *items = PyDict_Copy(dict);
    PyObject *made = items == NULL ? NULL : type->tp_alloc(type, 0);
    if (made != NULL && PyObject_GenericSetDict(made, items, NULL) < 0) {
        Py_CLEAR(made);
    }
    Py_XDECREF(items);
    return made;
}

/* The commonest values are copied here, all others by the copier. */
static PyObject *copy_of(PyObject *value, PyObject *kinds, PyObject *copy) {
    if (PyDict_CheckExact(value) && has_atoms_only(value)) {
        return PyDict_Copy(value);
    }
    PyObject *kind = PyDict_GetItemWithError(kinds, (PyObject *)Py_TYPE(value));
    if (kind != NULL && PyLong_AsLong(kind) == PLAIN) {
        PyObject *dict = PyObject_GenericGetDict(value, NULL);
        PyObject *made = NULL;
        int simple = dict != NULL && PyDict_GET_SIZE(dict) > 0 && has_atoms_only(dict);
        if (simple) {
            made = copy_plain(value, dict);
        }
        Py_XDECREF(dict);
        if (simple) {
            return made;
        }
    }
    if (PyErr_Occurred()) {
        return NULL;
    }
    return PyObject_CallOneArg(copy, value);
}

/* Returns the value, or a copy if somebody could change it. Takes the reference over; NULL stays NULL. */
static PyObject *own(PyObject *value, Py_ssize_t references, PyObject *kinds, PyObject *copy) {
    if (value == NULL || is_plainest(value)) {
        return value;
    }
    Walk walk = {.kinds = kinds, .frozen = 0, .levels = 0};
    int owned = is_owned(&walk, value, references);
    PyObject *result = owned > 0 ? value : owned < 0 ? NULL : copy_of(value, kinds, copy);
    if (result != value) {
        Py_DECREF(value);
    }
    return result;
}

PyObject *anabranch_own_new(PyObject *value, Py_ssize_t references, PyObject *ownership) {
    return own(value, references, PyTuple_GET_ITEM(ownership, 0), PyTuple_GET_ITEM(ownership, 1));
}

int anabranch_is_ownership(PyObject *ownership) {
    if (PyTuple_Check(ownership) && PyTuple_GET_SIZE(ownership) == 2 && PyDict_Check(PyTuple_GET_ITEM(ownership, 0))) {
        return 1;
    }
    PyErr_SetString(PyExc_TypeError, "expected kinds and a copier");
    return 0;
}

/* own(value, references, ownership) */
PyObject *anabranch_own(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs) {
    if (nargs != 3 || !anabranch_is_ownership(args[2])) {
        return nargs == 3 ? NULL : PyErr_Format(PyExc_TypeError, "own takes 3 arguments, not %zd", nargs);
    }
    Py_ssize_t references = PyLong_AsSsize_t(args[1]);
    if (references == -1 && PyErr_Occurred()) {
        return NULL;
    }
    PyObject *value = args[0];
    Py_INCREF(value);
    return anabranch_own_new(value, references < 0 ? 0 : references + 1, args[2]);
}

/* The list's item i is replaced by a copy if somebody could change it. */
static int own_item(PyObject *values, Py_ssize_t i, PyObject *ownership) {
    PyObject *value = PyList_GET_ITEM(values, i);
    if (is_plainest(value)) {
        return 0;
    }
    Py_INCREF(value);
    PyObject *owned = anabranch_own_new(value, 2, ownership);
    if (owned == NULL) {
        return -1;
    }
    if (i < PyList_GET_SIZE(values)) { /* a copier may run any code */
        return PyList_SetItem(values, i, owned);
    }
    Py_DECREF(owned);
    return 0;
}

/* map(function, values, results, ownership): values gives its items away; one at which the function fails stays. */
PyObject *anabranch_map(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs) {
    if (nargs != 4 || !PyList_CheckExact(args[1]) || !PyList_CheckExact(args[2]) || !anabranch_is_ownership(args[3])) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "map(function, values, results, ownership)");
    }
    PyObject *function = args[0], *values = args[1], *results = args[2], *ownership = args[3];
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(values); i++) {
        PyObject *value = PyList_GET_ITEM(values, i); /* its reference is ours now */
        Py_INCREF(Py_None);
        PyList_SET_ITEM(values, i, Py_None);
        PyObject *result = PyObject_CallOneArg(function, value);
        if (result != NULL && (PyCoro_CheckExact(result) || PyAsyncGen_CheckExact(result))) {
            PyErr_Format(PyExc_TypeError, "map returned a %s, which is never awaited: functions cannot be async",
                         Py_TYPE(result)->tp_name);
            Py_CLEAR(result);
        }
        if (result == NULL) {
            PyObject *type, *error, *traceback;
            PyErr_Fetch(&type, &error, &traceback);
            PyList_SetItem(values, i, value);
            PyErr_Restore(type, error, traceback);
            return NULL;
        }
        Py_DECREF(value);
        result = anabranch_own_new(result, 1, ownership);
        int failed = result == NULL || PyList_Append(results, result) < 0;
        Py_XDECREF(result);
        if (failed) {
            return NULL;
        }
    }
    Py_RETURN_NONE;
}

/* Whether the function that returned this has not run. */
static int is_unstarted(PyObject *result) {
    return PyGen_CheckExact(result) || PyCoro_CheckExact(result) || PyAsyncGen_CheckExact(result);
}

/* What to keep of the result of a function: whether it is true, or the result. */
static PyObject *kept_of(PyObject *result, int truth, PyObject *ownership) {
    if (result == NULL || !truth) {
        return anabranch_own_new(result, 1, ownership);
    }
    if (is_unstarted(result)) {
        return result; /* the caller refuses it */
    }
    int is_true = PyObject_IsTrue(result);
    Py_DECREF(result);
    return is_true < 0 ? NULL : PyBool_FromLong(is_true);
}

/* look(function, values, results, truth, ownership): the items stay in values, and are as the function has left them. */
PyObject *anabranch_look(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs) {
    if (nargs != 5 || !PyList_CheckExact(args[1]) || !PyList_CheckExact(args[2]) || !anabranch_is_ownership(args[4])) {
        return PyErr_Occurred() ? NULL
                                : PyErr_Format(PyExc_TypeError, "look(function, values, results, truth, ownership)");
    }
    PyObject *function = args[0], *values = args[1], *results = args[2], *ownership = args[4];
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(values); i++) {
        PyObject *value = PyList_GET_ITEM(values, i);
        Py_INCREF(value);
        PyObject *result = kept_of(PyObject_CallOneArg(function, value), args[3] == Py_True, ownership);
        Py_DECREF(value);
        int failed = result == NULL || (i < PyList_GET_SIZE(values) && own_item(values, i, ownership) < 0) ||
                     PyList_Append(results, result) < 0;
        Py_XDECREF(result);
        if (failed) {
            return NULL;
        }
    }
    Py_RETURN_NONE;
}

/* flatten(function, value, results, ownership): what the function returns if it is neither a list nor a tuple, else None. */
PyObject *anabranch_flatten(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs) {
    if (nargs != 4 || !PyList_CheckExact(args[2]) || !anabranch_is_ownership(args[3])) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "flatten(function, value, results, ownership)");
    }
    PyObject *results = args[2], *elements = PyObject_CallOneArg(args[0], args[1]);
    if (elements == NULL || !(PyList_CheckExact(elements) || PyTuple_CheckExact(elements))) {
        return elements == NULL ? NULL : Py_BuildValue("(N)", elements); /* in a tuple, as it may be None */
    }
    int alone = COUNTS_ALL && Py_REFCNT(elements) == 1;
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(elements); i++) {
        PyObject *element = PySequence_Fast_GET_ITEM(elements, i);
        Py_INCREF(element);
        element = anabranch_own_new(element, alone ? 2 : 0, args[3]);
        int failed = element == NULL || PyList_Append(results, element) < 0;
        Py_XDECREF(element);
        if (failed) {
            Py_DECREF(elements);
            return NULL;
        }
    }
    Py_DECREF(elements);
    Py_RETURN_NONE;
}

/* take(iterator, n, results, ownership): whether there were n. */
PyObject *anabranch_take(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t nargs) {
    if (nargs != 4 || !PyIter_Check(args[0]) || !PyList_CheckExact(args[2]) || !anabranch_is_ownership(args[3])) {
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_TypeError, "take(iterator, n, results, ownership)");
    }
    Py_ssize_t n = PyLong_AsSsize_t(args[1]);
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *value = PyIter_Next(args[0]);
        if (value == NULL) {
            return PyErr_Occurred() ? NULL : PyBool_FromLong(0);
        }
        value = anabranch_own_new(value, 1, args[3]);
        int failed = value == NULL || PyList_Append(args[2], value) < 0;
        Py_XDECREF(value);
        if (failed) {
            return NULL;
        }
    }
    return PyErr_Occurred() ? NULL : PyBool_FromLong(1);
}
