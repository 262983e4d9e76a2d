package org.anabranch.runtime.records;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Java makes of every input that fuzzing has kept what Python makes of it. */
class FuzzCorpusTest {

  private static String digest(String outcome) throws NoSuchAlgorithmException {
    if (outcome.startsWith(FuzzReplay.REFUSED)) {
      return FuzzReplay.REFUSED;
    }
    byte[] bytes = HexFormat.of().parseHex(outcome);
    return HexFormat.of()
        .formatHex(MessageDigest.getInstance("SHA-256").digest(bytes))
        .substring(0, 16);
  }

  @Test
  void everyInputHasItsOutcome() throws NoSuchAlgorithmException {
    List<JsonObject> corpus = Notation.vectors("../fuzz/corpus/decode.json");
    assertThat(corpus).hasSizeGreaterThan(100);
    for (JsonObject entry : corpus) {
      String input = entry.get("input").getAsString();
      // Noted for Java alone where the languages differ as they must: hash codes, years, zones.
      String expected = entry.get(entry.has("java") ? "java" : "outcome").getAsString();

      String outcome = FuzzReplay.outcome(HexFormat.of().parseHex(input));

      assertThat(digest(outcome)).as("%s: %s", input, outcome).isEqualTo(expected);
    }
  }
}
