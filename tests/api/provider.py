"""A provider of accounts on loopback, as its standard has it, which can be told to lie."""

import base64
import hashlib
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

CLIENT, SECRET = "fabwatch-test", "a secret: of the client/"


class Provider(ThreadingHTTPServer):
    """It lets in whoever comes, as `person`. `lie` changes the claims of a token, `made_by` how it is signed."""

    daemon_threads = True

    def __init__(self, certificate: tuple[Path, Path] | None = None):
        super().__init__(("127.0.0.1", 0), _Answers)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.address = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server_port}"
        self.first = RSAKey.generate_key(2048, {"kid": "first", "use": "sig"}, auto_kid=False)
        self.honest()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def honest(self):
        """As it is when nothing is wrong."""
        self.key: RSAKey | ECKey = self.first
        self.published: list[RSAKey | ECKey] = [self.first]
        self.person = {"sub": "4711", "preferred_username": "ana", "groups": ["night", "etch"]}
        self.lie: dict = {}
        self.without: tuple[str, ...] = ()
        self.userinfo: dict = {}
        self.says_of_itself: dict = {}
        self.error: str | None = None
        self.made_by = self.signed
        self.codes: dict[str, dict] = {}
        self.asked: list[dict] = []

    def another_key(self, kid="second", publish=True):
        """From now on it signs with another key."""
        self.key = ECKey.generate_key("P-256", {"kid": kid, "use": "sig"}, auto_kid=False)
        if publish:
            self.published = [self.key]

    def signed(self, claims):
        """The token of those claims, signed with the newest key."""
        algorithm = "ES256" if isinstance(self.key, ECKey) else "RS256"
        return jwt.encode({"alg": algorithm, "kid": self.key.kid}, claims, self.key, algorithms=[algorithm])

    def unsigned(self, claims):
        """The token of those claims, signed by nobody."""
        parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts) + "."

    def signed_with_what_all_know(self, claims):
        """The token of those claims, signed by whoever has read the public key, as if that were a shared secret."""
        secret = OctKey.import_key(self.published[0].as_pem(private=False))
        return jwt.encode({"alg": "HS256", "kid": "first"}, claims, secret, algorithms=["HS256"])

    def signed_by_another(self, claims):
        """The token of those claims, signed with a key that carries the name of the provider's."""
        other = RSAKey.generate_key(2048, {"kid": "first"}, auto_kid=False)
        return jwt.encode({"alg": "RS256", "kid": "first"}, claims, other, algorithms=["RS256"])

    def configuration(self):
        places = {"authorization": "authorize", "token": "token", "userinfo": "userinfo", "end_session": "logout"}
        named = {f"{name}_endpoint": f"{self.address}/{place}" for name, place in places.items()}
        return {"issuer": self.address, "jwks_uri": f"{self.address}/jwks", **named, **self.says_of_itself}

    def authorized(self, query):
        """Where the browser is sent back to."""
        self.asked.append(query)
        if self.error:
            return f"{query['redirect_uri']}?{urlencode({'error': self.error, 'state': query['state']})}"
        code = hashlib.sha256(query["state"].encode()).hexdigest()
        self.codes[code] = query
        words = {"code": code, "state": query["state"], "iss": self.address, "session_state": "as some send"}
        return f"{query['redirect_uri']}?{urlencode(words)}"

    def token(self, form, authorization):
        """The token for a code, once; None for a wrong code, verifier, place or secret."""
        asked = self.codes.pop(form.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode()
        right = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if asked is None or challenge.rstrip("=") != asked.get("code_challenge"):
            return None
        if asked["code_challenge_method"] != "S256" or form["redirect_uri"] != asked["redirect_uri"]:
            return None
        if authorization != f"Basic {right}":
            return None
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.person}
        claims = {name: value for name, value in {**claims, **self.lie}.items() if name not in self.without}
        return {"access_token": "to ask with", "token_type": "Bearer", "id_token": self.made_by(claims)}


class _Answers(BaseHTTPRequestHandler):
    def log_message(self, *words):
        pass

    @property
    def provider(self) -> Provider:
        assert isinstance(self.server, Provider)
        return self.server

    def do_GET(self):
        path, query = urlsplit(self.path).path, {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        if path == "/authorize":
            self.send_response(302)
            self.send_header("Location", self.provider.authorized(query))
            self.end_headers()
            return
        said = {
            "/.well-known/openid-configuration": self.provider.configuration,
            "/jwks": lambda: {"keys": [key.as_dict(private=False) for key in self.provider.published]},
            "/userinfo": lambda: {"sub": self.provider.person["sub"], **self.provider.userinfo},
            "/logout": lambda: {"out": query},
        }.get(path)
        self._say(200 if said else 404, said() if said else {})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        token = self.provider.token(form, self.headers.get("authorization"))
        self._say(200 if token else 400, token or {"error": "invalid_grant"})

    def _say(self, status, value):
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
