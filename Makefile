# The verbs of this repository; `make` alone lists them. `.ci/run` calls check, demo and test, in this order.
# One debug build in .build serves all three: every call of SwiftPM below has the same flags.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# A warning in our targets is an error; SwiftPM does not pass the flag on to packages.
# A packager with another compiler says `make WARNINGS_AS_ERRORS=false build`.
WARNINGS_AS_ERRORS ?= true

SWIFT ?= swift
FLAGS := $(if $(filter-out false 0 no,$(WARNINGS_AS_ERRORS)),-Xswiftc -warnings-as-errors)
# Nobody loads the program as a library: without a table of its 60,000 names it is 4 MB smaller and starts with less.
LINK := -Xlinker --exclude-libs=ALL -Xlinker --no-export-dynamic
DEBUG := .build/debug/braket-runner
RELEASE := .build/release/braket-runner
DIST := dist/braket-runner
DEMO := .demo
PYTHON := .venv/bin/python
FORMATTED := Package.swift Sources Tests

.PHONY: help
help: ## List the verbs.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what a bare Debian or Ubuntu with Swift and Python lacks; costs nothing when all is there.
	@scripts/setup.sh

.PHONY: build
build: setup ## Build the debug program.
	@$(SWIFT) build $(FLAGS) --product braket-runner

.PHONY: release
release: setup ## Build dist/braket-runner: optimised, stripped, the Swift runtime inside.
	@$(SWIFT) build -c release --static-swift-stdlib --product braket-runner $(LINK)
	@mkdir -p dist
	@strip -o $(DIST).new $(RELEASE)
	@mv $(DIST).new $(DIST)
	@scripts/check-linkage.sh $(DIST)

# The quick checks come first; the build and what reads it come last. `make -k check` goes on
# after a failure, and each part is a target of its own.
.NOTPARALLEL:
CHECKS := format source docs graph warnings linkage reference
.PHONY: check $(CHECKS:%=check-%)
check: setup $(CHECKS:%=check-%) ## Check format, source, docs, graph, warnings, linkage and the pages made from the code.

check-format:
	@echo "== format"
	@$(SWIFT) format lint --strict --parallel --recursive --configuration .swift-format $(FORMATTED)

check-source:
	@echo "== source: size of files and functions, words that end the process"
	@scripts/check-source.py

check-graph:
	@echo "== graph: ARCHITECTURE.md, Package.swift and imports agree"
	@scripts/check-graph.py

check-warnings:
	@echo "== warnings: the build, tests included"
	@$(SWIFT) build $(FLAGS) --build-tests

check-docs:
	@echo "== docs: every declaration that is not private"
	@scripts/check-docs.py

check-linkage:
	@echo "== linkage: no Foundation, no ICU"
	@scripts/check-linkage.sh $(DEBUG) $(wildcard $(DIST))

check-reference:
	@echo "== reference: the pages of docs/ that are made from the code"
	@scripts/make-docs.py $(DEBUG) --check

.PHONY: docs
docs: build ## Write the pages of docs/ that are made from the code.
	@scripts/make-docs.py $(DEBUG)

# In runs of their own: all tests of a run start at once, and those that drive the binary, pack archives or scan folders
# hold Swift's two threads, while those of the stores wait for answers that must be taken in time.
TEST := scripts/run-tests.py $(SWIFT) test $(FLAGS) --disable-xctest --
# Swift Testing's exit tests hang when another test leaves a child behind that it did not wait for, so the tests that start
# children are not among the first.
LONG := ArchiveTests|CheckpointsTests|ProcessSupervisionTests|OutputLogTests|ScriptWatchTests|JobHarnessTests
ASKING := S3Tests|RunnerHTTPTests|AWSCredentialsTests|AWSRequestsTests|RunnerTestSupportTests
.PHONY: test
test: setup ## Run all tests.
	@$(TEST) --skip '$(LONG)|$(ASKING)|IntegrationTests'
	@$(TEST) --skip-build --filter '$(ASKING)'
	@$(TEST) --skip-build --filter '$(LONG)'
	@$(TEST) --skip-build --filter IntegrationTests

.PHONY: test-cluster
test-cluster: build ## Test jobs of many hosts on network namespaces; skipped, saying so, where there can be none.
	@scripts/cluster/test.py $(DEBUG)

.PHONY: example-mpi
example-mpi: build ## Run examples/mpi on three hosts made of this machine.
	@scripts/setup.sh --cluster
	@examples/mpi/run.sh $(DEBUG)

# What the job does to a new machine: only the store, which stands for S3, outlives a run.
.PHONY: demo
demo: build ## Run examples/qaoa as a hybrid job below .demo; again: it resumes from its checkpoints.
	@scripts/demo.sh $(DEBUG) $(PYTHON) $(DEMO)

# The debug build with its Swift libraries beside it: what goes into a container of one's own needs no other binary.
.PHONY: test-image
test-image: build ## Build the images with podman and drive them; says SKIPPED where podman cannot run containers.
	@scripts/setup.sh --images || echo "setup: going on with what is there" >&2
	@scripts/test-image.py $(DEBUG) $(if $(BASE),--base $(BASE))

# What the Dockerfile takes may be given: make image IMAGE=mine:1 BINARY=dist/braket-runner BASE_IMAGE=debian:bookworm-slim
IMAGE ?= braket-runner:latest
IMAGE_ARGUMENTS := $(foreach name,BASE_IMAGE BINARY PYTHON_PACKAGES SWIFT_IMAGE,$(if $($(name)),"$(name)=$($(name))"))
.PHONY: image
image: ## Build the image IMAGE with docker, podman or buildah (container/README.md).
	@BUILD_FLAGS="$(BUILD_FLAGS)" scripts/make-image.sh $(IMAGE) $(IMAGE_ARGUMENTS)

.PHONY: dist
dist: release ## Build the tarball of a release: program, notices, completions, man page, SBOM, checksum.
	@scripts/make-dist.py $(DIST) dist

.PHONY: bench
bench: release ## Measure dist/braket-runner against its peers and write BENCHMARKS.md (an hour; scripts/bench.py has --only).
	@scripts/setup.sh --bench
	@scripts/bench.py $(DIST) --write BENCHMARKS.md

# ROUNDS=N make soak: another number.
.PHONY: soak
soak: setup ## Kill the runner 3,000 times at random moments (half an hour); `make test` does it 300 times.
	@ROUNDS=$${ROUNDS:-3000} $(TEST) --filter CheckpointKillTests

.PHONY: kill-matrix
kill-matrix: setup ## End jobs in each way, look at what is recovered, and write the table in BENCHMARKS.md.
	@WRITE_KILL_MATRIX=1 $(TEST) --filter KillMatrixTests

.PHONY: fmt
fmt: ## Format all Swift sources in place.
	@$(SWIFT) format format --in-place --parallel --recursive --configuration .swift-format $(FORMATTED)

.PHONY: clean
clean: ## Remove what runs leave: .demo and dist. Builds stay.
	@rm -rf $(DEMO) dist

.PHONY: distclean
distclean: clean ## Remove also builds, the Python environments and benchmark data: the next build takes minutes.
	@rm -rf .build .venv .bench
