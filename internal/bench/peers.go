package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
)

// Peer is the same endpoint as somebody else would write it, as a program of its own (bench/peers). It fills its own
// tables, prints its address, and ends when its standard input does.
type Peer struct {
	Name    string
	Command []string
}

// The workloads that go to a peer, each followed by its name.
const (
	peerActivate = "activate, "
	peerPatch    = "PATCH, "
)

// The peers that goals are about.
const (
	PeerGo   = "go"
	PeerNode = "node"
)

// PeerKey is what peers know their only caller by. It opens nothing else.
const PeerKey = "peer-key-of-the-bench"

// peerOf tells which peer a workload goes to; "" for none.
func peerOf(workload string) string {
	for _, kind := range []string{peerActivate, peerPatch} {
		if name, ok := strings.CutPrefix(workload, kind); ok {
			return name
		}
	}
	return ""
}

// peerWorkloads are those of all peers, in the order in which they are shown.
func (o RunOptions) peerWorkloads() (all []string) {
	for _, p := range o.Peers {
		all = append(all, peerActivate+p.Name, peerPatch+p.Name)
	}
	return all
}

// startedPeer is a peer that runs.
type startedPeer struct {
	*child
	url string
}

// startPeer runs a peer with so many cards; it tells its address when they are made.
func (o RunOptions) startPeer(ctx context.Context, p Peer, cards int, log io.Writer) (*startedPeer, error) {
	if len(p.Command) == 0 {
		return nil, fmt.Errorf("peer %q has no command", p.Name)
	}
	database := o.PeerDatabase
	if database == "" {
		database = filepath.Join(o.Folder, "peer-"+p.Name+".db")
	}
	under := append([]string{"PEER_DATABASE=" + database, "PEER_CARDS=" + strconv.Itoa(cards), "PEER_KEY=" + PeerKey}, p.Command...)
	c, out, err := startChild(ctx, "env", log, under...)
	if err != nil {
		return nil, err
	}
	line, err := out.ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("peer %s told no address: %w", p.Name, err), c.Stop())
	}
	return &startedPeer{c, "http://" + strings.TrimSpace(line)}, nil
}

// peerShot is the n-th request of a workload to a peer with so many cards, which follow a rule, as their codes do.
func peerShot(workload string, n, cards int) shot {
	header := "Authorization: Bearer " + PeerKey + "\r\n"
	card := scattered(n, cards)
	id := fmt.Sprintf("card-%07d", card)
	if strings.HasPrefix(workload, peerPatch) {
		return shot{request{http.MethodPatch, "/records/" + id, header, "", `{"status":"closed"}`}, http.StatusOK}
	}
	code := fmt.Sprintf("%06d", card*7919%1_000_000)
	return shot{request{http.MethodPost, "/cards/" + id + "/activate", header, "peer-" + id, `{"activationCode":"` + code + `"}`}, http.StatusNoContent}
}

// patched is how many records there are to write to beside those of cards that are used up.
const patched = 20_000
