package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/firsttap/firsttap/client"
)

type apiProgram struct {
	Own      apiProgramOwn      `cmd:"" help:"Show the programme of the key."`
	List     apiProgramList     `cmd:"" help:"List all programmes, newest first; this and what follows needs a key of the installation."`
	Show     apiProgramShow     `cmd:"" help:"Show a programme."`
	Create   apiProgramCreate   `cmd:"" help:"Add a programme."`
	Suspend  apiProgramSuspend  `cmd:"" help:"Refuse every call to a programme."`
	Resume   apiProgramResume   `cmd:"" help:"Open a suspended programme again."`
	IssueKey apiProgramIssueKey `cmd:"" help:"Give a programme a native key, as its first. Its secret is printed once."`
}

type ofProgram struct {
	remote
	ID string `arg:"" help:"Id of the programme."`
}

func programPairs(p client.Program) [][2]string {
	return [][2]string{
		{"programme", p.ID},
		{"name", p.Name},
		{"kind", p.Kind},
		{"suspended", yesNo(p.Suspended)},
		{"policy version", strconv.FormatInt(p.PolicyVersion, 10)},
		{"its time", moment(p.Now)},
		{"made", moment(p.CreatedAt)},
	}
}

type apiProgramOwn struct{ remote }

// Run shows the programme of the key.
func (c apiProgramOwn) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	p, err := l.api.Program(ctx)
	return show(l, p, err, programPairs)
}

type apiProgramList struct {
	remote
	sorted
}

// Run lists programmes.
func (c apiProgramList) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return list(l, c.lines, c.of(l.api).Programs(ctx), []string{"PROGRAMME", "NAME", "KIND", "SUSPENDED", "ITS TIME", "MADE"}, func(p client.Program) []string {
		return []string{p.ID, p.Name, p.Kind, yesNo(p.Suspended), moment(p.Now), moment(p.CreatedAt)}
	})
}

type apiProgramShow struct{ ofProgram }

// Run shows a programme.
func (c apiProgramShow) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	p, err := l.api.ProgramByID(ctx, c.ID)
	return show(l, p, err, programPairs)
}

type apiProgramCreate struct {
	remote
	because
	Name string `arg:"" help:"Name of the programme; unique."`
	Kind string `enum:"sandbox,live" default:"sandbox" help:"sandbox or live."`
}

// Run adds a programme.
func (c apiProgramCreate) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	p, err := l.api.CreateProgram(ctx, client.NewProgram{Name: c.Name, Kind: c.Kind}, c.options()...)
	return show(l, p, err, programPairs)
}

type apiProgramSuspend struct {
	ofProgram
	forWhom
	Reason string `required:"" help:"Why; kept in the audit trail."`
}

// Run suspends a programme.
func (c apiProgramSuspend) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	p, err := l.api.SuspendProgram(ctx, c.ID, c.Reason, c.options()...)
	return said(l, p, err, "%s is suspended.", p.Name)
}

type apiProgramResume struct {
	ofProgram
	forWhom
	Reason string `help:"Why; kept in the audit trail."`
}

// Run opens a programme again.
func (c apiProgramResume) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	p, err := l.api.ResumeProgram(ctx, c.ID, c.Reason, c.options()...)
	return said(l, p, err, "%s is open again.", p.Name)
}

type apiProgramIssueKey struct {
	ofProgram
	because
	Name  string   `default:"first" help:"What people call the key."`
	Scope []string `required:"" help:"What it may do; no more than your own key may." placeholder:"SCOPE"`
}

// Run issues a key of a programme.
func (c apiProgramIssueKey) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	k, err := l.api.IssueProgramKey(ctx, c.ID, client.NewKey{Name: c.Name, Scopes: c.Scope}, c.options()...)
	return show(l, k, err, issuedPairs)
}

type apiPolicy struct {
	List     apiPolicyList     `cmd:"" help:"List the policies of the programme with their values."`
	Set      apiPolicySet      `cmd:"" help:"Change policies; one without a value takes its default again."`
	Versions apiPolicyVersions `cmd:"" help:"List who changed which policies, newest first."`
}

type apiPolicyList struct{ remote }

// Run lists policies.
func (c apiPolicyList) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	all, err := l.api.Policies(ctx)
	return tell(l, all, err, func(all client.Policies) error {
		rows := make([][]string, len(all.Items))
		for i, p := range all.Items {
			rows[i] = []string{p.Name, dash(policyText(p.Value)), dash(policyText(p.Default)), p.Effect}
		}
		return table(w.Stdout, []string{"POLICY", "VALUE", "DEFAULT", "EFFECT"}, rows)
	})
}

// policyText is a value as people write it.
func policyText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = policyText(item)
		}
		return strings.Join(items, ",")
	}
	return fmt.Sprint(v)
}

type apiPolicySet struct {
	remote
	forWhom
	Policies []string `arg:"" help:"Policies as name=value; name= takes the default again."`
	Reason   string   `help:"Why; kept with the version."`
}

// Run changes policies as they are now: a change of somebody else meanwhile is refused.
func (c apiPolicySet) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	now, err := l.api.Policies(ctx)
	if err != nil {
		return tell(l, now, err, nil)
	}
	types := map[string]string{}
	for _, p := range now.Items {
		types[p.Name] = p.Type
	}
	changes := client.PolicyChanges{Values: map[string]any{}, Reason: c.Reason, Seen: &now.Version}
	for _, text := range c.Policies {
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return usageError(fmt.Sprintf("%q is no policy: write name=value", text))
		}
		changes.Values[name] = policyValue(types[name], value)
	}
	after, err := l.api.SetPolicies(ctx, changes, c.options()...)
	return said(l, after, err, "The policies are at version %d.", after.Version)
}

// policyValue is a text in the type of its policy; what does not fit is sent as it is, and refused.
func policyValue(kind, text string) any {
	switch {
	case text == "":
		return nil
	case kind == "list":
		return strings.Split(text, ",")
	case kind == "boolean" && (text == "true" || text == "false"):
		return text == "true"
	case kind == "integer" && json.Valid([]byte(text)):
		return json.Number(text)
	}
	return text
}

type apiPolicyVersions struct {
	remote
	lines
}

// Run lists the changes of policies.
func (c apiPolicyVersions) Run(ctx context.Context, w World) error {
	l, err := c.dial(w)
	if err != nil {
		return err
	}
	return list(l, c.lines, l.api.PolicyVersions(ctx), []string{"VERSION", "TIME", "WHO", "CHANGED", "WHY"}, func(v client.PolicyVersion) []string {
		changes := make([]string, len(v.Changes))
		for i, change := range v.Changes {
			changes[i] = change.Name + ": " + dash(policyText(change.Was)) + " to " + dash(policyText(change.Is))
		}
		return []string{strconv.FormatInt(v.Version, 10), moment(v.At), v.Actor, strings.Join(changes, "; "), dash(v.Reason)}
	})
}
