package com.acme.flights;

/**
 * What the report needs of one row.
 *
 * @param carrier two-letter code of the airline
 * @param origin three-letter code of the airport
 * @param departureDelay minutes; null if the flight never left
 * @param arrivalDelay minutes; null if the flight never arrived where it was meant to
 */
public record Flight(String carrier, String origin, Integer departureDelay, Integer arrivalDelay) {
  private static final int COLUMNS = 19;
  private static final String MISSING = "NA";

  /**
   * Parses a row of flights.csv. The null that ends the rows of a source stays null.
   *
   * @throws IllegalArgumentException if the row has other columns than expected
   */
  public static Flight parse(String row) {
    if (row == null) {
      return null;
    }
    String[] columns = row.split(",", -1);
    if (columns.length != COLUMNS) {
      throw new IllegalArgumentException(
          "a flight has %d columns, this row %d".formatted(COLUMNS, columns.length));
    }
    return new Flight(columns[9], columns[12], minutes(columns[5]), minutes(columns[8]));
  }

  private static Integer minutes(String column) {
    return column.equals(MISSING) ? null : Integer.valueOf(column);
  }
}
