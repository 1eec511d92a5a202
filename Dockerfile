# syntax=docker/dockerfile:1
# custometer in an image that has nothing else in it: no shell, no package manager, and a user without rights.
#
#   docker build --tag custometer .
#   docker run --rm --user "$(id -u):$(id -g)" --volume "$PWD:/work" custometer run report.toml --out results
#
# The stage `build` can be replaced by a folder with programs that are built already (`--build-context build=DIR`), as a release does.

FROM rust:1.95-slim-bookworm AS build
ARG TARGETARCH
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --release --locked --package custometer \
    && install -D target/release/custometer "/out/$TARGETARCH/custometer"

FROM gcr.io/distroless/cc-debian12:nonroot
ARG TARGETARCH
LABEL org.opencontainers.image.title="custometer" \
      org.opencontainers.image.description="Customer metrics one can trust, from the exports that every company already has" \
      org.opencontainers.image.source="https://github.com/custometer/custometer" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=build /out/${TARGETARCH}/custometer /usr/local/bin/custometer
# Paths of a report are relative to it: mount its folder here.
WORKDIR /work
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/custometer"]
CMD ["--help"]
