"""A connection to the broker, in a thread of its own, that comes back by itself. Knows no event."""

import logging
import random
import threading
import time

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker, ConnectionClosedByBroker, ProbableAccessDeniedError, ProbableAuthenticationError

from .suspects import ABOUT_THE_MESSAGE, is_wrong_user

log = logging.getLogger("fengqiao_agency")

FIRST_PAUSE, LONGEST_PAUSE, STEADY = 0.2, 10.0, 5.0  # seconds; after STEADY seconds of being open the pauses begin anew
HEARTBEAT = 15
HANG_UP = 2.0  # for the broker to answer a close

# fmt: off
PROBLEMS = {
    # what the person sees while it lasts
    "connecting": ("正在连接消息服务器",                        "connecting to the broker"),
    "away":       ("连接不上消息服务器，将自动重试",              "the broker cannot be reached; trying again by itself"),
    "login":      ("消息服务器不接受用户名或密码，请核对 AMQP 地址", "the broker does not accept the user or password; check the AMQP address"),
    "forbidden":  ("消息服务器不允许此操作，请核对机构代码与权限",   "the broker does not allow this; check the agency's code and permissions"),
    "missing":    ("消息服务器上没有所需的交换机或队列，请联系枢纽管理员", "the broker lacks the exchange or queue; ask the hub's administrator"),
    "refused":    ("消息服务器不接受该消息，请联系枢纽管理员",      "the broker does not take this message; ask the hub's administrator"),
    "blocked":    ("消息服务器资源紧张，暂停接收，恢复后自动继续",   "the broker is short of memory or disk and takes nothing; going on by itself later"),
    "full":       ("枢纽积压已满，稍后自动重发",                  "the hub's queue is full; sending again by itself later"),
    "silent":     ("消息服务器没有确认，将重连重发",               "the broker did not confirm; connecting and sending again"),
    "user":       ("机构代码与登录消息服务器的用户名不一致，请核对两者", "the agency's code is not the user that logs in to the broker; check both"),
    "returned":   ("有事件无法发送，需人工处理，请运行 fengqiao-agency outbox --state returned", "some events cannot be sent and wait for a person: run fengqiao-agency outbox --state returned"),
    "failed":     ("接入工具自身出错，将自动重试，请查看日志",       "the kit itself failed and tries again; see its log"),
    "disk":       ("本机发件箱无法写入，请检查磁盘",               "the outbox on this machine cannot be written; check the disk"),
}
# fmt: on
REPLIES = dict.fromkeys(ABOUT_THE_MESSAGE, "refused") | {403: "forbidden", 404: "missing"}


class Link:
    """Owns one connection with one channel.

    `opened(channel)` is called on each new channel and `lost()` when it is gone, both in the link's thread, as is everything given to `call`.
    """

    def __init__(self, uri: str, name: str, opened, lost):
        self._parameters = pika.URLParameters(uri)
        self._parameters.heartbeat = HEARTBEAT
        self._parameters.connection_attempts = 1
        self._parameters.socket_timeout = self._parameters.stack_timeout = 5
        self._parameters.client_properties = {"connection_name": name}
        self._opened, self._lost = opened, lost
        self._connection = self._thread = None
        self._stopping = threading.Event()
        self.name = name
        self.problem: str | None = "connecting"
        self.reply: tuple[int, str] | None = None  # with which the broker closed the channel or the connection; for `lost`
        self._failure: Exception | None = None
        self.hurry = False  # set by `lost`: what made the broker close is out of the way

    def start(self):
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 5):
        self._stopping.set()
        self.call(self._close)
        if self._thread:
            self._thread.join(timeout)

    def call(self, what):
        """From any thread: `what()` soon in the link's own."""
        connection = self._connection
        if connection is not None:
            connection.ioloop.add_callback_threadsafe(what)

    def later(self, seconds: float, what):
        return self._connection.ioloop.call_later(seconds, what)

    def guarded(self, callback):
        """What pika calls when data comes in: pika would take an exception in it for a lost connection, and so would the person who reads `problem`."""

        def guarded(*args):
            try:
                callback(*args)
            except Exception as error:
                self._failure = error
                raise

        return guarded

    def drop(self, problem: str):
        """Starts afresh: what is in doubt is settled by a new connection."""
        self.problem = problem
        self._close()

    def _run(self):
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._once()
            except Exception as error:  # noqa: BLE001 - a full disk, say: nothing was acknowledged, so nothing is lost
                self._failed(error)
            pause = FIRST_PAUSE if self.hurry or time.monotonic() - began > STEADY else min(pause * 1.7, LONGEST_PAUSE)
            self.hurry = False
            self._stopping.wait(pause * random.uniform(0.5, 1.0))

    def _failed(self, error):
        self.problem = "disk" if "sqlite" in type(error).__module__ else "away" if isinstance(error, (OSError, AMQPError)) else "failed"
        log.error("%s: %s; %s", self.name, PROBLEMS[self.problem][1], type(error).__name__)

    def _once(self):
        self.reply = self._failure = None
        self._connection = connection = pika.SelectConnection(
            self._parameters, on_open_callback=self._on_open, on_open_error_callback=self._on_open_error, on_close_callback=self._on_close
        )
        try:
            connection.ioloop.start()
        except Exception:
            _hang_up(connection)
            raise
        finally:
            self._connection = None
            try:
                self._lost()
            finally:
                connection.ioloop.close()

    def _on_open(self, connection):
        connection.add_on_connection_blocked_callback(lambda *_: setattr(self, "problem", "blocked"))
        connection.add_on_connection_unblocked_callback(lambda *_: setattr(self, "problem", None))
        connection.channel(on_open_callback=self.guarded(self._on_channel))

    def _on_channel(self, channel):
        channel.add_on_close_callback(self._on_channel_close)
        self.problem = None
        if self._stopping.is_set():
            self._close()
        else:
            self._opened(channel)

    def _on_channel_close(self, _channel, reason):
        if isinstance(reason, ChannelClosedByBroker):
            self._closed_by_broker(reason)
            self._close()

    def _on_open_error(self, connection, error):
        refused = isinstance(error, (ProbableAuthenticationError, ProbableAccessDeniedError)) or getattr(error, "reply_code", None) == 403
        self.problem = "login" if refused else "away"
        connection.ioloop.stop()

    def _on_close(self, connection, reason):
        if self.reply is None and isinstance(reason, ConnectionClosedByBroker):
            self._closed_by_broker(reason)
        elif self._failure is not None:
            self._failed(self._failure)
        elif self.problem is None:
            self.problem = "away"
        connection.ioloop.stop()

    def _closed_by_broker(self, reason):
        self.reply = reason.reply_code, str(reason.reply_text)
        self.problem = "user" if is_wrong_user(*self.reply) else REPLIES.get(reason.reply_code, "away")

    def _close(self):
        connection = self._connection
        if connection is not None and not (connection.is_closing or connection.is_closed):
            connection.close()


def _hang_up(connection):
    """After an exception in a callback the socket is still open, and the broker would go on believing that we hold our deliveries."""
    if connection.is_open:
        connection.close()
        connection.ioloop.call_later(HANG_UP, connection.ioloop.stop)
        connection.ioloop.start()
