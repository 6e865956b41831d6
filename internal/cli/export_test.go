package cli

import "github.com/alecthomas/kong"

// CommandTable is every command with what it does, for the page of the documents.
func CommandTable() ([][2]string, error) {
	parser, err := kong.New(&commands{}, kong.Name("firsttap"))
	if err != nil {
		return nil, err
	}
	var out [][2]string
	for _, leaf := range parser.Model.Leaves(true) {
		out = append(out, [2]string{leaf.Path(), leaf.Help})
	}
	return out, nil
}
