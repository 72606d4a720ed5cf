"""tests/e2e/certs.py - certificates for tests, made by the openssl command.

    ca   = Authority(folder, "root")
    mid  = ca.authority("mid")                       # an intermediate
    leaf = mid.issue("leaf", san=["DNS:api.test"])   # leaf.chain, leaf.key

Everything that can be wrong with a certificate is an argument of issue().
Keys are P-256 unless said otherwise: fast to make.
"""

import base64
import hashlib
import os
import subprocess
from datetime import datetime, timedelta, timezone

CONFIG = """
[ca]
default_ca = here
[here]
new_certs_dir = {folder}
database      = {folder}/index
crlnumber     = {folder}/crlnumber
policy        = any
unique_subject = no
rand_serial   = yes
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
"""


def openssl(*args, clock=0):
    """clock: days from now that it takes for today."""
    faked = ["faketime", f"{clock} days"] if clock else []
    subprocess.run([*faked, "openssl", *args], check=True, capture_output=True,
                   stdin=subprocess.DEVNULL, timeout=60)


def pin(cert):
    """As upstreams.pins writes the certificate's key."""
    key = subprocess.run(["openssl", "x509", "-in", cert.pem, "-noout",
                          "-pubkey"], check=True, capture_output=True).stdout
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "der"],
                         input=key, check=True, capture_output=True).stdout
    return "sha256/" + base64.b64encode(
        hashlib.sha256(der).digest()).decode()


def days(n):
    """Now plus n days, as openssl writes a date."""
    when = datetime.now(timezone.utc) + timedelta(days=n)
    return when.strftime("%Y%m%d%H%M%SZ")


class Cert:
    """One certificate: .pem, .key, and .chain (it and its intermediates)."""

    def __init__(self, folder, name):
        self.name = name
        self.folder = folder
        self.pem = os.path.join(folder, name + ".pem")
        self.key = os.path.join(folder, name + ".key")
        self.chain = os.path.join(folder, name + ".chain.pem")


class Authority(Cert):
    """A root; or, made by authority(), an intermediate."""

    def __init__(self, folder, name="root", issuer=None, **wrong):
        super().__init__(str(folder), name)
        self.issuer = issuer
        os.makedirs(self.folder, exist_ok=True)
        self.config = os.path.join(self.folder, name + ".cnf")
        self.work = os.path.join(self.folder, name + ".ca")
        os.makedirs(self.work, exist_ok=True)
        open(os.path.join(self.work, "index"), "w").close()
        with open(os.path.join(self.work, "crlnumber"), "w") as f:
            f.write("01\n")
        with open(self.config, "w") as f:
            f.write(CONFIG.format(folder=self.work))
        make(self, issuer, **{"ca": True, "eku": None, **wrong})

    def authority(self, name, **wrong):
        """An intermediate below this authority."""
        return Authority(self.folder, name, issuer=self, **wrong)

    def revoke(self, cert):
        """From now on it stands in what crl() makes."""
        openssl("ca", "-config", self.config, "-revoke", cert.pem,
                "-keyfile", self.key, "-cert", self.pem, "-md", "sha256")

    def crl(self, start=-1, end=30, delta=False):
        """A revocation list of this authority; the path of its file."""
        path = os.path.join(self.folder, f"{self.name}.{start}.{end}.crl")
        config = self.config
        if delta:  # what is new since list 1
            config = path + ".config"
            with open(self.config) as old, open(config, "w") as new:
                new.write(old.read() + "[delta]\n"
                          "2.5.29.27 = critical,DER:020101\n")
        openssl("ca", "-gencrl", "-config", config, "-keyfile", self.key,
                "-cert", self.pem, "-md", "sha256", "-crl_lastupdate",
                days(start), "-crl_nextupdate", days(end), "-out", path,
                *(["-crlexts", "delta"] if delta else []))
        return path

    def answer(self, cert, name="ocsp", responder=None, start=-1, end=7):
        """What an OCSP responder of this authority says of a certificate it
        issued, in DER; the path of its file. start, end: days from now."""
        path = os.path.join(self.folder, f"{cert.name}.{name}.der")
        request = path + ".req"
        signer = responder or self
        openssl("ocsp", "-issuer", self.pem, "-cert", cert.pem, "-no_nonce",
                "-reqout", request)
        # openssl ocsp knows no time but now: a clock of its own.
        openssl("ocsp", "-index", os.path.join(self.work, "index"), "-CA",
                self.pem, "-rsigner", signer.pem, "-rkey", signer.key,
                "-reqin", request, "-respout", path, "-ndays",
                str(end - start), clock=start)
        return path

    def issue(self, name, **wrong):
        """A server's certificate; see make() for what can be asked for."""
        cert = Cert(self.folder, name)
        make(cert, self, **wrong)
        return cert

    def intermediates(self):
        """This authority and those above it, without the root."""
        if self.issuer is None:
            return []
        return [self] + self.issuer.intermediates()


def self_signed(folder, name, san):
    cert = Cert(str(folder), name)
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", cert.key,
            "-out", cert.pem, "-subj", "/CN=" + name, "-days", "30",
            "-addext", "subjectAltName=" + ",".join(san))
    join(cert.chain, [cert])
    return cert


def join(path, certs):
    """Writes certificates into one file, in this order."""
    with open(path, "w") as out:
        for cert in certs:
            with open(cert.pem) as f:
                out.write(f.read())
    return path


def make(cert, issuer, san=(), cn=None, start=-1, end=30, key="ec",
         digest="sha256", ca=False, eku="serverAuth", san_der=None,
         constraints=None, usage=None, pathlen=None, extra=()):
    """Makes key and certificate.

    san          ["DNS:api.test", "IP:127.0.0.1"]
    usage        of the key, in place of what an authority or a server has
    pathlen      authorities that may stand below this one
    extra        more lines of extensions, as openssl writes them
    san_der      the extension's bytes, for what openssl will not write
    start, end   validity, in days from now
    key          "ec", "rsa:<bits>", "ed25519", or another curve's name
    constraints  name constraints of an authority: "permitted;DNS:a.test"
    """
    request = cert.key + ".csr"
    curve = "P-256" if key == "ec" else key
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:" + curve]
    if key == "ed25519" or key.startswith("rsa:"):
        kind = ["-newkey", key]
    openssl("req", "-new", *kind, "-nodes", "-keyout", cert.key,
            "-out", request, "-subj", "/CN=" + (cn or cert.name))
    basic = "CA:" + ("TRUE" if ca else "FALSE")
    if pathlen is not None:
        basic += f",pathlen:{pathlen}"
    lines = ["basicConstraints=critical," + basic,
             "subjectKeyIdentifier=hash", "authorityKeyIdentifier=keyid",
             *extra]
    if ca or usage:
        lines.append("keyUsage=critical," + (usage or "keyCertSign,cRLSign"))
    if eku:
        lines.append("extendedKeyUsage=" + eku)
    if san_der:
        lines.append("subjectAltName=DER:" + san_der.hex(":"))
    elif san:
        lines.append("subjectAltName=" + ",".join(san))
    if constraints:
        lines.append("nameConstraints=critical," + constraints)
    extensions = cert.key + ".ext"
    with open(extensions, "w") as f:
        f.write("\n".join(lines) + "\n")
    signer = issuer or cert
    openssl("ca", "-batch", "-notext", "-config", signer.config,
            "-md", digest, "-in", request, "-out", cert.pem,
            "-startdate", days(start), "-enddate", days(end), "-extfile",
            extensions, "-keyfile", signer.key,
            *(["-selfsign"] if issuer is None else ["-cert", issuer.pem]))
    join(cert.chain, [cert] + (issuer.intermediates() if issuer else []))
