package org.anabranch.api.function;

import java.io.Serializable;

/**
 * Anything that a job calls for its records.
 *
 * <p>A function is serializable so that a lambda can travel to the worker. A function that is named
 * by its class is made on the worker instead, and its fields need not be serializable.
 */
public interface Function extends Serializable {}
