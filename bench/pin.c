/* pin.c - sched_setaffinity for the threads of an OpenMP team. */
#include "bench/pin.h"
#include <omp.h>
#include <stdio.h>

static int nth_cpu(const cpu_set_t *set, int n)
{
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, set) && n-- == 0)
            return cpu;
    return -1;
}

static int pin_self(int cpu)
{
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return sched_setaffinity(0, sizeof one, &one) == 0;
}

void bench_cpu_list(const int *cpus, int count, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0, last; i < count && used < size; i = last + 1) {
        for (last = i; last + 1 < count && cpus[last + 1] == cpus[last] + 1;)
            last++;
        used += (size_t)snprintf(text + used, size - used, "%s%d", i ? "," : "", cpus[i]);
        if (last > i && used < size)
            used += (size_t)snprintf(text + used, size - used, "-%d", cpus[last]);
    }
}

void bench_pin_threads(bench_pin *pin, int threads)
{
    *pin = (bench_pin){ 0 };
    if (sched_getaffinity(0, sizeof pin->before, &pin->before) || CPU_COUNT(&pin->before) < threads)
        return;
    int done = 0;
#pragma omp parallel num_threads(threads) reduction(+ : done)
    done += pin_self(nth_cpu(&pin->before, omp_get_thread_num()));
    pin->threads = done;
    if (done < threads) {
        bench_unpin_threads(pin);
        return;
    }
    int cpus[CPU_SETSIZE];
    for (int i = 0; i < threads; i++)
        cpus[i] = nth_cpu(&pin->before, i);
    bench_cpu_list(cpus, threads, pin->cpus, sizeof pin->cpus);
}

void bench_unpin_threads(bench_pin *pin)
{
    if (!pin->threads)
        return;
#pragma omp parallel num_threads(pin->threads)
    sched_setaffinity(0, sizeof pin->before, &pin->before);
    pin->threads = 0;
    pin->cpus[0] = '\0';
}

void bench_pin_check(bench_pin *pin)
{
    if (!pin->threads)
        return;
    int wrong = 0;
#pragma omp parallel num_threads(pin->threads) reduction(+ : wrong)
    {
        cpu_set_t mine;
        wrong += sched_getaffinity(0, sizeof mine, &mine) || CPU_COUNT(&mine) != 1 ||
                 !CPU_ISSET(nth_cpu(&pin->before, omp_get_thread_num()), &mine);
    }
    if (wrong) {
        bench_unpin_threads(pin);
        pin->lost = 1;
    }
}

void bench_pin_set(const bench_pin *pin, cpu_set_t *cpus)
{
    *cpus = pin->before;
    if (!pin->threads)
        return;
    CPU_ZERO(cpus);
    for (int i = 0; i < pin->threads; i++)
        CPU_SET(nth_cpu(&pin->before, i), cpus);
}

void bench_pin_where(int threads, char *text, size_t size)
{
    int cpus[CPU_SETSIZE], count = threads < CPU_SETSIZE ? threads : CPU_SETSIZE;
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int i = 0; i < count; i++)
        cpus[i] = sched_getcpu();
    bench_cpu_list(cpus, count, text, size);
}
