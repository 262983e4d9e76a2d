package org.anabranch.runtime.exchange.output;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.GatheringByteChannel;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class SendQueueTest {

  /** Takes at most so many bytes per call, and none every other time. */
  private static final class Trickle implements GatheringByteChannel {
    private final ByteArrayOutputStream taken = new ByteArrayOutputStream();
    private final Random random;
    private boolean blocked;

    Trickle(long seed) {
      random = new Random(seed);
    }

    @Override
    public long write(ByteBuffer[] sources, int offset, int length) {
      blocked = !blocked;
      int room = blocked ? 0 : 1 + random.nextInt(100_000);
      long written = 0;
      for (int i = offset; i < offset + length && room > 0; i++) {
        while (sources[i].hasRemaining() && room > 0) {
          taken.write(sources[i].get());
          room--;
          written++;
        }
      }
      return written;
    }

    @Override
    public long write(ByteBuffer[] sources) {
      return write(sources, 0, sources.length);
    }

    @Override
    public int write(ByteBuffer source) {
      return (int) write(new ByteBuffer[] {source}, 0, 1);
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {
      // nothing to close
    }
  }

  @Property(tries = 50)
  void bytesLeaveInTheOrderInWhichTheyCame(
      @ForAll @Size(max = 30) List<@IntRange(min = 1, max = 200_000) Integer> frames,
      @ForAll long seed)
      throws IOException {
    SendQueue queue = new SendQueue(new ChunkPool());
    Trickle socket = new Trickle(seed);
    Random random = new Random(seed);
    ByteArrayOutputStream expected = new ByteArrayOutputStream();
    for (int size : frames) {
      byte[] frame = new byte[size];
      random.nextBytes(frame);
      expected.write(frame);
      int split = random.nextInt(size + 1);
      queue.append(frame, 0, split);
      queue.append(frame, split, size - split);
      queue.endFrame();
      if (random.nextBoolean()) {
        queue.writeTo(socket);
      }
      assertThat(queue.bytes()).isEqualTo(expected.size() - socket.taken.size());
    }
    while (!queue.writeTo(socket)) {
      // it takes some the next time
    }

    assertThat(socket.taken.toByteArray()).isEqualTo(expected.toByteArray());
    assertThat(queue.bytes()).isZero();
    assertThat(queue.frames()).isZero();
    assertThat(queue.atFrameBoundary()).isTrue();
  }
}
