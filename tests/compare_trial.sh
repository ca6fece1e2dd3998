#!/bin/bash
# compare_trial.sh BUILD [TRIES] - does `nonet compare` tell a slower build from the same one? In each try VGG-16 is measured
# three times, one run after the other: twice by BUILD/nonet and once by BUILD/nonet-slower, the same objects with a slowdown
# planted (tests/slower.c). Between the first two `compare` should find nothing, between the last two something slower. A run
# that says itself that it was disturbed is taken again, up to RETRIES times (default 5). Environment: THREADS (1), REPETITIONS
# (60), NET (vgg16). The results stay in BUILD/compare-trial. Exit status 0 when both held in nine of ten tries.
build=${1:-build} tries=${2:-10}
threads=${THREADS:-1} repetitions=${REPETITIONS:-60} net=${NET:-vgg16} retries=${RETRIES:-5}
folder=$build/compare-trial
mkdir -p "$folder" || exit 2
retaken=0 disturbed=0

# measure PROGRAM FILE
measure() {
    for ((again = 0; again <= retries; again++)); do
        "$build/$1" bench "$net" --threads "$threads" --repetitions "$repetitions" --json "$2" >/dev/null || exit 1
        grep -q '"disturbed": true' "$2" || return
        retaken=$((retaken + 1))
    done
    retaken=$((retaken - 1)) disturbed=$((disturbed + 1))
}

# judge A B: sets rows, slower, faster and whole (the verdict on all rows together).
judge() {
    local text
    text=$("$build/nonet" compare "$1" "$2") || exit 1
    read -r rows slower faster < <(sed -n 's/^\([0-9]*\) rows*: \([0-9]*\) slower, \([0-9]*\) faster.*/\1 \2 \3/p' <<<"$text")
    whole=$(awk '$1 == "quickest" { print $2, $NF }' <<<"$text")
}

alike=0 found=0
for ((try = 1; try <= tries; try++)); do
    measure nonet "$folder/$try-a.json"
    measure nonet "$folder/$try-b.json"
    measure nonet-slower "$folder/$try-slower.json"
    judge "$folder/$try-a.json" "$folder/$try-b.json"
    [[ $((slower + faster)) -eq 0 && $whole == *same ]] && alike=$((alike + 1))
    printf 'try %2d  same build: %2d of %d rows slower, %d faster, whole %s' $try "$slower" "$rows" "$faster" "$whole"
    judge "$folder/$try-b.json" "$folder/$try-slower.json"
    [[ $faster -eq 0 && ($slower -gt 0 || $whole == *slower) ]] && found=$((found + 1))
    printf '; planted: %2d slower, %d faster, whole %s\n' "$slower" "$faster" "$whole"
done
echo "no difference between runs of one build: $alike of $tries tries; the planted slowdown found: $found of $tries"
[ $((retaken + disturbed)) -eq 0 ] ||
    echo "runs taken again because they were disturbed: $retaken; disturbed to the last: $disturbed"
[ $((10 * alike)) -ge $((9 * tries)) ] && [ $((10 * found)) -ge $((9 * tries)) ]
