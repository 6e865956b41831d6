package pgtest

import (
	"errors"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// Crash ends the server as a fault would: at once, without a checkpoint, all connections cut.
func (c *Cluster) Crash(t testing.TB) {
	t.Helper()
	c.stop(t, syscall.SIGQUIT)
}

// Shut ends the server as an operator would: what runs is rolled back, connections are told and closed.
func (c *Cluster) Shut(t testing.TB) {
	t.Helper()
	c.stop(t, syscall.SIGINT)
}

// Kill ends every process of the server with SIGKILL, as the loss of its machine would.
func (c *Cluster) Kill(t testing.TB) {
	t.Helper()
	c.signal(t, syscall.SIGSTOP) // so that none is born or cleans up meanwhile
	c.signal(t, syscall.SIGKILL)
	<-c.ended
}

// Pause stops every process of the server where it is: connections stay open, and nobody answers.
func (c *Cluster) Pause(t testing.TB) {
	t.Helper()
	c.signal(t, syscall.SIGSTOP)
}

// Continue lets a paused server go on; one that is not paused takes no notice.
func (c *Cluster) Continue(t testing.TB) {
	t.Helper()
	c.signal(t, syscall.SIGCONT)
}

// signal reaches the server and all that it has started. The server is first, because it starts others.
func (c *Cluster) signal(t testing.TB, what syscall.Signal) {
	t.Helper()
	server := c.server.Process.Pid
	send := func(pid int) {
		if err := syscall.Kill(pid, what); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Error(err)
		}
	}
	children := childrenOf(t, server)
	select {
	case <-c.ended:
		return // and so have those whom it started
	default:
	}
	send(server)
	if what == syscall.SIGSTOP {
		children = childrenOf(t, server) // now that it starts none any more
	}
	for _, pid := range children {
		send(pid)
	}
}

// childrenOf lists the processes that a process has started.
func childrenOf(t testing.TB, parent int) []int {
	t.Helper()
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output() //nolint:noctx // it lists and ends
	if err != nil {
		t.Fatalf("list the processes: %v", err)
	}
	var all []int
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) != 2 || fields[1] != strconv.Itoa(parent) {
			continue
		}
		pid, err := strconv.Atoi(fields[0])
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, pid)
	}
	return all
}
