-- The report of windows.toml, by hand: each window gone through again, of twelve of its days.

CREATE TEMP TABLE tickets AS
SELECT timezone('Europe/Copenhagen', created_at) AS created, first_replied_at - created_at AS wait, agent_replies, customer_id
FROM read_parquet(getvariable('file'))
WHERE created_at IS NOT NULL;

CREATE TEMP TABLE days AS
SELECT unnest(generate_series(TIMESTAMP '2025-01-01', TIMESTAMP '2025-12-01', INTERVAL 1 MONTH)) AS month;

SELECT
    'nps' AS request, month,
    100 * (count(*) FILTER (agent_replies >= 9) - count(*) FILTER (agent_replies < 7)) / count(*) AS value, count(*) AS n
FROM days JOIN tickets ON created >= month - INTERVAL 89 DAY AND created < month + INTERVAL 1 DAY
WHERE agent_replies BETWEEN 0 AND 10
GROUP BY month;

SELECT 'median_first_response' AS request, month, quantile_cont(epoch_us(wait), 0.5) / 1e6 AS value, count(*) AS n
FROM days JOIN tickets ON created >= month - INTERVAL 89 DAY AND created < month + INTERVAL 1 DAY
WHERE wait >= INTERVAL 0 SECOND
GROUP BY month;

SELECT 'buyers' AS request, month, count(DISTINCT customer_id) AS value, value AS n
FROM days JOIN tickets ON created >= month - INTERVAL 89 DAY AND created < month + INTERVAL 1 DAY
WHERE customer_id IS NOT NULL
GROUP BY month;
