package sqlstore

import "context"

type patientKey struct{}

// Patient marks the writes of long work in the background: where writes share a commit, others go first and
// do not wait for them.
func Patient(ctx context.Context) context.Context { return context.WithValue(ctx, patientKey{}, true) }

func isPatient(ctx context.Context) bool {
	patient, _ := ctx.Value(patientKey{}).(bool)
	return patient
}
