-- Customers are found by their names: last names first, in lower case and without accents. What was there before gets the
-- accents of Spanish taken off; any other change of a customer writes the key anew.

ALTER TABLE customers ADD COLUMN name_key TEXT COLLATE "C" NOT NULL DEFAULT '';
UPDATE customers SET name_key = trim(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(lower(last_name || ' ' || second_last_name || ' ' || first_name || ' ' || middle_name), 'á', 'a'), 'Á', 'a'), 'é', 'e'), 'É', 'e'), 'í', 'i'), 'Í', 'i'), 'ó', 'o'), 'Ó', 'o'), 'ú', 'u'), 'Ú', 'u'), 'ü', 'u'), 'Ü', 'u'), 'ñ', 'n'), 'Ñ', 'n'), '  ', ' '), '  ', ' '));
CREATE INDEX customers_name ON customers (program_id, name_key, id) WHERE name_key <> '' AND deleted_at IS NULL;
