#!/bin/bash
# arrows.sh - which folder may include which: include <- arch <- kernels <- engine <- bench <- autotune <- {cli, tests} and
# include <- vgg <- {cli, bench, tests}. reference includes nothing of ours; only tests and the sweep that
# `nonet verify` and the tests share use it. Prints a line a folder: ok, or FAIL and the include that is wrong. Then: no line of a
# source is longer than CONTRIBUTING.md allows.
cd "$(dirname "$0")/.." || exit 1
declare -A may=(
    [include]=""
    [reference]="reference"
    [arch]="arch"
    [kernels]="arch kernels"
    [engine]="arch kernels engine"
    [vgg]="vgg"
    [bench]="arch kernels engine vgg bench"
    [autotune]="arch kernels engine autotune bench"
    [cli]="vgg bench autotune cli"
    [tests]="arch kernels engine vgg bench autotune cli reference tests"
)
# The one place of the command that looks at kernels: `nonet verify`.
exception='^cli/(verify|(corpus|sweep)[a-z_]*)\.[ch]$'

status=0
for folder in include reference arch kernels engine vgg bench autotune cli tests; do
    wrong=
    while IFS=: read -r file line; do
        header=$(sed 's/.*"\([^"]*\)".*/\1/' <<<"$line")
        target=${header%%/*}
        case $header in
        nonet.h | nonet_vgg.h)
            [ "$folder" = reference ] && wrong+=" $file includes $header;"
            [[ $header = nonet_vgg.h && $folder =~ ^(arch|kernels|engine)$ ]] && wrong+=" $file includes $header;"
            continue ;;
        */*) ;;
        *) target=${file%%/*} ;;
        esac
        [[ $file =~ $exception && $target =~ ^(kernels|reference)$ ]] && continue
        [[ " ${may[$folder]} " == *" $target "* ]] || wrong+=" $file includes $header;"
    done < <(grep -rE --include='*.[ch]' --include='*.def' '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$folder" 2>/dev/null)
    if [ -n "$wrong" ]; then
        echo "FAIL arrows $folder:$wrong"
        status=1
    else
        echo "ok arrows $folder"
    fi
done
longest=144
long=$(find Makefile .ci include reference arch kernels engine vgg bench autotune cli tests examples -type f \
    -regex '.*\(\.[ch]\|\.def\|\.sh\|\.mk\|Makefile\|run\)' -exec grep -HnE "^.{$((longest + 1)),}" {} + | cut -d: -f1,2 | xargs)
if [ -n "$long" ]; then
    echo "FAIL arrows longer than $longest columns: $long"
    status=1
else
    echo "ok arrows lines to $longest columns"
fi
exit $status
