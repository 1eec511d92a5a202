-- The report of events.toml, by hand.

-- One pass over the file.
CREATE TEMP TABLE events AS
SELECT date_trunc('month', timezone('Europe/Copenhagen', time)) AS month, user_id, session_id, event, page, channel, device, country
FROM read_parquet(getvariable('file'))
WHERE month >= '2025-01-01' AND month < '2026-01-01';

-- What adds up: views and actions.
CREATE TEMP TABLE actions AS
SELECT month, page, channel, device, country, count(*) FILTER (event = 'page_view') AS views, count(*) FILTER (event = 'add_to_cart') AS carts
FROM events
GROUP BY ALL;

-- Visits and users, each with what was done.
CREATE TEMP TABLE visits AS
SELECT
    session_id, user_id, month, channel, device, country,
    coalesce(bool_or(event = 'purchase'), false) AS bought, coalesce(bool_or(event = 'sign_up'), false) AS signed_up
FROM events
GROUP BY ALL;

-- A session is of the month that it begins in.
CREATE TEMP TABLE sessions AS
SELECT
    session_id, min(month) AS month, any_value(channel) AS channel, any_value(device) AS device, any_value(country) AS country,
    bool_or(bought) AS bought, bool_or(signed_up) AS signed_up
FROM visits
WHERE session_id IS NOT NULL
GROUP BY session_id;

CREATE TEMP TABLE users AS
SELECT user_id, month, channel, device, country, bool_or(bought) AS bought
FROM visits
WHERE user_id IS NOT NULL
GROUP BY ALL;

SELECT 'visitors' AS request, device, country, count(DISTINCT user_id) AS value, value AS n
FROM users
GROUP BY GROUPING SETS ((), (device), (country), (device, country));

SELECT 'visitors_by_month' AS request, month, channel, device, country, count(DISTINCT user_id) AS value, value AS n
FROM users
GROUP BY GROUPING SETS ((month), (month, device), (month, channel), (month, country));

SELECT 'sessions_by_month' AS request, month, device, channel, count(DISTINCT session_id) AS value, value AS n
FROM visits
GROUP BY GROUPING SETS ((month), (month, device), (month, channel), (month, device, channel));

SELECT 'views_by_month' AS request, month, device, country, sum(views) AS value, value AS n
FROM actions
GROUP BY GROUPING SETS ((month), (month, device), (month, country), (month, device, country));

SELECT 'views_of_pages' AS request, page, channel, device, country, sum(views) AS value, value AS n
FROM actions
GROUP BY GROUPING SETS ((page), (page, device), (page, channel), (page, country));

SELECT 'carts_by_month' AS request, month, page, channel, device, sum(carts) AS value, value AS n
FROM actions
GROUP BY GROUPING SETS ((month), (month, device), (month, channel), (month, page));

SELECT
    'buying_visitors' AS request, channel, device,
    100 * count(*) FILTER (bought) / count(*) AS value, count(*) AS n
FROM (
    SELECT grouping(channel, device) AS breakdown, channel, device, bool_or(bought) AS bought
    FROM users
    GROUP BY GROUPING SETS ((user_id), (user_id, device), (user_id, channel), (user_id, device, channel))
)
GROUP BY breakdown, channel, device;

SELECT
    'buying_visitors_by_month' AS request, month, channel, device, country,
    100 * count(*) FILTER (bought) / count(*) AS value, count(*) AS n
FROM (
    SELECT grouping(channel, device, country) AS breakdown, month, channel, device, country, bool_or(bought) AS bought
    FROM users
    GROUP BY GROUPING SETS ((user_id, month), (user_id, month, device), (user_id, month, channel), (user_id, month, country))
)
GROUP BY breakdown, month, channel, device, country;

SELECT 'buying_sessions_by_month' AS request, month, channel, device, 100 * count(*) FILTER (bought) / count(*) AS value, count(*) AS n
FROM sessions
GROUP BY GROUPING SETS ((month), (month, device), (month, channel), (month, device, channel));

SELECT 'sign_ups_of_sessions' AS request, channel, country, 100 * count(*) FILTER (signed_up) / count(*) AS value, count(*) AS n
FROM sessions
GROUP BY GROUPING SETS ((), (channel), (country), (channel, country));
