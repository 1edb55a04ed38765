"""Certificates for tests, by the openssl command; and what a server serves."""

import ssl
import subprocess


def openssl(*arguments, **options):
    return subprocess.run(["openssl", *map(str, arguments)], capture_output=True, check=True, timeout=60, **options)


def self_signed(folder, name, stem=None):
    """Writes STEM.pem and STEM.key for the host `name` into the folder, each in one step; returns their paths."""
    certificate, key = (folder / f"{stem or name}.{ending}" for ending in ("pem", "key"))
    new = [path.with_suffix(path.suffix + ".new") for path in (certificate, key)]
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 30,
            "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-out", new[0], "-keyout", new[1])
    for made, path in zip(new, (certificate, key)):
        made.rename(path)
    return certificate, key


def authority(folder):
    """Makes a certification authority; returns the path of its certificate."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 90,
            "-subj", "/CN=Test authority", "-out", folder / "authority.pem", "-keyout", folder / "authority.key")
    return folder / "authority.pem"


def issue(folder, name, certificate, key, days=90):
    """A certificate for the host `name` by the authority in the folder, written to the two paths."""
    request = openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", f"/CN={name}", "-keyout", key).stdout
    extensions = folder / "extensions"
    extensions.write_text(f"subjectAltName=DNS:{name}\nextendedKeyUsage=serverAuth\nkeyUsage=digitalSignature\n"
                          "basicConstraints=CA:FALSE\ncrlDistributionPoints=URI:http://crl.example.test/crl\n")
    openssl("x509", "-req", "-days", days, "-CA", folder / "authority.pem", "-CAkey", folder / "authority.key",
            "-extfile", extensions, "-out", certificate, input=request)


def unverified(**options):
    """What a client uses that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, value in options.items():
        setattr(context, name, value)
    return context


def fingerprint(path):
    """Of the first certificate in the file, as served() has it."""
    return ssl.PEM_cert_to_DER_cert(path.read_text())


def served(suite, name=None):
    """The certificate that a client gets by STARTTLS; `name` is the host it asks for."""
    with suite.smtp() as client:
        client._host = name  # what smtplib sends as SNI
        client.starttls(context=unverified())
        return client.sock.getpeercert(binary_form=True)
