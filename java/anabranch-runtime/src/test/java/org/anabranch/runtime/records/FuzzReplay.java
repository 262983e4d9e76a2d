package org.anabranch.runtime.records;

import static org.anabranch.proto.v1.Language.LANGUAGE_PYTHON;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.anabranch.proto.v1.Schema;
import org.anabranch.proto.v1.TypeBinding;

/**
 * What the codec makes of the inputs of tests/fuzz.
 *
 * <p>An input is the number of values in a byte, and the payload. Uses nothing but the JDK and the
 * runtime, so that it can be run without the libraries of the tests.
 */
final class FuzzReplay {
  /** The enum of the inputs. */
  enum Color {
    RED,
    GREEN
  }

  /** How an outcome begins that is a refusal. */
  static final String REFUSED = "refused";

  // As in tests/fuzz/values.py; there is no class of these names here.
  private static final List<Schema> SCHEMAS =
      List.of(
          Schemas.of("fuzz.Plain", List.of("a", "b")),
          Schemas.of("fuzz.Frozen", List.of("x")),
          Schemas.of("fuzz.Empty", List.of()),
          Schemas.of("fuzz.Pair", List.of("first", "second")),
          Schemas.of("fuzz.Point", List.of("x", "y")),
          Schemas.of("fuzz.Unknown", List.of("k", "v")));

  private static final TypeRegistry TYPES =
      new TypeRegistry(
          FuzzReplay.class.getClassLoader(),
          List.of(
              TypeBinding.newBuilder()
                  .setName("fuzz.Color")
                  .setJavaClass(Color.class.getName())
                  .build()));

  private FuzzReplay() {}

  /** Returns the canonical bytes of what an input decodes to, as hex, or that it is refused. */
  static String outcome(byte[] input) {
    int n = input.length == 0 ? 0 : input[0] & 0xff;
    byte[] payload = Arrays.copyOfRange(input, Math.min(1, input.length), input.length);
    Object[] values;
    try {
      values = new Decoder(LANGUAGE_PYTHON, TYPES).decode(payload, n, SCHEMAS);
    } catch (RecordException e) {
      return REFUSED + ": " + String.valueOf(e.getMessage()).replaceAll("\\s", " ");
    }
    // What was read can be written; a refusal here would be a finding.
    EncodedBatch again = new Encoder(LANGUAGE_PYTHON, TYPES).encode(Arrays.asList(values));
    return HexFormat.of().formatHex(again.bytes(), again.offset(), again.offset() + again.length());
  }

  /** Reads inputs, each with its length in front, and prints an outcome a line. */
  public static void main(String[] args) throws IOException {
    DataInputStream in = new DataInputStream(new BufferedInputStream(System.in));
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    while (true) {
      int length;
      try {
        length = in.readInt();
      } catch (EOFException e) {
        break;
      }
      byte[] input = in.readNBytes(length);
      try {
        out.println(outcome(input));
      } catch (RuntimeException | Error e) {
        out.println("broken: " + String.valueOf(e).replaceAll("\\s", " "));
      }
    }
    out.flush();
  }
}
