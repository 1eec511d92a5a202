-- The report of loyalty.toml, by hand, without the fitted model.

-- One pass over the file.
CREATE TEMP TABLE orders AS
SELECT
    customer_id, region, local_time::DATE AS day, date_trunc('month', local_time) AS month, amount, margin_rate
FROM (SELECT *, timezone('Europe/Copenhagen', time) AS local_time FROM read_parquet(getvariable('file')))
WHERE local_time < '2026-01-01' AND customer_id IS NOT NULL;

CREATE TEMP TABLE months AS
SELECT customer_id, month, count(*) AS orders
FROM orders
GROUP BY ALL;

SELECT 'repeat_customers' AS request, region, 100 * count(*) FILTER (orders >= 2) / count(*) AS value, count(*) AS n
FROM (
    SELECT customer_id, region, count(*) AS orders
    FROM orders
    WHERE day >= '2025-01-01'
    GROUP BY GROUPING SETS ((customer_id), (customer_id, region))
)
GROUP BY region;

-- When customers became such, and when they became repeat customers.
CREATE TEMP TABLE becoming AS
SELECT customer_id, min(month) AS first_month, min(month) FILTER (so_far >= 2) AS repeat_month
FROM (SELECT *, sum(orders) OVER (PARTITION BY customer_id ORDER BY month) AS so_far FROM months)
GROUP BY customer_id;

SELECT
    'repeat_customers_so_far_by_month' AS request, month,
    100 * count(*) FILTER (repeat_month <= month) / count(*) AS value, count(*) AS n
FROM becoming JOIN (SELECT DISTINCT month FROM months WHERE month >= '2025-01-01') ON first_month <= month
GROUP BY month;

SELECT
    'cohorts_by_month' AS request, first_month AS month, date_diff('month', first_month, month) AS age,
    100 * count(*) / any_value(customers) AS value, any_value(customers) AS n
FROM months
JOIN (SELECT *, count(*) OVER (PARTITION BY first_month) AS customers FROM becoming) USING (customer_id)
WHERE first_month >= '2025-01-01'
GROUP BY ALL;

CREATE TEMP TABLE histories AS
SELECT customer_id, count(*) AS frequency, date_diff('day', max(day), DATE '2025-12-31') AS recency
FROM orders
GROUP BY customer_id;

CREATE TEMP TABLE quantiles AS
SELECT
    quantile_cont(frequency, [0.2, 0.4, 0.6, 0.8]) AS frequencies, quantile_cont(recency, [0.2, 0.4, 0.6, 0.8]) AS recencies
FROM histories;

SELECT 'segments' AS request, segment, count(*) AS value, (SELECT count(*) FROM histories) AS n
FROM (
    SELECT
        CASE
            WHEN r = 5 AND f >= 4 THEN 'champions'
            WHEN r >= 3 AND f >= 4 THEN 'loyal customers'
            WHEN r >= 4 AND f >= 2 THEN 'potential loyalists'
            WHEN r = 5 THEN 'new customers'
            WHEN r = 4 THEN 'promising'
            WHEN r = 3 AND f = 3 THEN 'need attention'
            WHEN r = 3 THEN 'about to sleep'
            WHEN f = 5 THEN 'can''t lose them'
            WHEN f >= 3 THEN 'at risk'
            ELSE 'hibernating'
        END AS segment
    FROM (
        SELECT
            5 - len(list_filter(recencies, lambda q: q < recency)) AS r,
            1 + len(list_filter(frequencies, lambda q: q < frequency)) AS f
        FROM histories, quantiles
    )
)
GROUP BY segment;

SELECT 'value_so_far' AS request, region, avg(value) AS value, count(*) AS n
FROM (
    SELECT customer_id, region, sum(amount * margin_rate) AS value
    FROM orders
    GROUP BY GROUPING SETS ((customer_id), (customer_id, region))
)
GROUP BY region;
