package org.anabranch.api.client;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.anabranch.api.graph.JobGraph;

/**
 * All that a job is.
 *
 * @param name name of the job
 * @param graph its operators and edges
 * @param config its options
 * @param types classes to be known by their own name
 * @param jars jars and class directories that workers need besides the program's class path
 * @param pythonPaths directories and zip files for the workers' module search path
 */
public record JobDescription(
    String name,
    JobGraph graph,
    Map<String, String> config,
    Set<Class<?>> types,
    List<Path> jars,
    List<Path> pythonPaths) {}
