#!/bin/bash
# example.sh BUILD [FOLDER] - makes docs/example anew: VGG-16 on this machine with one thread and with all, beside the other
# libraries that the build found, and the report of these runs. On a machine with nothing else to do it takes about a minute.
# The records name neither the host nor folders. Environment: REPETITIONS (20), NET (vgg16).
build=${1:-build} folder=${2:-docs/example} net=${NET:-vgg16} repetitions=${REPETITIONS:-20}
cd "$(dirname "$0")/.." || exit 1
nonet=$build/nonet all=$(nproc)
mkdir -p "$folder" || exit 1
rm -rf "$folder"/*.json "$folder/plots"

# run FILE ARGUMENT...
run() {
    "$nonet" bench "$net" --anonymous --json "$folder/$1.json" "${@:2}" >/dev/null || exit 1
    grep -q '"disturbed": true' "$folder/$1.json" && echo "$folder/$1.json: the run was disturbed: measure again" >&2
}

run "$net-1-thread" --threads 1 --repetitions "$repetitions" --phases
[ "$all" -eq 1 ] || run "$net-$all-threads" --threads "$all" --repetitions "$repetitions" --phases
if ! "$nonet" info | grep -q '^bench --peers *none'; then
    run "$net-peers-1-thread" --threads 1 --repetitions "$((repetitions / 2))" --peers all
    [ "$all" -eq 1 ] || run "$net-peers-$all-threads" --threads "$all" --repetitions "$((repetitions / 2))" --peers all
fi
"$nonet" report "$folder"/*.json -o "$folder/report.html" --svg "$folder/plots" && echo "$folder/report.html"
