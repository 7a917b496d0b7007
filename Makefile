# One non-recursive Makefile. Objects go under build/; `make help` lists the targets.

.DEFAULT_GOAL := all
MAKEFLAGS += --no-builtin-rules
# V=1 shows each command as it is.
V ?= 0
Q := $(if $(filter 0,$(V)),@,)
say = $(if $(filter 0,$(V)),@printf '  %-6s %s\n' $(1) $(2),@:)

PREFIX ?= /usr/local
DESTDIR ?=
VERSION := 0.1.0

# As many jobs as cores, unless -j says otherwise. Goals given together (clean
# all) keep their order: they run one after the other.
JOBS := $(shell nproc 2>/dev/null || echo 2)
ifeq ($(MAKELEVEL)$(word 2,$(MAKECMDGOALS)),0)
MAKEFLAGS += -j$(JOBS)
endif

# VARIANT: release (build/), asan (build/asan/: addresses, undefined behaviour,
# leaks), tsan (build/tsan/: data races), coverage (build/coverage/: lines run) or
# fuzz (build/fuzz/: clang, for libFuzzer).
VARIANT ?= release
OUT := $(if $(filter release,$(VARIANT)),build,build/$(VARIANT))
CC := $(if $(filter fuzz,$(VARIANT)),clang,gcc)

WARN := -Wall -Wextra -Wpedantic -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
        -Wpointer-arith -Wcast-qual -Wwrite-strings -Wvla -Wformat=2 -Wundef -Wnull-dereference
COMMON := -std=c11 -D_GNU_SOURCE -I. -isystem /usr/include/libxml2 -DLAB_VERSION='"$(VERSION)"' \
          -g -fno-common -ffunction-sections -fdata-sections -pthread -MMD -MP
HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection
SANITIZE_asan := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -DLAB_SANITIZED
# Instrumented for threads or to count, gcc 12 sees null dereferences that are not there.
SANITIZE_tsan := -fsanitize=thread -fno-omit-frame-pointer -DLAB_SANITIZED -Wno-null-dereference
SANITIZE_fuzz := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
                 -fno-omit-frame-pointer -DLAB_SANITIZED
SANITIZE_coverage := --coverage -fprofile-update=atomic -Wno-null-dereference
OPT := $(if $(filter release,$(VARIANT)),-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3,-O1 $(SANITIZE_$(VARIANT)))
CFLAGS_ALL := $(COMMON) $(WARN) $(HARDEN) $(OPT) $(CFLAGS)
LDFLAGS_ALL := -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--gc-sections -Wl,--as-needed -pthread \
               $(SANITIZE_$(VARIANT)) $(LDFLAGS)
LIBS := -lcurl -lmariadb -lmicrohttpd -lxml2 -lcjson -lyaml -lsqlite3 -lssl -lcrypto -lm

# The folders of the product, in layer order (CONTRIBUTING.md, "Who may include whom").
FOLDERS := $(addprefix aws/,common crypto http auth model protocol policy config client provider sandbox) \
           $(addprefix steps/,plan mysql store engine kinds) cmd/lab
SRC := $(sort $(wildcard $(addsuffix /*.c,$(FOLDERS))))
ASM := $(wildcard cmd/lab/*.S)
# What labs_data.S takes in with .incbin, which no compiler reports as a dependency.
LABS := $(shell find labs -type f)
SUPPORT_SRC := $(sort $(wildcard tests/support/*.c))
PROBE_SRC := $(filter tests/support/probe%.c,$(SUPPORT_SRC))
HELPER_SRC := $(filter-out $(PROBE_SRC),$(SUPPORT_SRC))
UNIT_SRC := $(sort $(wildcard tests/unit/*/*_test.c tests/unit/*/*/*_test.c tests/vectors/*_test.c tests/e2e/*_test.c))
BENCH_SRC := tests/bench/load.c
TORTURE_SRC := tests/torture/killpoint.c tests/torture/fault.c
STORM_SRC := tests/storm/storm.c
FUZZ_SRC := $(sort $(wildcard tests/fuzz/*_fuzz.c))
REPLAY_SRC := tests/fuzz/replay.c
TORTURE := $(TORTURE_SRC:tests/torture/%.c=build/%.so) build/storm.so
LEAKS_SRC := tests/leaks/execs.c tests/leaks/plant.c
LEAKS := build/execs build/planted/lab
ALL_C := $(SRC) $(SUPPORT_SRC) $(UNIT_SRC) $(BENCH_SRC) $(TORTURE_SRC) $(STORM_SRC) $(FUZZ_SRC) $(REPLAY_SRC) \
         $(LEAKS_SRC)
HEADERS := $(sort $(wildcard $(addsuffix *.h,$(sort $(dir $(ALL_C))))))

obj = $(patsubst %,$(OUT)/obj/%.o,$(basename $(1)))
MAIN_OBJ := $(call obj,cmd/lab/main.c)
LIB_OBJ := $(filter-out $(MAIN_OBJ),$(call obj,$(SRC))) $(patsubst %.S,$(OUT)/obj/%.S.o,$(ASM))
LIB := $(OUT)/liblab.a
UNIT := $(patsubst %.c,$(OUT)/%,$(UNIT_SRC))
FUZZ := $(patsubst %.c,$(OUT)/%,$(FUZZ_SRC))
# libFuzzer brings a main() of its own.
FUZZ_MAIN := $(if $(filter fuzz,$(VARIANT)),,$(call obj,$(REPLAY_SRC)))
FUZZ_HELP := $(call obj,tests/support/sandbox_fixture.c)

.PHONY: all demo test lint fmt asan tsan sanitize coverage torture torture-faults storm fuzz bench deps install deb \
        clean help units fuzzers FORCE

all: $(OUT)/lab $(OUT)/probe ## build lab and probe into build/

$(OUT)/lab: $(MAIN_OBJ) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(MAIN_OBJ) $(LIB) $(LIBS)

$(OUT)/probe: $(call obj,$(PROBE_SRC)) $(LIB)
	$(call say,LINK,$@)
	$(Q)$(CC) $(LDFLAGS_ALL) -o $@ $(call obj,$(PROBE_SRC)) $(LIB) $(LIBS)

# A lab that leaks on purpose, for the leak hunt: the product's objects, and what
# stands in their way. Never installed.
PLANT_WRAPS := redact redact_add render_event store_open record_open prctl setrlimit
build/planted/lab: $(MAIN_OBJ) $(call obj,tests/leaks/plant.c) $(LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS_ALL) $(PLANT_WRAPS:%=-Wl,--wrap=%) -o $@ $(filter %.o,$^) $(LIB) $(LIBS)

$(LIB): $(LIB_OBJ) $(OUT)/.members
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcs $@ $(LIB_OBJ)

$(OUT)/obj/%.o: %.c $(OUT)/.flags | build/.deps
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS_ALL) -c -o $@ $<

$(OUT)/obj/%.S.o: %.S $(LABS) $(OUT)/.flags | build/.deps
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D) && $(CC) -c -o $@ $<

units: $(UNIT) $(FUZZ)
$(UNIT): $(OUT)/tests/%: $(OUT)/obj/tests/%.o $(call obj,$(HELPER_SRC)) $(LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS_ALL) -o $@ $< $(call obj,$(HELPER_SRC)) $(LIB) $(LIBS) -lcmocka

fuzzers: $(FUZZ)
$(FUZZ): $(OUT)/tests/%: $(OUT)/obj/tests/%.o $(FUZZ_MAIN) $(FUZZ_HELP) $(LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS_ALL) $(if $(FUZZ_MAIN),,-fsanitize=fuzzer) -o $@ $< $(FUZZ_MAIN) \
	    $(FUZZ_HELP) $(LIB) $(LIBS)

$(OUT)/tests/bench/load: $(call obj,$(BENCH_SRC)) $(LIB)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(LDFLAGS_ALL) -o $@ $< $(LIB) $(LIBS)

# Written again only when what they hold has changed: another compiler or flag
# builds all anew, an object whose source is gone leaves the archive.
$(OUT)/.flags: HOLDS := $(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL)
$(OUT)/.members: HOLDS := $(LIB_OBJ)
same = $(and $(findstring x$(strip $(1))x,x$(strip $(2))x),$(findstring x$(strip $(2))x,x$(strip $(1))x))
$(OUT)/.flags: $(if $(call same,$(file <$(OUT)/.flags),$(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL)),,FORCE)
$(OUT)/.members: $(if $(call same,$(file <$(OUT)/.members),$(LIB_OBJ)),,FORCE)
$(OUT)/.flags $(OUT)/.members:
	@mkdir -p $(@D) && echo '$(subst ','\'',$(HOLDS))' >$@

.SECONDARY: $(call obj,$(ALL_C))
-include $(patsubst %.o,%.d,$(call obj,$(ALL_C)))

demo test lint fmt torture torture-faults storm fuzz bench tsan sanitize coverage deb deps: export LAB_DEPS := install

demo: all ## play the whole workshop lab against the local AWS
	$(Q)tests/e2e/demo $(OUT)/lab

test: all $(TORTURE) $(LEAKS) ## build everything and run every test
	$(Q)$(MAKE) --no-print-directory VARIANT=asan all units
	$(Q)tests/run

lint: | build/.deps build/.deps-lint ## include rules, forbidden calls, format, clang, cppcheck, clang-tidy
	$(Q)WARN='$(WARN)' tests/lint/run $(ALL_C) $(HEADERS)

fmt: | build/.deps-lint ## format every C file in place
	$(Q)clang-format -i $(ALL_C) $(HEADERS)

asan: ## build lab and probe under build/asan/ with ASan and UBSan
	$(Q)$(MAKE) --no-print-directory VARIANT=asan all

tsan: ## run the unit tests under ThreadSanitizer
	$(Q)$(MAKE) --no-print-directory VARIANT=tsan all units
	$(Q)LAB_OUT=build/tsan tests/run tests/unit

sanitize: test ## run every test under ASan, UBSan and LSan, and every one again under ThreadSanitizer
	$(Q)$(MAKE) --no-print-directory VARIANT=tsan all units
	$(Q)LAB_OUT=build/tsan tests/run

coverage: | build/.deps build/.deps-coverage ## print how many lines the unit tests run, fail below 90 % where nothing may break
	$(Q)$(MAKE) --no-print-directory VARIANT=coverage all units
	$(Q)tests/support/coverage build/coverage $(ARGS)

torture: all $(TORTURE) ## kill lab at every point, run it again, look at the world
	$(Q)tests/torture/run build/lab build/killpoint.so $(ARGS)

torture-faults: all $(TORTURE) ## make every allocation and I/O call fail in turn
	$(Q)tests/torture/faults build/lab build $(ARGS)

storm: all $(TORTURE) ## play the lab in storms of AWS's and the database's trouble, by seeds
	$(Q)tests/storm/run build/lab build/storm.so build/killpoint.so $(ARGS)

fuzz: | build/.deps build/.deps-fuzz ## let libFuzzer look for inputs that break something, 30 s a target
	$(Q)$(MAKE) --no-print-directory VARIANT=fuzz fuzzers
	$(Q)tests/fuzz/run build/fuzz $(ARGS)

# Preloaded into the released lab: not linked with any of it.
vpath %.c tests/torture tests/storm
$(TORTURE): build/%.so: %.c | build/.deps
	$(call say,LINK,$@)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O2 -fPIC -shared -o $@ $<

build/execs: tests/leaks/execs.c | build/.deps
	$(call say,LINK,$@)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE $(WARN) -O2 -o $@ $<

# The tests of the plan hold the tables of wrong plans.
bench: all $(OUT)/tests/bench/load $(filter $(OUT)/tests/unit/steps/plan/%,$(UNIT)) ## print requests, times, load and memory, as ratios within one run
	$(Q)tests/bench/run $(OUT)/lab

deps: ## install the Debian packages that are missing (lint installs its own)
	$(Q)tests/support/deps build build/.deps

build/.deps: tests/support/deps
	$(Q)tests/support/deps build $@

build/.deps-fuzz: tests/support/deps
	$(Q)tests/support/deps fuzz $@

build/.deps-lint: tests/support/deps
	$(Q)tests/support/deps lint $@

build/.deps-coverage: tests/support/deps
	$(Q)tests/support/deps coverage $@

SHARE = $(DESTDIR)$(PREFIX)/share
install: $(OUT)/lab ## copy lab, its manual and completions below $(DESTDIR)$(PREFIX)
	$(Q)install -D -m 755 $(OUT)/lab '$(DESTDIR)$(PREFIX)/bin/lab'
	$(Q)$(OUT)/lab help man | install -D -m 644 /dev/stdin '$(SHARE)/man/man1/lab.1'
	$(Q)$(OUT)/lab completion bash | install -D -m 644 /dev/stdin '$(SHARE)/bash-completion/completions/lab'
	$(Q)$(OUT)/lab completion zsh | install -D -m 644 /dev/stdin '$(SHARE)/zsh/vendor-completions/_lab'
	$(Q)$(OUT)/lab completion fish | install -D -m 644 /dev/stdin '$(SHARE)/fish/vendor_completions.d/lab.fish'

deb: all | build/.deps-deb ## build a Debian package into build/
	$(Q)debian/rules binary
	$(Q)debian/rules clean

build/.deps-deb: tests/support/deps
	$(Q)tests/support/deps deb $@

clean: ## remove build/
	$(Q)rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
	    while IFS='|' read -r t d; do printf '%-14s %s\n' "$$t" "$$d"; done
