"""The service under uploads, beside nginx that stores the same bytes by PUT.

nginx writes into the page cache and answers; csvp answers when file, directory and row are on the disk. So each is also
measured in a folder that is in memory, where waiting for the disk costs nothing.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

CONNECTIONS = 64
SECONDS = int(os.environ.get("SERVICE_SECONDS", "20"))
NGINX = """
{user} daemon off; worker_processes {workers}; pid {dir}/pid; error_log {dir}/log;
events {{ worker_connections 512; }}
http {{
  access_log off; client_max_body_size 0; client_body_temp_path {dir}/body;
  proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{ listen 127.0.0.1:{port}; location / {{ root {dir}/files; dav_methods PUT; }} }}
}}
"""


@contextmanager
def csvp(program, folder):
    """A server of csvp: its address and its process."""
    command = [str(program), "serve", "--port", "0", "--operations", "off", "--data", f"{folder}/data"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield next(found[1] for line in server.stdout if (found := re.match(r"page +(http\S+)", line))), server
    finally:
        server.terminate()
        server.wait()


@contextmanager
def nginx(folder):
    """nginx that stores what is put: its address and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for name in ("files", "body"):
        Path(folder, name).mkdir()
        os.chmod(Path(folder, name), 0o777)
    Path(folder, "conf").write_text(NGINX.format(user="user root;" if os.getuid() == 0 else "", dir=folder, port=port, workers=os.cpu_count()))
    server = subprocess.Popen(["nginx", "-c", f"{folder}/conf", "-e", f"{folder}/log"])
    try:
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}", server
    finally:
        server.terminate()
        server.wait()


def folder(below, after):
    """A new folder that others may enter: workers of nginx are another user. It goes with `after`: for minutes behind the
    removal of many files, some file systems take longer to make new ones."""
    # What the one before has left to the page cache is written before the next begins, not beside it.
    os.sync()
    path = tempfile.mkdtemp(dir=below)
    os.chmod(path, 0o755)
    after.callback(shutil.rmtree, path)
    return path


def small(base, kind):
    """Uploads of 1 KiB over 64 connections: per second, ms at the median and the 99th percentile, failures."""
    command = ["wrk", "-t", "1", "-c", str(CONNECTIONS), "-d", f"{SECONDS}s", "--timeout", "10s", "-s", "bench/uploads.lua", base]
    said = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "KIND": kind}).stdout
    requests, micros, failed, median, p99 = map(int, re.search(r"RESULT (.*)", said)[1].split())
    return requests / (micros / 1e6), median / 1e3, p99 / 1e3, failed


def large(base, kind, path):
    """Seconds until an upload of the file is acknowledged; comes back when the server has worked it off."""
    target = f"{base}/large.csv" if kind == "nginx" else f"{base}/api/v1/uploads?name=large.csv"
    method = "PUT" if kind == "nginx" else "POST"
    started = time.monotonic()
    command = ["curl", "--silent", "--show-error", "--fail-with-body", "--request", method, "--upload-file", str(path), target]
    answer = subprocess.run(command, check=True, capture_output=True).stdout
    seconds = time.monotonic() - started
    if kind == "csvp":
        upload = f"{base}/api/v1/uploads/{json.loads(answer)['id']}"
        while json.load(urlopen(upload))["state"] != "completed":
            time.sleep(0.1)
    return seconds


def resident(server):
    status = Path(f"/proc/{server.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def part(written, program, disk, large_file):
    """The section of the page, and its goals."""
    written.section(f"Uploads to the service, {CONNECTIONS} connections")
    written.text(
        f"1 KiB each by wrk for {SECONDS} s on the same machine, and one file of {large_file.stat().st_size / 1e6:.0f} MB by curl, "
        "the best of 3 that a server at rest takes. csvp answers when the bytes, their directory and their row are on the disk, and "
        "works on the uploads beside; nginx (PUT) answers when the page cache has them. `in memory` is a folder on tmpfs, where a disk costs neither anything."
    )
    written.lines(
        [
            "| server | folder | uploads/s | median, ms | p99, ms | failed | large file, MB/s | most memory, MiB |",
            "|---|---|---|---|---|---|---|---|",
        ]
    )
    servers = {"csvp": lambda path: csvp(program, path), "nginx": nginx}
    goals = {}
    with ExitStack() as after:
        for place, below in (("disk", disk), ("in memory", "/dev/shm")):
            for kind, start in servers.items():
                with start(folder(below, after)) as (base, server):
                    per_second, median, p99, failed = small(base, kind)
                with start(folder(below, after)) as (base, server):
                    speed = large_file.stat().st_size / 1e6 / min(large(base, kind, large_file) for _ in range(3))
                    mib = f"{resident(server):,.0f}" if kind == "csvp" else ""
                written.lines([f"| {kind} | {place} | {per_second:,.0f} | {median:.1f} | {p99:.1f} | {failed} | {speed:,.0f} | {mib} |"])
                goals[kind, place] = (per_second, p99, failed, speed, float(mib or 0))
    per_second, p99, failed, speed, mib = goals["csvp", "disk"]
    written.goal(per_second >= 1500 and p99 < 60 and failed == 0, f"small uploads: {per_second:,.0f}/s, p99 {p99:.0f} ms, {failed} failed")
    written.goal(speed >= 300 and mib <= 128, f"large upload: {speed:,.0f} MB/s, {mib:.0f} MiB")
