#!/bin/bash
# cli_test.sh BUILD - the command: exit statuses, one sentence for each fault, the same answers whatever the set and threads.
# Exit status 2 is for usage, 1 for data; a fault is one line on standard error that begins with "nonet".
build=${1:-build}
cd "$(dirname "$0")/.." || exit 1
nonet=$build/nonet
data=../shared/data
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
status=0

ok() { echo "ok cli $*"; }
bad() {
    echo "FAIL cli $*"
    status=1
}

# fault STATUS NAME ARGUMENT...: it ends with this status and one sentence, and no sanitizer has a word to say.
fault() {
    local want=$1 name=$2 got lines
    shift 2
    "$nonet" "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    lines=$(wc -l <"$work/err")
    if [ $got -ne "$want" ]; then
        bad "$name: exit status $got, not $want: $(head -1 "$work/err")"
    elif [ "$lines" -ne 1 ] || ! grep -q '^nonet' "$work/err" || grep -qE 'Sanitizer|runtime error' "$work/err"; then
        bad "$name: $lines lines, not one sentence: $(grep -m1 -E 'Sanitizer|runtime error' "$work/err" || head -1 "$work/err")"
    else
        ok "$name"
    fi
}

# fine NAME ARGUMENT...: it ends with 0 and is silent on standard error.
fine() {
    local name=$1
    shift
    "$nonet" "$@" >"$work/out" 2>"$work/err" </dev/null
    local got=$?
    if [ $got -eq 0 ] && [ ! -s "$work/err" ] && [ -s "$work/out" ]; then
        ok "$name"
    else
        bad "$name: exit status $got: $(head -1 "$work/err")"
    fi
}

same() {
    if cmp -s "$2" "$3"; then ok "$1"; else bad "$1: the outputs differ"; fi
}

# ---- usage ----
fault 2 "no command"
fault 2 "unknown command" frobnicate
for command in info bench classify eval features explain convert pack verify; do
    fine "$command --help" $command --help
    fault 2 "$command with an unknown option" $command --frobnicate
    fault 2 "$command --threads 0" $command --threads 0
    fault 2 "$command --threads x" $command --threads x
    fault 2 "$command --isa sse9" $command --isa sse9
    fault 2 "$command --algo fft" $command --algo fft
done
fine "--version" --version
fine "info" info
for command in compare report; do
    fine "$command --help" $command --help
    fault 2 "$command with an unknown option" $command --frobnicate
    fault 2 "$command without files" $command
    fault 1 "$command of files that are not there" $command "$work/none.json" "$work/none.json" ${report_to:-}
    report_to="-o $work/none.html"
done
fault 2 "compare --fail-if-slower x" compare --fail-if-slower x a b
fault 2 "compare --margin -1" compare --margin -1 a b
fault 2 "report without a place to go" report x.json
fault 2 "bench without a network" bench
fault 2 "bench of an unknown network" bench vgg99
fault 2 "bench layer without numbers" bench layer 1 2
fault 2 "bench layer with a zero" bench layer 1 0 5 5 5
fault 2 "bench --cold x" bench --cold x vgg11
fault 2 "bench with two records on standard output" bench layer 1 16 8 8 16 --jsonl - --csv -
fault 1 "bench --csv into no folder" bench layer 1 16 8 8 16 --csv "$work/none/x.csv"
fault 2 "bench --size 0x5" bench vgg11 --size 0x5
fault 2 "bench --dense with peers" bench vgg11 --dense --peers all
fault 2 "bench of a layer, dense" bench layer 1 16 8 8 16 --dense
fault 2 "bench --winograd-weights x" bench layer 1 16 8 8 16 --winograd-weights x
bundled=data/fashion_vgg.nonet
fine "bench of a model, dense, of another size" bench --model "$bundled" --dense --size 32x44 --batch 2 --threads 2 \
    --repetitions 2
grep -q '^fc5 .* -> 10x2x3 ' "$work/out" && ok "bench --dense: a map of scores" ||
    { bad "bench --dense: a map of scores"; cat "$work/out"; }
fine "bench of expanded weights" bench layer 1 64 12 12 32 --algo winograd-f4 --winograd-weights expanded --repetitions 2 --phases
small="layer 1 32 12 12 32 --algo all --repetitions 2 --threads 1 --phases"
fine "bench --jsonl" bench $small --cold weights --jsonl "$work/bench.jsonl"
fine "bench --csv" bench $small --cold all --csv "$work/bench.csv"
[ "$(wc -l <"$work/bench.jsonl")" -eq 4 ] && [ "$(wc -l <"$work/bench.csv")" -eq 5 ] && ok "bench: a line a row" ||
    bad "bench: a line a row"
fine "bench --json" bench $small --repetitions 8 --json "$work/bench.json"
if "$nonet" compare "$work/bench.json" "$work/bench.json" 2>&1 | grep -q 'without cJSON'; then
    echo "SKIP cli compare and report: built without cJSON"
else
    fine "compare with itself" compare "$work/bench.json" "$work/bench.json" --fail-if-slower 0
    grep -qE '1\.000 .* (same|unclear)$' "$work/out" && ok "compare: alike" || bad "compare: alike"
    fine "compare to JSON" compare "$work/bench.json" "$work/bench.json" --json -
    sed 's/"samples": \[/"nothing": [/' "$work/bench.json" >"$work/bare.json"
    fault 1 "compare --fail-if-slower without samples" compare "$work/bare.json" "$work/bench.json" --fail-if-slower 5%
    fine "report" report "$work/bench.json" "$work/bare.json" -o - --svg "$work/svg"
    fault 1 "report into no folder" report "$work/bench.json" -o "$work/none/x.html"
    if command -v xmllint >/dev/null; then
        xmllint --noout "$work"/svg/*.svg 2>/dev/null && ok "report: plots are XML" || bad "report: plots are XML"
    else
        echo "SKIP cli report: plots are XML: no xmllint"
    fi
fi
fault 2 "classify without a picture" classify --model data/fashion_vgg.nonet
fault 2 "classify without a model" classify data/sample_00_label_9.pgm
one="classify data/sample_00_label_9.pgm --model data/fashion_vgg.nonet"
fault 2 "classify --protocol sparse" $one --protocol sparse
fault 2 "classify --scales x" $one --scales x
fault 2 "classify --scales S without S" $one --scales S-4,S
fault 2 "classify --flip=yes" $one --flip=yes
fault 2 "classify --fuse-weights 1,2 of one model" $one --fuse-weights 1,2
fault 2 "classify --max-memory 0" $one --max-memory 0
fault 1 "classify --max-memory below the weights" $one --protocol dense --max-memory 1
fault 2 "classify --class of none" $one --class Hat
fault 2 "classify --task localise without boxes" $one --task localise
fault 2 "classify --boxes without the task" $one --boxes x
fault 1 "classify with boxes by a network of classes" $one --task localise --boxes data/fashion_vgg.nonet
fine "classify by every protocol option" $one --model data/fashion_vgg.nonet --protocol both --train-scale 32 \
    --scales S-4,S,S+4 --flip --fuse-weights 2,1 --max-memory 100 --class 'Ankle boot'
fault 2 "features without a layer" features data/sample_00_label_9.pgm --model data/fashion_vgg.nonet -o "$work/x.npy"
fault 2 "convert without a target" convert data/fashion_vgg.nonet
fault 2 "pack of nothing" pack -o "$work/x.nonet"
fault 2 "pack without a target" pack data/fashion_vgg.nonet
fault 2 "pack --json" pack data/fashion_vgg.nonet -o "$work/x.nonet" --json -
fault 2 "verify of an unknown family" verify --family fft
fault 2 "verify --scale x" verify --scale x
fault 2 "verify with a stray word" verify everything
NONET_ISA=bogus fault 2 "NONET_ISA=bogus" info
NONET_ISA=bogus fault 2 "NONET_ISA=bogus verify" verify
case $(uname -m) in x86_64) other=neon ;; *) other=avx2 ;; esac
fault 2 "--isa of another machine" verify --isa $other

# ---- model files ----
classify() { fault 1 "$1" classify data/sample_00_label_9.pgm --model "$2"; }
classify "missing model" "$work/none.nonet"
classify "a folder as model" "$work"
: >"$work/empty"
classify "empty model" "$work/empty"
head -c 100000 /dev/zero >"$work/zeros"
classify "zeros as model" "$work/zeros"
classify "a program as model" "$nonet"
classify "text as model" README.md
classify "a picture as model" data/sample_00_label_9.pgm

damage() {
    local file=$1 name size
    name=$(basename "$file")
    size=$(stat -c %s "$file")
    for length in 1 4 7 8 9 40 1000 $((size / 3)) $((size - 4000)) $((size - 1)); do
        head -c "$length" "$file" >"$work/cut"
        classify "$name cut to $length bytes" "$work/cut"
    done
}
damage data/fashion_vgg.nonet
cp data/fashion_vgg.nonet "$work/flipped"
printf '\x55' | dd of="$work/flipped" bs=1 seek=100000 conv=notrunc status=none
classify "a flipped byte in the container" "$work/flipped"
have() { "$nonet" info --json - | sed -n '/"features"/,/]/p' | grep -q "\"$1\""; }
if [ -d "$data" ]; then
    have cjson && damage $data/fashion-vgg/fashion_vgg.safetensors
    have zip && damage $data/fashion-vgg/fashion_vgg.pth
    damage $data/fashion-vgg/fashion_vgg_legacy.pth
    have protobuf && damage $data/fashion-vgg/fashion_vgg.onnx
    have protobuf && damage $data/fashion-vgg/fashion_vgg.caffemodel
    classify "a JPEG as model" $data/photos/rocket.jpg
else
    echo "SKIP cli damaged model files: ../shared/data is absent"
fi

# safetensors TEXT [LENGTH]: a file with this header, and 64 bytes of tensors.
safetensors() {
    local length=${2:-${#1}}
    { for shift in 0 8 16 24 32 40 48 56; do printf "\\x$(printf %02x $((length >> shift & 255)))"; done
      printf '%s' "$1"; head -c 64 /dev/zero; } >"$work/made.safetensors"
}
conv='"features.0.weight":{"dtype":"F32","shape":[1,1,3,3],"data_offsets":[0,36]}'
safetensors '{}' $((1 << 60)); classify "safetensors: header longer than the file" "$work/made.safetensors"
safetensors '{}' -1; classify "safetensors: header of 2^64-1 bytes" "$work/made.safetensors"
safetensors '{}'; classify "safetensors: no tensors" "$work/made.safetensors"
safetensors '{"a":'; classify "safetensors: broken JSON" "$work/made.safetensors"
safetensors '[1,2]'; classify "safetensors: not an object" "$work/made.safetensors"
safetensors "{${conv/F32/I64}}"; classify "safetensors: wrong dtype" "$work/made.safetensors"
safetensors "{${conv/1,1,3,3/1,1,3,4}}"; classify "safetensors: shape and bytes differ" "$work/made.safetensors"
safetensors "{${conv/1,1,3,3/-1,1,3,3}}"; classify "safetensors: negative dimension" "$work/made.safetensors"
safetensors "{${conv/1,1,3,3/4294967296,4294967296,3,3}}"; classify "safetensors: huge dimensions" "$work/made.safetensors"
safetensors "{${conv/\[0,36\]/[40,76]}}"; classify "safetensors: offsets outside" "$work/made.safetensors"
safetensors "{${conv/\[0,36\]/[36,0]}}"; classify "safetensors: offsets backwards" "$work/made.safetensors"
safetensors "{${conv/features.0/stem.conv}}"; classify "safetensors: foreign names" "$work/made.safetensors"

# ---- pictures ----
picture() { fault 1 "$1" classify "$2" --model data/fashion_vgg.nonet; }
picture "missing picture" "$work/none.pgm"
picture "empty picture" "$work/empty"
picture "a folder as picture" "$work"
picture "a model as picture" data/fashion_vgg.nonet
head -c 300 data/sample_00_label_9.pgm >"$work/cut.pgm"
picture "PGM cut short" "$work/cut.pgm"
printf 'P5\n99999999 99999999\n255\n' >"$work/huge.pgm"
picture "PGM larger than its file" "$work/huge.pgm"
printf 'P5\n-3 4\n255\n0123' >"$work/negative.pgm"
picture "PGM of negative width" "$work/negative.pgm"
if [ -d "$data" ]; then
    head -c 40000 $data/photos/rocket.jpg >"$work/cut.jpg"
    head -c 100 $data/photos/rocket.jpg >"$work/short.jpg"
    head -c 40000 $data/photos/chelsea.png >"$work/cut.png"
    for file in cut.jpg short.jpg cut.png; do picture "$file" "$work/$file"; done
fi
fault 2 "features of an unknown layer" features data/sample_00_label_9.pgm --model data/fashion_vgg.nonet --layer conv9_9 \
    -o "$work/x.npy"
fault 1 "features into a folder that is not there" features data/sample_00_label_9.pgm --model data/fashion_vgg.nonet \
    --layer conv1_2 -o "$work/none/x.npy"
fault 1 "convert into a folder that is not there" convert data/fashion_vgg.nonet -o "$work/none/x.nonet"
printf '\x93NUMPY\x01\x00\xff\xff{' >"$work/cut.npy"
fault 1 "broken .npy" features "$work/cut.npy" --model data/fashion_vgg.nonet --layer conv1_2 -o "$work/x.npy"

# ---- answers ----
"$nonet" classify data/*.pgm --model data/fashion_vgg.nonet >"$work/want" 2>&1 || bad "classify: exit status $?"
for file in data/*.pgm; do
    label=${file%.pgm}
    label=${label##*_}
    [[ $file = *sample_23_* ]] && label=5       # an ankle boot that the network takes for a sandal
    if "$nonet" classify "$file" --model data/fashion_vgg.nonet --top 1 | grep -q "class $label\b"; then
        ok "$file"
    else
        bad "$file: not $label"
    fi
done
for isa in c avx2 avx512 neon; do
    "$nonet" info --isa $isa >/dev/null 2>&1 || continue
    NONET_ISA=$isa "$nonet" classify data/*.pgm --model data/fashion_vgg.nonet >"$work/got" 2>&1
    same "NONET_ISA=$isa classifies alike" "$work/want" "$work/got"
done
"$nonet" classify data/*.pgm --model data/fashion_vgg.nonet --threads 1 >"$work/got" 2>&1
same "one thread classifies alike" "$work/want" "$work/got"
"$nonet" convert data/fashion_vgg.nonet -o "$work/again.nonet" >/dev/null 2>&1 || bad "convert: exit status $?"
same "a converted container is the container" data/fashion_vgg.nonet "$work/again.nonet"
if [ -d "$data" ] && have cjson; then
    "$nonet" convert $data/fashion-vgg/fashion_vgg.safetensors -o "$work/new.nonet" >/dev/null 2>&1 ||
        bad "convert: exit status $?"
    for isa in c auto; do
        for model in "$work/new.nonet" data/fashion_vgg.nonet; do
            "$nonet" features data/sample_00_label_9.pgm --model "$model" --layer conv3_2 --isa $isa \
                -o "$work/$(basename "$model").npy" --preprocess grey --mean 0.286 --std 0.353 >/dev/null 2>&1 ||
                bad "features: exit status $?"
        done
        same "features of a converted model, --isa $isa" "$work/new.nonet.npy" "$work/fashion_vgg.nonet.npy"
    done
fi

# ---- packed weights ----
packed=$work/packed.nonet
pack_of() { "$nonet" classify data/*.pgm --model "$@" >"$work/got" 2>"$work/err"; }
fault 1 "pack of a picture" pack data/sample_00_label_9.pgm -o "$packed"
fault 1 "pack into a folder that is not there" pack data/fashion_vgg.nonet -o "$work/none/x.nonet"
[ -e "$packed" ] && bad "pack: a file was left behind" || ok "pack: no file after a fault"
"$nonet" pack data/fashion_vgg.nonet -o "$packed" >"$work/out" 2>"$work/err" && [ ! -s "$work/err" ] && ok "pack" ||
    bad "pack: $(head -1 "$work/err")"
pack_of "$packed" && [ ! -s "$work/err" ] && ok "packed weights fit" || bad "packed weights: $(head -1 "$work/err")"
same "packed weights classify alike" "$work/want" "$work/got"
pack_of "$packed" --verify && [ ! -s "$work/err" ] && ok "packed weights, every byte" || bad "--verify: $(head -1 "$work/err")"
unfit="nonet classify: $packed: its packed weights are for another machine or other options; the plain ones serve"
for option in "--algo direct" "--isa c"; do
    [ "$option" = "--isa c" ] && "$nonet" info | grep -q 'in force: c$' && continue
    pack_of "$packed" $option && [ "$(cat "$work/err")" = "$unfit" ] && ok "packed weights with $option: a sentence" ||
        bad "packed weights with $option: $(head -2 "$work/err")"
    [ "$option" = "--algo direct" ] || same "packed weights with $option classify alike" "$work/want" "$work/got"
done
printf '\x55\xaa' | dd of="$packed" bs=1 seek=$(($(stat -c %s "$packed") - 20001)) conv=notrunc status=none
fault 1 "a flipped byte in packed weights, with --verify" classify data/sample_00_label_9.pgm --model "$packed" --verify
fault 1 "a flipped byte in packed weights, packed anew" pack "$packed" -o "$work/x.nonet"

# ---- threads ----
threads_of() { "$nonet" info --json - | sed -n 's/^  "threads": \([0-9]*\).*/\1/p'; }
all=$(threads_of)
[ "${all:-0}" -ge 1 ] && [ "$(OMP_PROC_BIND=true threads_of)" = "$all" ] && ok "as many threads under OMP_PROC_BIND" ||
    bad "threads: $all, under OMP_PROC_BIND $(OMP_PROC_BIND=true threads_of)"
OMP_NUM_THREADS=1 "$nonet" bench layer 1 16 8 8 16 --repetitions 1 --json "$work/one.json" >/dev/null 2>&1
grep -q '"threads": 1,\?$' "$work/one.json" && ! grep -q '"threads": [02-9]' "$work/one.json" && ok "bench under OMP_NUM_THREADS=1" ||
    bad "bench under OMP_NUM_THREADS=1: $(grep '"threads"' "$work/one.json")"

# ---- verify ----
fine "verify of a family" verify --family maxpool --scale 0.1
fine "verify to JSON" verify --family maxpool --scale 0.1 --json -
if command -v python3 >/dev/null; then
    python3 -m json.tool <"$work/out" >/dev/null 2>&1 && ok "verify's JSON parses" || bad "verify's JSON does not parse"
fi

# ---- files and streams that must not be spoilt ----
shoe=data/sample_00_label_9.pgm
net="--model data/fashion_vgg.nonet"
mkdir "$work/val"
cp $shoe "$work/val"
printf 'sample_00_label_9.pgm 9\nnone.pgm 3\n' >"$work/val.txt"
"$nonet" eval "$work/val" --list "$work/val.txt" $net --results "$work/closed.jsonl" >"$work/out" 2>&-
[ "$(wc -l <"$work/closed.jsonl")" -eq 3 ] && ! grep -q '^nonet' "$work/closed.jsonl" && ok "no messages in the results: closed stderr" ||
    bad "no messages in the results: closed stderr"
"$nonet" classify $shoe $net --json "$work/closed.json" >&- 2>"$work/err"
got=$?
[ $got -eq 1 ] && grep -q 'cannot write to standard output' "$work/err" && [ "$(head -c 1 "$work/closed.json")" = "{" ] &&
    [ "$(tail -n 1 "$work/closed.json")" = "}" ] && ok "no tables in the JSON: closed stdout" || bad "no tables in the JSON: closed stdout"

# killed NAME ARGUMENT...: waits for a picture that never comes, and is ended; nothing of what it was writing stays.
mkfifo "$work/never.pgm"
mkdir "$work/made"
killed() {
    local name=$1 signal process tries
    shift
    for signal in TERM HUP PIPE; do
        "$nonet" "$@" </dev/null >/dev/null 2>&1 &
        process=$!
        for ((tries = 0; tries < 100; tries++)); do
            [ -n "$(ls "$work/made")" ] && break
            sleep 0.1
        done
        [ $tries -lt 100 ] || bad "$name: no file in the making"
        kill -$signal $process
        wait $process 2>/dev/null
        got=$?
        [ $got -eq $((128 + $(kill -l $signal))) ] && [ -z "$(ls "$work/made")" ] && ok "$name: SIG$signal leaves nothing" ||
            { bad "$name: SIG$signal: exit status $got, left: $(ls "$work/made")"; rm -f "$work"/made/*; }
    done
}
killed "classify --json" classify "$work/never.pgm" $net --json "$work/made/x.json"
killed "features" features "$work/never.pgm" $net --layer conv1_1 -o "$work/made/x.npy"
(ulimit -f 100 && fault 1 "a file beyond ulimit -f" convert data/fashion_vgg.nonet -o "$work/made/x.nonet"; exit $status) || status=1
[ -z "$(ls "$work/made")" ] && ok "a file beyond ulimit -f: nothing stays" || bad "a file beyond ulimit -f: left: $(ls "$work/made")"
cp $shoe "$work/shoe.pgm"
cp data/fashion_vgg.nonet "$work/own.nonet"
ln -s . "$work/link"
echo '{}' >"$work/run.json"
fault 2 "eval: one file for results and JSON" eval "$work/val" --list "$work/val.txt" $net --results "$work/q" --json "$work/link/q"
fault 2 "eval --results -" eval "$work/val" --list "$work/val.txt" $net --results -
fault 2 "eval: JSON over the list" eval "$work/val" --list "$work/val.txt" $net --json "$work/val.txt"
fault 2 "bench: one file for two records" bench layer 1 16 8 8 16 --json "$work/q" --csv "$work/q"
fault 2 "classify: JSON over the picture" classify "$work/shoe.pgm" $net --json "$work/link/shoe.pgm"
fault 2 "explain: the page over the picture" explain "$work/shoe.pgm" $net -o "$work/shoe.pgm"
fault 2 "report: the page over a run" report "$work/run.json" -o "$work/run.json"
fault 2 "features: the array over the model" features $shoe --model "$work/own.nonet" --layer conv1_1 -o "$work/own.nonet"
fault 2 "features -o -" features $shoe $net --layer conv1_1 -o -
fault 2 "convert -o -" convert data/fashion_vgg.nonet -o -
fault 2 "pack -o -" pack data/fashion_vgg.nonet -o -
same "the picture stays as it is" $shoe "$work/shoe.pgm"
same "the model stays as it is" data/fashion_vgg.nonet "$work/own.nonet"
"$nonet" convert "$work/own.nonet" -o "$work/own.nonet" && "$nonet" pack "$work/own.nonet" -o "$work/own.nonet" &&
    ok "convert and pack a file in its place" || bad "convert and pack a file in its place"

# ---- sentences and statuses ----
folder=$work
for letter in x y z; do
    folder+=/$(printf "$letter%.0s" {1..200})
done
fault 1 "a model with a long path" classify $shoe --model "$folder/none.nonet"
grep -q '/none.nonet: No such file' "$work/err" && ok "a long path leaves room for the fault" || bad "a long path leaves room for the fault"
fault 1 "a picture with a long path" classify "$folder/none.pgm" $net
grep -q '/none.pgm: cannot open: No such file' "$work/err" && ok "a long picture's path leaves room for the fault" ||
    bad "a long picture's path leaves room for the fault"
NONET_ISA=bogus fault 2 "NONET_ISA=bogus tune" tune layer 1 16 14 14 16 --profile "$work/profile" --time 1
grep -q 'NONET_ISA' "$work/err" && ok "tune: NONET_ISA is to blame" || bad "tune: NONET_ISA is to blame"
fault 1 "classify: scores that are not numbers" classify $shoe $net --std 1e-38
grep -q "$shoe: the network's scores are not numbers" "$work/err" && ok "classify: says so" || bad "classify: says so"
fault 1 "explain: scores that are not numbers" explain $shoe $net --std 1e-38 -o "$work/x.html"
for protocol in centre dense; do
    "$nonet" eval "$work/val" --limit 1 --list "$work/val.txt" $net --std 1e-38 --protocol $protocol >"$work/out" 2>"$work/err"
    [ $? -eq 1 ] && grep -q "sample_00_label_9.pgm: the network's scores are not numbers" "$work/err" &&
        ok "eval $protocol: scores that are not numbers" || bad "eval $protocol: scores that are not numbers"
done
fault 2 "convert to a size that the layers do not take" convert data/fashion_vgg.nonet -o "$work/x.nonet" --size 3x3
fault 2 "another network's name for a container" classify $shoe $net --net vgg16
fault 2 "verify --algo" verify --family maxpool --algo direct
fault 2 "verify --threads without a corpus" verify --family maxpool --threads 2
fine "pack --help" pack --help
grep -q -- --json "$work/out" && bad "pack --help: no --json" || ok "pack --help: no --json"
ln -s "$(realpath $shoe)" "$work/val/$(printf '\355\240\200').pgm"
"$nonet" eval "$work/val" --list <(printf '\355\240\200.pgm 9\n') $net --results "$work/utf8.jsonl" --json "$work/utf8.json" >/dev/null
"$nonet" classify "$work/val/$(printf '\355\240\200').pgm" $net --json "$work/utf8.json" >/dev/null
iconv -f UTF-8 -t UTF-8 <"$work/utf8.jsonl" >/dev/null && iconv -f UTF-8 -t UTF-8 <"$work/utf8.json" >/dev/null &&
    ok "names that are no UTF-8 do not spoil JSON" || bad "names that are no UTF-8 do not spoil JSON"
fault 1 "a device without end as picture" classify /dev/zero $net
fault 2 "bench --algo ," bench layer 1 16 8 8 16 --algo ,
fine "bench --seed 2^63-1" bench layer 1 16 8 8 16 --repetitions 1 --threads 1 --seed 9223372036854775807
printf '1 16 14 14 16 kernel=5x3 linear # a remark\n' >"$work/shapes.txt"
for option in --shapes --layers; do
    fine "plan $option" plan $option "$work/shapes.txt" --threads 1
    fine "bench $option" bench $option "$work/shapes.txt" --threads 1 --repetitions 1
    "$nonet" verify --record "$work/corpus$option" $option "$work/shapes.txt" >/dev/null 2>&1 && ok "verify $option" || bad "verify $option"
    fine "tune $option" tune $option "$work/shapes.txt" --threads 1 --time 0.5 --profile "$work/tuned"
done
fault 1 "plan of a shape that is none" plan --shapes "$work/val.txt"
fault 2 "plan layer --batch" plan layer 1 16 14 14 16 --batch 2
fault 2 "plan of a network with a layer's option" plan vgg11 --pool
exit $status
