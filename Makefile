# What a developer needs: `make setup`, `make test`, `make demo`. `make` alone lists everything.
#
# Steps that build something leave a stamp in .make/ and are skipped until one of their sources changes.
# They need Python >= 3.10, a JDK >= 17, Maven and a C compiler, and nothing else; tools/prerequisites says what is missing.

SHELL := /bin/sh
.DEFAULT_GOAL := help
# One step at a time: the output stays readable, and Maven must not run twice at once.
.NOTPARALLEL:

VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
MVN := mvn --batch-mode --no-transfer-progress
FLIGHTS := examples/flights
TRADES := examples/trades

# Maven takes the JDK of JAVA_HOME; what looks for java on PATH is to find the same one.
export PATH := $(if $(JAVA_HOME),$(JAVA_HOME)/bin:)$(PATH)

# How many tests of Python run side by side.
TESTS ?= 2
SIDE_BY_SIDE := -n $(TESTS) --dist worksteal

# Runs a command whose output matters only if it fails.
quietly = { $(1); } > .make/log 2>&1 || { cat .make/log; exit 1; }

# Directories are listed beside their files: a directory changes when a file in it comes or goes.
sources = $(if $(wildcard $(1)),$(shell find $(wildcard $(1))))
PROTO_SOURCES := $(call sources,proto)
NATIVE_SOURCES := $(call sources,python/anabranch/records/native)
JAVA_SOURCES := pom.xml $(wildcard java/*/pom.xml) $(call sources,java/*/src/main) $(PROTO_SOURCES)
FLIGHTS_SOURCES := $(FLIGHTS)/pom.xml $(call sources,$(FLIGHTS)/src)
TRADES_SOURCES := $(TRADES)/pom.xml $(call sources,$(TRADES)/src/main)

RUNTIME_JAR := python/anabranch/jars/anabranch-runtime.jar
FLIGHTS_JAR := $(FLIGHTS)/target/flights.jar

## help          list the targets
.PHONY: help
help:
	@sed -n 's/^## /  make /p' $(MAKEFILE_LIST)

## setup         create .venv with the package installed editable, build and install the jars
.PHONY: setup
setup: .make/python $(RUNTIME_JAR) $(FLIGHTS_JAR) .make/trades .make/class-archive

## test          everything that must hold: setup, linters, tests of both languages
.PHONY: test
test: setup lint-python test-python test-java

## test-python   the tests in tests/, without the slow ones; two at a time, or TESTS=n
.PHONY: test-python
test-python: setup
	@echo "==> testing Python, and whole jobs"
	@$(PY) -m pytest -q $(SIDE_BY_SIDE) -m "not slow and not ray"
	@echo "==> testing a few jobs on Ray"
	@$(PY) -m pytest -q -m "smoke" tests/jobs/ray

## test-java     the tests in java/ (and the check of their format)
.PHONY: test-java
test-java: setup
	@echo "==> testing Java"
	@$(MVN) -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
	  -Dorg.slf4j.simpleLogger.log.org.apache.maven.plugin.surefire=info verify
	@echo "==> testing the Java examples, projects of their own"
	@for project in java-jobs java-company; do \
	  ANABRANCH_PYTHON=$(CURDIR)/$(PY) $(MVN) -f examples/$$project/pom.xml \
	    -Dorg.slf4j.simpleLogger.defaultLogLevel=warn \
	    -Dorg.slf4j.simpleLogger.log.org.apache.maven.plugin.surefire=info verify || exit 1; \
	done

## test-slow     the tests that take long
.PHONY: test-slow
test-slow: setup
	@echo "==> testing what takes long"
	@$(PY) -m pytest -q -m slow

## test-ray      every whole-job test on Ray, and those of Ray itself (about 45 minutes)
.PHONY: test-ray
test-ray: setup
	@echo "==> testing jobs on Ray"
	@$(PY) -m pytest -q -m "ray and not slow" tests/jobs/ray
	@ANABRANCH_TEST_LAUNCHER=ray $(PY) -m pytest -q -m "not slow and not ray and not local" tests/jobs
	@echo "==> testing Java drivers on Ray"
	@tools/java-on-ray $(PY) $(MVN)

## soak          kills workers for ten minutes and compares whole results
.PHONY: soak
soak: setup
	@$(PY) tests/soak.py

## fuzz          fuzzes the C codec against pure Python and Java, five minutes or MINUTES=n; needs clang
.PHONY: fuzz
fuzz: setup
	@$(PY) tests/fuzz/run.py --minutes $(or $(MINUTES),5)

## lint          ruff, mypy, import rules, format of the Java code
.PHONY: lint lint-python
lint: lint-python
	@echo "==> checking the format of the Java code"
	@$(call quietly,$(MVN) -q spotless:check)
	@$(call quietly,$(MVN) -q -f benchmarks/peers/flink-java/pom.xml spotless:check)

lint-python: .make/python
	@echo "==> linting Python"
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet
	@$(BIN)/mypy --no-error-summary
	@$(call quietly,$(BIN)/lint-imports)

## wheel         a wheel for this Python, with the jar of the Java runtime, in dist/
.PHONY: wheel
wheel: .make/python $(RUNTIME_JAR)
	@$(PY) -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	@ls dist/*.whl

## demo          the main job on real input: delays of 336,776 flights, see examples/flights
.PHONY: demo
demo: .make/python $(RUNTIME_JAR) $(FLIGHTS_JAR)
	@$(PY) $(FLIGHTS)/flights.py

## demo-ray      the same on three Ray nodes of this machine
.PHONY: demo-ray
demo-ray: .make/python $(RUNTIME_JAR) $(FLIGHTS_JAR)
	@$(PY) $(FLIGHTS)/flights_on_ray.py

## bench-ray     speed of the language boundary and of the start on Ray, beside local processes
.PHONY: bench-ray
bench-ray: setup
	@$(PY) -m benchmarks ray startup-ray

## bench-recovery  how long a killed worker leaves its keys without output, and what exactly once costs
.PHONY: bench-recovery
bench-recovery: setup
	@$(PY) -m benchmarks recovery cost-wordcount cost-crossing

## bench         speed of the language boundary, of word count and of the start beside peers, in 5 minutes; see benchmarks/
.PHONY: bench
bench: setup
	@$(PY) -m benchmarks

## bench-all     every workload beside every peer that is installed (an hour)
.PHONY: bench-all
bench-all: setup
	@$(PY) -m benchmarks --all

## bench-check   `make bench`, then fails if a ratio has lost more than 20 % of the accepted one
.PHONY: bench-check
bench-check: bench
	@$(PY) -m benchmarks check

## clean         remove all that the build has made
.PHONY: clean
clean:
	rm -rf .make $(VENV) build dist python/*.egg-info python/anabranch/v1 python/anabranch/jars
	rm -rf java/*/target target examples/java-jobs/target examples/java-company/target $(TRADES)/target $(FLIGHTS)/target $(FLIGHTS)/out benchmarks/out benchmarks/peers/*/target benchmarks/.environments
	rm -rf .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	find python tests examples benchmarks -name __pycache__ -prune -exec rm -rf {} +
	find python -name '*.so' -delete

# --- what is built

.make:
	@mkdir -p $@

$(VENV)/pyvenv.cfg: | .make
	@python=$$(PYTHON="$(PYTHON)" tools/prerequisites python) || exit 1; \
	echo "==> creating $(VENV) with $$python"; \
	"$$python" -m venv $(VENV)

# An editable install: the code of the contract and the C codec are built in place.
.make/python: $(VENV)/pyvenv.cfg pyproject.toml setup.py $(PROTO_SOURCES) $(NATIVE_SOURCES) | .make
	@tools/prerequisites native $(PY)
	@echo "==> installing the Python package and its tools into $(VENV) (one or two minutes the first time)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --editable '.[dev,examples,ray]'
	@touch $@

$(RUNTIME_JAR): $(JAVA_SOURCES) | .make
	@tools/prerequisites java
	@echo "==> building the jars and installing them in the local Maven repository (one or two minutes the first time)"
	@$(call quietly,$(MVN) -q install -Dmaven.test.skip -Dspotless.check.skip)
	@mkdir -p $(@D)
	@cp java/anabranch-runtime/target/anabranch-runtime-*-all.jar $@.new
	@mv $@.new $@

# Halves the time that a JVM takes to start; a job that lives long enough makes it too.
.make/class-archive: .make/python $(RUNTIME_JAR)
	@$(PY) -m anabranch.launch.class_archive
	@touch $@

$(FLIGHTS_JAR): $(FLIGHTS_SOURCES) $(RUNTIME_JAR) | .make
	@echo "==> building the operators of the demo"
	@$(call quietly,$(MVN) -q -f $(FLIGHTS)/pom.xml package)
	@touch $@

.make/trades: $(TRADES_SOURCES) $(RUNTIME_JAR) | .make
	@echo "==> building the Java operator of the protobuf example"
	@$(call quietly,$(MVN) -q -f $(TRADES)/pom.xml package)
	@touch $@
