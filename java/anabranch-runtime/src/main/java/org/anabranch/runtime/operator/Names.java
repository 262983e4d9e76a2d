package org.anabranch.runtime.operator;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Finds the names that a user may have meant. */
public final class Names {
  private static final int MOST = 3;
  private static final int SHORT = 3;
  private static final int MOST_LISTED = 10;

  private Names() {}

  /** Returns "; did you mean A or B?" for the nearest of the names, or "" if none is near. */
  public static String didYouMean(String wrong, Collection<String> names) {
    List<String> near = nearest(wrong, names);
    return near.isEmpty() ? "" : "; did you mean " + String.join(" or ", near) + "?";
  }

  /**
   * Returns up to three names near to the wrong one, nearest first. A class is near too if it has
   * the same simple name in another package, or is the nested class that a dot was written for.
   */
  public static List<String> nearest(String wrong, Collection<String> names) {
    return names.stream()
        .distinct()
        .filter(name -> distance(wrong, name) <= limit(wrong))
        .sorted(
            Comparator.comparingInt((String name) -> distance(wrong, name))
                .thenComparing(Comparator.naturalOrder()))
        .limit(MOST)
        .toList();
  }

  static List<String> first(List<String> names) {
    return names.size() <= MOST_LISTED ? names : names.subList(0, MOST_LISTED);
  }

  /** How many slips of the pen make a name another one: fewer in a short name. */
  private static int limit(String wrong) {
    int length = simple(wrong).length();
    return length <= SHORT ? 1 : Math.max(2, length / SHORT);
  }

  private static int distance(String wrong, String name) {
    String a = normal(wrong);
    String b = normal(name);
    if (a.equals(b)) {
      return 0;
    }
    String simpleA = simple(a);
    String simpleB = simple(b);
    int whole = edits(a, b);
    // A wrong package is one mistake, whatever its length.
    return Math.min(whole, 1 + edits(simpleA, simpleB));
  }

  private static String normal(String name) {
    return name.replace('$', '.').toLowerCase(Locale.ROOT);
  }

  private static String simple(String name) {
    return name.substring(name.lastIndexOf('.') + 1);
  }

  /** Number of letters changed, added, left out, or swapped with their neighbour. */
  private static int edits(String a, String b) {
    int[][] cost = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        if (i == 0 || j == 0) {
          cost[i][j] = i + j;
          continue;
        }
        boolean same = a.charAt(i - 1) == b.charAt(j - 1);
        int change = cost[i - 1][j - 1] + (same ? 0 : 1);
        cost[i][j] = Math.min(change, 1 + Math.min(cost[i - 1][j], cost[i][j - 1]));
        boolean swapped =
            i > 1
                && j > 1
                && a.charAt(i - 1) == b.charAt(j - 2)
                && a.charAt(i - 2) == b.charAt(j - 1);
        if (swapped) {
          cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
        }
      }
    }
    return cost[a.length()][b.length()];
  }
}
