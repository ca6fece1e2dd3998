#!/bin/bash
# tune.sh BUILD - `nonet tune`, `nonet plan` and --profile as commands: a bad profile is one sentence and the default plan, whatever is
# wrong with it; tuning ends in time, is quiet in a pipe, and replaces its file at once.
build=${1:-build}
cd "$(dirname "$0")/.." || exit 1
nonet=$build/nonet
work=$(mktemp -d) || exit 1
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
export XDG_CACHE_HOME=$work/cache OMP_WAIT_POLICY=passive
unset NONET_PROFILE
status=0
layer="layer 1 48 14 14 40 --threads 1"

ok() { echo "ok tune $*"; }
bad() {
    echo "FAIL tune $*"
    status=1
}
check() { if eval "$2"; then ok "$1"; else bad "$1"; fi; }

# runs STATUS NAME ARGUMENT...: it ends with this status, says nothing on standard error but one sentence if that is not 0.
runs() {
    local want=$1 name=$2 got lines
    shift 2
    "$nonet" "$@" >"$work/out" 2>"$work/err" </dev/null
    got=$?
    lines=$(wc -l <"$work/err")
    if [ $got -ne "$want" ] || [ "$lines" -ne $((want > 0)) ] || grep -qE 'Sanitizer|runtime error' "$work/err"; then
        bad "$name: exit status $got, $lines lines: $(head -1 "$work/err")"
    else
        ok "$name"
    fi
}

# ---- usage ----
for command in tune plan; do
    runs 0 "$command --help" $command --help
    runs 2 "$command of nothing" $command
    runs 2 "$command of an unknown network" $command vgg99
    runs 2 "$command of a layer without numbers" $command layer 1 2
    runs 2 "$command of a layer with a zero" $command layer 1 0 5 5 5
    runs 2 "$command --threads 0" $command vgg16 --threads 0
    runs 2 "$command --threads 1,,2" $command vgg16 --threads 1,,2
    runs 2 "$command --batch x" $command vgg16 --batch x
    runs 1 "$command of layers that are not there" $command --layers "$work/none"
    runs 1 "$command of a model that is not there" $command --model "$work/none"
    for line in '1 2 3' '1 2 3 4 x' '1 2 3 4 5 kernel' '1 2 3 4 5 stride=3' '99999999999 1 1 1 1' '-1 1 1 1 1'; do
        echo "$line" >"$work/layers"
        runs 1 "$command of the layer '$line'" $command --layers "$work/layers"
    done
    head -c 3000 /dev/urandom | tr -d '\n' >"$work/layers"
    runs 1 "$command of random bytes" $command --layers "$work/layers"
done
runs 2 "tune --time 0" tune vgg16 --time 0
runs 2 "tune --time x" tune vgg16 --time x
runs 2 "tune --json" tune vgg16 --json -
runs 1 "tune --check without a profile" tune --check $layer

# ---- a profile is made and used ----
runs 0 "plan without a profile" plan $layer
check "plan says that there is none" 'grep -q "no profile" "$work/out"'
start=$SECONDS
runs 0 "tune a layer" tune $layer --time 2
check "tune ends in time" '[ $((SECONDS - start)) -le 60 ]'
check "tune prints a row and where the profile is" 'grep -q "48x14x14 -> 40" "$work/out" &&
    grep -q "^profile: $work/cache/nonet/profile-" "$work/out"'
profile=$(echo "$work"/cache/nonet/profile-*)
check "the profile ends with its end" '[ "$(tail -1 "$profile")" = end ] && [ "$(ls "$work/cache/nonet" | wc -l)" = 1 ]'
runs 0 "plan --explain" plan $layer --explain --json "$work/plan.json"
check "plan --explain tells candidates and a reason" 'grep -q "reason: " "$work/out" && grep -q "default$" "$work/out"'
if command -v python3 >/dev/null; then
    check "plan's JSON parses" \
        'python3 -c "import json,sys; p=json.load(open(sys.argv[1])); assert p[\"layers\"][0][\"candidates\"]" "$work/plan.json"'
fi
runs 0 "tune --check" tune --check $layer --profile cache --time 1
printf '# two\n1 20 9 9 24 kernel=5 pad=0\n1 32 12 12 32 pool\n\n' >"$work/layers"
runs 0 "tune a list of layers, two numbers of threads" tune --layers "$work/layers" --threads 1,2 --time 8 --profile "$work/list"
check "both layers are in the profile" '[ "$(grep -cE "^(use|keep) " "$work/list")" -ge 2 ]'
rows=$(grep -cE "^(use|keep) " "$work/list")
runs 0 "tune adds to a profile" tune $layer --time 1 --profile "$work/list"
check "the other layers are still there" '[ "$(grep -cE "^(use|keep) " "$work/list")" -eq $((rows + 1)) ]'
runs 0 "tune --isa c" tune layer 1 16 8 8 16 --threads 1 --time 1 --isa c --profile "$work/c"

# ---- a row that is used: another block, the same bits ----
sed -E "/^(use|tried) n=1 c=48 /d; s/^keep (n=1 c=48 .* block=)[0-9]+/use \12/" "$profile" >"$work/used"
grep -q '^use n=1 c=48 ' "$work/used" || { sed -E "/^tried /d; s/^(use n=1 c=48 .* block=)[0-9]+/\12/" "$profile" >"$work/used"; }
runs 0 "plan with a profile" plan $layer --profile "$work/used"
check "the plan says that a profile decided" 'grep -q ", profile$" "$work/out"'
NONET_PROFILE=$work/used runs 0 "plan with NONET_PROFILE" plan $layer
check "NONET_PROFILE is heard" 'grep -q ", profile$" "$work/out"'
NONET_PROFILE=$work/used runs 0 "--profile none" plan $layer --profile none
check "--profile none stands against it" '! grep -q ", profile$" "$work/out"'
runs 2 "an option that the profile cannot overrule" plan $layer --profile "$work/used" --algo fourier
runs 0 "the options stand against the profile" plan $layer --profile "$work/used" --algo direct
check "direct stays direct" '! grep -q ", profile$" "$work/out"'

# ---- a network: every Winograd layer with blocks of 2 tiles and the other form of weights, the same bits at every size ----
picture=data/sample_00_label_9.pgm
model="--model data/fashion_vgg.nonet"
runs 0 "tune a model" tune $model --threads 1 --time 4 --profile "$work/net"
sed -E '/^tried /d; s/^keep (.* block=)[1-9][0-9]*/use \12/; s/^use (.* block=)[1-9][0-9]*/use \12/
    /^use .* block=2 /{s/weights=packed/weights=other/; s/weights=expanded/weights=packed/; s/weights=other/weights=expanded/}' \
    "$work/net" >"$work/other"
runs 0 "plan of the model" plan $model --threads 1 --profile "$work/other"
check "the profile decides for its layers" '[ "$(grep -c ", profile$" "$work/out")" -ge 1 ]'
for how in "--layer conv3_2" "--layer conv3_2 --pool avg --scales 28,33 --flip"; do
    "$nonet" features $picture $model $how --threads 1 -o "$work/one.npy" >"$work/out" 2>&1
    "$nonet" features $picture $model $how --threads 1 --profile "$work/other" -o "$work/two.npy" >"$work/out" 2>"$work/err"
    check "features $how: the same bits, and no word" 'cmp -s "$work/one.npy" "$work/two.npy" && [ ! -s "$work/err" ]'
done

# ---- profiles that do not serve: a sentence, and the default plans ----
"$nonet" features $picture $model --layer conv3_2 -o "$work/want.npy" >/dev/null 2>&1
# refuses NAME FILE PATTERN: commands say why, once, and give what they give without it.
refuses() {
    local name=$1 file=$2 pattern=$3
    for command in "features $picture $model --layer conv3_2 -o $work/got.npy" "classify $picture $model" \
        "bench $layer --repetitions 1 --min-time 0"; do
        "$nonet" $command --profile "$file" >"$work/out" 2>"$work/err" </dev/null
        if [ $? -ne 0 ] || [ "$(wc -l <"$work/err")" -ne 1 ] || ! grep -q "$pattern" "$work/err" ||
            grep -qE 'Sanitizer|runtime error' "$work/err"
        then
            bad "$name, ${command%% *}: $(head -1 "$work/err")"
            return
        fi
        [ "${bench:-1}" = 1 ] || break
    done
    cmp -s "$work/want.npy" "$work/got.npy" && ok "$name" || bad "$name: other bits"
    rm -f "$work/got.npy"
}
sed 's/^cpu .*/cpu Analytical Engine/' "$profile" >"$work/bad"; refuses "a profile of another CPU" "$work/bad" "CPU 'Analytical Engine'"
bench=0
sed 's/^library .*/library 99.0/' "$profile" >"$work/bad"; refuses "a profile of another version" "$work/bad" "version '99.0'"
sed 's/^isa .*/isa abacus/' "$profile" >"$work/bad"; refuses "a profile of another instruction set" "$work/bad" "instruction set 'abacus'"
sed 's/^kernels ./kernels x/' "$profile" >"$work/bad"; refuses "a profile of other kernels" "$work/bad" "kernels 'x"
sed 's/^nonet-profile .*/nonet-profile 7/' "$profile" >"$work/bad"; refuses "a profile of another format" "$work/bad" "format is '7'"
head -c $(($(stat -c %s "$profile") - 20)) "$profile" >"$work/bad"; refuses "a truncated profile" "$work/bad" "cut off"
head -c 20000 /dev/urandom >"$work/bad"; refuses "random bytes" "$work/bad" "not a profile"
truncate -s 100M "$work/bad"; refuses "100 MB" "$work/bad" "larger"
refuses "a profile that is not there" "$work/none" "cannot be read"
refuses "a folder" "$work" "file"
mkfifo "$work/pipe"; refuses "a pipe" "$work/pipe" "file"
sed -E 's/(keep|use) n=1 c=48/\1 n=0 c=48/' "$profile" >"$work/bad"; refuses "a damaged row" "$work/bad" "left out; line"
check "read-only profiles are read" 'chmod 444 "$work/used" && "$nonet" plan $layer --profile "$work/used" 2>&1 | grep -q ", profile$"'

# ---- writing ----
cp "$work/used" "$work/before"
runs 1 "tune of a read-only profile" tune $layer --time 1 --profile "$work/used"
check "which stays as it was" 'grep -q "read-only" "$work/err" && cmp -s "$work/used" "$work/before"'
runs 1 "tune into no folder" tune $layer --time 1 --profile "$work/none/profile"
cp README.md "$work/readme"
runs 1 "tune over a file that is no profile" tune $layer --time 1 --profile "$work/readme"
check "which stays as it was" 'cmp -s README.md "$work/readme"'
runs 2 "tune without a profile" tune $layer --time 1 --profile none
runs 0 "other algorithms, their bits mixed" tune $layer --any-algorithm --time 2 --profile "$work/any"
sed 's/^library .*/library 99.0/' "$profile" >"$work/bad"
runs 0 "tune over a profile of another version" tune $layer --time 1 --profile "$work/bad"
check "it serves now" '"$nonet" plan $layer --profile "$work/bad" >/dev/null 2>"$work/err" && [ ! -s "$work/err" ]'
"$nonet" tune layer 1 16 10 10 16 --threads 1 --time 1 --profile "$work/both" >"$work/one" 2>&1 &
one=$!
"$nonet" tune layer 1 16 11 11 16 --threads 1 --time 1 --profile "$work/both" >"$work/two" 2>&1
two=$?
wait $one
check "two at once" '[ $? -eq 0 ] && [ $two -eq 0 ] && "$nonet" plan layer 1 16 11 11 16 --profile "$work/both" >/dev/null 2>"$work/err" &&
    [ ! -s "$work/err" ] && [ "$(ls "$work"/both* | wc -l)" = 1 ]'
exit $status
