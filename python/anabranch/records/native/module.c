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
     "Raises whatever a callback raises, and ValueError for bytes that are no n values."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef_Slot slots[] = {
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "anabranch.records._native",
    .m_doc = "Encodes and decodes batches of records; see anabranch.records.codec.",
    .m_size = 0,
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&definition); }
