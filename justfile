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

# The files that are generated: sample data, the config's JSON Schema, and the reference of all metrics.
generate:
    cargo run --quiet -- sample --out datasets
    cargo run --quiet -- schema > config/report.schema.json
    cargo run --quiet -- docs --out docs/src/reference --summary docs/src/SUMMARY.md

# Random reports beside a second calculation; needs `pip install -r tests/oracle/requirements.txt`.
oracle:
    cargo build
    python tests/oracle/oracle.py

# So many cases of hostile input of each kind, such as `just fuzz 1000000`.
fuzz cases:
    CUSTOMETER_FUZZ_CASES={{cases}} cargo test --release --locked -p custometer-tests --test it attack -- --nocapture

# The book, in a browser; needs `cargo install mdbook`.
book:
    mdbook serve --open docs

# Ten million rows of each table, beside DuckDB; needs `pip install -r benchmarks/requirements.txt`.
benchmark:
    cargo build --release
    python benchmarks/run.py
