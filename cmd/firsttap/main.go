// Firsttap is a self-hosted server for physical payment cards, from the order to the first tap.
//
// This is only the door to the street: it hands arguments, streams, environment and signals to the command
// line, and ends the process with its code.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/firsttap/firsttap/internal/cli"
)

// version is set when the binary is built (see the Makefile).
var version = "unknown"

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A second signal ends the process at once: the first has taken the handler away again.
	context.AfterFunc(ctx, stop)
	return cli.Run(ctx, cli.World{
		Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, ReadFile: os.ReadFile, Version: version,
		StepBack: stepBack,
	})
}
