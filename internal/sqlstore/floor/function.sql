\set id random(1, 200000)
\set key random(1, 9000000000000000000)
SELECT firsttap_floor.activate(:id, 'k-' || :key);
