package pgtest

import "syscall"

// attributes makes a process run as somebody else, and end when the test is killed.
func attributes(as *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Credential: as, Pdeathsig: syscall.SIGINT, Setpgid: true}
}
