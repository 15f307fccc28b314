"""An MQTT broker of its own for tests, on 127.0.0.1, with one user: python -m tests.live.broker_process PORT."""

import asyncio
import logging
import sys
from typing import Any

from amqtt.broker import Broker
from amqtt.plugins.base import BaseAuthPlugin

USER, PASSWORD = "fab", "only-for-tests"


class OneUser(BaseAuthPlugin):
    """Lets in who knows the password."""

    async def authenticate(self, *, session: Any) -> bool:
        return (session.username, session.password) == (USER, PASSWORD)


async def serve(port: int) -> None:
    config = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}"}},
        "timeout_disconnect_delay": 1,
        "plugins": {"tests.live.broker_process.OneUser": {}},
    }
    broker = Broker(config)
    await broker.start()
    print("ready", flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    asyncio.run(serve(int(sys.argv[1])))
