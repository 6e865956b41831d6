// Package cardtest gives a real Firsttap server to a test: the one that is shipped, on a free port of this machine, with an SQLite
// database in a folder of the test's own. Nothing of it is faked, so what passes here passes there.
//
//	func TestActivation(t *testing.T) {
//		server := cardtest.Start(t)
//		card := server.Mailer(t)
//		_, err := server.Client(t).Activate(t.Context(), card.ID, client.Activate{Code: card.Code})
//		…
//	}
//
// A [Server] is a sandbox programme with keys for every door, whose clock moves when the test says so. It ends with the test. What fails
// in here fails the test: the methods give no errors.
//
// It refuses to be used outside of tests, and to be anything but a sandbox. To add a way to bring a card into a state, add it to
// mailer.go, through the doors that everybody uses.
package cardtest
