package org.anabranch.runtime;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

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

  @ArchTest
  static final ArchRule eachLayerIsUsedFromAboveOnly =
      layeredArchitecture()
          .consideringOnlyDependenciesInAnyPackage("org.anabranch.runtime..")
          .layer("bridge")
          .definedBy("org.anabranch.runtime.bridge..")
          .layer("ray")
          .definedBy("org.anabranch.runtime.ray..")
          .layer("worker")
          .definedBy("org.anabranch.runtime.worker..")
          .layer("control")
          .definedBy("org.anabranch.runtime.control..")
          .layer("operator")
          .definedBy("org.anabranch.runtime.operator..")
          .layer("exchange")
          .definedBy("org.anabranch.runtime.exchange..")
          .layer("recovery")
          .definedBy("org.anabranch.runtime.recovery..")
          .layer("records")
          .definedBy("org.anabranch.runtime.records..")
          .whereLayer("bridge")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("worker")
          .mayOnlyBeAccessedByLayers("bridge", "ray")
          .whereLayer("control")
          .mayOnlyBeAccessedByLayers("worker", "bridge")
          .whereLayer("operator")
          .mayOnlyBeAccessedByLayers("worker", "bridge")
          .whereLayer("exchange")
          .mayOnlyBeAccessedByLayers("operator", "worker")
          .whereLayer("recovery")
          .mayOnlyBeAccessedByLayers("exchange", "worker")
          .whereLayer("records")
          .mayOnlyBeAccessedByLayers("exchange", "operator", "worker", "bridge");

  @ArchTest
  static final ArchRule onlyTheBridgeSpeaksToPy4j =
      noClasses()
          .that()
          .resideOutsideOfPackage("org.anabranch.runtime.bridge..")
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
