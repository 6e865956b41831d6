package bench

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// meter reads what the system tells of a process. Where it tells nothing, everything is 0.
type meter struct{ pid int }

// PeakMemory is the most memory that the process held since the last call of ResetPeak, in bytes.
func (m meter) PeakMemory() int64 { return m.memory("VmHWM:") }

// Memory is what the process holds now, in bytes.
func (m meter) Memory() int64 { return m.memory("VmRSS:") }

func (m meter) memory(line string) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", m.pid))
	if err != nil {
		return 0
	}
	for l := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(l, line); ok {
			kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kb << 10
		}
	}
	return 0
}

// ResetPeak begins the measuring of memory anew.
func (m meter) ResetPeak() {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", m.pid), []byte("5"), 0) // where that is not known, the peak is of the whole life
}

// tick is the unit in which the system counts the time of processors.
const tick = 10 * time.Millisecond

// processorTime is what the process has used so far, on all processors.
func (m meter) processorTime() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", m.pid))
	if err != nil {
		return 0
	}
	return parseProcessorTime(text)
}

// A process rests when it takes less than a tenth of a processor; nobody waits longer for that than patience.
const (
	restLook = 100 * time.Millisecond
	patience = 10 * time.Second
)

// rest waits until the process rests, and tells what it used until then: what a server puts off while requests come is done
// before others are measured, and is not forgotten.
func (m meter) rest(ctx context.Context, now func() time.Time) (used time.Duration, err error) {
	begin, until := m.processorTime(), now().Add(patience)
	for last := begin; ; {
		if err := wait(ctx, restLook); err != nil {
			return 0, err
		}
		used := m.processorTime()
		if used-last <= restLook/10 || now().After(until) {
			return used - begin, nil
		}
		last = used
	}
}

// parseProcessorTime reads a line of /proc/PID/stat. The name in it may hold anything, so it counts from behind it.
func parseProcessorTime(stat []byte) time.Duration {
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseInt(string(fields[11]), 10, 64)
	system, _ := strconv.ParseInt(string(fields[12]), 10, 64)
	return time.Duration(user+system) * tick
}

// disk counts the flushes of the device under a folder.
type disk struct{ stat string }

// diskUnder finds the device; on a file system without one, nothing is counted.
func diskUnder(folder string) disk {
	info, err := os.Stat(folder)
	if err != nil {
		return disk{}
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return disk{}
	}
	major, minor := s.Dev>>8&0xfff, s.Dev&0xff|s.Dev>>12&0xfff00
	path := fmt.Sprintf("/sys/dev/block/%d:%d", major, minor)
	if _, err := os.Stat(filepath.Join(path, "partition")); err == nil {
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return disk{}
		}
		path = filepath.Dir(path)
	}
	return disk{filepath.Join(path, "stat")}
}

// flushes is how often the device was told to keep what it holds, since the machine started.
func (d disk) flushes() int64 {
	text, err := os.ReadFile(d.stat)
	if err != nil {
		return 0
	}
	return parseFlushes(string(text))
}

// parseFlushes reads the sixteenth number of a device's stat.
func parseFlushes(stat string) int64 {
	fields := strings.Fields(stat)
	if len(fields) < 16 {
		return 0
	}
	n, _ := strconv.ParseInt(fields[15], 10, 64)
	return n
}

// SyncRate tells how often a second one thread can write 4 KiB to a file that has its full length already, and have
// the disk keep them.
func SyncRate(folder string, length time.Duration, now func() time.Time) (float64, error) {
	f, err := os.CreateTemp(folder, "sync-")
	if err != nil {
		return 0, err
	}
	defer func() { _, _ = f.Close(), os.Remove(f.Name()) }()
	const pages = 1024
	page := bytes.Repeat([]byte{7}, 4<<10)
	for n := range pages {
		if _, err := f.WriteAt(page, int64(n*len(page))); err != nil {
			return 0, err
		}
	}
	if err := f.Sync(); err != nil {
		return 0, err
	}
	begin, n := now(), 0
	for ; now().Sub(begin) < length; n++ {
		page[0] = byte(n)
		if _, err := f.WriteAt(page, int64(n%pages*len(page))); err != nil {
			return 0, err
		}
		if err := dataSync(f); err != nil {
			return 0, err
		}
	}
	return float64(n) / now().Sub(begin).Seconds(), nil
}
