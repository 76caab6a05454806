GOLANGCI := go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
FUZZTIME ?= 1m
DATA     ?= pratique-data
RACE     := $(if $(shell command -v "$$(go env CC)"),-race)

.PHONY: run build check test kube browser screenshots lint fmt golden fuzz bench help

help: ## what can be made
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 10

run: build ## build and start the server on an embedded store in ./pratique-data
	./bin/pratique serve --data $(DATA)

build: ## build ./bin/pratique
	go build -trimpath -o bin/ ./cmd/pratique

check: lint ## what a reviewer asks for before reading
	go vet ./...

test: kube browser ## every test, with the race detector, a real Kubernetes and a real browser
	@test -n "$(RACE)" || echo "no C compiler is here: testing without the race detector"
	go test $(RACE) -tags kube -timeout 45m ./...
	go -C test/kube test .
	go -C test/browser test -timeout 30m ./...

kube: ## build Kubernetes for tests and demos into the cache
	go -C test/kube run .

browser: ## install what the tests of the console lack: Chromium, the accessibility checker
	go -C test/browser run ./setup

screenshots: kube browser ## pictures of every page, in both themes, into docs/screenshots
	rm -f docs/screenshots/*.png
	go -C test/browser test -timeout 30m -count 1 -run '^TestEveryPage' . -screenshots $(CURDIR)/docs/screenshots

lint: ## linters, tidy modules, modern idioms
	$(GOLANGCI) run --build-tags kube
	go mod tidy -diff

fmt: ## format
	$(GOLANGCI) fmt

golden: ## write golden files anew; read the diff
	UPDATE_GOLDEN=1 go test ./...

fuzz: ## fuzz what reads bytes from outside, FUZZTIME each
	go test ./policy -run '^$$' -fuzz '^FuzzParse$$' -fuzztime $(FUZZTIME)
	go test ./policy -run '^$$' -fuzz '^FuzzDecideAgainstReference$$' -fuzztime $(FUZZTIME)

bench: kube ## print the performance table; builds Kubernetes first where it is missing
	go run ./internal/bench
