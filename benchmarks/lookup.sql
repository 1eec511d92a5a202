-- The report of lookup.toml, by hand.

-- One pass over each file.
CREATE TEMP TABLE orders AS
SELECT
    date_trunc('month', timezone('Europe/Copenhagen', time)) AS month,
    customer_id, country, channel, CASE WHEN isfinite(amount) THEN amount END AS amount
FROM read_parquet(getvariable('file')) AS orders
LEFT JOIN (SELECT customer_id, country FROM read_parquet(getvariable('other'))) AS customers USING (customer_id)
WHERE month >= '2025-01-01' AND month < '2026-01-01' AND customer_id IS NOT NULL;

SELECT 'order_value_by_month' AS request, month, country, channel, sum(amount) / count(amount) AS value, count(amount) AS n
FROM orders
GROUP BY GROUPING SETS ((month), (month, country), (month, channel), (month, country, channel));

-- What customers bought in each month, of each kind.
CREATE TEMP TABLE purchases AS
SELECT customer_id, month, country, channel, count(*) AS orders
FROM orders
GROUP BY ALL;

SELECT 'buyers_by_month' AS request, month, country, channel, count(DISTINCT customer_id) AS value, value AS n
FROM purchases
GROUP BY GROUPING SETS ((month), (month, country), (month, channel), (month, country, channel));

SELECT
    'repeat_customers' AS request, country, channel,
    100 * count(*) FILTER (orders >= 2) / count(*) AS value, count(*) AS n
FROM (
    SELECT grouping(country, channel) AS breakdown, country, channel, sum(orders) AS orders
    FROM purchases
    GROUP BY GROUPING SETS ((customer_id), (customer_id, country), (customer_id, channel), (customer_id, country, channel))
)
GROUP BY breakdown, country, channel;
