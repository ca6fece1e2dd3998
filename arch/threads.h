/* threads.h - how many threads the process may run. */
#ifndef NONET_THREADS_H
#define NONET_THREADS_H

/* CPUs' worth of time that the cgroups of this process allow, rounded up; INT_MAX if they set no quota. root: as
 * nonet_cgroup_each has it. */
int nonet_threads_quota(const char *root);

#endif
