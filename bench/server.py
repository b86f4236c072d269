"""`python -m bench.server bench.site 8123`: an application on our server, with our settings."""

import sys
from importlib import import_module

import config
from engage.core.serve import serve, server


def main() -> None:
    module, port = sys.argv[1], int(sys.argv[2])
    if module == "bench.site":
        serve(import_module(module).app, host="127.0.0.1", port=port, target=f"{module}:app")
        return
    made = config.load()
    processes, threads = made.WEB_CONCURRENCY, made.WEB_THREADS
    server(
        f"{module}:app", host="127.0.0.1", port=port, processes=processes, threads=threads
    ).serve()


if __name__ == "__main__":
    main()
