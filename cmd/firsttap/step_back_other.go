//go:build !linux

package main

import "syscall"

// stepBack lets every other process on the machine go first.
func stepBack() { _ = syscall.Setpriority(syscall.PRIO_PROCESS, 0, 19) }
