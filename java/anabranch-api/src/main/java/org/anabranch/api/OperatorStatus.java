package org.anabranch.api;

/**
 * Counters of one operator, summed over its subtasks.
 *
 * @param name the operator's name
 * @param language "Java" or "Python"
 * @param parallelism its number of subtasks
 * @param recordsIn records that it has taken
 * @param recordsOut records that it has emitted
 */
public record OperatorStatus(
    String name, String language, int parallelism, long recordsIn, long recordsOut) {}
