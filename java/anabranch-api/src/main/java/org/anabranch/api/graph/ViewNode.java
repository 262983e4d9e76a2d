package org.anabranch.api.graph;

/**
 * A stream whose records are spread in another way. It has an effect only on operators that read
 * it.
 *
 * @param operator the operator whose records they are
 * @param verb the transformation that made the view
 * @param origin "file:line" of the user's code that called it, or an empty string
 */
public record ViewNode(OperatorNode operator, String verb, String origin) {}
