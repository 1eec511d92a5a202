-- The report of web_log.toml, by hand.
CREATE TEMP TABLE requests AS
SELECT client, time, timezone('Europe/Copenhagen', time)::DATE AS day, path, status, method
FROM read_csv(getvariable('file'), types = {'time': 'TIMESTAMPTZ'})
WHERE NOT coalesce(regexp_matches(user_agent, '(?i)bot|crawl|spider'), false);

-- The same page of the same client, half a minute after the last time or sooner. Those of one second have the least of their attributes.
CREATE TEMP TABLE views AS
SELECT client, time, day, path, min(status) AS status, min(method) AS method
FROM requests GROUP BY client, time, day, path
QUALIFY coalesce(time - lag(time) OVER (PARTITION BY client, path ORDER BY time) > INTERVAL 30 SECONDS, true);

CREATE TEMP TABLE visits AS
WITH begun AS (
    SELECT *, coalesce(time - lag(time) OVER (PARTITION BY client ORDER BY time) > INTERVAL 30 MINUTES, true) AS begins FROM views
), numbered AS (
    SELECT *, sum(begins::INTEGER) OVER (PARTITION BY client ORDER BY time ROWS UNBOUNDED PRECEDING) AS visit FROM begun
), visits AS (
    SELECT client, visit, min(time) AS begun, epoch(max(time) - min(time)) AS seconds, count(*) AS views FROM numbered GROUP BY client, visit
)
SELECT
    timezone('Europe/Copenhagen', begun)::DATE AS day, seconds, views,
    (SELECT min(status) FROM requests WHERE requests.client = visits.client AND requests.time = visits.begun) AS status,
    (SELECT min(method) FROM requests WHERE requests.client = visits.client AND requests.time = visits.begun) AS method
FROM visits;

CREATE TEMP TABLE calendar AS
SELECT unnest(generate_series(DATE '2015-05-17', DATE '2015-05-21', INTERVAL 1 DAY))::DATE AS month;

SELECT 'sessions' AS request, day AS month, count(*) AS value, value AS n FROM visits GROUP BY day;
SELECT 'pages' AS request, day AS month, avg(views) AS value, count(*) AS n FROM visits GROUP BY day;
SELECT 'duration' AS request, day AS month, avg(seconds) AS value, count(*) AS n FROM visits GROUP BY day;
SELECT 'p90' AS request, day AS month, quantile_cont(seconds, 0.9) AS value, count(*) AS n FROM visits WHERE views > 1 GROUP BY day;
SELECT 'engagement' AS request, day AS month, 100 * avg((seconds > 10 OR views >= 2)::INTEGER) AS value, count(*) AS n FROM visits GROUP BY day;
SELECT 'bounces' AS request, day AS month, 100 * avg((seconds <= 10 AND views < 2)::INTEGER) AS value, count(*) AS n FROM visits GROUP BY day;
SELECT 'views' AS request, day AS month, count(*) AS value, value AS n FROM views GROUP BY day;
SELECT 'active_1' AS request, month, count(DISTINCT client) AS value, value AS n
FROM calendar JOIN requests ON day > month - 1 AND day <= month GROUP BY month;
SELECT 'new_1' AS request, month, count(*) AS value, value AS n
FROM calendar JOIN (SELECT client, min(day) AS day FROM requests GROUP BY client) ON day > month - 1 AND day <= month GROUP BY month;
SELECT 'active_2' AS request, month, count(DISTINCT client) AS value, value AS n
FROM calendar JOIN requests ON day > month - 2 AND day <= month GROUP BY month;
SELECT 'new_2' AS request, month, count(*) AS value, value AS n
FROM calendar JOIN (SELECT client, min(day) AS day FROM requests GROUP BY client) ON day > month - 2 AND day <= month GROUP BY month;
SELECT 'active_28' AS request, month, count(DISTINCT client) AS value, value AS n
FROM calendar JOIN requests ON day > month - 28 AND day <= month GROUP BY month;
SELECT 'new_28' AS request, month, count(*) AS value, value AS n
FROM calendar JOIN (SELECT client, min(day) AS day FROM requests GROUP BY client) ON day > month - 28 AND day <= month GROUP BY month;
SELECT 'stickiness' AS request, day AS month, 100.0 AS value, count(DISTINCT client) AS n FROM requests GROUP BY day;
SELECT 'stickiness_2' AS request, month, 100 * count(DISTINCT (client, day)) / (2 * count(DISTINCT client)) AS value, count(DISTINCT client) AS n
FROM calendar JOIN requests ON day > month - 2 AND day <= month GROUP BY month;
SELECT 'share' AS request, month, 100 * count(DISTINCT client) FILTER (day > month - 2) / count(DISTINCT client) AS value, count(DISTINCT client) AS n
FROM calendar JOIN requests ON day <= month GROUP BY month;

SELECT 'sessions' AS request, day AS month, status, count(*) AS value, value AS n FROM visits GROUP BY day, status;
SELECT 'pages' AS request, day AS month, status, avg(views) AS value, count(*) AS n FROM visits GROUP BY day, status;
SELECT 'duration' AS request, day AS month, status, avg(seconds) AS value, count(*) AS n FROM visits GROUP BY day, status;
SELECT 'p90' AS request, day AS month, status, quantile_cont(seconds, 0.9) AS value, count(*) AS n FROM visits WHERE views > 1 GROUP BY day, status;
SELECT 'engagement' AS request, day AS month, status, 100 * avg((seconds > 10 OR views >= 2)::INTEGER) AS value, count(*) AS n FROM visits GROUP BY day, status;
SELECT 'bounces' AS request, day AS month, status, 100 * avg((seconds <= 10 AND views < 2)::INTEGER) AS value, count(*) AS n FROM visits GROUP BY day, status;
SELECT 'views' AS request, day AS month, status, count(*) AS value, value AS n FROM views GROUP BY day, status;
SELECT 'active_1' AS request, month, status, count(DISTINCT client) AS value, value AS n
FROM calendar JOIN requests ON day > month - 1 AND day <= month GROUP BY month, status;
SELECT 'new_1' AS request, month, status, count(*) AS value, value AS n
FROM calendar JOIN (SELECT client, status, min(day) AS day FROM requests GROUP BY client, status) ON day > month - 1 AND day <= month GROUP BY month, status;
SELECT 'active_2' AS request, month, status, count(DISTINCT client) AS value, value AS n
FROM calendar JOIN requests ON day > month - 2 AND day <= month GROUP BY month, status;
SELECT 'new_2' AS request, month, status, count(*) AS value, value AS n
FROM calendar JOIN (SELECT client, status, min(day) AS day FROM requests GROUP BY client, status) ON day > month - 2 AND day <= month GROUP BY month, status;
SELECT 'active_28' AS request, month, status, count(DISTINCT client) AS value, value AS n
FROM calendar JOIN requests ON day > month - 28 AND day <= month GROUP BY month, status;
SELECT 'new_28' AS request, month, status, count(*) AS value, value AS n
FROM calendar JOIN (SELECT client, status, min(day) AS day FROM requests GROUP BY client, status) ON day > month - 28 AND day <= month GROUP BY month, status;
SELECT 'stickiness' AS request, day AS month, status, 100.0 AS value, count(DISTINCT client) AS n FROM requests GROUP BY day, status;
SELECT 'stickiness_2' AS request, month, status, 100 * count(DISTINCT (client, day)) / (2 * count(DISTINCT client)) AS value, count(DISTINCT client) AS n
FROM calendar JOIN requests ON day > month - 2 AND day <= month GROUP BY month, status;
SELECT 'share' AS request, month, status, 100 * count(DISTINCT client) FILTER (day > month - 2) / count(DISTINCT client) AS value, count(DISTINCT client) AS n
FROM calendar JOIN requests ON day <= month GROUP BY month, status;

SELECT 'sessions' AS request, day AS month, method, count(*) AS value, value AS n FROM visits GROUP BY day, method;
SELECT 'pages' AS request, day AS month, method, avg(views) AS value, count(*) AS n FROM visits GROUP BY day, method;
SELECT 'duration' AS request, day AS month, method, avg(seconds) AS value, count(*) AS n FROM visits GROUP BY day, method;
SELECT 'p90' AS request, day AS month, method, quantile_cont(seconds, 0.9) AS value, count(*) AS n FROM visits WHERE views > 1 GROUP BY day, method;
SELECT 'engagement' AS request, day AS month, method, 100 * avg((seconds > 10 OR views >= 2)::INTEGER) AS value, count(*) AS n FROM visits GROUP BY day, method;
SELECT 'bounces' AS request, day AS month, method, 100 * avg((seconds <= 10 AND views < 2)::INTEGER) AS value, count(*) AS n FROM visits GROUP BY day, method;
SELECT 'views' AS request, day AS month, method, count(*) AS value, value AS n FROM views GROUP BY day, method;
SELECT 'active_1' AS request, month, method, count(DISTINCT client) AS value, value AS n
FROM calendar JOIN requests ON day > month - 1 AND day <= month GROUP BY month, method;
SELECT 'new_1' AS request, month, method, count(*) AS value, value AS n
FROM calendar JOIN (SELECT client, method, min(day) AS day FROM requests GROUP BY client, method) ON day > month - 1 AND day <= month GROUP BY month, method;
SELECT 'active_2' AS request, month, method, count(DISTINCT client) AS value, value AS n
FROM calendar JOIN requests ON day > month - 2 AND day <= month GROUP BY month, method;
SELECT 'new_2' AS request, month, method, count(*) AS value, value AS n
FROM calendar JOIN (SELECT client, method, min(day) AS day FROM requests GROUP BY client, method) ON day > month - 2 AND day <= month GROUP BY month, method;
SELECT 'active_28' AS request, month, method, count(DISTINCT client) AS value, value AS n
FROM calendar JOIN requests ON day > month - 28 AND day <= month GROUP BY month, method;
SELECT 'new_28' AS request, month, method, count(*) AS value, value AS n
FROM calendar JOIN (SELECT client, method, min(day) AS day FROM requests GROUP BY client, method) ON day > month - 28 AND day <= month GROUP BY month, method;
SELECT 'stickiness' AS request, day AS month, method, 100.0 AS value, count(DISTINCT client) AS n FROM requests GROUP BY day, method;
SELECT 'stickiness_2' AS request, month, method, 100 * count(DISTINCT (client, day)) / (2 * count(DISTINCT client)) AS value, count(DISTINCT client) AS n
FROM calendar JOIN requests ON day > month - 2 AND day <= month GROUP BY month, method;
SELECT 'share' AS request, month, method, 100 * count(DISTINCT client) FILTER (day > month - 2) / count(DISTINCT client) AS value, count(DISTINCT client) AS n
FROM calendar JOIN requests ON day <= month GROUP BY month, method;

-- Who comes back, and who stays away.
CREATE TEMP TABLE days AS SELECT DISTINCT client, day FROM requests;

SELECT 'churn' AS request, (before.day + 1)::DATE AS month, 100 * count(*) FILTER (now.client IS NULL) / count(*) AS value, count(*) AS n
FROM days AS before LEFT JOIN days AS now ON now.client = before.client AND now.day = before.day + 1
WHERE before.day < '2015-05-21'
GROUP BY before.day;

CREATE TEMP TABLE ages AS
SELECT client, first_day, age, bool_or(day - first_day = age) AS classic, bool_or(day - first_day >= age) AS unbounded
FROM days JOIN (SELECT client, min(day) AS first_day FROM days GROUP BY client) USING (client), (SELECT unnest([1, 2, 3]) AS age)
WHERE DATE '2015-05-22' - first_day >= age + 1
GROUP BY ALL;

SELECT 'retention' AS request, first_day AS month, age, 100 * avg(classic::INTEGER) AS value, count(*) AS n FROM ages GROUP BY first_day, age;
SELECT 'unbounded_retention' AS request, first_day AS month, age, 100 * avg(unbounded::INTEGER) AS value, count(*) AS n FROM ages GROUP BY first_day, age;

-- From the first page to the projects: within an hour, and within a visit.
CREATE TEMP TABLE steps AS
WITH begun AS (
    SELECT *, coalesce(time - lag(time) OVER (PARTITION BY client ORDER BY time) > INTERVAL 30 MINUTES, true) AS begins FROM requests
)
SELECT client, sum(begins::INTEGER) OVER (PARTITION BY client ORDER BY time ROWS UNBOUNDED PRECEDING) AS visit, time, day, path
FROM begun;

CREATE TEMP TABLE reached AS
SELECT 'funnel' AS request, start.day, start.client, NULL AS visit, bool_or(next.time IS NOT NULL) AS reached
FROM steps AS start
LEFT JOIN steps AS next
    ON next.client = start.client AND next.path LIKE '/projects%' AND next.time BETWEEN start.time AND start.time + INTERVAL 60 MINUTES
WHERE start.path = '/'
GROUP BY ALL
UNION ALL
SELECT 'funnel_of_visits', start.day, start.client, start.visit, bool_or(next.time IS NOT NULL)
FROM steps AS start
LEFT JOIN steps AS next
    ON next.client = start.client AND next.visit = start.visit AND next.path LIKE '/projects%' AND next.time >= start.time
WHERE start.path = '/'
GROUP BY ALL;

SELECT request, day AS month, 'home' AS step, 100.0 AS value, count(*) AS n FROM reached GROUP BY request, day;
SELECT request, day AS month, 'projects' AS step, 100 * avg(reached::INTEGER) AS value, count(*) AS n FROM reached GROUP BY request, day;
