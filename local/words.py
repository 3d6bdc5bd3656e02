"""The words of `./fengqiao`, in the order in which help shows them, and what each needs."""

from dataclasses import dataclass

from local import environment

BARE, RUNNING, DEVELOPING = None, environment.RUNNING, environment.DEVELOPING


@dataclass(frozen=True)
class Word:
    """`module` is run as a program, with the arguments; `commands.x` is a function of local/commands.py."""

    zh: str
    en: str
    needs: object
    module: str


# fmt: off
WORDS = {
    "demo":      Word("启动整个系统并演示，按 Ctrl-C 结束",      "start everything and play the demonstration; Ctrl-C ends it", RUNNING,    "commands.demo"),
    "up":        Word("在后台启动并演示；--without-demo 不演示",  "the same in the background; --without-demo for the system alone", RUNNING,    "commands.up"),
    "down":      Word("停止",                                "stop",                                                        BARE,       "commands.down"),
    "status":    Word("各进程、端口、运行时间、是否就绪",         "processes, ports, uptime, readiness",                         BARE,       "commands.status"),
    "test":      Word("全部测试（参数传给 pytest）",            "all tests; arguments go to pytest",                           DEVELOPING, "commands.test"),
    "chaos":     Word("可靠性演练：随机杀死进程后核对不丢不重",    "reliability drill: kill anything, then count",                DEVELOPING, "drills"),
    "bench":     Word("性能测量",                             "measure performance",                                         DEVELOPING, "bench"),
    "contracts": Word("由契约生成文档",                        "generate the documents of the contract",                      DEVELOPING, "docs.generate.contracts"),
    "map":       Word("由代码生成事件走向表",                   "print, from the code, who says and hears what",               RUNNING,    "docs.generate.events"),
    "parked":    Word("查看、重放或放弃被搁置的事件",            "look at parked events, replay or discard them",               RUNNING,    "commands.parked"),
    "log":       Word("log verify：核对上报日志与查阅记录的哈希链",  "log verify: check the hash chains of the log and of the looks",   RUNNING,    "commands.log"),
    "webhooks":  Word("登记机构接收通知的网址",                  "set where an agency wants its notices by HTTP",               RUNNING,    "commands.webhooks"),
    "county":    Word("县级配置：检查、应用、新建",              "the county's folder: check, apply, new",                       RUNNING,    "commands.county"),
    "rosters":   Word("名册：检查、载入、查看",                  "rosters: check, load, show",                                  RUNNING,    "commands.rosters"),
    "routing":   Word("分流规则：检查、试算",                    "routing rules: check, dry run",                               RUNNING,    "commands.routing"),
    "lint":      Word("代码检查",                             "check the code's style",                                      DEVELOPING, "commands.lint"),
    "lock":      Word("重新锁定 Python 包",                    "lock the Python packages again",                              BARE,       "commands.lock"),
    "get":       Word("获取可选程序：prometheus、browser",      "fetch optional programs: prometheus, browser",                BARE,       "commands.get"),
    "clean":     Word("停止并删除运行数据与缓存",               "stop, and delete what running left behind",                   BARE,       "commands.clean"),
    "help":      Word("本页",                                "this page",                                                   BARE,       "commands.help"),
}
# fmt: on
