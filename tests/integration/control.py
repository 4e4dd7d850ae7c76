"""A client of the control socket that knows only its manual page: a line of JSON each way."""
import json
import socket


class Control:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.file = self.socket.makefile("r", encoding="utf-8")

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def ask(self, cmd, **keys):
        """The response, whole."""
        self.socket.sendall((json.dumps({"v": 1, "cmd": cmd, **keys}) + "\n").encode())
        return json.loads(self.file.readline())

    def get(self, cmd, **keys):
        response = self.ask(cmd, **keys)
        assert response["ok"], response
        return response

    def status(self):
        return self.get("status")

    def edges(self):
        """All edges of simulated contacts so far, oldest first."""
        edges, since = [], 0
        while True:
            response = self.get("edges", since=since)
            if not response["edges"]:
                return edges
            edges += response["edges"]
            since = response["next"]
