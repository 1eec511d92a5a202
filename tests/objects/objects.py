"""Reports over a local S3 server: every format, patterns, credentials, and what is said when something is wrong.

A server of S3's interface (moto) has the repository's sample files. Each report over it must give the results of the same report over the
files themselves.
"""

import argparse
import gzip
import json
import logging
import os
import pathlib
import subprocess
import tempfile
import time

import boto3
from moto.server import ThreadedMotoServer

ROOT = pathlib.Path(__file__).resolve().parents[2]
ENDPOINT = "http://127.0.0.1:{port}"
KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "hush"}


class Program:
    """The program, in an environment that has nothing of this machine's own stores."""

    def __init__(self, path, endpoint, folder):
        self.path, self.folder = path, folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "AZURE_", "GOOGLE_"))}
        self.environment = {**kept, "HOME": str(folder), "AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": "true"}

    def run(self, report, environment=KEYS):
        """The status, the results and their files, and what was said."""
        written = self.folder / "report.toml"
        written.write_text(report, encoding="utf-8")
        command = [self.path, "run", str(written), "--format", "json", "--as-of", "2026-01-01"]
        done = subprocess.run(command, capture_output=True, text=True, env={**self.environment, **environment}, timeout=120)
        result = json.loads(done.stdout) if done.stdout else {}
        said = done.stdout + done.stderr
        assert "hush" not in said, f"a secret is told: {said}"
        return done.returncode, result.get("results"), [table["files"] for table in result.get("manifest", {}).get("tables", [])], done.stderr


def report(path, more=""):
    return f"""[report]
timezone = "Europe/Copenhagen"
max_rejected_percent = 1
[tables.t]
path = "{path}"
{more}
[[metrics]]
metric = "loyalty.nps"
table = "t"
grain = "month"
by = [[], ["product"]]
"""


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--program", required=True)
    program = arguments.parse_args().program
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    _, port = server.get_host_and_port()
    endpoint = ENDPOINT.format(port=port)
    with tempfile.TemporaryDirectory() as made:
        check(Program(program, endpoint, pathlib.Path(made)), boto3.client(
            "s3", endpoint_url=endpoint, region_name="eu-north-1", aws_access_key_id="key", aws_secret_access_key="hush"))
    server.stop()


def check(program, store):
    store.create_bucket(Bucket="exports", CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
    answers = (ROOT / "datasets/responses.csv").read_bytes()
    put = lambda key, content: store.put_object(Bucket="exports", Key=key, Body=content)
    local = lambda name, content: (program.folder / name).write_bytes(content)
    header, *rows = answers.splitlines(keepends=True)
    half = len(rows) // 2
    local("whole.csv", answers)
    put("whole.csv", answers)
    put("answers/2025 one/a_9.csv", header + b"".join(rows[:half]))
    put("answers/2025 one/a_10.csv", header + b"".join(rows[half:]))
    put("answers/2025 one/.a_11.csv", b"not,for,reading\n")
    put("answers/deep/er/a_1.csv", answers)
    put("packed.csv.gz", gzip.compress(answers))
    _, wanted, _, said = program.run(report("whole.csv"))
    assert wanted, said

    for path in ["s3://exports/whole.csv", "s3://exports/packed.csv.gz", "s3://exports/answers/2025 one/a_*.csv",
                 "s3://exports/answers/2025 one/", "s3://exports/answers/*/er/*", "s3://exports/answers/deep/**"]:
        status, results, files, said = program.run(report(path))
        assert (status, results) == (0, wanted), f"{path}: {status} {said}"
        print(f"the same: {path}: {[file['path'] for file in files[0]]}")
    _, _, files, _ = program.run(report("s3://exports/answers/2025 one/a_*.csv"))
    assert [file["path"][-8:] for file in files[0]] == ["/a_9.csv", "a_10.csv"], files

    # What a page of a listing does not hold is on the next ones.
    for number in range(1100):
        put(f"many/{number}.csv", header + (rows[number] if number < len(rows) else b""))
    _, results, files, said = program.run(report("s3://exports/many/*.csv"))
    assert len(files[0]) == 1100, said

    # Credentials of a profile, and none.
    (program.folder / ".aws").mkdir()
    (program.folder / ".aws/credentials").write_text("[nightly]\naws_access_key_id = key\naws_secret_access_key = hush\n")
    (program.folder / ".aws/config").write_text("[profile nightly]\nregion = eu-north-1\n")
    status, results, _, said = program.run(report("s3://exports/whole.csv"), {"AWS_PROFILE": "nightly"})
    assert (status, results) == (0, wanted), said

    for path, expected in [("s3://exports/none.csv", "there is no such object"), ("s3://nothing/whole.csv", "there is no such object"),
                           ("s3://exports/none/*.csv", "no file matches"), ("s3://exports/a//b.csv", "no store can have"),
                           ("ftp://exports/a.csv", "are not read")]:
        status, _, _, said = program.run(report(path))
        assert status == 2 and expected in " ".join(said.split()), f"{path}: {status} {said}"
        print(f"said: {' '.join(said.split())[:160]}")
    began = time.monotonic()
    status, _, _, said = program.run(report("s3://exports/whole.csv"), {**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
    assert status == 2, said
    print(f"no server: {time.monotonic() - began:.1f} s: {' '.join(said.split())[:160]}")


if __name__ == "__main__":
    main()
