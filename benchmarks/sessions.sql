-- The report of sessions.toml, by hand.

-- Sessions, once: an event more than half an hour after its user's last one begins one.
CREATE TEMP TABLE visits AS
WITH events AS (
    SELECT user_id, time, event, channel, device, country
    FROM read_parquet(getvariable('file'))
    WHERE user_id IS NOT NULL AND time IS NOT NULL
), begun AS (
    SELECT *, coalesce(time - lag(time) OVER (PARTITION BY user_id ORDER BY time) > INTERVAL 30 MINUTE, true) AS begins
    FROM events
), numbered AS (
    SELECT *, sum(begins::INTEGER) OVER (PARTITION BY user_id ORDER BY time ROWS UNBOUNDED PRECEDING) AS visit
    FROM begun
)
SELECT
    date_trunc('month', timezone('Europe/Copenhagen', min(time))) AS month,
    -- Of events at the same instant none is the first.
    arg_min(channel, (time, channel)) AS channel, arg_min(device, (time, device)) AS device, arg_min(country, (time, country)) AS country,
    epoch(max(time) - min(time)) AS seconds,
    count(*) FILTER (event = 'page_view') AS views,
    coalesce(bool_or(event = 'purchase'), false) AS bought
FROM numbered
GROUP BY user_id, visit;

-- Whom each month saw, and who bought.
CREATE TEMP TABLE users AS
SELECT
    date_trunc('month', timezone('Europe/Copenhagen', time)) AS month, user_id, channel, device, country,
    coalesce(bool_or(event = 'purchase'), false) AS bought
FROM read_parquet(getvariable('file'))
WHERE user_id IS NOT NULL AND time IS NOT NULL
GROUP BY ALL
HAVING month >= '2025-01-01' AND month < '2026-01-01';

-- On which days each user was there, and when next.
CREATE TEMP TABLE days AS
SELECT day, lead(day) OVER (PARTITION BY user_id ORDER BY day) AS next
FROM (
    SELECT DISTINCT user_id, timezone('Europe/Copenhagen', time)::DATE AS day
    FROM read_parquet(getvariable('file'))
    WHERE user_id IS NOT NULL AND time IS NOT NULL
);

SELECT 'sessions' AS request, month, count(*) AS value, value AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month;

SELECT 'pages' AS request, month, avg(views) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month;

SELECT 'duration' AS request, month, avg(seconds) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month;

SELECT 'engagement' AS request, month, 100 * avg((seconds > 10 OR views >= 2 OR bought)::INTEGER) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month;

SELECT 'buying_sessions' AS request, month, 100 * avg(bought::INTEGER) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month;

SELECT
    'buying_visitors' AS request, month, 100 * count(DISTINCT user_id) FILTER (bought) / count(DISTINCT user_id) AS value,
    count(DISTINCT user_id) AS n
FROM users GROUP BY month;

SELECT 'sessions' AS request, month, channel, count(*) AS value, value AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month, channel;

SELECT 'pages' AS request, month, channel, avg(views) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month, channel;

SELECT 'duration' AS request, month, channel, avg(seconds) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month, channel;

SELECT 'engagement' AS request, month, channel, 100 * avg((seconds > 10 OR views >= 2 OR bought)::INTEGER) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month, channel;

SELECT 'buying_sessions' AS request, month, channel, 100 * avg(bought::INTEGER) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month, channel;

SELECT
    'buying_visitors' AS request, month, channel, 100 * count(DISTINCT user_id) FILTER (bought) / count(DISTINCT user_id) AS value,
    count(DISTINCT user_id) AS n
FROM users GROUP BY month, channel;

SELECT 'sessions' AS request, month, device, count(*) AS value, value AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month, device;

SELECT 'pages' AS request, month, device, avg(views) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month, device;

SELECT 'duration' AS request, month, device, avg(seconds) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month, device;

SELECT 'engagement' AS request, month, device, 100 * avg((seconds > 10 OR views >= 2 OR bought)::INTEGER) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month, device;

SELECT 'buying_sessions' AS request, month, device, 100 * avg(bought::INTEGER) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month, device;

SELECT
    'buying_visitors' AS request, month, device, 100 * count(DISTINCT user_id) FILTER (bought) / count(DISTINCT user_id) AS value,
    count(DISTINCT user_id) AS n
FROM users GROUP BY month, device;

SELECT 'sessions' AS request, month, country, count(*) AS value, value AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month, country;

SELECT 'pages' AS request, month, country, avg(views) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month, country;

SELECT 'duration' AS request, month, country, avg(seconds) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month, country;

SELECT 'engagement' AS request, month, country, 100 * avg((seconds > 10 OR views >= 2 OR bought)::INTEGER) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month, country;

SELECT 'buying_sessions' AS request, month, country, 100 * avg(bought::INTEGER) AS value, count(*) AS n
FROM visits WHERE month >= '2025-01-01' AND month < '2026-01-01' GROUP BY month, country;

SELECT
    'buying_visitors' AS request, month, country, 100 * count(DISTINCT user_id) FILTER (bought) / count(DISTINCT user_id) AS value,
    count(DISTINCT user_id) AS n
FROM users GROUP BY month, country;

-- Who was there on a day counts until the window has passed, or until the next day on which they were.

SELECT 'daily_active' AS request, month, sum(change) OVER (ORDER BY month) AS value, value AS n
FROM (
    SELECT month, sum(change) AS change
    FROM (
        SELECT day AS month, 1 AS change FROM days
        UNION ALL
        SELECT least(day + 1, coalesce(next, day + 1)), -1 FROM days
        UNION ALL
        SELECT unnest(generate_series(DATE '2025-01-01', DATE '2025-12-31', INTERVAL 1 DAY))::DATE, 0
    )
    GROUP BY month
)
QUALIFY month >= '2025-01-01' AND month < '2026-01-01'
ORDER BY month;

SELECT 'weekly_active' AS request, month, sum(change) OVER (ORDER BY month) AS value, value AS n
FROM (
    SELECT month, sum(change) AS change
    FROM (
        SELECT day AS month, 1 AS change FROM days
        UNION ALL
        SELECT least(day + 7, coalesce(next, day + 7)), -1 FROM days
        UNION ALL
        SELECT unnest(generate_series(DATE '2025-01-01', DATE '2025-12-31', INTERVAL 1 DAY))::DATE, 0
    )
    GROUP BY month
)
QUALIFY month >= '2025-01-01' AND month < '2026-01-01'
ORDER BY month;

SELECT 'monthly_active' AS request, month, sum(change) OVER (ORDER BY month) AS value, value AS n
FROM (
    SELECT month, sum(change) AS change
    FROM (
        SELECT day AS month, 1 AS change FROM days
        UNION ALL
        SELECT least(day + 28, coalesce(next, day + 28)), -1 FROM days
        UNION ALL
        SELECT unnest(generate_series(DATE '2025-01-01', DATE '2025-12-31', INTERVAL 1 DAY))::DATE, 0
    )
    GROUP BY month
)
QUALIFY month >= '2025-01-01' AND month < '2026-01-01'
ORDER BY month;
