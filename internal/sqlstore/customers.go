package sqlstore

import (
	"context"

	"github.com/firsttap/firsttap/internal/customer"
	"github.com/firsttap/firsttap/internal/fault"
	"github.com/firsttap/firsttap/internal/ident"
	"github.com/firsttap/firsttap/internal/issuance"
)

const customerColumns = `u.id, u.program_id, u.number, u.external_id, u.kind, u.company_id, u.status, u.application,
	u.rejection_reason, u.email, u.phone, u.first_name, u.middle_name, u.last_name, u.second_last_name,
	u.gender, u.rfc, u.curp, u.country, u.date_of_birth, u.terms_version, u.terms_ip, u.created_at,
	u.updated_at, u.deleted_at, u.version, u.campaign`

const (
	selectCustomer         = `SELECT ` + customerColumns + ` FROM customers u WHERE u.id = $2 AND u.program_id = $1 AND u.deleted_at IS NULL`
	selectCustomerByNumber = `SELECT ` + customerColumns + ` FROM customers u WHERE u.program_id = $1 AND u.number = $2 AND u.deleted_at IS NULL`
	listCustomers          = `SELECT ` + customerColumns + ` FROM customers u WHERE u.program_id = $1 AND u.deleted_at IS NULL`
	insertCustomer         = `INSERT INTO customers (id, program_id, number, external_id, kind, company_id, status, application, rejection_reason, email,
	phone, first_name, middle_name, last_name, second_last_name, gender, rfc, curp, country, date_of_birth,
	terms_version, terms_ip, created_at, updated_at, deleted_at, version, campaign, email_key, name_key)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
	$23, $24, $25, $26, $27, $28, $29)
	ON CONFLICT (program_id, number) DO NOTHING`
	updateCustomer = `UPDATE customers SET external_id = $3, kind = $4, company_id = $5, status = $6, application = $7, rejection_reason = $8,
	email = $9, phone = $10, first_name = $11, middle_name = $12, last_name = $13, second_last_name = $14,
	gender = $15, rfc = $16, curp = $17, country = $18, date_of_birth = $19, terms_version = $20,
	terms_ip = $21, updated_at = $22, deleted_at = $23, email_key = $24, campaign = $25, name_key = $26, version = $2 + 1
	WHERE id = $1 AND version = $2`
	selectClaim = `SELECT 1 FROM customer_claims m JOIN customers u ON u.id = m.customer_id
	WHERE m.program_id = $1 AND m.field = $2 AND m.value = $3 AND u.deleted_at IS NULL`
	selectOwnClaim = `SELECT 1 FROM customer_claims m WHERE m.program_id = $1 AND m.field = $2 AND m.value = $3 AND m.customer_id = $4`
	insertClaim    = `INSERT INTO customer_claims (program_id, field, value, customer_id) VALUES ($1, $2, $3, $4)
	ON CONFLICT (program_id, field, value) DO NOTHING`
	deleteClaim = `DELETE FROM customer_claims WHERE program_id = $1 AND field = $2 AND value = $3 AND customer_id = $4`
	countHeld   = `SELECT (SELECT count(*) FROM cards k WHERE k.program_id = $1 AND k.customer_id = $2 AND k.closed_at IS NULL)
	+ (SELECT count(*) FROM cards k WHERE k.program_id = $1 AND k.reserved_for = $2 AND k.customer_id IS NULL AND k.closed_at IS NULL)`
)

func customerDest(c *customer.Customer) []any {
	return []any{
		&c.ID.UUID, &c.Program.UUID, &c.Number, &c.ExternalID, (*string)(&c.Kind), &c.Company.UUID, (*string)(&c.Status),
		(*string)(&c.Application), &c.RejectionReason, &c.Email, &c.Phone, &c.FirstName, &c.MiddleName, &c.LastName,
		&c.SecondLastName, &c.Gender, &c.RFC, &c.CURP, &c.Country, &c.DateOfBirth, &c.TermsVersion, &c.TermsIP,
		&c.CreatedAt, &c.UpdatedAt, &c.DeletedAt, &c.Version, &c.Campaign,
	}
}

func customerArgs(c customer.Customer) []any {
	return []any{
		c.ID.UUID, c.Program.UUID, c.Number, c.ExternalID, string(c.Kind), c.Company.UUID, string(c.Status),
		string(c.Application), c.RejectionReason, c.Email, c.Phone, c.FirstName, c.MiddleName, c.LastName,
		c.SecondLastName, c.Gender, c.RFC, c.CURP, c.Country, c.DateOfBirth, c.TermsVersion, c.TermsIP,
		c.CreatedAt, c.UpdatedAt, c.DeletedAt, c.Version, c.Campaign, customer.EmailKey(c.Email), c.NameKey(),
	}
}

func scanCustomer(r row, c *customer.Customer) error { return r.scan(customerDest(c)...) }

func (t tx) Customer(_ context.Context, p ident.ProgramID, id ident.CustomerID) (customer.Customer, bool, error) {
	var c customer.Customer
	found, err := one(t, selectCustomer, []any{p.UUID, id.UUID}, customerDest(&c)...)
	return c, found, err
}

func (t tx) CustomerByNumber(_ context.Context, p ident.ProgramID, number int64) (customer.Customer, bool, error) {
	var c customer.Customer
	found, err := one(t, selectCustomerByNumber, []any{p.UUID, number}, customerDest(&c)...)
	return c, found, err
}

func (t tx) Customers(_ context.Context, p ident.ProgramID, f issuance.CustomerFilter, page issuance.Page) ([]customer.Customer, error) {
	l := newListing(listCustomers, p.UUID)
	if f.ExternalID != "" {
		l.and("u.external_id <> '' AND u.external_id = ", f.ExternalID)
	}
	if f.EmailKey != "" {
		l.and("u.email_key <> '' AND u.email_key = ", f.EmailKey)
	}
	if f.Phone != "" {
		l.and("u.phone <> '' AND u.phone = ", f.Phone)
	}
	if f.Application != "" { // an operator asks: no index pays for it
		l.and("u.application = ", string(f.Application))
	}
	sql, args := l.paged("u", page)
	return all(t, sql, args, scanCustomer)
}

// normal is the form in which a fact is claimed.
func normal(f issuance.Fact) string {
	if f.Field == customer.FieldEmail {
		return customer.EmailKey(f.Value)
	}
	return f.Value
}

func (t tx) TakenFacts(_ context.Context, p ident.ProgramID, facts []issuance.Fact) ([]customer.Field, error) {
	var taken []customer.Field
	var b batch
	for _, f := range facts {
		b.read(selectClaim, []any{p.UUID, string(f.Field), normal(f)}, func(row) error {
			taken = append(taken, f.Field)
			return nil
		})
	}
	return taken, t.run(b)
}

func (t tx) OwnsFact(_ context.Context, p ident.ProgramID, id ident.CustomerID, f issuance.Fact) (bool, error) {
	return one(t, selectOwnClaim, []any{p.UUID, string(f.Field), normal(f), id.UUID}, new(int))
}

func (t tx) CardsHeld(_ context.Context, p ident.ProgramID, id ident.CustomerID) (int, error) {
	var n int
	_, err := one(t, countHeld, []any{p.UUID, id.UUID}, &n)
	return n, err
}

// InsertCustomer looks before it writes: a refusal commits, so it must leave nothing behind.
func (t tx) InsertCustomer(ctx context.Context, c customer.Customer, claims []issuance.Fact) error {
	taken, err := t.TakenFacts(ctx, c.Program, claims)
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		return fault.RefuseWith(customer.Exists, taken)
	}
	var b batch
	b.write(insertCustomer, customerArgs(c), free(issuance.ErrNumberTaken))
	claim(&b, c, claims, guarded)
	return t.run(b)
}

// claim adds the claims of a customer; each is told to affected, with 0 rows when it is taken.
func claim(b *batch, c customer.Customer, facts []issuance.Fact, affected func(int64) error) {
	for _, f := range facts {
		b.write(insertClaim, []any{c.Program.UUID, string(f.Field), normal(f), c.ID.UUID}, affected)
	}
}

func (t tx) UpdateCustomer(ctx context.Context, c customer.Customer, drop, add []issuance.Fact) error {
	if !c.DeletedAt.IsZero() {
		drop = append(append([]issuance.Fact(nil), drop...), factsOf(c)...)
	}
	dropped := make(map[issuance.Fact]bool, len(drop))
	for _, f := range drop {
		dropped[issuance.Fact{Field: f.Field, Value: normal(f)}] = true
	}
	var fresh []issuance.Fact // a fact that is dropped and added again stays the customer's own
	for _, f := range add {
		if !dropped[issuance.Fact{Field: f.Field, Value: normal(f)}] {
			fresh = append(fresh, f)
		}
	}
	taken, err := t.TakenFacts(ctx, c.Program, fresh)
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		return fault.RefuseWith(customer.Exists, taken)
	}
	var b batch
	b.write(updateCustomer, []any{
		c.ID.UUID, c.Version, c.ExternalID, string(c.Kind), c.Company.UUID, string(c.Status), string(c.Application),
		c.RejectionReason, c.Email, c.Phone, c.FirstName, c.MiddleName, c.LastName, c.SecondLastName, c.Gender, c.RFC,
		c.CURP, c.Country, c.DateOfBirth, c.TermsVersion, c.TermsIP, c.UpdatedAt, c.DeletedAt, customer.EmailKey(c.Email), c.Campaign, c.NameKey(),
	}, guarded)
	for _, f := range drop {
		b.write(deleteClaim, []any{c.Program.UUID, string(f.Field), normal(f), c.ID.UUID}, nil)
	}
	claim(&b, c, add, guarded)
	return t.run(b)
}

// factsOf are the facts that a customer may have claimed.
func factsOf(c customer.Customer) []issuance.Fact {
	return []issuance.Fact{
		{Field: customer.FieldEmail, Value: c.Email},
		{Field: customer.FieldPhone, Value: c.Phone},
		{Field: customer.FieldRFC, Value: c.RFC},
		{Field: customer.FieldCURP, Value: c.CURP},
		{Field: customer.FieldExternalID, Value: c.ExternalID},
	}
}
