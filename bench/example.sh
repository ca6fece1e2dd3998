#!/bin/bash
# example.sh BUILD [FOLDER] - makes docs/example anew: VGG-16 on this machine with one thread and with all, beside the other
# libraries that the build found, and the report of these runs. On a machine with nothing else to do it takes about a minute.
# The records name neither the host nor folders. A run that was disturbed is taken again, TRIES times in all; if none is undisturbed
# that is an error, and FOLDER stays as it was. Environment: REPETITIONS (20), NET (vgg16), TRIES (5).
build=${1:-build} folder=${2:-docs/example} net=${NET:-vgg16} repetitions=${REPETITIONS:-20} tries=${TRIES:-5}
cd "$(dirname "$0")/.." || exit 1
nonet=$build/nonet all=$(nproc)
new=$(mktemp -d) || exit 1
trap 'rm -rf "$new"' EXIT

# run FILE ARGUMENT...
run() {
    for ((try = 1; try <= tries; try++)); do
        "$nonet" bench "$net" --anonymous --json "$new/$1.json" "${@:2}" >"$new/$1.txt" || exit 1
        grep -q '"disturbed": false' "$new/$1.json" && return
        echo "$1: try $try of $tries was disturbed:" >&2
        grep -E '^(disturbed:|           )' "$new/$1.txt" >&2
    done
    echo "example.sh: the machine is not at rest; $folder is as it was" >&2
    exit 1
}

run "$net-1-thread" --threads 1 --repetitions "$repetitions" --phases
[ "$all" -eq 1 ] || run "$net-$all-threads" --threads "$all" --repetitions "$repetitions" --phases
if ! "$nonet" info | grep -q '^bench --peers *none'; then
    run "$net-peers-1-thread" --threads 1 --repetitions "$((repetitions / 2))" --peers all
    [ "$all" -eq 1 ] || run "$net-peers-$all-threads" --threads "$all" --repetitions "$((repetitions / 2))" --peers all
fi
mkdir -p "$folder" && rm -rf "$folder"/*.json "$folder/plots" && mv "$new"/*.json "$folder/" || exit 1
"$nonet" report "$folder"/*.json -o "$folder/report.html" --svg "$folder/plots" && echo "$folder/report.html"
