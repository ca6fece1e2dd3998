#!/bin/bash
# eval_rate.sh BUILD [MODEL [PICTURE.jpg [ROUNDS]]] - pictures a second of `nonet eval --batch 16` on a folder of JPEGs, against those
# of `nonet bench --batch 16` on the same network, in turns. The machine must be quiet; no part of `make check`.
# Default model: the VGG-19 of ONNX's own test, in ../shared/data; default picture: rocket.jpg there, 96 times.
build=${1:-build}
cd "$(dirname "$0")/.." || exit 1
nonet=$build/nonet
data=../shared/data
model=$2
picture=${3:-$data/photos/rocket.jpg}
rounds=${4:-5}
count=96 batch=16
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

if [ -z "$model" ]; then
    model=$work/vgg19.nonet
    "$nonet" convert $data/onnx-light/light_vgg19.onnx -o "$model" >/dev/null || exit 1
fi
"$nonet" pack "$model" -o "$work/packed.nonet" >/dev/null || exit 1
mkdir "$work/pictures"
for i in $(seq $count); do
    cp "$picture" "$work/pictures/$i.jpg" || exit 1
    echo "$i.jpg 0" >>"$work/list"
done

number() { grep -o "\"$1\": [0-9.e+-]*" "$2" | head -1 | sed 's/.*: //'; }

bench() {
    "$nonet" bench --model "$work/packed.nonet" --batch $batch --repetitions 3 --jsonl "$work/bench.jsonl" >/dev/null || exit 1
    sed -n 's/.*"name": "[^"]*total".*"real_time": \([0-9.e+]*\).*/\1/p' "$work/bench.jsonl" |
        awk -v n=$batch '{ print 1e3 * n / $1 }'
}

evaluate() {
    "$nonet" eval "$work/pictures" --list "$work/list" --model "$work/packed.nonet" --batch $batch --json "$work/eval.json" \
        >/dev/null || exit 1
    echo "$(number judged_now "$work/eval.json") $(number seconds "$work/eval.json") $(number waiting_seconds "$work/eval.json")"
}

for round in $(seq "$rounds"); do
    before=$(bench)
    read -r judged seconds waiting < <(evaluate)
    after=$(bench)
    awk -v b="$before" -v a="$after" -v n="$judged" -v s="$seconds" -v w="$waiting" -v r="$round" 'BEGIN {
        kernels = (a + b) / 2
        printf "%d  bench %.2f and %.2f, eval %.2f pictures a second: %.1f %%; waited for pictures %.1f %% of the time\n", r, b, a,
            n / s, 100 * n / s / kernels, 100 * w / s
        print n / s / kernels >"/dev/stderr" }' 2>>"$work/shares"
done
sort -n "$work/shares" | awk '{ share[NR] = $1 } END {
    middle = (share[int((NR + 1) / 2)] + share[int(NR / 2) + 1]) / 2
    printf "median: eval has %.1f %% of the rate of bench\n", 100 * middle }'
