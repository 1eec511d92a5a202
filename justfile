# What CI runs, from format to regenerated files.
ready:
    bash .ci/run

# The quickstart report.
quickstart:
    cargo run -- run config/quickstart.toml

# All tests.
test:
    cargo test --workspace

# Look at changed snapshots before accepting them; needs cargo-insta.
review:
    cargo insta test --workspace --review

# The files that are generated: sample data and the config's JSON Schema.
generate:
    cargo run --quiet -- sample --out datasets
    cargo run --quiet -- schema > config/report.schema.json

# Ten million rows of each table, beside DuckDB; needs `pip install -r benchmarks/requirements.txt`.
benchmark:
    cargo build --release
    python benchmarks/run.py
