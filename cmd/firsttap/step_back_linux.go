package main

import (
	"os"
	"strconv"
	"syscall"
)

// lowest is the priority of who only takes what others leave.
const lowest = 19

// stepBack lets every other process on the machine go first, a server above all. Linux has a priority for each thread, and a new
// one gets that of the thread that made it; so the threads are gone through until none is new. What the system refuses stays as
// it was: the work gets done either way.
func stepBack() {
	done := map[string]bool{}
	for more := true; more; {
		more = false
		tasks, _ := os.ReadDir("/proc/self/task")
		for _, task := range tasks {
			if id, err := strconv.Atoi(task.Name()); err == nil && !done[task.Name()] {
				_ = syscall.Setpriority(syscall.PRIO_PROCESS, id, lowest)
				done[task.Name()], more = true, true
			}
		}
	}
}
