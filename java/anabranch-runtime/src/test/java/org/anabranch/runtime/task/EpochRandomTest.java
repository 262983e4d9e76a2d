package org.anabranch.runtime.task;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.Callable;
import java.util.random.RandomGenerator;
import java.util.stream.Stream;
import org.anabranch.runtime.task.run.Choices;
import org.junit.jupiter.api.Test;

/** The same numbers in every run of an epoch. */
class EpochRandomTest {
  /** What a task is at. */
  private static final class Place implements Choices {
    private long epoch;
    private boolean quiet;

    @Override
    public long now() {
      return 0;
    }

    @Override
    public <T> T value(Callable<T> call) throws Exception {
      return call.call();
    }

    @Override
    public long epoch() {
      return epoch;
    }

    @Override
    public boolean quiet() {
      return quiet;
    }
  }

  private final Place place = new Place();
  private final RandomGenerator random = of(3, place);

  private static RandomGenerator of(int operator, Choices choices) {
    return new EpochRandom("job", operator, 0, choices);
  }

  private static List<Long> three(RandomGenerator random) {
    return Stream.generate(random::nextLong).limit(3).toList();
  }

  @Test
  void numbersBeginAnewWithAnEpochWhateverCameBeforeIt() {
    random.nextLong();

    place.epoch = 7;

    assertThat(three(random)).isEqualTo(three(of(3, place))).isNotEqualTo(three(of(4, place)));
  }

  @Test
  void whatIsDrawnAsideLeavesNoTrace() {
    place.quiet = true;
    long aside = random.nextLong();
    place.quiet = false;

    List<Long> numbers = three(random);

    assertThat(numbers).isEqualTo(three(of(3, place))).doesNotContain(aside);
  }
}
