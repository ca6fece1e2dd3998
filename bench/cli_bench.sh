#!/bin/bash
# cli_bench.sh BUILD - the whole process: how long `nonet classify` takes from its start to its answer, by hyperfine, with weights
# that are packed when the model is opened and with weights that stand packed in the file; with the file in the page cache and out
# of it; beside one forward of the same network in a process that runs already. Writes BUILD/bench-cli/NET-CACHE.json (hyperfine's
# own) and prints a table. Environment: NETS ("fashion vgg16": the bundled network, and VGG-16 with random weights, whose two
# files take 1.9 GB of BUILD/bench-cli and are kept), RUNS (10), THREADS (1).
build=${1:-build}
cd "$(dirname "$0")/.." || exit 2
nonet=$build/nonet out=$build/bench-cli runs=${RUNS:-10} threads=${THREADS:-1}
picture=data/sample_09_label_7.pgm
command -v hyperfine >/dev/null || { echo "bench-cli: hyperfine is missing: apt-get install hyperfine" >&2; exit 2; }
mkdir -p "$out" || exit 2

# The files of a network: $plain and $packed.
prepare() {
    plain=$out/$1.nonet packed=$out/$1-packed.nonet
    case $1 in
    fashion) plain=data/fashion_vgg.nonet ;;
    *) [ -e "$plain" ] || "$nonet" convert --random "$1" --seed 1 -o "$plain" || exit 1 ;;
    esac
    "$nonet" pack "$plain" -o "$packed" || exit 1
    sync "$plain" "$packed"
}

# Milliseconds of one forward, the median.
forward() {
    "$nonet" bench --model "$1" --threads "$threads" --repetitions 7 --json - |
        awk -F'[:,]' '/"name":/ { total = $2 ~ /\/total"/ } total && /"real_time":/ { print $2 + 0; exit }'
}

# rows NET CACHE: runs both files, and adds their lines to the table. Out of the cache means out of the page cache: dd says so
# to the kernel before each run (posix_fadvise), which any user may.
rows() {
    local cold=()
    [ "$2" = cold ] && cold=(--prepare "dd if=$plain iflag=nocache count=0 status=none"
                             --prepare "dd if=$packed iflag=nocache count=0 status=none")
    hyperfine --shell=none --style=none --warmup 1 --runs "$runs" "${cold[@]}" --export-json "$out/$1-$2.json" \
        --export-csv "$out/$1-$2.csv" -n plain "$nonet classify $picture --model $plain --threads $threads" \
        -n packed "$nonet classify $picture --model $packed --threads $threads" >/dev/null || exit 1
    awk -F, -v net="$1" -v cache="$2" -v forward="$3" 'NR > 1 {
        printf "%-8s  %-6s  %-4s  %10.1f  %10.1f  %10.1f  %10.1f  %10.1f  %8.2f\n", net, $1, cache, 1e3 * $4, 1e3 * $7, 1e3 * $8,
               1e3 * ($5 + $6), forward, 1e3 * $4 / forward }' "$out/$1-$2.csv"
}

"$nonet" info | head -2
printf '%-8s  %-6s  %-4s  %10s  %10s  %10s  %10s  %10s  %8s\n' net file pages 'median, ms' min max 'CPU, ms' 'forward' 'x'
for net in ${NETS:-fashion vgg16}; do
    prepare "$net"
    once=$(forward "$plain")
    for cache in warm cold; do
        rows "$net" $cache "$once"
    done
done
cat <<END
Process start to answer of 'nonet classify' with $threads thread(s), $runs runs. packed: pack's weights, used where they are mapped;
pages: the file in the page cache or not; CPU: user and system; forward: one in a running process; x: median by forward.
END
