package com.acme.company;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.acme.company.Orders.Order;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.anabranch.api.CollectedStream;
import org.anabranch.api.DataStream;
import org.anabranch.api.DataStreamSource;
import org.anabranch.api.Job;
import org.anabranch.api.JobFailedException;
import org.anabranch.api.JobGraphException;
import org.anabranch.api.OperatorStatus;
import org.anabranch.api.StreamingContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
class OrdersTest {
  private final StreamingContext context = StreamingContext.buildContext();

  @Test
  void ordersAreTotalledByCustomer() {
    assertEquals(
        List.of(new Order("ann lee", 200), new Order("bob ray", 50), new Order("ann lee", 320)),
        Orders.totals(context).executeAndCollect("orders"));
  }

  @ParameterizedTest
  @CsvSource({
    "gson, '{\"customer\":\"ann lee\",\"cents\":1}'",
    "guava, annLee",
    "codec, edebb9335c07fdff7abd9cc4b37af2a5",
    "grpc, ann lee",
    "kotlin, eel nna",
    "protobuf, ann lee"
  })
  void anOperatorUsesAnyLibraryOfTheProject(String library, String filed) {
    List<String> got =
        DataStreamSource.fromCollection(context, List.of("ann lee"))
            .map(customer -> Orders.filed(library, new Order(customer, 1)))
            .executeAndCollect(library);

    assertEquals(List.of(filed), got);
  }

  @Test
  void valuesThatStayInJavaComeAsTheyAre() {
    List<Object> values = List.of(1, 2L, 'c', 2.5f, Set.of("a"), new Order("ann", 1));

    assertEquals(
        values, DataStreamSource.fromCollection(context, values).executeAndCollect("values"));
  }

  @Test
  void moreThanOneStreamCanBeCollected() throws Exception {
    DataStream<Integer> numbers = DataStreamSource.fromCollection(context, List.of(1, 2, 3));
    CollectedStream<Integer> doubled = numbers.map(x -> 2 * x).collect();
    CollectedStream<Integer> large = numbers.filter(x -> x > 1).collect();
    assertThrows(JobGraphException.class, doubled::get);

    Job job = context.submit("two");

    assertEquals(List.of(2, 4, 6), doubled.get());
    assertEquals(List.of(2, 3), large.get());
    assertEquals(
        new OperatorStatus("map-2", "Java", 1, 3, 3), job.getStatus().operators().get(1));
    assertTrue(job.explain().contains("map-2"), job.explain());
  }

  @Test
  void manyRecordsAreCollectedAndEachOnceInAJobWithCheckpoints(@TempDir Path directory) {
    List<Integer> numbers = new ArrayList<>();
    for (int i = 0; i < 50_000; i++) {
      numbers.add(i);
    }
    context
        .withConfig("anabranch.checkpoint.dir", directory.toString())
        .withConfig("anabranch.checkpoint.interval-ms", "20");

    assertEquals(
        numbers, DataStreamSource.fromCollection(context, numbers).executeAndCollect("many"));
  }

  @Test
  void whatAJobThatFailsHasCollectedIsNotGiven() throws Exception {
    CollectedStream<Integer> collected =
        DataStreamSource.fromCollection(context, List.of(1, 0)).map(x -> 1 / x).collect();
    context.submit("fails");

    assertThrows(JobFailedException.class, collected::get);
  }

  @Test
  void aSinkThatWouldFillAListOfTheProgramIsRefused() {
    List<String> seen = new ArrayList<>();
    DataStream<String> words = DataStreamSource.fromCollection(context, List.of("a"));

    for (var refused :
        List.of(
            assertThrows(JobGraphException.class, () -> words.sink(seen::add)),
            assertThrows(JobGraphException.class, () -> words.sink(word -> seen.add(word))))) {
      assertTrue(refused.getMessage().contains("executeAndCollect"), refused.getMessage());
    }
  }

  @Test
  void pythonCodeOfTheProjectIsSentToTheGateway(@TempDir Path elsewhere) throws Exception {
    Path module = Files.createDirectories(elsewhere.resolve("greetings"));
    Files.writeString(
        module.resolve("__init__.py"),
        """
        from pathlib import Path

        GREETING = Path(__file__).with_name("greeting.txt")

        def greet(name):
            return GREETING.read_text() + name
        """);
    Files.writeString(module.resolve("greeting.txt"), "hello ");
    context.addPythonPath(elsewhere.toString());

    assertEquals(
        List.of("hello ann"),
        DataStreamSource.fromCollection(context, List.of("ann"))
            .asPythonStream()
            .map("greetings", "greet")
            .asJavaStream()
            .executeAndCollect("greets"));
  }

  @Test
  void aRunningJobTellsWhatItsOperatorsHaveDone() throws Exception {
    DataStreamSource.fromCollection(context, List.of(1, 2)).map(x -> x).sink(x -> Thread.sleep(5));
    Job job = context.submit("counts");
    job.await(Duration.ofSeconds(60));

    assertEquals(
        List.of("source-1", "map-2", "sink-3"),
        job.getStatus().operators().stream().map(OperatorStatus::name).toList());
    assertEquals(2, job.getStatus().operators().get(2).recordsIn());
  }
}
