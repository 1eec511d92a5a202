-- The report of orders.toml, by hand.

-- One pass over the file.
CREATE TEMP TABLE orders AS
SELECT
    date_trunc('month', timezone('Europe/Copenhagen', time)) AS month,
    customer_id, region, channel,
    CASE WHEN amount < 25 THEN 'small' WHEN amount < 75 THEN 'medium' ELSE 'large' END AS size,
    order_id IS NOT NULL AS has_id,
    CASE WHEN isfinite(amount) THEN amount END AS amount,
    CASE WHEN isfinite(margin_rate) THEN margin_rate END AS margin_rate
FROM read_parquet(getvariable('file'))
WHERE month < '2026-01-01';

-- What adds up: all but numbers of customers.
CREATE TEMP TABLE sums AS
SELECT
    month, region, channel, size, count(*) FILTER (has_id) AS orders,
    sum(amount) AS amount, count(amount) AS amounts, sum(margin_rate) AS margin_rate, count(margin_rate) AS margin_rates
FROM orders
WHERE month >= '2025-01-01'
GROUP BY ALL;

-- What customers bought in each month, of each kind.
CREATE TEMP TABLE purchases AS
SELECT customer_id, month, region, channel, size, count(*) AS orders
FROM orders
WHERE customer_id IS NOT NULL
GROUP BY ALL;

SELECT 'order_value' AS request, region, channel, sum(amount) / sum(amounts) AS value, sum(amounts) AS n
FROM sums
GROUP BY GROUPING SETS ((), (region), (channel), (region, channel));

SELECT 'order_value_by_month' AS request, month, region, channel, sum(amount) / sum(amounts) AS value, sum(amounts) AS n
FROM sums
GROUP BY GROUPING SETS ((month), (month, region), (month, channel), (month, region, channel));

SELECT
    'margin_rate_by_month' AS request, month, region, channel, size,
    sum(margin_rate) / sum(margin_rates) AS value, sum(margin_rates) AS n
FROM sums
GROUP BY GROUPING SETS ((month), (month, region), (month, channel), (month, size));

SELECT 'orders_by_month' AS request, month, region, size, sum(orders) AS value, value AS n
FROM sums
GROUP BY GROUPING SETS ((month), (month, region), (month, size), (month, region, size));

SELECT
    'share_of_orders_by_month' AS request, month, region, channel, size,
    100 * sum(orders) / all_orders AS value, all_orders AS n
FROM (SELECT *, sum(orders) OVER (PARTITION BY month) AS all_orders FROM sums)
GROUP BY GROUPING SETS (
    (month, all_orders, region), (month, all_orders, channel), (month, all_orders, size), (month, all_orders, channel, size)
);

SELECT 'buyers_by_month' AS request, month, region, channel, count(DISTINCT customer_id) AS value, value AS n
FROM purchases
WHERE month >= '2025-01-01'
GROUP BY GROUPING SETS ((month), (month, region), (month, channel), (month, region, channel));

SELECT
    'app_buyers' AS request, region, size,
    100 * count(*) FILTER (by_app) / count(*) AS value, count(*) AS n
FROM (
    SELECT grouping(region, size) AS breakdown, region, size, bool_or(channel = 'app') AS by_app
    FROM purchases
    WHERE month >= '2025-01-01'
    GROUP BY GROUPING SETS ((customer_id), (customer_id, region), (customer_id, size), (customer_id, region, size))
)
GROUP BY breakdown, region, size;

SELECT
    'repeat_customers' AS request, region, channel,
    100 * count(*) FILTER (orders >= 2) / count(*) AS value, count(*) AS n
FROM (
    SELECT grouping(region, channel) AS breakdown, region, channel, sum(orders) AS orders
    FROM purchases
    WHERE month >= '2025-01-01'
    GROUP BY GROUPING SETS ((customer_id), (customer_id, region), (customer_id, channel), (customer_id, region, channel))
)
GROUP BY breakdown, region, channel;

SELECT
    'repeat_customers_by_month' AS request, month, region, channel, size,
    100 * count(*) FILTER (orders >= 2) / count(*) AS value, count(*) AS n
FROM (
    SELECT grouping(region, channel, size) AS breakdown, month, region, channel, size, sum(orders) AS orders
    FROM purchases
    WHERE month >= '2025-01-01'
    GROUP BY GROUPING SETS ((customer_id, month), (customer_id, month, region), (customer_id, month, channel), (customer_id, month, size))
)
GROUP BY breakdown, month, region, channel, size;

-- A customer counts from the month of the first order on, and as a repeat one from that of the second.
WITH customers AS (
    SELECT grouping(region, channel) AS breakdown, region, channel, min(month, 2) AS months
    FROM orders
    WHERE customer_id IS NOT NULL
    GROUP BY GROUPING SETS ((customer_id), (customer_id, region), (customer_id, channel), (customer_id, region, channel))
),
histories AS (
    SELECT breakdown, region, channel, months[1] AS first, months[2] AS second, count(*) AS customers
    FROM customers
    GROUP BY ALL
),
became AS (
    SELECT breakdown, region, channel, month, sum(customers) AS customers, sum(repeat) AS repeat
    FROM (
        SELECT breakdown, region, channel, first AS month, customers, 0 AS repeat FROM histories
        UNION ALL
        SELECT breakdown, region, channel, second, 0, customers FROM histories WHERE second IS NOT NULL
        UNION ALL
        SELECT breakdown, region, channel, month, 0, 0
        FROM (SELECT DISTINCT breakdown, region, channel FROM histories),
             generate_series(TIMESTAMP '2025-01-01', TIMESTAMP '2025-12-01', INTERVAL 1 MONTH) AS months (month)
    )
    GROUP BY ALL
)
SELECT 'repeat_customers_so_far_by_month' AS request, month, region, channel, 100 * repeat / customers AS value, customers AS n
FROM (
    SELECT
        month, region, channel,
        sum(customers) OVER so_far AS customers, sum(repeat) OVER so_far AS repeat
    FROM became
    WINDOW so_far AS (PARTITION BY breakdown, region, channel ORDER BY month)
)
WHERE month >= '2025-01-01';
