/* Work on whole batches: the record encoding of docs/design/002-records.md, and the loops over keyed records.
 *
 * In the codec plain types are handled here; what is rare is handed to the pure Python twin, which is also asked what
 * to say when something fails. So its errors need no detail: the caller replaces them.
 *
 * The GIL is held for a whole batch. Callbacks may run code of the user's: whatever was looked at before a callback is
 * looked at anew after it, and every object in use is owned.
 */
#ifndef ANABRANCH_CODEC_H
#define ANABRANCH_CODEC_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>

#define MAX_DEPTH 64

/* Extension codes that are handled here. */
#define EXT_TUPLE 1
#define EXT_SET 3
#define EXT_FROZEN_SET 4
#define EXT_INSTANCE 14

/* `Access` of instances.py. */
enum access { ACCESS_CALL = 0, ACCESS_ATTRIBUTES = 1, ACCESS_DICT = 2, ACCESS_POSITIONS = 3 };

/* What belongs to the module of one interpreter. */
typedef struct {
    PyObject *nan; /* every NaN that is decoded, so that two of them are one key */
} ModuleState;

/* encode(values, handlers, plans, schemas) -> bytes */
PyObject *anabranch_encode(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* decode(payload, n, makers, extension) -> list */
PyObject *anabranch_decode(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* reduce(function, keys, values, states, results, ownership) */
PyObject *anabranch_reduce(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* Returns a value, or a copy of it if somebody could change it besides so many references; takes the reference over.
 * NULL stays NULL. */
PyObject *anabranch_own_new(PyObject *value, Py_ssize_t references, PyObject *ownership);

/* Whether these are the table of kinds and the copier of ownership.py; sets an error if not. */
int anabranch_is_ownership(PyObject *ownership);

PyObject *anabranch_own(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *anabranch_map(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *anabranch_look(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *anabranch_flatten(PyObject *module, PyObject *const *args, Py_ssize_t nargs);
PyObject *anabranch_take(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* encode_groups(tables, n_groups, save, handlers, plans, schemas) -> list of (n, bytes), or None, for each group */
PyObject *anabranch_encode_groups(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

/* split(keys, values, indexes, parts) */
PyObject *anabranch_split(PyObject *module, PyObject *const *args, Py_ssize_t nargs);

#endif
