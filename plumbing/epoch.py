"""The epoch of an installation, and the check that no data has been lost since it began.

An *epoch* begins when the installation is set up, and again whenever `./fengqiao recover` has repaired a loss of data. Its number is stored in three places:
the table `epoch` of each service, the epoch file outside the database, and the name of an exchange on the broker, the epoch marker. The epoch file also
contains, for each service, the last value of its sequence message_ids, from which the ids of its messages come, and a number for each change of its
positions: the relay records it after it has published messages, the service after it has processed events. Therefore a process notices

- a database, or the schema of one service, restored to an earlier point: its last value is lower than the one in the file, or its epoch is older;
- a broker without its former data: the marker is missing.

The process then does not start; a running one stops consuming and publishing. Without the setting FENGQIAO_EPOCH_FILE nothing is checked.
"""

import contextlib
import fcntl
import json
import os
import tempfile
from pathlib import Path

import amqp.exceptions
import kombu
import psycopg2
from structlog import get_logger

log = get_logger()

SETTING = "FENGQIAO_EPOCH_FILE"
EXIT_CODE = 78  # EX_CONFIG of sysexits.h: the process must not be started again before a person has acted
NOT_FOUND = 404  # AMQP reply code
DATABASE_STATE_SQL = "select (select number from epoch), (select last_value from message_ids)"
REMEDY_ZH, REMEDY_EN = "请先运行 ./fengqiao recover", "run ./fengqiao recover first"


class RecoveryNeeded(Exception):
    """Data has been lost. The text says in both languages what was found, and that `./fengqiao recover` has to be run."""

    def __init__(self, zh: str, en: str):
        super().__init__(f"{zh}；{REMEDY_ZH} | {en}; {REMEDY_EN}")


class EpochFile:
    """The file outside the database: {"epoch": number, "published": {service: last value of message_ids}}. Several processes may write it."""

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)

    def read(self) -> dict | None:
        """Return the content of the file, or None if there is no readable one."""
        try:
            content = json.loads(self.path.read_text("utf-8"))
            return {"epoch": int(content["epoch"]), "published": {str(service): int(last) for service, last in content["published"].items()}}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def begin(self, epoch: int, published: dict[str, int]) -> None:
        """Write the file for a new epoch."""
        with self._locked():
            self._replace({"epoch": epoch, "published": published})

    def record_published(self, service: str, message_id: int) -> None:
        """Record that a message of this service was published. A lower id than the recorded one changes nothing."""
        with self._locked():
            content = self.read()
            if content is not None and message_id > content["published"].get(service, 0):
                content["published"][service] = message_id
                self._replace(content)

    def _replace(self, content):
        with tempfile.NamedTemporaryFile("w", dir=self.path.parent, prefix=self.path.name, delete=False) as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(file.name, self.path)

    @contextlib.contextmanager
    def _locked(self):
        with open(self.path.with_suffix(".lock"), "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def file_of_this_process() -> EpochFile | None:
    """Return the epoch file that the environment names, or None if this process checks nothing."""
    path = os.environ.get(SETTING)
    return EpochFile(path) if path else None


def marker_of(epoch: int) -> str:
    """Return the name of the exchange that exists on the broker in this epoch."""
    return f"epoch.{epoch}"


def check_database(cursor, service: str, file: EpochFile | None) -> int | None:
    """Compare the database with the epoch file. Return the number of the epoch, or None without a file. Raises RecoveryNeeded, psycopg2.Error."""
    if file is None:
        return None
    recorded = file.read()
    cursor.execute(DATABASE_STATE_SQL)
    number, last_message = cursor.fetchone()
    if recorded is None:
        raise RecoveryNeeded("数据库以外的纪元记录缺失", "the record of the epoch outside the database is missing")
    if number != recorded["epoch"]:
        raise RecoveryNeeded(
            f"{service}的数据属于第{number}纪元，现为第{recorded['epoch']}纪元，数据已被恢复到较早时点",
            f"the data of {service} is of epoch {number}, the present epoch is {recorded['epoch']}: it was restored to an earlier point",
        )
    if last_message < recorded["published"].get(service, 0):
        raise RecoveryNeeded(
            f"{service}的数据早于其已处理或者已发布的事件，已被恢复到较早时点",
            f"the data of {service} is older than what it has processed and published: it was restored to an earlier point",
        )
    return number


def check_broker(amqp_uri: str, epoch: int | None) -> None:
    """Check that the broker has the marker of this epoch. Raises RecoveryNeeded. A broker that cannot be reached is checked when it is connected."""
    if epoch is None:
        return
    connection = kombu.Connection(amqp_uri, connect_timeout=5)
    try:
        connection.connect()
        check_channel(connection.channel(), epoch)
    except (OSError, amqp.exceptions.AMQPError):
        return
    finally:
        with contextlib.suppress(Exception):
            connection.release()


def check_channel(channel, epoch: int | None) -> None:
    """Check on a channel of py-amqp that the broker has the marker of this epoch; the channel is closed if not. Raises RecoveryNeeded, AMQPError."""
    if epoch is None:
        return
    try:
        channel.exchange_declare(marker_of(epoch), "fanout", passive=True)
    except amqp.exceptions.NotFound:
        raise broker_lost(epoch) from None


def broker_lost(epoch: int) -> RecoveryNeeded:
    return RecoveryNeeded(f"消息服务器没有第{epoch}纪元的标记，其数据已丢失", f"the broker does not have the marker of epoch {epoch}: it has lost its data")


def check_at_start(service: str, database_url: str, amqp_uri: str) -> None:
    """Check database and broker before a process starts. A server that does not answer is checked when it is connected. Raises RecoveryNeeded."""
    file = file_of_this_process()
    if file is None:
        return
    try:
        connection = psycopg2.connect(database_url, connect_timeout=5)
    except psycopg2.OperationalError:
        return
    try:
        with connection.cursor() as cursor:
            epoch = check_database(cursor, service, file)
    finally:
        connection.close()
    check_broker(amqp_uri, epoch)


def refuse_start(reason: Exception) -> None:
    """Log why the process does not start, and end it."""
    log.error("The process does not start.", reason=str(reason))
    raise SystemExit(EXIT_CODE)
