"""A real openssl CA with nginx in front of it: what its clients may do is nginx's to say."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509

from rescind.models.clock import SystemClock
from rescind.models.credential import Credential
from rescind.models.tenant import Tenant
from rescind.providers.x509 import _connect
from rescind.providers.x509._authority import issuer_tag
from rescind.secret import Secret
from rescind.wire.pace import Pacer
from tests.counterparts import free_port, require

CNF = """[ca]
default_ca=c
[c]
database={d}/index.txt
serial={d}/serial
crlnumber={d}/crlnumber
new_certs_dir={d}/new
certificate={d}/ca.crt
private_key={d}/ca.key
default_md=sha256
default_days=30
default_crl_days=7
policy=p
copy_extensions=copy
unique_subject=no
[p]
commonName=supplied
"""
NGINX = """daemon off; master_process on; worker_processes 1; pid {d}/nginx.pid; error_log {d}/error.log info;
events {{}}
http {{ access_log off; client_body_temp_path {d}/a; proxy_temp_path {d}/b; fastcgi_temp_path {d}/c; uwsgi_temp_path {d}/u; scgi_temp_path {d}/e;
 server {{ listen 127.0.0.1:{p} ssl; ssl_certificate {d}/localhost.crt; ssl_certificate_key {d}/localhost.key; ssl_client_certificate {d}/ca.crt;
  ssl_verify_client on; ssl_crl {d}/ca.crl; location / {{ return 200 "hello"; }} }} }}
"""


def openssl(*args, cwd, check=True):
    return subprocess.run([require("openssl"), *args], cwd=cwd, check=check, capture_output=True, text=True)


class OpensslCa:
    def __init__(self, folder: Path) -> None:
        self.d = folder
        (folder / "new").mkdir()
        for file, text in {
            "index.txt": "",
            "serial": "1000",
            "crlnumber": "01",
            "ca.cnf": CNF.format(d=folder),
        }.items():
            (folder / file).write_text(text)
        openssl(
            *"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -days 365 -subj".split(),
            "/CN=Test CA",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
            cwd=folder,
        )
        self.issue("localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        self.issue("alice", "subjectAltName=email:alice@example.com")
        self.issue("bob")
        openssl("ca", "-config", "ca.cnf", "-gencrl", "-out", "ca.crl", cwd=folder)

    def issue(self, cn, san=None):
        more = ["-addext", san] if san else []
        openssl(
            *f"req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {cn}.key -out {cn}.csr -subj /CN={cn}".split(),
            *more,
            cwd=self.d,
        )
        openssl(*f"ca -batch -config ca.cnf -in {cn}.csr -out {cn}.crt -notext".split(), cwd=self.d)

    def client(self, **more):
        d = self.d
        settings = {
            "ca": "file",
            "ca_cert": f"{d}/ca.crt",
            "ca_key": f"{d}/ca.key",
            "crl": f"{d}/ca.crl",
            "index": f"{d}/index.txt",
            "certs": f"{d}/new",
            "crl_number": f"{d}/crlnumber",
            **more,
        }
        tenant = Tenant(name="ca", provider="x509", settings=settings)
        return _connect.connect(tenant, lambda r: Secret(""), Pacer(1000, SystemClock()), write=True)

    def credential(self, cn):
        return credential(x509.load_pem_x509_certificate((self.d / f"{cn}.crt").read_bytes()))

    def refused(self, cn):
        out = openssl(*f"verify -crl_check -CAfile ca.crt -CRLfile ca.crl {cn}.crt".split(), cwd=self.d, check=False)
        return "certificate revoked" in out.stderr if out.returncode else False


def credential(cert):
    return Credential(
        kind="x509.client-cert",
        provider="x509",
        identifier=f"{cert.serial_number:x}@{issuer_tag(cert.issuer)}",
        attributes={"serial": f"{cert.serial_number:x}"},
        issuer=cert.issuer.rfc4514_string(),
    )


def status(ca, cn):
    context = ssl.create_default_context(cafile=f"{ca.d}/ca.crt")
    context.load_cert_chain(f"{ca.d}/{cn}.crt", f"{ca.d}/{cn}.key")
    c = http.client.HTTPSConnection("localhost", ca.port, context=context, timeout=5)
    try:
        c.request("GET", "/", headers={"Connection": "close"})
        return c.getresponse().status
    finally:
        c.close()


def until(ca, cn, wanted, seconds=10.0):
    end = time.monotonic() + seconds
    while (got := status(ca, cn)) != wanted and time.monotonic() < end:
        time.sleep(0.05)
    return got


@contextmanager
def nginx(ca: OpensslCa) -> Iterator[OpensslCa]:
    """Run nginx for a CA; sets `port` and `reload` on it."""
    program, port = require("nginx"), free_port()
    ca.port = port
    (ca.d / "nginx.conf").write_text(NGINX.format(d=ca.d, p=port))
    base = [program, "-c", f"{ca.d}/nginx.conf", "-p", str(ca.d), "-e", f"{ca.d}/error.log"]
    process = subprocess.Popen(base, stderr=subprocess.DEVNULL)
    ca.reload = (*base, "-s", "reload")
    try:
        end = time.monotonic() + 10
        while True:
            try:
                if status(ca, "bob") == 200:
                    break
            except OSError:
                pass
            assert process.poll() is None, (ca.d / "error.log").read_text()
            assert time.monotonic() < end
            time.sleep(0.05)
        yield ca
    finally:
        process.terminate()
        process.wait(10)
