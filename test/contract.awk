# Reads the output of `go test -v` of the checklists of the published APIs, and prints for each API and engine how many
# checks and lines of the checklist were tried, and what failed. Ends with 1 when something failed or was not tried.
/--- (PASS|FAIL|SKIP): Test[A-Za-z]+API\/[a-z]+\/checks\// {
	result = $2; sub(":", "", result)
	split($3, part, "/") # test, engine, "checks", chapter, numbers and what the check says
	if (part[5] == "") next # a chapter, not a check
	api = part[1]; sub(/^Test/, "", api); sub(/API$/, "", api)
	run = tolower(api) " " part[2]
	if (!(run in checks)) order[++n] = run
	numbers = part[5]; sub(/_.*/, "", numbers)
	if (!((run, part[4], numbers) in seen)) { # else a step inside a check, which fails with it
		seen[run, part[4], numbers] = 1
		checks[run]++
		count = split(numbers, number, ",")
		lines[run] += count
	}
	if (result != "PASS" && !((run, part[4], numbers) in lost)) {
		lost[run, part[4], numbers] = 1
		failed[run]++
		linesFailed[run] += split(numbers, number, ",")
		names[++m] = run " " part[4] " " numbers
	}
}
/^(--- FAIL|FAIL|panic:)/ { broken = 1; said[++k] = $0 }
/^ok[ \t]/ { ended = 1 }
END {
	if (!ended && !broken) { print "the run did not come to its end"; broken = 1 }
	printf "%-18s %7s %7s %7s %7s %7s %7s\n", "API AND ENGINE", "CHECKS", "PASSED", "FAILED", "LINES", "PASSED", "FAILED"
	for (i = 1; i <= n; i++) {
		run = order[i]
		printf "%-18s %7d %7d %7d %7d %7d %7d\n", run, checks[run], checks[run] - failed[run], failed[run], lines[run], lines[run] - linesFailed[run], linesFailed[run]
		split(run, part, " ")
		total[part[1]] = total[part[1]] " " lines[run]; engines[part[1]]++
	}
	for (i = 1; i <= m; i++) print "failed: " names[i]
	for (api in total) {
		split(total[api], l, " ")
		if (engines[api] != 2 || l[1] != l[2]) { print "not tried on both engines: " api; broken = 1 }
	}
	if (broken && m == 0) for (i = 1; i <= k; i++) print said[i]
	exit (broken || m > 0 || n == 0)
}
