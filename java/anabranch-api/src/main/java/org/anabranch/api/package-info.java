/**
 * What the Java code of a job compiles against.
 *
 * <p>Functions are in {@link org.anabranch.api.function}, tuples in {@link
 * org.anabranch.api.tuple}. Nothing here depends on any other library.
 */
package org.anabranch.api;
