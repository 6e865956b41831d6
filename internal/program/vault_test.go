package program_test

import (
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/program"
)

func TestVault_ASandboxNumberIsNeverALiveOne(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind   program.Kind
		values map[string]string
		want   program.Vault
		wrong  string // part of the problem; "" when it is taken
	}{
		"a sandbox keeps numbers of a test range": {program.Sandbox, nil, program.Vault{Mode: "built_in", BIN: "411111"}, ""},
		"of another test range":                   {program.Sandbox, map[string]string{"vault.bin": "222300"}, program.Vault{Mode: "built_in", BIN: "222300"}, ""},
		"or none":                                 {program.Sandbox, map[string]string{"vault.mode": "off"}, program.Vault{Mode: "off", BIN: "411111"}, ""},
		"never of a live range":                   {program.Sandbox, map[string]string{"vault.bin": "453201"}, program.Vault{}, "published test range"},
		"nor of a part of a test range":           {program.Sandbox, map[string]string{"vault.bin": "41111122"}, program.Vault{}, "published test range"},
		"a live programme keeps none":             {program.Live, nil, program.Vault{Mode: "off"}, ""},
		"unless it is turned on, with a BIN":      {program.Live, map[string]string{"vault.mode": "built_in", "vault.bin": "45320112"}, program.Vault{Mode: "built_in", BIN: "45320112"}, ""},
		"which it needs":                          {program.Live, map[string]string{"vault.mode": "built_in"}, program.Vault{}, "needs its own"},
		"and which is no test range":              {program.Live, map[string]string{"vault.mode": "built_in", "vault.bin": "411111"}, program.Vault{}, "never draws from a test range"},
		"nor below one":                           {program.Live, map[string]string{"vault.bin": "22230099"}, program.Vault{}, "never draws from a test range"},
		"a BIN has six or eight digits":           {program.Live, map[string]string{"vault.bin": "4532011"}, program.Vault{}, "vault.bin"},
		"there are two modes":                     {program.Live, map[string]string{"vault.mode": "maybe"}, program.Vault{}, "vault.mode"},
	} {
		p, err := program.ParsePolicy(c.kind, c.values)
		switch {
		case c.wrong == "" && (err != nil || p.Vault != c.want):
			t.Errorf("%s: %+v, %v", name, p.Vault, err)
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %v, want %q", name, err, c.wrong)
		}
	}
}
