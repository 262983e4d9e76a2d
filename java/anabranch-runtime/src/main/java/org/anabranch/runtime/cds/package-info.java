/**
 * Makes the class data archive from which the JVMs of later jobs start: a run of what every job
 * begins with, whose only purpose is to have its classes loaded.
 *
 * <p>Nothing else in the runtime knows of it; Python's {@code launch/class_archive.py} starts it.
 */
package org.anabranch.runtime.cds;
