# Everything is reached from here. `make help` lists the targets.

GO      ?= go
BIN     ?= bin
FUZZTIME ?= 5s
KILLS    ?= 50
CARDS    ?= 100000
SOAK     ?= 100000
FAULTS   ?= 300
SEED     ?= 1
FAILOVERS ?= 10
ROUNDS   ?= 1000
# VERSION is what the binary says of itself: the last tag, the commit, and whether files were changed.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

LINT := $(BIN)/golangci-lint

.DEFAULT_GOAL := help
.PHONY: help demo build test check fmt fmt-check vet lint house unit race client cc postgres chromium kill soak fuzz bench bench-peers bench-sqlite bench-standby bench-webhooks benchmarks bulk conformance contract plans faults failover races takeover transcript axe pages page-figures clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: build ## run the demonstration: from an empty folder to the first tap
	$(BIN)/firsttap demo

build: ## build the binary, static and reproducible, into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o $(BIN)/firsttap ./cmd/firsttap

test: fmt-check vet house lint race client ## all that must pass before a change lands

check: fmt-check vet house lint unit ## the quick look while working

fmt: $(LINT) ## format all code
	$(LINT) fmt

fmt-check: $(LINT)
	$(LINT) fmt --diff

vet:
	$(GO) vet ./...
	$(GO) -C bench/peers/gopeer vet ./...

lint: $(LINT) ## run the linters of .golangci.yaml
	$(LINT) run

house: ## check the rules about the house itself
	$(GO) test -count=1 ./internal/housetest

unit: postgres chromium ## run all tests, without the race detector
	$(GO) test -shuffle=on ./...

# The suites with many processes and servers come last and one after the other, so that each has the machine to itself.
# SQLite's own code (modernc.org) is not watched: it is C made Go, several times slower when it is, and not ours to race.
CROWDED := internal/sqlstore test/contract test/e2e
RACE    := $(GO) test -race -gcflags='modernc.org/...=-race=false' -shuffle=on -count=1 -timeout 80m
race: export CGO_ENABLED = 1
race: cc postgres chromium ## run all tests with the race detector, nothing cached
	$(RACE) $(filter-out $(addprefix %/,$(CROWDED)),$(shell $(GO) list ./...))
	$(RACE) -p 1 $(addprefix ./,$(CROWDED))

# The generator and what its client needs are pinned in test/client/go.mod, apart from ours. The client is made anew each time.
client: ## generate a client from the OpenAPI document of the cards API, and walk with it
	cd test/client && $(GO) tool oapi-codegen -config client.yaml ../../internal/cardsapi/openapi.yaml
	cd test/client && $(GO) vet ./... && $(GO) test -count=1 ./...

# The race detector needs a C compiler; on Debian and its kin a missing one is installed.
cc:
	@command -v $(CC) >/dev/null || { echo 'installing a C compiler for the race detector'; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends gcc libc6-dev; }

kill: postgres ## kill the real server KILLS times while it works, and check what is left
	KILLS=$(KILLS) $(GO) test -count=1 -timeout 60m -v -run TestKill ./test/e2e

soak: postgres ## SOAK events to five webhooks from two instances that are killed at random, on both engines
	SOAK=$(SOAK) $(GO) test -count=1 -timeout 120m -v -parallel 1 -run TestSoak ./test/e2e

faults: postgres ## break PostgreSQL and the line to it FAULTS times under load, and check every answer
	FAULTS=$(FAULTS) SEED=$(SEED) $(GO) test -count=1 -timeout 60m -v -run TestStorm ./internal/sqlstore ./test/e2e

failover: postgres ## kill the primary FAILOVERS times under load, and let the standby take over
	FAILOVERS=$(FAILOVERS) $(GO) test -count=1 -timeout 60m -v -run TestFailOver ./internal/sqlstore

races: postgres ## let 64 callers race through four processes, ROUNDS times on each engine
	ROUNDS=$(ROUNDS) $(GO) test -count=1 -timeout 120m -v -run TestRaces ./test/e2e

takeover: postgres ## kill an instance in the middle of its work, and let another finish it
	$(GO) test -count=1 -v -run TestTakeOver ./test/e2e

# The tests start a PostgreSQL and a PgBouncer of their own; on Debian and its kin missing ones are installed.
postgres:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing=postgresql; \
	PATH="$$PATH:/usr/sbin" command -v pgbouncer >/dev/null || missing="$$missing pgbouncer"; \
	if [ -n "$$missing" ]; then echo "installing for the tests: $$missing"; apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; fi

# One test opens a page in a real browser; on Debian and its kin a missing one is installed.
chromium:
	@command -v chromium >/dev/null || { echo 'installing Chromium for the tests'; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; }

# axe-core looks for what people with disabilities would stumble over. It is one script, of a version whose sum is here.
AXE_VERSION := 4.14.1
AXE_SUM     := FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==
AXE_FILE    := $(BIN)/axe-$(AXE_VERSION).js

$(AXE_FILE):
	@mkdir -p $(BIN); dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	npm pack --silent --pack-destination "$$dir" axe-core@$(AXE_VERSION) >/dev/null && \
	sum=$$(openssl dgst -sha512 -binary "$$dir"/axe-core-*.tgz | base64 -w0) && \
	{ [ "$$sum" = '$(AXE_SUM)' ] || { echo "axe-core $(AXE_VERSION) has another sum: $$sum"; exit 1; }; } && \
	tar -xzOf "$$dir"/axe-core-*.tgz package/axe.min.js > $@.new && mv $@.new $@

axe: $(AXE_FILE) ## get axe-core with npm, and check its sum

pages: chromium axe ## open every page in Chromium, with axe-core; pictures are kept in bin/pages
	@mkdir -p $(BIN)/pages
	AXE=$(abspath $(AXE_FILE)) SCREENSHOTS=$(abspath $(BIN)/pages) $(GO) test -count=1 -timeout 60m -parallel 1 -run TestBrowser ./test/e2e

page-figures: chromium ## weight, requests and time of the pages on a slow phone
	@$(GO) test -count=1 -v -run TestBrowser_PagesAreLight ./test/e2e | grep -E '^ +page_figures|^(ok|FAIL|---)'

# Each fuzz target runs alone, for FUZZTIME. What it finds lands in testdata and stays as a test.
fuzz: ## run each fuzz target for FUZZTIME
	@set -e; for package in $$($(GO) list ./...); do \
	  targets=$$($(GO) test -list '^Fuzz' $$package); \
	  for target in $$(echo "$$targets" | grep '^Fuzz' || true); do \
	    echo "fuzz $$package $$target"; \
	    $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 20x $$package; \
	  done; \
	done

bench: build ## measure activations against the machine, in the short form; on a file, or on DATABASE=postgres://…
	$(BIN)/firsttap bench run --windows 3 --length 500ms --cards 20000 --open-length 3s --database "$(DATABASE)"

bench-peers: build ## the same beside the endpoint written by hand in Go, and with DATABASE=postgres://… in Node
	$(GO) build -C bench/peers/gopeer -o $(abspath $(BIN))/gopeer .
	@[ -z "$(DATABASE)" ] || npm ci --silent --prefix bench/peers/node
	$(BIN)/firsttap bench run --workloads "activate by code" --connections 8,64,256 --windows 5 --length 500ms --cards 30000 --rate 0 \
	  --database "$(DATABASE)" --peer "go=$(abspath $(BIN))/gopeer" $(if $(DATABASE),--peer "node=node bench/peers/node/server.js")

bench-sqlite: build cc ## activations beside bare ones on SQLite's C library
	@[ -f /usr/include/sqlite3.h ] || { echo "installing SQLite's C library to measure against"; \
	  apt-get update -qq && apt-get install -y -qq --no-install-recommends libsqlite3-dev; }
	$(CC) -O2 -Wall -o $(BIN)/csqlite bench/peers/csqlite/activate.c -lsqlite3
	$(BIN)/firsttap bench run --workloads "activate by code" --connections 1,64 --windows 5 --length 500ms --cards 30000 --rate 0 \
	  --reference "C library, 1 a transaction=$(BIN)/csqlite 1" --reference "C library, 64 a transaction=$(BIN)/csqlite 64"

bench-standby: build postgres ## activations while commits wait for a standby, in turns with those that do not; starts both servers itself
	@test/standby.sh $(abspath $(BIN))/firsttap bench run --standby --workloads "activate by code" --connections 64 --windows 7 --length 500ms --cards 12000 --rate 0

bench-webhooks: build ## measure webhooks: deliveries a second, and how soon an event is told; on a file, or on DATABASE=postgres://…
	$(BIN)/firsttap bench webhooks --database "$(DATABASE)"

benchmarks: postgres ## run all benchmarks of the code
	$(GO) test -run '^$$' -bench . -benchmem ./...

conformance: postgres ## run the contract of storage on both engines, and print its cases side by side
	@$(GO) test -count=1 -timeout 30m -v -run '^Test(SQLite|Postgres)_KeepsTheContract$$' ./internal/sqlstore | awk -f test/conformance.awk

contract: postgres ## run the checklists of both published APIs against real processes on both engines, and count
	@$(GO) test -count=1 -timeout 60m -v ./test/contract | awk -f test/contract.awk

plans: build ## fill a fresh database with CARDS cards and show the plan of every hot query; a file, or DATABASE=postgres://…
	@dir=$$(mktemp -d); trap 'rm -rf "$$dir"' EXIT; \
	export FIRSTTAP_DATABASE="$${DATABASE:-sqlite://$$dir/firsttap.db}" FIRSTTAP_KEY_FILE="$$dir/keys.json"; \
	$(BIN)/firsttap bench fill --cards $(CARDS) && $(BIN)/firsttap bench plans

bulk: build ## measure bulk orders, and activations beside them
	$(BIN)/firsttap bench bulk

transcript: build ## send the published examples with curl to a fresh server, and write docs/transcript.md
	@test/transcript.sh $(BIN)/firsttap > docs/transcript.md.new && mv docs/transcript.md.new docs/transcript.md

clean: ## remove what was built
	rm -rf $(BIN)

# The linter is pinned in tools/go.mod, which keeps its many dependencies out of ours. It is built once,
# and again when the pin or the Go version changes.
$(LINT): tools/go.mod tools/go.sum
	@mkdir -p $(BIN)
	@echo 'building golangci-lint from tools/go.mod; this takes a few minutes, once'
	$(GO) build -C tools -o $(abspath $(LINT)) github.com/golangci/golangci-lint/v2/cmd/golangci-lint
