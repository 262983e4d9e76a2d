package com.acme.flights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class FlightTest {

  @Test
  void takesCarrierOriginAndDelaysOfARow() {
    Flight flight =
        Flight.parse(
            "2013,1,1,517,515,2,830,819,-11,UA,1545,N14228,EWR,IAH,227,1400,5,15,2013-01-01T10:00:00Z");

    assertEquals(new Flight("UA", "EWR", 2, -11), flight);
  }

  @Test
  void leavesTheDelaysOfACancelledFlightOpen() {
    Flight flight =
        Flight.parse(
            "2013,1,1,NA,1630,NA,NA,1815,NA,EV,4308,N18120,EWR,RDU,NA,416,16,30,2013-01-01T21:00:00Z");

    assertEquals(new Flight("EV", "EWR", null, null), flight);
  }

  @Test
  void letsTheEndOfTheRowsPass() {
    assertNull(Flight.parse(null));
  }

  @Test
  void refusesARowWithOtherColumns() {
    var refused = assertThrows(IllegalArgumentException.class, () -> Flight.parse("2013,1,1"));

    assertEquals("a flight has 19 columns, this row 3", refused.getMessage());
  }
}
