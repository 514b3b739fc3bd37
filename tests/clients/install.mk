# What tests/clients needs, each kind where its runtime is: see tests/clients/runtimes.py.
# All of it goes into .clients, from the pins in tests/clients/environments and with the programs.

# Ends a recipe in order, and says so, where there is no such program, or one that is too old.
need = command -v $(1) > /dev/null || { echo "no $(1): $(@D) is left out"; exit 0; }
# The program, the words that make it print its version, and the least that will do.
need_version = $(call need,$(1)); \
  found=$$($(1) $(2) 2>&1 | grep -oE '[0-9]+([.][0-9]+)*' | head -n 1); \
  printf '%s\n' $(3) "$$found" | sort -C -V || { echo "$(1) $$found is older than $(3): $(@D) is left out"; exit 0; }

# Open WebUI is large: it is installed only if it is asked for.
clients: .clients/python/installed .clients/litellm/installed .clients/aider/installed \
  .clients/javascript/installed .clients/agents/installed \
  .clients/system/installed .clients/jvm/installed .clients/go/installed .clients/ollama-cli/installed

# A lock has all that is needed, hence --no-deps.
install_python = $(PYTHON) -m venv .clients/$* && \
	.clients/$*/bin/pip install --quiet --disable-pip-version-check --no-deps -r $< && \
	touch $@

.clients/python/installed .clients/litellm/installed \
  : .clients/%/installed: tests/clients/environments/%.lock.txt
	$(install_python)

# What these two need is not to be had for a newer Python.
.clients/aider/installed .clients/open-webui/installed \
  : .clients/%/installed: tests/clients/environments/%.lock.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info >= (3, 13))' \
	  || { echo "Python is newer than 3.12: .clients/$* is left out"; exit 0; }; \
	$(install_python)

# Whether npm runs the packages' scripts depends on its version.  Two of the agents need theirs.
AGENT_SCRIPTS := @anthropic-ai/claude-code/install.cjs opencode-ai/postinstall.mjs
.clients/javascript/installed .clients/agents/installed \
  : .clients/%/installed: tests/clients/environments/%/package-lock.json
	@$(call need,npm); $(call need_version,node,--version,20); \
	mkdir -p .clients/$* && \
	cp tests/clients/environments/$*/package*.json .clients/$* && \
	npm ci --prefix .clients/$* --ignore-scripts --no-audit --no-fund --loglevel=error && \
	(cd .clients/$*/node_modules && for script in $(AGENT_SCRIPTS); do \
	  ! [ -e $$script ] || node $$script || exit 1; done) && \
	touch $@

# The system's own: what is kept is that they are there.
.clients/system/installed:
	@$(call need_version,javac,-version,17); $(call need,curl); \
	mkdir -p .clients/system && \
	curl --version | grep -q HTTP2 || { echo "curl has no HTTP/2: $(@D) is left out"; exit 0; }; \
	touch $@

# What is copied is all that a run needs, without Maven and without a network.
.clients/jvm/installed: $(shell find tests/clients/programs/jvm -type f)
	@$(call need,mvn); $(call need_version,javac,-version,17); \
	mvn --quiet --batch-mode -Dkotlin.compiler.daemon=false --file tests/clients/programs/jvm/pom.xml -Dbuilt=$(CURDIR)/.clients/jvm \
	  compile dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=$(CURDIR)/.clients/jvm/lib && \
	touch $@

.clients/go/installed: $(wildcard tests/clients/programs/go/*)
	@$(call need_version,go,version,1.26); \
	mkdir -p .clients/go && \
	(cd tests/clients/programs/go && CGO_ENABLED=0 go build -mod=readonly -o $(CURDIR)/.clients/go/api .) && \
	touch $@

# Without Ollama's engine, which is much C++, and not whole in the module: what needs it
# is put aside (see stubs/server).
OLLAMA_CLI := tests/clients/programs/ollama-cli
OLLAMA := github.com/ollama/ollama
.clients/ollama-cli/installed: $(shell find $(OLLAMA_CLI) -type f)
	@$(call need_version,go,version,1.26); \
	rm -rf .clients/ollama-cli && mkdir -p .clients/ollama-cli && \
	cp $(OLLAMA_CLI)/go.mod $(OLLAMA_CLI)/go.sum .clients/ollama-cli && \
	(cd .clients/ollama-cli && go mod vendor) && \
	for stub in $$(cd $(OLLAMA_CLI)/stubs && find . -name '*.go'); do \
	  rm .clients/ollama-cli/vendor/$(OLLAMA)/$$(dirname $$stub)/*.go; done && \
	cp -R $(OLLAMA_CLI)/stubs/. .clients/ollama-cli/vendor/$(OLLAMA) && \
	(cd .clients/ollama-cli && CGO_ENABLED=0 go build -mod=vendor -o ollama \
	  -ldflags "-X $(OLLAMA)/version.Version=$$(go list -mod=mod -m -f '{{slice .Version 1}}' $(OLLAMA))" $(OLLAMA)) && \
	rm -rf .clients/ollama-cli/vendor && \
	touch $@
