// Package batch holds the result of one bulk order: an address, a reference and its items.
//
// A batch is accepted at once and made later: accepted → processing → completed,
// completed_with_failures or failed; canceled before processing. Each item has exactly one outcome, so
// created + failed = requested when it is finished. While its upload still arrives it is staged, and
// nobody sees it.
//
// Promises. Every (state, command) pair has an answer in the table of [Status.Move]. An [Item] that was
// parsed holds either valid values or the reason why it failed. Refusals. It makes no cards and calls
// nobody. To add an item reason, add it to the list and to the docs of the debit API.
package batch
