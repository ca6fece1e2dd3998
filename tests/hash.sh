#!/bin/bash
# hash.sh BUILD - the whole of VGG-16 (seeded) gives one output hash on every instruction set this CPU has, with 1 and 2 threads.
# Portable C takes some 20 s where fmaf is a call.
nonet=$1/nonet

hash_of() { # ISA THREADS
    "$nonet" bench vgg16 --isa "$1" --threads "$2" --repetitions 1 --warmup 0 --json - |
        sed -n 's/.*"output_hash": *"\([0-9a-f]*\)".*/\1/p' | head -1
}

sets=$("$nonet" info | sed -n 's/^instruction sets *found: \([a-z0-9 ]*\);.*/\1/p')
want=$(hash_of c 2)
[ -n "$want" ] || { echo "FAIL hash: no output hash from portable C"; exit 1; }
bad=0
for isa in $sets; do
    for threads in 1 2; do
        [ "$isa" = c ] && [ $threads = 1 ] && [ -z "$NONET_TEST_FULL" ] && continue
        got=$(hash_of "$isa" $threads)
        if [ "$got" = "$want" ]; then
            echo "ok   vgg16 on $isa, $threads threads: $got"
        else
            echo "FAIL vgg16 on $isa, $threads threads: $got instead of $want"
            bad=1
        fi
    done
done
exit $bad
