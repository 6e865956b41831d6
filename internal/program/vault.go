package program

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// testBINs begin numbers that the networks publish for tests. A sandbox draws from nothing else and a live
// programme never from these, so that no sandbox number is ever a live one. The first is the default.
// docs/decisions tells where each is published.
var testBINs = []string{"411111", "400000", "222300", "511111", "555555"}

// TestBINs lists the BINs that a sandbox may have; the first is its default.
func TestBINs() []string { return slices.Clone(testBINs) }

var binForm = regexp.MustCompile(`^([0-9]{6}|[0-9]{8})$`)

func vaultSettings() []Setting {
	return []Setting{
		chosen("vault.mode", "", "off or built_in", "whether card numbers are drawn, kept sealed and shown where the APIs say so", func(p *Policy, v string) error {
			return oneOf(v, &p.Vault.Mode, VaultOff, VaultBuiltIn)
		}, "off", "built_in"),
		written("vault.bin", "", "6 or 8 digits; in a sandbox one of "+strings.Join(testBINs, ", "), "first digits of new card numbers", func(p *Policy, v string) error {
			if !binForm.MatchString(v) {
				return errors.New("not a BIN")
			}
			p.Vault.BIN = v
			return nil
		}),
	}
}

// originForm is a host-source of Content-Security-Policy without a path.
var originForm = regexp.MustCompile(`^https?://(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:([0-9]{1,5}|\*))?$`)

func setFrameAncestors(p *Policy, v string) error {
	switch v {
	case "*":
		p.FrameAncestors = v
	case "none":
		p.FrameAncestors = "'none'"
	default:
		var origins []string
		if err := list(v, &origins, originForm); err != nil {
			return err
		}
		if len(origins) == 0 {
			return errors.New("names nobody; none is a word of its own")
		}
		p.FrameAncestors = strings.Join(origins, " ")
	}
	return nil
}

// settle fills in what the kind of programme decides, and refuses a BIN of the other kind.
func (v *Vault) settle(kind Kind) error {
	isTest := func(bin string) bool { return strings.HasPrefix(v.BIN, bin) }
	switch {
	case kind == Sandbox:
		if v.Mode == "" {
			v.Mode = VaultBuiltIn
		}
		if v.BIN == "" {
			v.BIN = testBINs[0]
		}
		if !slices.Contains(testBINs, v.BIN) {
			return ValueError{"vault.bin", "a sandbox draws from a published test range only (takes " + strings.Join(testBINs, ", ") + ")"}
		}
	case v.Mode == "":
		v.Mode = VaultOff
	case v.Mode == VaultBuiltIn && v.BIN == "":
		return ValueError{"vault.bin", "a live programme that keeps card numbers needs its own"}
	}
	if kind == Live && slices.ContainsFunc(testBINs, isTest) {
		return ValueError{"vault.bin", "a live programme never draws from a test range"}
	}
	return nil
}
