package org.anabranch.runtime.operator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.anabranch.api.function.RuntimeContext;
import org.anabranch.proto.v1.FrameHeader;
import org.anabranch.proto.v1.Language;
import org.anabranch.proto.v1.Operator;
import org.anabranch.runtime.records.Decoder;
import org.anabranch.runtime.records.Encoder;
import org.anabranch.runtime.records.RecordException;
import org.anabranch.runtime.records.TypeRegistry;
import org.junit.jupiter.api.Test;

class CollectOperatorTest {
  private final TypeRegistry types =
      new TypeRegistry(CollectOperatorTest.class.getClassLoader(), List.of());
  private final List<List<Object>> batches = new ArrayList<>();
  private int waited;
  private final CollectOperator operator =
      new CollectOperator(7, new Encoder(Language.LANGUAGE_JAVA, types), new Host());

  /** Decodes what it is given. */
  private final class Host implements OperatorChain.Host {
    @Override
    public void collected(int operatorId, FrameHeader header, ByteString payload) {
      assertThat(operatorId).isEqualTo(7);
      Decoder decoder = new Decoder(Language.LANGUAGE_JAVA, types);
      batches.add(
          List.of(
              decoder.decode(
                  payload.toByteArray(), header.getNRecords(), header.getSchemasList())));
    }

    @Override
    public void awaitCollected() {
      waited++;
    }

    @Override
    public RuntimeContext context(Operator of) {
      return null;
    }

    @Override
    public void emit(Object key, Object value) {}

    @Override
    public void emitDeadLetter(Map<String, Object> letter) {}

    @Override
    public boolean endsTask(Throwable error) {
      return true;
    }

    @Override
    public void checkCancelled() {}

    @Override
    public void look(long now) {}

    @Override
    public String jobId() {
      return "job";
    }
  }

  @Test
  void recordsKeepTheirTypesAndTheirOrder() {
    operator.process(null, 1);
    operator.process("key", 'c');
    operator.process(null, List.of(2L));
    operator.finish();

    assertThat(batches).containsExactly(List.of(1, 'c', List.of(2L)));
  }

  @Test
  void whatCameBeforeACheckpointIsSentBeforeIt() {
    operator.process(null, "before");
    operator.save(1);
    operator.process(null, "after");
    assertThat(batches).containsExactly(List.of("before"));

    operator.finish();
    operator.finish();

    assertThat(batches).containsExactly(List.of("before"), List.of("after"));
  }

  @Test
  void aFullBatchIsSentAndWaitsForTheClient() {
    for (int i = 0; i < 1030; i++) {
      operator.process(null, i);
    }

    assertThat(batches).hasSize(1);
    assertThat(batches.get(0)).hasSize(1024);
    assertThat(waited).isEqualTo(1);
  }

  @Test
  void aRecordIsTakenAsItIsWhenItComes() {
    List<Integer> changed = new ArrayList<>(List.of(1));
    operator.process(null, changed);
    changed.add(2);
    operator.finish();

    assertThat(batches).containsExactly(List.of(List.of(1)));
  }

  @Test
  void aRecordThatCannotBeSentIsRefused() {
    assertThatThrownBy(() -> operator.process(null, new Object()))
        .isInstanceOf(RecordException.class);
  }
}
