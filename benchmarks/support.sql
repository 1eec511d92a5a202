-- The report of support.toml, by hand, without business hours.
CREATE TEMP TABLE waits AS
SELECT
    date_trunc('month', timezone('Europe/Copenhagen', created_at)) AS month, channel, priority,
    epoch_us(first_replied_at) / 1e6 - epoch_us(created_at) / 1e6 AS wait
FROM read_parquet(getvariable('file'))
WHERE first_replied_at >= created_at AND month >= '2025-01-01' AND month < '2026-01-01';

CREATE TEMP TABLE quantiles AS
SELECT month, channel, priority, quantile_cont(wait, [0.5, 0.9]) AS waits, count(*) AS n
FROM waits
GROUP BY GROUPING SETS ((month), (month, channel, priority));

SELECT 'median' AS request, month, channel, priority, waits[1] AS value, n FROM quantiles;

SELECT 'p90' AS request, month, channel, priority, waits[2] AS value, n FROM quantiles;
