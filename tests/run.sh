#!/bin/bash
# run.sh full|fast - builds and runs the tests of every configuration, each in a build directory of its own, and sums up.
# full: gcc, clang, no optional libraries, AArch64 under an emulator, sanitizers, races, include arrows, exported symbols.
# fast: native, fewer random cases.
# With CROSS_COMPILE set, that target alone, run by EMULATOR.
# The last line is `N passed, N failed, N skipped`; the exit status is 1 if anything failed.
cd "$(dirname "$0")/.." || exit 1
mode=${1:-full}
passed=0 failed=0 skipped=0
suites=$(sed -n 's/^TEST_SUITES [:+]= //p' tests/tests.mk)
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}      # threads that spin take the CPU from the other tests
scale=${NONET_TEST_SCALE:-1}
export CFLAGS=${CFLAGS:--O2 -g1}     # lines without variables: a sixth less to compile
unset MAKELEVEL MAKEFLAGS MFLAGS

times() { awk "BEGIN { print $scale * $1 }"; }

fail() {
    echo "FAIL $*"
    failed=$((failed + 1))
}

skip() {
    echo "SKIP $*"
    skipped=$((skipped + 1))
}

# start LABEL LOG COMMAND...: a script in the background; `finish LABEL LOG` waits for it and adds up its lines: ok, FAIL, SKIP.
declare -A started
start() {
    local log=$2
    shift 2
    "$@" >"$log" 2>&1 &
    started[$log]=$!
}

finish() {
    local label=$1 log=$2 status
    wait "${started[$log]}"
    status=$?
    grep -E '^(FAIL|SKIP) ' "$log" | sed "s/^\([A-Z]*\) /\1 $label: /"
    local bad
    bad=$(grep -c '^FAIL ' "$log")
    passed=$((passed + $(grep -c '^ok ' "$log")))
    skipped=$((skipped + $(grep -c '^SKIP ' "$log")))
    failed=$((failed + bad))
    if [ $status -ne 0 ] && [ "$bad" -eq 0 ]; then
        fail "$label: exit status $status: $(tail -1 "$log")"
    fi
    printf '%-23s %4s checks, %s failed, %s skipped\n' "$label" \
        "$(grep -cE '^(ok|FAIL) ' "$log")" "$bad" "$(grep -c '^SKIP ' "$log")"
}

script() {
    start "$@"
    finish "$1" "$2"
}

# aside LOG FUNCTION ARGUMENT...: a stage in the background; `join LOG` waits for it, shows what it said and adds what it counted.
aside() {
    local log=$1
    shift
    {
        passed=0 failed=0 skipped=0
        "$@"
        echo "$passed $failed $skipped" >"$log.counts"
    } >"$log" 2>&1 &
    started[$log]=$!
    rm -f "$log.counts"
}

join() {
    local counts
    wait "${started[$1]}"
    cat "$1"
    read -ra counts 2>/dev/null <"$1.counts" || fail "a stage ended before its end; see $1"
    passed=$((passed + ${counts[0]:-0}))
    failed=$((failed + ${counts[1]:-0}))
    skipped=$((skipped + ${counts[2]:-0}))
}

# A Check suite: its summary line has the counts; a test that skips itself says SKIP and counts as run there.
suite() {
    local label=$1 dir=$2 name=$3 log sum counts start=$SECONDS
    log=$dir/log/$name
    NONET_TEST_SCALE=$4 timeout "${NONET_TEST_TIMEOUT:-900}" ${emulator[@]+"${emulator[@]}"} "$dir/tests/${name}_test" \
        >"$log" 2>&1
    local status=$?
    sum=$(grep -E '^[0-9]+%: Checks: ' "$log")
    counts=$(sed -E 's/.*Checks: ([0-9]+), Failures: ([0-9]+), Errors: ([0-9]+).*/\1 \2 \3/' <<<"$sum")
    read -r checks failures errors <<<"${counts:-0 0 0}"
    grep '^SKIP ' "$log" | sort | uniq -c |
        sed -E "s/^ *1 SKIP /SKIP $label: /; s/^ *([0-9]+) SKIP (.*)/SKIP $label: \2 (\1 times)/"
    local skips
    skips=$(grep -c '^SKIP ' "$log")
    if [ -z "$sum" ]; then
        fail "$label $name: no summary, exit status $status; see $log"
    else
        passed=$((passed + checks - failures - errors - skips))
        failed=$((failed + failures + errors))
        skipped=$((skipped + skips))
        grep -E '^tests/.*:[FE]:' "$log" | sed "s/^/FAIL $label: /"
        [ $((failures + errors)) -eq 0 ] || grep '^seed ' "$log"
        [ $status -eq 0 ] || [ $((failures + errors)) -ne 0 ] || fail "$label $name: exit status $status; see $log"
    fi
    printf '%-10s %-12s %4s checks, %s failed, %s skipped, %d s\n' "$label" "$name" "$checks" $((failures + errors)) "$skips" \
        $((SECONDS - start))
}

# build LABEL DIR MAKE-ARGUMENTS: 0 if the tests, the command and both libraries were built, or the goals that $goal names.
build() {
    local label=$1 dir=$2 start=$SECONDS
    shift 2
    mkdir -p "$dir/log"
    if ! make BUILD="$dir" WERROR=1 "$@" ${goal:-tests} >"$dir/log/make" 2>&1; then
        grep -E 'error:|undefined reference|\*\*\*' "$dir/log/make" | head -5
        fail "$label: does not build; see $dir/log/make"
        return 1
    fi
    passed=$((passed + 1))
    printf '%-10s built without warnings, %d s\n' "$label" $((SECONDS - start))
}

run_suites() {
    for name in $suites; do
        suite "$1" "$2" "$name" "$3"
    done
}

# The scripts that measure nothing, beside one another: eval mostly waits.
scripts() {
    local label=$1 dir=$2
    start "$label eval" "$dir/log/eval" env CC="$3" tests/eval.sh "$dir"
    for name in cli explain tune; do
        script "$label $name" "$dir/log/$name" "tests/${name/cli/cli_test}.sh" "$dir"
    done
    finish "$label eval" "$dir/log/eval"
}

native() {
    local label=$1 compiler=$2 dir=build/check-$1
    command -v "$compiler" >/dev/null || { skip "$label: no $compiler"; return; }
    emulator=()
    build "$label" "$dir" CC="$compiler" || return
    run_suites "$label" "$dir" "$3"
    scripts "$label" "$dir" "$compiler"
    script "$label corpus" "$dir/log/corpus" tests/corpus.sh "$dir" $([ "$label $mode" = "gcc full" ] || echo 20)
    script "$label examples" "$dir/log/examples" tests/examples.sh "$dir"
    script "$label man" "$dir/log/man" tests/man.sh "$dir"
    script "$label symbols" "$dir/log/symbols" tests/symbols.sh "$dir"
    [ "$label $mode" != "gcc full" ] || script "$label hash" "$dir/log/hash" tests/hash.sh "$dir"
    [ "$label $mode" != "gcc full" ] || script "$label bench" "$dir/log/bench" tests/bench.sh "$dir"
    [ "$label $mode" != "gcc full" ] || script "$label peers" "$dir/log/peers" tests/peers.sh "$dir"
}

# None of the optional libraries: what is built in must do alone, and say of the rest what is missing. What they make no difference to
# is taken from the build of the label $1.
bare() {
    local dir=build/check-bare
    emulator=()
    mkdir -p $dir
    cp -a build/check-"$1"/{flags,arch,kernels,engine,reference,autotune} $dir
    goal="$dir/nonet $dir/libnonet.so" build bare $dir CC="$1" WITHOUT=all || return
    script "bare cli" $dir/log/cli tests/cli_test.sh $dir
    script "bare explain" $dir/log/explain tests/explain.sh $dir
}

# Where the distribution's libraries for another architecture are: pkg-config of that name, or its search path.
cross_pkg_config() {
    local triplet=${1%-}
    if command -v "$triplet-pkg-config" >/dev/null; then
        echo "$triplet-pkg-config"
    else
        echo "env PKG_CONFIG_LIBDIR=/usr/lib/$triplet/pkgconfig:/usr/share/pkgconfig pkg-config"
    fi
}

# The suites need the target's own C library, OpenMP and Check from the distribution (qemu-user hangs on threads with the C
# library of the cross compiler). Without them `nonet verify`, linked statically, takes every kernel through the same sweeps.
cross() {
    local prefix=$1 triplet=${1%-} label=${1%%-*} dir pkg_config
    dir=build/check-$label
    pkg_config=$(cross_pkg_config "$prefix")
    command -v "${prefix}gcc" >/dev/null || { skip "$label: no ${prefix}gcc"; return; }
    read -ra emulator <<<"$2"
    command -v "${emulator[0]:-true}" >/dev/null || { skip "$label: no ${emulator[0]}"; return; }
    if $pkg_config --exists check && [ -e "/lib/$triplet/libc.so.6" ] && [ -e "/usr/lib/$triplet/libgomp.so.1" ]; then
        goal=test-programs build "$label" "$dir" CROSS_COMPILE="$prefix" PKG_CONFIG="$pkg_config" || return
        run_suites "$label" "$dir" "$3"
        for library in libcjson libprotobuf-c libzip libjpeg libpng; do
            $pkg_config --exists $library || skip "$label: built without $library"
        done
    else
        skip "$label suites and file formats: no C library, OpenMP or Check for $triplet; nonet verify runs alone"
        mkdir -p "$dir/log"
        if ! make BUILD="$dir" WERROR=1 CROSS_COMPILE="$prefix" WITHOUT=all LDLIBS='-static -fopenmp -lm' "$dir/nonet" \
            >"$dir/log/make" 2>&1; then
            fail "$label: does not build; see $dir/log/make"
            return
        fi
    fi
    script "$label verify" "$dir/log/verify" verify_lines "$dir/nonet" "$3"
    script "$label corpus" "$dir/log/corpus" ${emulator[@]+"${emulator[@]}"} \
        "$dir/nonet" verify --replay tests/corpus.txt --limit 1
}

# `nonet verify` with a line a kernel that starts with ok or FAIL.
verify_lines() {
    ${emulator[@]+"${emulator[@]}"} "$1" verify --scale "$2"
}

# The multiply kernels, unrolled and instrumented, take minutes to compile at -O3.
instrumented=(CFLAGS="-O1 -g1" KERNEL_CFLAGS="-O1 -ffp-contract=off -fno-math-errno")

sanitizers() {
    local dir=build/check-san
    emulator=()
    export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
    goal=test-programs build sanitizers $dir SAN=address,undefined "${instrumented[@]}" || return
    run_suites sanitizers $dir "$1"
    scripts sanitizers $dir gcc
    script "sanitizers corpus" $dir/log/corpus tests/corpus.sh $dir 1
    unset ASAN_OPTIONS UBSAN_OPTIONS
}

# What the threads of a chain tell each other, under ThreadSanitizer; LLVM's archer tells that of OpenMP's own barriers.
races() {
    local dir=build/check-races archer
    archer=$(ls /usr/lib/llvm-*/lib/libarcher.so 2>/dev/null | tail -1)
    command -v clang >/dev/null && [ -n "$archer" ] || { skip "races: no clang, or no libarcher.so (libomp-dev)"; return; }
    emulator=()
    goal="$dir/tests/chain_test $dir/tests/threads_test" build races $dir CC=clang SAN=thread "${instrumented[@]}" || return
    export OMP_TOOL_LIBRARIES=$archer TSAN_OPTIONS=ignore_noninstrumented_modules=1:exitcode=66 CK_FORK=no
    suite races $dir chain "$1"
    suite races $dir threads "$1"
    unset OMP_TOOL_LIBRARIES TSAN_OPTIONS CK_FORK
}

if [ -z "$CROSS_COMPILE" ] && ! pkg-config --exists check 2>/dev/null; then
    echo "nonet: the tests need pkg-config and Check: run 'make deps' as root, or apt-get install pkg-config check" >&2
    exit 2
fi
mkdir -p build
if [ -n "$CROSS_COMPILE" ]; then
    cross "$CROSS_COMPILE" "$EMULATOR" "$(times 0.1)"
elif [ "$mode" = fast ]; then
    native "${CC:-gcc}" "${CC:-gcc}" "$(times 0.1)"
    script arrows build/arrows.log tests/arrows.sh
else
    script arrows build/arrows.log tests/arrows.sh
    native gcc gcc "$(times 1)"
    # The emulator is busy with one thread nearly all the time, the stages beside it build and wait.
    aside build/cross.log cross aarch64-linux-gnu- qemu-aarch64 "$(times 0.05)"
    native clang clang "$(times 0.2)"
    bare gcc
    sanitizers "$(times 0.05)"
    join build/cross.log
    races "$(times 0.3)"
fi
echo "took $((SECONDS / 60)) min $((SECONDS % 60)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
