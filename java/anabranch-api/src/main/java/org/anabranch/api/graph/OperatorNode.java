package org.anabranch.api.graph;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** One operator. The streams change it until the job is submitted. */
public final class OperatorNode {
  private final int id;
  private final OperatorKind kind;
  private final Language language;
  private final FunctionSpec function;
  private final String origin;
  private final Map<String, String> config = new LinkedHashMap<>();
  private final Map<String, Double> resources = new LinkedHashMap<>();
  private String name;
  private String uid = "";
  private boolean savingFunction;
  private int parallelism;
  private boolean chainable = true;
  private JoinSpec join;

  OperatorNode(
      int id,
      OperatorKind kind,
      Language language,
      int parallelism,
      FunctionSpec function,
      String origin) {
    this.id = id;
    this.kind = kind;
    this.language = language;
    this.parallelism = parallelism;
    this.function = function;
    this.origin = origin;
    this.name = generatedName();
  }

  public int id() {
    return id;
  }

  public OperatorKind kind() {
    return kind;
  }

  public Language language() {
    return language;
  }

  /** Returns the function, or null for a union or a collect. */
  public FunctionSpec function() {
    return function;
  }

  /** Returns "file:line" of the user's code that added the operator, or an empty string. */
  public String origin() {
    return origin;
  }

  public Map<String, String> config() {
    return config;
  }

  public Map<String, Double> resources() {
    return resources;
  }

  public String name() {
    return name;
  }

  public void name(String name) {
    this.name = name;
  }

  /** Returns whether nobody gave the operator a name; the order of the calls decided it. */
  public boolean hasGeneratedName() {
    return name.equals(generatedName());
  }

  private String generatedName() {
    return kind.name().toLowerCase(Locale.ROOT) + "-" + id;
  }

  /** Returns what snapshots call the operator, or an empty string: its name. */
  public String uid() {
    return uid;
  }

  public void uid(String uid) {
    this.uid = uid;
  }

  /** Returns whether the function saves something at a checkpoint, as far as is known here. */
  public boolean hasSavingFunction() {
    return savingFunction;
  }

  public void savingFunction(boolean saves) {
    this.savingFunction = saves;
  }

  public int parallelism() {
    return parallelism;
  }

  public void parallelism(int parallelism) {
    this.parallelism = parallelism;
  }

  public boolean chainable() {
    return chainable;
  }

  public void chainable(boolean chainable) {
    this.chainable = chainable;
  }

  /** Returns the options of a join, or null. */
  public JoinSpec join() {
    return join;
  }

  public void join(JoinSpec join) {
    this.join = join;
  }
}
