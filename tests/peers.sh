#!/bin/bash
# peers.sh BUILD - the adapters of `nonet bench --peers`: each that was built gives our outputs within the stated bound, layer
# by layer and for a whole network; one that was not, that lost its library, or that is none, gives one clear sentence.
build=${1:-build}
cd "$(dirname "$0")/.." || exit 1
nonet=$build/nonet
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0

ok() { echo "ok peers $*"; }
bad() {
    echo "FAIL peers $*"
    status=1
}

# fault STATUS NAME PATTERN ARGUMENT...: ends with this status and one sentence that has the pattern in it.
fault() {
    local want=$1 name=$2 pattern=$3 got
    shift 3
    "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    if [ $got -eq "$want" ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q "^nonet bench: .*$pattern" "$work/err"; then
        ok "$name"
    else
        bad "$name: exit status $got, not $want: $(head -1 "$work/err")"
    fi
}

# differences FILE: a line for each row of a peer: its name, how far it is from ours, how far it may be.
differences() {
    awk -F': ' '{ gsub(/[",]/, "", $2); sub(/^ */, "", $1) }
        $1 == "\"name\"" { name = $2 } $1 == "\"peer\"" { peer = $2 } $1 == "\"difference\"" { difference = $2 }
        $1 == "\"difference_bound\"" && peer != "" { print name, difference, $2 }' "$1"
}

# run NAME ARGUMENT...: once, with all peers in turn; their differences stay in $work/differences, what was left out in
# $work/left.
run() {
    local name=$1
    shift
    "$nonet" bench "$@" --peers "$list" --repetitions 1 --json "$work/run.json" >/dev/null 2>"$work/err" </dev/null ||
        bad "$name: $(head -1 "$work/err")"
    sed -n 's/^nonet bench: \([^ ]*\) .*is left out: \(.*\)/\1 \2/p' "$work/err" | sort -u >"$work/left"
    differences "$work/run.json" >"$work/differences"
}

# agrees PEER NAME ROWS: in that run the peer has at least so many rows, and each is within its bound.
agrees() {
    local rows far
    rows=$(grep -cE "/$1(-(auto|winograd))? " "$work/differences")
    far=$(grep -E "/$1(-(auto|winograd))? " "$work/differences" | awk '!($2 <= $3)' | head -1)
    if grep -q "^$1 " "$work/left"; then
        grep "^$1 " "$work/left" | sed "s/^/SKIP peers $2: /"
    elif [ -n "$far" ]; then
        bad "$1, $2: $far"
    elif [ "$rows" -lt "$3" ]; then
        bad "$1, $2: $rows rows, not $3"
    else
        far=$(grep -E "/$1(-(auto|winograd))? " "$work/differences" | sort -g -k2 | tail -1 | cut -d' ' -f2)
        ok "$1, $2: $rows rows, worst $far"
    fi
}

cat >"$work/shapes" <<'END'
1 33 13 11 50
2 16 12 12 20 pool linear
1 3 17 16 24 pad=0
1 20 15 15 40 stride=2
1 32 9 9 48 kernel=1
1 24 8 9 16 kernel=5x3
1 32 7 7 50 kernel=7
3 32 7 7 50 kernel=7
END

built=" $("$nonet" info | sed -n 's/^bench --peers *//p') "
small="layer 1 16 8 8 16 --repetitions 1"
list=$(xargs <<<"$built" | tr ' ' ,)
if [ -n "$list" ] && [[ $built != *none* ]]; then
    run layers --shapes "$work/shapes" --threads 2
    for peer in $built; do agrees "$peer" layers 8; done
    run "a network" --model data/fashion_vgg.nonet --threads 1
    for peer in $built; do agrees "$peer" "a network" 1; done
fi
for peer in onednn nnpack xnnpack openblas onnxruntime-node onnxruntime ncnn; do
    [[ $built == *" $peer "* ]] && continue
    [ $peer = onnxruntime ] && [[ $built == *" onnxruntime-node "* ]] && continue
    fault 1 "$peer, which was not built" "$peer was not found when nonet was built" "$nonet" bench $small --peers $peer
    echo "SKIP peers $peer: its library was not there when nonet was built"
done
fault 2 "a name that is none" "'mkl' is not one of onednn" "$nonet" bench $small --peers mkl
fault 2 "a name that is none, among others" "'mkl' is not one of onednn" "$nonet" bench $small --peers openblas,mkl
fault 2 "no name" "wants names" "$nonet" bench $small --peers ,
fault 2 "cold caches" "do not go together" "$nonet" bench $small --peers openblas --cold all

# ---- adapters that are there but cannot be loaded ----
mkdir -p "$work/bin/peers"
cp "$nonet" "$work/bin/"
if ${CC:-cc} -shared -o "$work/libgone.so" -x c /dev/null 2>/dev/null &&
    ${CC:-cc} -shared -o "$work/bin/peers/onednn.peer.so" -x c /dev/null -Wl,--no-as-needed -L"$work" -lgone 2>/dev/null &&
    ${CC:-cc} -shared -o "$work/bin/peers/xnnpack.peer.so" -x c /dev/null 2>/dev/null; then
    rm "$work/libgone.so"
    echo "no shared object" >"$work/bin/peers/ncnn.peer.so"
    # A peer with a clock of its own: 0.5 and 0.7 ms in turn, so 3 runs a sample, of 0.567 or 0.633 ms; no run is that long.
    cat >"$work/clock.c" <<'END'
#include "bench/peers/peers.h"
static int runs;
static int open_it(void **state, const peer_net *net, const char *variant, char *label, char *why)
{
    return (void)state, (void)net, (void)variant, (void)why, label[0] = 0, 1;
}
static int load(void *state, const float *x) { return (void)state, (void)x, 1; }
static double run(void *state) { return (void)state, runs++ % 2 ? 0.0007 : 0.0005; }
static int store(void *state, float *x) { return (void)state, x[0] = 0, 1; }
static void close_it(void *state) { (void)state; }
PEER_EXPORT const bench_peer nonet_peer = { .interface = PEER_INTERFACE, .name = "nnpack", .variants = { "" },
                                            .open = open_it, .load = load, .run = run, .store = store, .close = close_it };
END
    ${CC:-cc} -fPIC -shared -I. -o "$work/bin/peers/nnpack.peer.so" "$work/clock.c" 2>"$work/err" &&
        "$work/bin/nonet" bench layer 1 16 8 8 16 --repetitions 5 --threads 1 --peers nnpack --json "$work/clock.json" \
            >/dev/null 2>"$work/err"
    if awk -F'[:,]' '/"real_time"/ { time = $2 } END { exit !(time > 0.55 && time < 0.65) }' "$work/clock.json"; then
        ok "a clock of its own: the mean of a sample's runs"
    else
        bad "a clock of its own: $(grep '"real_time"' "$work/clock.json" | tail -1) $(head -1 "$work/err")"
    fi
    rm -f "$work/bin/peers/nnpack.peer.so"
    fault 1 "a library that has gone" "onednn: libgone.so: cannot open" "$work/bin/nonet" bench $small --peers onednn
    fault 1 "an adapter of another build" "xnnpack.*of another build" "$work/bin/nonet" bench $small --peers xnnpack
    fault 1 "an adapter that is no object" "ncnn: .*ncnn.peer.so" "$work/bin/nonet" bench $small --peers ncnn
    if "$work/bin/nonet" bench $small --peers all >/dev/null 2>"$work/err" &&
        [ "$(grep -c 'left out: --peers' "$work/err")" -eq 3 ]; then
        ok "all: those that cannot be loaded are left out"
    else
        bad "all: those that cannot be loaded are left out: $(head -1 "$work/err")"
    fi
else
    echo "SKIP peers that cannot be loaded: no compiler for this machine"
fi
exit $status
