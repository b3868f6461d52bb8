# Every target is one script or one command; `make` alone lists them.
.PHONY: help quickstart test test-long build install-deps lint format docs man bench bench-self bench-check \
	install-bench-deps bench-c sustained soak build-c install uninstall clean

help: ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 22

quickstart: install-deps ## Build the command line and show it surviving a kill, in under 4 minutes.
	@Scripts/quickstart

test: install-deps ## Check the style, build without warnings and run the tests.
	@Scripts/test

test-long: install-deps ## Run the longest tests, in minutes.
	@Scripts/test-long

build: install-deps ## Build the release command line, .build/release/lsmtx.
	swift build -c release --product lsmtx

build-c: install-deps ## Build the command line and the library for C, with the Swift runtime in both.
	@Scripts/install --build

install: ## Install program, library for C, manual and completions in PREFIX, /usr/local; DESTDIR goes before it.
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' LIBDIR='$(LIBDIR)' Scripts/install

uninstall: ## Remove what 'make install' with the same PREFIX has installed, and nothing else.
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' LIBDIR='$(LIBDIR)' Scripts/install --uninstall

install-deps: ## Install what is missing: libxxhash, libedit, pkg-config and a word list.
	@Scripts/install-deps

lint: ## Check the style of every source file.
	@Scripts/lint

format: ## Put the sources into the project's style.
	swift format -i -r $(wildcard Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources Examples)

docs: install-deps ## Make the documentation as static HTML in docs-site/.
	@Scripts/docs

man: build ## Make the manual page lsmtx.1 from the table of the commands.
	.build/release/lsmtx man-page >lsmtx.1

bench: install-bench-deps ## Measure LSMTx beside five other engines; a page of charts in bench.html.
	cd Benchmarks && swift run -c release --traits Peers bench --html ../bench.html --json ../bench.json

bench-self: install-deps ## Measure LSMTx alone.
	cd Benchmarks && swift run -c release bench

bench-c: install-deps ## Measure what a call from C adds to one from Swift.
	@Scripts/build-c-library >/dev/null
	cd Benchmarks && swift run -c release bench c

bench-check: install-bench-deps ## Show that the benchmarks notice engines that are wrong.
	cd Benchmarks && swift run -c release --traits Peers bench --self-check

install-bench-deps: install-deps ## Install the engines that LSMTx is measured beside.
	@Scripts/install-bench-deps

sustained: install-deps ## Overwrite 1 GB for 5 minutes under a scan, and plot it to sustained.svg.
	cd Benchmarks && swift run -c release bench sustained --svg ../sustained.svg

soak: install-deps ## Kill a writing process 5,000 times.
	@LSMTX_KILLS=$${LSMTX_KILLS:-5000} Scripts/test-release KillLoop

clean: ## Remove everything that was built.
	rm -rf .build docs-site lsmtx.1
