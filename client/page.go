package client

import (
	"context"
	"iter"
	"net/url"
	"strconv"
)

// Page is one part of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next_cursor"` // "" at the end
}

// every fetches one page after the other and yields what is in them. After an error it ends.
func every[T any](ctx context.Context, c *Client, path string, query url.Values) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		q := url.Values{"limit": {"100"}}
		for name, v := range query {
			q[name] = v
		}
		if c.sort != "" {
			q.Set("sort", c.sort)
		}
		for {
			var page Page[T]
			if err := c.send(ctx, get(path, q), &page); err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.Next == "" {
				return
			}
			q.Set("cursor", page.Next)
		}
	}
}

// params makes a query of pairs of name and value; empty values are left out.
func params(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return q
}

// number is n as a parameter; 0 is none.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}
