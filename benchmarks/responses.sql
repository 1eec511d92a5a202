-- The report of responses.toml, by hand.

-- One pass over the file.
CREATE TEMP TABLE responses AS
SELECT
    date_trunc('month', timezone('Europe/Copenhagen', timezone('UTC', try_strptime(time, '%Y-%m-%dT%H:%M:%SZ')))) AS month,
    response_id IS NOT NULL AS has_id,
    customer_id, region, product, channel, score, satisfaction
FROM read_csv(getvariable('file'), header = true, columns = {
    'response_id': 'VARCHAR', 'time': 'VARCHAR', 'customer_id': 'VARCHAR', 'region': 'VARCHAR', 'product': 'VARCHAR',
    'channel': 'VARCHAR', 'score': 'TINYINT', 'satisfaction': 'TINYINT'
})
WHERE month >= '2025-01-01' AND month < '2026-01-01';

-- All but distinct customers can be had from the number of answers of each kind.
CREATE TEMP TABLE answers AS
SELECT month, region, product, channel, score, satisfaction, has_id, count(*) AS n
FROM responses
GROUP BY ALL;

SELECT
    'nps' AS request, region, product,
    100 * (coalesce(sum(n) FILTER (score >= 9), 0) - coalesce(sum(n) FILTER (score < 7), 0)) / sum(n) AS value, sum(n) AS n
FROM answers
WHERE score BETWEEN 0 AND 10
GROUP BY GROUPING SETS ((), (region), (product), (region, product));

SELECT
    'nps_by_month' AS request, month, region, product, channel,
    100 * (coalesce(sum(n) FILTER (score >= 9), 0) - coalesce(sum(n) FILTER (score < 7), 0)) / sum(n) AS value, sum(n) AS n
FROM answers
WHERE score BETWEEN 0 AND 10
GROUP BY GROUPING SETS ((month), (month, region), (month, product), (month, channel));

SELECT
    'scores' AS request, product, channel, score,
    100 * count / sum(count) OVER (PARTITION BY breakdown, product, channel) AS value,
    sum(count) OVER (PARTITION BY breakdown, product, channel) AS n
FROM (
    SELECT grouping(product, channel) AS breakdown, product, channel, score, sum(n) AS count
    FROM answers
    WHERE score BETWEEN 0 AND 10
    GROUP BY GROUPING SETS ((score), (score, product), (score, channel), (score, product, channel))
);

SELECT
    'scores_by_month' AS request, month, region, product, score,
    100 * count / sum(count) OVER (PARTITION BY breakdown, month, region, product) AS value,
    sum(count) OVER (PARTITION BY breakdown, month, region, product) AS n
FROM (
    SELECT grouping(region, product) AS breakdown, month, region, product, score, sum(n) AS count
    FROM answers
    WHERE score BETWEEN 0 AND 10
    GROUP BY GROUPING SETS ((month, score), (month, score, region), (month, score, product), (month, score, region, product))
);

SELECT
    'satisfied' AS request, region, channel,
    100 * coalesce(sum(n) FILTER (satisfaction >= 4), 0) / sum(n) AS value, sum(n) AS n
FROM answers
WHERE satisfaction BETWEEN 1 AND 5
GROUP BY GROUPING SETS ((), (region), (channel), (region, channel));

SELECT
    'satisfied_by_month' AS request, month, region, product,
    100 * coalesce(sum(n) FILTER (satisfaction >= 4), 0) / sum(n) AS value, sum(n) AS n
FROM answers
WHERE satisfaction BETWEEN 1 AND 5
GROUP BY GROUPING SETS ((month), (month, region), (month, product), (month, region, product));

SELECT
    'very_satisfied_by_month' AS request, month, product, channel,
    100 * coalesce(sum(n) FILTER (satisfaction >= 5), 0) / sum(n) AS value, sum(n) AS n
FROM answers
WHERE satisfaction BETWEEN 1 AND 5
GROUP BY GROUPING SETS ((month), (month, product), (month, channel), (month, product, channel));

SELECT
    'mean_satisfaction_by_month' AS request, month, region, channel,
    sum(n * satisfaction) / sum(n) AS value, sum(n) AS n
FROM answers
WHERE satisfaction BETWEEN 1 AND 5
GROUP BY GROUPING SETS ((month), (month, region), (month, channel), (month, region, channel));

WITH respondents AS (SELECT DISTINCT region, product, customer_id FROM responses WHERE customer_id IS NOT NULL)
SELECT 'respondents' AS request, region, product, count(DISTINCT customer_id) AS value, value AS n
FROM respondents
GROUP BY GROUPING SETS ((), (region), (product), (region, product));

SELECT
    'share_of_surveys_by_month' AS request, month, region, product, channel,
    100 * sum(n) / all_surveys AS value, all_surveys AS n
FROM (SELECT *, sum(n) OVER (PARTITION BY month) AS all_surveys FROM answers WHERE has_id)
GROUP BY GROUPING SETS (
    (month, all_surveys, region), (month, all_surveys, product), (month, all_surveys, channel), (month, all_surveys, region, product)
);
