// Package docs holds the documents of this folder, so that the server can show them: what the folder says, the pages under
// /docs say. It promises every Markdown file in here, and refuses to know how they look; internal/docsite does.
//
// A new document is a new file. It links only to documents of this folder and to whole addresses, for the pages have nothing
// else to lead to.
package docs

import "embed"

// Files are the documents, by their path in this folder.
//
//go:embed *.md decisions guides
var Files embed.FS
