#!/bin/bash
# symbols.sh BUILD - what the libraries show to the world, and that each public header compiles alone.
# libnonet.so exports nonet_* only. In libnonet.a every name that other objects could meet starts with nonet_ or vgg_ or is from a
# message compiler, and none but the public ones is visible from a shared library that links it.
build=${1:-build}
cd "$(dirname "$0")/.." || exit 1
status=0
result() {
    if [ -z "$2" ]; then echo "ok symbols $1"; else echo "FAIL symbols $1: $2"; status=1; fi
}

exported=$(nm -D --defined-only "$build/libnonet.so" | awk '{print $NF}')
result "libnonet.so exports only nonet_*" "$(grep -v '^nonet_' <<<"$exported" | tr '\n' ' ')"
missing=
for name in $(grep -ohE '\bnonet_[a-z_]+ *\(' include/*.h | tr -d ' (' | sort -u); do
    grep -qx "$name" <<<"$exported" || missing+="$name "
done
result "libnonet.so exports every function of the headers" "$missing"
result "libnonet.so exports nothing that the headers do not declare" "$(for name in $exported; do
    grep -qw "$name" include/*.h || echo -n "$name "
done)"

foreign=$(nm --defined-only "$build/libnonet.a" 2>/dev/null | awk 'NF == 3 && $2 ~ /[A-Z]/ {print $3}' |
    grep -vE '^(nonet_|vgg_|onnx__|caffe__|__(asan|ubsan|odr_asan)|\.)' | sort -u | tr '\n' ' ')
result "libnonet.a defines only prefixed names" "$foreign"
visible=$(${READELF:-readelf} -sW "$build/libnonet.a" 2>/dev/null |
    awk '$5 == "GLOBAL" && $6 == "DEFAULT" && $7 != "UND" {print $8}' | grep -v '^__' | sort -u)
result "libnonet.a shows nothing that the headers do not declare" "$(for name in $visible; do
    grep -qw "$name" include/*.h || echo -n "$name "
done)"

for header in include/*.h; do
    for compiler in "${CC:-gcc} -std=c11" "${CC:-gcc} -std=c99" "${CXX:-g++} -std=c++11 -x c++" ; do
        command -v "${compiler%% *}" >/dev/null || { echo "SKIP symbols $header alone: no ${compiler%% *}"; continue; }
        result "$header alone with $compiler" "$(echo "#include \"${header#include/}\"" |
            $compiler -Iinclude -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
            $([[ $compiler = *c++* ]] || echo -x c) - 2>&1 | head -1)"
    done
done
exit $status
