# The two commands to begin with: make demo, make test.
SHELL       := /bin/bash
VERSION     ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2 # 2026.2.2
GO          ?= go

# A clone that belongs to another user builds as well; the version comes from VERSION.
export GOFLAGS := -buildvcs=false $(GOFLAGS)

export BENCH BENCHTIME BENCHROUNDS FUZZTIME FUZZJOBS

.PHONY: build demo test check bench fuzz clean

build: ## bin/drydock, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/drydock ./cmd/drydock

demo: build ## the story; ARGS=--once ends by itself
	@scripts/demo.sh $(ARGS)

test: ## everything, with the race detector and a real engine; ARGS goes to go test
	@scripts/test.sh $(ARGS)

check: ## formatting, vet, staticcheck, layers, go.mod
	@unformatted=$$(gofmt -l .); test -z "$$unformatted" || { echo "not formatted: $$unformatted"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) test -run '^TestLayers$$' .
	$(GO) mod tidy -diff
	@if command -v shellcheck >/dev/null; then shellcheck scripts/*.sh .ci/run; else echo "shellcheck is not installed: scripts not checked"; fi

bench: ## every benchmark; BENCH chooses by name, BENCHTIME and BENCHROUNDS say how long
	scripts/engine.sh run scripts/bench.sh $(ARGS)

fuzz: ## every fuzz target for FUZZTIME (5m), one a core at a time; ARGS chooses packages
	scripts/fuzz.sh $(ARGS)

clean: ## what the above made
	rm -rf bin
