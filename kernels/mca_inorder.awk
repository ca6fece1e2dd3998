# mca_inorder.awk - cycles a turn of a NEON loop on a core that issues in order, two instructions a cycle, of them one FMA
# and one load; FMAs take 8 cycles, loads 6. -v alone=N: nothing issues beside a load of 16 bytes, for N cycles.
# llvm-mca's model of Cortex-A53 cannot serve: there every load waits until the FMA before it has written its result.
function next_cycle() {
    cycle++
    issued = fma = load = 0
}

# Until the registers are there and the slots are free.
function issue(is_fma, is_load, wide, i) {
    for (i = 1; i <= reads; i++)
        while (ready[read[i]] > cycle)
            next_cycle()
    while (issued > 1 || (is_fma && fma) || (is_load && load) || (wide && issued > 0))
        next_cycle()
    for (i = 1; i < alone && wide; i++)
        next_cycle()
    issued += wide ? 2 : 1
    fma += is_fma
    load += is_load
}

function step(t,  word, is_fma, is_load, wide, n, i) {
    n = split(t, word, /[^a-z0-9]+/)
    is_fma = word[1] == "fmla"
    is_load = word[1] ~ /^ld/ && word[2] ~ /^[qds]/
    wide = alone && is_load && word[2] ~ /^q/
    reads = 0
    if (is_fma)
        for (i = 2; i <= n; i++)
            if (word[i] ~ /^v[0-9]+$/)
                read[++reads] = substr(word[i], 2)
    issue(is_fma, is_load, wide)
    if (is_fma || is_load)
        ready[substr(word[2], 2)] = cycle + (is_fma ? 8 : 6)
    if (word[1] == "ldp" && is_load) {
        issue(0, 1, wide)
        ready[substr(word[3], 2)] = cycle + 6
    }
}

{ body[++lines] = $0 }
END {
    for (turn = 0; turn < 60; turn++) {
        if (turn == 20)
            start = cycle
        for (k = 1; k <= lines; k++)
            step(body[k])
    }
    printf "%.2f", (cycle - start) / 40
}
