package org.anabranch.api;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.anabranch.api.function.SinkFunction;
import org.junit.jupiter.api.Test;

/** Sinks that would fill a collection of the program. */
@SuppressWarnings("serial") // nobody sends these sinks
class ResultBuffersTest {
  private final DataStreamSource<Long> source =
      DataStreamSource.fromCollection(StreamingContext.buildContext(), List.of(1L));

  private void assertRefused(SinkFunction<Long> sink) {
    assertThatThrownBy(() -> source.sink(sink))
        .isInstanceOf(JobGraphException.class)
        .hasMessageContaining("would fill a ArrayList of this program")
        .hasMessageContaining("executeAndCollect");
  }

  @Test
  void aMethodOfAListIsRefused() {
    assertRefused(new ArrayList<Long>()::add);
  }

  @Test
  void aLambdaThatCapturesAnEmptyListIsRefused() {
    List<Long> results = new ArrayList<>();

    assertRefused(n -> results.add(n + 1));
  }

  @Test
  void anAnonymousClassThatCapturesAnEmptyListIsRefused() {
    List<Long> results = new ArrayList<>();

    assertRefused(
        new SinkFunction<>() {
          @Override
          public void sink(Long n) {
            results.add(n);
          }
        });
  }

  @Test
  void aLocalClassThatCapturesAnEmptyListIsRefused() {
    List<Long> results = new ArrayList<>();
    class Fills implements SinkFunction<Long> {
      @Override
      public void sink(Long n) {
        results.add(n);
      }
    }

    assertRefused(new Fills());
  }

  /** The list is its own, in the worker. */
  static class HasAList implements SinkFunction<Long> {
    private final List<Long> batch = new ArrayList<>();

    @Override
    public void sink(Long n) {
      batch.add(n);
    }
  }

  private static SinkFunction<Long> keepingWhatIsIn(List<Long> allowed) {
    return new SinkFunction<>() {
      private final List<Long> batch = new ArrayList<>();

      @Override
      public void sink(Long n) {
        if (allowed.contains(n)) {
          batch.add(n);
        }
      }
    };
  }

  @Test
  void aSinkMayHaveAListOfItsOwnOrCaptureOneThatIsFilled() {
    source.sink(new HasAList());
    source.sink(keepingWhatIsIn(new ArrayList<>(List.of(1L, 2L))));
  }
}
