-- On SQLite records of idempotency keys lie in the order in which they came since here. On PostgreSQL rows always did: nothing changes.

SELECT 1;
