#!/bin/bash
# tune_check.sh BUILD - is a tuned plan ever slower than the default? Tunes VGG-16 and the 40 layers of tests/awkward_layers.txt for 1 and
# 2 threads into a profile of its own, then measures the profile's plans in turn with the default ones: weights in memory and weights
# in the caches, samples of their own. Then whole VGG-16 forwards with and without the profile, in turn. For a quiet machine.
# Environment: THREADS (1,2), VGG_TIME (80) and LAYERS_TIME (80) seconds, ROUNDS (3) of whole networks.
# Exit status 0 if no layer is slower by more than 2 %, and tuning VGG-16 took less than 3 minutes.
build=${1:-build}
cd "$(dirname "$0")/.." || exit 1
nonet=$build/nonet threads=${THREADS:-1,2} rounds=${ROUNDS:-3}
folder=$build/tune-check
profile=$folder/profile
mkdir -p "$folder" && rm -f "$profile" || exit 2
unset NONET_PROFILE
status=0

start=$SECONDS
"$nonet" tune vgg16 --threads "$threads" --time "${VGG_TIME:-80}" --profile "$profile" || exit 1
took=$((SECONDS - start))
echo "tuning VGG-16 took $took s"
[ $took -lt 180 ] || status=1
"$nonet" tune --layers tests/awkward_layers.txt --threads "$threads" --time "${LAYERS_TIME:-80}" --profile "$profile" || exit 1

echo
echo "VGG-16:"
"$nonet" tune --check vgg16 --threads "$threads" --time 60 --profile "$profile" || status=1
echo
echo "40 awkward layers:"
"$nonet" tune --check --layers tests/awkward_layers.txt --threads "$threads" --time 60 --profile "$profile" || status=1

echo
for count in ${threads//,/ }; do
    for ((round = 1; round <= rounds; round++)); do
        "$nonet" bench vgg16 --threads "$count" --json "$folder/default-$count-$round.json" >/dev/null || exit 1
        "$nonet" bench vgg16 --threads "$count" --profile "$profile" --json "$folder/tuned-$count-$round.json" >/dev/null || exit 1
        echo "whole VGG-16, $count thread(s), round $round, tuned over default:"
        "$nonet" compare "$folder/default-$count-$round.json" "$folder/tuned-$count-$round.json" |
            grep -E 'total|forward|geometric' | head -3
    done
done
[ $status -eq 0 ] && echo "tune-check: fine" || echo "tune-check: a layer is slower by more than 2 %, or tuning took too long"
exit $status
