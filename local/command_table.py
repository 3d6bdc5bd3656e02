"""List of the commands of `./fengqiao`, in the order of the help page, with the packages that each command needs."""

from dataclasses import dataclass

from local import environment

NO_REQUIREMENTS, RUNTIME_REQUIREMENTS, DEVELOPMENT_REQUIREMENTS = None, environment.RUNTIME_REQUIREMENTS, environment.DEVELOPMENT_REQUIREMENTS


@dataclass(frozen=True)
class Command:
    """A command of `./fengqiao`. `module` is a Python module that is run with the arguments, or `commands.x` for function `x` of local/commands.py.

    `requirements` is the requirements file with the packages that the command needs, or None if the standard library is enough. `zh` and `en` are its
    description in the help page.
    """

    zh: str
    en: str
    requirements: object
    module: str


# fmt: off
COMMANDS = {
    "demo":      Command("启动整个系统并演示，按 Ctrl-C 停止",      "start the system and the demonstration; Ctrl-C stops them", RUNTIME_REQUIREMENTS,    "commands.demo"),
    "up":        Command("在后台启动并演示；--without-demo 不演示",  "start both in the background; --without-demo starts only the system", RUNTIME_REQUIREMENTS,    "commands.up"),
    "down":      Command("停止整个系统",                           "stop the system",                                                        NO_REQUIREMENTS,       "commands.down"),
    "status":    Command("各进程、端口、运行时间、是否就绪",         "show processes, ports, uptime and readiness",                         NO_REQUIREMENTS,       "commands.status"),
    "test":      Command("全部测试（参数传给 pytest）",            "run all tests; arguments are passed to pytest",                           DEVELOPMENT_REQUIREMENTS, "commands.test"),
    "chaos":     Command("可靠性演练：随机终止进程和服务器，再核对事件有无丢失、重复",    "reliability drill: kill processes, then check for lost or repeated events",                DEVELOPMENT_REQUIREMENTS, "drills"),
    "bench":     Command("性能测量；--against <提交> 与该版本比较",      "run the benchmarks; --against COMMIT compares with that commit",                                      DEVELOPMENT_REQUIREMENTS, "bench"),
    "contracts": Command("根据事件契约生成文档",                        "generate the contract documents",                      DEVELOPMENT_REQUIREMENTS, "docs.generate.contracts"),
    "map":       Command("由代码生成事件一览",                   "write docs/events.md from the code",               RUNTIME_REQUIREMENTS,    "docs.generate.events"),
    "parked":    Command("查看、重放或者作废被搁置的事件",            "list, replay or discard parked events",               RUNTIME_REQUIREMENTS,    "commands.parked"),
    "log":       Command("log verify：核对上报日志与查阅记录的哈希链；log export 文件：导出上报日志",  "log verify: check the hash chains of the report log and of the access log; log export FILE: export the report log",   RUNTIME_REQUIREMENTS,    "commands.log"),
    "replay":    Command("将上报日志装入空系统：replay --from 文件 --into 目录",  "load a message log into an empty installation: replay --from FILE --into FOLDER",   RUNTIME_REQUIREMENTS,    "commands.replay"),
    "recover":   Command("数据库恢复或消息服务器数据丢失之后的修复",  "repair after a restore of the database or a loss of the broker's data",   RUNTIME_REQUIREMENTS,    "commands.recover"),
    "check":     Command("核对运行中的系统：发布、处理、回执、计数、哈希链",  "check a running system: events published and processed, receipts, counts, hash chains",   RUNTIME_REQUIREMENTS,    "commands.check"),
    "rebuild":   Command("由记录重建：rebuild metrics 或者 rebuild notify",  "rebuild the read model or the ledger of notices from the record: rebuild metrics, rebuild notify",   RUNTIME_REQUIREMENTS,    "commands.rebuild"),
    "webhooks":  Command("登记机构接收通知的网址",                  "set the URL at which an agency receives its notices",               RUNTIME_REQUIREMENTS,    "commands.webhooks"),
    "county":    Command("县级配置：检查、应用、新建",              "check, apply or create a county's folder",                       RUNTIME_REQUIREMENTS,    "commands.county"),
    "rosters":   Command("名册：检查、载入、查看",                  "check, load or show rosters",                                  RUNTIME_REQUIREMENTS,    "commands.rosters"),
    "routing":   Command("分流规则：检查、试算",                    "check routing rules, or dry-run them on past disputes",                               RUNTIME_REQUIREMENTS,    "commands.routing"),
    "lint":      Command("代码检查",                             "check the code style",                                      DEVELOPMENT_REQUIREMENTS, "commands.lint"),
    "lock":      Command("重新生成 Python 包锁定清单",                    "update the lock file of the Python packages",                              NO_REQUIREMENTS,       "commands.lock"),
    "get":       Command("获取可选程序：prometheus、browser",      "install optional programs: prometheus, browser",                NO_REQUIREMENTS,       "commands.get"),
    "clean":     Command("停止并删除运行数据与缓存",               "stop the system, delete its data and the caches",                   NO_REQUIREMENTS,       "commands.clean"),
    "help":      Command("显示本页",                                "show this page",                                                   NO_REQUIREMENTS,       "commands.help"),
}
# fmt: on
