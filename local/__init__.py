"""The system on one machine: private servers, the environment, the processes. Importing this needs the standard library only.

For tests, drills and benches:

    from local import Servers, System

    with Servers(folder) as servers:             # a PostgreSQL and a RabbitMQ of our own in `folder`, on free loopback ports,
                                                 # roles, schemas, users and queues included; DATABASE_URL / AMQP_URI adopt others
        servers.database_admin                   # postgresql://… of the superuser, database `fengqiao`
        servers.amqp_admin                       # amqp://… of the administrator, vhost `fengqiao`
        servers.amqp(user)                       # amqp://… of a service or an agency
        servers.services                         # {"intake": {"amqp": …, "database": …}, …}
        servers.management                       # http://admin:…@… of the broker's management API
        servers.database / servers.broker        # each: .start() .stop() .kill() .restart() .pid() .is_running()
        servers.broker.ctl("list_queues", …)     # rabbitmqctl, returns what it prints

    with System(folder) as system:               # the same servers (as `system.servers`), migrations, and every process, ready
        system.endpoints                         # what folder/endpoints.json holds
        system.names                             # ("intake", "mediation", …), the processes that can run here
        system.pid("intake")                     # None while it is down
        system.starts("intake")                  # how many times it was started so far
        system.kill("intake", SIGKILL)           # the supervisor starts it again, unless
        system.restarts = False                  # … this says no
        system.stop("intake"); system.start("intake")
        system.environment["intake"]["FENGQIAO_LOG_LEVEL"] = "debug"      # from its next start on
        system.wait_ready(seconds=60)            # raises NotReady, naming the processes and their last log lines
        system.readiness()                       # {"intake": True, …} as /readyz says
        system.log("intake")                     # the path of its log

System(folder, only=("intake", "relay"), restarts=False, environment={"intake": {…}}, servers=servers) starts a chosen set, on servers that run already.
"""

from importlib import import_module

_WHERE = {
    "Servers": "servers",
    "System": "system",
    "NotReady": "progress",
    "AlreadyRunning": "progress",
    "run_dir": "places",
}
__all__ = list(_WHERE)


def __getattr__(name):
    # Late, because the first stage runs before the environment exists, and roles need a database driver.
    if name not in _WHERE:
        raise AttributeError(name)
    return getattr(import_module(f"local.{_WHERE[name]}"), name)
