#!/bin/bash
# corpus.sh BUILD [LIMIT] - tests/corpus.txt gives its bits on every instruction set with 1 and 2 threads; damage to it is found.
# LIMIT: only problems of so many million multiply-adds. Portable C does the small ones alone.
nonet=$1/nonet limit=$2
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
file=tests/corpus.txt
status=0

ok() { echo "ok corpus $*"; }
bad() {
    echo "FAIL corpus $*"
    status=1
}

# replay ISA THREADS LIMIT
replay() {
    local name="$1, $2 threads"
    if "$nonet" verify --replay $file --isa "$1" --threads "$2" ${3:+--limit "$3"} >"$work/out" 2>&1; then
        ok "$name: $(tail -1 "$work/out")"
    else
        bad "$name: $(grep -m1 -E '^FAIL|^nonet|Sanitizer|runtime error' "$work/out")"
    fi
}

# refused NAME PATTERN: $work/file ends with 1 and one sentence that has this in it.
refused() {
    "$nonet" verify --replay "$work/file" --limit 1 >"$work/out" 2>"$work/err"
    local got=$?
    if [ $got -eq 1 ] && [ "$(wc -l <"$work/err")" -eq 1 ] && grep -q "^nonet verify: $work/file.*$2" "$work/err"; then
        ok "$1"
    else
        bad "$1: exit status $got: $(head -1 "$work/err")"
    fi
}

for isa in $("$nonet" info | sed -n 's/^instruction sets *found: \([a-z0-9 ]*\);.*/\1/p'); do
    for threads in 1 2; do
        if [ "$isa" = c ]; then replay c $threads "${limit:-20}"; else replay "$isa" $threads "$limit"; fi
    done
done
[ -z "$limit" ] || echo "SKIP corpus problems above $limit million multiply-adds"

# ---- a wrong bit ----
line=$(grep -n '^conv 1 .* direct .* normal ' $file | head -1 | cut -d: -f1)
sed "${line}s/\(.*\) \([0-9a-f]*\)\([0-9a-f]\)\$/\1 \2X\3/; ${line}s/X0/1/; ${line}s/X[1-9a-f]/0/" $file >"$work/file"
"$nonet" verify --replay "$work/file" --limit 1 >"$work/out" 2>&1
[ $? -eq 1 ] && [ "$(grep -c "^FAIL .*line $line: conv .*hash .* instead of .*within its bound" "$work/out")" -eq 1 ] &&
    ok "a flipped digit" || bad "a flipped digit: $(head -2 "$work/out" | tail -1)"
"$nonet" verify --replay "$work/file" --limit 1 --json - >"$work/out" 2>&1
[ $? -eq 1 ] && grep -q "\"line\": $line, " "$work/out" && ok "a flipped digit, JSON" || bad "a flipped digit, JSON"
if command -v python3 >/dev/null; then
    python3 -m json.tool <"$work/out" >/dev/null 2>&1 && ok "JSON parses" || bad "JSON does not parse"
fi

# ---- files that are none ----
rm "$work/file"; refused "no file" "cannot open"
: >"$work/file"; refused "an empty file" "ends after 0"
head -c 1000000 /dev/urandom >"$work/file"; refused "random bytes" "line"
head -c 17000000 /dev/zero >"$work/file"; refused "17 MB" "larger"
head -c 20000 $file >"$work/file"; refused "a file cut within a line" "ends within a line"
head -100 $file >"$work/file"; refused "a file cut between lines" "ends after"
(cat $file; tail -1 $file) >"$work/file"; refused "a line too many" "more than"
edit() { sed "$2" $file >"$work/file"; refused "$1" "line [0-9]*: .*$3"; }
edit "another format" '1s/1/2/' "format 2"
edit "no head" '1d' "this is no corpus"
edit "lines out of order" "$line{h;d};$((line + 1))G" "sorted"
edit "an unknown kind" "${line}s/conv/fft/" "no problem is called"
edit "a word too few" "${line}s/conv 1/conv/" "words, but conv has"
edit "a negative size" "${line}s/conv 1/conv -1/" "n is a whole number"
edit "a huge size" "${line}s/conv 1/conv 99999999999999999999/" "n is a whole number"
edit "a size with a zero before it" "${line}s/conv 1/conv 01/" "n is a whole number"
edit "a short hash" "${line}s/.\$//" "a hash is 16"
edit "an unknown algorithm" "${line}s/ direct / fft /" "algo cannot be"
edit "a control character" "${line}s/conv/\x01/" "byte 0x01"
edit "a byte of zero" "${line}s/conv/\x00/" "byte 0x00"
edit "a long line" "${line}s/conv/$(printf '%0300d' 0)/" "longer than"
edit "a problem larger than memory" '$s/^softmax [0-9]* [0-9]*/softmax 999999 999999/' "larger than a corpus"
exit $status
