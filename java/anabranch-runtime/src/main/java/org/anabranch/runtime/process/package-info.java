/** This JVM as a process: its standard streams, its open files, and its end. */
package org.anabranch.runtime.process;
