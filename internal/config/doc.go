// Package config holds every setting of the server: its name, default, meaning, and the rule that it
// obeys.
//
// A setting has one dotted name, and every source spells it by one rule: `debit.require_https` is
// `--debit-require-https` as a flag, FIRSTTAP_DEBIT_REQUIRE_HTTPS in the environment, and
// {"debit": {"require_https": true}} in the file that `--config` or FIRSTTAP_CONFIG names. A flag wins
// over the environment, the environment over the file, the file over the default.
//
// Promises. [Load] is a function of its arguments: it reads no global, and files only through the
// reader it is given. It reports all problems at once, each with the setting and where its value came
// from. An unknown flag or member of the file is a problem; nothing is ignored. A value that may hold
// a password is kept in redact.Text and shown in no message.
//
// Refusals. The package opens nothing and checks no file but its own: whether a certificate can be
// read is for whoever reads it. It knows no other room; app hands the values on.
//
// The table in settings.go is the only place where a setting is declared. To add one, give [Config] a
// field and the table a row; then the parser, the checks, [Help] and docs/configuration.md (rewritten
// by `go test ./internal/config -update`) have it too.
//
// A command of the command line that takes these settings hands its remaining arguments to [Load], as
// with kong: `Args []string` tagged `arg:"" optional:"" passthrough:""`, and a Help method that
// returns [Help].
package config
