/* threads.h - how many threads the process may run. */
#ifndef NONET_THREADS_H
#define NONET_THREADS_H

/* CPUs' worth of time that the cgroups of this process allow, rounded up; INT_MAX if they set no quota. root is put before
 * /proc/self/cgroup and /sys/fs/cgroup: "" is this system, a test names a folder with planted files. */
int nonet_threads_quota(const char *root);

#endif
