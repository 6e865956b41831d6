package console

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
	"github.com/firsttap/firsttap/internal/program"
	"github.com/firsttap/firsttap/internal/staff"
	"github.com/firsttap/firsttap/internal/tenancy"
)

const (
	policiesPattern = "/p/{program}/policies"
	policyPattern   = "/p/{program}/policies/{policy}"
)

// policiesPage is every policy of a programme, by what they are about.
type policiesPage struct {
	Version int64
	Groups  []policyGroup
}

type policyGroup struct {
	Name  string
	Lines []policyLine
}

// policyLine is one policy with its value.
type policyLine struct {
	Name, Value, Default, Effect, Takes string
	Set                                 bool // to something else than the default
}

// policyPage is one policy with the form that changes it.
type policyPage struct {
	policyLine
	Version   int64
	Options   []string // to choose from
	Number    bool
	Low, High int64
	May       bool
}

// policyHistory is a page of the versions, the newest first.
type policyHistory struct {
	Versions []policyVersion
	Before   int64 // version of the next page; 0: there is none
}

type policyVersion struct {
	Number                   int64
	At, Who, Channel, Reason string
	Changes                  []access.PolicyChange
}

// shown is a value as people read it.
func shown(value string) string { return orText(value, "none") }

func policyLineOf(p tenancy.Policy) policyLine {
	return policyLine{p.Name, shown(p.Value), shown(p.Default), p.Effect, p.Values, p.Value != p.Default}
}

func (d *Door) listPolicies(c *call) error {
	all, err := d.tenancy.Policies(c.r.Context(), c.program.ID)
	if err != nil {
		return err
	}
	page := policiesPage{Version: all.Version}
	at := map[string]int{}
	for _, p := range all.All {
		about, _, _ := strings.Cut(p.Name, ".")
		i, known := at[about]
		if !known {
			i = len(page.Groups)
			at[about] = i
			page.Groups = append(page.Groups, policyGroup{Name: word(about)})
		}
		page.Groups[i].Lines = append(page.Groups[i].Lines, policyLineOf(p))
	}
	v := d.view(c, "policies", "Policies")
	v.Policies = &page
	return d.write(c.w, http.StatusOK, v)
}

func (d *Door) showPolicy(c *call) error {
	p, version, err := d.policyInPath(c)
	if err != nil {
		return err
	}
	page := policyPage{
		policyLine: policyLineOf(p), Version: version, Options: p.Form.Options, Number: p.Form.Sort == program.Whole, Low: p.Form.Low, High: p.Form.High,
		May: c.may(staff.KeepPolicies),
	}
	page.Value = p.Value
	if p.Form.Sort == program.Truth {
		page.Options = []string{"true", "false"}
	}
	v := d.view(c, "policy", "Policy "+p.Name)
	v.Policy = &page
	return d.write(c.w, http.StatusOK, v)
}

// policyInPath is the policy in the address, and how often the policies of the programme were changed.
func (d *Door) policyInPath(c *call) (tenancy.Policy, int64, error) {
	all, err := d.tenancy.Policies(c.r.Context(), c.program.ID)
	if err != nil {
		return tenancy.Policy{}, 0, err
	}
	for _, p := range all.All {
		if p.Name == httpd.Param(c.r, "policy") {
			return p, all.Version, nil
		}
	}
	return tenancy.Policy{}, 0, fault.Refuse(NoSuchPolicy)
}

// NoSuchPolicy says that an address names no policy.
var NoSuchPolicy = fault.New("console_policy_not_found", fault.NotFound)

// setPolicy changes one policy, when nobody changed any since the form was shown.
func (d *Door) setPolicy(c *call) error {
	p, _, err := d.policyInPath(c)
	if err != nil {
		return err
	}
	path := "/p/" + c.program.ID.String() + "/policies/" + p.Name
	by, reasoned := c.because()
	seen, errSeen := strconv.ParseInt(c.form.Get("seen"), 10, 64)
	switch {
	case !reasoned:
		return d.see(c.w, path+"?error="+mistakeReason)
	case errSeen != nil:
		return d.see(c.w, path+"?error="+mistakeForm)
	}
	reason := by.Why
	by.Why = "" // the version keeps it, and the row has it from there
	value := strings.TrimSpace(c.form.Get("value"))
	if c.form.Has("default") {
		value = ""
	}
	_, err = d.tenancy.SetPolicies(c.r.Context(), tenancy.SetPolicies{Command: by, Values: map[string]string{p.Name: value}, Seen: &seen, Reason: reason})
	if err != nil {
		return d.seeRefused(c, path, err)
	}
	return d.see(c.w, path+"?done=policy")
}

func (d *Door) showPolicyHistory(c *call) error {
	before, _ := strconv.ParseInt(c.r.URL.Query().Get("before"), 10, 64) // what is no number begins with the newest
	all, err := d.tenancy.PolicyHistory(c.r.Context(), c.program.ID, before, listRows+1)
	if err != nil {
		return err
	}
	var page policyHistory
	for _, one := range all[:min(len(all), listRows)] {
		changes := make([]access.PolicyChange, len(one.Changes))
		for i, change := range one.Changes {
			changes[i] = access.PolicyChange{Name: change.Name, Was: shown(change.Was), Is: shown(change.Is)}
		}
		page.Versions = append(page.Versions, policyVersion{one.Version, moment(one.At), one.Actor, one.Channel, one.Reason, changes})
	}
	if len(all) > listRows {
		page.Before = all[listRows-1].Version
	}
	v := d.view(c, "policy-history", "History of the policies")
	v.History = &page
	return d.write(c.w, http.StatusOK, v)
}
