"""A mail relay that takes everything and keeps nothing: `python -m bench.sink PORT`.

It answers `XCOUNT` with how many letters it took since the last `XNEW`, and the seconds between
the first and the last.
"""

import asyncio
import sys
import time

_GREETING = b"250-sink\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
_times: list[float] = []


class Session(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.line = transport
        self.waiting = b""
        self.is_letter = False
        self.line.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while self._step():
            pass

    def _step(self) -> bool:
        """Take one command or one letter; False when it is not whole yet."""
        end = b"\r\n.\r\n" if self.is_letter else b"\r\n"
        taken, found, rest = self.waiting.partition(end)
        if not found:
            return False
        self.waiting = rest
        if self.is_letter:
            _times.append(time.perf_counter())
            self.is_letter = False
            self.line.write(b"250 taken\r\n")
        else:
            self._answer(taken[:4].upper())
        return True

    def _answer(self, word: bytes) -> None:
        if word == b"DATA":
            self.is_letter = True
            self.line.write(b"354 go on\r\n")
        elif word in (b"EHLO", b"HELO"):
            self.line.write(_GREETING)
        elif word == b"XCOU":
            took = _times[-1] - _times[0] if _times else 0.0
            self.line.write(b"250 %d %.6f\r\n" % (len(_times), took))
        elif word == b"XNEW":
            _times.clear()
            self.line.write(b"250 forgotten\r\n")
        elif word == b"QUIT":
            self.line.write(b"221 bye\r\n")
            self.line.close()
        else:
            self.line.write(b"250 fine\r\n")


async def main(port: int) -> None:
    """Take letters until told to stop."""
    server = await asyncio.get_running_loop().create_server(Session, "127.0.0.1", port)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
