package debitapi

import (
	"context"

	"github.com/firsttap/firsttap/internal/access"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/httpd"
)

// authenticate tells who calls (debit contract §3.2). Every token that is sent must be good, and all must be of one
// programme; the first that is not, in the order e-commerce, customer, sign-in, answers. A customer token
// makes the caller a customer, whatever else is sent; a sign-in decides over the e-commerce token beside it.
func (c *call) authenticate() error {
	ctx := c.r.Context()
	signedIn := c.r.Header.Values(headerBearer)
	ecommerce, err := c.ecommerceToken()
	if err != nil {
		return err
	}
	customers := c.r.Header.Values(headerCustomer)
	if len(ecommerce) > 0 || len(customers) > 0 || len(signedIn) == 0 {
		id, err := c.d.o.Access.Ecommerce(ctx, ecommerce, httpd.RecordOf(ctx).Address)
		c.became(id)
		if err != nil {
			return err
		}
		c.sort = forProgram
		if id.Credential.Role == access.RoleAdmin {
			c.sort = forAdmin
		}
	}
	if len(customers) > 0 {
		if c.customer, err = c.d.o.Access.Customer(ctx, customers, c.id); err != nil {
			return err
		}
		httpd.RecordOf(ctx).Credential = c.customer.Credential.PublicID
	}
	if len(signedIn) > 0 {
		if err := c.signedIn(ctx, signedIn); err != nil {
			return err
		}
	}
	if len(customers) > 0 {
		c.sort = forCustomer
	}
	return nil
}

// signedIn makes the caller the user of a sign-in.
func (c *call) signedIn(ctx context.Context, header []string) error {
	id, err := c.d.o.Access.Bearer(ctx, header)
	if err != nil {
		if c.id.Program.ID.IsZero() {
			c.became(id)
		}
		return err
	}
	if !c.id.Program.ID.IsZero() && c.id.Program.ID != id.Program.ID {
		return fault.Refuse(access.BearerInvalid)
	}
	c.sort = forReader
	if id.Credential.Role == access.RoleAdmin {
		c.sort = forAdmin
	}
	if c.customer.Program.ID.IsZero() {
		c.became(id)
	}
	return nil
}

// became notes who the caller is, as far as that is known.
func (c *call) became(id access.Identity) {
	if id.Program.ID.IsZero() {
		return
	}
	c.id = id
	rec := httpd.RecordOf(c.r.Context())
	rec.Program, rec.Credential = id.Program.ID.String(), id.Credential.PublicID
}

// memberEcommerce is where a body may have the e-commerce token, on the token endpoints only.
const memberEcommerce = "ecommerce_token"

// ecommerceToken gives the e-commerce tokens that were sent. One in the body stands for the header; both must
// be the same.
func (c *call) ecommerceToken() ([]string, error) {
	header := c.r.Header.Values(headerEcommerce)
	if !c.endpoint.bodyToken {
		return header, nil
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	member := body.Get(memberEcommerce)
	if !member.Given() {
		return header, nil
	}
	inBody, ok := member.String()
	if !ok || (len(header) > 0 && (len(header) > 1 || !access.SameToken(header[0], inBody))) {
		return nil, fault.Refuse(access.EcommerceInvalid)
	}
	return []string{inBody}, nil
}
