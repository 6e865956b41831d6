-- On SQLite an audit row is born with its place in its log since here (decision 0025). PostgreSQL commits side by side, so rows go
-- on to wait for their places: nothing changes.

SELECT 1;
