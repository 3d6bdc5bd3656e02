"""A broker connection that runs in its own thread and reconnects automatically. Independent of the content of messages."""

import logging
import random
import threading
import time

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker, ConnectionClosedByBroker, ProbableAccessDeniedError, ProbableAuthenticationError

from .poison_messages import MESSAGE_REPLY_CODES, is_wrong_user

log = logging.getLogger("fengqiao_agency")

FIRST_RETRY_PAUSE, MAX_RETRY_PAUSE, STABLE_SECONDS = 0.2, 10.0, 5.0  # seconds; after a connection of STABLE_SECONDS the pauses start again with the first
HEARTBEAT_SECONDS = 15
CLOSE_TIMEOUT = 2.0  # seconds to wait for the broker to confirm a close

# fmt: off
PROBLEMS = {
    # shown by Agency.problems() and the command line while the problem lasts
    "connecting": ("正在连接消息服务器",                        "connecting to the broker"),
    "away":       ("连接不上消息服务器，将自动重试",              "the broker cannot be reached; retrying automatically"),
    "login":      ("消息服务器拒绝该用户名或密码，请核对 AMQP 地址", "the broker refuses the user name or password; check the AMQP address"),
    "forbidden":  ("消息服务器不允许此操作，请核对机构代码与权限",   "the broker denies this operation; check the agency's code and permissions"),
    "missing":    ("消息服务器上没有所需的交换机或队列，请联系枢纽管理员", "the exchange or queue does not exist on the broker; contact the hub's administrator"),
    "refused":    ("消息服务器不接受该消息，请联系枢纽管理员",      "the broker refuses this message; contact the hub's administrator"),
    "blocked":    ("消息服务器资源紧张，暂停接收，恢复后自动继续",   "the broker is short of memory or disk space and accepts nothing; sending resumes automatically"),
    "full":       ("枢纽积压已满，稍后自动重发",                  "the hub's queue is full; sending is retried automatically"),
    "silent":     ("消息服务器未按时确认，将重新连接并重发",               "the broker did not confirm in time; reconnecting and sending again"),
    "user":       ("机构代码与登录消息服务器的用户名不一致，请核对两者", "the agency's code differs from the user name of the broker login; check both"),
    "returned":   ("有事件无法发送，需人工处理，请运行 fengqiao-agency outbox --state returned", "some events cannot be sent and need a person: run fengqiao-agency outbox --state returned"),
    "failed":     ("接入工具内部出错，将自动重试，请查看日志",       "the client library failed and retries automatically; see its log"),
    "disk":       ("本机发件箱无法写入，请检查磁盘",               "the outbox file on this machine cannot be written; check the disk"),
}
# fmt: on
PROBLEM_OF_REPLY_CODE = dict.fromkeys(MESSAGE_REPLY_CODES, "refused") | {403: "forbidden", 404: "missing"}


class BrokerConnection:
    """One broker connection with one channel.

    `on_channel_open(channel)` is called for each new channel and `on_connection_lost()` after its loss. Both run in the connection's thread, as do
    the callbacks passed to `call_threadsafe` and `call_later`.
    """

    def __init__(self, uri: str, name: str, on_channel_open, on_connection_lost):
        self._parameters = pika.URLParameters(uri)
        self._parameters.heartbeat = HEARTBEAT_SECONDS
        self._parameters.connection_attempts = 1
        self._parameters.socket_timeout = self._parameters.stack_timeout = 5
        self._parameters.client_properties = {"connection_name": name}
        self._notify_open, self._notify_lost = on_channel_open, on_connection_lost
        self._connection = self._thread = None
        self._stopping = threading.Event()
        self.name = name
        self.problem: str | None = "connecting"
        self.close_reply: tuple[int, str] | None = None  # reply code and text with which the broker closed the channel or the connection
        self._failure: Exception | None = None
        self.reconnect_at_once = False  # set by on_connection_lost when the cause of the close is removed: reconnect without a longer pause

    def start(self):
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 5):
        self._stopping.set()
        self.call_threadsafe(self._close)
        if self._thread:
            self._thread.join(timeout)

    def call_threadsafe(self, callback):
        """Run the callback in the connection's thread. May be called from any thread."""
        connection = self._connection
        if connection is not None:
            connection.ioloop.add_callback_threadsafe(callback)

    def call_later(self, seconds: float, callback):
        return self._connection.ioloop.call_later(seconds, callback)

    def recording_failure(self, callback):
        """Return the callback wrapped so that its exception is recorded: pika would report it as a lost connection, and so would `problem`."""

        def call_and_record(*args):
            try:
                callback(*args)
            except Exception as error:
                self._failure = error
                raise

        return call_and_record

    def reconnect(self, problem: str):
        """Close the connection, so that a new one is opened. `problem` is reported until it is open."""
        self.problem = problem
        self._close()

    def _run(self):
        pause = FIRST_RETRY_PAUSE
        while not self._stopping.is_set():
            connected_at = time.monotonic()
            try:
                self._run_connection()
            except Exception as error:  # noqa: BLE001 - for example a full disk: nothing was acknowledged, so that nothing is lost
                self._record_failure(error)
            pause = FIRST_RETRY_PAUSE if self.reconnect_at_once or time.monotonic() - connected_at > STABLE_SECONDS else min(pause * 1.7, MAX_RETRY_PAUSE)
            self.reconnect_at_once = False
            self._stopping.wait(pause * random.uniform(0.5, 1.0))

    def _record_failure(self, error):
        self.problem = "disk" if "sqlite" in type(error).__module__ else "away" if isinstance(error, (OSError, AMQPError)) else "failed"
        log.error("%s: %s; %s", self.name, PROBLEMS[self.problem][1], type(error).__name__)

    def _run_connection(self):
        self.close_reply = self._failure = None
        self._connection = connection = pika.SelectConnection(
            self._parameters, on_open_callback=self._on_open, on_open_error_callback=self._on_open_error, on_close_callback=self._on_close
        )
        try:
            connection.ioloop.start()
        except Exception:
            _close_after_error(connection)
            raise
        finally:
            self._connection = None
            try:
                self._notify_lost()
            finally:
                connection.ioloop.close()

    def _on_open(self, connection):
        connection.add_on_connection_blocked_callback(lambda *_: setattr(self, "problem", "blocked"))
        connection.add_on_connection_unblocked_callback(lambda *_: setattr(self, "problem", None))
        connection.channel(on_open_callback=self.recording_failure(self._on_channel))

    def _on_channel(self, channel):
        channel.add_on_close_callback(self._on_channel_close)
        self.problem = None
        if self._stopping.is_set():
            self._close()
        else:
            self._notify_open(channel)

    def _on_channel_close(self, _channel, reason):
        if isinstance(reason, ChannelClosedByBroker):
            self._closed_by_broker(reason)
            self._close()

    def _on_open_error(self, connection, error):
        refused = isinstance(error, (ProbableAuthenticationError, ProbableAccessDeniedError)) or getattr(error, "reply_code", None) == 403
        self.problem = "login" if refused else "away"
        connection.ioloop.stop()

    def _on_close(self, connection, reason):
        if self.close_reply is None and isinstance(reason, ConnectionClosedByBroker):
            self._closed_by_broker(reason)
        elif self._failure is not None:
            self._record_failure(self._failure)
        elif self.problem is None:
            self.problem = "away"
        connection.ioloop.stop()

    def _closed_by_broker(self, reason):
        self.close_reply = reason.reply_code, str(reason.reply_text)
        self.problem = "user" if is_wrong_user(*self.close_reply) else PROBLEM_OF_REPLY_CODE.get(reason.reply_code, "away")

    def _close(self):
        connection = self._connection
        if connection is not None and not (connection.is_closing or connection.is_closed):
            connection.close()


def _close_after_error(connection):
    """Close the connection after an exception in a callback. Its socket is still open, and the broker would otherwise keep the deliveries assigned to it."""
    if connection.is_open:
        connection.close()
        connection.ioloop.call_later(CLOSE_TIMEOUT, connection.ioloop.stop)
        connection.ioloop.start()
