-- The report of web_users.toml, by hand.

-- One pass over the file.
CREATE TEMP TABLE events AS
SELECT
    user_id, session_id, device, epoch_us(time) AS us, local_time::DATE AS day, date_trunc('month', local_time)::DATE AS month,
    CASE
        WHEN event = 'page_view' AND page LIKE '/products/%' THEN 'product'
        WHEN event IN ('add_to_cart', 'purchase') THEN event
    END AS step
FROM (SELECT *, timezone('Europe/Copenhagen', time) AS local_time FROM read_parquet(getvariable('file')))
WHERE local_time < '2026-01-01';

CREATE TEMP TABLE days AS SELECT DISTINCT user_id, day FROM events WHERE user_id IS NOT NULL;

-- Users, with the ages in days at which they were active.
CREATE TEMP TABLE users AS
SELECT
    user_id, any_value(first_day) AS first_day, date_trunc('month', any_value(first_day))::DATE AS month, max(day - first_day) AS last_age,
    date_diff('day', any_value(first_day), DATE '2026-01-01') AS known_days, list(day - first_day) AS ages
FROM days JOIN (SELECT user_id, min(day) AS first_day FROM days GROUP BY user_id) USING (user_id)
WHERE first_day >= '2025-01-01'
GROUP BY user_id;

SELECT
    'retention_by_month' AS request, month, age, 100 * count(*) FILTER (list_contains(ages, age)) / count(*) AS value, count(*) AS n
FROM users, (SELECT unnest([1, 7, 14, 28]) AS age)
WHERE known_days >= age + 1
GROUP BY month, age;

SELECT 'unbounded_retention' AS request, age, 100 * count(*) FILTER (last_age >= age) / count(*) AS value, count(*) AS n
FROM users, (SELECT unnest([1, 7, 14, 28]) AS age)
WHERE known_days >= age + 1
GROUP BY age;

SELECT
    'retention_in_weeks' AS request, month, name AS age,
    100 * count(*) FILTER (len(list_filter(ages, lambda age: age >= 7 * first AND age < 7 * until)) > 0) / count(*) AS value, count(*) AS n
FROM users, (VALUES ('1', 1, 2), ('2 to 4', 2, 5), ('5 to 8', 5, 9), ('9 to 12', 9, 13)) AS brackets(name, first, until)
WHERE known_days >= 7 * until
GROUP BY month, name, first, until;

CREATE TEMP TABLE active AS
SELECT DISTINCT user_id, month, unnest(['all', device]) AS device
FROM (SELECT DISTINCT user_id, month, device FROM events WHERE user_id IS NOT NULL);

SELECT
    'churn_by_month' AS request, (before.month + INTERVAL 1 MONTH)::DATE AS month, nullif(before.device, 'all') AS device,
    100 * count(*) FILTER (now.user_id IS NULL) / count(*) AS value, count(*) AS n
FROM active AS before
LEFT JOIN active AS now
    ON now.user_id = before.user_id AND now.device = before.device AND now.month = before.month + INTERVAL 1 MONTH
WHERE before.month >= '2025-01-01' AND before.month < '2025-12-01'
GROUP BY before.month, before.device;

CREATE TEMP TABLE active_weeks AS SELECT DISTINCT user_id, date_trunc('week', day)::DATE AS week FROM days;

SELECT
    'churn_by_week' AS request, (before.week + INTERVAL 7 DAY)::DATE AS month,
    100 * count(*) FILTER (now.user_id IS NULL) / count(*) AS value, count(*) AS n
FROM active_weeks AS before
LEFT JOIN active_weeks AS now ON now.user_id = before.user_id AND now.week = before.week + INTERVAL 7 DAY
WHERE before.week >= '2024-12-30' AND before.week < '2025-12-29'
GROUP BY before.week;

-- Attempts, with the next steps; of each user and month the one that got furthest, and the first of these.
CREATE TEMP TABLE steps AS
SELECT user_id, unnest(['all', device]) AS device, us, month, step FROM events WHERE user_id IS NOT NULL AND step IS NOT NULL;

CREATE TEMP TABLE attempts AS
SELECT
    month, device, max(reached) AS reached, arg_min(cart - us, (-reached, us)) AS to_cart, arg_min(purchase - cart, (-reached, us)) AS to_purchase
FROM (
    SELECT
        start.*, cart.us AS cart, purchase.us AS purchase,
        CASE
            WHEN purchase.us <= start.us + 168 * 3600 * 1000000::BIGINT THEN 3
            WHEN cart.us <= start.us + 168 * 3600 * 1000000::BIGINT THEN 2
            ELSE 1
        END AS reached
    FROM (SELECT * FROM steps WHERE step = 'product') AS start
    ASOF LEFT JOIN (SELECT * FROM steps WHERE step = 'add_to_cart') AS cart
        ON cart.user_id = start.user_id AND cart.device = start.device AND cart.us >= start.us
    ASOF LEFT JOIN (SELECT * FROM steps WHERE step = 'purchase') AS purchase
        ON purchase.user_id = cart.user_id AND purchase.device = cart.device AND purchase.us >= cart.us
    WHERE start.month >= '2025-01-01'
        AND start.us + 168 * 3600 * 1000000::BIGINT < epoch_us(timezone('Europe/Copenhagen', TIMESTAMP '2026-01-01'))
)
GROUP BY user_id, device, month;

CREATE TEMP TABLE reached AS
SELECT
    month, device, count(*) AS product, count(*) FILTER (reached >= 2) AS add_to_cart, count(*) FILTER (reached >= 3) AS purchase,
    median(to_cart / 1e6) FILTER (reached >= 2) AS to_cart, median(to_purchase / 1e6) FILTER (reached >= 3) AS to_purchase
FROM attempts
GROUP BY month, device;

SELECT 'funnel_by_month' AS request, month, nullif(device, 'all') AS device, step, 100 * value / product AS value, product AS n
FROM (SELECT *, unnest(['product', 'add_to_cart', 'purchase']) AS step, unnest([product, add_to_cart, purchase]) AS value FROM reached);

SELECT 'steps_by_month' AS request, month, step, 100 * value / n AS value, n
FROM (
    SELECT *, unnest(['add_to_cart', 'purchase']) AS step, unnest([add_to_cart, purchase]) AS value, unnest([product, add_to_cart]) AS n
    FROM reached
    WHERE device = 'all'
);

SELECT 'time_by_month' AS request, month, step, value, n
FROM (
    SELECT *, unnest(['add_to_cart', 'purchase']) AS step, unnest([to_cart, to_purchase]) AS value, unnest([add_to_cart, purchase]) AS n
    FROM reached
    WHERE device = 'all'
);

CREATE TEMP TABLE visits AS
SELECT device, first_cart, last_purchase >= first_cart AS bought
FROM (
    SELECT
        session_id, device, min(us) FILTER (step = 'add_to_cart' AND day >= '2025-01-01') AS first_cart,
        max(us) FILTER (step = 'purchase') AS last_purchase
    FROM events
    WHERE session_id IS NOT NULL
    GROUP BY GROUPING SETS ((session_id), (session_id, device))
)
WHERE first_cart IS NOT NULL;

SELECT 'funnel_of_visits' AS request, device, step, 100 * value / n AS value, n
FROM (
    SELECT
        device, unnest(['add_to_cart', 'purchase']) AS step, unnest([count(*), count(*) FILTER (bought)]) AS value, unnest([count(*), count(*)]) AS n
    FROM visits
    GROUP BY device
);
