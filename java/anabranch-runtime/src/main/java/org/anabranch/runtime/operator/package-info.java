/**
 * Operators: what a task does with each record. They know nothing of sockets and frames; a chain
 * takes records at one end and hands its results to an {@link
 * org.anabranch.runtime.operator.Output}.
 */
package org.anabranch.runtime.operator;
