#!/bin/bash
# mca.sh [--all] [DIR] - the inner loops of the multiply kernels, read in the disassembly of every instruction set and compiler at
# hand, with their cycles as llvm-mca estimates them: the tables of docs/KERNELS.md. Objects go to DIR (default build/mca).
#
# A row is a kernel's largest block and one channel (input, tap) of it: FMAs, loads of vector registers, instructions, then cycles
# and % of the core's FMA peak. Spills are references to the stack in the worst inner loop of any block. --all: every loop.
# MCA and OBJDUMP name other tools, for instance MCA=llvm-mca-14.
cd "$(dirname "$0")/.." || exit 1
all=
[ "$1" = --all ] && all=1 && shift
dir=${1:-build/mca}
files="wino_gemm direct direct3x3_ic fc_vector fc_vector_bf16"
unset MAKELEVEL MAKEFLAGS MFLAGS

# name:model:FMAs of that width a cycle:instructions a cycle, where the model's number is not the core's (A76 and N1 decode four).
# llvm-mca takes A57 for an A76; N1 is A76's pipeline. `beside`, `alone` and `two` are counted by mca_inorder.awk: a q load issues
# beside an FMA, or has its cycle, or two, to itself.
cores_neon="A53:cortex-a53:1: A53-beside:beside:1: A53-alone:alone:1: A53-two:two:1:
            A72:cortex-a72:1: A76:neoverse-n1:2:4 N1:neoverse-n1:2:4 V1:neoverse-v1:4:"
cores_avx2="Zen4:znver4:2: Skylake-X:skylake-avx512:2:"
cores_avx512="Zen4:znver4:1: Skylake-X:skylake-avx512:2:"

# The newest tool of a name: older ones lack models.
newest() {
    local version
    for version in $(seq 30 -1 14); do
        command -v "$1-$version" && return
    done
    command -v "$1"
}

# Cycles a turn of the loop in file $1 on model $2 of machine $3, $4 instructions a cycle.
cycles() {
    case $2 in
    beside) awk -f kernels/mca_inorder.awk "$1" ;;
    alone) awk -v alone=1 -f kernels/mca_inorder.awk "$1" ;;
    two) awk -v alone=2 -f kernels/mca_inorder.awk "$1" ;;
    *) "$MCA" -mtriple="$3-linux-gnu" -mcpu="$2" ${4:+-dispatch="$4"} -iterations=200 "$1" 2>"$scratch/err" |
        awk '/^Total Cycles:/ { printf "%.2f", $3 / 200 }' ;;
    esac
}

# FMAs in registers, each a chain of its own: isa.
chains() {
    case $1 in
    neon) printf 'fmla v%d.4s, v30.4s, v31.s[0]\n' {0..23} ;;
    avx2) printf 'vfmadd231ps %%ymm15, %%ymm14, %%ymm%d\n' {0..11} ;;
    avx512) printf 'vfmadd231ps %%zmm31, %%zmm30, %%zmm%d\n' {0..23} ;;
    esac
}

# The cores of an ISA that this llvm-mca models: those whose FMA rate it has right. isa, machine.
usable() {
    local list=cores_$1 core name model peak width c
    chains "$1" >"$scratch/chains"
    for core in ${!list}; do
        IFS=: read -r name model peak width <<<"$core"
        c=$(cycles "$scratch/chains" "$model" "$2" "$width")
        if [ -n "$c" ] && awk -v n="$(wc -l <"$scratch/chains")" -v c="$c" -v p="$peak" \
            'BEGIN { exit !(n / c > 0.8 * p && n / c < 1.2 * p) }'; then
            echo "$core"
        else
            echo "SKIP mca $1 $name: $MCA has no $model, or not its FMA rate" >&2
        fi
    done
}

# FMAs a channel of the largest block of symbol $1 of isa $2: MR x NR floats, or a row of NR.
block_of() {
    local lanes=4 mr=1 nr=16
    [ "$2" = avx2 ] && lanes=8
    [ "$2" = avx512 ] && lanes=16 nr=32
    [[ $1 =~ _([0-9]+)x([0-9]+)_ ]] && mr=${BASH_REMATCH[1]} nr=${BASH_REMATCH[2]}
    echo $((mr * nr / lanes))
}

# A line of the table: file label block FMAs loads instructions spills cores machine. Turns hold FMAs / block channels.
row() {
    local core name model peak width
    printf '%-30s' "$2"
    awk -v b="$3" -v f="$4" -v l="$5" -v i="$6" -v s="$7" 'BEGIN { printf "%5d %6.2f %6.1f %6d ", b, l * b / f, i * b / f, s }'
    for core in $8; do
        IFS=: read -r name model peak width <<<"$core"
        awk -v c="$(cycles "$1" "$model" "$9" "$width")" -v b="$3" -v f="$4" -v p="$peak" -v name="$name" \
            'BEGIN { printf "  %s %.1f %.0f %%", name, c * b / f, 100 * f / p / c }'
    done
    echo
}

# Every kernel of an ISA from the objects of one compiler: isa machine directory.
table() {
    local isa=$1 cores f n symbol sums fmas loads insns stack block worst
    cores=$(usable "$1" "$2")
    printf '%-30s %4s %6s %6s %6s   %s\n' "$isa" FMAs loads instr. spills "cycles, % of FMA peak"
    for f in $files; do
        "$OBJDUMP" -d --no-show-raw-insn "$3/kernels/$isa/$f.o" | awk -v out="$scratch/loop." -f kernels/mca_loops.awk |
            sort -k2,2 -k3,3nr -k4,4nr >"$scratch/list"
        while read -r n symbol sums fmas loads insns stack; do
            block=$(block_of "$symbol" "$isa")
            worst=$(awk -v s="$symbol" '$2 == s && $7 > m { m = $7 } END { print m + 0 }' "$scratch/list")
            [ -z "$all" ] || block=$sums worst=$stack
            row "$scratch/loop.$n" "${symbol#nonet_}" "$block" "$fmas" "$loads" "$insns" "$worst" "$cores" "$2"
        done < <(awk -v all="$all" 'all || !seen[$2]++' "$scratch/list")
    done
}

# Compiles the kernels: machine compiler directory ISAs.
objects() {
    local isa f names=()
    for isa in $4; do
        for f in $files; do
            names+=("$3/kernels/$isa/$f.o")
        done
    done
    mkdir -p "$3" && make WITHOUT=all BUILD="$3" CC="$2" "${names[@]}" >"$3/log" 2>&1
}

# The tables of a machine with gcc and with clang: machine ISAs.
machine() {
    local cc isa out gcc=$1-linux-gnu-gcc
    [ "$(gcc -dumpmachine 2>/dev/null | cut -d- -f1)" = "$1" ] && gcc=gcc
    for cc in "$gcc" "clang --target=$1-linux-gnu"; do
        out=$dir/$1-${cc%% *}
        if ! command -v "${cc%% *}" >/dev/null; then
            echo "SKIP mca $1: no ${cc%% *}"
        elif ! objects "$1" "$cc" "$out" "$2"; then
            echo "SKIP mca $1: '$cc' cannot compile the kernels; see $out/log"
        else
            for isa in $2; do
                echo "== $isa: $($cc --version | head -1);$("$MCA" --version | sed -n 's/.*LLVM version/ llvm-mca/p')"
                table "$isa" "$1" "$out"
            done
        fi
    done
}

MCA=${MCA:-$(newest llvm-mca)} OBJDUMP=${OBJDUMP:-$(newest llvm-objdump)}
if ! command -v "$MCA" >/dev/null || ! command -v "$OBJDUMP" >/dev/null; then
    echo "SKIP mca: no llvm-mca, or no llvm-objdump (Debian, Ubuntu: apt-get install llvm)"
    exit 0
fi
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
machine x86_64 "avx2 avx512"
machine aarch64 neon
