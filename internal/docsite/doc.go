// Package docsite is the door for those who read: the pages under /docs.
//
// It shows every document of the folder docs, and a reference of each API that is made from its OpenAPI document, on which
// each operation can be tried. Everything comes from the binary, and is rendered once, when the first page is asked for.
//
// Promises. The pages need no JavaScript (only Try it does), no network but this server, and no key. A key that is typed for
// Try it stays in the memory of that page: no address, storage, history or log of ours ever has it. A live key is refused
// before anything is sent. What an OpenAPI document says is on its page: a keyword that this room cannot show is an error,
// and so is a link that leads nowhere; the tests of this room find both.
//
// Refusals. No rule, no SQL, and no other door: the OpenAPI documents are handed in.
//
// To change a text, change its file in docs; to give a new file a place in the navigation, add it to places. To show a new
// keyword of a schema, add it to schema.go.
package docsite
