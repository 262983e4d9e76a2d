/** Values of fixed length and mixed type; the same as tuples in Python. */
package org.anabranch.api.tuple;
