package org.anabranch.api.graph;

/**
 * An edge between two operators.
 *
 * @param id unique in the graph
 * @param source id of the producing operator
 * @param target id of the consuming operator
 * @param input which input of the target
 * @param partitioning how its records are spread
 * @param deadLetters whether it carries the dead letters of the source, not what it emits
 */
public record EdgeNode(
    int id, int source, int target, int input, Partitioning partitioning, boolean deadLetters) {}
