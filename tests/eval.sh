#!/bin/bash
# eval.sh BUILD - nonet eval: the published accuracy, results that survive kills, shards, ranks under mpirun, every kind of list.
build=${1:-build}
cd "$(dirname "$0")/.." || exit 1
nonet=$build/nonet
model=(--model data/fashion_vgg.nonet)
mnist=/usr/share/datasets/fashion-mnist
pictures=$mnist/t10k-images-idx3-ubyte.gz
photos=../shared/data/photos
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0

ok() { echo "ok eval $*"; }
bad() {
    echo "FAIL eval $*"
    status=1
}

# says NAME TEXT ARGUMENT...: ends with 0 and prints the text.
says() {
    local name=$1 text=$2
    shift 2
    if "$nonet" eval "$@" >"$work/out" 2>"$work/err" </dev/null && grep -qF -- "$text" "$work/out"; then
        ok "$name"
    else
        bad "$name: $(cat "$work/out" "$work/err" | head -3)"
    fi
}

# fault STATUS NAME TEXT ARGUMENT...: ends with this status and one sentence that has the text.
fault() {
    local want=$1 name=$2 text=$3 got
    shift 3
    "$nonet" eval "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    if [ $got -eq "$want" ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -qF -- "$text" "$work/err"; then
        ok "$name"
    else
        bad "$name: status $got: $(head -2 "$work/err")"
    fi
}

# The answers alone: what does not depend on the order of work.
rows() { tail -q -n +2 "$@" | sort; }

same_rows() {
    local name=$1
    shift
    if cmp -s <(rows "$work/whole.jsonl") <(rows "$@"); then ok "$name"; else bad "$name: the results differ"; fi
}

# ---- usage ----
fault 2 "no pictures" "which pictures" "${model[@]}"
fault 2 "no model" "which model" "$work"
fault 2 "shard 3/2" "--shard" "$work" "${model[@]}" --shard 3/2
fault 2 "shard 1" "--shard" "$work" "${model[@]}" --shard 1
fault 2 "resume without results" "--results" "$work" "${model[@]}" --resume
fault 2 "merge of nothing" "which results" --merge
fault 1 "no such pictures" "$work/none" "$work/none" "${model[@]}"
fault 1 "an empty folder" "no folders" "$work" "${model[@]}"
fault 1 "a model for pictures" "IDX" data/fashion_vgg.nonet "${model[@]}"

# ---- folders and lists ----
mkdir "$work/flat" "$work/classes" "$work/named"
for i in 0 1 2 3 4 5 6 7 8 9; do mkdir "$work/classes/$i"; done
for file in data/*.pgm; do
    label=${file%.pgm}
    label=${label##*_}
    cp "$file" "$work/flat"
    cp "$file" "$work/classes/$label"
    echo "${file##*/} $label" >>"$work/list"
done
count=$(wc -l <"$work/list")
right=$("$nonet" eval "$work/flat" --list "$work/list" "${model[@]}" | sed -n 's/^top-1.*: \(.*\) of .*/\1/p')
says "a flat folder with a list" ": 9 of 10 right" "$work/flat" --list "$work/list" "${model[@]}"
says "a folder a class" ": $right of $count right" "$work/classes" "${model[@]}"
says "batches of 3 and 1 thread" ": $right of $count right" "$work/classes" "${model[@]}" --batch 3 --threads 1
mkdir "$work/named/Sandal" "$work/named/Ankle boot"
cp data/*_label_5.pgm "$work/named/Sandal"
cp data/*_label_9.pgm "$work/named/Ankle boot"
says "folders named after some classes" ": 4 of 5 right" "$work/named" "${model[@]}"
sed 's/ 9$/\tAnkle boot/' "$work/list" >"$work/names"
says "labels by name" ": $right of $count right" "$work/flat" --list "$work/names" "${model[@]}"
mkdir "$work/named/elsewhere"
fault 1 "a folder that is no class" "3 folders" "$work/named" "${model[@]}"
echo "x.pgm 10" >"$work/wrong"
fault 1 "a label that is no class" "line 1" "$work/flat" --list "$work/wrong" "${model[@]}"
echo "x.pgm" >"$work/wrong"
fault 1 "a line without a label" "line 1" "$work/flat" --list "$work/wrong" "${model[@]}"

# ---- pictures that cannot be read ----
head -c 300 data/sample_00_label_9.pgm >"$work/flat/cut.pgm"
{ echo "missing.pgm 1"; cat "$work/list"; echo "cut.pgm 2"; } >"$work/holes"
if "$nonet" eval "$work/flat" --list "$work/holes" "${model[@]}" --results "$work/holes.jsonl" >"$work/out" 2>"$work/err" &&
    grep -q "missing.pgm" "$work/err" && grep -q "cut.pgm" "$work/err" && [ "$(wc -l <"$work/err")" -eq 2 ] &&
    grep -q ": $right of $count right" "$work/out" && grep -q '^2 pictures could not be read' "$work/out" &&
    [ "$(grep -c '"error":' "$work/holes.jsonl")" -eq 2 ]; then
    ok "unreadable pictures are listed and counted"
else
    bad "unreadable pictures: $(cat "$work/out" "$work/err" | head -4)"
fi
echo "missing.pgm 1" >"$work/wrong"
"$nonet" eval "$work/flat" --list "$work/wrong" "${model[@]}" >"$work/out" 2>"$work/err"
[ $? -eq 1 ] && grep -q "none of the pictures" "$work/err" && ok "no picture can be read" || bad "no picture can be read"
says "dense, multi-crop and two models" " of $count right" "$work/flat" --list "$work/list" "${model[@]}" "${model[@]}" \
    --protocol both --scales 28 --flip --batch 4

# ---- protocols ----
flat=("$work/flat" --list "$work/list" "${model[@]}")
says "dense at S-4,S,S+4" " of $count right" "${flat[@]}" --protocol dense --train-scale 32 --scales S-4,S,S+4
says "two models with weights, and a limit of memory" " of $count right" "${flat[@]}" "${model[@]}" --protocol dense --scales 32 \
    --flip --fuse-weights 1,2.5 --max-memory 100
fault 2 "an unknown protocol" "centre, dense, multicrop and both" "${flat[@]}" --protocol sparse
fault 2 "scales that are none" "not '32;40'" "${flat[@]}" --scales '32;40'
fault 2 "scales of an unknown S" "need S" "${flat[@]}" --scales S-4,S
fault 2 "a scale below the input" "too small" "${flat[@]}" --scales 20
fault 2 "--flip with a value" "flip" "${flat[@]}" --flip=yes
fault 2 "more weights than models" "2 numbers, but there are 1 models" "${flat[@]}" --fuse-weights 1,2
fault 2 "a weight of 0" "--fuse-weights" "${flat[@]}" --fuse-weights 0
fault 2 "--max-memory 0" "--max-memory" "${flat[@]}" --max-memory 0
fault 1 "a limit below the weights" "the limit is 1.0 MB" "${flat[@]}" --protocol dense --max-memory 1
answers() {
    rm -f "$work/answers.jsonl"
    "$nonet" eval "${flat[@]}" "$@" --results "$work/answers.jsonl" >/dev/null 2>&1
    rows "$work/answers.jsonl"
}
answers --protocol dense --scales 32,40 --flip >"$work/one"
answers "${model[@]}" --protocol dense --scales 32,40 --flip --fuse-weights 3,1 --batch 3 >"$work/two"
[ -s "$work/one" ] && cmp -s "$work/one" "$work/two" && ok "two models alike: the same posteriors" ||
    bad "two models alike: other posteriors"
answers --protocol dense --scales 32,40 >"$work/two"
[ -s "$work/two" ] && ! cmp -s "$work/one" "$work/two" && ok "--flip changes the posteriors" || bad "--flip changes nothing"
"$nonet" eval "${flat[@]}" --batch 4 --verbose >"$work/out" 2>"$work/err" && grep -q 'a second; the kernels waited' "$work/err" &&
    ok "--verbose tells the rate" || bad "--verbose: $(head -1 "$work/err")"
says "a table of classes" "  Ankle boot" "${flat[@]}" --per-class
says "confused pairs" "Ankle boot for Sandal" "${flat[@]}"
printf 'P5\n40000 1\n255\n' >"$work/flat/strip.pgm"
head -c 40000 /dev/zero >>"$work/flat/strip.pgm"
{ cat "$work/list"; echo "strip.pgm 1"; } >"$work/strips"
says "a strip counts as unreadable" "1 picture could not be read" "$work/flat" --list "$work/strips" "${model[@]}" \
    --protocol dense --batch 4
printf '%05000d.pgm 1\n' 7 >"$work/wrong"
fault 1 "a name of 5004 bytes" "5004 bytes" "$work/flat" --list "$work/wrong" "${model[@]}"

# ---- CSV ----
fault 2 "an unknown format of results" "jsonl and csv" "${flat[@]}" --results "$work/x" --results-format xml
fault 2 "a format without results" "--results" "${flat[@]}" --results-format csv
odd='a "b", c'
cp data/sample_00_label_9.pgm "$work/flat/$odd.pgm"
{ cat "$work/list"; echo "$odd.pgm 9"; echo "missing.pgm 1"; } >"$work/odd"
odd_run=("$work/flat" --list "$work/odd" "${model[@]}")
"$nonet" eval "${odd_run[@]}" --results "$work/r.csv" >"$work/want" 2>/dev/null
"$nonet" eval "${odd_run[@]}" --results "$work/r.jsonl" >/dev/null 2>&1
if [ "$(wc -l <"$work/r.csv")" -eq $((count + 3)) ] && grep -qF ',"a ""b"", c.pgm",' "$work/r.csv" &&
    head -1 "$work/r.csv" | grep -q '^index,label,top1,'; then
    ok "CSV: a record a picture, quoted"
else
    bad "CSV: $(head -2 "$work/r.csv")"
fi
head -c $(($(wc -c <"$work/r.csv") * 2 / 3)) "$work/r.csv" >"$work/torn.csv"
"$nonet" eval "${odd_run[@]}" --results "$work/torn.csv" --resume --batch 3 >"$work/got" 2>/dev/null
cmp -s <(sort "$work/r.csv") <(sort "$work/torn.csv") && cmp -s "$work/want" "$work/got" && ok "CSV: torn and resumed" ||
    bad "CSV: torn and resumed"
"$nonet" eval --merge "$work/r.csv" >"$work/got" 2>/dev/null
"$nonet" eval --merge "$work/r.jsonl" >"$work/want" 2>/dev/null
[ -s "$work/got" ] && cmp -s "$work/want" "$work/got" && ok "CSV and JSON lines: the same totals" ||
    bad "CSV and JSON lines: other totals"
"$nonet" eval "${odd_run[@]}" --shard 1/2 --results "$work/one.csv" >/dev/null 2>&1
"$nonet" eval "${odd_run[@]}" --shard 2/2 --results "$work/two.json" --results-format jsonl >/dev/null 2>&1
"$nonet" eval --merge "$work/one.csv" "$work/two.json" >"$work/got" 2>/dev/null
cmp -s "$work/want" "$work/got" && ok "shards of both formats merged" || bad "shards of both formats merged"
fault 1 "CSV gone on with as lines of JSON" "--results-format csv" "${odd_run[@]}" --results "$work/r.csv" --resume \
    --results-format jsonl
echo 'a,b' >"$work/other.csv"
fault 1 "a CSV file of something else" "results file" "${odd_run[@]}" --resume --results "$work/other.csv"
sed '3s/,[0-9],/,x,/' "$work/r.csv" >"$work/damaged.csv"
fault 1 "a damaged record" "line 3" --merge "$work/damaged.csv"
sed '3s/$/1/' "$work/r.csv" >"$work/damaged.csv"
fault 1 "a field too many" "line 3" --merge "$work/damaged.csv"
sed -n '1p;2p;2p' "$work/r.csv" >"$work/damaged.csv"
fault 1 "a picture twice in CSV" "twice" --merge "$work/damaged.csv"
if command -v python3 >/dev/null; then
    python3 - "$work/r.csv" "$work/r.jsonl" <<'EOF' && ok "CSV: as the lines of JSON" || bad "CSV: not as the lines of JSON"
import csv, json, sys
rows = list(csv.reader(open(sys.argv[1], newline="")))
want = [json.loads(line) for line in open(sys.argv[2])][1:]
assert all(len(row) == len(rows[0]) for row in rows) and json.loads(rows[0][-1])["nonet_eval"] == 1
for row, line in zip(rows[1:], want):
    record = dict(zip(rows[0], row))
    assert int(record["index"]) == line["index"] and record["picture"] == line["picture"]
    assert record["error"] == line.get("error", "")
    assert [int(record["top%d" % i]) for i in range(1, 6) if record["top%d" % i]] == line.get("top", [])
    assert [float(record["probability%d" % i]) for i in range(1, 6) if record["probability%d" % i]] == line.get("probability", [])
assert len(rows) == len(want) + 1
EOF
fi

# ---- localisation ----
boxes=$build/tests/localise_test
mkdir "$work/square"
if [ -x "$boxes" ] && "$boxes" --write "$work/square"; then
    square=("$work/square" --list "$work/square/list" --model "$work/square/classes.nonet" --task localise
        --boxes "$work/square/boxes.nonet")
    small=("$work/square" --list "$work/square/small" --model "$work/square/classes.nonet" --task localise
        --boxes "$work/square/boxes8.nonet")
    says "dense boxes of the true class" "true class's box error   0.00 %  (95 % interval 0.00 to 27.75): 10 of 10 right" \
        "${square[@]}" \
        --protocol dense --scales 64
    says "dense boxes among five classes" "top-5 localisation error   0.00 %" "${square[@]}" --protocol dense --scales 64 --flip
    says "boxes from the centre crop" "top-1 localisation error   0.00 %" "${small[@]}" --results "$work/boxes.csv"
    "$nonet" eval "${small[@]}" >"$work/want" 2>&1
    says "boxes in CSV" "true class's box" --merge "$work/boxes.csv"
    cmp -s "$work/want" "$work/out" && ok "boxes in CSV: the same totals" || bad "boxes in CSV: other totals"
    "$nonet" eval "${small[@]}" --results "$work/boxes.jsonl" >/dev/null 2>&1
    grep -qF '"hits":33,"box":[[4,20,12,28],[0,0,32,32]],"label_box":[4,20,12,28]' "$work/boxes.jsonl" &&
        ok "boxes in lines of JSON" ||
        bad "boxes in lines of JSON: $(sed -n 2p "$work/boxes.jsonl")"
    says "boxes resumed" "top-1 localisation error   0.00 %" "${small[@]}" --results "$work/boxes.jsonl" --resume
    fault 1 "another protocol of boxes" "another protocol" "${small[@]}" --merge-distance 0.5 --results "$work/boxes.jsonl" \
        --resume
    fault 1 "a class network for boxes" "predicts 2 numbers" "${square[@]}" --boxes "$work/square/classes.nonet"
    fault 1 "boxes of another network" "predicts 8 numbers" "${flat[@]}" --task localise --boxes "$work/square/boxes8.nonet"
    fault 1 "boxes of another input" "positions do not match" "${flat[@]}" --task localise --boxes "$work/square/boxes.nonet"
    sed 's/ [0-9]*$//' "$work/square/list" >"$work/wrong"
    fault 1 "a box of three numbers" "line 1" "${square[@]}" --list "$work/wrong"
    sed '2s/.*/x.pgm 1 5 5 5 9/' "$work/square/list" >"$work/wrong"
    fault 1 "an empty box" "line 2" "${square[@]}" --list "$work/wrong"
    fault 2 "localise without a list" "--list" "$work/square" "${model[@]}" --task localise --boxes x
    fault 2 "localise without boxes" "--boxes" "${flat[@]}" --task localise
    fault 2 "boxes without localise" "--task localise" "${flat[@]}" --boxes x
    fault 2 "an unknown task" "classify and localise" "${flat[@]}" --task detect
    fault 2 "boxes by multicrop" "centre and dense" "${square[@]}" --box-protocol multicrop
    fault 2 "units that are none" "fraction and pixels" "${square[@]}" --box-units metres
    fault 2 "a distance below 0" "--merge-distance" "${square[@]}" --merge-distance -1
    fault 2 "scales of boxes that are none" "scales" "${square[@]}" --box-scales x
    "$nonet" classify "$work/square/square3.pgm" --model "$work/square/classes.nonet" --task localise \
        --boxes "$work/square/boxes.nonet" \
        --scales 64 --box-protocol dense --class 1 >"$work/out" 2>&1
    grep -q '^  1 .* class 1  at 36\.0,12\.1,44\.0,20\.1$' "$work/out" && ok "classify --task localise" ||
        bad "classify --task localise: $(cat "$work/out")"
else
    bad "localisation: $boxes cannot write its networks"
fi

if [ ! -f "$pictures" ] || ! "$nonet" info --json - | sed -n '/"features"/,/]/p' | grep -q '"zlib"'; then
    echo "SKIP eval Fashion-MNIST: dataset-fashion-mnist or zlib is absent"
    exit $status
fi

# ---- Fashion-MNIST ----
limit=3000
case $build in *san*) limit=600 ;; *)
    says "Fashion-MNIST: the published accuracy" "6.77 %  (95 % interval 6.29 to 7.28): 9323 of 10000 right" "$pictures" \
        "${model[@]}" --batch 16 ;;
esac
part=("$pictures" "${model[@]}" --limit $limit)
gunzip -c "$pictures" >"$work/images"
gunzip -c "${pictures/images-idx3/labels-idx1}" >"$work/labels"
"$nonet" eval "${part[@]}" --results "$work/whole.jsonl" >"$work/whole.txt" 2>&1 || bad "eval: $(cat "$work/whole.txt")"
"$nonet" eval "$work/images" --list "$work/labels" "${model[@]}" --limit $limit >"$work/got.txt" 2>&1
cmp -s "$work/whole.txt" "$work/got.txt" && ok "unpacked IDX files" || bad "unpacked IDX files: $(head -1 "$work/got.txt")"
head -c 100000 "$pictures" >"$work/images.gz"
fault 1 "a gzip file cut short" "cut short" "$work/images.gz" --list "$work/labels" "${model[@]}"
head -c 100000 "$work/images" >"$work/images.cut"
fault 1 "an IDX file cut short" "bytes of data" "$work/images.cut" --list "$work/labels" "${model[@]}"
fault 1 "pictures as labels" "labels" "$work/images" --list "$work/images" "${model[@]}"

# ---- killed and resumed ----
# Every other kill waits for new lines first, so that some come while lines are written, whatever the machine.
killed=0
: >"$work/killed.jsonl"
for turn in $(seq 20); do
    before=$(wc -l <"$work/killed.jsonl")
    "$nonet" eval "${part[@]}" --batch 4 --threads 1 --results "$work/killed.jsonl" --resume >/dev/null 2>&1 &
    for _ in $(seq $((turn % 2 * 100))); do
        [ "$(wc -l <"$work/killed.jsonl")" -gt "$before" ] && break
        sleep 0.02
    done
    sleep "0.$(printf %03d $((RANDOM % 60)))"
    kill -9 $! 2>/dev/null && killed=$((killed + 1))
    wait $! 2>/dev/null
done
done_before=$(wc -l <"$work/killed.jsonl")
printf '{"index":7,"label":' >>"$work/killed.jsonl"     # torn, as by a kill within a write
"$nonet" eval "${part[@]}" --results "$work/killed.jsonl" --resume >"$work/got.txt" 2>&1 ||
    bad "resume: $(head -1 "$work/got.txt")"
[ $killed -ge 1 ] || bad "none of 20 evaluations was killed: each ended before"
same_rows "killed $killed times ($done_before lines by then) and resumed" "$work/killed.jsonl"
cmp -s "$work/whole.txt" "$work/got.txt" && ok "resumed: the same totals" ||
    bad "resumed: other totals: $(head -1 "$work/got.txt")"
fault 1 "results that are there" "--resume" "${part[@]}" --results "$work/whole.jsonl"
fault 1 "another limit" "another limit" "$pictures" "${model[@]}" --limit 10 --results "$work/whole.jsonl" --resume
fault 1 "another protocol" "another protocol" "${part[@]}" --flip --results "$work/whole.jsonl" --resume
fault 1 "another list" "another list" "$work/flat" --list "$work/list" "${model[@]}" --results "$work/whole.jsonl" --resume
fault 1 "a model for results" "results file" "${part[@]}" --results "$work/labels" --resume
sed -n '1p;2p;2p' "$work/whole.jsonl" >"$work/twice.jsonl"
fault 1 "a picture twice" "twice" "${part[@]}" --results "$work/twice.jsonl" --resume
sed '2s/.*/{"index":0}/' "$work/whole.jsonl" >"$work/damaged.jsonl"
fault 1 "a damaged line" "line 2" "${part[@]}" --results "$work/damaged.jsonl" --resume

# ---- shards ----
for i in 1 2 3; do
    "$nonet" eval "${part[@]}" --shard $i/3 --results "$work/shard$i.jsonl" >/dev/null 2>&1 || bad "shard $i"
done
same_rows "three shards are the whole" "$work"/shard?.jsonl
names=(T-shirt/top Trouser Pullover Dress Coat Sandal Shirt Sneaker Bag "Ankle boot")
printf '%s\n' "${names[@]}" >"$work/labels.txt"
"$nonet" eval --merge "$work"/shard?.jsonl --labels "$work/labels.txt" >"$work/got.txt" 2>&1
cmp -s "$work/whole.txt" "$work/got.txt" && ok "merged shards: the same totals" || bad "merged shards: $(head -1 "$work/got.txt")"
fault 1 "merging a file twice" "twice" --merge "$work/shard1.jsonl" "$work/shard1.jsonl"
fault 1 "merging other results" "another" --merge "$work/shard1.jsonl" "$work/holes.jsonl"
if command -v python3 >/dev/null; then
    "$nonet" eval "${part[@]}" --per-class --json "$work/all.json" >/dev/null 2>&1
    python3 -c 'import json, sys; json.load(open(sys.argv[1])); [json.loads(l) for f in sys.argv[2:] for l in open(f)]' \
        "$work/all.json" "$work/whole.jsonl" "$work/holes.jsonl" 2>/dev/null && ok "the JSON parses" ||
            bad "the JSON does not parse"
fi

# ---- ranks ----
case $build in *san*) exit $status ;; esac
if ! command -v mpirun >/dev/null || ! pkg-config --exists ompi-c; then
    echo "SKIP eval ranks: no Open MPI"
    exit $status
fi
make BUILD="$build" CC="${CC:-gcc}" WERROR=1 mpi >"$work/make" 2>&1 ||
    { bad "make mpi: $(grep -m1 -E "error:|undefined|\*\*\*" "$work/make")"; exit 1; }
ranks=(mpirun --allow-run-as-root --oversubscribe --bind-to none -n 2 "$build/nonet-mpi" eval)
"${ranks[@]}" "${part[@]}" --threads 1 --results "$work/ranks.jsonl" >"$work/got.txt" 2>"$work/err"
cmp -s "$work/whole.txt" "$work/got.txt" && ok "2 ranks: the same totals" || bad "2 ranks: $(head -1 "$work/got.txt" "$work/err")"
same_rows "2 ranks: the same results" "$work/ranks.jsonl"
"$nonet" eval --merge "$work/ranks.jsonl" --labels "$work/labels.txt" >"$work/got.txt" 2>&1
cmp -s "$work/whole.txt" "$work/got.txt" && ok "2 ranks: the same totals merged" || bad "2 ranks merged"

# The process that is rank $1 of the mpirun $2.
process_of() {
    local pid
    for pid in $(pgrep -P "$2"); do
        tr '\0' '\n' <"/proc/$pid/environ" 2>/dev/null | grep -qx "OMPI_COMM_WORLD_RANK=$1" && echo "$pid"
    done
}

# lose SIGNAL RANK TEXT: a rank that gets this signal at work is named: after 7 s, and as long again if the machine is busy.
lose() {
    local signal=$1 rank=$2 text=$3 victim start
    rm -f "$work/lost.jsonl"
    "${ranks[@]}" "${part[@]}" --threads 1 --protocol both --scales 32,40,48 --results "$work/lost.jsonl" >"$work/out" \
        2>"$work/err" &
    local run=$!
    for _ in $(seq 100); do
        [ "$(wc -l 2>/dev/null <"$work/lost.jsonl")" -gt 2 ] 2>/dev/null && break
        sleep 0.1
    done
    victim=$(process_of "$rank" $run)
    start=$SECONDS
    kill "-$signal" "$victim" 2>/dev/null || bad "$signal: rank $rank is not there"
    while kill -0 $run 2>/dev/null && [ $((SECONDS - start)) -lt 25 ]; do
        grep -q "$text" "$work/err" && break
        sleep 0.1
    done
    local took=$((SECONDS - start))
    kill -CONT "$victim" 2>/dev/null
    wait $run
    if [ $? -ne 0 ] && [ $took -le 14 ] && grep -q "$text" "$work/err"; then
        ok "rank $rank gets SIG$signal: named after $took s"
    else
        bad "rank $rank gets SIG$signal: $took s: $(head -3 "$work/err")"
    fi
}
lose KILL 1 "rank 1"
lose STOP 1 "rank 1 .*has died or hangs"
lose STOP 0 "rank 0 .*has died or hangs"
exit $status
