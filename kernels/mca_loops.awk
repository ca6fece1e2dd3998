# mca_loops.awk - finds the inner loops with FMAs in llvm-objdump's disassembly. Writes loop N to the file out N, and a line
# `N symbol accumulators FMAs loads instructions stack-references` for each.
# Loads are those of vector registers, x and w; a reference to the stack in an inner loop is a spill.

# A loop is a jump back; an inner one has no other loop in it.
function flush(  i, j, inner) {
    for (i = 1; i <= loops; i++) {
        inner = 1
        for (j = 1; j <= loops; j++)
            if (from[j] >= from[i] && to[j] <= to[i] && to[j] - from[j] < to[i] - from[i])
                inner = 0
        if (inner)
            show(from[i], to[i])
    }
    lines = loops = framed = 0
    split("", line)
}

function show(first, last,  i, t, sum, sums, fmas, loads, stack) {
    split("", sum)
    for (i = first; i <= last; i++) {
        t = text[i]
        if (i < last && t ~ /^(ret|retq|b|br|jmp|jmpq)([ \t]|$)/)
            return                  # not one path: code that was moved away jumps back over it
        if (t ~ /^(fmla|vfmadd)/) {
            fmas++
            sums += !(accumulator(t) in sum)
            sum[accumulator(t)]
        }
        loads += loads_of(t)
        stack += t ~ (framed ? "\\[sp|\\[x29|\\(%rsp|\\(%rbp" : "\\[sp|\\(%rsp")
    }
    if (!fmas)
        return
    count++
    for (i = first; i <= last; i++)
        print text[i] > (out count)
    close(out count)
    print count, symbol, sums, fmas, loads, last - first + 1, stack + 0
}

# The register that an FMA writes: first on AArch64, last on x86 (AT&T).
function accumulator(t,  operand, n) {
    n = split(t, operand, /[ \t,]+/)
    return t ~ /^fmla/ ? operand[2] : operand[n]
}

function loads_of(t) {
    if (t ~ /^v/)
        return t ~ /\(%/
    return t ~ /^ldp[ \t]+[qd]/ ? 2 : t ~ /^(ldr|ldur)[ \t]+[qds][0-9]/ || t ~ /^ld1/
}

/^[0-9a-f]+ <.*>:$/ {
    flush()
    symbol = $2
    gsub(/[<>:]/, "", symbol)
}

/^ *[0-9a-f]+:/ {
    sub(/^ */, "")
    address = $0
    sub(/:.*/, "", address)
    sub(/^[0-9a-f]+:[ \t]*/, "")
    sub(/[ \t]+(#|\/\/) .*$/, "")
    sub(/[ \t]*<.*$/, "")
    text[++lines] = $0
    line[address] = lines
    if (/^movq[ \t]+%rsp, %rbp/ || /^(mov|add)[ \t]+x29, sp/)
        framed = 1
    if (/^(b|b\.[a-z]+|cbn?z|tbn?z|j[a-z]+)[ \t].*0x[0-9a-f]+$/) {
        target = $0
        sub(/.*0x/, "", target)
        if (target in line) {
            from[++loops] = line[target]
            to[loops] = lines
        }
    }
}

END { flush() }
