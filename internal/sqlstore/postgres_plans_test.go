package sqlstore

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/firsttap/firsttap/internal/pgtest"
)

var placed = regexp.MustCompile(`\$([0-9]+)`)

// TestPlans_EveryQueryGoesByAnIndexOnPostgres asks for the plan that serves any values.
func TestPlans_EveryQueryGoesByAnIndexOnPostgres(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	d := openServer(t, cluster.URL(cluster.Database(t), "default_query_exec_mode=exec"))
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, sql := range allTexts() {
		err := d.engine.write(t.Context(), func(s *session) error {
			highest := 0
			for _, m := range placed.FindAllStringSubmatch(sql, -1) {
				var n int
				_, _ = fmt.Sscan(m[1], &n)
				highest = max(highest, n)
			}
			values := strings.TrimSuffix(strings.Repeat("NULL, ", highest), ", ")
			if _, err := s.exec("SET LOCAL plan_cache_mode = force_generic_plan"); err != nil {
				return err
			}
			if _, err := s.exec("PREPARE asked AS " + sql); err != nil {
				return err
			}
			defer func() { _, _ = s.exec("DEALLOCATE asked") }()
			if highest > 0 {
				values = "(" + values + ")"
			}
			steps := 0
			err := s.query("EXPLAIN EXECUTE asked"+values, nil, func(r row) error {
				var step string
				steps++
				err := r.scan(&step)
				if strings.Contains(step, "Seq Scan") {
					t.Errorf("%s reads a whole table: %s", name, step)
				}
				return err
			})
			if steps == 0 {
				t.Errorf("%s has no plan", name)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPlans_TheSealerReadsWhatWaitsOnPostgres has a trail as it is after an hour of work: nearly all of it is sealed, and the
// index of what waits is as large as it was for all that has left it.
func TestPlans_TheSealerReadsWhatWaitsOnPostgres(t *testing.T) {
	t.Parallel()
	cluster := pgtest.Start(t)
	d := openServer(t, cluster.URL(cluster.Database(t), "default_query_exec_mode=exec"))
	if err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := d.engine.write(t.Context(), func(s *session) error {
		for _, sql := range []string{
			`INSERT INTO audit (program_id, at, id, actor, channel, source, request_id, action, outcome, note)
			SELECT '\x01', n, decode(lpad(to_hex(n), 32, '0'), 'hex'), '', '', '', '', '', '', '' FROM generate_series(1, 20000) n`,
			`UPDATE audit SET log_index = at WHERE at <= 19700`,
			`ANALYZE audit`,
			`SET LOCAL plan_cache_mode = force_generic_plan`,
		} {
			if _, err := s.exec(sql); err != nil {
				return err
			}
		}
		for sql, values := range map[string]string{selectUnsealed: `('\x01', 1000)`, selectUnsealedLog: `('\x')`} {
			if _, err := s.exec("PREPARE asked AS " + sql); err != nil {
				return err
			}
			var plan []string
			err := s.query("EXPLAIN EXECUTE asked"+values, nil, func(r row) error {
				plan = append(plan, "")
				return r.scan(&plan[len(plan)-1])
			})
			if text := strings.Join(plan, "\n"); !strings.Contains(text, "audit_unsealed") || strings.Contains(text, "Sort") {
				t.Errorf("%s\n%s", sql, text)
			}
			if _, errs := s.exec("DEALLOCATE asked"); err != nil || errs != nil {
				return errors.Join(err, errs)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
