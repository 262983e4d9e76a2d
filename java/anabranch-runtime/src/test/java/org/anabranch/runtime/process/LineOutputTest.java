package org.anabranch.runtime.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineOutputTest {
  private final List<String> writes = new ArrayList<>();
  private final PrintStream out =
      new PrintStream(new LineOutput(new Recorder()), false, StandardCharsets.UTF_8);

  private final class Recorder extends OutputStream {
    @Override
    public void write(int b) {
      throw new AssertionError("one byte at a time");
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
      writes.add(new String(bytes, offset, length, StandardCharsets.UTF_8));
    }
  }

  @Test
  void aLineIsOneWriteHoweverItIsPrinted() {
    out.println("one");
    out.print("tw");
    out.print("ö");
    out.println();
    out.printf("%s-%d%n", "three", 3);
    out.println("x".repeat(10_000));

    assertThat(writes).containsExactly("one\n", "twö\n", "three-3\n", "x".repeat(10_000) + "\n");
  }

  @Test
  void whatHasNoEndWaitsForIt() {
    out.print("begun\nand");
    out.flush();
    assertThat(writes).containsExactly("begun\n");

    out.println(" ended");
    assertThat(writes).containsExactly("begun\n", "and ended\n");
  }

  @Test
  void whatHasNoEndIsNotHeldForEver() {
    for (int i = 0; i < 200_000; i++) {
      out.print('.');
    }

    assertThat(String.join("", writes)).matches("\\.{100000,200000}");
  }

  @Test
  void eachThreadHasALineOfItsOwnUntilItIsComplete() throws InterruptedException {
    out.print("mine, ");
    Thread other = new Thread(() -> out.println("of another"));
    other.start();
    other.join();
    out.println("whole");

    assertThat(writes).containsExactly("of another\n", "mine, whole\n");
  }

  @Test
  void unfinishedLinesAreEnded() throws IOException, InterruptedException {
    PrintStream before = System.out;
    PrintStream beforeErr = System.err;
    try {
      LineOutput.install(new Recorder(), OutputStream.nullOutputStream());
      Thread other = new Thread(() -> System.out.print("of another"));
      other.start();
      other.join();
      System.out.print("mine");

      LineOutput.finishLines();
      assertThat(writes).containsExactly("mine\n");
      LineOutput.finishAllLines();
      LineOutput.finishAllLines();
      assertThat(writes).containsExactly("mine\n", "of another\n");
    } finally {
      System.setOut(before);
      System.setErr(beforeErr);
    }
  }

  @Test
  void aProgressBarIsShownWhileItGrows() {
    for (int percent : new int[] {10, 20, 30}) {
      out.print("\r" + percent + " %");
      out.flush();
    }
    assertThat(writes).containsExactly("10 %\n", "20 %\n");
    out.println();

    assertThat(writes).containsExactly("10 %\n", "20 %\n", "30 %\n");
  }

  @Test
  void linesOfManyThreadsDoNotMix() throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      String line = String.valueOf(i).repeat(500);
      threads.add(
          new Thread(
              () -> {
                for (int n = 0; n < 100; n++) {
                  out.println(line);
                }
              }));
    }
    threads.forEach(Thread::start);
    for (Thread thread : threads) {
      thread.join();
    }

    assertThat(String.join("", writes).lines())
        .hasSize(400)
        .allMatch(line -> line.length() == 500 && line.chars().distinct().count() == 1);
  }
}
