"""A stand-in for a service: readiness, an API to look at its environment, a child of its own, and ways to misbehave."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = {
            "/readyz": json.dumps({"service": os.environ["TOVHOLDER_DATABASE_URL"].rpartition("_")[2]}),
            "/environment": json.dumps({k: v for k, v in os.environ.items() if k.startswith("TOVHOLDER_")}),
        }
        answer = known.get(self.path, self.path).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def main() -> None:
    if os.environ.get("STANDIN_FALLS"):
        sys.exit("I always fall")
    server = ThreadingHTTPServer((os.environ["TOVHOLDER_HTTP_HOST"], int(os.environ["TOVHOLDER_HTTP_PORT"])), Answers)
    grandchild = subprocess.Popen(["sleep", os.environ.get("STANDIN_CHILD_SLEEPS", "0")])
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
    server.serve_forever()
    grandchild.kill()
    grandchild.wait()
    server.server_close()


if __name__ == "__main__":
    main()
