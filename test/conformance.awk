# Reads the output of `go test -v` of the contract of storage, and prints its cases with both engines side by
# side. Ends with 1 when a case failed, or was not tried on one of the engines.
/--- (PASS|FAIL|SKIP): Test(SQLite|Postgres)_KeepsTheContract\// {
	result = $2; sub(":", "", result)
	engine = ($0 ~ /TestSQLite_/) ? "sqlite" : "postgres"
	name = $3; sub(/^[^\/]*\//, "", name)
	if (name !~ /\//) next # a tier, not a case
	took = $4; gsub(/[()]/, "", took)
	if (!(name in seen)) { seen[name] = 1; order[++n] = name }
	results[name, engine] = tolower(result) " " took
	if (result != "PASS") bad++
}
/^(FAIL|panic:)/ { broken = 1 }
END {
	printf "%-15s %-15s %s\n", "SQLITE", "POSTGRESQL", "CASE"
	for (i = 1; i <= n; i++) {
		name = order[i]
		for (k = 1; k <= 2; k++) {
			engine = k == 1 ? "sqlite" : "postgres"
			if (!((name, engine) in results)) { results[name, engine] = "not tried"; bad++ }
		}
		shown = name; gsub("_", " ", shown); sub("/", ": ", shown)
		printf "%-15s %-15s %s\n", results[name, "sqlite"], results[name, "postgres"], shown
	}
	printf "%d cases on 2 engines; failed or not tried: %d\n", n, bad
	exit (bad > 0 || broken || n == 0)
}
