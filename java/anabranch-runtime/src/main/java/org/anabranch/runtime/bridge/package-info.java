/**
 * What a Python driver talks to in a JVM that it has started: class look-up, and hosting of
 * workers.
 */
package org.anabranch.runtime.bridge;
