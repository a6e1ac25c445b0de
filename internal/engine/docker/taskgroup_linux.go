package docker

import (
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// sameCgroups reports whether the process that listens at a unix:// address sees the cgroups that
// this one sees. An engine whose process cannot be seen from here is in other namespaces.
func sameCgroups(host string) bool {
	c, err := net.Dial("unix", strings.TrimPrefix(host, "unix://"))
	if err != nil {
		return false
	}
	defer c.Close()
	raw, err := c.(*net.UnixConn).SyscallConn()
	if err != nil {
		return false
	}
	var peer *syscall.Ucred
	failed := raw.Control(func(fd uintptr) {
		peer, err = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if failed != nil || err != nil || peer.Pid <= 0 {
		return false
	}
	for _, ns := range []string{"cgroup", "mnt"} {
		theirs, err1 := os.Readlink("/proc/" + strconv.Itoa(int(peer.Pid)) + "/ns/" + ns)
		ours, err2 := os.Readlink("/proc/self/ns/" + ns)
		if err1 != nil || err2 != nil || theirs != ours {
			return false
		}
	}
	return true
}
