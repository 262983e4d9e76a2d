package org.anabranch.runtime.records;

import org.anabranch.proto.v1.Language;

/** For whom values are written, or by whom they were. */
enum Dialect {
  /** The other language: every integer is an integer, every float a float. */
  PYTHON,
  /** The same language: a value keeps its very type. */
  JAVA,
  /** A key: the same bytes for and from everyone. */
  KEY;

  static Dialect of(Language language) {
    return switch (language) {
      case LANGUAGE_PYTHON -> PYTHON;
      case LANGUAGE_JAVA -> JAVA;
      case LANGUAGE_UNSPECIFIED, UNRECOGNIZED ->
          throw new IllegalArgumentException("records need a language, not " + language);
    };
  }
}
