// Package httpd is the entrance hall: one listener for every door, and what every request passes
// before and after a door has it.
//
// A [Door] speaks one published API. It gives its routes as data, says which requests are its own,
// serves them, and renders every error in its own words. This package finds the door and the route,
// and keeps the promises that all doors share:
//
//   - Each request has one id, one deadline, one bounded body, and one log record, written when it
//     ends. It holds the template of the route, never the path, a query string, a header or a body.
//   - Nothing is redirected, and no path is cleaned: `//` stays `//` and is found nowhere.
//   - A panic is answered by the door as an internal fault. Its text stays inside: the record names
//     its type and the functions it passed through, because the text may hold a secret.
//   - Everything is bounded: header bytes and time, body bytes, requests in flight, keys of limiters,
//     labels of metrics. Too much work is refused at once with a time to wait.
//   - A server that is told to stop fails its readiness first, finishes what it has, then returns.
//
// It also holds the clocks of patience: [Windows] (rolling windows for each programme and tier),
// [Buckets] (token buckets), and [Failures] (failed authentications of an address). Doors ask them at
// the step that their contract names.
//
// Refusals. The package holds no business rule and knows no wire code: it hands [fault.Error] values
// to the door's renderer. It reads no configuration and no environment, has no globals, and takes its
// clock, randomness, logger and metrics registry from outside. It serves no CORS and no compression.
//
// Start with [Door] in door.go and Server.serve in serve.go, where the order of the steps is written.
// To add a common refusal, declare its reason in reasons.go; every door then owes it a row.
package httpd
