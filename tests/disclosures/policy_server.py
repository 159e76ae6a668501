"""A site with a privacy policy, as a process: what it answers stands in a JSON file that is read at each call."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

STATE = Path(sys.argv[1])


class Site(BaseHTTPRequestHandler):
    """Answers GET by path: {"status", "headers", "body"}; what is not there is 404."""

    def do_GET(self) -> None:
        state = json.loads(STATE.read_text(encoding="utf-8"))
        answer = state.get(self.path, {"status": 404, "headers": {}, "body": "Gone."})
        body = answer["body"].encode()
        self.send_response(answer["status"])
        for name, value in {"Content-Type": "text/html; charset=utf-8", **answer["headers"]}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Quiet."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
print(server.server_port, flush=True)
server.serve_forever()
