#!/usr/bin/python3
"""A real SMTP server (aiosmtpd) for tests: on loopback, on a port of its own choosing, one file per mail taken.

    smtp_server.py FOLDER [--certificate FILE --key FILE] [--tls] [--login USER:PASSWORD]

Prints the port once it listens. Mails are written to FOLDER as 1.eml, 2.eml, ... with the envelope as their first lines.
Recipients that begin with `refused` get 550, ones that begin with `later` 451. Ends with its standard input.
"""

import argparse
import asyncio
import ssl
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.count = 0

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused"):
            return "550 no such mailbox"
        if address.startswith("later"):
            return "451 come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        login = session.auth_data.login.decode() if session.auth_data else ""
        head = f"X-Envelope: {envelope.mail_from} -> {' '.join(envelope.rcpt_tos)}\r\n"
        head += f"X-Session: tls={session.ssl is not None} login={login}\r\n"
        unfinished = self.folder / "unfinished"
        unfinished.write_bytes(head.encode() + envelope.original_content)
        unfinished.rename(self.folder / f"{self.count}.eml")
        return "250 taken"


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--login")
    options = parser.parse_args()

    context = None
    if options.certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(options.certificate, options.key)

    def authenticate(server, session, envelope, mechanism, data):
        good = f"{data.login.decode()}:{data.password.decode()}" == options.login
        return AuthResult(success=good, auth_data=data if good else None, handled=good)

    keeper = Keeper(options.folder)

    def make():
        return SMTP(keeper, hostname="mail.test", require_starttls=bool(context) and not options.tls,
                    tls_context=None if options.tls else context, authenticator=authenticate,
                    auth_required=bool(options.login), auth_require_tls=not options.tls)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(make, "127.0.0.1", 0, ssl=context if options.tls else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
