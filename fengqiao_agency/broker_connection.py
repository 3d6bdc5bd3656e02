"""A broker connection that runs in its own thread and reconnects automatically. It does not depend on the content of messages."""

import logging
import random
import threading
import time

import pika
from pika.exceptions import AMQPError, ChannelClosedByBroker, ConnectionClosedByBroker, ProbableAccessDeniedError, ProbableAuthenticationError

from .poison_messages import MESSAGE_REPLY_CODES, is_wrong_user

log = logging.getLogger("fengqiao_agency")

FIRST_RETRY_PAUSE_SECONDS, MAX_RETRY_PAUSE_SECONDS = 0.2, 10.0  # the pause before the next attempt to connect grows from the first value to the second
STABLE_CONNECTION_SECONDS = 5.0  # after a connection that lasted longer, the pauses start again with the first value
HEARTBEAT_SECONDS = 15
CLOSE_TIMEOUT_SECONDS = 2.0  # seconds to wait until the broker confirms that a connection is closed

# fmt: off
PROBLEM_TEXTS = {
    # Problem → sentences in Chinese and English, which Agency.problems() and the command line show as long as the problem lasts.
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
# AMQP reply code with which the broker closes a channel or connection → problem.
PROBLEM_OF_REPLY_CODE = dict.fromkeys(MESSAGE_REPLY_CODES, "refused") | {403: "forbidden", 404: "missing"}


class BrokerConnection:
    """Broker connection with one channel, reopened after each loss.

    `on_channel_open(channel)` is called for each new channel, and `on_connection_lost()` after each loss of the connection. These two and the
    callbacks passed to `call_threadsafe` and `call_later` run in the thread of the connection.
    """

    def __init__(self, uri: str, name: str, on_channel_open, on_connection_lost):
        self._parameters = pika.URLParameters(uri)
        self._parameters.heartbeat = HEARTBEAT_SECONDS
        self._parameters.connection_attempts = 1
        self._parameters.socket_timeout = self._parameters.stack_timeout = 5
        self._parameters.client_properties = {"connection_name": name}
        self._channel_open_callback, self._connection_lost_callback = on_channel_open, on_connection_lost
        self._connection = self._thread = None
        self._stopping = threading.Event()
        self.name = name
        self.problem: str | None = "connecting"
        self.close_reply: tuple[int, str] | None = None  # reply code and text with which the broker closed the channel or the connection
        self._recorded_failure: Exception | None = None
        self.should_reconnect_at_once = False  # `on_connection_lost` sets this to True after removing the cause of the close: the pause is then the first one

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
        """Run the callback in the thread of the connection. This method may be called from any thread."""
        connection = self._connection
        if connection is not None:
            connection.ioloop.add_callback_threadsafe(callback)

    def call_later(self, seconds: float, callback):
        return self._connection.ioloop.call_later(seconds, callback)

    def wrap_to_record_failure(self, callback):
        """Return a wrapper of the callback that records its exception. Without this, pika and `problem` would report the exception as a lost connection."""

        def call_and_record(*args):
            try:
                callback(*args)
            except Exception as error:
                self._recorded_failure = error
                raise

        return call_and_record

    def reconnect(self, problem: str):
        """Close the connection and open a new one. `problem` is shown until the new connection is open."""
        self.problem = problem
        self._close()

    def _run(self):
        pause = FIRST_RETRY_PAUSE_SECONDS
        while not self._stopping.is_set():
            connected_at = time.monotonic()
            try:
                self._run_connection()
            except Exception as error:  # noqa: BLE001 - an error such as a full disk loses no message: none was acknowledged
                self._record_failure(error)
            pause = (
                FIRST_RETRY_PAUSE_SECONDS
                if self.should_reconnect_at_once or time.monotonic() - connected_at > STABLE_CONNECTION_SECONDS
                else min(pause * 1.7, MAX_RETRY_PAUSE_SECONDS)
            )
            self.should_reconnect_at_once = False
            self._stopping.wait(pause * random.uniform(0.5, 1.0))

    def _record_failure(self, error):
        self.problem = "disk" if "sqlite" in type(error).__module__ else "away" if isinstance(error, (OSError, AMQPError)) else "failed"
        log.error("%s: %s; %s", self.name, PROBLEM_TEXTS[self.problem][1], type(error).__name__)

    def _run_connection(self):
        self.close_reply = self._recorded_failure = None
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
                self._connection_lost_callback()
            finally:
                connection.ioloop.close()

    def _on_open(self, connection):
        connection.add_on_connection_blocked_callback(lambda *_: setattr(self, "problem", "blocked"))
        connection.add_on_connection_unblocked_callback(lambda *_: setattr(self, "problem", None))
        connection.channel(on_open_callback=self.wrap_to_record_failure(self._on_channel))

    def _on_channel(self, channel):
        channel.add_on_close_callback(self._on_channel_close)
        self.problem = None
        if self._stopping.is_set():
            self._close()
        else:
            self._channel_open_callback(channel)

    def _on_channel_close(self, _channel, reason):
        if isinstance(reason, ChannelClosedByBroker):
            self._record_close_by_broker(reason)
            self._close()

    def _on_open_error(self, connection, error):
        is_login_refused = isinstance(error, (ProbableAuthenticationError, ProbableAccessDeniedError)) or getattr(error, "reply_code", None) == 403
        self.problem = "login" if is_login_refused else "away"
        connection.ioloop.stop()

    def _on_close(self, connection, reason):
        if self.close_reply is None and isinstance(reason, ConnectionClosedByBroker):
            self._record_close_by_broker(reason)
        elif self._recorded_failure is not None:
            self._record_failure(self._recorded_failure)
        elif self.problem is None:
            self.problem = "away"
        connection.ioloop.stop()

    def _record_close_by_broker(self, reason):
        self.close_reply = reason.reply_code, str(reason.reply_text)
        self.problem = "user" if is_wrong_user(*self.close_reply) else PROBLEM_OF_REPLY_CODE.get(reason.reply_code, "away")

    def _close(self):
        connection = self._connection
        if connection is not None and not (connection.is_closing or connection.is_closed):
            connection.close()


def _close_after_error(connection):
    """Close the connection after an exception in a callback. Otherwise its socket stays open, and the broker does not redeliver the unacknowledged messages."""
    if connection.is_open:
        connection.close()
        connection.ioloop.call_later(CLOSE_TIMEOUT_SECONDS, connection.ioloop.stop)
        connection.ioloop.start()
