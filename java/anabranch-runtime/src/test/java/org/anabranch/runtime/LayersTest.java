package org.anabranch.runtime;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import org.anabranch.runtime.exchange.wire.CancelledException;
import org.anabranch.runtime.exchange.wire.ExchangeConfig;
import org.anabranch.runtime.exchange.wire.ExchangeException;
import org.anabranch.runtime.exchange.wire.Guarantee;
import org.anabranch.runtime.exchange.wire.Shortage;

/** Which package may use which. */
@AnalyzeClasses(packages = "org.anabranch", importOptions = DoNotIncludeTests.class)
class LayersTest {

  @ArchTest
  static final ArchRule theApiUsesNothingButItself =
      classes()
          .that()
          .resideInAPackage("org.anabranch.api..")
          .should()
          .onlyDependOnClassesThat()
          .resideInAnyPackage("org.anabranch.api..", "java..");

  /** A package that no layer names makes this fail: give it a layer. */
  @ArchTest
  static final ArchRule eachLayerIsUsedFromAboveOnly =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage("org.anabranch.runtime..")
          .ensureAllClassesAreContainedInArchitectureIgnoring(
              "org.anabranch.api..", "org.anabranch.client..", "org.anabranch.proto..")
          .layer("cds")
          .definedBy("org.anabranch.runtime.cds..")
          .layer("ray")
          .definedBy("org.anabranch.runtime.ray..")
          .layer("bridge")
          .definedBy("org.anabranch.runtime.bridge..")
          .layer("worker")
          .definedBy("org.anabranch.runtime.worker..")
          .layer("task")
          .definedBy("org.anabranch.runtime.task")
          .layer("run")
          .definedBy("org.anabranch.runtime.task.run..")
          .layer("job")
          .definedBy("org.anabranch.runtime.job..")
          .layer("process")
          .definedBy("org.anabranch.runtime.process..")
          .layer("control")
          .definedBy("org.anabranch.runtime.control..")
          .layer("operator")
          .definedBy("org.anabranch.runtime.operator..")
          .layer("exchange")
          .definedBy("org.anabranch.runtime.exchange")
          .layer("input")
          .definedBy("org.anabranch.runtime.exchange.input..")
          .layer("output")
          .definedBy("org.anabranch.runtime.exchange.output..")
          .layer("wire")
          .definedBy("org.anabranch.runtime.exchange.wire..")
          .layer("replay")
          .definedBy("org.anabranch.runtime.replay..")
          .layer("checkpoint")
          .definedBy("org.anabranch.runtime.checkpoint..")
          .layer("state")
          .definedBy("org.anabranch.runtime.state..")
          .layer("secrets")
          .definedBy("org.anabranch.runtime.secrets..")
          .layer("records")
          .definedBy("org.anabranch.runtime.records..")
          .layer("text")
          .definedBy("org.anabranch.runtime.text..")
          .whereLayer("cds")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("ray")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("bridge")
          .mayOnlyBeAccessedByLayers("cds")
          .whereLayer("worker")
          .mayOnlyBeAccessedByLayers("bridge", "cds", "ray")
          .whereLayer("control")
          .mayOnlyBeAccessedByLayers("worker", "cds")
          .whereLayer("task")
          .mayOnlyBeAccessedByLayers("worker")
          .whereLayer("run")
          .mayOnlyBeAccessedByLayers("task")
          .whereLayer("job")
          .mayOnlyBeAccessedByLayers("run", "task", "worker", "bridge")
          .whereLayer("process")
          .mayOnlyBeAccessedByLayers("run", "task", "worker", "ray", "bridge")
          .whereLayer("operator")
          .mayOnlyBeAccessedByLayers("job", "run", "task", "bridge")
          .whereLayer("exchange")
          .mayOnlyBeAccessedByLayers("run", "task")
          .whereLayer("input")
          .mayOnlyBeAccessedByLayers("exchange", "run", "task")
          .whereLayer("output")
          .mayOnlyBeAccessedByLayers("exchange", "operator", "run", "task")
          .whereLayer("wire")
          .mayOnlyBeAccessedByLayers("exchange", "input", "output", "job", "run", "task")
          .whereLayer("replay")
          .mayOnlyBeAccessedByLayers("exchange", "input", "output", "wire", "job", "run", "task")
          .whereLayer("checkpoint")
          .mayOnlyBeAccessedByLayers("job", "run", "task", "worker")
          .whereLayer("state")
          .mayOnlyBeAccessedByLayers("checkpoint", "operator", "job", "run", "task")
          .whereLayer("secrets")
          .mayOnlyBeAccessedByLayers("checkpoint", "wire")
          .whereLayer("records")
          .mayOnlyBeAccessedByLayers(
              "exchange", "input", "output", "operator", "state", "job", "run", "task", "bridge")
          .whereLayer("process")
          .mayNotAccessAnyLayer()
          .whereLayer("secrets")
          .mayNotAccessAnyLayer()
          .whereLayer("text")
          .mayNotAccessAnyLayer();

  @ArchTest
  static final ArchRule packagesFormNoCircles =
      slices().matching("org.anabranch.runtime.(**)").should().beFreeOfCycles();

  /** The wire is public for the two sides of an exchange; to others it has settings and errors. */
  @ArchTest
  static final ArchRule onlyTheExchangeTouchesTheWire =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.anabranch.runtime.exchange..")
          .should()
          .dependOnClassesThat(
              resideInAPackage("org.anabranch.runtime.exchange.wire..")
                  .and(
                      not(
                          belongToAnyOf(
                              CancelledException.class,
                              ExchangeConfig.class,
                              ExchangeException.class,
                              Guarantee.class,
                              Shortage.class))));

  @ArchTest
  static final ArchRule onlyTheBridgeSpeaksToPy4j =
      noClasses()
          .that()
          .resideOutsideOfPackages("org.anabranch.runtime.bridge..", "org.anabranch.runtime.cds..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("py4j..");

  @ArchTest
  static final ArchRule onlyTheControlStreamSpeaksGrpc =
      noClasses()
          .that()
          .resideOutsideOfPackages("org.anabranch.runtime.control..", "org.anabranch.proto..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.grpc..");
}
