package org.anabranch.api.graph;

/** What an operator is written in. */
public enum Language {
  PYTHON,
  JAVA
}
