#!/bin/bash
# bench.sh BUILD - what `nonet bench` writes is read elsewhere, and lists of layers are read: Google Benchmark's compare tool,
# --shapes of bench and verify, --anonymous, files that appear whole or not at all, random networks as files.
build=${1:-build}
cd "$(dirname "$0")/.." || exit 1
nonet=$build/nonet
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0

ok() { echo "ok bench $*"; }
bad() {
    echo "FAIL bench $*"
    status=1
}
check() { if [ "$1" -eq 0 ]; then ok "${@:2}"; else bad "${@:2}: $(head -1 "$work/err")"; fi; }

# refused STATUS NAME PATTERN ARGUMENT...: this status, one sentence that has the pattern in it.
refused() {
    local want=$1 name=$2 pattern=$3 got
    shift 3
    "$nonet" "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    [ $got -eq "$want" ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q "^nonet .*$pattern" "$work/err"
    check $? "$name (exit status $got)"
}

# ---- lists of layers ----
cat >"$work/shapes" <<'END'
# N C H W K
1 32 10 10 32
2 3 12 13 17 pool linear    # few channels

1 20 9 9 30 stride=2 pad=0
1 16 9 8 16 kernel=1
1 24 8 9 16 kernel=5x3
1 32 7 7 50 kernel=7
END
"$nonet" bench --shapes "$work/shapes" --algo all --repetitions 6 --anonymous --json "$work/a.json" >"$work/out" 2>"$work/err"
check $? "--shapes"
for name in 1x32x10x10x32/direct 1x32x10x10x32/winograd-f4 2x3x12x13x17-pool-linear/direct 1x20x9x9x30-s2-p0/direct \
    1x16x9x8x16-1x1/direct 1x24x8x9x16-5x3/direct 1x32x7x7x50-7x7/direct; do
    grep -q "\"name\": \"layer/$name\"" "$work/a.json" || bad "--shapes: no row layer/$name"
done
grep -q '^ms: median of 6;' "$work/out"
check $? "the table tells the number of samples"
grep -q '"host_name": ""' "$work/a.json" && grep -q '"executable": "nonet"' "$work/a.json" && ! grep -qF "$PWD" "$work/a.json"
check $? "--anonymous names neither host nor folders"

"$nonet" verify --record "$work/corpus" --shapes "$work/shapes" >"$work/out" 2>"$work/err"
check $? "verify --record --shapes"
for how in "--threads 2" "--isa c" "--threads 1"; do
    "$nonet" verify --replay "$work/corpus" $how --json "$work/verify.json" >"$work/out" 2>"$work/err"
    check $? "verify --replay of one's own layers, $how: $(tail -1 "$work/out")"
done
sed -i '$s/.$/x/' "$work/corpus"
rm -f "$work/verify.json"
refused 1 "verify --json of a corpus that is refused" "hash is 16" verify --replay "$work/corpus" --json "$work/verify.json"
[ -z "$(ls "$work" | grep verify)" ]
check $? "verify --json: no file, no half of one"
refused 1 "verify --json into no folder" "cannot write" verify --family lrn --scale 0.1 --json "$work/none/x.json"
refused 2 "verify --shapes without --record" "goes with --record" verify --shapes "$work/shapes"
refused 2 "bench --shapes and a network" "does not go with it" bench --shapes "$work/shapes" vgg11
refused 1 "bench --shapes of no file" "cannot open" bench --shapes "$work/none"

# line NAME PATTERN TEXT: a list with this line is refused by both, and nothing is written.
line() {
    printf "1 16 8 8 16\n$3\n" >"$work/list"
    refused 1 "bench --shapes: $1" "list, line 2: .*$2" bench --shapes "$work/list"
    refused 1 "verify --shapes: $1" "list, line 2: .*$2" verify --record "$work/none" --shapes "$work/list"
    [ ! -e "$work/none" ] || bad "verify --shapes: $1: something was written"
}
line "four numbers" "five numbers" "1 2 3 4"
line "a zero" "whole number" "1 0 8 8 8"
line "a huge number" "whole number" "1 99999999999999999999 8 8 8"
line "a sign" "whole number" "1 -3 8 8 8"
line "an unknown word" "not 'fast'" "1 16 8 8 16 fast"
line "a kernel of nothing" "kernel=" "1 16 8 8 16 kernel=x3"
line "a kernel beyond the map" "larger than the map" "1 16 8 8 16 kernel=9"
line "a stride that no kernel has" "3x3 kernels" "1 16 8 8 16 kernel=1 stride=2"
line "a pool of one pixel" "too small" "1 16 1 1 16 pool"
printf '# nothing\n\n' >"$work/list"
refused 1 "an empty list" "no shape" bench --shapes "$work/list"
printf '1 2 3 4 5\0' >"$work/list"
refused 1 "a list with a byte of zero" "no text" bench --shapes "$work/list"
head -c 2000000 /dev/zero | tr '\0' 1 >"$work/list"
refused 1 "a list of 2 MB" "" bench --shapes "$work/list"

# ---- what is too noisy to tell ----
if "$nonet" compare "$work/a.json" "$work/a.json" 2>&1 | grep -q 'without cJSON'; then
    echo "SKIP bench compare: built without cJSON"
else
    echo '{"benchmarks": [{"name": "n/x", "time_unit": "ms", "samples": [1, 2, 1, 3, 1, 4, 1, 5]}]}' >"$work/noisy"
    "$nonet" compare "$work/noisy" "$work/noisy" --fail-if-slower 3% --json "$work/c.json" >"$work/out" 2>"$work/err" &&
        grep -q ' unclear$' "$work/out" && grep -q '0 alike up to the margin, 1 too noisy to tell\.' "$work/out" &&
        grep -q '"unclear": 1' "$work/c.json" && grep -q '"verdict": "unclear"' "$work/c.json"
    check $? "compare: a margin of 300 % tells nothing"
    "$nonet" compare "$work/noisy" "$work/noisy" --fail-if-slower 400% >"$work/out" 2>"$work/err" && grep -q ' same$' "$work/out"
    check $? "compare --fail-if-slower 400%: alike"
    "$nonet" compare "$work/noisy" "$work/noisy" --require-clear >"$work/out" 2>"$work/err"
    [ $? -eq 1 ] && grep -q '^nonet compare: too noisy to tell: 1 row of 1' "$work/err"
    check $? "compare --require-clear"
    sed '0,/"isa":/s/"isa": "[^"]*"/"isa": "other"/
        0,/"cpu":/s/"cpu": "[^"]*"/"cpu": "X"/; 0,/"threads":/s/"threads": [0-9]*/"threads": 99/' \
        "$work/a.json" >"$work/other.json"
    "$nonet" compare "$work/a.json" "$work/other.json" >"$work/out" 2>"$work/err"
    [ "$(grep -c '^nonet compare: warning: A ran .*, B .*\(other\|X\|99\)$' "$work/err")" -eq 3 ]
    check $? "compare warns of another CPU, instruction set and number of threads"
fi

# ---- Google Benchmark's compare tool (Debian: libbenchmark-tools, python3-scipy) ----
"$nonet" bench --shapes "$work/shapes" --repetitions 6 --json "$work/b.json" >"$work/out" 2>"$work/err"
tool=$(command -v compare.py || ls /usr/share/benchmark/compare.py 2>/dev/null)
python=
for candidate in python3 /usr/bin/python3; do
    [ -n "$python" ] || ! $candidate -c 'import numpy, scipy' 2>/dev/null || python=$candidate
done
if [ -z "$tool" ] || [ -z "$python" ]; then
    echo "SKIP bench compare.py: it, or scipy for it, is not there (libbenchmark-tools, python3-scipy)"
else
    $python "$tool" --no-color benchmarks "$work/b.json" "$work/b.json" >"$work/out" 2>"$work/err"
    check $? "Google Benchmark's compare.py reads the record"
    [ "$(grep -c '^layer/.* +0.0000 ' "$work/out")" -eq "$(grep -c '"run_name"' "$work/b.json")" ]
    check $? "compare.py has a line for each row"
    sed 's/"real_time": \([0-9.]*\)/"real_time": 1\1/' "$work/b.json" >"$work/slow.json"
    $python "$tool" --no-color benchmarks "$work/b.json" "$work/slow.json" >"$work/out" 2>"$work/err"
    ! grep -q '^layer/[^ ]* *+0.0000 ' "$work/out" && grep -q '^layer/[^ ]* *+[0-9]*\.[0-9]* ' "$work/out"
    check $? "compare.py sees another time"
fi

# ---- a network from a seed as a file ----
refused 2 "convert --random of an unknown network" "no such network" convert --random vgg99 -o "$work/x.nonet"
refused 2 "convert --random and a model" "stands for the model" convert --random vgg11 data/fashion_vgg.nonet -o "$work/x.nonet"
refused 2 "convert --seed without --random" "goes with --random" convert data/fashion_vgg.nonet --seed 2 -o "$work/x.nonet"
if [ "$(df --output=avail -k "$work" | tail -1)" -gt 1000000 ]; then
    hash_of() {
        "$nonet" bench "$@" --repetitions 1 --warmup 0 --json - | sed -n 's/.*"output_hash": "\(..*\)",*/\1/p' | head -1
    }
    (ulimit -v 400000 && "$nonet" convert --random vgg11 --seed 7 -o "$work/vgg11.nonet" 2>"$work/err")
    check $? "convert --random in 400 MB of addresses"
    [ -n "$(hash_of vgg11 --seed 7)" ] && [ "$(hash_of --model "$work/vgg11.nonet" --seed 7)" = "$(hash_of vgg11 --seed 7)" ]
    check $? "convert --random: the network of the seed"
else
    echo "SKIP bench convert --random: no room for 531 MB"
fi
exit $status
