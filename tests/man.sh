#!/bin/bash
# man.sh BUILD - docs/nonet.1 against the command: each command has a section and a line of the synopsis; each option that its --help
# lists stands in that section, or among those of most commands; and the section lists none that the command does not have.
build=${1:-build}
cd "$(dirname "$0")/.." || exit 1
nonet=$build/nonet
page=docs/nonet.1
status=0

result() {
    if [ -z "$2" ]; then echo "ok man $1"; else echo "FAIL man $1: $2"; status=1; fi
}

# The options that the lines of `.Ss NAME` list; the section goes on up to the next heading.
listed() {
    awk -v name=".Ss $1" '$0 == name { on = 1; next } /^\.S[sh] / { on = 0 }
        on && /^\.It / { for (i = 2; i <= NF; i++) if ($i ~ /^-[a-z][a-z0-9-]+$/) print "-" $i }' "$page" | sort -u
}

# The options that --help lists: `  -o, --output FILE  what it does`, `  --jsonl FILE, --csv FILE   ...`.
helped() {
    "$nonet" "$1" --help | sed -n 's/^  \(-.*\)/\1/p' | sed 's/   *.*//' | grep -oE -- '--[a-z][a-z0-9-]+' | grep -vx -- --help | sort -u
}

common=$(listed "Options of most commands")
synopsis=$(sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$page")
commands=$("$nonet" --help | sed -n 's/^  \([a-z]\+\)  .*/\1/p')
result "commands are listed by --help" "$([ "$(wc -w <<<"$commands")" -ge 10 ] || echo "$commands")"
for command in $commands; do
    result "$command has a section" "$(grep -qx ".Ss nonet $command" "$page" || echo none)"
    result "$command is in the synopsis" "$(grep -qx ".Cm $command" <<<"$synopsis" || echo it is not)"
    own=$(listed "nonet $command")
    result "$command: its options are in the page" "$(comm -23 <(helped "$command") <(sort -u <<<"$own"$'\n'"$common") | xargs)"
    result "$command: the page has no others" "$(comm -23 <(sed '/^$/d' <<<"$own") <(helped "$command") | xargs)"
done
if command -v groff >/dev/null; then
    result "the page is well-formed" "$(groff -mdoc -Tascii -ww "$page" 2>&1 >/dev/null | head -2)"
fi
exit $status
