#!/bin/bash
# examples.sh BUILD - the programs of examples/ run, and say what the command says.
build=${1:-build}
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0

# result NAME STATUS
result() {
    if [ "$2" = 0 ]; then
        echo "ok examples $1"
    else
        echo "FAIL examples $1: $(cat "$work/err" "$work/out" | head -1)"
        status=1
    fi
}

model=data/fashion_vgg.nonet
"$build/examples/conv" >"$work/out" 2>"$work/err"
result "conv" $?
grep -qE '^[a-z0-9-]+, [a-z0-9]+, [0-9]+ threads: the first outputs are [0-9.]+ [0-9.]+ [0-9.]+$' "$work/out"
result "conv prints outputs" $?
NONET_ISA=c "$build/examples/conv" 2>"$work/err" | sed 's/.*://' | cmp - <(sed 's/.*://' "$work/out") >"$work/err"
result "conv: the same outputs by portable C" $?
for picture in data/*.pgm; do
    "$build/examples/vgg" $model "$picture" >"$work/out" 2>"$work/err"
    result "vgg $picture" $?
    cmp <(awk '{ print $1, $4 }' "$work/out") <("$build/nonet" classify "$picture" --model $model --top 3 2>/dev/null |
        sed 's/^ *[1-3] *//' | awk '/class/ { print $1, $4 }') >"$work/err" 2>&1
    result "vgg $picture: as nonet classify" $?
done
! "$build/examples/vgg" data/sample_00_label_9.pgm data/sample_00_label_9.pgm >"$work/out" 2>"$work/err"
result "vgg of a picture as model" $?
! "$build/examples/vgg" $model $model >"$work/out" 2>"$work/err"
result "vgg of a model as picture" $?
exit $status
