"""Runs the whole system on one machine: private servers, Python environment and service processes. Importing it needs only the standard library.

Example of its use in tests, drills and benchmarks:

    from local import Servers, System

    with Servers(folder) as servers:             # private PostgreSQL and RabbitMQ in `folder`, on free loopback ports,
                                                 # with roles, schemas, users and queues; DATABASE_URL and AMQP_URI select external servers
        servers.database_admin                   # postgresql://… of the superuser, database `fengqiao`
        servers.amqp_admin                       # amqp://… of the administrator, vhost `fengqiao`
        servers.amqp(user)                       # amqp://… of a service or an agency
        servers.services                         # {"intake": {"amqp": …, "database": …}, …}
        servers.management                       # http://admin:…@… of the broker's management API
        servers.database / servers.broker        # both have .start() .stop() .kill() .restart() .pid() .is_running()
        servers.broker.ctl("list_queues", …)     # runs rabbitmqctl and returns its output

    with System(folder) as system:               # starts servers (`system.servers`) and processes, migrates the tables
        system.endpoints                         # content of folder/endpoints.json
        system.names                             # ("intake", "mediation", …): the processes that can run on this machine
        system.pid("intake")                     # process id; None if the process does not run
        system.start_count("intake")             # number of starts so far
        system.kill("intake", SIGKILL)           # the supervisor restarts the process, unless:
        system.restarts = False                  # … switches the restarts off
        system.stop("intake"); system.start("intake")
        system.environment["intake"]["FENGQIAO_LOG_LEVEL"] = "debug"      # takes effect at the next start of the process
        system.wait_ready(seconds=60)            # raises NotReady with the unready processes and the end of their logs
        system.readiness()                       # {"intake": True, …}, as answered at /readyz
        system.log("intake")                     # path of its log file

System(folder, only=("intake", "relay"), restarts=False, environment={"intake": {…}}, servers=servers) starts only the named processes, on servers that are already running.
"""

from importlib import import_module

_MODULE_OF = {
    "Servers": "servers",
    "System": "system",
    "NotReady": "progress",
    "AlreadyRunning": "progress",
    "run_dir": "paths",
}
__all__ = list(_MODULE_OF)


def __getattr__(name):
    # Submodules are imported on first use: `./fengqiao` imports this package before the Python environment with the database driver exists.
    if name not in _MODULE_OF:
        raise AttributeError(name)
    return getattr(import_module(f"local.{_MODULE_OF[name]}"), name)
