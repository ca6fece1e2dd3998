/* cgroup.h - the cgroups by which the CPU time of this process may be limited. */
#ifndef NONET_CGROUP_H
#define NONET_CGROUP_H

/* Where version 1 is mounted by the names of its controllers, "cpu" is a second name of one place, as a rule. */
typedef enum nonet_cgroup_tree { NONET_CGROUP_V2, NONET_CGROUP_V1, NONET_CGROUP_V1_CPU, NONET_CGROUP_TREES } nonet_cgroup_tree;
typedef void nonet_cgroup_visit(void *context, nonet_cgroup_tree tree, const char *folder);

/* Calls visit with the folder of the process's cgroup and of each one above it, up to the mount, in each tree that has the CPU
 * controller. A folder need not be there: in a container the path in /proc/self/cgroup may be the host's while the tree that is
 * mounted begins at the container. root is put before /proc/self/cgroup and /sys/fs/cgroup: "" is this system, a test names a
 * folder with planted files. */
void nonet_cgroup_each(const char *root, nonet_cgroup_visit *visit, void *context);

#endif
