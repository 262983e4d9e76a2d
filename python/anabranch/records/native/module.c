#include "codec.h"

static PyMethodDef methods[] = {
    {"encode", (PyCFunction)(void (*)(void))anabranch_encode, METH_FASTCALL,
     "encode(values, handlers, plans, schemas) -> bytes\n\n"
     "values: the batch. handlers: for any type what encodes a value of it at a depth, a mapping.\n"
     "plans: InstancePlan by type. schemas: takes the schemas that the batch refers to, by id.\n"
     "Raises whatever a handler raises, and RuntimeError for a batch that cannot be encoded."},
    {"decode", (PyCFunction)(void (*)(void))anabranch_decode, METH_FASTCALL,
     "decode(payload, n, makers, extension) -> list\n\n"
     "payload: the bytes. n: how many values they hold. makers: InstanceMaker by schema id.\n"
     "extension: called with code, data and depth for what is not handled here.\n"
     "Raises whatever a callback raises, and ValueError for bytes that are not n values."},
    {"reduce", (PyCFunction)(void (*)(void))anabranch_reduce, METH_FASTCALL,
     "reduce(function, keys, values, states, results, ownership)\n\nSee anabranch.records.keyed."},
    {"own", (PyCFunction)(void (*)(void))anabranch_own, METH_FASTCALL, "See anabranch.records.ownership."},
    {"map", (PyCFunction)(void (*)(void))anabranch_map, METH_FASTCALL, "See anabranch.records.ownership."},
    {"look", (PyCFunction)(void (*)(void))anabranch_look, METH_FASTCALL, "See anabranch.records.ownership."},
    {"flatten", (PyCFunction)(void (*)(void))anabranch_flatten, METH_FASTCALL, "See anabranch.records.ownership."},
    {"take", (PyCFunction)(void (*)(void))anabranch_take, METH_FASTCALL, "See anabranch.records.ownership."},
    {"split", (PyCFunction)(void (*)(void))anabranch_split, METH_FASTCALL,
     "split(keys, values, indexes, parts)\n\nSee anabranch.records.keyed."},
    {"encode_groups", (PyCFunction)(void (*)(void))anabranch_encode_groups, METH_FASTCALL,
     "encode_groups(tables, n_groups, save, handlers, plans, schemas) -> list\n\nSee anabranch.records.codec."},
    {NULL, NULL, 0, NULL},
};

static int execute(PyObject *module) {
    ModuleState *state = PyModule_GetState(module);
    state->nan = PyFloat_FromDouble(Py_NAN);
    return state->nan == NULL ? -1 : 0;
}

static int traverse(PyObject *module, visitproc visit, void *arg) {
    ModuleState *state = PyModule_GetState(module);
    Py_VISIT(state->nan);
    return 0;
}

static int clear(PyObject *module) {
    ModuleState *state = PyModule_GetState(module);
    Py_CLEAR(state->nan);
    return 0;
}

/* No static variable is ever written, so each interpreter may have a lock of its own. There must be a lock, though:
 * containers are walked with borrowed references. */
static struct PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)execute},
#ifdef Py_mod_multiple_interpreters
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "anabranch.records._native",
    .m_doc = "Works on whole batches of records; see anabranch.records.codec and anabranch.records.keyed.",
    .m_size = sizeof(ModuleState),
    .m_methods = methods,
    .m_slots = slots,
    .m_traverse = traverse,
    .m_clear = clear,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
